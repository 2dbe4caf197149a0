"""What each reader learns about their own readings after the study is locked."""

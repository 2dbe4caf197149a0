"""What a study, a class, or a pair of readers is told, with intervals."""

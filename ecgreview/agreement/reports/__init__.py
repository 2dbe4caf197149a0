"""Results for a study, a class or a pair of readers, with intervals."""

"""Pattern counts: which answers readers gave, kept up to date reading by reading."""

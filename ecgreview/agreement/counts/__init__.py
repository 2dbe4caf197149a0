"""What readers said, as counts of patterns: all that agreement is computed from."""

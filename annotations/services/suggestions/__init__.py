"""What the criteria model suggests, and who was shown it."""

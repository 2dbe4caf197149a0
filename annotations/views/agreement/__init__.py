"""Pages that show agreement reports."""

"""Suggestions of the criteria model, and records of who was shown them."""

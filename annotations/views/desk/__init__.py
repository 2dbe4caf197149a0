"""The reading desk and its texts."""

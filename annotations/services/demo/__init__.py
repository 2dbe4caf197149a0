"""The study that the demo shows, with its people and simulated readings."""

"""Predictions of a model, read from a file and scored against labels."""

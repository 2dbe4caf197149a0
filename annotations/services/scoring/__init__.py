"""Predictions of embargoed labels: who may have them scored, and the scores."""

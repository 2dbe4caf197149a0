"""Readings as counts of answer patterns, from which all agreement is computed."""

"""Translated sentences for the codes of the domain packages. No other place has such sentences."""

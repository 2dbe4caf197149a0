"""Translated sentences for the codes of the domain packages."""

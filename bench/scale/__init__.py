"""Measures every address for every role, in a database of 100,000 readings in ten studies."""

"""Measure all pages, and the largest archive, in a database of 100,000 readings in ten studies."""

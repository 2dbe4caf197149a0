"""One module per Makefile command, and what they share."""

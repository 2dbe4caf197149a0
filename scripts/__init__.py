"""One file per command of the Makefile, and what they share."""

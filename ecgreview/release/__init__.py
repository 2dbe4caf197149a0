"""Releases: frozen labels and signals of a study, written in the formats that researchers use."""

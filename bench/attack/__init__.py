"""Attacks on a running site, which measure the effect on other users."""

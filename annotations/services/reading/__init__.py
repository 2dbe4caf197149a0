"""Drafts, submitted readings, corrections, and the votes they give."""

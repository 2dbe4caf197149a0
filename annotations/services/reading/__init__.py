"""Drafts, submitted readings, corrections, revisions and votes."""

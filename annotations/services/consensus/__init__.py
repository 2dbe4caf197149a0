"""Consensus labels, adjudication and rereading."""

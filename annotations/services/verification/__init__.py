"""Verify that every row is as the audit trail recorded it."""

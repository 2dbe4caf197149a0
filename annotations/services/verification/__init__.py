"""Whether every row is as the audit trail recorded it."""

"""Verify the audit trail, and that stored rows are as it recorded them."""

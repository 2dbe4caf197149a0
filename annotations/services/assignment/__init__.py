"""Who reads what: batches, plans, pools, leases and qualification."""

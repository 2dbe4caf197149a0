"""Mail about accounts: rows say what is due, a worker makes the links and sends."""

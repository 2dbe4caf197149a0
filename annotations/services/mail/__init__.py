"""Mail about accounts: requests only queue a row, a worker creates the links and sends."""

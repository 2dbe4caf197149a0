"""Studies from draft to release: protocol, readers and exam pool."""

"""HTTP serving: slow clients wait in an event loop, requests run in threads."""

"""How the site is served: slow clients wait in an event loop, requests run in threads."""

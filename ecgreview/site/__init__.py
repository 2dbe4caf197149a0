"""The web site as a Django process: settings, sessions, cache, static files and server."""

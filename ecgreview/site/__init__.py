"""Environment variables, sessions, cache serialization, static files and server of the site."""

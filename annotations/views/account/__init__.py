"""Sign-in, second factors, passwords and tokens."""

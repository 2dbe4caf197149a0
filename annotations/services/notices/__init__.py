"""Notices to users, on the site and by e-mail."""

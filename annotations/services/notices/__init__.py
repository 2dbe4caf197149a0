"""Notices to users, in the site and by e-mail."""

"""Tables and archives for researchers."""

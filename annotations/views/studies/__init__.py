"""Studies: setup, protocol, roster, plans and progress."""

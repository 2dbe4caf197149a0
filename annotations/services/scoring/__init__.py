"""Score predictions against embargoed labels."""

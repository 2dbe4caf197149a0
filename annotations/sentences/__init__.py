"""What the codes of the domain mean: the only place with sentences for them, translated."""

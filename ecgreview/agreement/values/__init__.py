"""A value, its interval, or the reason why there is none."""

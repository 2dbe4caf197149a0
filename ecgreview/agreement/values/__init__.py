"""A value with its interval, or the reason why there is none."""

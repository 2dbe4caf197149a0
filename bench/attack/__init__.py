"""Attacks on the running site; each says what it costs everybody else."""

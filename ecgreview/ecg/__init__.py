"""A 12-lead ECG: the signal, its leads, audit remarks, and file formats."""

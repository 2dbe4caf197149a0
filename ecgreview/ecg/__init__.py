"""A 12-lead ECG: the signal, its leads, what is wrong with it, and the forms it is stored in."""

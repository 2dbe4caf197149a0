"""The coefficients, their standard errors, and the words for how large they are."""

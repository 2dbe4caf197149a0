"""The coefficients, their standard errors, and the words for how large they are."""

from __future__ import annotations

from . import (
    bands,
    measurements,
    multilabel,
    nominal,
    set_alpha,
    standard_errors,
    two_reader_errors,
    two_readers,
    weighted,
    weights,
)

__all__ = [
    "bands",
    "measurements",
    "multilabel",
    "nominal",
    "set_alpha",
    "standard_errors",
    "two_reader_errors",
    "two_readers",
    "weighted",
    "weights",
]

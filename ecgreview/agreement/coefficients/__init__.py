"""Agreement coefficients, their standard errors, and verbal bands for their size."""

from __future__ import annotations

from . import (
    bands,
    measurements,
    multilabel,
    nominal,
    set_alpha,
    standard_errors,
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
    "two_readers",
    "weighted",
    "weights",
]

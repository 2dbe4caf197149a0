"""Generate study designs: assignments, hidden repeats, reading order, predicted precision."""

from __future__ import annotations

from .allocation import CapBelowAnchors, CapsTooSmall, NobodyLeft, TooFewReaders, allocate
from .generation import generate
from .gold import in_gold_order, mixed, n_besides_gold, n_gold
from .ordering import key, order
from .prediction import Precision, Prediction, precision, predict
from .readings import UNKNOWN, Plan, Readings, Row
from .refusals import BadDesign, DesignRefused
from .repeats import WashoutTooLong, repeats
from .report import (
    SECONDS_PER_READING,
    Balance,
    Correlations,
    OrderStatistics,
    Spread,
    balance,
    order_statistics,
)
from .request import NO_CAP, Request
from .sampling import QuotaUnmet, Sample, sample

__all__ = [
    "NO_CAP",
    "SECONDS_PER_READING",
    "UNKNOWN",
    "BadDesign",
    "Balance",
    "CapBelowAnchors",
    "CapsTooSmall",
    "Correlations",
    "DesignRefused",
    "NobodyLeft",
    "OrderStatistics",
    "Plan",
    "Precision",
    "Prediction",
    "QuotaUnmet",
    "Readings",
    "Request",
    "Row",
    "Sample",
    "Spread",
    "TooFewReaders",
    "WashoutTooLong",
    "allocate",
    "balance",
    "generate",
    "in_gold_order",
    "key",
    "mixed",
    "n_besides_gold",
    "n_gold",
    "order",
    "order_statistics",
    "precision",
    "predict",
    "repeats",
    "sample",
]

"""Why the precision of a design cannot be predicted, or cautions about the prediction."""

from __future__ import annotations

from enum import StrEnum


class PredictionReason(StrEnum):
    """Codes never change: programs read them."""

    NO_PAIR_PLANNED = "no_pair_planned"
    NEVER_EXPECTED = "never_expected"
    ALWAYS_EXPECTED = "always_expected"
    FEW_EXPECTED = "few_expected"

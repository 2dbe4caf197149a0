"""Reason codes of predictions of precision."""

from __future__ import annotations

from enum import StrEnum


class PredictionReason(StrEnum):
    """Why a precision cannot be predicted, or a caution about it.

    API clients read these codes: never change one.
    """

    NO_PAIR_PLANNED = "no_pair_planned"
    NEVER_EXPECTED = "never_expected"
    ALWAYS_EXPECTED = "always_expected"
    FEW_EXPECTED = "few_expected"

"""Votes as arrays of states, for computing over many of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from annotations.services.reading.votes import Vote
from ecgreview.agreement import ABSENT, MISSING, PRESENT


def states(said: Sequence[Vote], codes: Sequence[str]) -> NDArray[np.int8]:
    """Return the state of each class in each vote; all missing if the exam is unreadable.

    Returns:
        Shape (n_votes, n_classes), int8; 0 missing, 1 absent, 2 present.
    """
    places = {code: place for place, code in enumerate(codes)}
    found = np.full((len(said), len(codes)), ABSENT, dtype=np.int8)
    for row, vote in enumerate(said):
        told = vote.translation
        if told is None:
            found[row] = MISSING
            continue
        for code in told.undecided | told.not_asked | vote.missing:
            if code in places:
                found[row, places[code]] = MISSING
        for code in told.codes:
            if code in places:
                found[row, places[code]] = PRESENT
    return found

"""The labels of one exam as a data release contains them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from annotations.models import Consensus
from annotations.services.consensus import queue
from ecgreview.release.content import Label, LabelState

Labels: TypeAlias = Mapping[str, Label]


def of(row: Consensus, codes: Sequence[str]) -> Labels:
    """Return the label of each class of ``codes``. The labels of ``row`` should be prefetched."""
    marked = queue.votes_of_labels(row)
    return {
        code: _label(
            row.state(code), row.basis(code), *queue.votes_on(row, code, marked),
            row.posteriors.get(code),
        )
        for code in codes
    }  # fmt: skip


@lru_cache(maxsize=10_000)
def _label(state: str, basis: str, n_marked: int, n_votes: int, posterior: float | None) -> Label:
    """Return a label. Most are equal, and equal objects are stored once (``spool``)."""
    return Label(LabelState(state), basis, n_marked, n_votes, posterior)

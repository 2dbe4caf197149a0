"""The labels of one exam as a data release contains them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from annotations.models import Consensus
from annotations.services.reading.votes import Vote
from ecgreview.release.content import Label, LabelState

Labels: TypeAlias = Mapping[str, Label]


def of(row: Consensus, codes: Sequence[str], votes: Iterable[Vote]) -> Labels:
    """Return the label of each class.

    Args:
        row: the consensus, with its labels.
        codes: the classes.
        votes: the votes of people on the exam, without adjudicators. A class that nobody marked has
            as many votes as readers assessed it.
    """
    marked = {
        item.diagnostic_class.code: (item.n_positive, item.n_readings) for item in row.labels.all()
    }
    readable = [vote for vote in votes if vote.translation is not None]
    unassessed = [_unassessed(vote) for vote in readable]
    labels = {}
    for code in codes:
        n_marked, n_votes = marked.get(code) or (
            0, sum(code not in left_out for left_out in unassessed),
        )  # fmt: skip
        labels[code] = _label(
            row.state(code), row.basis(code), n_marked, n_votes, row.posteriors.get(code)
        )
    return labels


@lru_cache(maxsize=10_000)
def _label(state: str, basis: str, n_marked: int, n_votes: int, posterior: float | None) -> Label:
    """Return a label. Most are equal, and equal objects are stored once (``spool``)."""
    return Label(LabelState(state), basis, n_marked, n_votes, posterior)


def _unassessed(vote: Vote) -> frozenset[str]:
    translation = vote.translation
    if translation is None:
        return frozenset()
    return vote.missing | translation.not_asked | translation.undecided

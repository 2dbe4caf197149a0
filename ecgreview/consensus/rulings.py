"""What adjudicators may do beyond a vote: overrule an agreement, or call a class not decidable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from .decision import Ballot, Basis, Cell, Decision, Reason, State, Status
from .per_class import status_of
from .relations import Relations

NOT_DECIDABLE = Cell(State.NOT_ASSESSED, Basis.NOT_DECIDABLE)


def apply(decision: Decision, ballots: Sequence[Ballot], relations: Relations) -> Decision:
    """Return ``decision`` with the rulings on which more than half of the adjudicators agree.

    They overrule the agreement of the readers on a class, in either direction, or they leave a
    class in dispute undecided for good: then it is "not assessed". Classes that contradict each
    other afterwards are in dispute.
    """
    adjudications = [ballot for ballot in ballots if ballot.is_adjudication]
    added, removed, undecidable = (
        _by_majority(len(adjudications), named)
        for named in (
            [ballot.ruling.added for ballot in adjudications],
            [ballot.ruling.removed for ballot in adjudications],
            [ballot.ruling.undecidable for ballot in adjudications],
        )
    )
    ruled: dict[str, Cell] = {}
    for codes, before, after in (
        (added, State.ABSENT, Cell(State.PRESENT, Basis.OVERRULED)),
        (removed, State.PRESENT, Cell(State.ABSENT, Basis.OVERRULED)),
        (undecidable, State.UNDECIDED, NOT_DECIDABLE),
    ):
        ruled |= {code: after for code in codes if decision.state(code) == before}
    if not ruled:
        return decision
    cells = relations.settled({**decision.cells, **ruled}, decision.rest)
    status, reason = _status(decision, cells)
    n_added = {code: n for code, n in added.items() if code in ruled and code not in decision.votes}
    return replace(
        decision,
        status=status,
        reason=reason,
        cells=dict(sorted(cells.items())),
        votes=dict(sorted({**decision.votes, **n_added}.items())),
        n_votes=dict(
            sorted({**decision.n_votes, **dict.fromkeys(n_added, decision.n_readings)}.items())
        ),
        adjudicated=decision.adjudicated
        | {code for code in ruled if cells[code].state != State.UNDECIDED},
    )


def _by_majority(n_adjudicators: int, named: Sequence[Collection[str]]) -> dict[str, int]:
    """Return the codes that more than half of the adjudicators named, with their number."""
    counts = Counter(code for codes in named for code in codes)
    return {code: n for code, n in counts.items() if 2 * n > n_adjudicators}


def _status(decision: Decision, cells: dict[str, Cell]) -> tuple[Status, Reason]:
    if decision.rest.state == State.UNDECIDED:
        return decision.status, decision.reason
    return status_of(cells, decision.rest, is_agreement=False)

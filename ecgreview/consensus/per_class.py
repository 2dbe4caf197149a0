"""Decide an exam class by class: what all rules have in common that do so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from .counting import Count
from .decision import (
    MIN_READINGS,
    NOT_ASSESSED,
    READABILITY_DISPUTED,
    READINGS_MISSING,
    UNREADABLE,
    Ballot,
    Basis,
    Cell,
    Decision,
    Reason,
    State,
    Status,
)
from .relations import Relations


@dataclass(frozen=True, slots=True)
class Tally:
    """The votes on one class of one exam.

    Attributes:
        code: the class.
        n_marked: number of votes for the class.
        n_votes: number of votes for or against it.
        n_missing: number of readings that are still missing and could vote either way.
    """

    code: str
    n_marked: int
    n_votes: int
    n_missing: int = 0


NOBODY = Count.of([])

# Decides a class by its votes. The code of the class is empty for the classes nobody marked.
Criterion: TypeAlias = Callable[[Tally], Cell]


def decide_classes(
    ballots: Sequence[Ballot],
    relations: Relations,
    n_wanted: int,
    criterion: Criterion,
    *,
    adjudicators_decide: bool = True,
) -> Decision:
    """Decide each class of an exam by ``criterion``.

    A reading votes on a class unless the reader abstained, called the exam unreadable, was not
    asked about the class, or called it not assessable. Adjudicators vote only on classes that are
    undecided without them; they cannot overrule a decision of the readers.

    The exam is unreadable if more than half of its readers say so. If one of two does, the whole
    exam is in dispute, and the adjudicators' readings count like the others.

    Args:
        ballots: the readings.
        relations: what must hold; classes that violate it are undecided.
        n_wanted: number of readings required, not counting adjudications.
        criterion: what the votes on a class mean.
        adjudicators_decide: whether the majority of the adjudicators alone settles a dispute. If
            false, their votes are added to the readers', and ``criterion`` is applied again.
    """
    adjudications = [ballot for ballot in ballots if ballot.is_adjudication]
    everybody = Count.of(ballots)
    if adjudications:
        readers = Count.of([ballot for ballot in ballots if not ballot.is_adjudication])
        adjudicators = Count.of(adjudications)
    else:
        readers, adjudicators = everybody, NOBODY
    exam = _Exam(
        relations, criterion, adjudicators_decide, readers, adjudicators, everybody, n_wanted
    )
    if exam.n_missing == 0 and readers.n_readable == readers.n_unreadable == 1:
        return exam.decide_whole()
    return exam.decide(readers)


@dataclass(frozen=True, slots=True)
class _Exam:
    relations: Relations
    criterion: Criterion
    adjudicators_decide: bool
    readers: Count
    adjudicators: Count
    everybody: Count
    n_wanted: int

    @property
    def n_missing(self) -> int:
        return max(self.n_wanted - self.readers.n_readings, 0)

    def decide_whole(self) -> Decision:
        """Decide an exam that one of two readers called unreadable."""
        everybody, adjudicators = self.everybody, self.adjudicators
        if everybody.n_unreadable > everybody.n_readable:
            return self._alike(Status.UNREADABLE, UNREADABLE, everybody)
        if not adjudicators.n_readable or everybody.n_unreadable == everybody.n_readable:
            reason = Reason.READABILITY_DISPUTED
            return self._alike(Status.DISPUTED, READABILITY_DISPUTED, everybody, reason)
        if not self.adjudicators_decide:
            result = self.decide(everybody)
            adjudicated = frozenset(result.votes) - result.disputed
        else:
            rest = Cell(State.ABSENT, Basis.ADJUDICATION)
            cells = {code: self._resolved(READABILITY_DISPUTED, code) for code in everybody.marked}
            cells |= {
                code: NOT_ASSESSED
                for code in everybody.unassessed
                if code not in cells and not adjudicators.n_votes(code)
            }
            cells = self.relations.settled(cells, rest)
            adjudicated = frozenset(everybody.marked) - _undecided(cells)
            counts = dict.fromkeys(everybody.marked, everybody)
            result = self._decision(cells, rest, counts, adjudicated)
        is_agreement = result.status == Status.AGREEMENT
        status = Status.MAJORITY if is_agreement else result.status
        return replace(result, status=status, adjudicated=adjudicated)

    def decide(self, readers: Count) -> Decision:
        """Decide classes by the readers' votes; if undecided, with the adjudicators' votes."""
        n_missing = self.n_missing
        if 2 * readers.n_unreadable > readers.n_readings + n_missing:
            return self._alike(Status.UNREADABLE, UNREADABLE, readers)
        rest = self.criterion(Tally("", 0, readers.n_readable, n_missing))
        codes = sorted({*readers.marked, *readers.unassessed})
        cells = self.relations.settled(
            {code: self.criterion(_tally(readers, code, n_missing)) for code in codes}, rest
        )
        disputed = _undecided(cells)
        if disputed and self.adjudicators.n_readings:
            resolved = {code: self._resolved(cells[code], code) for code in disputed}
            cells = self.relations.settled({**cells, **resolved}, rest)
        counts = {code: readers for code in readers.marked if code not in disputed}
        counts |= {code: self.everybody for code in disputed if code in self.everybody.marked}
        counts = dict(sorted(counts.items()))
        return self._decision(cells, rest, counts, disputed - _undecided(cells))

    def _resolved(self, cell: Cell, code: str) -> Cell:
        # Adding votes could leave a contradiction for good.
        is_contradiction = cell.basis in {Basis.EXCLUDED, Basis.IMPLIED}
        if self.adjudicators_decide or is_contradiction:
            adjudicators = self.adjudicators
            n_for, n_votes = adjudicators.marked.get(code, 0), adjudicators.n_votes(code)
            if 2 * n_for == n_votes:
                return cell
            state = State.PRESENT if 2 * n_for > n_votes else State.ABSENT
            return replace(cell, state=state, basis=Basis.ADJUDICATION)
        again = self.criterion(_tally(self.everybody, code, 0))
        if again.state in {State.PRESENT, State.ABSENT}:
            return replace(again, basis=Basis.ADJUDICATION)
        return again

    def _decision(
        self,
        cells: Mapping[str, Cell],
        rest: Cell,
        counts: Mapping[str, Count],
        adjudicated: frozenset[str],
    ) -> Decision:
        """Return the decision with ``cells``; ``counts`` has the count behind each marked class."""
        listed = {
            code: cells[code]
            for code in sorted(cells)
            if code in counts or code in adjudicated or cells[code].state != rest.state
        }
        votes = {code: count.marked[code] for code, count in counts.items()}
        n_votes = {code: count.n_votes(code) for code, count in counts.items()}
        is_agreement = not adjudicated and all(
            n == n_votes[code] and cells[code].state == State.PRESENT for code, n in votes.items()
        )
        status, reason = status_of(listed, rest, is_agreement=is_agreement)
        return Decision(
            status, listed, rest, votes, n_votes, self.everybody.n_readings,
            self.everybody.n_unreadable, self.n_wanted, adjudicated, reason,
        )  # fmt: skip

    def _alike(
        self, status: Status, cell: Cell, count: Count, reason: Reason = Reason.NONE
    ) -> Decision:
        """Return a decision with the same result for all classes."""
        n_votes = {code: count.n_votes(code) for code in count.marked}
        return Decision(
            status, dict.fromkeys(count.marked, cell), cell, count.marked, n_votes,
            self.everybody.n_readings, self.everybody.n_unreadable, self.n_wanted, reason=reason,
        )  # fmt: skip


def cell_of(
    tally: Tally, *, is_present: bool, is_absent: bool, present: Basis, absent: Basis, split: Basis
) -> Cell:
    """Return the cell of a class by what its votes decide. It needs at least two to be decided.

    Args:
        tally: the votes.
        is_present: whether the votes make the class present, whatever the missing readings say.
        is_absent: whether they make it absent, whatever the missing readings say.
        present: the basis if it is present, without being unanimous.
        absent: the same if it is absent.
        split: the basis if it is undecided although it has enough votes.
    """
    if tally.n_votes >= MIN_READINGS and is_present:
        is_unanimous = tally.n_marked == tally.n_votes and not tally.n_missing
        return Cell(State.PRESENT, Basis.UNANIMOUS if is_unanimous else present)
    if tally.n_votes >= MIN_READINGS and is_absent:
        is_unanimous = tally.n_marked == 0 and not tally.n_missing
        return Cell(State.ABSENT, Basis.UNANIMOUS if is_unanimous else absent)
    return undecided(tally, split)


def undecided(tally: Tally, split: Basis) -> Cell:
    """Return the cell of a class that its votes do not decide; ``split`` as in ``cell_of``."""
    if tally.n_missing:
        return READINGS_MISSING
    if tally.n_marked:
        has_votes = tally.n_votes >= MIN_READINGS
        return Cell(State.UNDECIDED, split if has_votes else Basis.SINGLE_VOTE)
    return NOT_ASSESSED


def _tally(count: Count, code: str, n_missing: int) -> Tally:
    return Tally(code, count.marked.get(code, 0), count.n_votes(code), n_missing)


def _undecided(cells: Mapping[str, Cell]) -> frozenset[str]:
    return frozenset(code for code, cell in cells.items() if cell.state == State.UNDECIDED)


def status_of(
    cells: Mapping[str, Cell], rest: Cell, *, is_agreement: bool
) -> tuple[Status, Reason]:
    """Return the status of an exam and, if it is disputed or incomplete, the reason."""
    if State.INCOMPLETE in {rest.state, *(cell.state for cell in cells.values())}:
        return Status.INCOMPLETE, Reason.READINGS_MISSING
    bases = {cell.basis for cell in cells.values() if cell.state == State.UNDECIDED}
    if bases:
        if Basis.EXCLUDED in bases:
            return Status.DISPUTED, Reason.EXCLUSIVE_CLASSES
        if Basis.IMPLIED in bases:
            return Status.DISPUTED, Reason.IMPLIED_CLASS
        return Status.DISPUTED, Reason.CLASSES_DISPUTED
    return (Status.AGREEMENT if is_agreement else Status.MAJORITY), Reason.NONE

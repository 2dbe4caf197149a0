"""The readings of one exam, and the readers of all exams, as input to rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ecgreview.agreement import ABSENT, MISSING, PRESENT, PatternCount
from ecgreview.agreement.counts.patterns import Row

from .decision import MIN_READINGS, Ballot, Kind, Stage
from .relations import Relations


@dataclass(frozen=True, slots=True)
class Exam:
    """The readings of one exam.

    Attributes:
        ballots: one per reading, in the order in which the readers first submitted. Readers who
            abstained have none.
        n_wanted: number of readings that the study requires, not counting adjudications. Values
            below ``MIN_READINGS`` are raised to it.
    """

    ballots: tuple[Ballot, ...]
    n_wanted: int = MIN_READINGS

    def voting(self, relations: Relations) -> Exam:
        """Return the exam with the ballots that vote: blind readings by people.

        A vote for a class is also a vote for every class that it implies.
        """
        return Exam(
            tuple(
                with_implied(ballot, relations)
                for ballot in self.ballots
                if ballot.kind == Kind.PERSON and ballot.stage == Stage.BLIND
            ),
            max(self.n_wanted, MIN_READINGS),
        )


def with_implied(ballot: Ballot, relations: Relations) -> Ballot:
    """Return the ballot with a vote for every class that its classes imply."""
    if not ballot.classes or not relations.implies:
        return ballot
    classes = relations.implied_by(ballot.classes)
    if classes == ballot.classes:
        return ballot
    # A class that the reader marked stays a contradiction if they also called it not assessable.
    implied = classes - ballot.classes
    return replace(ballot, classes=classes, unassessed=ballot.unassessed - implied)


def readers_of(exam: Exam) -> list[Ballot]:
    """Return the ballots that vote on classes: readable ones, without adjudications."""
    return [
        ballot
        for ballot in exam.ballots
        if ballot.classes is not None and not ballot.is_adjudication
    ]


def codes_of(ballots: Iterable[Ballot]) -> set[str]:
    """Return the codes of the classes that a ballot marked or has no vote on."""
    codes: set[str] = set()
    for ballot in ballots:
        codes.update(ballot.classes or (), ballot.unassessed)
    return codes


def pattern_count(
    exams: Iterable[Exam], readers: Sequence[str], codes: Sequence[str]
) -> PatternCount:
    """Count the answer patterns of all exams, without adjudications.

    Memory grows with the number of different patterns, not of exams.

    Args:
        exams: the readings; each reader has at most one ballot per exam.
        readers: all readers.
        codes: the classes to count. Must contain every class that is marked or unassessed.
    """
    place_of = {reader: place for place, reader in enumerate(readers)}
    class_of = {code: place for place, code in enumerate(codes)}
    sets: Counter[tuple[int, ...]] = Counter()
    rows: Counter[tuple[int, tuple[int, ...], tuple[int, ...]]] = Counter()
    for exam in exams:
        ballots = sorted(readers_of(exam), key=lambda ballot: place_of[ballot.reader])
        if not ballots:
            continue
        places = tuple(place_of[ballot.reader] for ballot in ballots)
        sets[places] += 1
        answers = [(ballot.classes or frozenset(), ballot.unassessed) for ballot in ballots]
        for code in codes_of(ballots):
            states = tuple(
                MISSING if code in unassessed else PRESENT if code in classes else ABSENT
                for classes, unassessed in answers
            )
            rows[class_of[code], places, states] += 1
    return PatternCount.from_sets(
        sets.items(),
        (Row(*pattern, n) for pattern, n in rows.items()),
        n_readers=len(readers),
        n_classes=len(codes),
    )

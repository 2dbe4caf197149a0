"""The rule that weights votes by how well a reader agrees with the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import log
from statistics import median

from .decision import MIN_READINGS, Ballot, Basis, Cell, Decision
from .exam import Exam, readers_of
from .per_class import Criterion, Tally, cell_of, decide_classes
from .relations import Relations

# Limits, so that every reader has some weight and none outvotes twenty others.
MIN_WEIGHT, MAX_WEIGHT = 0.2, 4.0

# Sums of weights closer than this are a tie, whatever the rounding.
_TIE = 1e-9


def skill_weighted(exams: Sequence[Exam], relations: Relations) -> list[Decision]:
    """Decide each class by the sum of the weights for it against the sum against it.

    A missing reading counts as if it could have the highest weight among the readers. The majority
    of the adjudicators settles ties.

    Args:
        exams: the readings of all exams; the weights are estimated from them together.
        relations: what must hold; classes that violate it are undecided.
    """
    skills = weights(exams)
    return [by_weights(exam, relations, skills) for exam in exams]


def by_weights(exam: Exam, relations: Relations, skills: Mapping[str, float]) -> Decision:
    """Decide one exam by the weights of all readers, as ``skill_weighted`` does."""
    highest = max(skills.values(), default=1.0)
    criterion = _criterion(readers_of(exam), skills, highest)
    return decide_classes(exam.ballots, relations, exam.n_wanted, criterion)


def weights(exams: Sequence[Exam]) -> dict[str, float]:
    """Return the weight of each reader's vote.

    The weight is the log-odds of the reader's positive agreement with the majority of the other
    readers: of the classes that the reader or that majority marked, the share that both marked,
    counted as in Dice's coefficient. Absent classes are left out, because readers agree on nearly
    all of them by chance. One agreement and one disagreement are added for each reader, so that
    few readings give no extreme weight.

    Exams in which a reader has fewer than two others say nothing about this reader. A reader with
    only such exams gets the median weight of the others.

    Source:
        Nitzan & Paroush 1982, International Economic Review 23(2):289-297: log-odds are the best
        weights of independent votes. Leaving out the reader's own vote is this product's choice.
    """
    both: Counter[str] = Counter()
    either: Counter[str] = Counter()
    readers: set[str] = set()
    for exam in exams:
        ballots = readers_of(exam)
        readers |= {ballot.reader for ballot in ballots}
        if len(ballots) <= MIN_READINGS:
            continue
        marks = Counter(code for ballot in ballots for code in ballot.classes or ())
        unassessed = Counter(code for ballot in ballots for code in ballot.unassessed)
        for ballot in ballots:
            for code, n_marked in marks.items():
                if code in ballot.unassessed:
                    continue
                is_marked = code in (ballot.classes or ())
                n_others = len(ballots) - 1 - unassessed[code]
                if n_others < MIN_READINGS or 2 * (n_marked - is_marked) == n_others:
                    continue
                is_majority = 2 * (n_marked - is_marked) > n_others
                both[ballot.reader] += 2 * (is_marked and is_majority)
                either[ballot.reader] += is_marked + is_majority
    measured = {
        reader: _weight(both[reader], either[reader]) for reader in readers if either[reader]
    }
    typical = median(measured.values()) if measured else 1.0
    return {reader: measured.get(reader, typical) for reader in sorted(readers)}


def _weight(n_both: int, n_either: int) -> float:
    share = (n_both + 1) / (n_either + 2)
    return min(max(log(share / (1 - share)), MIN_WEIGHT), MAX_WEIGHT)


def _criterion(ballots: Sequence[Ballot], skills: Mapping[str, float], highest: float) -> Criterion:
    votes = [
        (skills[ballot.reader], ballot.classes or frozenset(), ballot.unassessed)
        for ballot in ballots
    ]

    def criterion(tally: Tally) -> Cell:
        balance = 0.0
        for weight, classes, unassessed in votes:
            if tally.code not in unassessed:
                balance += weight if tally.code in classes else -weight
        slack = tally.n_missing * highest + _TIE
        return cell_of(
            tally,
            is_present=balance > slack,
            is_absent=-balance > slack,
            present=Basis.SKILL, absent=Basis.SKILL, split=Basis.TIE,
        )  # fmt: skip

    return criterion

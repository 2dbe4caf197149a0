"""What a second look at the labels should start with: disputes, conflicts, a random sample."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.db.models import Prefetch

from annotations.models import (
    ClassState,
    Consensus,
    ConsensusLabel,
    Outcome,
    Reading,
    Study,
)
from annotations.services.consensus import labels
from annotations.services.reading import votes
from annotations.services.reading.votes import Vote
from ecgreview.consensus import MIN_READINGS
from ecgreview.design import chance


class Order(StrEnum):
    """Which exams come first."""

    ERRORS = "errors"
    CLASSES = "classes"


class Kind(StrEnum):
    """Why a class of an exam is listed."""

    DISPUTE = "dispute"  # the rule leaves it undecided
    REFERENCE = "reference"  # a reference contradicts unanimous readers
    MODEL = "model"  # a model contradicts unanimous readers
    CONTRADICTION = "contradiction"  # a reader submitted it with a class that it excludes
    SAMPLE = "sample"  # the exam was drawn at random from those with unanimous readers


@dataclass(frozen=True, slots=True)
class Case:
    """A class of an exam that deserves a second look.

    Attributes:
        exam: code of the exam.
        dataset: name of the data set it was imported to.
        source_key: its name in the source.
        code: code of the class; empty if the exam as a whole is listed: its readability is in
            dispute, or it was drawn at random.
        kind: why it is listed.
        basis: why the class has its state, a value of ``CellBasis``.
        n_marked: number of votes for the class.
        n_votes: number of votes for or against it.
        posterior: P(present | votes), if the rule estimates it.
        n_disputed: number of classes of the exam in dispute.
        expected_errors: expected number of wrong labels among the classes of the exam that a reader
            marked; see ``of_study``.
    """

    exam: str
    dataset: str
    source_key: str
    code: str
    kind: Kind
    basis: str
    n_marked: int
    n_votes: int
    posterior: float | None
    n_disputed: int
    expected_errors: float


@transaction.atomic
def of_study(
    study: Study, *, now: datetime, order: Order = Order.ERRORS, sample: float = 0.0
) -> list[Case]:
    """Return the cases of all closed batches of ``study``. Consensus that is due is computed.

    Nobody who reads in the study may see them before it is locked. The caller must check that.

    Exams are ordered by their expected errors or by their number of disputed classes, highest
    first, then by code. The expected errors of an exam are the sum of min(p, 1 - p) over the
    classes that a reader marked and no adjudicator decided, with the posterior p or, if there is
    none, the share of votes.

    Args:
        study: the study.
        now: the time of a consensus that has to be computed.
        order: which exams come first.
        sample: share of the exams with unanimous readers to draw at random, 0 to 1. About one wrong
            label in six is unanimous, so no dispute leads to it. The draw depends on the study's
            seed: the same exams are drawn again, and a larger share contains a smaller one.
    """
    if study.batches.filter(consensus_is_due=True).exists():
        labels.compute(study=study, now=now)
    conflicts = _conflicts(study)
    of_exam = ConsensusLabel.objects.select_related("diagnostic_class").order_by(
        "diagnostic_class__position"
    )
    rows = Consensus.objects.filter(study=study).select_related("exam__dataset")
    rows = rows.prefetch_related(Prefetch("labels", of_exam)).order_by("exam__code")
    exams = [_Exam.of(row) for row in rows]
    if order == Order.ERRORS:
        exams.sort(key=lambda exam: -exam.expected_errors)
    else:
        exams.sort(key=lambda exam: -len(exam.disputed))
    return [
        case
        for exam in exams
        for case in exam.cases(
            conflicts[exam.row.exam_id], is_drawn=_draw(study, exam.row.exam_id) < sample
        )
    ]


@dataclass(frozen=True, slots=True, eq=False)
class _Exam:
    row: Consensus
    votes: Mapping[str, tuple[int, int]]
    disputed: Sequence[str]
    expected_errors: float

    @classmethod
    def of(cls, row: Consensus) -> _Exam:
        votes_of_class = {
            label.diagnostic_class.code: (label.n_positive, label.n_readings)
            for label in row.labels.all()
        }
        disputed: list[str] = []
        if row.outcome == Outcome.DISPUTED:
            undecided = [
                c for c, state in row.class_states.items() if state == ClassState.UNDECIDED
            ]
            disputed += [c for c in votes_of_class if row.state(c) == ClassState.UNDECIDED]
            disputed += sorted(set(undecided) - votes_of_class.keys())
            disputed = disputed or [""]
        errors = sum(
            min(p, 1 - p)
            for code, (n_marked, n_votes) in votes_of_class.items()
            if code not in row.adjudicated
            for p in (row.posteriors.get(code, n_marked / n_votes),)
        )
        return cls(row, votes_of_class, disputed, round(errors, 6))

    def cases(self, conflicts: Iterable[tuple[Kind, str, bool]], *, is_drawn: bool) -> list[Case]:
        """Return the cases of the exam.

        Args:
            conflicts: kind, class, and whether a reader, a model or a reference marked it.
            is_drawn: whether to list the exam if its readers are unanimous.
        """
        found = [(Kind.DISPUTE, code) for code in self.disputed]
        found += [
            (kind, code)
            for kind, code, is_marked in conflicts
            if kind == Kind.CONTRADICTION or self._is_against(code, is_marked=is_marked)
        ]
        if is_drawn and self.row.outcome == Outcome.AGREEMENT:
            found.append((Kind.SAMPLE, ""))
        return [self._case(kind, code) for kind, code in dict.fromkeys(found)]

    def _is_against(self, code: str, *, is_marked: bool) -> bool:
        """Whether the mark, or its absence, contradicts unanimous readers."""
        n_marked, n_votes = self._votes(code)
        if n_votes < MIN_READINGS or n_marked not in {0, n_votes}:
            return False
        return self.row.state(code) == (ClassState.ABSENT if is_marked else ClassState.PRESENT)

    def _votes(self, code: str) -> tuple[int, int]:
        n_readable = self.row.n_readings - self.row.n_unreadable
        return self.votes.get(code, (0, n_readable - self.row.not_assessable.get(code, 0)))

    def _case(self, kind: Kind, code: str) -> Case:
        row = self.row
        n_marked, n_votes = self._votes(code)
        return Case(
            row.exam.code, row.exam.dataset.name, row.exam.source_key, code, kind,
            row.basis(code) if code else row.rest_basis, n_marked, n_votes,
            row.posteriors.get(code), len(self.disputed), self.expected_errors,
        )  # fmt: skip


def _conflicts(study: Study) -> Mapping[int, list[tuple[Kind, str, bool]]]:
    """Return, by exam id, every class that a model or reference judged, and contradictions."""
    readings = Reading.objects.counted().filter(
        assignment__batch__study=study, assignment__batch__closed_at__isnull=False
    )
    rows = list(readings.select_related("assignment", "reader").in_turn())
    kinds = {row.reader_id: row.reader.kind for row in rows}
    codes = [*study.taxonomy.classes.order_by("position").values_list("code", flat=True)]
    relations = labels.relations_of(study)
    by_exam: dict[int, list[tuple[Kind, str, bool]]] = defaultdict(list)
    for exam_id, of_exam in votes.counted(votes.translated(study, rows)).items():
        for vote in of_exam:
            kind = kinds[vote.reader_id]
            if kind in (Kind.MODEL, Kind.REFERENCE):
                judged = _judged(vote, codes)
                by_exam[exam_id] += [(Kind(kind), code, is_marked) for code, is_marked in judged]
            else:
                marked = vote.translation.codes if vote.translation else frozenset()
                contradicting = relations.excluding(marked)
                by_exam[exam_id] += [
                    (Kind.CONTRADICTION, code, True) for code in codes if code in contradicting
                ]
    return by_exam


def _judged(vote: Vote, codes: Sequence[str]) -> list[tuple[str, bool]]:
    translation = vote.translation
    if translation is None:
        return []
    left_out = translation.undecided | translation.not_asked | vote.missing
    return [(code, code in translation.codes) for code in codes if code not in left_out]


def _draw(study: Study, exam_id: int) -> float:
    """Return a number from 0 to below 1 that only the study's seed can predict."""
    return int.from_bytes(chance.digest(study.seed, f"second look:{exam_id}")[:6], "big") / 2**48

"""A reader's figures in a locked study, and the exams on which they stood alone.

Nothing here identifies another person: others are counted, never named or numbered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from annotations import row_security
from annotations.models import (
    Adjudication,
    AgreementReport,
    Assignment,
    AssignmentState,
    Batch,
    ClassState,
    Consensus,
    Outcome,
    Purpose,
    Scope,
    Seat,
    Study,
    User,
)
from annotations.models.assignment import AssignmentQuerySet
from annotations.models.batch import SeatQuerySet
from annotations.models.study import SETTLED, StudyQuerySet
from annotations.services.adjudication import history
from annotations.services.agreement import details, gold_accuracy
from annotations.services.agreement.results import ReaderDetail
from annotations.services.blinding import results_seen
from annotations.services.blinding.rules import is_blinded_to
from annotations.services.consensus import labels, rows
from annotations.services.own_results.names import without_names
from ecgreview.agreement.accuracy.reference import Accuracy
from ecgreview.consensus import LoneVote, lone_votes, readability_vote

READ_BLIND = (Purpose.DATA, Purpose.REREAD)

READABILITY = ""
"""In place of a class code: whether the exam is readable."""


@dataclass(frozen=True, slots=True)
class LoneClass:
    """A class on which the reader voted against all other readers.

    Attributes:
        code: class code, or ``READABILITY``.
        vote: the reader's vote.
        state: the consensus, a value of ``ClassState``; for ``READABILITY``, present means
            readable.
        basis: why, a value of ``CellBasis`` or empty.
        reasons: what adjudicators wrote about the class, without names.
    """

    code: str
    vote: LoneVote
    state: str
    basis: str
    reasons: tuple[str, ...] = ()

    @property
    def is_confirmed(self) -> bool | None:
        """Whether the consensus is what the reader voted for; None if it is open."""
        if self.state not in (ClassState.PRESENT, ClassState.ABSENT):
            return None
        return (self.state == ClassState.PRESENT) == self.vote.is_for


@dataclass(frozen=True, slots=True)
class LoneExam:
    """An exam on which the reader stood alone.

    Attributes:
        assignment: the reader's first assignment of the exam.
        classes: at least one.
        comments: what adjudicators wrote about the exam, without names.
    """

    assignment: Assignment
    classes: tuple[LoneClass, ...]
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """A reader's figures.

    Attributes:
        n_read: exams that the reader submitted, including those from which they abstained.
        report: results of the newest agreement of the study; empty if there is none yet.
        place: index of the reader in ``report``; None if they are not in it.
        detail: the reader compared with references; None if that is not computed yet.
        n_gold: number of hidden gold exams that can be compared with their reference.
        gold: accuracy on them; None if there are none.
    """

    n_read: int
    report: Mapping[str, Any]
    place: int | None
    detail: ReaderDetail | None
    n_gold: int
    gold: Accuracy | None


def studies_with_results(user: User) -> set[int]:
    """Return the ids of the locked studies in which ``user`` may see their own results."""
    opened = Batch.objects.filter(study__in=_own_studies(user)).not_read_by(user)
    return set(opened.values_list("study", flat=True))


@transaction.atomic
def open_study(user: User, slug: str, *, now: datetime) -> Study:
    """Return the locked study in which ``user`` read, and record that they are shown its results.

    Recorded are the batches in which they read.

    Raises:
        Study.DoesNotExist: there is none with this slug, or they are blinded to its results.
    """
    study = _own_studies(user).select_related("taxonomy").get(slug=slug)
    if is_blinded_to(study, user):
        raise Study.DoesNotExist
    batches = Batch.objects.filter(study=study, pk__in=_own_seats(user).values("batch"))
    with row_security.as_owner():
        results_seen.results(batches=batches, user=user, now=now)
    return study


def figures(study: Study, user: User) -> Figures:
    """Return the figures of ``user`` in ``study``, which ``open_study`` returned."""
    with row_security.as_owner():
        scope = Scope(study.pk, None)
        report = AgreementReport.objects.of_scope(scope).order_by("-number").first()
        results = report.coded_results if report else {}
        readers = results.get("readers", [])
        answers = gold_accuracy.answers_of(study, user)
        return Figures(
            n_read=_read(study, user).values("exam").distinct().count(),
            report=results,
            place=readers.index(str(user.pk)) if str(user.pk) in readers else None,
            detail=details.of_own(report, user) if report else None,
            n_gold=len(answers),
            gold=gold_accuracy.accuracy_of(answers),
        )


def lone_exams(study: Study, user: User) -> list[LoneExam]:
    """Return the exams of ``study`` on which ``user`` stood alone, by code.

    Only votes of readers are compared, including extra readers of single classes. Adjudicators
    decide, so their answers make nobody less alone.
    """
    with row_security.as_owner():
        # Readers may agree although one of them called the exam unreadable.
        differing = study.consensus.exclude(outcome=Outcome.AGREEMENT, n_unreadable=0)
        own = _read(study, user).filter(exam__in=differing.values("exam"))
        latest_first = own.order_by("-batch", "-occurrence")
        assignments = {row.exam_id: row for row in latest_first}
        consensus = {row.exam_id: row for row in differing.filter(exam__in=assignments)}
        found = _lone(study, user, consensus.keys())
        decided = history.of_exams(study, list(found))
        names = _names(study, user)
    exams = [
        LoneExam(
            assignments[exam_id],
            tuple(
                _lone_class(code, vote, consensus[exam_id], decided.get(exam_id, ()), names)
                for code, vote in of_exam.items()
            ),
            tuple(
                without_names(adjudication.comment, names)
                for adjudication in decided.get(exam_id, ())
                if adjudication.comment
            ),
        )
        for exam_id, of_exam in found.items()
    ]
    return sorted(exams, key=lambda exam: exam.assignment.code)


def _own_studies(user: User) -> StudyQuerySet:
    return Study.objects.filter(phase__in=SETTLED, pk__in=_own_seats(user).values("batch__study"))


def _own_seats(user: User) -> SeatQuerySet:
    """Return the seats of ``user`` in which they read data; there are few, unlike assignments."""
    return Seat.objects.filter(reader=user, n_read__gt=0, batch__purpose__in=READ_BLIND)


def _read(study: Study, user: User) -> AssignmentQuerySet:
    """Return the assignments of ``study`` that ``user`` has read blind, without gold exams."""
    own = Assignment.objects.filter(reader=user, state=AssignmentState.READ, batch__study=study)
    return own.without_gold().filter(batch__purpose__in=READ_BLIND)


def _lone(study: Study, user: User, exam_ids: Set[int]) -> dict[int, Mapping[str, LoneVote]]:
    """Return the lone votes of ``user`` by exam id and class code, without exams that have none."""
    relations = labels.relations_of(study)
    exams, pending = rows.exams_of(study, exam_ids)
    found: dict[int, Mapping[str, LoneVote]] = {}
    for exam_id in exams.keys() - pending:
        ballots = [ballot for ballot in exams[exam_id].ballots if not ballot.is_adjudication]
        own = next((ballot for ballot in ballots if ballot.reader == str(user.pk)), None)
        if own is None:  # they abstained
            continue
        others = [ballot for ballot in ballots if ballot is not own]
        votes = dict(lone_votes(own, others, relations))
        if (readability := readability_vote(own, others)) is not None:
            votes = {READABILITY: readability, **votes}
        if votes:
            found[exam_id] = votes
    return found


def _lone_class(
    code: str,
    vote: LoneVote,
    row: Consensus,
    decided: Iterable[Adjudication],
    names: Collection[str],
) -> LoneClass:
    if code == READABILITY:
        state = {
            Outcome.UNREADABLE.value: ClassState.ABSENT,
            Outcome.DISPUTED.value: ClassState.UNDECIDED,
            Outcome.INCOMPLETE.value: ClassState.INCOMPLETE,
        }.get(row.outcome, ClassState.PRESENT)
        return LoneClass(code, vote, state.value, "")
    reasons = tuple(
        without_names(decision.reason, names)
        for adjudication in decided
        for decision in adjudication.decisions.all()
        if decision.reason and decision.diagnostic_class.code == code
    )
    return LoneClass(code, vote, row.state(code), row.basis(code), reasons)


def _names(study: Study, user: User) -> list[str]:
    """Return the names of everybody with a seat in ``study``, except ``user``."""
    others = User.objects.filter(seats__batch__study=study).exclude(pk=user.pk).distinct()
    columns = others.values_list("first_name", "last_name", "username")
    return [name for row in columns for name in row if name]

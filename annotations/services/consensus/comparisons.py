"""Comparisons of all consensus rules on the readings of a study: requested, computed, stored.

A small study is compared in the request. A large one takes a worker many seconds, because rules
that estimate skill are fitted again without each reader. The worker holds an advisory lock; if it
dies, PostgreSQL releases the lock and the next worker starts over.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Avg, Count, F, Max

from annotations import row_security
from annotations.models import (
    Adjudication,
    Consensus,
    Purpose,
    ReaderKind,
    Reading,
    RuleComparison,
    Study,
    User,
)
from annotations.models.reading import ReadingQuerySet
from annotations.services.consensus import labels, rows
from annotations.services.reading import votes
from annotations.services.refusals import Refusal
from ecgreview import advisory_locks, hash_chain, json_values
from ecgreview.advisory_locks import Lock
from ecgreview.consensus import RULES, Ballot, Choice, Exam, Relations
from ecgreview.consensus.comparison import Comparison, compare
from ecgreview.design import SECONDS_PER_READING

# Increase this whenever the same readings would give other results.
FORMAT = 1

# Up to here, a request computes the comparison: it takes a second. With more than three readers,
# models are fitted without each of them, which takes longer.
MAX_READINGS, MAX_READERS = 600, 3

# From this number on, the mean time of the study's own adjudications replaces the default.
MIN_ADJUDICATIONS = 10

MAX_ATTEMPTS = 5
RETRY_DELAY = timedelta(seconds=30)

# Failure of an attempt whose worker was killed.
INTERRUPTED = "Interrupted"


@dataclass(frozen=True, slots=True)
class Pace:
    """How long an adjudicator takes for an exam.

    Attributes:
        seconds: mean active time.
        n_measured: number of adjudications it is the mean of; 0 for the default.
    """

    seconds: float
    n_measured: int = 0

    def hours(self, n_exams: int) -> float:
        return n_exams * self.seconds / 3600


class NothingToCompare(Refusal):
    """The study has no consensus, or its results are still hidden."""

    code = "nothing-to-compare"


def is_visible(study: Study, user: User) -> bool:
    """Whether ``user`` may see the comparison: exactly if they may see the consensus."""
    return Consensus.objects.visible_to(user).filter(study=study).exists()


def refuse_hidden(study: Study, user: User) -> None:
    """Raise ``NothingToCompare`` unless ``user`` may see the comparison."""
    if not is_visible(study, user):
        raise NothingToCompare


# -- Requesting ---------------------------------------------------------------------------------


@transaction.atomic
def latest(*, study: Study, actor: User, now: datetime) -> tuple[RuleComparison | None, bool]:
    """Return the comparison to show, or None, and whether it is current.

    If ``study`` is small, a missing comparison is computed. The caller must check ``is_visible``.
    """
    with row_security.as_owner():
        if ready := _current(study):
            return ready, True
        if _is_small(study):
            row = RuleComparison(study=study, requested_by=actor, requested_at=now, started_at=now)
            _store(row, *_compared(study), now)
            return row, True
        return RuleComparison.objects.filter(study=study).order_by("-pk").first(), False


@transaction.atomic
def request(*, study: Study, actor: User, now: datetime) -> RuleComparison:
    """Return the current comparison of ``study``, or one that a worker will compute.

    The caller must check ``is_visible``.
    """
    row, is_current = latest(study=study, actor=actor, now=now)
    if row is not None and is_current:
        return row
    with row_security.as_owner():
        queued = RuleComparison(
            study=study, requested_by=actor, requested_at=now, n_total=len(RULES)
        )
        # Race: a concurrent request gets the same row.
        RuleComparison.objects.bulk_create([queued], ignore_conflicts=True)
        return RuleComparison.objects.unfinished().filter(study=study).get()


def results_of(row: RuleComparison) -> Comparison:
    return json_values.load(Comparison, row.results)


@transaction.atomic
def pace_of(study: Study) -> Pace:
    """Return the mean active time of the adjudications of ``study``, or the default.

    The default is the mean time of a reading that plans assume.
    """
    with row_security.as_owner():
        timed = Adjudication.objects.filter(
            assignment__batch__study=study,
            assignment__batch__closed_at__isnull=False,
            assignment__batch__purpose=Purpose.ADJUDICATION,
            active_ms__gt=0,
        )
        measured = timed.aggregate(n=Count("pk"), mean=Avg("active_ms"))
    if measured["n"] < MIN_ADJUDICATIONS:
        return Pace(SECONDS_PER_READING)
    return Pace(measured["mean"] / 1000, measured["n"])


def state_name(row: RuleComparison) -> str:
    """Return "waiting", "computing", "ready" or "failed"."""
    if row.is_ready:
        return "ready"
    if row.has_failed:
        return "failed"
    return "computing" if row.started_at else "waiting"


def _current(study: Study) -> RuleComparison | None:
    ready = RuleComparison.objects.ready().filter(study=study, state=state_of(study))
    return ready.order_by("-pk").first()


def state_of(study: Study) -> str:
    """Return a digest of everything that a comparison of ``study`` depends on.

    Readings and adjudications of closed batches never change, and where the consensus changes, its
    rows are replaced by new ones. So numbers of rows and highest ids are enough.
    """
    choice, relations = study.consensus_choice, labels.relations_of(study)
    state = {
        "format": FORMAT,
        "rules": [rule.version for rule in RULES.values()],
        "choice": [choice.rule, choice.k, choice.threshold],
        "taxonomy": study.taxonomy_id,
        "relations": [sorted(relations.exclusive), relations.excludes, relations.implies],
        "batches": list(study.batches.closed().order_by("pk").values_list("pk", "purpose")),
        "readings": _closed(study).aggregate(n=Count("pk"), last=Max("pk")),
        "consensus": study.consensus.aggregate(n=Count("pk"), last=Max("pk")),
    }
    return hashlib.sha256(hash_chain.canonical_json(state).encode()).hexdigest()


def _closed(study: Study) -> ReadingQuerySet:
    return Reading.objects.counted().filter(
        assignment__batch__study=study, assignment__batch__closed_at__isnull=False
    )


def _is_small(study: Study) -> bool:
    people = _closed(study).of_people()
    size = people.aggregate(n=Count("pk"), n_readers=Count("reader", distinct=True))
    return bool(size["n"] <= MAX_READINGS and size["n_readers"] <= MAX_READERS)


# -- Computing ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What the rules are applied to, as loaded in one transaction."""

    state: str
    choice: Choice
    exams: Mapping[int, Exam]
    relations: Relations
    references: Mapping[str, Mapping[int, Ballot]]
    pending: set[int]


def compute_next(*, now: datetime) -> bool:
    """Compute the next requested comparison; return False when there is none.

    Call it outside a transaction, so that its progress is visible to other connections.
    """
    for row in RuleComparison.objects.unfinished().order_by("n_attempts", "pk"):
        if row.started_at is not None and now - row.started_at < row.n_attempts * RETRY_DELAY:
            continue
        with advisory_locks.held(Lock.RULE_COMPARISON, row.pk, waits=False) as is_ours:
            if is_ours and _begin(row, now):
                row.refresh_from_db()
                with _failure_stored(row, now):
                    _store(row, *_compared(row.study, row), now)
                return True
    return False


def _begin(row: RuleComparison, now: datetime) -> bool:
    """Count an attempt and commit it; return False if the row is finished or has failed."""
    unfinished = RuleComparison.objects.unfinished().filter(pk=row.pk)
    # The worker of the last attempt was killed before it could record the failure.
    if unfinished.filter(n_attempts__gte=MAX_ATTEMPTS).exists():
        unfinished.filter(failure="").update(failure=INTERRUPTED)
        unfinished.update(finished_at=now)
        return False
    return bool(unfinished.update(n_attempts=F("n_attempts") + 1, started_at=now, n_done=0))


def _compared(study: Study, row: RuleComparison | None = None) -> tuple[str, Comparison]:
    """Return the state of ``study`` and its comparison; write the progress to ``row``."""

    def progress(n_done: int, n_total: int) -> None:
        if row is not None:
            RuleComparison.objects.filter(pk=row.pk).update(n_done=n_done, n_total=n_total)

    inputs = _gathered(study)
    comparison = compare(
        inputs.choice, inputs.exams, inputs.relations,
        references=inputs.references, pending=inputs.pending, progress=progress,
    )  # fmt: skip
    return inputs.state, comparison


@transaction.atomic
def _gathered(study: Study) -> _Inputs:
    # Race: closing a batch and computing the consensus wait for this lock, so that all our queries
    # see the same readings.
    study = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    exams, pending = rows.exams_of(study)
    return _Inputs(
        state_of(study),
        study.consensus_choice,
        exams,
        labels.relations_of(study),
        _references(study),
        pending,
    )


def _references(study: Study) -> dict[str, dict[int, Ballot]]:
    """Return the answers of each reference by exam id; the references are user ids as text."""
    readings = _closed(study).filter(reader__kind=ReaderKind.REFERENCE)
    listed = readings.select_related("assignment").in_turn()
    answers: dict[str, dict[int, Ballot]] = defaultdict(dict)
    for exam_id, of_exam in votes.counted(votes.translated(study, listed)).items():
        for vote in of_exam:
            answers[str(vote.reader_id)][exam_id] = rows.ballot_of(vote)
    return dict(sorted(answers.items(), key=lambda item: int(item[0])))


@transaction.atomic
def _store(row: RuleComparison, state: str, comparison: Comparison, now: datetime) -> None:
    """Store the results, and delete earlier comparisons of the study."""
    row.state, row.results = state, json_values.dump(comparison)
    row.finished_at, row.failure = now, ""
    row.n_done = row.n_total = len(RULES)
    row.save()
    earlier = RuleComparison.objects.filter(study=row.study, pk__lt=row.pk)
    earlier.filter(finished_at__isnull=False).delete()


@contextmanager
def _failure_stored(row: RuleComparison, now: datetime) -> Iterator[None]:
    """Store the name of the error that ends the block, if the database still works."""
    try:
        yield
    except BaseException as error:
        if not (connection.needs_rollback or row_security.is_broken()):
            unfinished = RuleComparison.objects.unfinished().filter(pk=row.pk)
            unfinished.update(failure=type(error).__name__[:80], n_done=0)
            unfinished.filter(n_attempts__gte=MAX_ATTEMPTS).update(finished_at=now)
        raise

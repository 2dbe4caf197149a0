"""Consensus labels of a study, computed from the readings of its closed batches."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from annotations import table_statistics
from annotations.models import (
    Batch,
    Consensus,
    ConsensusLabel,
    ConsensusScope,
    QueuedCase,
    Study,
)
from annotations.services import audit
from annotations.services.audit import digests
from annotations.services.consensus import inputs, rows
from annotations.services.counts import runs
from annotations.services.taxonomy import mappings
from ecgreview.consensus import RULES, Relations

ROWS_AT_ONCE = 2000


def refresh_next(*, now: datetime) -> bool:
    """Recompute the consensus of one study that is due; return False when there is none.

    The attempt is counted and committed first, so that a study whose computation never finishes
    moves behind all others.
    """
    due = Batch.objects.filter(consensus_is_due=True)
    unlocked = Study.objects.select_for_update(skip_locked=True, no_key=True)
    with transaction.atomic():
        waiting = due.order_by("n_consensus_attempts", "pk").values_list("study", flat=True)
        studies = (unlocked.filter(pk=pk).first() for pk in dict.fromkeys(waiting))
        claimed = next((study for study in studies if study), None)
        if claimed is None:
            return False
        due.filter(study=claimed).update(n_consensus_attempts=F("n_consensus_attempts") + 1)
    with transaction.atomic():
        study = unlocked.filter(pk=claimed.pk, pk__in=due.values("study")).first()
        if study is not None:  # otherwise another worker took it between the two transactions
            compute(study=study, now=now)
    return True


@transaction.atomic
def compute(*, study: Study, now: datetime) -> None:
    """Bring the consensus of ``study`` up to date with all its closed batches.

    Rows that would not change are kept (ADR 61). The others are replaced by new rows, with ids
    above all earlier ones.
    """
    table_statistics.keep_up()
    # Race: a second worker waits here and then finds our rows up to date, instead of inserting
    # duplicates. Closing a batch waits as well, so that all queries see the same closed batches.
    study = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    settled = list(
        study.batches.closed().filter(consensus_is_due=True).values_list("pk", flat=True)
    )
    replaced = _replace(study, settled, now)
    Batch.objects.filter(pk__in=settled).update(consensus_is_due=False, n_consensus_attempts=0)
    runs.note_exams(study, {exam_id for exam_id, *_ in replaced.changed}, now=now)
    _record(study, replaced.n_exams, now)


# Per exam: id, outcome, state of all classes that are not listed, (code, state) of the listed
# classes, and codes of classes that at least one reader could not assess.
Result = tuple[int, str, str, frozenset[tuple[str, str]], frozenset[str]]


@dataclass(frozen=True, slots=True)
class _Replaced:
    """The rows that were replaced: their number, and the results that only one side has."""

    n_exams: int
    changed: Collection[Result]


def _replace(study: Study, settled: Collection[int], now: datetime) -> _Replaced:
    """Replace the rows that are out of date. ``settled`` are the ids of batches that are due."""
    relations = relations_of(study)
    context = inputs.context(study, relations)
    scope = inputs.scope(study, context)
    is_same = ConsensusScope.objects.filter(study=study, digest=scope).exists()
    exam_ids = inputs.exams_of(settled) if settled and is_same else None
    changed = inputs.changed(study, context, exam_ids)
    if not is_same:
        ConsensusScope.objects.update_or_create(study=study, defaults={"digest": scope})
    if not changed:
        return _Replaced(0, ())
    gone = {exam_id for exam_id, digest in changed.items() if digest is None}
    of_exam = {exam_id: digest for exam_id, digest in changed.items() if digest is not None}
    if not RULES[study.consensus_rule].is_exam_local:
        of_exam = {**dict(study.consensus.values_list("exam", "inputs")), **of_exam}
        of_exam = {exam_id: of_exam[exam_id] for exam_id in of_exam.keys() - gone}
    computed = rows.compute(study, relations, of_exam, now)
    earlier = study.consensus.all()
    if len(of_exam) <= rows.MAX_LISTED:
        earlier = earlier.filter(exam__in=of_exam)
    stored = set(earlier.values_list("exam", "inputs", "digest"))
    new = [
        exam
        for exam in computed
        if (exam.row.exam_id, exam.row.inputs, exam.row.digest) not in stored
    ]
    replaced = gone | {exam.row.exam_id for exam in new}
    before = _delete(study, replaced)
    cases = rows.place(study, relations, new)
    Consensus.objects.bulk_create((exam.row for exam in new), batch_size=ROWS_AT_ONCE)
    QueuedCase.objects.bulk_create(cases, batch_size=ROWS_AT_ONCE)
    ConsensusLabel.objects.bulk_create(
        (label for exam in new for label in exam.labels), batch_size=ROWS_AT_ONCE
    )
    return _Replaced(len(replaced), before ^ {_result(exam.row) for exam in new})


def _delete(study: Study, exam_ids: Collection[int]) -> set[Result]:
    """Delete the rows of these exams, and return their results."""
    results = set()
    # With the study, which the related manager would load for each row.
    columns = ("study", "exam_id", "outcome", "rest_state", "class_states", "not_assessable")
    ordered = sorted(exam_ids)
    for start in range(0, len(ordered), ROWS_AT_ONCE):
        of_some = study.consensus.filter(exam__in=ordered[start : start + ROWS_AT_ONCE])
        results |= {_result(row) for row in of_some.only(*columns)}
        ConsensusLabel.objects.filter(consensus__in=of_some).delete()
        QueuedCase.objects.filter(consensus__in=of_some).delete()
        of_some.delete()
    return results


def _record(study: Study, n_computed: int, now: datetime) -> None:
    """Record the digest of all rows in the audit trail, so that later alterations are found."""
    n_exams, digest = digests.of_stored_consensus(study)
    audit.record(
        actor=None, action=audit.Action.CONSENSUS_COMPUTED, study=study, target=study,
        after={"n_exams": n_exams, "n_replaced": n_computed, "by_exam": True, "digest": digest,
               "columns": digests.consensus_columns()}, now=now,
    )  # fmt: skip


def _result(row: Consensus) -> Result:
    states = frozenset(row.class_states.items())
    return (row.exam_id, row.outcome, row.rest_state, states, frozenset(row.not_assessable))


def relations_of(study: Study) -> Relations:
    """Return the relations between the classes in force that hold in every consensus."""
    exclusive = study.taxonomy.classes.filter(is_exclusive=True).values_list("code", flat=True)
    return Relations.of(exclusive, mappings.relations(study.taxonomy))

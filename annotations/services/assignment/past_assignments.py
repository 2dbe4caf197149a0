"""Past assignments of a study's readers, as input for the design generator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.db.models import Q, QuerySet

from annotations.models import (
    Assignment,
    AssignmentState,
    Occurrence,
    Purpose,
    ResultsSeen,
    Study,
)
from ecgreview import design

DATA = Purpose.DATA
# Assignments in these states give their exam a reader; withdrawn ones do not.
IN_EFFECT = (AssignmentState.WAITING, AssignmentState.READ, AssignmentState.LAPSED)


@dataclass(frozen=True, slots=True)
class PastAssignments:
    """Past assignments of a study, for the design generator.

    Attributes:
        readings: past readings, with each reader's positions continuing across batches.
        blocked: pairs of reader and exam that must not be planned again.
    """

    readings: design.Readings
    blocked: list[tuple[int, int]]


def of_study(study: Study) -> PastAssignments:
    """Return the assigned and submitted readings of ``study``, and the pairs that are blocked.

    A reader is blocked from an exam that was withdrawn from them, that they abstained from, or that
    was assigned to them for another purpose, such as practice or adjudication. They are also
    blocked if they, or an account that they vouch for, have seen results of the exam.
    """
    of_study = Assignment.objects.filter(batch__study=study)
    of_data = of_study.filter(batch__purpose=DATA)
    elsewhere = of_study.exclude(batch__purpose=DATA)
    ended = of_data.filter(Q(state=AssignmentState.WITHDRAWN) | Q(is_abstained=True))
    results_seen = ResultsSeen.objects.filter(batch__assignments__exam__in_studies__study=study)
    by_themselves = results_seen.filter(user__study_readers__study=study)
    by_accounts_of_theirs = results_seen.filter(user__vouched_by__study_readers__study=study)
    blocked = {
        *elsewhere.values_list("reader_id", "exam_id"),
        *ended.values_list("reader_id", "exam_id"),
        *by_themselves.values_list("user_id", "batch__assignments__exam_id").distinct(),
        *(
            (voucher, exam)
            for voucher, exam in by_accounts_of_theirs.values_list(
                "user__vouched_by_id", "batch__assignments__exam_id"
            ).distinct()
            if voucher is not None
        ),
    }
    return PastAssignments(readings(of_data.filter(yields_a_reading())), sorted(blocked))


def in_effect(assignments: QuerySet[Assignment]) -> QuerySet[Assignment]:
    """Return the ``assignments`` that give an exam a reader: not withdrawn and not abstained.

    Includes those that were unread when their batch was closed.
    """
    return assignments.filter(state__in=IN_EFFECT, is_abstained=False)


def yields_a_reading(prefix: str = "") -> Q:
    """Return the condition that an assignment has yielded a reading or still can.

    Abstentions yield none; unread assignments can until their batch is closed.

    Args:
        prefix: lookup path to the assignment, such as ``"exam__assignments__"``.
    """
    is_read = Q((f"{prefix}state", AssignmentState.READ), (f"{prefix}is_abstained", False))
    may_be = Q(
        (f"{prefix}state__in", (AssignmentState.WAITING, AssignmentState.LAPSED)),
        (f"{prefix}batch__closed_at", None),
    )
    return is_read | may_be


def readings(assignments: QuerySet[Assignment]) -> design.Readings:
    """Return ``assignments`` as readings; each reader's positions continue across batches.

    Leaves out hidden gold exams, which the design does not plan.
    """
    planned = assignments.exclude(occurrence=Occurrence.GOLD)
    rows = planned.order_by("reader_id", "batch_id", "position").values_list(
        "reader_id", "exam_id", "exam__patient_id", "occurrence"
    )
    counted: dict[int, int] = {}
    table = []
    for reader, exam, patient, occurrence in rows.iterator(chunk_size=10_000):
        counted[reader] = counted.get(reader, 0) + 1
        group = design.UNKNOWN if patient is None else patient
        table.append((reader, exam, group, occurrence, counted[reader]))
    return design.Readings.of(table)


def after(past: design.Readings, later: design.Readings) -> design.Readings:
    """Return ``later`` with positions that continue after those of ``past``."""
    places = last(past)
    shift = np.array([places.get(reader, 0) for reader in later.readers.tolist()], dtype=np.int64)
    return design.Readings(
        later.readers, later.exams, later.patients, later.occurrences, later.positions + shift
    )


def last(readings: design.Readings) -> dict[int, int]:
    """Return each reader's last position."""
    positions: dict[int, int] = {}
    pairs = zip(readings.readers.tolist(), readings.positions.tolist(), strict=True)
    for reader, position in pairs:
        positions[reader] = max(position, positions.get(reader, 0))
    return positions

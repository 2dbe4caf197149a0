"""How many readings an exam needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from django.db.models import Count, Q

from annotations.models import Assignment, Batch, Handout, Purpose, Slot, Study
from annotations.services.studies import protocols


def by_exam(
    study: Study, batches: Iterable[Batch], exam_ids: Collection[int] | None = None
) -> Mapping[int, int]:
    """Return how many readings each exam of ``batches`` needs, by exam id.

    In a pool, that is the number of slots of the exam; otherwise ``readers_per_exam`` of the
    protocol of the batch. If an exam is in several batches, the maximum applies. Only batches for
    ``Purpose.DATA`` are considered. All batches must belong to ``study``.

    The number does not change when a reader withdraws, abstains or does not finish. Their reading
    then counts as missing.

    Args:
        study: the study.
        batches: its batches to consider.
        exam_ids: the exams to return; None for all.
    """
    of_data = {batch.pk: batch for batch in batches if batch.purpose == Purpose.DATA}
    n_each = by_batch(study, of_data.values())
    chosen = Q() if exam_ids is None else Q(exam__in=exam_ids)
    required: dict[int, int] = defaultdict(int)
    named = {pk for pk, batch in of_data.items() if batch.handout == Handout.NAMED}
    assigned = Assignment.objects.filter(chosen, batch__in=named).without_gold().order_by()
    for exam_id, batch_id in assigned.values_list("exam", "batch").distinct():
        required[exam_id] = max(required[exam_id], n_each[batch_id])
    slots = Slot.objects.filter(chosen, batch__in=of_data.keys() - named).order_by()
    for exam_id, _, n_slots in slots.values_list("exam", "batch").annotate(n=Count("pk")):
        required[exam_id] = max(required[exam_id], n_slots)
    return required


def by_batch(study: Study, batches: Iterable[Batch]) -> dict[int, int]:
    """Return ``readers_per_exam`` of the protocol of each of ``batches``, by batch id."""
    version_of = {batch.pk: batch.protocol_version for batch in batches}
    n_readers = {}
    for version in set(version_of.values()):
        frozen = protocols.frozen(study.pk, version)
        # A batch created while the study was a draft follows the protocol in force.
        n_readers[version] = frozen.readers_per_exam if frozen else study.readers_per_exam
    return {pk: n_readers[version] for pk, version in version_of.items()}

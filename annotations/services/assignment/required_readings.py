"""How many readings an exam needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.db.models import Count

from annotations.models import Assignment, Batch, Handout, Purpose, Slot, Study
from annotations.services.studies import protocols


def by_exam(study: Study, batches: Iterable[Batch]) -> Mapping[int, int]:
    """Return how many readings each exam of ``batches`` needs, by exam id.

    In a pool, that is the number of slots of the exam; otherwise ``readers_per_exam`` of the
    protocol of the batch. If an exam is in several batches, the maximum applies. Only batches for
    ``Purpose.DATA`` are considered. All batches must belong to ``study``.

    The number does not change when a reader withdraws, abstains or does not finish. Their reading
    then counts as missing.
    """
    of_data = {batch.pk: batch for batch in batches if batch.purpose == Purpose.DATA}
    n_each = _by_version(study, of_data.values())
    required: dict[int, int] = defaultdict(int)
    named = {pk for pk, batch in of_data.items() if batch.handout == Handout.NAMED}
    of_sample = Assignment.objects.filter(batch__in=named).without_gold()
    assigned = of_sample.order_by().values_list("exam", "batch")
    for exam_id, batch_id in assigned.distinct():
        required[exam_id] = max(required[exam_id], n_each[of_data[batch_id].protocol_version])
    slots = Slot.objects.filter(batch__in=of_data.keys() - named).order_by()
    for exam_id, _, n_slots in slots.values_list("exam", "batch").annotate(n=Count("pk")):
        required[exam_id] = max(required[exam_id], n_slots)
    return required


def _by_version(study: Study, batches: Iterable[Batch]) -> dict[int, int]:
    """Return ``readers_per_exam`` of each protocol version that ``batches`` use."""
    n_readers = {}
    for version in {batch.protocol_version for batch in batches}:
        frozen = protocols.frozen(study.pk, version)
        # A batch created while the study was a draft follows the protocol in force.
        n_readers[version] = frozen.readers_per_exam if frozen else study.readers_per_exam
    return n_readers

"""How many readings of an exam are enough."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.db.models import Count

from annotations.models import Assignment, Batch, Handout, Purpose, Slot, Study
from annotations.services.studies import protocols


def by_exam(study: Study, batches: Iterable[Batch]) -> Mapping[int, int]:
    """Return how many readings are enough for each exam of ``batches``, by exam id.

    As many as the protocol asked for when the batch was made, or as a pool has slots for the exam;
    of several batches the most. Re-reading and adjudication ask for none. Whether anybody is still
    going to read the exam does not matter: a reader who withdrew, abstained or ran out of time
    leaves a reading missing.

    Args:
        study: of the batches.
        batches: those that count.
    """
    of_data = {batch.pk: batch for batch in batches if batch.purpose == Purpose.DATA}
    n_each = _by_version(study, of_data.values())
    wanted: dict[int, int] = defaultdict(int)
    named = {pk for pk, batch in of_data.items() if batch.handout == Handout.NAMED}
    given = Assignment.objects.filter(batch__in=named).order_by().values_list("exam", "batch")
    for exam_id, batch_id in given.distinct():
        wanted[exam_id] = max(wanted[exam_id], n_each[of_data[batch_id].protocol_version])
    slots = Slot.objects.filter(batch__in=of_data.keys() - named).order_by()
    for exam_id, _, n_slots in slots.values_list("exam", "batch").annotate(n=Count("pk")):
        wanted[exam_id] = max(wanted[exam_id], n_slots)
    return wanted


def _by_version(study: Study, batches: Iterable[Batch]) -> dict[int, int]:
    """Return the readers per exam of each version of the protocol that ``batches`` have."""
    found = {}
    for version in {batch.protocol_version for batch in batches}:
        frozen = protocols.frozen(study.pk, version)
        # A batch that was made in a draft has the protocol in force.
        found[version] = frozen.readers_per_exam if frozen else study.readers_per_exam
    return found

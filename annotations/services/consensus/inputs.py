"""What the consensus on each exam depends on, as a digest that tells which exams have changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import connection
from django.db.models import Max

from annotations.models import (
    Assignment,
    Occurrence,
    ReaderKind,
    Slot,
    Study,
    TaxonomyChange,
    User,
)
from annotations.services.assignment import required_readings
from annotations.services.audit import digests
from ecgreview import hash_chain
from ecgreview.consensus import SIGNAL_VERSION, Relations

# Readings never change, so their ids stand for their content. All readings of an assignment are
# listed, superseded ones too: which of them counts follows from the list. The kind of a reader may
# change, and a reader becomes an adjudicator of an exam by another batch.
CHANGED = """
with adjudicating as (
    select distinct a.exam_id, a.reader_id
      from annotations_assignment a join annotations_batch b on b.id = a.batch_id
     where b.study_id = %(study)s and b.purpose = 'adjudication' {of_assignment}),
closed as (
    select id, n_readers
      from unnest(%(batches)s::bigint[], %(n_readers)s::int[]) batch (id, n_readers)),
facts (exam_id, fact, is_place) as (
    select a.exam_id, concat_ws(' ', 'reading', r.id, u.kind, j.reader_id), false
      from closed b
      join annotations_assignment a on a.batch_id = b.id and a.occurrence = 1
      join annotations_reading r on r.assignment_id = a.id and r.stage = 'blind'
      join annotations_user u on u.id = r.reader_id
      left join adjudicating j on j.exam_id = a.exam_id and j.reader_id = r.reader_id
     where true {of_assignment}
    union all
    select a.exam_id, concat_ws(' ', 'adjudication', d.id), false
      from annotations_batch b
      join annotations_assignment a on a.batch_id = b.id
      join annotations_adjudication d on d.assignment_id = a.id
     where b.study_id = %(study)s and b.closed_at is not null {of_assignment}
    union all
    select distinct a.exam_id, concat_ws(' ', 'assigned', b.id, b.n_readers), true
      from closed b
      join annotations_assignment a on a.batch_id = b.id and a.occurrence <> %(gold)s
     where true {of_assignment}
    union all
    select s.exam_id, concat_ws(' ', 'slots', b.id, count(*)), true
      from closed b join annotations_slot s on s.batch_id = b.id
     where true {of_slot}
     group by s.exam_id, b.id),
present as (
    select exam_id,
           encode(sha256(convert_to(%(context)s || string_agg(fact, ';' order by fact collate "C"),
                                    'UTF8')), 'hex') as inputs
      from facts group by exam_id having bool_or(is_place))
select coalesce(present.exam_id, stored.exam_id), present.inputs
  from present
  full join (select exam_id, inputs from annotations_consensus
              where study_id = %(study)s {of_consensus}) stored
    on stored.exam_id = present.exam_id
 where present.inputs is distinct from stored.inputs
"""


# Conditions for the placeholders, to compare only some exams.
OF_SOME = {
    "of_assignment": "and a.exam_id = any(%(exams)s)",
    "of_slot": "and s.exam_id = any(%(exams)s)",
    "of_consensus": "and exam_id = any(%(exams)s)",
}
OF_ALL = dict.fromkeys(OF_SOME, "")


def changed(
    study: Study, context: Mapping[str, Any], exam_ids: Collection[int] | None = None
) -> Mapping[int, str | None]:
    """Return the exams of ``study`` whose consensus is out of date, with their new inputs.

    The value is what ``Consensus.inputs`` has to be; None if the exam must have no row, because it
    is in no closed batch any more.

    Args:
        study: the study.
        context: see ``context``.
        exam_ids: the exams to compare; None for all.
    """
    n_readers = required_readings.by_batch(study, study.batches.closed().of_data())
    values: dict[str, Any] = {
        "study": study.pk,
        "gold": Occurrence.GOLD,
        "batches": [*n_readers.keys()],
        "n_readers": [*n_readers.values()],
        "context": hash_chain.content_digest(context),
        "exams": None if exam_ids is None else sorted(exam_ids),
    }
    conditions = OF_ALL if exam_ids is None else OF_SOME
    with connection.cursor() as cursor:
        cursor.execute(CHANGED.format(**conditions), values)
        return dict(cursor.fetchall())


def exams_of(batches: Collection[int]) -> set[int]:
    """Return the ids of the exams in the batches with these ids."""
    assigned = Assignment.objects.filter(batch__in=batches).order_by().values_list("exam")
    pooled = Slot.objects.filter(batch__in=batches).order_by().values_list("exam")
    return {exam_id for (exam_id,) in assigned.union(pooled)}


def scope(study: Study, context: Mapping[str, Any]) -> str:
    """Return a digest of everything that may change a consensus and belongs to no batch.

    While it is the same, only exams of batches that are due can be out of date.
    """
    # Models and references do not vote. They rarely get new seats.
    others = User.objects.filter(seats__batch__study=study).exclude(kind=ReaderKind.PERSON)
    return hash_chain.content_digest(
        {
            **context,
            "protocol": study.protocol_version,
            "kinds": sorted(others.distinct().values_list("pk", "kind")),
        }
    )


def context(study: Study, relations: Relations) -> dict[str, Any]:
    """Return everything that the consensus on every exam depends on.

    Args:
        study: the study.
        relations: what must hold between its classes in force.
    """
    return {
        "rule": study.consensus_choice.name,
        "signal": SIGNAL_VERSION,
        "taxonomy": study.taxonomy_id,
        "mappings": TaxonomyChange.objects.aggregate(last=Max("pk"))["last"],
        "exclusive": sorted(relations.exclusive),
        "excludes": relations.excludes,
        "implies": relations.implies,
        # A row keeps its digest as long as it is kept, so all rows must cover the same columns.
        "columns": digests.consensus_columns(),
    }

"""Write differences to the counts. A row is deleted when its count reaches zero."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from django.db import connection

from annotations.models import ExamPattern, Scope, in_scope
from annotations.services.counts.exam_patterns import Pattern

READER_SETS = """
merge into annotations_readersetcount old
using jsonb_to_recordset(%(rows)s)
      as new (taxonomy_id bigint, readers bigint[], n_exams integer)
   on old.study_id = %(study)s and {of_batch}
  and old.taxonomy_id = new.taxonomy_id and old.readers = new.readers
 when matched and old.n_exams + new.n_exams = 0 then delete
 when matched then update set n_exams = old.n_exams + new.n_exams
 when not matched then
      insert (study_id, batch_id, taxonomy_id, readers, n_exams)
      values (%(study)s, %(batch)s, new.taxonomy_id, new.readers, new.n_exams)
"""

PATTERNS = """
merge into annotations_patterncount old
using jsonb_to_recordset(%(rows)s)
      as new (class bigint, readers bigint[], pattern text, n_exams integer)
   on old.study_id = %(study)s and {of_batch} and old.diagnostic_class_id = new.class
  and old.readers = new.readers and old.pattern = new.pattern
 when matched and old.n_exams + new.n_exams = 0 then delete
 when matched then update set n_exams = old.n_exams + new.n_exams
 when not matched then
      insert (study_id, batch_id, diagnostic_class_id, readers, pattern, n_exams)
      values (%(study)s, %(batch)s, new.class, new.readers, new.pattern, new.n_exams)
"""

MARKERS = """
insert into annotations_exampattern as old
       (study_id, batch_id, exam_id, taxonomy_id, readers, states, n_unreadable, n_abstained)
select %(study)s, %(batch)s::bigint, new.* from jsonb_to_recordset(%(rows)s)
    as new (exam_id bigint, taxonomy_id bigint, readers bigint[], states jsonb,
            n_unreadable smallint, n_abstained smallint)
on conflict (study_id, batch_id, exam_id) do update
   set (taxonomy_id, readers, states, n_unreadable, n_abstained)
     = (excluded.taxonomy_id, excluded.readers, excluded.states, excluded.n_unreadable,
        excluded.n_abstained)
"""

# Two conditions, because ``is not distinct from`` cannot use an index.
OF_BATCH, OF_STUDY = "old.batch_id = %(batch)s", "old.batch_id is null"


def reader_sets(scope: Scope, changes: Mapping[tuple[int, tuple[int, ...]], int]) -> None:
    """Add ``changes`` to the counts of reader sets.

    The counts must be locked. A count that would become negative raises ``IntegrityError``.

    Args:
        scope: a batch or a whole study.
        changes: differences by (version of the classes, ids of the readers).
    """
    rows = [
        {"taxonomy_id": taxonomy_id, "readers": readers, "n_exams": n}
        for (taxonomy_id, readers), n in sorted(changes.items())
    ]
    _merge(READER_SETS, scope, rows)


def patterns(scope: Scope, changes: Mapping[tuple[int, tuple[int, ...], str], int]) -> None:
    """Add ``changes``, by class id, readers and digits, to the pattern counts.

    See ``reader_sets``.
    """
    rows = [
        {"class": class_id, "readers": readers, "pattern": digits, "n_exams": n}
        for (class_id, readers, digits), n in sorted(changes.items())
    ]
    _merge(PATTERNS, scope, rows)


def markers(scope: Scope, exam_ids: Iterable[int], new: Mapping[int, Pattern]) -> None:
    """Store the new pattern of each of these exams; delete the marker of those without one."""
    exams = list(exam_ids)
    removed = [exam for exam in exams if exam not in new]
    ExamPattern.objects.filter(in_scope(scope), exam__in=removed).delete()
    _merge(
        MARKERS, scope, [{"exam_id": exam, **asdict(new[exam])} for exam in exams if exam in new]
    )


def _merge(statement: str, scope: Scope, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    values: dict[str, str | int | None] = {
        "rows": json.dumps(rows),
        "study": scope.study_id,
        "batch": scope.batch_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement.format(of_batch=OF_STUDY if scope.is_study else OF_BATCH), values)

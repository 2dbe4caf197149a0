"""What is known of readings without what they say: when, how long, and which are alike."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import CharField, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat

from annotations.models import Finding, NotAssessable, Reading, Study
from ecgreview import row_security

CLASS = Cast("diagnostic_class_id", CharField())


@dataclass(slots=True)
class Record:
    """What is known of one reader's readings, in the order of submission; answers are hashes."""

    times: list[datetime]
    active_ms: list[int]
    answers: list[str]


def of_study(study: Study) -> defaultdict[int, Record]:
    """Return the readings of each reader as times and hashes.

    Nobody but the reader may see a reading of an open batch; what leaves this function says
    whether two answers are the same, and not what they are. A correction takes the place of what
    it corrects, and who abstained gave no answer.
    """
    in_data = {"reading__assignment__batch__in": study.batches.of_data()}
    # A table at a time: joined, each finding would be told once for each class not assessable.
    given = Finding.objects.filter(**in_data).annotate(
        told=Concat(CLASS, Value(":"), "certainty", output_field=TextField())
    )
    untold = NotAssessable.objects.filter(**in_data).annotate(told=CLASS)
    rows = (
        Reading.objects.blind()
        .effective()
        .answered()
        .filter(assignment__batch__in=study.batches.of_data())
        .order_by("submitted_at", "pk")
        .values_list("pk", "reader_id", "submitted_at", "active_ms", "quality")
    )
    found: defaultdict[int, Record] = defaultdict(lambda: Record([], [], []))
    with row_security.as_owner():
        findings, not_assessable = _listed(given), _listed(untold)
        for pk, reader_id, submitted_at, active_ms, quality in rows:
            answer = (quality, findings.get(pk, ""), not_assessable.get(pk, ""))
            record = found[reader_id]
            record.times.append(submitted_at)
            record.active_ms.append(active_ms)
            record.answers.append(hashlib.sha256("/".join(answer).encode()).hexdigest())
    return found


def _listed(rows: QuerySet[Finding] | QuerySet[NotAssessable]) -> dict[int, str]:
    """Return what each reading tells, in a fixed order."""
    by_reading = rows.order_by().values_list("reading")
    return dict(by_reading.annotate(all=StringAgg("told", Value(","), order_by="told")))

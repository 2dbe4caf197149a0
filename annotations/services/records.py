"""What is known of readings without what they say: when, how long, and which are alike."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import CharField, F, OuterRef, Q, Subquery, TextField, Value
from django.db.models.functions import MD5, Cast, Coalesce, Concat

from annotations.models import NotAssessable, Reading, Study
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
    data = study.batches.of_data()
    finding = Concat(
        Cast("findings__diagnostic_class_id", CharField()),
        Value(":"),
        F("findings__certainty"),
        output_field=TextField(),
    )
    given = StringAgg(
        finding, ",", filter=Q(findings__isnull=False), order_by=finding, default=Value("")
    )
    # Apart from the findings: joined to both, each would be told once for each of the others.
    untold = (
        NotAssessable.objects.filter(reading=OuterRef("pk"))
        .order_by()
        .values("reading")
        .annotate(told=StringAgg(CLASS, ",", order_by=CLASS, output_field=TextField()))
        .values("told")
    )
    answer = Concat(
        "quality",
        Value("/"),
        given,
        Value("/"),
        Coalesce(Subquery(untold), Value(""), output_field=TextField()),
        output_field=TextField(),
    )
    hashed = (
        Reading.objects.blind()
        .effective()
        .answered()
        .filter(assignment__batch__in=data)
        .annotate(answer=MD5(answer))
        .order_by("submitted_at", "pk")
        .values_list("reader_id", "submitted_at", "active_ms", "answer")
    )
    found: defaultdict[int, Record] = defaultdict(lambda: Record([], [], []))
    with row_security.as_owner():
        for reader_id, submitted_at, active_ms, answer in hashed:
            record = found[reader_id]
            record.times.append(submitted_at)
            record.active_ms.append(active_ms)
            record.answers.append(answer)
    return found

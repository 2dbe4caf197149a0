"""What the reading desk is told; the API and the desk page give the same.

Nothing here may depend on another reader's work: every row starts from the reader's own
assignments.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.urls import reverse

from annotations.models import (
    Assignment,
    Batch,
    ClassRelation,
    ClinicalInformation,
    DiagnosticClass,
    Draft,
    Exam,
    Finding,
    Reading,
    RelationKind,
    Stage,
    Study,
    Taxonomy,
    User,
)

Payload = dict[str, Any]
"""What ``json.dumps`` turns into an object."""


def assignment_payload(assignment: Assignment, user: User) -> Payload:
    """Return the exam, its context, what ``user`` has entered so far, and what comes next."""
    reading = with_findings(assignment.readings.filter(stage=Stage.BLIND)).first()
    draft = Draft.objects.filter(assignment=assignment).first()
    study = assignment.batch.study
    return {
        "id": assignment.pk,
        "exam": exam_payload(assignment.exam, study),
        "batch": _batch_payload(assignment.batch),
        "study": {
            "slug": study.slug,
            "name": study.name,
            "frequent_classes": study.frequent_classes,
        },
        "state": _state(is_submitted=reading is not None, has_draft=draft is not None),
        "draft": draft and draft_payload(draft),
        "reading": reading and reading_payload(reading),
        "next": next_id(assignment, user),
        "queue": _queue(assignment, user),
    }


def exam_payload(exam: Exam, study: Study) -> Payload:
    """Return what ``study`` lets its readers know of ``exam``: never where it comes from."""
    tells = study.clinical_information == ClinicalInformation.AGE_AND_SEX
    positions = exam.tracings.order_by("position").values_list("position", flat=True)
    return {
        "code": exam.code,
        "age_years": exam.age_years if tells else None,
        "sex": exam.sex if tells else None,
        "tracings": [
            {
                "position": position,
                "href": reverse("api-tracing", kwargs={"code": exam.code, "position": position}),
            }
            for position in positions
        ],
    }


def draft_payload(draft: Draft) -> Payload:
    """Return what a draft holds and the version the next change has to be based on."""
    return {"version": draft.version, "content": draft.content}


def reading_payload(reading: Reading) -> Payload:
    """Return a reading as it was signed.

    Its id is the key it was submitted with: a row number would count the readings of others.
    Ask for it ``with_findings`` to keep their order and the number of queries.
    """
    return {
        "id": str(reading.idempotency_key),
        "findings": [
            {"class": finding.diagnostic_class.code, "certainty": finding.certainty}
            for finding in reading.findings.all()
        ],
        "quality": reading.quality,
        "comment": reading.comment,
        "submitted_at": reading.submitted_at,
    }


def with_findings(readings: QuerySet[Reading]) -> QuerySet[Reading]:
    """Fetch the findings along, in the order of their classes."""
    findings = Finding.objects.select_related("diagnostic_class")
    in_order = findings.order_by("diagnostic_class__position")
    return readings.prefetch_related(Prefetch("findings", in_order))


def with_states(assignments: QuerySet[Assignment]) -> QuerySet[Assignment]:
    """Annotate what ``summary_payload`` needs to tell the state."""
    return assignments.select_related("exam", "batch__study").annotate(
        is_submitted=Exists(Reading.objects.blind().filter(assignment=OuterRef("pk"))),
        has_draft=Exists(Draft.objects.filter(assignment=OuterRef("pk"))),
    )


def summary_payload(assignment: Assignment) -> Payload:
    """Return a line of the worklist, for an assignment that came ``with_states``."""
    marks = vars(assignment)
    return {
        "id": assignment.pk,
        "exam": assignment.exam.code,
        "batch": _batch_payload(assignment.batch),
        "study": assignment.batch.study.slug,
        "state": _state(is_submitted=marks["is_submitted"], has_draft=marks["has_draft"]),
    }


def next_id(assignment: Assignment, user: User) -> int | None:
    """Return the unread assignment after this one, or the first skipped one, or None."""
    unread = (
        Assignment.objects.visible_to(user)
        .unread()
        .filter(batch=assignment.batch_id)
        .exclude(pk=assignment.pk)
        .in_reading_order()
        .values_list("pk", flat=True)
    )
    later = unread.filter(order_key__gt=assignment.order_key).first()
    return later if later is not None else unread.first()


def classes_payload(taxonomy: Taxonomy) -> list[Payload]:
    """Return the classes of ``taxonomy`` in their order, with their relations by code."""
    related = _relations(taxonomy)
    classes = taxonomy.classes.select_related("group").order_by("position")
    return [_class_payload(one, related) for one in classes]


def taxonomy_payload(taxonomy: Taxonomy) -> Payload:
    """Return what a version of the classes is and where it comes from."""
    return {
        "id": taxonomy.pk,
        "name": taxonomy.name,
        "version": taxonomy.version,
        "status": taxonomy.status,
        "banner": taxonomy.banner,
        "banner_pt": taxonomy.banner_pt,
        "n_classes": taxonomy.classes.count(),
    }


Relations = dict[tuple[str, str], list[str]]
"""The codes that a class stands in a relation to, by (kind, code of the class)."""


def _class_payload(one: DiagnosticClass, related: Relations) -> Payload:
    return {
        "code": one.code,
        "abbreviation": one.abbreviation,
        "name": one.name,
        "name_pt": one.name_pt,
        "group": one.group.code,
        "group_name": one.group.name,
        "group_name_pt": one.group.name_pt,
        "definition": one.definition,
        "definition_pt": one.definition_pt,
        "is_exclusive": one.is_exclusive,
        "excludes": related[RelationKind.EXCLUDES, one.code],
        "implies": related[RelationKind.IMPLIES, one.code],
        "soft_conflicts": related[RelationKind.SOFT_CONFLICT, one.code],
        "position": one.position,
        "codes": one.codes,
        "evidence": one.evidence,
        "sources": one.sources,
    }


def _relations(taxonomy: Taxonomy) -> Relations:
    related: Relations = defaultdict(list)
    rows = (
        ClassRelation.objects.filter(source__taxonomy=taxonomy)
        .order_by("target__position")
        .values_list("kind", "source__code", "target__code")
    )
    for kind, source, target in rows:
        related[kind, source].append(target)
    return related


def _batch_payload(batch: Batch) -> Payload:
    return {"id": batch.pk, "name": batch.name, "is_open": batch.is_open}


def _state(*, is_submitted: bool, has_draft: bool) -> str:
    if is_submitted:
        return "submitted"
    return "draft" if has_draft else "todo"


def _queue(assignment: Assignment, user: User) -> Payload:
    """Return how far ``user`` is in their own part of the batch."""
    earlier = Q(order_key__lt=assignment.order_key)
    submitted = Q(readings__stage=Stage.BLIND)
    own = Assignment.objects.visible_to(user).filter(batch=assignment.batch_id)
    counts = own.aggregate(
        total=Count("pk", distinct=True),
        submitted=Count("pk", filter=submitted, distinct=True),
        earlier=Count("pk", filter=earlier, distinct=True),
    )
    return {
        "position": counts["earlier"] + 1,
        "total": counts["total"],
        "submitted": counts["submitted"],
    }

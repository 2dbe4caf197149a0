"""What the reading desk is told; the API and the desk page give the same.

Nothing here may depend on another reader's work: every row starts from the reader's own
assignments.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, Func, IntegerField, OuterRef, Prefetch, QuerySet
from django.urls import reverse

from annotations.models import (
    Arm,
    Assignment,
    AssignmentState,
    Batch,
    ClassRelation,
    ClinicalInformation,
    DiagnosticClass,
    Draft,
    Finding,
    Handout,
    Notice,
    NoticeKind,
    Reading,
    RelationKind,
    Seat,
    Stage,
    Taxonomy,
    User,
)
from annotations.services import notice_words

Payload = dict[str, Any]
"""What ``json.dumps`` turns into an object."""


def assignment_payload(assignment: Assignment, user: User) -> Payload:
    """Return the exam, its context, what ``user`` has entered so far, and what comes next."""
    reading = with_findings(assignment.readings.filter(stage=Stage.BLIND)).first()
    draft = Draft.objects.filter(assignment=assignment).first()
    study = assignment.batch.study
    return {
        "id": assignment.pk,
        "exam": exam_payload(assignment),
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
        "is_shown_suggestions": assignment.arm == Arm.CONCURRENT,
    }


def exam_payload(assignment: Assignment) -> Payload:
    """Return what the protocol lets a reader know of an exam: never where it comes from.

    Its code and the addresses of its tracings are those of the assignment: a hidden repeat looks
    like any other exam, and two readers have nothing to compare.
    """
    exam = assignment.exam
    tells = assignment.batch.clinical_information == ClinicalInformation.AGE_AND_SEX
    positions = exam.tracings.order_by("position").values_list("position", flat=True)
    return {
        "code": assignment.code,
        "age_years": exam.age_years if tells else None,
        "sex": exam.sex if tells else None,
        "tracings": [
            {
                "position": position,
                "href": reverse(
                    "api-assignment-tracing", kwargs={"pk": assignment.pk, "position": position}
                ),
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
    return assignments.select_related("batch__study").annotate(
        has_draft=Exists(Draft.objects.filter(assignment=OuterRef("pk"))),
    )


def summary_payload(assignment: Assignment) -> Payload:
    """Return a line of the worklist, for an assignment that came ``with_states``."""
    return {
        "id": assignment.pk,
        "exam": assignment.code,
        "batch": _batch_payload(assignment.batch),
        "study": assignment.batch.study.slug,
        "state": _state(
            is_submitted=assignment.state == AssignmentState.READ,
            has_draft=vars(assignment)["has_draft"],
        ),
    }


def next_id(assignment: Assignment, user: User) -> int | None:
    """Return the unread assignment after this one, or the first skipped one, or None.

    None as well while ``user`` is handed nothing, such as one whose reading is paused.
    """
    unread = (
        Assignment.objects.visible_to(user)
        .unread()
        .filter(batch=assignment.batch_id, batch__in=Batch.objects.serving(user))
        .exclude(pk=assignment.pk)
        .in_reading_order()
        .values_list("pk", flat=True)
    )
    later = unread.filter(position__gt=assignment.position).first()
    return later if later is not None else unread.first()


NOTICES_SHOWN = 100
"""So many of the latest are told; older ones stay in the database."""


def notice_payload(notice: Notice) -> Payload:
    """Return what ``notice`` says in the language in use, and where it leads.

    Without its id: a row number would count the notices of others.
    """
    words = notice_words.of(notice)
    return {
        "kind": notice.kind,
        "title": words.title,
        "text": words.text,
        "href": _notice_href(notice),
        "created_at": notice.created_at,
        "is_seen": notice.seen_at is not None,
    }


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


def _notice_href(notice: Notice) -> str:
    """Return the page on which to go on after ``notice``, or nothing."""
    kind, batch = NoticeKind(notice.kind), notice.data.get("batch_id")
    if kind in TO_WORKLIST:
        return reverse("worklist")
    if kind in TO_FEEDBACK and batch:
        return reverse("feedback", kwargs={"pk": batch})
    return reverse("audit") if kind == NoticeKind.AUDIT_BROKEN else ""


TO_FEEDBACK = (NoticeKind.QUALIFICATION_PASSED, NoticeKind.QUALIFICATION_FAILED)
TO_WORKLIST = (
    NoticeKind.BATCH_RELEASED,
    NoticeKind.BATCH_DUE,
    NoticeKind.BATCH_OVERDUE,
    NoticeKind.EXAMS_REASSIGNED,
    NoticeKind.READER_RESUMED,
)


def _batch_payload(batch: Batch) -> Payload:
    return {"id": batch.pk, "name": batch.name, "is_open": batch.is_open}


def _state(*, is_submitted: bool, has_draft: bool) -> str:
    if is_submitted:
        return "submitted"
    return "draft" if has_draft else "todo"


NEAR = 1000
"""So many exams ahead a place is counted exactly: a desk loads a few, and lists name a few more."""


def _queue(assignment: Assignment, user: User) -> Payload:
    """Return how far ``user`` is in their own part of the batch.

    A pool has no total: nobody knows how many come to them. One statement, hence one moment:
    another desk of theirs may sign between two.
    """
    seat = (
        Seat.objects.filter(batch=assignment.batch_id, reader=user)
        .annotate(
            is_read=Exists(Assignment.objects.filter(pk=assignment.pk, state=AssignmentState.READ)),
            n_ahead=_length(_ahead(assignment, user)),
            n_held=_length(Assignment.objects.held().filter(batch=OuterRef("batch"), reader=user)),
        )
        .get()
    )
    told = vars(seat)  # what a query annotates is not an attribute of the model
    is_pooled = assignment.batch.handout == Handout.POOLED
    place = seat.n_read + told["n_ahead"] + 1
    return {
        "position": min(assignment.position, seat.n_read) if told["is_read"] else place,
        "total": None if is_pooled else seat.n_assigned - told["n_held"],
        "submitted": seat.n_read,
    }


def _ahead(assignment: Assignment, user: User) -> QuerySet[Assignment]:
    """Return what waits before ``assignment`` in ``user``'s part of the batch, nearest first.

    With those read this makes its place: the stored positions would have gaps where hidden
    repeats are held back. Sorted, so that the index is used.
    """
    waiting = Assignment.objects.visible_to(user).waiting().filter(batch=assignment.batch_id)
    return waiting.filter(position__lt=assignment.position).order_by("-position")[:NEAR]


def _length(rows: QuerySet[Assignment]) -> Func:
    return Func(
        ArraySubquery(rows.values("pk")), function="CARDINALITY", output_field=IntegerField()
    )

"""JSON for the reading desk, shared by the API and the desk page.

Nothing here may depend on another reader's work, so every query starts from the reader's own
assignments.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, Func, IntegerField, OuterRef, Prefetch, Q, QuerySet
from django.urls import reverse

from annotations.models import (
    Adjudication,
    Arm,
    Assignment,
    AssignmentState,
    Batch,
    ClassRelation,
    ClinicalInformation,
    Confirmation,
    Decision,
    DiagnosticClass,
    Draft,
    Exam,
    Finding,
    Handout,
    NotAssessable,
    Notice,
    NoticeKind,
    Quality,
    Reading,
    RelationKind,
    Seat,
    Stage,
    Taxonomy,
    User,
    WorkState,
)
from annotations.services.adjudication import decisions as adjudication_decisions
from annotations.services.adjudication import desk as adjudication_desk
from annotations.services.adjudication import stages
from annotations.services.adjudication.desk import ShownReading
from annotations.services.exams import previous_exams
from annotations.services.notices import wording
from annotations.services.reading import corrections
from annotations.services.suggestions import offers
from ecgreview.taxonomy.synonyms import synonyms

# A JSON object, before ``json.dumps``.
Payload = dict[str, Any]


def assignment_payload(assignment: Assignment, user: User, *, now: datetime) -> Payload:
    """Return the exam, its context, what ``user`` has entered so far, and what comes next.

    Args:
        assignment: fetched with its exam, batch, study and taxonomy.
        user: its reader.
        now: time of the request, which decides whether a submission can still be taken back.
    """
    effective = with_findings(assignment.readings.effective())
    signed = {reading.stage: reading for reading in effective}
    reading, revision = signed.get(Stage.BLIND), signed.get(Stage.REVISED)
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
        "state": WorkState.of(is_submitted=reading is not None, has_draft=draft is not None),
        "draft": draft and draft_payload(draft),
        "reading": reading and reading_payload(reading),
        "undo_until": reading and corrections.until(reading, now=now),
        "revision": revision and reading_payload(revision),
        "is_deferred": is_deferred(assignment),
        "next": next_id(assignment, user),
        "queue": _queue(assignment, user),
        "is_shown_suggestions": assignment.arm == Arm.CONCURRENT,
        "suggestions": offers.offer(assignment),
    }


def adjudication_payload(assignment: Assignment, user: User) -> Payload:
    """Return the exam, the classes in dispute, and the votes on them if the mode shows them now.

    Args:
        assignment: fetched with its exam, batch, study and taxonomy.
        user: its adjudicator.

    Raises:
        AdjudicationCase.DoesNotExist: the exam is not adjudicated class by class.
    """
    shown = adjudication_desk.shown(assignment)
    batch, case, progress = assignment.batch, shown.case, shown.progress
    return {
        "id": assignment.pk,
        "exam": exam_payload(assignment),
        "batch": _batch_payload(batch),
        "study": {"slug": batch.study.slug, "name": batch.study.name},
        "mode": batch.adjudication_mode,
        "is_committee": batch.is_committee,
        "is_extra": batch.is_extra,
        "stages": list(stages.stages_of(batch)),
        "due": progress.due,
        "is_waiting": progress.is_waiting,
        "asked": case.asked,
        "asks_readability": case.asks_readability,
        "asks_audit_form": adjudication_decisions.asks_audit_form(batch, shown),
        "agreed": case.agreed,
        "readings": [_shown_reading_payload(reading) for reading in shown.readings],
        "members": [
            {
                "numeral": member.numeral,
                "is_own": member.is_own,
                **decided_payload(member.adjudication),
            }
            for member in shown.members
        ],
        "decided": [decided_payload(row) for row in progress.done],
        "is_deferred": is_deferred(assignment),
        "next": stages.next_for_member(assignment)
        if batch.is_committee
        else next_id(assignment, user),
        "queue": _queue(assignment, user),
    }


def _shown_reading_payload(reading: ShownReading) -> Payload:
    """Return another reader's reading without anything that identifies them, not even its ID."""
    return {
        "letter": reading.letter,
        "is_readable": reading.quality != Quality.UNREADABLE,
        "quality": reading.quality,
        "findings": [_finding_payload(finding) for finding in reading.findings],
        "not_assessable": list(reading.not_assessable),
    }


def decided_payload(row: Adjudication) -> Payload:
    """Return what an adjudicator decided; ``row`` from ``with_decisions``."""
    return {
        "stage": row.stage,
        "is_unreadable": row.is_unreadable,
        "answers": [
            {
                "class": decision.diagnostic_class.code,
                "answer": decision.answer,
                "overrules": decision.overrules,
                "reason": decision.reason,
            }
            for decision in row.decisions.all()
        ],
        "comment": row.comment,
    }


def last_payload(user: User, *, now: datetime) -> Payload | None:
    """Return ``user``'s last submission while they can take it back, else None."""
    correctable = corrections.latest(user, now=now)
    return correctable and {
        "id": correctable[0].pk,
        "code": correctable[0].code,
        "until": correctable[1],
    }


def exam_payload(assignment: Assignment) -> Payload:
    """Return what the protocol lets a reader know about an exam, which never includes its source.

    Its code and the URLs of its tracings are those of the assignment, so a hidden repeat
    looks like any other exam, and two readers cannot match their exams.
    """
    exam = assignment.exam
    shows_age_and_sex = assignment.batch.clinical_information == ClinicalInformation.AGE_AND_SEX
    previous = previous_exams.shown_with(assignment)
    return {
        "code": assignment.code,
        "age_years": exam.age_years if shows_age_and_sex else None,
        "sex": exam.sex if shows_age_and_sex else None,
        "tracings": _tracings(exam, assignment, "api-assignment-tracing"),
        "prior": previous
        and {
            "days_before": previous.days_before,
            "tracings": _tracings(previous.exam, assignment, "api-prior-tracing"),
        },
    }


def _tracings(exam: Exam, assignment: Assignment, address: str) -> list[Payload]:
    """Return positions and URLs of ``exam``'s tracings, for the reader of ``assignment``."""
    positions = exam.tracings.order_by("position").values_list("position", flat=True)
    return [
        {
            "position": position,
            "href": reverse(address, kwargs={"pk": assignment.pk, "position": position}),
        }
        for position in positions
    ]


def draft_payload(draft: Draft) -> Payload:
    """Return the content of a draft, and the version on which the next change must be based.

    Fields that did not exist when the draft was saved get default values.
    """
    content = {"not_assessable": [], "problems": [], **draft.content}
    content["findings"] = [
        {"localisations": [], "measurements": [], **finding}
        for finding in draft.content.get("findings", [])
    ]
    return {"version": draft.version, "content": content}


def is_deferred(assignment: Assignment) -> bool:
    """Return whether the reader skipped ``assignment`` and has not read it since."""
    return assignment.deferred_at is not None and assignment.state != AssignmentState.READ


def reading_payload(reading: Reading) -> Payload:
    """Return a reading as it was submitted.

    Its ID is the idempotency key, because a row number would reveal how many readings others
    submitted. Fetch the reading through ``with_findings``, for a stable order and a constant number
    of queries.
    """
    return {
        "id": str(reading.idempotency_key),
        "stage": reading.stage,
        "outcome": reading.outcome,
        "findings": [_finding_payload(finding) for finding in reading.findings.all()],
        "not_assessable": [item.diagnostic_class.code for item in reading.not_assessable.all()],
        "quality": reading.quality,
        "problems": reading.problems,
        "comment": reading.comment,
        "reason": reading.reason,
        "decisions": [
            {"class": row.diagnostic_class.code, "verdict": row.verdict}
            for row in reading.decisions.all()
        ],
        "confirmed": [row.diagnostic_class.code for row in reading.confirmations.all()],
        "submitted_at": reading.submitted_at,
    }


def _finding_payload(finding: Finding) -> Payload:
    return {
        "class": finding.diagnostic_class.code,
        "certainty": finding.certainty,
        "localisations": finding.localisations,
        "measurements": finding.measurements,
    }


def with_findings(readings: QuerySet[Reading]) -> QuerySet[Reading]:
    """Prefetch findings and other answers about classes, in the order of the classes."""
    findings = Finding.objects.select_related("diagnostic_class")
    not_assessable = NotAssessable.objects.select_related("diagnostic_class")
    decided = Decision.objects.select_related("diagnostic_class")
    confirmed = Confirmation.objects.select_related("diagnostic_class")
    place = "diagnostic_class__position"
    return readings.prefetch_related(
        Prefetch("findings", findings.order_by(place)),
        Prefetch("not_assessable", not_assessable.order_by(place)),
        Prefetch("decisions", decided.order_by(place)),
        Prefetch("confirmations", confirmed.order_by(place)),
    )


def with_states(assignments: QuerySet[Assignment]) -> QuerySet[Assignment]:
    """Annotate what ``summary_payload`` needs to derive the state."""
    return assignments.select_related("batch__study").annotate(
        has_draft=Exists(Draft.objects.filter(assignment=OuterRef("pk"))),
    )


def summary_payload(assignment: Assignment) -> Payload:
    """Return a row of the worklist, for an assignment from ``with_states``."""
    return {
        "id": assignment.pk,
        "exam": assignment.code,
        "batch": _batch_payload(assignment.batch),
        "study": assignment.batch.study.slug,
        "state": WorkState.of(
            is_submitted=assignment.state == AssignmentState.READ,
            has_draft=vars(assignment)["has_draft"],
        ),
        "is_deferred": is_deferred(assignment),
    }


def next_id(assignment: Assignment, user: User) -> int | None:
    """Return the ID of the assignment to read after this one, or None.

    After the last unread exam come the unread ones before this one, and then skipped exams, in the
    order in which they were skipped. In a pool, this returns no skipped exam, because readers get
    those only when there is nothing else to take. Returns None while ``user`` gets no exams, for
    example because their reading is paused.
    """
    unread = (
        Assignment.objects.visible_to(user)
        .unread()
        .filter(batch=assignment.batch_id, batch__in=Batch.objects.serving(user))
        .exclude(pk=assignment.pk)
    )
    in_turn = unread.filter(deferred_at=None).in_reading_order()
    following = _next_of(in_turn, Q(position__gt=assignment.position))
    if following is not None or assignment.batch.handout == Handout.POOLED:
        return following
    deferred = unread.filter(deferred_at__isnull=False).order_by("deferred_at", "pk")
    deferred_at = assignment.deferred_at
    return _next_of(deferred, Q(deferred_at__gt=deferred_at) if deferred_at else Q())


def _next_of(rows: QuerySet[Assignment], is_later: Q) -> int | None:
    """Return the ID of the first later row; if there is none, of the first row, or None."""
    ids = rows.values_list("pk", flat=True)
    later = ids.filter(is_later).first()
    return later if later is not None else ids.first()


# Only this many of the latest notices are sent to a client.
NOTICES_SHOWN = 100


def notice_payload(notice: Notice) -> Payload:
    """Return the text of ``notice`` in the current language, and its link.

    The ID is left out, because a row number would reveal how many notices others got.
    """
    words = wording.of(notice)
    return {
        "kind": notice.kind,
        "title": words.title,
        "text": words.text,
        "href": _notice_href(notice),
        "created_at": notice.created_at,
        "is_seen": notice.seen_at is not None,
    }


def classes_payload(taxonomy: Taxonomy) -> list[Payload]:
    """Return the classes of ``taxonomy`` in order, with their relations by code."""
    related = _relations(taxonomy)
    classes = taxonomy.classes.select_related("group").order_by("position")
    return [_class_payload(item, related) for item in classes]


def taxonomy_payload(taxonomy: Taxonomy) -> Payload:
    """Return a taxonomy's name, version, status, banners and number of classes."""
    return {
        "id": taxonomy.pk,
        "name": taxonomy.name,
        "version": taxonomy.version,
        "status": taxonomy.status,
        "banner": taxonomy.banner,
        "banner_pt": taxonomy.banner_pt,
        "n_classes": taxonomy.classes.count(),
    }


# The codes of related classes, by (relation kind, code of the class).
Relations = dict[tuple[str, str], list[str]]


def _class_payload(item: DiagnosticClass, related: Relations) -> Payload:
    return {
        "code": item.code,
        "abbreviation": item.abbreviation,
        "name": item.name,
        "name_pt": item.name_pt,
        "group": item.group.code,
        "group_name": item.group.name,
        "group_name_pt": item.group.name_pt,
        "definition": item.definition,
        "definition_pt": item.definition_pt,
        "is_exclusive": item.is_exclusive,
        "excludes": related[RelationKind.EXCLUDES, item.code],
        "implies": related[RelationKind.IMPLIES, item.code],
        "soft_conflicts": related[RelationKind.SOFT_CONFLICT, item.code],
        "synonyms": list(synonyms().get(item.code, ())),
        "position": item.position,
        "codes": item.codes,
        "evidence": item.evidence,
        "sources": item.sources,
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
    """Return the URL of the page that ``notice`` links to, or an empty string."""
    kind, batch = NoticeKind(notice.kind), notice.data.get("batch_id")
    if kind in TO_WORKLIST:
        return reverse("worklist")
    if kind in TO_FEEDBACK and batch:
        return reverse("feedback", kwargs={"pk": batch})
    if kind in TO_AGREEMENT and batch:
        return reverse("batch-agreement", kwargs={"pk": batch})
    if kind in TO_AGREEMENT and notice.data.get("slug"):
        return reverse("study-agreement", kwargs={"slug": notice.data["slug"]})
    return reverse("audit") if kind == NoticeKind.AUDIT_BROKEN else ""


TO_AGREEMENT = (NoticeKind.COUNTS_REPAIRED, NoticeKind.RECOUNT_FAILED)
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


# At most this many waiting exams are counted to compute a position, which is then too small for
# exams further back. The desk only loads exams near the front, and lists show only a few more.
NEAR = 1000


def _queue(assignment: Assignment, user: User) -> Payload:
    """Return ``user``'s progress in their own part of the batch.

    A pool has no total, because nobody knows how many exams a reader will get. A single query
    computes all numbers, so they are consistent even if the user submits in another tab meanwhile.
    """
    seat = (
        Seat.objects.filter(batch=assignment.batch_id, reader=user)
        .annotate(
            is_read=Exists(Assignment.objects.filter(pk=assignment.pk, state=AssignmentState.READ)),
            n_ahead=_length(_ahead(assignment, user)),
            n_held=_length(
                Assignment.objects.held_back().filter(batch=OuterRef("batch"), reader=user)
            ),
        )
        .get()
    )
    annotated = vars(seat)  # mypy doesn't know annotated values as attributes of the model
    is_pooled = assignment.batch.handout == Handout.POOLED
    place = seat.n_read + annotated["n_ahead"] + 1
    return {
        "position": min(assignment.position, seat.n_read) if annotated["is_read"] else place,
        "total": None if is_pooled else seat.n_assigned - annotated["n_held"],
        "submitted": seat.n_read,
    }


def _ahead(assignment: Assignment, user: User) -> QuerySet[Assignment]:
    """Return ``user``'s assignments that come before ``assignment`` in the batch, nearest first.

    Their number plus the number of read exams, plus one, is the position. Stored positions would
    have gaps where hidden repeats are held back. The order makes PostgreSQL use the index.
    """
    waiting = Assignment.objects.visible_to(user).waiting().filter(batch=assignment.batch_id)
    if assignment.deferred_at:
        earlier = Q(deferred_at=None) | Q(deferred_at__lt=assignment.deferred_at)
        return waiting.filter(earlier).exclude(pk=assignment.pk).order_by("position")[:NEAR]
    in_turn = waiting.filter(deferred_at=None, position__lt=assignment.position)
    return in_turn.order_by("-position")[:NEAR]


def _length(rows: QuerySet[Assignment]) -> Func:
    return Func(
        ArraySubquery(rows.values("pk")), function="CARDINALITY", output_field=IntegerField()
    )

"""The worklist, drafts, submissions and readings."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Case, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from annotations import desk_payloads, tasks
from annotations.api import paging, reading_inputs, serializers, shapes
from annotations.api.base import ApiView, UserRequest, checked
from annotations.api.headers import KEY, idempotency_key
from annotations.models import Assignment, Batch, Reading, TokenScope, User
from annotations.models.reading import ReadingQuerySet
from annotations.services.assignment import deferrals, guards, leases
from annotations.services.blinding import reader_names, results_seen
from annotations.services.reading import corrections, drafts, submissions

WORKLIST_ORDER = {"batch_id": int, "position": int}
READINGS_ORDER = {"assignment_id": int, "stage": str}
CURSOR = [OpenApiParameter("after"), OpenApiParameter("limit", int)]


class Assignments(ApiView):
    parameters = paging.PARAMETERS | {"state"}

    @extend_schema(
        operation_id="assignments",
        parameters=[*CURSOR, OpenApiParameter("state", enum=["open"])],
        responses=shapes.page_of(shapes.AssignmentSummaryShape),
    )
    def get(self, request: UserRequest) -> Response:
        """List your assignments in reading order; with `state=open`, only unread ones."""
        assignments = Assignment.objects.visible_to(request.user)
        state = request.query_params.get("state")
        if state not in (None, "open"):
            raise ValidationError({"state": [_("Send “open”, or leave out this parameter.")]})
        rows = assignments.unread() if state else assignments
        return Response(
            paging.page(
                desk_payloads.with_states(rows),
                request,
                WORKLIST_ORDER,
                desk_payloads.summary_payload,
            )
        )


class AssignmentDetail(ApiView):
    @extend_schema(operation_id="assignment", responses=shapes.AssignmentShape)
    def get(self, request: UserRequest, pk: int) -> Response:
        """Return one of your assignments: the exam, your draft or reading, and your progress."""
        own = _own(request, pk)
        guards.refuse_unserved(own, request.user)
        return Response(desk_payloads.assignment_payload(own, request.user, now=timezone.now()))


class DraftDetail(ApiView):
    scope = TokenScope.LABEL

    @extend_schema(
        operation_id="draft_save",
        request=reading_inputs.DraftInput,
        responses={200: shapes.DraftVersionShape, 409: shapes.StaleDraftShape},
    )
    def put(self, request: UserRequest, pk: int) -> Response:
        """Save the draft as the version after `based_on`."""
        draft = drafts.save(
            assignment_id=pk,
            reader=request.user,
            now=timezone.now(),
            **checked(reading_inputs.DraftInput, request.data),
        )
        return Response({"version": draft.version})


class ReadingCreate(ApiView):
    scope = TokenScope.LABEL

    @extend_schema(
        operation_id="reading_submit",
        parameters=[OpenApiParameter(KEY, UUID, "header", required=True)],
        request=reading_inputs.ReadingInput,
        responses={
            201: shapes.AcceptedShape,
            200: shapes.AcceptedShape,
            409: shapes.StaleDraftShape,
        },
    )
    def post(self, request: UserRequest, pk: int) -> Response:
        """Submit the reading. Sending it again with the same key has no further effect."""
        now, key = timezone.now(), idempotency_key(request)
        data = checked(reading_inputs.ReadingInput, request.data)
        submission = submissions.submit(
            assignment_id=pk,
            reader=request.user,
            based_on=data["based_on"],
            signed=reading_inputs.signed(data, key),
            supersedes=data["supersedes"],
            now=now,
        )
        tasks.nudge(tasks.refresh_agreement)
        reading = submission.reading
        payload = {
            "id": str(reading.idempotency_key),
            "submitted_at": reading.submitted_at,
            "undo_until": corrections.until(reading, now=now),
            "next": _next(reading.assignment, request.user),
        }
        return Response(payload, status=200 if submission.is_repeat else 201)


class DeferralCreate(ApiView):
    scope = TokenScope.LABEL

    @extend_schema(
        operation_id="assignment_defer", request=serializers.Nothing, responses=shapes.NextShape
    )
    def post(self, request: UserRequest, pk: int) -> Response:
        """Skip the exam for now; it moves to the end of your queue and keeps your draft."""
        checked(serializers.Nothing, request.data)
        deferred = deferrals.defer(assignment_id=pk, reader=request.user, now=timezone.now())
        following = _next(deferred, request.user)
        return Response({"next": None if following == pk else following})


class Readings(ApiView):
    parameters = paging.PARAMETERS

    @extend_schema(
        operation_id="readings", parameters=CURSOR, responses=shapes.page_of(shapes.ReadingShape)
    )
    def get(self, request: UserRequest) -> Response:
        """List the readings you may see, except superseded ones."""
        rows = desk_payloads.with_findings(_visible(request).effective())
        _note_results(request)
        return Response(
            paging.page(rows, request, READINGS_ORDER, lambda row: _reading(row, request))
        )


class ReadingDetail(ApiView):
    @extend_schema(operation_id="reading", responses=shapes.ReadingShape)
    def get(self, request: UserRequest, key: UUID) -> Response:
        """Return a reading, even if it has been superseded."""
        readings = desk_payloads.with_findings(_visible(request)).filter(idempotency_key=key)
        # Two readers may have used the same key: prefer your own reading, then the earliest.
        reading = readings.order_by(_own_first(request.user), "pk").first()
        if reading is None:
            raise Reading.DoesNotExist
        if reading.reader_id != request.user.pk:
            _note_results(request)
        return Response(_reading(reading, request))


def _own_first(user: User) -> Case:
    return Case(When(reader=user, then=Value(0)), default=Value(1))


def _own(request: UserRequest, pk: int) -> Assignment:
    assignments = Assignment.objects.visible_to(request.user)
    return assignments.select_related("exam", "batch__study", "batch__taxonomy").get(pk=pk)


def _next(assignment: Assignment, user: User) -> int | None:
    """Return the id of the next assignment; in a pooled batch this takes a lease on it."""
    next_id = desk_payloads.next_id(assignment, user)
    if next_id is not None:
        return next_id
    return leases.next_id(assignment=assignment, now=timezone.now())


def _note_results(request: UserRequest) -> None:
    """Record that the user has seen the readings of all batches whose results they may see."""
    if request.user.has_perm("annotations.view_closed_readings"):
        batches = Batch.objects.all().with_open_results().not_read_by(request.user)
        results_seen.results(batches=batches, user=request.user, now=timezone.now())


def _visible(request: UserRequest) -> ReadingQuerySet:
    # Prefetched: PostgreSQL would compute a join for all readings before applying the limit.
    return Reading.objects.visible_to(request.user).prefetch_related(
        "assignment__exam", "assignment__reader", "assignment__batch__study"
    )


def _reading(reading: Reading, request: UserRequest) -> desk_payloads.Payload:
    assignment = reading.assignment
    is_own = reading.reader_id == request.user.pk
    study = assignment.batch.study
    return {
        **desk_payloads.reading_payload(reading),
        "exam": assignment.code if is_own else assignment.exam.code,
        "batch": assignment.batch_id,
        "reader": "me" if is_own else reader_names.pseudonym(study, reading.reader_id),
        "reader_kind": assignment.reader.kind,
    }

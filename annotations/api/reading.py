"""What a reader does: the worklist, drafts, submissions, and suggestions after the fact."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from annotations import payloads, tasks
from annotations.api import paging, serializers, shapes
from annotations.api.base import ApiView, UserRequest, answer, checked
from annotations.models import Assignment, Reading, Stage, SuggestionPolicy, SuggestionRun
from annotations.services import drafts, export, readings

WORKLIST_ORDER = {"batch_id": int, "order_key": str, "pk": int}
READINGS_ORDER = {"assignment_id": int, "stage": str}
CURSOR = [OpenApiParameter("after"), OpenApiParameter("limit", int)]


class Assignments(ApiView):
    """One's own worklist."""

    parameters = paging.PARAMETERS | {"state"}

    @extend_schema(
        operation_id="assignments",
        parameters=[*CURSOR, OpenApiParameter("state", enum=["open"])],
        responses=shapes.page_of(shapes.AssignmentSummaryShape),
    )
    def get(self, request: UserRequest) -> Response:
        """List one's own assignments in reading order; `state=open` leaves out what is done."""
        mine = Assignment.objects.visible_to(request.user)
        state = request.query_params.get("state")
        if state not in (None, "open"):
            raise ValidationError({"state": ["Must be `open`, or left out."]})
        rows = mine.unread() if state else mine
        return answer(
            paging.page(
                payloads.with_states(rows), request, WORKLIST_ORDER, payloads.summary_payload
            )
        )


class AssignmentDetail(ApiView):
    """An exam to read."""

    @extend_schema(operation_id="assignment", responses=shapes.AssignmentShape)
    def get(self, request: UserRequest, pk: int) -> Response:
        """Tell all the reading desk needs about one of one's own assignments."""
        return answer(payloads.assignment_payload(_own(request, pk), request.user))


class DraftDetail(ApiView):
    """What a reader has entered so far."""

    @extend_schema(
        operation_id="draft_save",
        request=serializers.DraftInput,
        responses={200: shapes.DraftVersionShape, 409: shapes.StaleDraftShape},
    )
    def put(self, request: UserRequest, pk: int) -> Response:
        """Save the draft as the version after `based_on`."""
        draft = drafts.save(
            assignment_id=pk,
            reader=request.user,
            now=timezone.now(),
            **checked(serializers.DraftInput, request.data),
        )
        return answer({"version": draft.version})


class ReadingCreate(ApiView):
    """The act of signing."""

    @extend_schema(
        operation_id="reading_submit",
        parameters=[OpenApiParameter("Idempotency-Key", UUID, "header", required=True)],
        request=serializers.ReadingInput,
        responses={
            201: shapes.AcceptedShape,
            200: shapes.AcceptedShape,
            409: shapes.StaleDraftShape,
        },
    )
    def post(self, request: UserRequest, pk: int) -> Response:
        """Sign the reading; the same key sent again gives the same answer and no second reading."""
        submission = readings.submit(
            assignment_id=pk,
            reader=request.user,
            idempotency_key=_idempotency_key(request),
            now=timezone.now(),
            **checked(serializers.ReadingInput, request.data),
        )
        tasks.nudge(tasks.refresh_agreement)
        reading = submission.reading
        payload = {
            "id": str(reading.idempotency_key),
            "submitted_at": reading.submitted_at,
            "next": payloads.next_id(reading.assignment, request.user),
        }
        return answer(payload, status=200 if submission.is_repeat else 201)


class AssignmentSuggestions(ApiView):
    """What a model suggests, once one's own reading is signed."""

    @extend_schema(operation_id="suggestions", responses=shapes.SuggestionsShape)
    def get(self, request: UserRequest, pk: int) -> Response:
        """Tell what the model suggests; not found before the study's policy allows it."""
        allowed = Assignment.objects.visible_to(request.user).filter(
            readings__stage=Stage.BLIND,
            batch__study__suggestion_policy=SuggestionPolicy.AFTER_COMMIT,
        )
        runs = SuggestionRun.objects.visible_to(request.user).filter(
            exam=allowed.get(pk=pk).exam_id
        )
        return answer(_suggestions(runs.select_related("model").latest("requested_at", "pk")))


class Readings(ApiView):
    """The readings that one may see: one's own, and by role those of closed batches."""

    parameters = paging.PARAMETERS

    @extend_schema(
        operation_id="readings", parameters=CURSOR, responses=shapes.page_of(shapes.ReadingShape)
    )
    def get(self, request: UserRequest) -> Response:
        """List the readings that one may see."""
        rows = payloads.with_findings(_visible(request))
        return answer(
            paging.page(rows, request, READINGS_ORDER, lambda row: _reading(row, request))
        )


class ReadingDetail(ApiView):
    """A reading that one may see."""

    @extend_schema(operation_id="reading", responses=shapes.ReadingShape)
    def get(self, request: UserRequest, key: UUID) -> Response:
        """Tell what a reading says."""
        return answer(
            _reading(payloads.with_findings(_visible(request)).get(idempotency_key=key), request)
        )


def _own(request: UserRequest, pk: int) -> Assignment:
    mine = Assignment.objects.visible_to(request.user)
    return mine.select_related("exam", "batch__study").get(pk=pk)


def _visible(request: UserRequest) -> QuerySet[Reading]:
    return Reading.objects.visible_to(request.user).select_related(
        "assignment__exam", "assignment__reader", "assignment__batch__study"
    )


def _reading(reading: Reading, request: UserRequest) -> payloads.Payload:
    assignment = reading.assignment
    is_own = assignment.reader_id == request.user.pk
    pseudonym = export.pseudonym(assignment.batch.study, assignment.reader_id)
    return {
        **payloads.reading_payload(reading),
        "exam": assignment.exam.code,
        "batch": assignment.batch_id,
        "reader": "me" if is_own else pseudonym,
    }


def _suggestions(run: SuggestionRun) -> payloads.Payload:
    found = run.suggestions.order_by("-strength", "diagnostic_class__position").values_list(
        "diagnostic_class__code", "evidence", "strength"
    )
    return {
        "model": run.model.name,
        "version": run.model.version,
        "covered_classes": run.model.covered_classes,
        "suggestions": [
            {"class": code, "evidence": evidence, "strength": strength}
            for code, evidence, strength in found
        ],
        "measurements": run.measurements,
    }


def _idempotency_key(request: UserRequest) -> UUID:
    try:
        return UUID(request.headers.get("Idempotency-Key", ""))
    except ValueError as error:
        raise ValidationError(
            {"Idempotency-Key": ["Send a random UUID in this header."]}
        ) from error

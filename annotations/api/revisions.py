"""After the blind reading: view suggestions, submit a revision, confirm suggestions."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from annotations import desk_payloads
from annotations.api import reading_inputs, shapes
from annotations.api.base import ApiView, UserRequest, checked
from annotations.api.headers import KEY, idempotency_key
from annotations.models import Assignment, SuggestionRun, Taxonomy, TokenScope
from annotations.services.assignment import guards, leases
from annotations.services.reading import confirmations, revisions
from annotations.services.suggestions import offers


class AssignmentSuggestions(ApiView):
    scope_of_get = TokenScope.LABEL  # seeing suggestions ends the correction period

    @extend_schema(operation_id="suggestions", responses=shapes.SuggestionsShape)
    def get(self, request: UserRequest, pk: int) -> Response:
        """Return the model's suggestions; not found until the study's policy allows them."""
        own = _own(request, pk)
        run = offers.show(assignment=own, now=timezone.now())
        return Response(_suggestions(run, own.batch.taxonomy))


class ViewingCreate(ApiView):
    scope = TokenScope.LABEL

    @extend_schema(
        operation_id="suggestions_viewed",
        parameters=[OpenApiParameter(KEY, UUID, "header", required=True)],
        request=reading_inputs.ViewingInput,
        responses=shapes.ViewingShape,
    )
    def post(self, request: UserRequest, pk: int) -> Response:
        """Record how long the suggestions were visible; not found if none were shown."""
        viewing = offers.view(
            assignment=_own(request, pk),
            key=idempotency_key(request),
            now=timezone.now(),
            **checked(reading_inputs.ViewingInput, request.data),
        )
        return Response({"shown_ms": viewing.shown_ms})


class RevisionCreate(ApiView):
    scope = TokenScope.LABEL

    @extend_schema(
        operation_id="revision_submit",
        parameters=[OpenApiParameter(KEY, UUID, "header", required=True)],
        request=reading_inputs.RevisionInput,
        responses={201: shapes.RevisedShape, 200: shapes.RevisedShape},
    )
    def post(self, request: UserRequest, pk: int) -> Response:
        """Submit a revision, once. Results still count the blind reading, which is kept."""
        now, key = timezone.now(), idempotency_key(request)
        data = checked(reading_inputs.RevisionInput, request.data)
        submission = revisions.submit(
            assignment_id=pk,
            reader=request.user,
            reason=data["reason"],
            signed=reading_inputs.signed(data, key),
            now=now,
        )
        revision = submission.reading
        following = desk_payloads.next_id(revision.assignment, request.user)
        if following is None:
            following = leases.next_id(assignment=revision.assignment, now=timezone.now())
        payload = {
            "id": str(revision.idempotency_key),
            "submitted_at": revision.submitted_at,
            "next": following,
        }
        return Response(payload, status=200 if submission.is_repeat else 201)


class ConfirmationCreate(ApiView):
    scope = TokenScope.LABEL

    @extend_schema(
        operation_id="suggestion_confirm",
        request=reading_inputs.ConfirmationInput,
        responses={201: shapes.ConfirmationShape, 200: shapes.ConfirmationShape},
    )
    def post(self, request: UserRequest, pk: int) -> Response:
        """Confirm a suggestion, once per class. The reading itself does not change."""
        data = checked(reading_inputs.ConfirmationInput, request.data)
        confirmation, is_repeat = confirmations.confirm(
            assignment_id=pk, reader=request.user, code=data["class"], now=timezone.now()
        )
        payload = {"class": data["class"], "confirmed_at": confirmation.confirmed_at}
        return Response(payload, status=200 if is_repeat else 201)


def _own(request: UserRequest, pk: int) -> Assignment:
    assignments = Assignment.objects.visible_to(request.user)
    assignment = assignments.select_related("batch__study", "batch__taxonomy", "reader").get(pk=pk)
    guards.refuse_blocked(assignment)
    return assignment


def _suggestions(run: SuggestionRun, taxonomy: Taxonomy) -> desk_payloads.Payload:
    """Return the suggestions of ``run``, limited to the classes in the batch's taxonomy."""
    codes_of_batch = set(taxonomy.classes.values_list("code", flat=True))
    ordered = run.suggestions.named_in(taxonomy).order_by("diagnostic_class__position")
    suggestions = ordered.values_list("diagnostic_class__code", "evidence", "marks")
    return {
        "model": run.model.name,
        "version": run.model.version,
        "qt_correction": run.model.qt_correction,
        "covered_classes": [code for code in run.model.covered_classes if code in codes_of_batch],
        "suggestions": [
            {"class": code, "evidence": evidence, "marks": marks or None}
            for code, evidence, marks in suggestions
        ],
        "verdicts": [verdict for verdict in run.verdicts if verdict["class"] in codes_of_batch],
        "measurements": run.measurements,
    }

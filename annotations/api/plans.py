"""Plans: create and release the batches of a study, and follow its progress."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from annotations.api.base import ApiView, UserRequest, checked
from annotations.api.serializers import Strict
from annotations.api.shapes import Anything, Shape
from annotations.desk_payloads import Payload
from annotations.models import Batch, ReaderKind, Study, StudyReaderStatus
from annotations.services.assignment import batches as assignment_batches
from annotations.services.assignment import plan_preview, plans, progress
from annotations.services.assignment.progress import BatchProgress, ReaderProgress
from annotations.services.blinding import reader_names
from annotations.services.blinding.reader_names import ReaderNames
from annotations.services.blinding.rules import is_blinded_to, refuse_readers


class PlanInput(Strict):
    """How to plan batches from exams that are not assigned yet."""

    name = serializers.CharField(max_length=110)
    n_exams = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    n_batches = serializers.IntegerField(
        required=False, default=1, min_value=1, max_value=plans.MAX_BATCHES
    )
    due_on = serializers.DateField(required=False, allow_null=True)


class PlannedShape(Shape):
    """A planned batch; its readers cannot see it before its release."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    due_on = serializers.DateField(allow_null=True)
    balance = Anything(
        allow_null=True,
        help_text="Loads, pairs, repeats and minimum gaps; null if you are a reader of the study.",
    )
    order = Anything(
        allow_null=True,
        help_text="Whether the exam orders show a pattern; null if you are a reader of the study.",
    )


class PlansShape(Shape):
    batches = PlannedShape(many=True)


class StudyReaderProgressShape(Shape):
    """Progress of one reader, without their findings."""

    username = serializers.CharField(
        allow_null=True, help_text="Null unless you are a coordinator."
    )
    name = serializers.CharField(
        help_text="A pseudonym within the study, unless you are a coordinator."
    )
    kind = serializers.ChoiceField(choices=ReaderKind.choices)
    status = serializers.ChoiceField(choices=StudyReaderStatus.choices)
    n_assigned = serializers.IntegerField()
    n_submitted = serializers.IntegerField()
    n_left = serializers.IntegerField()
    n_missing = serializers.IntegerField(help_text="Exams not read before their batch was closed.")
    n_overdue = serializers.IntegerField()
    n_given_back = serializers.IntegerField()
    n_abstained = serializers.IntegerField()
    last_reading_at = serializers.DateTimeField(allow_null=True)
    idle_days = serializers.IntegerField(allow_null=True)
    readings_per_day = serializers.FloatField()
    median_active_s = serializers.FloatField(allow_null=True)
    finish_on = serializers.DateField(allow_null=True)
    too_fast_share = serializers.FloatField(allow_null=True)
    is_too_fast = serializers.BooleanField()
    odd_run_length = serializers.IntegerField(
        allow_null=True,
        help_text="Length of a run of identical readings that is too long to be chance.",
    )


class BatchProgressShape(Shape):
    """Progress of one released batch."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    due_on = serializers.DateField(allow_null=True)
    is_open = serializers.BooleanField()
    is_overdue = serializers.BooleanField()
    n_wanted = serializers.IntegerField()
    n_submitted = serializers.IntegerField()
    n_missing = serializers.IntegerField(
        help_text="Readings that will never be submitted: batch closed, or reader abstained."
    )
    finish_on = serializers.DateField(allow_null=True)


class StudyProgressShape(Shape):
    """Progress of a study."""

    n_wanted = serializers.IntegerField()
    n_submitted = serializers.IntegerField()
    n_missing = serializers.IntegerField(help_text="Readings that will never be submitted.")
    finish_on = serializers.DateField(
        allow_null=True,
        help_text="When the last exam will be read; null if never at this pace.",
    )
    readings_per_day = serializers.FloatField()
    readers = StudyReaderProgressShape(many=True)
    batches = BatchProgressShape(many=True)


class StudyPlans(ApiView):
    required_permissions = {"POST": "add_batch"}

    @extend_schema(operation_id="study_plan", request=PlanInput, responses={201: PlansShape})
    def post(self, request: UserRequest, slug: str) -> Response:
        """Plan batches of exams that are not assigned yet. Release them in a second step.

        Exams that lack a reading are assigned again, unless you are a reader of the study: the gaps
        would reveal who abstained.
        """
        data = checked(PlanInput, request.data)
        study = Study.objects.visible_to(request.user).get(slug=slug)
        is_hidden = is_blinded_to(study, request.user)
        batches = plans.plan(
            study=study,
            name=data["name"],
            n_exams=data.get("n_exams"),
            n_batches=data["n_batches"],
            due_on=data.get("due_on"),
            created_by=request.user,
            now=timezone.now(),
            is_filling_up=not is_hidden,
        )
        planned = [_planned(batch, is_hidden=is_hidden) for batch in batches]
        return Response({"batches": planned}, status=201)


class BatchPlan(ApiView):
    required_permissions = {"DELETE": "add_batch"}

    @extend_schema(operation_id="batch_discard", responses={204: None})
    def delete(self, request: UserRequest, pk: int) -> Response:
        """Discard a planned batch; its exams can be planned again."""
        batch = Batch.objects.visible_to(request.user).get(pk=pk)
        plans.discard(batch_id=batch.pk, actor=request.user, now=timezone.now())
        return Response(status=204)


class ReleaseInput(Strict):
    """The due date of the batch, if any."""

    due_on = serializers.DateField(required=False, allow_null=True)


class ReleasedShape(Shape):
    id = serializers.IntegerField()
    released_at = serializers.DateTimeField()
    due_on = serializers.DateField(allow_null=True)


class BatchRelease(ApiView):
    required_permissions = {"POST": "add_batch"}

    @extend_schema(operation_id="batch_release", request=ReleaseInput, responses=ReleasedShape)
    def post(self, request: UserRequest, pk: int) -> Response:
        """Release a planned batch to its readers."""
        data = checked(ReleaseInput, request.data)
        batch = Batch.objects.visible_to(request.user).get(pk=pk)
        released = assignment_batches.release(
            batch_id=batch.pk, actor=request.user, now=timezone.now(), due_on=data.get("due_on")
        )
        return Response(
            {
                "id": released.pk,
                "released_at": released.released_at,
                "due_on": released.due_on,
            }
        )


class StudyProgress(ApiView):
    required_permissions = {"GET": "view_batch"}

    @extend_schema(operation_id="study_progress", responses=StudyProgressShape)
    def get(self, request: UserRequest, slug: str) -> Response:
        """Return progress, pace and time remaining; hidden from readers of the study."""
        study = Study.objects.visible_to(request.user).get(slug=slug)
        refuse_readers(study, request.user)
        study_progress = progress.of_study(study=study, now=timezone.now())
        names = reader_names.names_for(request.user, study)
        return Response(
            {
                "n_wanted": study_progress.n_wanted,
                "n_submitted": study_progress.n_read,
                "n_missing": study_progress.n_missing,
                "readings_per_day": study_progress.per_day,
                "finish_on": study_progress.finish_on,
                "readers": [_reader(reader, names) for reader in study_progress.readers],
                "batches": [_batch(batch) for batch in study_progress.batches],
            }
        )


def _planned(batch: Batch, *, is_hidden: bool) -> Payload:
    """Return a planned batch; readers of the study must not learn of its repeats."""
    summary: Payload = {"id": batch.pk, "name": batch.name, "due_on": batch.due_on}
    if is_hidden:
        return {**summary, "balance": None, "order": None}
    report = plan_preview.balance_report(batch)
    balance: dict[str, Any] = report.own.as_dict()
    return {
        **summary,
        # Counts by reader are keyed by primary keys, which mean nothing to clients.
        "balance": {key: value for key, value in balance.items() if not key.endswith("_by_reader")},
        "order": report.order.as_dict(),
    }


def _reader(reader: ReaderProgress, names: ReaderNames) -> Payload:
    return {
        "username": names.username_of(reader.user),
        "name": names.of(reader.user),
        "kind": reader.user.kind,
        "status": reader.status,
        "n_assigned": reader.n_assigned,
        "n_submitted": reader.n_read,
        "n_left": reader.n_left,
        "n_missing": reader.n_missing,
        "n_overdue": reader.n_overdue,
        "n_given_back": reader.n_lapsed,
        "n_abstained": reader.n_abstained,
        "last_reading_at": reader.pace.last_at,
        "idle_days": reader.idle_days,
        "readings_per_day": reader.pace.per_day,
        "median_active_s": reader.pace.median_s,
        "finish_on": reader.finish_on,
        "too_fast_share": reader.haste.share,
        "is_too_fast": reader.haste.is_flagged,
        "odd_run_length": reader.run.length if reader.run.is_flagged else None,
    }


def _batch(batch_progress: BatchProgress) -> Payload:
    return {
        "id": batch_progress.batch.pk,
        "name": batch_progress.batch.name,
        "due_on": batch_progress.batch.due_on,
        "is_open": batch_progress.batch.is_open,
        "is_overdue": batch_progress.is_overdue,
        "n_wanted": batch_progress.n_wanted,
        "n_submitted": batch_progress.n_read,
        "n_missing": batch_progress.n_missing,
        "finish_on": batch_progress.finish_on,
    }

"""Plan and release batches of a study, and follow its progress."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from annotations.api.base import ApiView, UserRequest, answer, checked
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
        help_text="Loads, pairs, repeats and minimum distances; null if you read in the study.",
    )
    order = Anything(
        allow_null=True,
        help_text="Whether the readers' orders show a pattern; null if you read in the study.",
    )


class PlansShape(Shape):
    batches = PlannedShape(many=True)


class ReaderComingOnShape(Shape):
    """Progress of one reader, without anything about their answers."""

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
    n_missing = serializers.IntegerField(help_text="Not read when their batches were closed.")
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
        allow_null=True, help_text="Length of a run of identical answers too long for chance."
    )


class BatchComingOnShape(Shape):
    """Progress of one released batch."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    due_on = serializers.DateField(allow_null=True)
    is_open = serializers.BooleanField()
    is_overdue = serializers.BooleanField()
    n_wanted = serializers.IntegerField()
    n_submitted = serializers.IntegerField()
    n_missing = serializers.IntegerField(
        help_text="Readings that will not be made: the batch is closed, or a reader abstained."
    )
    finish_on = serializers.DateField(allow_null=True)


class StudyProgressShape(Shape):
    """Progress of a study."""

    n_wanted = serializers.IntegerField()
    n_submitted = serializers.IntegerField()
    n_missing = serializers.IntegerField(help_text="Readings that will not be made any more.")
    finish_on = serializers.DateField(
        allow_null=True,
        help_text="When the remaining exams will be read; null: never at this pace.",
    )
    readings_per_day = serializers.FloatField()
    readers = ReaderComingOnShape(many=True)
    batches = BatchComingOnShape(many=True)


class StudyPlans(ApiView):
    needs = {"POST": "add_batch"}

    @extend_schema(operation_id="study_plan", request=PlanInput, responses={201: PlansShape})
    def post(self, request: UserRequest, slug: str) -> Response:
        """Plan batches of exams that are not assigned yet; release them in a second step.

        Exams that lack a reading are assigned again, unless you read in the study yourself: the
        gaps would show who abstained.
        """
        said = checked(PlanInput, request.data)
        study = Study.objects.visible_to(request.user).get(slug=slug)
        is_hidden = is_blinded_to(study, request.user)
        made = plans.plan(
            study=study,
            name=said["name"],
            n_exams=said.get("n_exams"),
            n_batches=said["n_batches"],
            due_on=said.get("due_on"),
            created_by=request.user,
            now=timezone.now(),
            is_filling_up=not is_hidden,
        )
        planned = [_planned(batch, is_hidden=is_hidden) for batch in made]
        return answer({"batches": planned}, status=201)


class BatchPlan(ApiView):
    needs = {"DELETE": "add_batch"}

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
    needs = {"POST": "add_batch"}

    @extend_schema(operation_id="batch_release", request=ReleaseInput, responses=ReleasedShape)
    def post(self, request: UserRequest, pk: int) -> Response:
        """Release a planned batch to its readers."""
        said = checked(ReleaseInput, request.data)
        batch = Batch.objects.visible_to(request.user).get(pk=pk)
        released = assignment_batches.release(
            batch_id=batch.pk, actor=request.user, now=timezone.now(), due_on=said.get("due_on")
        )
        return answer(
            {
                "id": released.pk,
                "released_at": released.released_at,
                "due_on": released.due_on,
            }
        )


class StudyProgress(ApiView):
    needs = {"GET": "view_batch"}

    @extend_schema(operation_id="study_progress", responses=StudyProgressShape)
    def get(self, request: UserRequest, slug: str) -> Response:
        """Return progress, pace and time remaining; hidden from readers of the study."""
        study = Study.objects.visible_to(request.user).get(slug=slug)
        refuse_readers(study, request.user)
        found = progress.of_study(study=study, now=timezone.now())
        told = reader_names.names_for(request.user, study)
        return answer(
            {
                "n_wanted": found.n_wanted,
                "n_submitted": found.n_read,
                "n_missing": found.n_missing,
                "readings_per_day": found.per_day,
                "finish_on": found.finish_on,
                "readers": [_reader(one, told) for one in found.readers],
                "batches": [_batch(one) for one in found.batches],
            }
        )


def _planned(batch: Batch, *, is_hidden: bool) -> Payload:
    """Return a planned batch, without its repeats for people who read in the study."""
    told: Payload = {"id": batch.pk, "name": batch.name, "due_on": batch.due_on}
    if is_hidden:
        return {**told, "balance": None, "order": None}
    report = plan_preview.balance_report(batch)
    balance: dict[str, Any] = report.own.as_dict()
    return {
        **told,
        # Figures by reader have primary keys, which mean nothing to clients.
        "balance": {key: one for key, one in balance.items() if not key.endswith("_by_reader")},
        "order": report.order.as_dict(),
    }


def _reader(one: ReaderProgress, told: ReaderNames) -> Payload:
    return {
        "username": told.username_of(one.user),
        "name": told.of(one.user),
        "kind": one.user.kind,
        "status": one.status,
        "n_assigned": one.n_assigned,
        "n_submitted": one.n_read,
        "n_left": one.n_left,
        "n_missing": one.n_missing,
        "n_overdue": one.n_overdue,
        "n_given_back": one.n_lapsed,
        "n_abstained": one.n_abstained,
        "last_reading_at": one.pace.last_at,
        "idle_days": one.idle_days,
        "readings_per_day": one.pace.per_day,
        "median_active_s": one.pace.median_s,
        "finish_on": one.finish_on,
        "too_fast_share": one.haste.share,
        "is_too_fast": one.haste.is_flagged,
        "odd_run_length": one.run.length if one.run.is_flagged else None,
    }


def _batch(one: BatchProgress) -> Payload:
    return {
        "id": one.batch.pk,
        "name": one.batch.name,
        "due_on": one.batch.due_on,
        "is_open": one.batch.is_open,
        "is_overdue": one.is_overdue,
        "n_wanted": one.n_wanted,
        "n_submitted": one.n_read,
        "n_missing": one.n_missing,
        "finish_on": one.finish_on,
    }

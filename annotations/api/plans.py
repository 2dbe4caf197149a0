"""Batches planned from the exams of a study, and how far a study is."""

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
    """How exams that nobody has yet become batches."""

    name = serializers.CharField(max_length=110)
    n_exams = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    n_batches = serializers.IntegerField(
        required=False, default=1, min_value=1, max_value=plans.MAX_BATCHES
    )
    due_on = serializers.DateField(required=False, allow_null=True)


class PlannedShape(Shape):
    """A planned batch, of which no reader knows yet."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    due_on = serializers.DateField(allow_null=True)
    balance = Anything(
        allow_null=True,
        help_text="Loads, pairs, repeats and least distances of the batch; null for who reads too.",
    )
    order = Anything(
        allow_null=True,
        help_text="Whether its readers' orders follow a pattern; null for who reads too.",
    )


class PlansShape(Shape):
    """The batches that a plan made."""

    batches = PlannedShape(many=True)


class ReaderComingOnShape(Shape):
    """How one reader comes on; nothing says what they answered."""

    username = serializers.CharField(allow_null=True, help_text="Null but for coordinators.")
    name = serializers.CharField(help_text="A pseudonym within the study but for coordinators.")
    kind = serializers.ChoiceField(choices=ReaderKind.choices)
    status = serializers.ChoiceField(choices=StudyReaderStatus.choices)
    n_assigned = serializers.IntegerField()
    n_submitted = serializers.IntegerField()
    n_left = serializers.IntegerField()
    n_missing = serializers.IntegerField(help_text="Unread in closed batches.")
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
        allow_null=True, help_text="Identical answers in a row that chance does not explain."
    )


class BatchComingOnShape(Shape):
    """How one released batch comes on."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    due_on = serializers.DateField(allow_null=True)
    is_open = serializers.BooleanField()
    is_overdue = serializers.BooleanField()
    n_wanted = serializers.IntegerField()
    n_submitted = serializers.IntegerField()
    n_missing = serializers.IntegerField(
        help_text="Not made, and nobody is to: the batch is closed, or a reader abstained."
    )
    finish_on = serializers.DateField(allow_null=True)


class StudyProgressShape(Shape):
    """How far a study is."""

    n_wanted = serializers.IntegerField()
    n_submitted = serializers.IntegerField()
    n_missing = serializers.IntegerField(help_text="Not made, and nobody is to make them any more.")
    finish_on = serializers.DateField(
        allow_null=True, help_text="When all that is left is read; null: never at this pace."
    )
    readings_per_day = serializers.FloatField()
    readers = ReaderComingOnShape(many=True)
    batches = BatchComingOnShape(many=True)


class StudyPlans(ApiView):
    """Batches that are to be."""

    needs = {"POST": "add_batch"}

    @extend_schema(operation_id="study_plan", request=PlanInput, responses={201: PlansShape})
    def post(self, request: UserRequest, slug: str) -> Response:
        """Deal the exams that are left among the readers; release the batches when they please.

        Exams that lack a reader are dealt again, unless you read in the study yourself: what they
        lack tells who abstained.
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
    """A batch of which no reader knows yet."""

    needs = {"DELETE": "add_batch"}

    @extend_schema(operation_id="batch_discard", responses={204: None})
    def delete(self, request: UserRequest, pk: int) -> Response:
        """Throw the plan away; its exams can be planned anew."""
        batch = Batch.objects.visible_to(request.user).get(pk=pk)
        plans.discard(batch_id=batch.pk, actor=request.user, now=timezone.now())
        return Response(status=204)


class ReleaseInput(Strict):
    """The day by which a batch is to be read, if there is one."""

    due_on = serializers.DateField(required=False, allow_null=True)


class ReleasedShape(Shape):
    """A batch that its readers know of."""

    id = serializers.IntegerField()
    released_at = serializers.DateTimeField()
    due_on = serializers.DateField(allow_null=True)


class BatchRelease(ApiView):
    """The beginning of a batch's reading."""

    needs = {"POST": "add_batch"}

    @extend_schema(operation_id="batch_release", request=ReleaseInput, responses=ReleasedShape)
    def post(self, request: UserRequest, pk: int) -> Response:
        """Let the readers of a planned batch know of it."""
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
    """How far a study is."""

    needs = {"GET": "view_batch"}

    @extend_schema(operation_id="study_progress", responses=StudyProgressShape)
    def get(self, request: UserRequest, slug: str) -> Response:
        """Tell how many, how fast and how long still; hidden from who reads in the study."""
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
    """Return a planned batch; who reads in it is not told that exams come back as repeats."""
    told: Payload = {"id": batch.pk, "name": batch.name, "due_on": batch.due_on}
    if is_hidden:
        return {**told, "balance": None, "order": None}
    report = plan_preview.balance_report(batch)
    balance: dict[str, Any] = report.own.as_dict()
    return {
        **told,
        # By reader it is told by number of the row, which means nothing outside.
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

"""Batches: create and close them, follow progress, send disputed exams to adjudication."""

from __future__ import annotations

from collections.abc import Container, Sequence
from functools import partial
from operator import itemgetter

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from annotations import tasks
from annotations.api import paging, result_shapes, serializers, shapes
from annotations.api.base import ApiView, UserRequest, checked
from annotations.api.reading import CURSOR
from annotations.desk_payloads import Payload
from annotations.models import Batch, Exam, Seat, Study, User
from annotations.services.assignment import batches
from annotations.services.blinding import reader_names
from annotations.services.blinding.reader_names import ReaderNames
from annotations.services.blinding.rules import is_blinded_to, refuse_readers
from annotations.services.consensus import adjudications, extra_readers


class StudyBatches(ApiView):
    required_permissions = {"GET": "view_batch", "POST": "add_batch"}
    parameters = paging.PARAMETERS

    @extend_schema(
        operation_id="batches",
        parameters=CURSOR,
        responses=shapes.page_of(result_shapes.BatchShape),
    )
    def get(self, request: UserRequest, slug: str) -> Response:
        """List the batches of a study."""
        study = Study.objects.visible_to(request.user).get(slug=slug)
        rows = Batch.objects.visible_to(request.user).filter(study=study)
        payload = partial(_payload, is_hidden=is_blinded_to(study, request.user))
        return Response(
            paging.page(rows.select_related("study").with_progress(), request, {"pk": int}, payload)
        )

    @extend_schema(
        operation_id="batch_create",
        request=serializers.BatchInput,
        responses={201: result_shapes.BatchShape},
    )
    def post(self, request: UserRequest, slug: str) -> Response:
        """Create a batch in which every listed reader reads every listed exam."""
        data = checked(serializers.BatchInput, request.data)
        batch = batches.create(
            study=Study.objects.visible_to(request.user).get(slug=slug),
            name=data["name"],
            exams=exams_by_code(data["exams"], request.user),
            readers=people_by_name(data["readers"]),
            created_by=request.user,
            now=timezone.now(),
        )
        return Response(current(request, batch.pk), status=201)


class BatchDetail(ApiView):
    required_permissions = {"GET": "view_batch"}

    @extend_schema(operation_id="batch", responses=result_shapes.BatchShape)
    def get(self, request: UserRequest, pk: int) -> Response:
        """Return a batch and its progress."""
        return Response(current(request, pk))


class BatchClosing(ApiView):
    required_permissions = {"POST": "close_batch"}

    @extend_schema(
        operation_id="batch_close",
        request=serializers.Nothing,
        responses=result_shapes.BatchShape,
    )
    def post(self, request: UserRequest, pk: int) -> Response:
        """Close a batch permanently: it accepts no more readings."""
        checked(serializers.Nothing, request.data)
        batches.close(batch_id=_visible(request, pk).pk, closed_by=request.user, now=timezone.now())
        tasks.nudge(tasks.refresh_agreement)
        tasks.nudge(tasks.compute_consensus)
        return Response(current(request, pk))


class BatchProgress(ApiView):
    required_permissions = {"GET": "view_batch"}

    @extend_schema(operation_id="batch_progress", responses=result_shapes.ProgressShape)
    def get(self, request: UserRequest, pk: int) -> Response:
        """Return how many readings each reader was assigned and has submitted.

        Hidden from readers of the study. Coordinators see names, others see pseudonyms.
        """
        batch = _visible(request, pk)
        refuse_readers(batch.study, request.user)
        seats = Seat.objects.filter(batch=batch).select_related("reader").order_by("reader")
        names = reader_names.names_for(request.user, batch.study)
        lines = [_progress(seat, names) for seat in seats]
        return Response({"readers": sorted(lines, key=itemgetter("name"))})


class BatchAdjudication(ApiView):
    required_permissions = {"POST": "add_batch"}

    @extend_schema(
        operation_id="batch_adjudicate",
        request=serializers.AdjudicatorsInput,
        responses={201: result_shapes.BatchShape},
    )
    def post(self, request: UserRequest, pk: int) -> Response:
        """Send the disputed exams of a closed batch to adjudicators."""
        data = checked(serializers.AdjudicatorsInput, request.data)
        batch = _visible(request, pk)
        refuse_readers(batch.study, request.user)
        adjudication = adjudications.send_disputed(
            batch_id=batch.pk,
            readers=people_by_name(data["readers"]),
            created_by=request.user,
            now=timezone.now(),
            is_committee=data["is_committee"],
            has_audit_form=data["has_audit_form"],
        )
        return Response(current(request, adjudication.pk), status=201)


class BatchExtraReadings(ApiView):
    required_permissions = {"POST": "add_batch"}

    @extend_schema(
        operation_id="batch_extra_readings",
        request=serializers.ExtraReadersInput,
        responses={201: result_shapes.BatchShape},
    )
    def post(self, request: UserRequest, pk: int) -> Response:
        """Divide the disputed exams of a closed batch among extra readers."""
        data = checked(serializers.ExtraReadersInput, request.data)
        batch = _visible(request, pk)
        refuse_readers(batch.study, request.user)
        sent = extra_readers.ask(
            batch_id=batch.pk,
            readers=people_by_name(data["readers"]),
            created_by=request.user,
            now=timezone.now(),
            readers_per_exam=data["readers_per_exam"],
        )
        return Response(current(request, sent.pk), status=201)


def _visible(request: UserRequest, pk: int) -> Batch:
    return Batch.objects.visible_to(request.user).select_related("study").get(pk=pk)


def current(request: UserRequest, pk: int) -> Payload:
    """Return a batch with its progress, unless that is hidden from the user."""
    visible = Batch.objects.visible_to(request.user).select_related("study")
    batch = visible.with_progress().get(pk=pk)
    return _payload(batch, is_hidden=is_blinded_to(batch.study, request.user))


def _payload(batch: Batch, *, is_hidden: bool) -> Payload:
    counts = vars(batch)
    return {
        "id": batch.pk,
        "study": batch.study.slug,
        "name": batch.name,
        "is_open": batch.is_open,
        "created_at": batch.created_at,
        "closed_at": batch.closed_at,
        "n_exams": counts["n_exams"],
        "n_readers": counts["n_readers"],
        "n_assigned": counts["n_assigned"],
        # A reader could subtract their own readings and see the progress of the others.
        "n_submitted": None if is_hidden else counts["n_submitted"],
    }


def _progress(seat: Seat, names: ReaderNames) -> Payload:
    return {
        "username": names.username_of(seat.reader),
        "name": names.of(seat.reader),
        "kind": seat.reader.kind,
        "n_assigned": seat.n_assigned,
        "n_submitted": seat.n_read,
    }


def exams_by_code(codes: Sequence[str], user: User) -> list[Exam]:
    """Return the exams in the order of ``codes``; refuse unknown codes."""
    visible = Exam.objects.visible_to(user).filter(code__in=codes)
    exams = {exam.code: exam for exam in visible}
    return [exams[code] for code in _unique("exams", codes, exams)]


def people_by_name(usernames: Sequence[str]) -> list[User]:
    """Return the active users with these names; refuse unknown names."""
    active = User.objects.filter(is_active=True, username__in=usernames)
    users = {user.username: user for user in active}
    return [users[name] for name in _unique("readers", usernames, users)]


def _unique(field: str, names: Sequence[str], known: Container[str]) -> list[str]:
    """Return ``names`` without repetitions.

    Raises:
        ValidationError: some are not in ``known``.
    """
    unique = list(dict.fromkeys(names))
    if unknown := [name for name in unique if name not in known]:
        raise ValidationError(
            {
                field: [
                    _("Unknown: %(names)s. Check the spelling.")
                    % {"names": ", ".join(unknown[:10])}
                ]
            }
        )
    return unique

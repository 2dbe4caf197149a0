"""Data sets and exams, for users with permission to view them."""

from __future__ import annotations

from django.db.models import Count, Prefetch, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from annotations.api import paging, result_shapes, shapes
from annotations.api.base import ApiView, UserRequest
from annotations.api.reading import CURSOR
from annotations.desk_payloads import Payload
from annotations.models import Dataset, Exam, Tracing
from annotations.sentences import imports


class Datasets(ApiView):
    required_permissions = {"GET": "view_dataset"}
    parameters = paging.PARAMETERS

    @extend_schema(
        operation_id="datasets",
        parameters=CURSOR,
        responses=shapes.page_of(result_shapes.DatasetShape),
    )
    def get(self, request: UserRequest) -> Response:
        """List the data sets."""
        rows = Dataset.objects.annotate(n_exams=Count("exams"))
        return Response(paging.page(rows, request, {"pk": int}, _dataset))


class Exams(ApiView):
    required_permissions = {"GET": "view_exam"}
    parameters = paging.PARAMETERS | {"dataset"}

    @extend_schema(
        operation_id="exams",
        parameters=[*CURSOR, OpenApiParameter("dataset", int)],
        responses=shapes.page_of(result_shapes.ExamShape),
    )
    def get(self, request: UserRequest) -> Response:
        """List the exams, optionally of one data set.

        Exams you read in a study are hidden from you until the study is locked.
        """
        rows = _exams(request)
        if (dataset := request.query_params.get("dataset")) is not None:
            rows = rows.filter(dataset=_number("dataset", dataset))
        return Response(paging.page(rows, request, {"pk": int}, _exam))


class ExamDetail(ApiView):
    required_permissions = {"GET": "view_exam"}

    @extend_schema(operation_id="exam", responses=result_shapes.ExamShape)
    def get(self, request: UserRequest, code: str) -> Response:
        """Return an exam; not found if you read it in a study that is not locked yet."""
        return Response(_exam(_exams(request).get(code=code)))


def _exams(request: UserRequest) -> QuerySet[Exam]:
    tracings = Tracing.objects.defer("packed").order_by("position")
    visible = Exam.objects.visible_to(request.user).not_read_by(request.user)
    return visible.prefetch_related(Prefetch("tracings", tracings))


def _dataset(dataset: Dataset) -> Payload:
    return {
        "id": dataset.pk,
        "name": dataset.name,
        "licence": dataset.licence,
        "attribution": dataset.attribution,
        "is_synthetic": dataset.is_synthetic,
        "n_exams": vars(dataset)["n_exams"],
    }


def _exam(exam: Exam) -> Payload:
    return {
        "code": exam.code,
        "dataset": exam.dataset_id,
        "source_key": exam.source_key,
        "age_years": exam.age_years,
        "sex": exam.sex,
        "tracings": [_tracing(exam, tracing) for tracing in exam.tracings.all()],
    }


def _tracing(exam: Exam, tracing: Tracing) -> Payload:
    url_kwargs = {"code": exam.code, "position": tracing.position}
    return {
        "position": tracing.position,
        "href": reverse("api-tracing", kwargs=url_kwargs),
        "sampling_rate_hz": tracing.sampling_rate_hz,
        "n_samples": tracing.n_samples,
        "missing_leads": tracing.missing_leads,
        "remarks": [_remark(remark) for remark in tracing.remarks],
    }


def _remark(stored: Payload) -> Payload:
    """Return a remark with its text. Old remarks store the text itself, in English."""
    code, leads, details = stored["code"], stored["leads"], stored.get("details", {})
    text = stored.get("text")
    if text is None:
        text = imports.of_stored(code, {**details, "leads": leads}).reason
    return {"code": code, "text": text, "leads": leads, "details": details}


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ValidationError({name: [_("Enter a number.")]})
    return int(text)

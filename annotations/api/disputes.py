"""The dispute queue of a study: list it, and send its exams to adjudicators."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from annotations.api import paging, result_shapes, serializers, shapes
from annotations.api.base import ApiView, UserRequest, checked
from annotations.api.batches import current, exams_by_code, people_by_name
from annotations.api.reading import CURSOR
from annotations.desk_payloads import Payload
from annotations.dispute_filter import FIELDS, NO, YES, DisputeFilterForm
from annotations.models import CaseKind, Consensus, Exam, Study
from annotations.services.blinding import results_seen
from annotations.services.blinding.rules import refuse_readers
from annotations.services.consensus import adjudications, disputes
from annotations.services.consensus.adjudications import Distribution
from annotations.services.consensus.disputes import Order, Selection

FILTERS = [
    OpenApiParameter("kind", enum=CaseKind.values, description="Why an exam is listed."),
    OpenApiParameter("class", description="Only exams that are listed for this class."),
    OpenApiParameter("batch", int),
    OpenApiParameter("dataset", int),
    OpenApiParameter("sent", enum=[YES, NO], description="Assigned to an adjudicator."),
    OpenApiParameter("order", enum=[*Order]),
    OpenApiParameter("share", float, description="Share of unanimous exams, for `kind=sample`."),
]


class StudyDisputes(ApiView):
    required_permissions = {"GET": "view_consensus", "POST": "add_batch"}
    parameters = paging.PARAMETERS | frozenset(FIELDS)

    @extend_schema(
        operation_id="disputes",
        parameters=[*CURSOR, *FILTERS],
        responses=shapes.page_of(result_shapes.DisputeShape),
    )
    def get(self, request: UserRequest, slug: str) -> Response:
        """List the exams that deserve a second look; hidden from readers of the study."""
        study = _study(request, slug)
        selection = _selection(request, study)
        visible = Consensus.objects.visible_to(request.user).filter(study=study)
        if visible.exists():
            results_seen.results_of_study(study=study, user=request.user, now=timezone.now())
        rows = disputes.with_details(disputes.select(visible, study, selection))
        share = selection.share if selection.kind == CaseKind.SAMPLE else 0.0
        page = paging.page(
            rows.annotate(is_sent=disputes.is_sent(study)),
            request,
            disputes.KEYS_OF_ORDER[selection.order],
            lambda row: _dispute(row, share),
        )
        return Response(page)

    @extend_schema(
        operation_id="disputes_assign",
        parameters=FILTERS,
        request=serializers.DisputesInput,
        responses={201: result_shapes.BatchShape},
    )
    def post(self, request: UserRequest, slug: str) -> Response:
        """Send exams of the queue to adjudicators, who read them blind in a new batch."""
        data = checked(serializers.DisputesInput, request.data)
        study = _study(request, slug)
        batch = adjudications.send(
            study=study,
            exams=_exams(request, study, data.get("exams")),
            readers=people_by_name(data["readers"]),
            name=data["name"],
            created_by=request.user,
            now=timezone.now(),
            distribution=Distribution(data["distribution"]),
        )
        return Response(current(request, batch.pk), status=201)


def _study(request: UserRequest, slug: str) -> Study:
    study = Study.objects.visible_to(request.user).select_related("taxonomy").get(slug=slug)
    refuse_readers(study, request.user)
    return study


def _selection(request: UserRequest, study: Study) -> Selection:
    form = DisputeFilterForm(request.query_params.dict(), study=study)
    if not form.is_valid():
        raise ValidationError(
            {name: [str(message) for message in messages] for name, messages in form.errors.items()}
        )
    return form.selection()


def _exams(request: UserRequest, study: Study, codes: list[str] | None) -> list[Exam]:
    selection = _selection(request, study)
    if codes is not None:
        return exams_by_code(codes, request.user)
    visible = Consensus.objects.visible_to(request.user).filter(study=study)
    return list(disputes.sendable(disputes.select(visible, study, selection)))


def _dispute(row: Consensus, share: float) -> Payload:
    return {
        "exam": row.exam.code,
        "dataset": row.exam.dataset.name,
        "source_key": row.exam.source_key,
        "outcome": row.outcome,
        "n_disputed": row.n_disputed,
        "expected_errors": row.expected_errors,
        "is_sent": vars(row)["is_sent"],
        "cases": [
            {
                "class": case.code,
                "kind": case.kind,
                "basis": case.basis,
                "n_marked": case.n_marked,
                "n_votes": case.n_votes,
                "posterior": case.posterior,
            }
            for case in disputes.cases_of(row, share)
        ],
    }

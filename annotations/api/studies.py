"""Studies: create, open and lock them, and list their consensus."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from annotations import tasks
from annotations.api import paging, result_shapes, serializers, shapes
from annotations.api.base import ApiView, UserRequest, checked
from annotations.api.reading import CURSOR
from annotations.desk_payloads import Payload, decided_payload
from annotations.models import Adjudication, Consensus, ConsensusLabel, Study, Taxonomy
from annotations.services.adjudication import history
from annotations.services.blinding import reader_names, results_seen
from annotations.services.blinding.rules import refuse_readers
from annotations.services.studies import lifecycle, protocols
from ecgreview import protocol


class Studies(ApiView):
    required_permissions = {"GET": "view_study", "POST": "add_study"}
    parameters = paging.PARAMETERS

    @extend_schema(
        operation_id="studies",
        parameters=CURSOR,
        responses=shapes.page_of(result_shapes.StudyShape),
    )
    def get(self, request: UserRequest) -> Response:
        """List the studies."""
        rows = Study.objects.visible_to(request.user).select_related("taxonomy")
        return Response(paging.page(rows, request, {"pk": int}, study_payload))

    @extend_schema(
        operation_id="study_create",
        request=serializers.StudyInput,
        responses={201: result_shapes.StudyShape},
    )
    def post(self, request: UserRequest) -> Response:
        """Create a study."""
        data = checked(serializers.StudyInput, request.data)
        data["taxonomy"] = str(_taxonomy(data.pop("taxonomy", None)))
        study = lifecycle.create(
            protocol=protocol.parse(data), created_by=request.user, now=timezone.now()
        )
        return Response(study_payload(study), status=201)


class StudyDetail(ApiView):
    required_permissions = {"GET": "view_study"}

    @extend_schema(operation_id="study", responses=result_shapes.StudyShape)
    def get(self, request: UserRequest, slug: str) -> Response:
        """Return the study and its current protocol."""
        return Response(study_payload(Study.objects.visible_to(request.user).get(slug=slug)))


class StudyOpening(ApiView):
    required_permissions = {"POST": "add_study"}

    @extend_schema(
        operation_id="study_open",
        request=serializers.Nothing,
        responses=result_shapes.StudyShape,
    )
    def post(self, request: UserRequest, slug: str) -> Response:
        """Open a draft study: this freezes its protocol, and exams can be read from then on."""
        checked(serializers.Nothing, request.data)
        study = Study.objects.visible_to(request.user).get(slug=slug)
        opened = lifecycle.open_study(study_id=study.pk, actor=request.user, now=timezone.now())
        return Response(study_payload(opened))


class StudyLocking(ApiView):
    required_permissions = {"POST": "close_batch"}

    @extend_schema(
        operation_id="study_lock",
        request=serializers.Nothing,
        responses=result_shapes.StudyShape,
    )
    def post(self, request: UserRequest, slug: str) -> Response:
        """Lock a study permanently. This also closes its open batches."""
        checked(serializers.Nothing, request.data)
        study = Study.objects.visible_to(request.user).get(slug=slug)
        locked = lifecycle.lock(study_id=study.pk, actor=request.user, now=timezone.now())
        tasks.nudge(tasks.refresh_agreement)
        tasks.nudge(tasks.compute_consensus)
        return Response(study_payload(locked))


class StudyConsensus(ApiView):
    required_permissions = {"GET": "view_consensus"}
    parameters = paging.PARAMETERS

    @extend_schema(
        operation_id="consensus",
        parameters=CURSOR,
        responses=shapes.page_of(result_shapes.ConsensusShape),
    )
    def get(self, request: UserRequest, slug: str) -> Response:
        """List the consensus of exams read in closed batches; hidden from readers of the study."""
        study = Study.objects.visible_to(request.user).get(slug=slug)
        refuse_readers(study, request.user)
        visible = Consensus.objects.visible_to(request.user).filter(study=study)
        if visible.exists():
            results_seen.results_of_study(study=study, user=request.user, now=timezone.now())
        labels = ConsensusLabel.objects.select_related("diagnostic_class").order_by(
            "diagnostic_class__position"
        )
        rows = visible.select_related("exam").prefetch_related(Prefetch("labels", labels))
        page = paging.portion(rows.select_related("study"), request, {"exam_id": int})
        decided = history.of_exams(study, [row.exam_id for row in page.rows])
        results = [_consensus(row, decided.get(row.exam_id, ())) for row in page.rows]
        return Response({"results": results, "next": page.next})


def study_payload(study: Study) -> Payload:
    """Return the study without its seed, which would reveal each reader's exam order."""
    return {
        "slug": study.slug,
        "phase": study.phase,
        "protocol_version": study.protocol_version,
        **protocol.complete(protocol.as_document(protocols.protocol_of(study))),
        "taxonomy": study.taxonomy_id,
        "is_demo": study.is_demo,
        "created_at": study.created_at,
    }


def _consensus(row: Consensus, decided: Sequence[Adjudication]) -> Payload:
    return {
        "exam": row.exam.code,
        "rule": row.rule,
        "outcome": row.outcome,
        "reason": row.reason,
        "n_readings": row.n_readings,
        "n_wanted": row.n_wanted,
        "n_unreadable": row.n_unreadable,
        "class_states": row.class_states,
        "rest_state": row.rest_state,
        "bases": row.bases,
        "rest_basis": row.rest_basis,
        "posteriors": row.posteriors,
        "adjudicated": row.adjudicated,
        "adjudications": [
            {
                "adjudicator": reader_names.pseudonym(row.study, adjudication.adjudicator_id),
                "mode": adjudication.mode,
                **decided_payload(adjudication),
            }
            for adjudication in decided
        ],
        "quality": row.quality,
        "quality_votes": row.quality_votes,
        "problem_states": row.problem_states,
        "problem_votes": row.problem_votes,
        "computed_at": row.computed_at,
        "labels": [
            {
                "class": label.diagnostic_class.code,
                "n_positive": label.n_positive,
                "n_readings": label.n_readings,
                "is_present": label.is_present,
                "state": row.state(label.diagnostic_class.code),
            }
            for label in row.labels.all()
        ],
    }


def _taxonomy(pk: int | None) -> Taxonomy:
    if pk is None:
        return Taxonomy.objects.all().newest()
    taxonomy = Taxonomy.objects.filter(pk=pk).first()
    if taxonomy is None:
        raise ValidationError({"taxonomy": [_("There is no such taxonomy. See /api/taxonomies/.")]})
    return taxonomy

"""Agreement between the readers of a batch or a study, overall and by pair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from annotations.api import result_shapes
from annotations.api.base import ApiView, UserRequest
from annotations.desk_payloads import Payload
from annotations.models import OF_STUDIES, AgreementReport, AgreementRun, Batch, Scope, Study
from annotations.models.batch import BatchQuerySet
from annotations.sentences import paired_errors as paired_errors_text
from annotations.sentences.reasons import sentences_of
from annotations.services.agreement import details, versions
from annotations.services.blinding import reader_names, results_seen
from annotations.services.blinding.rules import refuse_readers
from ecgreview import agreement
from ecgreview.agreement.accuracy import paired_errors
from ecgreview.agreement.accuracy.paired_errors import Missing
from ecgreview.agreement.reports.measured import without_points

CLASS = OpenApiParameter(
    "class", str, description="Code of a class. Without it, all classes are pooled."
)


class BatchAgreement(ApiView):
    required_permissions = {"GET": "view_agreementreport"}

    @extend_schema(operation_id="batch_agreement", responses=result_shapes.AgreementShape)
    def get(self, request: UserRequest, pk: int) -> Response:
        """Return the latest agreement report of the batch; hidden from readers of the study."""
        return Response(_agreement(request, *_of_batch(request, pk)))


class StudyAgreement(ApiView):
    required_permissions = {"GET": "view_agreementreport"}

    @extend_schema(operation_id="study_agreement", responses=result_shapes.AgreementShape)
    def get(self, request: UserRequest, slug: str) -> Response:
        """Return the latest agreement report of the study; hidden from its readers.

        It counts one reading per reader and exam.
        """
        return Response(_agreement(request, *_of_study(request, slug)))


class BatchAgreementPairs(ApiView):
    required_permissions = {"GET": "view_agreementreport"}
    parameters = frozenset({"class"})

    @extend_schema(
        operation_id="batch_agreement_pairs",
        parameters=[CLASS],
        responses=result_shapes.AgreementPairsShape,
    )
    def get(self, request: UserRequest, pk: int) -> Response:
        """Return the 2 x 2 table and all measures for each pair of readers who share an exam."""
        return Response(_pairs(request, *_of_batch(request, pk)))


class StudyAgreementPairs(ApiView):
    required_permissions = {"GET": "view_agreementreport"}
    parameters = frozenset({"class"})

    @extend_schema(
        operation_id="study_agreement_pairs",
        parameters=[CLASS],
        responses=result_shapes.AgreementPairsShape,
    )
    def get(self, request: UserRequest, slug: str) -> Response:
        """Return the 2 x 2 table and all measures for each pair of readers who share an exam."""
        return Response(_pairs(request, *_of_study(request, slug)))


class BatchErrors(ApiView):
    required_permissions = {"GET": "view_agreementreport"}

    @extend_schema(
        operation_id="batch_agreement_errors", responses=result_shapes.AgreementErrorsShape
    )
    def get(self, request: UserRequest, pk: int) -> Response:
        """Compare two readers' errors with McNemar's test, for each pair, reference and class."""
        return Response(_errors(request, *_of_batch(request, pk)))


class StudyErrors(ApiView):
    required_permissions = {"GET": "view_agreementreport"}

    @extend_schema(
        operation_id="study_agreement_errors", responses=result_shapes.AgreementErrorsShape
    )
    def get(self, request: UserRequest, slug: str) -> Response:
        """Compare two readers' errors with McNemar's test, for each pair, reference and class."""
        return Response(_errors(request, *_of_study(request, slug)))


def _of_batch(request: UserRequest, pk: int) -> tuple[Study, Batch | None]:
    batch = Batch.objects.visible_to(request.user).select_related("study", "taxonomy").get(pk=pk)
    refuse_readers(batch.study, request.user)
    return batch.study, batch


def _of_study(request: UserRequest, slug: str) -> tuple[Study, Batch | None]:
    study = Study.objects.visible_to(request.user).select_related("taxonomy").get(slug=slug)
    refuse_readers(study, request.user)
    return study, None


def _report(request: UserRequest, study: Study, batch: Batch | None) -> AgreementReport | None:
    """Return the newest version that the user may see, and record that they saw it."""
    scope = Scope(study.pk, batch.pk if batch else None)
    visible = AgreementReport.objects.visible_to(request.user).of_scope(scope)
    report = visible.select_related("taxonomy").order_by("-number").first()
    if report:
        batches = _batches(study, batch)
        results_seen.results(batches=batches, user=request.user, now=timezone.now())
    return report


def _batches(study: Study, batch: Batch | None) -> BatchQuerySet:
    if batch:
        return Batch.objects.filter(pk=batch.pk)
    return Batch.objects.filter(study=study, purpose__in=OF_STUDIES)


def _agreement(request: UserRequest, study: Study, batch: Batch | None) -> Payload:
    report = _report(request, study, batch)
    scope = Scope(study.pk, batch.pk if batch else None)
    runs = AgreementRun.objects.visible_to(request.user).of_scope(scope).unfinished()
    is_due = batch.agreement_is_due if batch else runs.exists()
    results = _with_pseudonyms(report.coded_results, study) if report else None
    return {
        "study": study.slug,
        "batch": batch and batch.pk,
        "is_due": is_due,
        "version": report and report.number,
        "computed_at": report and report.computed_at,
        "taxonomy": report and str(report.taxonomy),
        "protocol_version": report and report.protocol_version,
        "inputs_digest": report and report.inputs_digest,
        "n_readings": report.n_readings if report else 0,
        "results": results,
        "reasons": sentences_of(results),
    }


def _pairs(request: UserRequest, study: Study, batch: Batch | None) -> Payload:
    code = request.query_params.get("class")
    taxonomy = batch.taxonomy if batch else study.taxonomy
    if code is not None and not taxonomy.classes.filter(code=code).exists():
        raise ValidationError({"class": [_("There is no such class. See /api/classes/.")]})
    report = _report(request, study, batch)
    if report is None:
        return {"version": None, "pairs": [], "reasons": {}}
    named = _with_pseudonyms(report.coded_results, study)
    lines = agreement.pair_lines(named, classes=[code]) if code else agreement.pooled_lines(named)
    return {"version": report.number, "pairs": lines, "reasons": sentences_of(lines)}


def _errors(request: UserRequest, study: Study, batch: Batch | None) -> Payload:
    report = _report(request, study, batch)
    if report is None:
        not_open = Missing.NOT_OPEN
        reasons = paired_errors_text.sentences_of(not_open, [])
        return {"version": None, "why_none": not_open.value, "tests": [], "reasons": reasons}
    detail = details.errors_of(report, request.user)
    missing = details.why_no_errors(report, detail)
    comparisons = detail.comparisons if detail else ()
    if comparisons:
        results_seen.results_of_study(study=study, user=request.user, now=timezone.now())
    readers = [int(reader) for reader in report.coded_results["readers"]]
    names = {reader: reader_names.pseudonym(study, reader) for reader in readers}
    kinds = dict(zip(readers, report.coded_results.get("kinds", []), strict=False))
    tests = list(paired_errors.lines(comparisons, names, kinds))
    return {
        "version": report.number,
        "why_none": missing and missing.value,
        "tests": tests,
        "reasons": paired_errors_text.sentences_of(missing, tests),
    }


def _with_pseudonyms(results: Mapping[str, Any], study: Study) -> Payload:
    """Return the results with the pseudonyms used in exports instead of primary keys."""
    names = {reader: reader_names.pseudonym(study, int(reader)) for reader in results["readers"]}
    return versions.named(without_points(results), names)

"""Verify that consensus and agreement reports are as they were computed."""

from __future__ import annotations

from annotations.models import AgreementReport, AuditEvent, Batch, Study
from annotations.services.agreement import versions
from annotations.services.audit import Action, digests
from annotations.services.verification.readings import state
from ecgreview.hash_chain import Fault, Kind


def consensus_fault() -> Fault | None:
    """Return a fault for the first study whose consensus is not the one computed last, or None.

    Skips studies whose consensus is about to be recomputed.
    """
    due = Batch.objects.filter(consensus_is_due=True).values("study")
    with_results = Study.objects.filter(consensus__isnull=False) | Study.objects.filter(
        pk__in=_computed_studies()
    )
    for study in with_results.exclude(pk__in=due).distinct().order_by("pk"):
        if not _is_as_computed(study):
            return Fault(Kind.CONSENSUS_ALTERED, other=study.pk, name=study.name)
    return None


def report_fault() -> Fault | None:
    """Return a fault for the first agreement report that was altered or deleted, or None."""
    events = AuditEvent.objects.filter(
        action__in=[Action.AGREEMENT_COMPUTED, Action.AUDIT_RECORDED],
        object_type="agreementreport",
    )
    recorded: dict[int, object] = {}
    for event in events.order_by("pk").iterator():
        recorded[int(event.object_id)] = state(event).get("digest")
    reports = AgreementReport.objects.order_by("pk").defer("results")
    for report in reports.iterator():
        if recorded.pop(report.pk, None) != versions.digest(report):
            return Fault(Kind.REPORT_ALTERED, other=report.pk)
    return Fault(Kind.REPORT_ALTERED, other=min(recorded)) if recorded else None


def _computed_studies() -> list[int]:
    events = AuditEvent.objects.filter(action=Action.CONSENSUS_COMPUTED, study__isnull=False)
    return [pk for pk in events.values_list("study", flat=True).distinct() if pk is not None]


def _is_as_computed(study: Study) -> bool:
    events = AuditEvent.objects.filter(action=Action.CONSENSUS_COMPUTED, study=study)
    last = events.order_by("-link__seq", "-pk").first()  # the newest events may have no link yet
    if last is None:
        return False
    recorded = state(last)
    columns = recorded.get("columns")
    if not isinstance(columns, dict):
        return False
    compute = digests.of_consensus if recorded.get("by_exam") else digests.of_consensus_lines
    return bool(recorded.get("digest") == compute(study, columns))

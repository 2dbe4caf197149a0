"""Versions of the agreement: stored once, never changed, and only when something differs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from annotations.models import AgreementReport, Scope
from annotations.services import audit
from annotations.services.audit import digests
from annotations.services.counts.load import PatternRows
from ecgreview import agreement


def last(scope: Scope) -> AgreementReport | None:
    """Return the newest version of ``scope``; None when there is none."""
    return AgreementReport.objects.of_scope(scope).order_by("-number").first()


def is_of(report: AgreementReport | None, rows: PatternRows) -> bool:
    """Tell whether the present method would make the numbers of ``report`` of these rows."""
    return (
        report is not None
        and report.inputs_digest == rows.digest
        and report.method_version == agreement.VERSION
    )


def check(report: AgreementReport, *, now: datetime) -> AgreementReport:
    """Note that nothing has changed since ``report``."""
    report.checked_at = now
    report.save(update_fields=["checked_at"])
    return report


def store(
    scope: Scope,
    rows: PatternRows,
    results: Mapping[str, Any],
    *,
    protocol_version: int,
    now: datetime,
) -> AgreementReport:
    """Store ``results``, which came of ``rows``, as the next version; ``scope`` must be claimed."""
    before = last(scope)
    report = AgreementReport.objects.create(
        study_id=scope.study_id,
        batch_id=scope.batch_id,
        number=before.number + 1 if before else 1,
        taxonomy_id=rows.taxonomy_id,
        protocol_version=protocol_version,
        method_version=agreement.VERSION,
        inputs_digest=rows.digest,
        computed_at=now,
        checked_at=now,
        n_readings=rows.n_readings,
        results=dict(results),
    )
    audit.record(
        actor=None, action=audit.Action.AGREEMENT_COMPUTED, study=report.study, target=report,
        after={"batch": report.batch_id, "number": report.number,
               "digest": digests.of_report(report)}, now=now,
    )  # fmt: skip
    return report


def named(results: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return ``results`` with names in the place of readers' primary keys.

    Args:
        results: of a report.
        names: by primary key as text; whoever is not among them keeps theirs.
    """
    return {**results, "readers": [names.get(one, one) for one in results["readers"]]}

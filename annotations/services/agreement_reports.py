"""Versions of the agreement: stored once, never changed, and only when something differs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from annotations.models import AgreementReport, Batch, Scope, Study
from annotations.services.pattern_rows import PatternRows
from ecgreview import agreement


def known(scope: Scope, rows: PatternRows) -> AgreementReport | None:
    """Return the last version when these rows and the present method would make the same."""
    last = _last(scope)
    is_same = (
        last is not None
        and last.inputs_digest == rows.digest
        and last.method_version == agreement.VERSION
    )
    return last if is_same else None


def check(report: AgreementReport, *, now: datetime) -> AgreementReport:
    """Note that nothing has changed since ``report``."""
    report.checked_at = now
    report.save(update_fields=["checked_at"])
    return report


def store(
    scope: Scope, rows: PatternRows, results: Mapping[str, Any], *, now: datetime
) -> AgreementReport:
    """Store ``results``, which came of ``rows``, as the next version; ``scope`` must be claimed."""
    last = _last(scope)
    return AgreementReport.objects.create(
        study_id=scope.study_id,
        batch_id=scope.batch_id,
        number=last.number + 1 if last else 1,
        taxonomy_id=rows.taxonomy_id,
        protocol_version=_protocol_version(scope),
        method_version=agreement.VERSION,
        inputs_digest=rows.digest,
        computed_at=now,
        checked_at=now,
        n_readings=rows.n_readings,
        results=dict(results),
    )


def named(results: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return ``results`` with names in the place of readers' primary keys.

    Args:
        results: of a report.
        names: by primary key as text; whoever is not among them keeps theirs.
    """
    return {**results, "readers": [names.get(one, one) for one in results["readers"]]}


def _last(scope: Scope) -> AgreementReport | None:
    return AgreementReport.objects.of_scope(scope).order_by("-number").first()


def _protocol_version(scope: Scope) -> int:
    if scope.batch_id is None:
        return Study.objects.get(pk=scope.study_id).protocol_version
    return Batch.objects.get(pk=scope.batch_id).protocol_version

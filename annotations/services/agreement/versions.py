"""Store report versions. A version never changes; a new one is stored only if something differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from annotations.models import AgreementDetail, AgreementReport, Scope
from annotations.services import audit
from annotations.services.agreement.results import Detail, DetailKey
from annotations.services.counts.load import PatternRows
from ecgreview import agreement, hash_chain

# The columns of a report that its digest in the audit trail covers.
DIGESTED = (
    *("study_id", "batch_id", "number", "taxonomy_id", "protocol_version", "method_version"),
    *("inputs_digest", "computed_at", "n_readings", "results"),
)


def last(scope: Scope) -> AgreementReport | None:
    return AgreementReport.objects.of_scope(scope).order_by("-number").first()


def is_of(report: AgreementReport | None, rows: PatternRows) -> bool:
    """Return whether the current method would compute the same coefficients from ``rows``."""
    return (
        report is not None
        and report.inputs_digest == rows.digest
        and report.method_version == agreement.VERSION
    )


def detail_digests(report: AgreementReport | None) -> dict[DetailKey, str]:
    if report is None:
        return {}
    rows = report.details.values_list("kind", "reader", "inputs_digest")
    return {(kind, reader_id): digest for kind, reader_id, digest in rows}


def check(report: AgreementReport, *, now: datetime) -> AgreementReport:
    """Record on ``report`` that it was still up to date at ``now``."""
    report.checked_at = now
    report.save(update_fields=["checked_at"])
    return report


def store(
    scope: Scope,
    rows: PatternRows,
    results: Mapping[str, Any],
    details: Sequence[Detail],
    before: AgreementReport | None,
    *,
    protocol_version: int,
    now: datetime,
) -> AgreementReport:
    """Store the next version of ``scope``, which the caller must have claimed.

    Args:
        scope: a batch or a whole study.
        rows: the counts from which ``results`` were computed.
        results: the coefficients.
        details: the details; those without results refer to the rows of ``before``.
        before: the previous version, if any.
        protocol_version: the version of the protocol in force.
        now: the current time.
    """
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
        after={"batch": report.batch_id, "number": report.number, "digest": digest(report)},
        now=now,
    )  # fmt: skip
    _store_details(report, details, before)
    return report


def _store_details(
    report: AgreementReport, details: Iterable[Detail], before: AgreementReport | None
) -> None:
    rows = AgreementDetail.objects.filter(report=before).values_list(
        "kind", "reader", "pk", "taken_from"
    )
    holders: dict[DetailKey, int] = {
        (kind, reader): taken_from or pk for kind, reader, pk, taken_from in rows
    }
    AgreementDetail.objects.bulk_create(
        AgreementDetail(
            report=report,
            kind=detail.kind,
            reader_id=detail.reader_id,
            inputs_digest=detail.digest,
            results=detail.results,
            taken_from_id=holders[detail.key] if detail.results is None else None,
        )
        for detail in details
    )


def digest(report: AgreementReport) -> str:
    """Return the SHA-256 of the columns ``DIGESTED`` as stored, for the audit trail."""
    stored = AgreementReport.objects.filter(pk=report.pk).values(*DIGESTED).get()
    return hash_chain.content_digest(stored)


def named(results: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return ``results`` with readers' names instead of primary keys.

    Args:
        results: the results of a report.
        names: names by primary key as text; readers not listed here keep their key.
    """
    return {**results, "readers": [names.get(reader, reader) for reader in results["readers"]]}

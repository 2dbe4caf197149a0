"""Read the details of a stored report version, as a user may see them."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from django.db.models import QuerySet

from annotations.models import AgreementDetail, AgreementReport, Consensus, DetailKind, User
from annotations.services.agreement.results import ErrorsDetail, ReaderDetail
from ecgreview import agreement, json_values
from ecgreview.agreement.accuracy.paired_errors import Missing
from ecgreview.agreement.accuracy.reader_profiles import Against, Profile
from ecgreview.agreement.accuracy.suggestion_effect import Arms
from ecgreview.agreement.reports import earlier
from ecgreview.report_writing import StudyFacts

T = TypeVar("T")


def facts_of(report: AgreementReport, user: User) -> StudyFacts | None:
    """Return the stored facts; None if ``user`` may not see them or an old version has none."""
    return _load(StudyFacts, report, user, DetailKind.FACTS)


def has_details(report: AgreementReport) -> bool:
    """Return whether details were stored with ``report``, no matter who may see them."""
    return report.details.filter(kind=DetailKind.FACTS).exists()


def reader_of(report: AgreementReport, user: User, reader_id: int) -> ReaderDetail | None:
    """Return the profiles of a reader as ``user`` may see them.

    The profile against the consensus is left out if the user may see no consensus of the study.
    """
    detail = _load(ReaderDetail, report, user, DetailKind.READER, reader_id)
    if detail is None or Against.CONSENSUS not in detail.profiles:
        return detail
    if _may_see_consensus(report, user):
        return detail
    others: dict[Against, Profile] = dict(detail.profiles)
    del others[Against.CONSENSUS]
    return replace(detail, profiles=others)


def of_own(report: AgreementReport, reader: User) -> ReaderDetail | None:
    """Return the profiles of ``reader`` for their own eyes, without the other readers.

    The caller must check that the study is locked and that ``reader`` is not blinded to it.
    """
    detail = _first(ReaderDetail, report.details.filter(kind=DetailKind.READER, reader=reader))
    if detail is None:
        return None
    profiles = {
        against: replace(profile, others=()) for against, profile in detail.profiles.items()
    }
    return replace(detail, profiles=profiles)


def errors_of(report: AgreementReport, user: User) -> ErrorsDetail | None:
    """Return the paired errors as ``user`` may see them.

    Those against the consensus are left out if the user may see no consensus of the study.
    """
    detail = _load(ErrorsDetail, report, user, DetailKind.ERRORS)
    if detail is None or _may_see_consensus(report, user):
        return detail
    others = tuple(row for row in detail.comparisons if row.against is not Against.CONSENSUS)
    return replace(detail, comparisons=others)


def all_errors_of(report: AgreementReport) -> ErrorsDetail | None:
    """Return the paired errors for the operator of the server, who may see everything."""
    row = report.details.filter(kind=DetailKind.ERRORS).select_related("taken_from").first()
    return None if row is None else json_values.load(ErrorsDetail, row.stored_results)


def why_no_errors(report: AgreementReport, detail: ErrorsDetail | None) -> Missing | None:
    """Return why there are no paired errors; None if there are some."""
    if detail is None:
        is_old = report.method_version != agreement.VERSION
        return Missing.NOT_STORED if is_old else Missing.NOT_OPEN
    if detail.refusal:
        return Missing(detail.refusal.value)
    return None if detail.comparisons else Missing.NO_REFERENCE


def arms_of(report: AgreementReport, user: User) -> Arms | None:
    """Return the effect of suggestions as ``user`` may see it."""
    return _load(Arms, report, user, DetailKind.SUGGESTIONS)


def _may_see_consensus(report: AgreementReport, user: User) -> bool:
    return Consensus.objects.visible_to(user).filter(study=report.study_id).exists()


def _load(
    type_: type[T],
    report: AgreementReport,
    user: User,
    kind: DetailKind,
    reader_id: int | None = None,
) -> T | None:
    visible = AgreementDetail.objects.visible_to(user).filter(report=report, kind=kind)
    return _first(type_, visible.filter(reader=reader_id))


def _first(type_: type[T], details: QuerySet[AgreementDetail]) -> T | None:
    row = details.select_related("taken_from").first()
    return None if row is None else json_values.load(type_, earlier.with_codes(row.stored_results))

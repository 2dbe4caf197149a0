"""What a version of the agreement has beside its coefficients: made with it, stored with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeVar

from django.utils import timezone

from annotations.models import (
    AgreementDetail,
    AgreementReport,
    Batch,
    Consensus,
    DetailKind,
    Scope,
    Study,
    User,
)
from annotations.services.agreement import (
    json_values,
    paired_errors,
    reader_profiles,
    reading_matrix,
    suggestion_effect,
)
from annotations.services.agreement.paired_errors import Comparison, Missing
from annotations.services.agreement.reader_profiles import Against, Ground, Profile
from annotations.services.agreement.suggestion_effect import Arms
from annotations.services.taxonomy import mappings
from ecgreview import agreement
from ecgreview.agreement.reports import earlier
from ecgreview.report_writing import StudyFacts

T = TypeVar("T")

METHOD = f"{agreement.VERSION}.2"
"""Of making details; another one makes them anew."""

ProgressCallback = Callable[[int, int], None]
"""Takes how much is done, and of how much."""

Key = tuple[str, int | None]
"""The kind of a detail, and the reader it is about."""


class Refusal(StrEnum):
    """Why a reader is held against nothing."""

    TOO_MANY = "too_many"
    NO_MAPPING = "no_mapping"


@dataclass(frozen=True, slots=True)
class ReaderDetail:
    """A reader held against references.

    Attributes:
        taxonomy_id: the version of the classes.
        refusal: why there are no profiles.
        profiles: by what the reader is held against; of the classes that were met.
    """

    taxonomy_id: int
    refusal: Refusal | None = None
    profiles: Mapping[Against, Profile] = field(default_factory=dict)

    def against(self, wanted: Against | None) -> Profile:
        """Return the profile that is wanted, else the first that has anything to be held against.

        Raises:
            KeyError: there are no profiles.
        """
        there = [one for one in Against if one in self.profiles]
        offered = [one for one in there if self.profiles[one].is_offered.get(one)]
        if wanted in there:
            return self.profiles[wanted]
        return self.profiles[(offered or there or [Against.CONSENSUS])[0]]


@dataclass(frozen=True, slots=True)
class ErrorsDetail:
    """Pairs of readers held against references.

    Attributes:
        taxonomy_id: the version of the classes.
        refusal: why there are none.
        comparisons: of the pairs that have an exam with a reference in common.
    """

    taxonomy_id: int
    refusal: Refusal | None = None
    comparisons: tuple[Comparison, ...] = ()


@dataclass(frozen=True, slots=True)
class Detail:
    """One part of a version that is to be stored.

    Attributes:
        kind: what it tells.
        reader_id: about whom; None for nobody.
        digest: of all that it is made from.
        results: plain values; None: the same as in the version before.
    """

    kind: DetailKind
    reader_id: int | None
    digest: str
    results: Mapping[str, Any] | None

    @property
    def key(self) -> Key:
        """Which part it is."""
        return str(self.kind), self.reader_id


# -- Making -------------------------------------------------------------------------------------


def make(
    scope: Scope,
    facts: StudyFacts,
    readers: Sequence[int],
    before: AgreementReport | None,
    told: ProgressCallback,
) -> list[Detail]:
    """Return all parts of the next version of ``scope``.

    Args:
        scope: which must be claimed.
        facts: of the study, gathered with the counts.
        readers: ids, as in the report.
        before: the version before, of which is taken over what is made from the same.
        told: called before each part, and may raise to stop.
    """
    known = _digests(before)
    n_total = len(readers) + 1
    parts = [_of_facts(facts, known)]
    if _is_anything_open(scope):
        study = Study.objects.select_related("taxonomy").get(pk=scope.study_id)
        whole = _ground(scope, study)
        parts += _of_readers(
            scope, study, whole, readers, known, lambda n_done: told(n_done, n_total)
        )
        told(len(readers), n_total)
        parts.append(_of_errors(whole, study, known))
        parts.append(_of_arms(scope, study, known))
    return parts


def _is_anything_open(scope: Scope) -> bool:
    opened = Batch.objects.all().with_open_results().filter(study=scope.study_id)
    if scope.batch_id is not None:
        opened = opened.filter(pk=scope.batch_id)
    return opened.exists()


def _of_facts(facts: StudyFacts, known: Mapping[Key, str]) -> Detail:
    """Return the facts; that other software runs makes no new version."""
    same = replace(facts, provenance=replace(facts.provenance, software=""))
    digest = json_values.digest(same)
    return _part(DetailKind.FACTS, None, digest, known, lambda: facts)


def _of_readers(
    scope: Scope,
    study: Study,
    whole: Ground | Refusal,
    readers: Sequence[int],
    known: Mapping[Key, str],
    told: Callable[[int], None],
) -> Iterator[Detail]:
    """Yield the readers of whom there are readings; of a large study each on their own exams."""
    told(0)
    digest = whole.digest() if isinstance(whole, Ground) else ""
    for place, reader_id in enumerate(readers):
        told(place)
        on = whole
        if whole is Refusal.TOO_MANY:
            on = _ground(scope, study, beside=reader_id)
            digest = on.digest() if isinstance(on, Ground) else ""
        part = _of_reader(on, study, reader_id, digest, known)
        if part:
            yield part


def _ground(scope: Scope, study: Study, *, beside: int | None = None) -> Ground | Refusal:
    try:
        return reader_profiles.ground(scope, study, beside=beside)
    except reading_matrix.TooMany:
        return Refusal.TOO_MANY
    except mappings.NoMapping:
        return Refusal.NO_MAPPING


def _of_reader(
    on: Ground | Refusal, study: Study, reader_id: int, digest: str, known: Mapping[Key, str]
) -> Detail | None:
    if isinstance(on, Refusal):
        refused = ReaderDetail(study.taxonomy_id, on)
        digest = json_values.digest(METHOD, refused)
        return _part(DetailKind.READER, reader_id, digest, known, lambda: refused)
    if reader_id not in on.said.readers:
        return None
    times = reader_profiles.when(on, reader_id)
    digest = json_values.digest(METHOD, study.taxonomy_id, digest, times.digest())

    def made() -> ReaderDetail:
        zone = timezone.get_default_timezone()
        profiles = {
            one: reader_profiles.of_reader(on, reader_id, times, zone=zone, against=one)
            for one in Against
        }
        met = {one: profile.of_classes_met() for one, profile in profiles.items()}
        return ReaderDetail(study.taxonomy_id, profiles=met)

    return _part(DetailKind.READER, reader_id, digest, known, made)


def _of_errors(on: Ground | Refusal, study: Study, known: Mapping[Key, str]) -> Detail:
    def made() -> ErrorsDetail:
        if isinstance(on, Refusal):
            return ErrorsDetail(study.taxonomy_id, on)
        try:
            return ErrorsDetail(study.taxonomy_id, comparisons=paired_errors.compare(on))
        except paired_errors.TooManyPairs:
            return ErrorsDetail(study.taxonomy_id, Refusal.TOO_MANY)

    made_of = on if isinstance(on, Refusal) else on.digest()
    digest = json_values.digest(METHOD, study.taxonomy_id, made_of)
    return _part(DetailKind.ERRORS, None, digest, known, made)


def _of_arms(scope: Scope, study: Study, known: Mapping[Key, str]) -> Detail:
    found = suggestion_effect.trial(scope, study)
    if isinstance(found, Arms):
        digest = json_values.digest(METHOD, found)
        return _part(DetailKind.SUGGESTIONS, None, digest, known, lambda: found)
    digest = json_values.digest(METHOD, found.digest())
    return _part(
        DetailKind.SUGGESTIONS, None, digest, known, lambda: suggestion_effect.compare(found)
    )


def _part(
    kind: DetailKind,
    reader_id: int | None,
    digest: str,
    known: Mapping[Key, str],
    made: Callable[[], object],
) -> Detail:
    is_known = known.get((str(kind), reader_id)) == digest
    return Detail(kind, reader_id, digest, None if is_known else json_values.dump(made()))


# -- Storing ------------------------------------------------------------------------------------


def are_stored(before: AgreementReport, parts: Iterable[Detail]) -> bool:
    """Tell whether ``before`` has exactly these parts."""
    return _digests(before) == {one.key: one.digest for one in parts}


def store(report: AgreementReport, parts: Sequence[Detail], before: AgreementReport | None) -> None:
    """Store ``parts`` of ``report``; those that are the same as in ``before`` name its rows."""
    rows = AgreementDetail.objects.filter(report=before).values_list(
        "kind", "reader", "pk", "taken_from"
    )
    holders: dict[Key, int] = {(kind, reader): taken or pk for kind, reader, pk, taken in rows}
    AgreementDetail.objects.bulk_create(
        AgreementDetail(
            report=report,
            kind=one.kind,
            reader_id=one.reader_id,
            inputs_digest=one.digest,
            results=one.results,
            taken_from_id=holders[one.key] if one.results is None else None,
        )
        for one in parts
    )


def _digests(report: AgreementReport | None) -> dict[Key, str]:
    if report is None:
        return {}
    rows = report.details.values_list("kind", "reader", "inputs_digest")
    return {(kind, reader_id): digest for kind, reader_id, digest in rows}


# -- Reading ------------------------------------------------------------------------------------


def facts_of(report: AgreementReport, user: User) -> StudyFacts | None:
    """Return the facts that were stored with ``report``; None for a version from before that."""
    return _told(StudyFacts, report, user, DetailKind.FACTS)


def has_details(report: AgreementReport) -> bool:
    """Tell whether details were stored with ``report``, whoever may see them."""
    return report.details.filter(kind=DetailKind.FACTS).exists()


def reader_of(report: AgreementReport, user: User, reader_id: int) -> ReaderDetail | None:
    """Return a reader of ``report`` as ``user`` may see them, or None.

    What rests on a consensus is left out when there is none that they may see.
    """
    found = _told(ReaderDetail, report, user, DetailKind.READER, reader_id)
    if found is None or Against.CONSENSUS not in found.profiles:
        return found
    if Consensus.objects.visible_to(user).filter(study=report.study_id).exists():
        return found
    others: dict[Against, Profile] = dict(found.profiles)
    del others[Against.CONSENSUS]
    return replace(found, profiles=others)


def errors_of(report: AgreementReport, user: User) -> ErrorsDetail | None:
    """Return the pairs of ``report`` held against references as ``user`` may see them, or None.

    What rests on a consensus is left out when there is none that they may see.
    """
    found = _told(ErrorsDetail, report, user, DetailKind.ERRORS)
    if found is None or Consensus.objects.visible_to(user).filter(study=report.study_id).exists():
        return found
    others = tuple(one for one in found.comparisons if one.against is not Against.CONSENSUS)
    return replace(found, comparisons=others)


def all_errors_of(report: AgreementReport) -> ErrorsDetail | None:
    """Return the same for whoever runs the server, who may see everything."""
    row = report.details.filter(kind=DetailKind.ERRORS).select_related("taken_from").first()
    return None if row is None else json_values.load(ErrorsDetail, row.stored_results)


def why_no_errors(report: AgreementReport, found: ErrorsDetail | None) -> Missing | None:
    """Return why there are no pairs held against a reference; None where there are some."""
    if found is None:
        is_old = report.method_version != agreement.VERSION
        return Missing.NOT_STORED if is_old else Missing.NOT_OPEN
    if found.refusal:
        return Missing(found.refusal.value)
    return None if found.comparisons else Missing.NO_REFERENCE


def arms_of(report: AgreementReport, user: User) -> Arms | None:
    """Return what suggestions did, as ``user`` may see it, or None."""
    return _told(Arms, report, user, DetailKind.SUGGESTIONS)


def _told(
    as_what: type[T],
    report: AgreementReport,
    user: User,
    kind: DetailKind,
    reader_id: int | None = None,
) -> T | None:
    seen = AgreementDetail.objects.visible_to(user).filter(report=report, kind=kind)
    row = seen.filter(reader=reader_id).select_related("taken_from").first()
    return (
        None if row is None else json_values.load(as_what, earlier.with_codes(row.stored_results))
    )

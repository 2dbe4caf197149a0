"""Compute a report version from its inputs, without the database.

A version consists of its coefficients and its details: facts about the study, the profiles of each
reader, paired errors, and the effect of suggestions. A detail whose inputs have not changed since
the previous version is not computed again (ADR 38).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils import timezone

from annotations.models import DetailKind
from annotations.services.agreement.inputs import Inputs, OpenReadings, Refusal
from annotations.services.counts.load import PatternRows
from ecgreview import agreement, json_values
from ecgreview.agreement.accuracy import paired_errors, reader_profiles, suggestion_effect
from ecgreview.agreement.accuracy.paired_errors import Comparison
from ecgreview.agreement.accuracy.reader_profiles import Against, Profile
from ecgreview.agreement.accuracy.suggestion_effect import Arms, Trial
from ecgreview.agreement.latent.report import latent_report
from ecgreview.agreement.reports import certainty, design_effects, precision
from ecgreview.agreement.reports.groups import group_lines
from ecgreview.agreement.reports.measured import measured
from ecgreview.report_writing import StudyFacts

# Version of the method of the details. It is part of their digests, so a new version recomputes
# them.
METHOD = f"{agreement.VERSION}.2"

# Called with the number of details done and the total.
ProgressCallback = Callable[[int, int], None]

DetailKey = tuple[str, int | None]
"""The kind of a detail, and the id of the reader it is about, if any."""


@dataclass(frozen=True, slots=True)
class ReaderDetail:
    """A reader compared with references.

    Attributes:
        taxonomy_id: version of the classes.
        refusal: why there are no profiles.
        profiles: by reference, limited to classes that the reader or the reference marked.
    """

    taxonomy_id: int
    refusal: Refusal | None = None
    profiles: Mapping[Against, Profile] = field(default_factory=dict)

    def against(self, reference: Against | None) -> Profile:
        """Return the profile for ``reference``, or else for the first reference that is offered.

        If none is offered, returns the first profile.

        Raises:
            KeyError: there are no profiles.
        """
        available = [against for against in Against if against in self.profiles]
        offered = [
            against for against in available if self.profiles[against].is_offered.get(against)
        ]
        if reference in available:
            return self.profiles[reference]
        return self.profiles[(offered or available or [Against.CONSENSUS])[0]]


@dataclass(frozen=True, slots=True)
class ErrorsDetail:
    """Pairs of readers compared with references.

    Attributes:
        taxonomy_id: version of the classes.
        refusal: why there are no comparisons.
        comparisons: for pairs of readers who share at least one exam with a reference.
    """

    taxonomy_id: int
    refusal: Refusal | None = None
    comparisons: tuple[Comparison, ...] = ()


@dataclass(frozen=True, slots=True)
class Detail:
    """One detail of a version, to be stored.

    Attributes:
        reader_id: the reader it is about, if any.
        digest: digest of all its inputs.
        results: JSON values; None if they are unchanged since the previous version.
    """

    kind: DetailKind
    reader_id: int | None
    digest: str
    results: Mapping[str, Any] | None

    @property
    def key(self) -> DetailKey:
        """Identifies the detail within a version."""
        return str(self.kind), self.reader_id


# -- Coefficients ---------------------------------------------------------------------------------


def coefficients(rows: PatternRows, groups: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Return the coefficients. They identify readers by primary key (see ``versions.named``).

    Args:
        rows: the counts.
        groups: class codes by group code.
    """
    answers = agreement.Answers.from_profiles(
        rows.profiles, rows.clusters, n_readers=len(rows.readers), n_classes=len(rows.classes)
    )
    patterns = rows.pattern_count()
    report = agreement.report(
        answers,
        [str(reader) for reader in rows.readers],
        rows.classes,
        repeats=rows.repeat_tables(),
        patterns=patterns,
        n_voters=rows.n_people,
    )
    people = answers.of_first(rows.n_people)
    if people is not answers:
        patterns = people.count().occurring()
    return {
        **report,
        "kinds": list(rows.kinds),
        "groups": group_lines(people, rows.classes, groups),
        "certainty": certainty.certainty(rows.grades.profiles, rows.grades.units, rows.classes),
        "measured": measured(rows.measured, rows.classes),
        "cells": precision.stored_cells(patterns.cells()),
        "latent": latent_report(patterns, effects=design_effects.largest(report["classes"])),
        "n_exams_given": rows.n_exams,
        "n_unreadable": rows.n_unreadable,
        "n_abstained": rows.n_abstained,
    }


# -- Details --------------------------------------------------------------------------------------


def details(
    inputs: Inputs,
    stored: Mapping[DetailKey, str],
    *,
    progress: ProgressCallback,
    gather_reader: Callable[[int], OpenReadings | Refusal],
) -> Iterator[Detail]:
    """Yield all details of the next version.

    Args:
        inputs: the inputs of the next version.
        stored: digests of the previous version's details. Details with the same digest are not
            computed again.
        progress: called before the profiles of each reader and after the last; may raise to stop.
        gather_reader: loads the readings of one reader's exams. Called only when there are too
            many readings to load all of them together.
    """
    yield facts_detail(inputs.facts, stored)
    if inputs.readings is None or inputs.trial is None:
        return
    readers = inputs.counts.readers
    n_total = len(readers) + 1
    for n_done, reader_id in enumerate(readers):
        progress(n_done, n_total)
        readings = inputs.readings
        if readings is Refusal.TOO_MANY:
            readings = gather_reader(reader_id)
        if detail := reader_detail(readings, reader_id, inputs.taxonomy_id, stored):
            yield detail
    progress(len(readers), n_total)
    yield errors_detail(inputs.readings, inputs.taxonomy_id, stored)
    yield suggestions_detail(inputs.trial, stored)


def facts_detail(facts: StudyFacts, stored: Mapping[DetailKey, str]) -> Detail:
    """Return the facts as a detail.

    The digest leaves out the software version, so that a software update alone does not lead to a
    new version of the report.
    """
    without_software = replace(facts, provenance=replace(facts.provenance, software=""))
    digest = json_values.digest(without_software)
    return _detail(DetailKind.FACTS, None, digest, stored, lambda: facts)


def reader_detail(
    readings: OpenReadings | Refusal,
    reader_id: int,
    taxonomy_id: int,
    stored: Mapping[DetailKey, str],
) -> Detail | None:
    """Return the profiles of a reader; None if none of their readings is open."""
    if isinstance(readings, Refusal):
        refused = ReaderDetail(taxonomy_id, readings)
        digest = json_values.digest(METHOD, refused)
        return _detail(DetailKind.READER, reader_id, digest, stored, lambda: refused)
    times = readings.times.get(reader_id)
    if times is None:
        return None
    references = readings.references
    digest = json_values.digest(METHOD, taxonomy_id, references.digest, times.digest())

    def compute() -> ReaderDetail:
        zone = timezone.get_default_timezone()
        profiles = {
            against: reader_profiles.profile(
                references, reader_id, times, zone=zone, against=against
            ).without_unused_classes()
            for against in Against
        }
        return ReaderDetail(taxonomy_id, profiles=profiles)

    return _detail(DetailKind.READER, reader_id, digest, stored, compute)


def errors_detail(
    readings: OpenReadings | Refusal, taxonomy_id: int, stored: Mapping[DetailKey, str]
) -> Detail:
    def compute() -> ErrorsDetail:
        if isinstance(readings, Refusal):
            return ErrorsDetail(taxonomy_id, readings)
        try:
            comparisons = paired_errors.compare(readings.references)
        except paired_errors.TooManyPairs:
            return ErrorsDetail(taxonomy_id, Refusal.TOO_MANY)
        return ErrorsDetail(taxonomy_id, comparisons=comparisons)

    inputs = readings if isinstance(readings, Refusal) else readings.references.digest
    digest = json_values.digest(METHOD, taxonomy_id, inputs)
    return _detail(DetailKind.ERRORS, None, digest, stored, compute)


def suggestions_detail(trial: Trial | Arms, stored: Mapping[DetailKey, str]) -> Detail:
    if isinstance(trial, Arms):
        digest = json_values.digest(METHOD, trial)
        return _detail(DetailKind.SUGGESTIONS, None, digest, stored, lambda: trial)
    digest = json_values.digest(METHOD, trial.digest())
    return _detail(
        DetailKind.SUGGESTIONS, None, digest, stored, lambda: suggestion_effect.compare(trial)
    )


def _detail(
    kind: DetailKind,
    reader_id: int | None,
    digest: str,
    stored: Mapping[DetailKey, str],
    compute: Callable[[], object],
) -> Detail:
    is_known = stored.get((str(kind), reader_id)) == digest
    return Detail(kind, reader_id, digest, None if is_known else json_values.dump(compute()))

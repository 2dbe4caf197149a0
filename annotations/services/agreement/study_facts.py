"""Facts about a study for its written report, taken from what was recorded, not from the plan."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, TypedDict

import numpy as np
from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    Aggregate,
    Count,
    F,
    FloatField,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
)

from annotations.models import (
    OF_STUDIES,
    AgreementReport,
    Assignment,
    AssignmentState,
    AuditEvent,
    Batch,
    Exam,
    Exposure,
    Occurrence,
    ProtocolVersion,
    Quality,
    ReaderKind,
    Reading,
    ReadingOutcome,
    Scope,
    Sex,
    Study,
    User,
)
from annotations.models.assignment import AssignmentQuerySet
from annotations.models.batch import BatchQuerySet
from annotations.models.people import ReaderLevel
from annotations.models.reading import ReadingQuerySet
from annotations.services import audit
from annotations.services.studies import protocols
from ecgreview import report_writing
from ecgreview.report_writing import Display, Draw, Selection, Spread, StudyFacts, Tally

SOFTWARE = "ECG Review"

MAX_DISPLAYS = 6
"""Number of display settings that are listed, most common first. The rest are only counted."""

_DISPLAY = ("arrangement", "rhythm", "speedMmPerS", "gainMmPerMv", "filter")


def gather(scope: Scope, readers: Iterable[int], *, software: str) -> StudyFacts:
    """Return the current facts. Sexes, levels and kinds are stored values; see ``localized``.

    Args:
        scope: a batch or a whole study.
        readers: ids of all readers in the report, including models and references.
        software: version of this software.
    """
    study = Study.objects.select_related("taxonomy").get(pk=scope.study_id)
    batch = _batch(scope)
    taxonomy = batch.taxonomy if batch else study.taxonomy
    batches = _batches(scope)
    is_imported = _is_imported(batches)
    return StudyFacts(
        study=study.name,
        scope=batch.name if batch else "",
        taxonomy=taxonomy.name,
        taxonomy_version=str(taxonomy.version),
        exams=_exams(study, batches),
        readers=_readers(study, batches, readers),
        design=report_writing.Design() if is_imported else _design(study, batch),
        counts=_counts(batches, is_imported=is_imported),
        dates=_dates(study, batches),
        provenance=report_writing.Provenance(
            software=f"{SOFTWARE} {software}",
            protocol_version=(batch or study).protocol_version,
        ),
    )


def localized(facts: StudyFacts, report: AgreementReport) -> StudyFacts:
    """Return ``facts`` in the current language, with the provenance of ``report``."""
    sexes = {sex.value: str(sex.label) for sex in Sex}
    levels = {str(level.value): str(level.label) for level in ReaderLevel}
    kinds = {kind.value: str(kind.label).lower() for kind in ReaderKind}
    return replace(
        facts,
        exams=replace(facts.exams, sex=_named(facts.exams.sex, sexes)),
        readers=replace(
            facts.readers,
            levels=_named(facts.readers.levels, levels),
            others=_named(facts.readers.others, kinds),
        ),
        provenance=_provenance(report, facts.provenance.software),
    )


def of_report(report: AgreementReport) -> StudyFacts:
    """Return the facts that can be derived from ``report``, for versions without stored facts.

    Args:
        report: with its study, batch and taxonomy selected.
    """
    is_imported = _is_imported(_batches(report.scope))
    frozen = protocols.frozen(report.study_id, report.protocol_version)
    return StudyFacts(
        study=report.study.name,
        scope=report.batch.name if report.batch else "",
        taxonomy=report.taxonomy.name,
        taxonomy_version=str(report.taxonomy.version),
        design=report_writing.Design()
        if is_imported or not frozen
        else report_writing.Design.of(frozen),
        provenance=_provenance(report, ""),
    )


def _batch(scope: Scope) -> Batch | None:
    if scope.batch_id is None:
        return None
    return Batch.objects.select_related("study", "taxonomy").get(pk=scope.batch_id)


def _batches(scope: Scope) -> BatchQuerySet:
    if scope.batch_id is not None:
        return Batch.objects.filter(pk=scope.batch_id)
    return Batch.objects.filter(study=scope.study_id, purpose__in=OF_STUDIES)


def _assignments(batches: BatchQuerySet) -> AssignmentQuerySet:
    """Return the assignments in ``batches``, without withdrawn ones and gold exams."""
    own = Assignment.objects.filter(batch__in=batches).without_gold()
    return own.exclude(state=AssignmentState.WITHDRAWN)


def _blind_readings(batches: BatchQuerySet) -> ReadingQuerySet:
    """Return the blind readings in ``batches``, without those of gold exams."""
    return Reading.objects.blind().without_gold().filter(assignment__batch__in=batches)


def _is_imported(batches: BatchQuerySet) -> bool:
    readings = Reading.objects.blind().effective().filter(assignment__batch__in=batches)
    return readings.filter(display__has_key="imported").exists()


def _named(tallies: Iterable[Tally], names: Mapping[str, str]) -> tuple[Tally, ...]:
    return tuple(Tally(names.get(tally.name, tally.name), tally.n) for tally in tallies)


def _exams(study: Study, batches: BatchQuerySet) -> report_writing.Exams:
    """Ages and sexes are counted per exam; a patient may have several."""
    assigned = _assignments(batches)
    exams = Exam.objects.filter(pk__in=assigned.values("exam"))
    owners = exams.aggregate(n=Count("patient", distinct=True), known=Count("patient"))
    ages = exams.aggregate(quartiles=_Quartiles("age_years"), n=Count("age_years"))
    n = exams.count()
    sexes = exams.order_by().values_list("sex").annotate(n=Count("pk"))
    sets = exams.order_by("dataset__name").values_list("dataset__name").annotate(n=Count("pk"))
    return report_writing.Exams(
        n=n,
        n_patients=owners["n"] if owners["known"] == n else None,
        draws=_draws(study, exams),
        n_removed=_n_removed(study),
        read_by=_read_by(batches, n),
        datasets=tuple(Tally(name, n) for name, n in sets),
        age_years=_spread_of(ages["quartiles"], ages["n"]),
        sex=_sexes(dict(sexes)),
    )


def _spread_of(quartiles: Sequence[float] | None, n_known: int) -> Spread | None:
    if quartiles is None:
        return None
    low, median, high = quartiles
    return Spread(low, median, high, n_known)


class _Quartiles(Aggregate):
    """Quartiles computed by the database, so that millions of ages are not loaded."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(array[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = ArrayField(FloatField())


def _sexes(n_exams: Mapping[str | None, int]) -> tuple[Tally, ...]:
    if not any(n_exams.get(sex) for sex in Sex.values):
        return ()
    return tuple(Tally(str(sex), n_exams[sex]) for sex in Sex.values if sex in n_exams)


def _readers(
    study: Study, batches: BatchQuerySet, readers: Iterable[int]
) -> report_writing.Readers:
    each = (
        Reading.objects.counted()
        .filter(assignment__batch__in=batches, reader__in=list(readers))
        .order_by()
        .values("reader")
        .annotate(n=Count("assignment__exam", distinct=True))
    )
    n_exams = {row["reader"]: row["n"] for row in each}
    others = User.objects.filter(pk__in=n_exams).exclude(kind=ReaderKind.PERSON)
    kinds = others.order_by("kind").values_list("kind").annotate(n=Count("pk"))
    not_people = set(others.values_list("pk", flat=True))
    exams_each = {pk: n for pk, n in n_exams.items() if pk not in not_people}
    people = User.objects.filter(pk__in=exams_each).exclude(username__startswith="import:")
    levels = people.order_by("level").values_list("level").annotate(n=Count("pk"))
    return report_writing.Readers(
        n=len(exams_each),
        others=tuple(Tally(kind, n) for kind, n in kinds),
        levels=tuple(Tally(str(level), n) for level, n in levels),
        exams_each=_spread(exams_each[reader] for reader in sorted(exams_each)),
        n_qualified=study.readers.filter(user__in=exams_each, qualified_at__isnull=False).count(),
        n_saw_results=study.broken_glass.values("user").distinct().count(),
    )


def _design(study: Study, batch: Batch | None) -> report_writing.Design:
    return report_writing.Design.of(
        protocols.of_batch(batch) if batch else protocols.protocol_of(study)
    )


def _counts(batches: BatchQuerySet, *, is_imported: bool) -> report_writing.Counts:
    assignments = _assignments(batches)
    readings = _blind_readings(batches)
    effective = readings.effective().aggregate(
        read=Count("pk"),
        unreadable=Count("pk", filter=Q(quality=Quality.UNREADABLE)),
        abstained=Count("pk", filter=Q(outcome=ReadingOutcome.ABSTAINED)),
        repeats=Count("pk", filter=Q(assignment__occurrence=Occurrence.REPEAT)),
        not_assessable=Sum("n_not_assessable", default=0),
    )
    corrected = readings.filter(supersedes__isnull=False).count()
    return report_writing.Counts(
        assigned=assignments.count(),
        corrected=corrected,
        **effective,
        **_planned_repeats(batches),
        suggestions_shown=_n_shown(batches),
        **_displays(batches.none() if is_imported else batches),
    )


def _dates(study: Study, batches: BatchQuerySet) -> report_writing.Dates:
    readings = _blind_readings(batches)
    signed = readings.exclude(display__has_key="imported").aggregate(
        first=Min("submitted_at"), last=Max("submitted_at")
    )
    return report_writing.Dates(
        opened=study.opened_at.date() if study.opened_at else None,
        first_reading=signed["first"].date() if signed["first"] else None,
        last_reading=signed["last"].date() if signed["last"] else None,
        closed=_closed_on(batches),
        locked=study.locked_at.date() if study.locked_at else None,
    )


def _provenance(report: AgreementReport, software: str) -> report_writing.Provenance:
    frozen = ProtocolVersion.objects.filter(
        study=report.study_id, version=report.protocol_version
    ).first()
    return report_writing.Provenance(
        software=software,
        digest=report.inputs_digest,
        protocol_version=report.protocol_version,
        protocol_digest=frozen.digest if frozen else "",
        written_at=report.computed_at,
    )


# -- Conduct --------------------------------------------------------------------------------------


class _Displays(TypedDict):
    """The fields of ``report_writing.Counts`` about how tracings were displayed."""

    displays: tuple[Display, ...]
    display_other: int
    display_unknown: int


class _Repeats(TypedDict):
    """The fields of ``report_writing.Counts`` about hidden repeats."""

    repeats_planned: int
    repeat_days: Spread | None


def _draws(study: Study, exams: QuerySet[Exam]) -> tuple[Draw, ...] | None:
    """Return how the exams of ``study`` were selected; None if that was not recorded."""
    n_exams = exams.count()
    n_of_study = exams.filter(in_studies__study=study).count()
    events = AuditEvent.objects.filter(study=study, action=audit.Action.STUDY_EXAMS_ADDED)
    draws = [
        _draw(json.loads(after)) for after in events.order_by("pk").values_list("after", flat=True)
    ]
    if not n_of_study or all(draw.selection is Selection.UNKNOWN for draw in draws):
        return None
    if n_exams > n_of_study:
        draws.append(Draw(n=n_exams - n_of_study))
    return tuple(draws)


def _draw(recorded: dict[str, Any]) -> Draw:
    """Return the draw that an audit event recorded. Early events have only the number of exams."""
    selection = Selection(recorded.get("selection", Selection.UNKNOWN))
    return Draw(n=recorded["n_exams"], selection=selection, **recorded.get("draw", {}))


def _n_removed(study: Study) -> int:
    """Return how many exams were removed from the study before they were assigned."""
    events = AuditEvent.objects.filter(study=study, action=audit.Action.STUDY_EXAMS_REMOVED)
    return sum(json.loads(after)["n_exams"] for after in events.values_list("after", flat=True))


def _read_by(batches: BatchQuerySet, n_exams: int) -> tuple[Tally, ...]:
    """Return how many of ``n_exams`` were read by 0, 1, 2, ... people."""
    each = (
        Reading.objects.counted()
        .filter(assignment__batch__in=batches, reader__kind=ReaderKind.PERSON)
        .order_by()
        .values("assignment__exam")
        .annotate(n=Count("reader", distinct=True))
    )
    by_readers = Counter(each.values_list("n", flat=True))
    by_readers[0] += n_exams - by_readers.total()
    return tuple(Tally(str(n), by_readers[n]) for n in sorted(by_readers) if by_readers[n] > 0)


def _planned_repeats(batches: BatchQuerySet) -> _Repeats:
    """Return the number of planned repeats, and the days between first and second reading."""
    planned = Assignment.objects.filter(batch__in=batches, occurrence=Occurrence.REPEAT)
    first = (
        Reading.objects.blind()
        .effective()
        .filter(
            reader=OuterRef("reader"),
            assignment__batch=OuterRef("assignment__batch"),
            assignment__exam=OuterRef("assignment__exam"),
            assignment__occurrence=Occurrence.FIRST,
        )
    )
    second = Reading.objects.blind().effective().filter(assignment__in=planned)
    gaps = second.annotate(
        gap=F("submitted_at") - Subquery(first.values("submitted_at")[:1])
    ).values_list("gap", flat=True)
    days = [gap / timedelta(days=1) for gap in gaps if gap is not None]
    return {"repeats_planned": planned.count(), "repeat_days": _spread(sorted(days))}


def _n_shown(batches: BatchQuerySet) -> int:
    """Return the number of readings for which suggestions were shown."""
    exposures = Exposure.objects.filter(assignment__batch__in=batches).exclude(
        assignment__occurrence=Occurrence.GOLD
    )
    return exposures.values("assignment").distinct().count()


def _displays(batches: BatchQuerySet) -> _Displays:
    """Return how the tracing was displayed when readings were submitted."""
    keys = [f"display__{name}" for name in _DISPLAY]
    readings = _blind_readings(batches).effective()
    rows = readings.order_by().values_list(*keys).annotate(n=Count("pk")).order_by("-n", *keys)
    displays, n_unknown = [], 0
    for *values, n in rows:
        display = _display(values, n)
        if display is None:
            n_unknown += n
        else:
            displays.append(display)
    return {
        "displays": tuple(displays[:MAX_DISPLAYS]),
        "display_other": sum(display.n for display in displays[MAX_DISPLAYS:]),
        "display_unknown": n_unknown,
    }


def _display(values: list[Any], n: int) -> Display | None:
    """Return a display; None if ``values`` are unusable, because API clients may send anything."""
    arrangement, rhythm, speed, gain, filter_name = values
    if not isinstance(arrangement, str) or not _is_number(speed) or not _is_number(gain):
        return None
    leads = tuple(map(str, rhythm)) if isinstance(rhythm, list) else ()
    return Display(
        n=n,
        arrangement=arrangement,
        speed_mm_per_s=speed,
        gain_mm_per_mv=gain,
        rhythm=leads,
        filter=filter_name if isinstance(filter_name, str) else "",
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _closed_on(batches: BatchQuerySet) -> date | None:
    """Return when the last batch was closed; None if there is none or while one is open."""
    moments = list(batches.values_list("closed_at", flat=True))
    closed = [time for time in moments if time is not None]
    return max(closed).date() if closed and len(closed) == len(moments) else None


def _spread(values: Iterable[float]) -> Spread | None:
    """Return the quartiles of ``values``; None if there are none."""
    array = np.array(list(values), dtype=np.float64)
    if not array.size:
        return None
    low, middle, high = np.percentile(array, [25, 50, 75]).tolist()
    return Spread(low, middle, high, len(array))

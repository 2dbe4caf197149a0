"""What a written report tells of a study beside its numbers: all that the rows knew of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from django.contrib.postgres.fields import ArrayField
from django.db.models import Aggregate, Count, FloatField, Max, Min, Q, Sum

from annotations.models import (
    OF_STUDIES,
    AgreementReport,
    Assignment,
    AssignmentState,
    Batch,
    Exam,
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
from annotations.models.batch import BatchQuerySet
from annotations.models.people import ReaderLevel
from annotations.services.agreement import study_conduct
from annotations.services.studies import protocols
from ecgreview import report_writing
from ecgreview.report_writing import Spread, StudyFacts, Tally

SOFTWARE = "ECG Review"


def gather(scope: Scope, readers: Iterable[int], *, software: str) -> StudyFacts:
    """Return what is known of the study, or of the batch, at this moment.

    Sexes and levels of readers are told by the values of their rows, in no language.

    Args:
        scope: whose report it belongs to.
        readers: ids of those whom the report names, models and references among them.
        software: the version that runs.
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


def told(facts: StudyFacts, report: AgreementReport) -> StudyFacts:
    """Return ``facts`` of ``report`` in the language of who reads them, with their provenance."""
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


def of_the_version(report: AgreementReport) -> StudyFacts:
    """Return the little that ``report`` itself tells, which was made before facts were stored.

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


def _is_imported(batches: BatchQuerySet) -> bool:
    readings = Reading.objects.blind().effective().filter(assignment__batch__in=batches)
    return readings.filter(display__has_key="imported").exists()


def _named(found: Iterable[Tally], names: Mapping[str, str]) -> tuple[Tally, ...]:
    return tuple(Tally(names.get(one.name, one.name), one.n) for one in found)


def _exams(study: Study, batches: BatchQuerySet) -> report_writing.Exams:
    """Return the exams; ages and sexes are of exams, of which a patient may have several."""
    given = Assignment.objects.filter(batch__in=batches).exclude(state=AssignmentState.WITHDRAWN)
    exams = Exam.objects.filter(pk__in=given.values("exam"))
    owners = exams.aggregate(n=Count("patient", distinct=True), known=Count("patient"))
    ages = exams.aggregate(quartiles=_Quartiles("age_years"), n=Count("age_years"))
    n = exams.count()
    sexes = exams.order_by().values_list("sex").annotate(n=Count("pk"))
    sets = exams.order_by("dataset__name").values_list("dataset__name").annotate(n=Count("pk"))
    return report_writing.Exams(
        n=n,
        n_patients=owners["n"] if owners["known"] == n else None,
        draws=study_conduct.draws(study, exams),
        n_removed=study_conduct.n_removed(study),
        read_by=study_conduct.read_by(batches, n),
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
    """Quartiles as the database finds them: of millions of exams no age is read."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(array[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = ArrayField(FloatField())


def _sexes(found: Mapping[str | None, int]) -> tuple[Tally, ...]:
    if not any(found.get(sex) for sex in Sex.values):
        return ()
    return tuple(Tally(str(sex), found[sex]) for sex in Sex.values if sex in found)


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
    found = {row["reader"]: row["n"] for row in each}
    others = User.objects.filter(pk__in=found).exclude(kind=ReaderKind.PERSON)
    kinds = others.order_by("kind").values_list("kind").annotate(n=Count("pk"))
    no_people = set(others.values_list("pk", flat=True))
    exams_each = {pk: n for pk, n in found.items() if pk not in no_people}
    people = User.objects.filter(pk__in=exams_each).exclude(username__startswith="import:")
    levels = people.order_by("level").values_list("level").annotate(n=Count("pk"))
    return report_writing.Readers(
        n=len(exams_each),
        others=tuple(Tally(kind, n) for kind, n in kinds),
        levels=tuple(Tally(str(level), n) for level, n in levels),
        exams_each=study_conduct.spread(exams_each[reader] for reader in sorted(exams_each)),
        n_qualified=study.readers.filter(user__in=exams_each, qualified_at__isnull=False).count(),
        n_saw_results=study.broken_glass.values("user").distinct().count(),
    )


def _design(study: Study, batch: Batch | None) -> report_writing.Design:
    return report_writing.Design.of(
        protocols.of_batch(batch) if batch else protocols.protocol_of(study)
    )


def _counts(batches: BatchQuerySet, *, is_imported: bool) -> report_writing.Counts:
    given = Assignment.objects.filter(batch__in=batches).exclude(state=AssignmentState.WITHDRAWN)
    readings = Reading.objects.blind().filter(assignment__batch__in=batches)
    standing = readings.effective().aggregate(
        read=Count("pk"),
        unreadable=Count("pk", filter=Q(quality=Quality.UNREADABLE)),
        abstained=Count("pk", filter=Q(outcome=ReadingOutcome.ABSTAINED)),
        repeats=Count("pk", filter=Q(assignment__occurrence=Occurrence.REPEAT)),
        not_assessable=Sum("n_not_assessable", default=0),
    )
    corrected = readings.filter(supersedes__isnull=False).count()
    return report_writing.Counts(
        assigned=given.count(),
        corrected=corrected,
        **standing,
        **study_conduct.repeats(batches),
        suggestions_shown=study_conduct.n_shown(batches),
        **study_conduct.displays(batches.none() if is_imported else batches),
    )


def _dates(study: Study, batches: BatchQuerySet) -> report_writing.Dates:
    readings = Reading.objects.blind().filter(assignment__batch__in=batches)
    found = readings.exclude(display__has_key="imported").aggregate(
        first=Min("submitted_at"), last=Max("submitted_at")
    )
    return report_writing.Dates(
        opened=study.opened_at.date() if study.opened_at else None,
        first_reading=found["first"].date() if found["first"] else None,
        last_reading=found["last"].date() if found["last"] else None,
        closed=study_conduct.closed_on(batches),
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

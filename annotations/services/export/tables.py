"""The export tables as rows in a fixed order. The first row has the headings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Prefetch

from annotations.models import (
    AgreementReport,
    ClassState,
    Consensus,
    ConsensusLabel,
    DiagnosticClass,
    Exam,
    Study,
    Taxonomy,
)
from annotations.services.agreement import gold_accuracy
from annotations.services.blinding.reader_names import pseudonym
from annotations.services.consensus import signal
from annotations.services.export.sources import (
    ASSIGNMENT_COLUMNS,
    READING_COLUMNS,
    ROWS_AT_ONCE,
    Cell,
    Row,
    Source,
    opened,
    reading_cells,
)
from ecgreview import agreement as domain
from ecgreview.consensus import LEVELS

# Higher ages could identify people. They are exported as 90+, as HIPAA's safe harbor requires.
OLDEST_STATED_YEARS = 89

PRESENT, ABSENT, NOT_ASSESSED = "present", "absent", "not_assessed"
NOT_ASSESSABLE = "not_assessable"
VOCABULARIES = ("snomed_ct", "scp", "aha", "code15", "cpsc2018")
COUNTS = (
    *("n_exams", "n_readings", "n_positive", "n_positive_any", "n_positive_all"),
    "n_not_assessable",
)
PAIR_COUNTS = ("n11", "n10", "n01", "n00")


def consensus(study: Study) -> Iterator[Row]:
    """Yield a row per exam with open results: consensus outcome and state of every class."""
    codes = _codes(study.taxonomy)
    yield (
        *("exam", "dataset", "source_key", "age_years", "sex"),
        *("rule", "outcome", "n_readings", "n_wanted", "n_unreadable", "reason", "labels"),
        *("disputed", "adjudicated", "votes", "not_assessable", "bases", "posteriors"),
        *("quality", "quality_votes", "problems", "problem_votes", *codes),
    )
    labels = ConsensusLabel.objects.select_related("diagnostic_class").only(
        "consensus", "n_positive", "diagnostic_class__code"
    )
    rows = Consensus.objects.with_open_results().filter(study=study).select_related("exam__dataset")
    with_labels = rows.prefetch_related(Prefetch("labels", queryset=labels))
    for row in with_labels.order_by("exam__code").iterator(chunk_size=ROWS_AT_ONCE):
        n_by_label = {label.diagnostic_class.code: label.n_positive for label in row.labels.all()}
        votes = {code: n_by_label[code] for code in codes if code in n_by_label}
        states = {code: row.state(code) for code in codes}
        yield (
            *_exam(row.exam),
            row.rule,
            row.outcome,
            row.n_readings,
            row.n_wanted,
            row.n_unreadable,
            row.reason,
            ";".join(code for code in codes if states[code] == ClassState.PRESENT),
            ";".join(code for code in votes if states[code] == ClassState.UNDECIDED),
            ";".join(code for code in codes if code in row.adjudicated),
            ";".join(f"{code}:{n_positive}" for code, n_positive in votes.items()),
            ";".join(f"{code}:{n}" for code in codes if (n := row.not_assessable.get(code))),
            ";".join(f"{code}:{row.bases[code]}" for code in codes if code in row.bases),
            ";".join(f"{code}:{row.posteriors[code]}" for code in codes if code in row.posteriors),
            *_signal(row),
            *states.values(),
        )


def _signal(row: Consensus) -> Row:
    votes = row.problem_votes
    return (
        row.quality,
        ";".join(f"{level}:{n}" for level in LEVELS if (n := row.quality_votes.get(level))),
        ";".join(f"{code}={state}" for code, state in sorted(row.problem_states.items())),
        ";".join(f"{code}={votes[code]}" for code in sorted(votes)),
    )


def signal_agreement(study: Study) -> Iterator[Row]:
    """Yield one row per statistic of the signal quality, then of each problem of the signal."""
    yield ("item", "statistic", "value", "low", "high", "n", "reason")
    for item in signal.agreement(Consensus.objects.with_open_results().filter(study=study)):
        for name in ("n_exams", "n_any"):
            yield (item.item, name, getattr(item, name), "", "", "", "")
        for name, measure in item.statistics.items():
            yield (
                *(item.item, name, measure.estimate, measure.low, measure.high),
                *(measure.n, measure.reason),
            )


def readings_long(study: Study) -> Iterator[Row]:
    """Yield one row per effective reading and class; ``consensus`` describes the exams.

    The classes are those of the taxonomy that the reader used. Comments are left out, because free
    text may identify a person.
    """
    yield (*ASSIGNMENT_COLUMNS, *READING_COLUMNS, "quality", "class", "state", "certainty")
    codes = {version.pk: _codes(version) for version in _taxonomies(study)}
    source = Source(study)
    for reading in source.effective():
        certainties = {
            item.diagnostic_class.code: item.certainty for item in reading.findings.all()
        }
        not_assessable = {item.diagnostic_class.code for item in reading.not_assessable.all()}
        head = (*source.assignment_cells(reading), *reading_cells(reading), reading.quality)
        other = ABSENT if reading.is_readable and reading.is_answered else NOT_ASSESSED
        for code in codes[reading.taxonomy_id]:
            certainty = certainties.get(code)
            absent = NOT_ASSESSABLE if code in not_assessable else other
            yield (*head, code, PRESENT if certainty else absent, certainty)


def gold(study: Study) -> Iterator[Row]:
    """Yield one row per answered gold exam. These readings are in no other table.

    Answers and references are in the classes in force.
    """
    yield ("exam", "batch", "reader", "submitted_at", "quality", "reference", "labels", "is_right")
    codes = _codes(study.taxonomy)
    readings = gold_accuracy.gold_readings(study).filter(assignment__batch__in=opened(study))
    answers, _ = gold_accuracy.answers_in(study, readings)
    for answer in sorted(answers, key=lambda answer: (answer.exam.code, answer.reading.pk)):
        reading = answer.reading
        submitted_at, quality = reading_cells(reading)[2], reading.quality
        yield (
            answer.exam.code,
            reading.assignment.batch.name,
            pseudonym(study, reading.reader_id),
            submitted_at,
            quality,
            ";".join(code for code in codes if code in answer.hits | answer.missed),
            ";".join(code for code in codes if code in answer.hits | answer.extra),
            int(answer.is_right),
        )


def taxonomy(study: Study) -> Iterator[Row]:
    """Yield one row per class of each exported taxonomy, with its codes in other vocabularies."""
    yield (
        *("taxonomy", "version", "position", "code", "abbreviation", "name", "name_pt"),
        *("group", "group_name", "definition", "is_exclusive", "evidence", *VOCABULARIES),
    )
    for row in _taxonomies(study):
        for item in row.classes.select_related("group").order_by("position"):
            yield (
                row.name,
                row.version,
                item.position,
                item.code,
                item.abbreviation,
                item.name,
                item.name_pt,
                item.group.code,
                item.group.name,
                item.definition,
                int(item.is_exclusive),
                item.evidence,
                *(_external_codes(item, vocabulary) for vocabulary in VOCABULARIES),
            )


def agreement(study: Study) -> Iterator[Row]:
    """Yield one row per exportable batch, class, group of readers and statistic.

    An empty class means all classes together, and empty readers mean all people who read the batch.
    ``n10`` is the number of exams in which only the first of two readers marked the class. If a
    value is missing, ``reason`` says why. ``kinds`` holds the reader kinds of a pair.
    """
    yield ("batch", "class", "readers", "statistic", "value", "low", "high", "n", "reason", "kinds")
    reports = AgreementReport.objects.newest().filter(batch__in=opened(study))
    for report in reports.select_related("batch").order_by("batch__name"):
        results, batch = report.coded_results, report.batch.name if report.batch else ""
        for name in ("n_readers", "n_exams", "n_exams_compared"):
            yield (batch, "", "", name, results[name], "", "", "", "", "")
        for name, value in _overall(results["overall"]):
            yield _measured((batch, "", ""), name, value)
        for item in results["classes"]:
            yield from _statistics((batch, item["class"], ""), item, COUNTS)
        for line in domain.pair_lines(results):
            names = " ".join(pseudonym(study, int(reader)) for reader in line["readers"])
            kinds = " ".join(line["kinds"])
            for row in _statistics((batch, line["class"], names), line, PAIR_COUNTS):
                yield (*row[:-1], kinds)


def stated_age(age_years: float | None) -> Cell:
    """Return the age for export: "90+" instead of any age over 89."""
    if age_years is None or age_years <= OLDEST_STATED_YEARS:
        return age_years
    return f"{OLDEST_STATED_YEARS + 1}+"


def _taxonomies(study: Study) -> list[Taxonomy]:
    """Return the taxonomy in force, then the others that the exported batches were read with."""
    used = Taxonomy.objects.filter(batches__in=opened(study)).exclude(pk=study.taxonomy_id)
    return [study.taxonomy, *used.distinct().order_by("pk")]


def _codes(taxonomy: Taxonomy) -> list[str]:
    return list(taxonomy.classes.order_by("position").values_list("code", flat=True))


def _exam(exam: Exam) -> Row:
    age = stated_age(exam.age_years)
    return (exam.code, exam.dataset.name, exam.source_key, age, exam.sex)


def _external_codes(item: DiagnosticClass, vocabulary: str) -> str:
    """Return the codes in ``vocabulary``, each with its relation unless it is exact."""
    codes = item.codes.get(vocabulary, [])
    return ";".join(
        code["code"] if code["match"] == "exact" else f"{code['code']} ({code['match']})"
        for code in codes
    )


def _overall(overall: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name in ("exact_set", "mean_jaccard", "jaccard_alpha", "masi_alpha"):
        yield name, overall[name]
    for kind in ("macro", "micro"):
        for name, value in overall[kind].items():
            yield f"{kind}_{name}", value


def _statistics(head: Row, values: Mapping[str, Any], counts: tuple[str, ...]) -> Iterator[Row]:
    """Yield rows for the counts, then for every statistic in ``values``."""
    for name in counts:
        yield (*head, name, values[name], "", "", "", "", "")
    for name, value in values.items():
        if isinstance(value, dict) and "estimate" in value:
            yield _measured(head, name, value)


def _measured(head: Row, name: str, value: Mapping[str, Any]) -> Row:
    numbers = (value[key] for key in ("estimate", "low", "high", "n", "reason"))
    return (*head, name, *numbers, "")

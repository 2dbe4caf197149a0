"""CSV tables, long and wide, with a data dictionary as a data package."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from ecgreview.consensus import Basis, Status
from ecgreview.release import licences
from ecgreview.release.content import Content, Facts, Label, LabelState
from ecgreview.release.formats import table_schema
from ecgreview.release.formats.about import About
from ecgreview.release.formats.table_schema import Column
from ecgreview.spreadsheets import formula_safe

Cell: TypeAlias = str | int | float | None
Rows: TypeAlias = Iterator[Sequence[Cell]]

# Decimal places of numbers that are computed. More would only differ between machines.
DECIMALS = 6

EXAM = Column("exam", "Code of the exam.")
CLASS = Column("class", "Code of the class; see classes.csv.")
READER = Column("reader", "Pseudonym of the reader, the same in all releases of the study.")
PURPOSE = Column(
    "purpose", "What the reading was made for.", enum=("data", "reread", "adjudication")
)

EXAMS = (
    EXAM,
    Column("number", "Place of the exam in this release.", "integer"),
    Column("source", "Data set the exam was imported from."),
    Column("source_key", "Name of the exam in the source, or a keyed hash of it."),
    Column("patient", "Pseudonym of the patient; missing if the patient is unknown.", null=True),
    Column("age_years", "Age in years; missing if unknown or over 89.", "number", null=True),
    Column("is_over_89", "Whether the patient is older than 89.", "boolean"),
    Column("sex", "Sex of the patient.", enum=("F", "M"), null=True),
    Column("fold", "Fold of the patient; missing without folds.", "integer", null=True),
    Column("split", "Official split of the source; missing if it has none.", null=True),
    Column("outcome", "How the consensus on the exam was reached.",
           enum=(*(item.value for item in Status), LabelState.EMBARGOED.value)),
    Column("n_readings", "Number of votes.", "integer"),
    Column("n_unreadable", "Number of votes that call the exam unreadable.", "integer"),
    Column("n_tracings", "Number of tracings; 0 if only readings exist.", "integer"),
)  # fmt: skip
LABELS_LONG = (
    EXAM,
    CLASS,
    Column("state", "Result of the consensus rule.", enum=tuple(item.value for item in LabelState)),
    Column("basis", "Why the class has its state; missing if embargoed or from an older version.",
           enum=tuple(item.value for item in Basis), null=True),
    Column("n_marked", "Number of votes for the class.", "integer"),
    Column("n_votes", "Number of votes for or against it.", "integer"),
    Column("hard", "1 present, 0 absent, missing if neither.", "integer", null=True),
    Column("soft", "Posterior or share of votes; missing without votes.", "number", null=True),
    Column("posterior", "P(present | votes), if the rule estimates it.", "number", null=True),
)  # fmt: skip
READINGS_LONG = (
    EXAM,
    READER,
    Column("kind", "Kind of reader. Only people vote.", enum=("person", "model", "reference")),
    PURPOSE,
    Column("quality", "Signal quality.", enum=("good", "acceptable", "poor", "unreadable")),
    CLASS,
    Column("state", "What the reader says of the class.",
           enum=("present", "absent", "not_assessable", "not_assessed")),
    Column("certainty", "Certainty of a present class.",
           enum=("definite", "probable", "possible"), null=True),
)  # fmt: skip
READINGS = (
    *READINGS_LONG[:5],
    Column("active_ms", "Time the reader worked on the exam, in ms; 0 if unknown.", "integer"),
)
AREAS = (
    EXAM,
    READER,
    PURPOSE,
    CLASS,
    Column("tracing", "Number of the tracing, from 1.", "integer"),
    Column("leads", "Leads of the area, separated by spaces."),
    Column("from_s", "Start of the area in s.", "number"),
    Column("to_s", "End of the area in s.", "number"),
)
CLASSES = (
    CLASS,
    Column("position", "Place of the class in the list.", "integer"),
    Column("abbreviation", "Short name."),
    Column("name", "Name in English."),
    Column("name_pt", "Name in Portuguese."),
    Column("group", "Group of classes."),
    Column("definition", "Definition in English.", null=True),
    Column("is_exclusive", "Whether no other class can be present with it.", "boolean"),
)


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    description: str
    columns: Sequence[Column]
    key: Sequence[str]
    rows: Callable[[Content], Rows]


ABOUT = About(
    title="CSV tables with a data dictionary (Table Schema)",
    files={
        "exams.csv": "one row per exam: age, sex, source, patient, fold, split",
        "labels_long.csv": "one row per exam and class: state, basis, votes, posterior",
        "labels_wide.csv": "one row per exam: 1 present, 0 absent, empty otherwise",
        "soft_labels_wide.csv": "the same with the posterior or the share of votes",
        "readings.csv": "one row per reading",
        "readings_long.csv": "one row per reading and class",
        "areas.csv": "areas that readers marked",
        "classes.csv": "the classes",
        "datapackage.json": "what every column means, as a Data Package (Table Schema)",
    },
    readers=("frictionless", "pandas"),
    limits=("tracings are not included",),
)


class CsvTables:
    """CSV files (UTF-8, comma, LF) and ``datapackage.json``."""

    name = "csv"
    needs_signals = False
    extra = ""

    def write(self, content: Content, folder: Path) -> None:
        """Write the tables to ``folder``."""
        tables = _tables(content.facts)
        for table in tables:
            with (folder / f"{table.name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow([column.name for column in table.columns])
                writer.writerows(map(_safe, table.rows(content)))
        package = _package(content.facts, tables)
        text = json.dumps(package, ensure_ascii=False, indent=1)
        (folder / "datapackage.json").write_text(f"{text}\n", "utf-8", newline="\n")


FORMAT = CsvTables()


def _tables(facts: Facts) -> Sequence[_Table]:
    wide = [
        Column(item.code, f"{item.name}: 1 present, 0 absent, NaN if neither.", "number")
        for item in facts.taxonomy.classes
    ]
    return (
        _Table("exams", "One row per exam.", EXAMS, ("exam",), _exams),
        _Table("labels_long", "One row per exam and class.", LABELS_LONG,
               ("exam", "class"), _labels_long),
        _Table("labels_wide", "One row per exam and one column per class: labels.",
               (EXAM, *wide), ("exam",), _hard),
        _Table("soft_labels_wide", "One row per exam and one column per class: soft labels.",
               (EXAM, *(_as_soft(column) for column in wide)), ("exam",), _soft),
        _Table("readings", "One row per reading.", READINGS, (), _readings),
        _Table("readings_long", "One row per reading and class.", READINGS_LONG, (),
               _readings_long),
        _Table("areas", "One row per area that a reader marked.", AREAS, (), _areas),
        _Table("classes", "The classes.", CLASSES, ("class",), _classes),
    )  # fmt: skip


def _as_soft(column: Column) -> Column:
    name = column.description.partition(":")[0]
    description = f"{name}: posterior or share of votes, NaN without votes."
    return Column(column.name, description, "number")


def _exams(content: Content) -> Rows:
    for exam in content.exams():
        yield (
            exam.code, exam.number, exam.source, exam.source_key, exam.patient, exam.age_years,
            _flag(exam.is_over_89), exam.sex, exam.fold, exam.split, exam.outcome,
            exam.n_readings, exam.n_unreadable, exam.tracings,
        )  # fmt: skip


def _labels_long(content: Content) -> Rows:
    for exam in content.exams():
        for code, label in exam.labels.items():
            yield (
                exam.code, code, label.state.value, label.basis, label.n_marked, label.n_votes,
                _integer(label.hard), _number(label.soft),
                None if label.posterior is None else _number(label.posterior),
            )  # fmt: skip


def _hard(content: Content) -> Rows:
    return _wide(content, lambda label: _integer(label.hard))


def _soft(content: Content) -> Rows:
    return _wide(content, lambda label: _number(label.soft))


def _wide(content: Content, value: Callable[[Label], Cell]) -> Rows:
    for exam in content.exams():
        yield (exam.code, *(_or_nan(value(label)) for label in exam.labels.values()))


def _readings(content: Content) -> Rows:
    for item in content.readings():
        yield item.exam, item.reader, item.kind, item.purpose, item.quality, item.active_ms


def _readings_long(content: Content) -> Rows:
    codes = [item.code for item in content.facts.taxonomy.classes]
    for item in content.readings():
        head = (item.exam, item.reader, item.kind, item.purpose, item.quality)
        for cell in item.cells(codes):
            yield *head, *cell


def _areas(content: Content) -> Rows:
    for item in content.readings():
        for finding in item.findings:
            for area in finding.areas:
                yield (
                    item.exam, item.reader, item.purpose, finding.code, area.tracing,
                    " ".join(area.leads), area.from_s, area.to_s,
                )  # fmt: skip


def _classes(content: Content) -> Rows:
    for item in content.facts.taxonomy.classes:
        yield (
            item.code, item.position, item.abbreviation, item.name, item.name_pt, item.group,
            item.definition, _flag(item.is_exclusive),
        )  # fmt: skip


def _package(facts: Facts, tables: Sequence[_Table]) -> dict[str, Any]:
    licence = licences.licence(facts.licence)
    return {
        "profile": "tabular-data-package",
        "name": facts.slug,
        "title": facts.study,
        "version": facts.version,
        "licenses": [
            {"name": facts.licence}
            | ({"path": licence.url, "title": licence.name} if licence and licence.url else {})
        ],
        "contributors": [{"title": author, "role": "author"} for author in facts.authors],
        "sources": [{"title": source.name} for source in facts.sources],
        "resources": [
            table_schema.resource(table.name, table.description, table.columns, table.key)
            for table in tables
        ],
    }


def _safe(row: Sequence[Cell]) -> list[Cell]:
    return [formula_safe(cell) if isinstance(cell, str) else cell for cell in row]


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _integer(value: float) -> int | None:
    return None if value != value else int(value)


def _number(value: float) -> float | None:
    return None if value != value else round(value, DECIMALS)


def _or_nan(value: Cell) -> Cell:
    return "NaN" if value is None else value

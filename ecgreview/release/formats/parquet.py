"""Parquet tables: 0/1/NaN labels, soft labels, exams and readings.

The bytes depend on the version of pyarrow, which is pinned, and on nothing else: Parquet files
contain no time stamps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecgreview.release.content import Content, Facts, ReleasedExam

from .about import About
from .streams import batches

if TYPE_CHECKING:
    import pyarrow as pa

Row = Sequence[Any]

# Rows of readings are long and narrow, so the same memory holds more of them.
EXAMS_AT_ONCE, CELLS_AT_ONCE = 1_000, 50_000

ABOUT = About(
    title="Label matrices and readings as Parquet",
    files={
        "labels.parquet": "row per exam, column per class: 1 present, 0 absent, NaN neither",
        "soft_labels.parquet": "the same shape: posterior or share of votes, NaN without votes",
        "exams.parquet": "one row per exam: source, patient, age, sex, fold, split, outcome",
        "readings_long.parquet": "one row per reading and class, with state and certainty",
    },
    readers=("pandas", "pyarrow"),
    limits=(
        (
            "NaN in `labels.parquet` does not say whether a class is undecided, incomplete or not "
            "assessed; the CSV tables do"
        ),
        "no tracings, no areas",
    ),
)


class Parquet:
    name = "parquet"
    needs_signals = False
    extra = "formats"

    def write(self, content: Content, folder: Path) -> None:
        hard = (
            (exam.code, *(label.hard for label in exam.labels.values())) for exam in content.exams()
        )
        soft = (
            (exam.code, *(label.soft for label in exam.labels.values())) for exam in content.exams()
        )
        of_labels = matrix_schema(class_codes(content.facts))
        write_table(folder / "labels.parquet", of_labels, hard, EXAMS_AT_ONCE)
        write_table(folder / "soft_labels.parquet", of_labels, soft, EXAMS_AT_ONCE)
        of_exams = (exam_row(exam) for exam in content.exams())
        write_table(folder / "exams.parquet", exam_schema(), of_exams, EXAMS_AT_ONCE)
        write_table(
            folder / "readings_long.parquet", reading_schema(), reading_rows(content), CELLS_AT_ONCE
        )


FORMAT = Parquet()


def write_table(path: Path, schema: pa.Schema, rows: Iterable[Row], at_once: int) -> None:
    """Write ``rows`` in groups of ``at_once``, which limits the memory."""
    with open_table(path, schema) as writer:
        for group in batches(rows, at_once):
            writer.write_table(as_table(schema, group))


def open_table(path: Path, schema: pa.Schema) -> Any:
    import pyarrow.parquet

    # Everything that changes the bytes is stated, because defaults differ between versions.
    return pyarrow.parquet.ParquetWriter(
        path,
        schema,
        version="2.6",
        data_page_version="1.0",
        compression="zstd",
        compression_level=3,
        use_dictionary=True,
        write_statistics=True,
    )


def as_table(schema: pa.Schema, rows: Sequence[Row]) -> pa.Table:
    import pyarrow as pa

    columns = zip(*rows, strict=True)
    arrays = [
        pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def matrix_schema(codes: Sequence[str]) -> pa.Schema:
    import pyarrow as pa

    return pa.schema([("exam", pa.string()), *((code, pa.float64()) for code in codes)])


def exam_schema() -> pa.Schema:
    import pyarrow as pa

    text, whole, number, flag = pa.string(), pa.int32(), pa.float64(), pa.bool_()
    return pa.schema(
        [
            ("exam", text),
            ("number", pa.int64()),
            ("source", text),
            ("source_key", text),
            ("patient", text),
            ("age_years", number),
            ("is_over_89", flag),
            ("sex", text),
            ("fold", whole),
            ("split", text),
            ("outcome", text),
            ("n_readings", whole),
            ("n_unreadable", whole),
            ("n_tracings", whole),
        ]
    )


def exam_row(exam: ReleasedExam) -> Row:
    """Return the cells of ``exam_schema``; unknown values are null."""
    return (
        exam.code,
        exam.number,
        exam.source,
        exam.source_key,
        exam.patient or None,
        exam.age_years,
        exam.is_over_89,
        exam.sex or None,
        exam.fold,
        exam.split or None,
        exam.outcome,
        exam.n_readings,
        exam.n_unreadable,
        exam.tracings,
    )


def reading_schema() -> pa.Schema:
    import pyarrow as pa

    names = ("exam", "reader", "kind", "purpose", "quality", "class", "state", "certainty")
    return pa.schema([(name, pa.string()) for name in names])


def reading_rows(content: Content) -> Iterator[Row]:
    """Yield the cells of ``reading_schema`` for each reading and class."""
    codes = class_codes(content.facts)
    for reading in content.readings():
        head = (reading.exam, reading.reader, reading.kind, reading.purpose, reading.quality)
        for cell in reading.cells(codes):
            yield *head, *cell


def class_codes(facts: Facts) -> list[str]:
    return [item.code for item in facts.taxonomy.classes]

"""A dataset folder for Hugging Face: Parquet files, a card and Croissant metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecgreview.release.content import Content, Facts, LabelState, ReleasedExam

from . import croissant, files, parquet, prose
from .about import About
from .streams import batches

if TYPE_CHECKING:
    import pyarrow as pa

ABOUT = About(
    title="Hugging Face dataset folder with Croissant 1.1",
    files={
        "README.md": "dataset card; its front matter names the configurations and splits",
        "labels/SPLIT.parquet": (
            "one row per exam: its facts, each class as 1/0/NaN, and `CLASS_soft`; a file for each "
            "official split, `train` for exams without one"
        ),
        "readings/train.parquet": "one row per reading and class",
        "croissant.json": "Croissant 1.1 with the vocabulary for responsible AI",
    },
    readers=("datasets", "mlcroissant"),
    limits=(
        "no tracings; use WFDB or HDF5",
        "NaN does not say whether a class is undecided, incomplete or not assessed",
        "a `train` split is only the name that loaders expect: folds are a column",
    ),
)


class HuggingFace:
    name = "huggingface"
    needs_signals = False
    extra = "formats"

    def write(self, content: Content, folder: Path) -> None:
        facts = content.facts
        for name in ("labels", "readings"):
            (folder / name).mkdir()
        splits = _write_labels(content, folder)
        parquet.write_table(
            folder / "readings" / "train.parquet",
            parquet.reading_schema(),
            parquet.reading_rows(content),
            parquet.CELLS_AT_ONCE,
        )
        tables = {"labels": label_schema(facts), "readings": parquet.reading_schema()}
        paths = {
            "labels": [f"labels/{split}.parquet" for split in splits],
            "readings": ["readings/train.parquet"],
        }
        files.write_json(
            folder / "croissant.json", croissant.document(facts, folder, tables, paths)
        )
        files.write_text(folder / "README.md", card(facts, splits))


FORMAT = HuggingFace()


def split_of(exam: ReleasedExam) -> str:
    """Return the name of a split as loaders accept it. Embargoed exams are in one of their own."""
    if exam.is_embargoed:
        return LabelState.EMBARGOED.value
    return re.sub(r"\W+", "_", exam.split.strip().lower()) or "train"


def _write_labels(content: Content, folder: Path) -> list[str]:
    """Write a file per split and return the splits, in the order of their first exam."""
    schema = label_schema(content.facts)
    writers: dict[str, Any] = {}
    with ExitStack() as stack:
        for group in batches(content.exams(), parquet.EXAMS_AT_ONCE):
            for split in dict.fromkeys(map(split_of, group)):
                if split not in writers:
                    path = folder / "labels" / f"{split}.parquet"
                    writers[split] = stack.enter_context(parquet.open_table(path, schema))
                rows = [_row(exam) for exam in group if split_of(exam) == split]
                writers[split].write_table(parquet.as_table(schema, rows))
    return list(writers)


def label_schema(facts: Facts) -> pa.Schema:
    import pyarrow as pa

    codes = parquet.class_codes(facts)
    names = [*codes, *(f"{code}_soft" for code in codes)]
    return pa.schema([*parquet.exam_schema(), *(pa.field(name, pa.float64()) for name in names)])


def _row(exam: ReleasedExam) -> Sequence[Any]:
    labels = exam.labels.values()
    return (
        *parquet.exam_row(exam),
        *(label.hard for label in labels),
        *(label.soft for label in labels),
    )


def card(facts: Facts, splits: Sequence[str]) -> str:
    """Return the dataset card. Texts in its front matter are JSON strings, which YAML reads."""
    lines = [
        "---",
        f"license: {_licence(facts.licence)}",
        *_other_licence(facts.licence),
        f"pretty_name: {files.as_json(files.title_of(facts))}",
        f"version: {files.as_json(facts.version)}",
        "task_categories:",
        "- tabular-classification",
        "tags:",
        *(f"- {tag}" for tag in ("medical", "ecg", "electrocardiography", "multi-annotator")),
        f"size_categories:\n- {_size(facts.n_exams)}",
        "configs:",
        "- config_name: labels",
        "  default: true",
        "  data_files:",
        *_data_files("labels", splits),
        "- config_name: readings",
        "  data_files:",
        *_data_files("readings", ["train"]),
        "---",
        "",
        prose.readme(facts, "dataset card", ABOUT).rstrip(),
    ]
    return "".join(f"{line}\n" for line in lines)


def _data_files(name: str, splits: Sequence[str]) -> Iterator[str]:
    for split in splits:
        yield f"  - split: {split}"
        yield f"    path: {name}/{split}.parquet"


# Identifiers of Hugging Face, which are SPDX identifiers in lower case.
_KNOWN = frozenset({
    "apache-2.0", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0",
    "cc-by-nc-nd-4.0", "cc-by-nd-4.0", "mit", "odbl", "odc-by", "pddl",
})  # fmt: skip
_RENAMED = {"odc-by-1.0": "odc-by", "odbl-1.0": "odbl", "pddl-1.0": "pddl"}


def _licence(licence: str) -> str:
    identifier = _RENAMED.get(licence.lower(), licence.lower())
    return identifier if identifier in _KNOWN else "other"


def _other_licence(licence: str) -> list[str]:
    if _licence(licence) != "other":
        return []
    return [f"license_name: {files.as_json(licence)}"]


def _size(n: int) -> str:
    bounds = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"))
    return next((text for bound, text in bounds if n < bound), "100K<n<1M")

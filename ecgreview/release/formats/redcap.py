"""The consensus in the shape that REDCap imports: a data dictionary and records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ecgreview.release.content import Content, Facts, LabelState

from . import files, streams
from .about import About

ABOUT = About(
    title="REDCap import",
    files={
        "data_dictionary.csv": "the 18 columns of a REDCap data dictionary, one form",
        "records.csv": "one record per exam; each class is a radio field with the codes 0 to 4",
    },
    readers=("pandas",),
    limits=(
        "the consensus only: readings, soft labels, areas and tracings are not included",
        "`age_years` 90 means above 89",
        "not imported into a REDCap server in the tests",
    ),
)

DICTIONARY = (
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note",
    "Text Validation Type OR Show Slider Number", "Text Validation Min", "Text Validation Max",
    "Identifier?", "Branching Logic (Show field only if...)", "Required Field?",
    "Custom Alignment", "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?",
    "Field Annotation",
)  # fmt: skip
FORM = "ecg_consensus"

CODES = {
    LabelState.ABSENT: 0,
    LabelState.PRESENT: 1,
    LabelState.UNDECIDED: 2,
    LabelState.INCOMPLETE: 3,
    LabelState.NOT_ASSESSED: 4,
    LabelState.EMBARGOED: 5,
}
# States of a form in REDCap.
INCOMPLETE, COMPLETE = 0, 2
SEXES = {"F": 1, "M": 2}


class Redcap:
    name = "redcap"
    needs_signals = False
    extra = ""

    def write(self, content: Content, folder: Path) -> None:
        facts = content.facts
        files.write_csv(folder / "data_dictionary.csv", DICTIONARY, _fields(facts))
        codes = [item.code for item in facts.taxonomy.classes]
        columns = ("record_id", "source", "age_years", "sex", "outcome", *codes, f"{FORM}_complete")
        files.write_csv(folder / "records.csv", columns, _records(content))


FORMAT = Redcap()


def _fields(facts: Facts) -> Iterator[Sequence[str]]:
    choices = " | ".join(f"{number}, {state.value}" for state, number in CODES.items())
    yield _field("record_id", "text", "Exam")
    yield _field("source", "text", "Data set")
    yield _field("age_years", "text", "Age (years), 90 above 89", validation="integer")
    yield _field("sex", "radio", "Sex", "1, Female | 2, Male")
    yield _field("outcome", "text", "Outcome of the consensus")
    for item in facts.taxonomy.classes:
        yield _field(item.code, "radio", item.name, choices)


def _field(
    name: str, type_: str, label: str, choices: str = "", validation: str = ""
) -> Sequence[str]:
    return (name, FORM, "", type_, label, choices, "", validation, *[""] * 10)


def _records(content: Content) -> Iterator[Sequence[object]]:
    for exam in content.exams():
        yield (
            exam.code, exam.source, streams.age_years(exam), SEXES.get(exam.sex), exam.outcome,
            *(CODES[label.state] for label in exam.labels.values()),
            INCOMPLETE if exam.is_embargoed else COMPLETE,
        )  # fmt: skip

"""Labelled public recordings and their labels in classes of the taxonomy.

A label is taken at its word, even where its source draws the limit elsewhere (sinus bradycardia
below 60 rather than 50). A class counts for a recording only where its source labels it: whatever
is in doubt is left out rather than called absent.
"""

from __future__ import annotations

import ast
import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ecgreview import taxonomy
from ecgreview.ecg import formats
from ecgreview.ecg.formats import Recording
from ecgreview.taxonomy import Taxonomy
from ecgreview.taxonomy.model import DiagnosticClass

PRESENT = frozenset({"exact", "broader", "narrower"})
"""Matches of a foreign code that count as the class; "related" ones leave it undecided."""

SCORED_AS_ONE = {"713427006": "59118001", "733534002": "164909002"}
"""CinC 2021 scores complete RBBB and RBBB, complete LBBB and LBBB, as one diagnosis each."""

CODE15_CLASSES = ("1dAVb", "RBBB", "LBBB", "SB", "ST", "AF")

AXIS = {"left_axis_deviation": {"LAD", "ALAD"}, "right_axis_deviation": {"RAD", "ARAD"}}
"""PTB-XL writes the axis in a column of its own, and leaves it empty where nobody stated it."""

IVCD = "nonspecific_intraventricular_conduction_delay"
LUDB_PHRASES = {
    "sinus bradycardia": "sinus_bradycardia",
    "sinus tachycardia": "sinus_tachycardia",
    "atrial fibrillation": "atrial_fibrillation",
    "i degree av block": "first_degree_av_block",
    "ventricular pacing": "pacemaker_rhythm",
    "complete right bundle branch block": "right_bundle_branch_block",
    "complete left bundle branch block": "left_bundle_branch_block",
    "incomplete right bundle branch block": "incomplete_right_bundle_branch_block",
    "non-specific intravintricular conduction delay": IVCD,
}
"""What cardiologists wrote of LUDB's recordings; its leads are scaled one by one, so axis and
voltage are no evidence there, and QT is not in its scheme."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A recording with the classes its source calls present, and those it says nothing about."""

    recording: Recording
    source: str
    present: frozenset[str]
    undecided: frozenset[str]

    def state(self, code: str) -> bool | None:
        """Return whether the source says the class is there; None where it does not tell."""
        return None if code in self.undecided else code in self.present


def load(root: Path, covered: Iterable[str]) -> Iterator[Labelled]:
    """Yield the labelled recordings below ``root``, PTB-XL at both sampling rates."""
    codes, known = frozenset(covered), taxonomy.load()
    yield from _cinc(root / "cinc2021", known)
    yield from _ptbxl(root / "ptbxl", known)
    yield from _ludb(root / "ludb", codes)
    yield from _code15(root / "code15", known, codes)


def _recordings(folder: Path) -> Iterator[Recording]:
    for path in formats.find(folder):
        for found in formats.read(path, folder):
            if isinstance(found, Recording):
                yield found


def _cinc(folder: Path, known: Taxonomy) -> Iterator[Labelled]:
    for one in _recordings(folder):
        codes = [SCORED_AS_ONE.get(code, code) for code in one.source_labels]
        present, related = _split("snomed_ct", [(code, known.by_snomed(code)) for code in codes])
        yield Labelled(one, "CinC 2021", present, related - present)


def _code15(folder: Path, known: Taxonomy, covered: frozenset[str]) -> Iterator[Labelled]:
    columns = {column.lower(): column for column in CODE15_CLASSES}
    labelled = {one.code for column in CODE15_CLASSES for one in known.by_code15(column)}
    for one in _recordings(folder):
        given = [columns[label] for label in one.source_labels if label in columns]
        present = frozenset(found.code for code in given for found in known.by_code15(code))
        yield Labelled(one, "CODE-15", present, covered - labelled)


def _ludb(folder: Path, covered: frozenset[str]) -> Iterator[Labelled]:
    for one in _recordings(folder):
        lines = (folder / one.source_key).read_text(encoding="utf-8").lower().splitlines()
        said = {line.lstrip("#").split(":")[-1].strip(" .") for line in lines if line[:1] == "#"}
        present = {
            code
            for phrase, code in LUDB_PHRASES.items()
            if any(one == phrase or one.endswith(f"polar {phrase}") for one in said)
        }
        undecided = covered - frozenset(LUDB_PHRASES.values())
        yield Labelled(one, "LUDB", frozenset(present), undecided)


def _ptbxl(folder: Path, known: Taxonomy) -> Iterator[Labelled]:
    diagnostic = _diagnostic_statements(folder.parent / "mappings" / "scp_statements.csv")
    with (folder / "ptbxl_database.csv").open(encoding="utf-8", newline="") as stream:
        rows = {
            Path(row[key]).name: row
            for row in csv.DictReader(stream)
            for key in ("filename_lr", "filename_hr")
        }
    for one in _recordings(folder):
        row = rows[Path(one.source_key).stem]
        likelihoods: dict[str, float] = ast.literal_eval(row["scp_codes"])
        # A likelihood of 0 is the rule for rhythm and form, and "unknown" for a diagnosis.
        unknown = {code for code, value in likelihoods.items() if value == 0 and code in diagnostic}
        present, related = _split(
            "scp", [(code, known.by_scp(code)) for code in likelihoods if code not in unknown]
        )
        doubtful = {found.code for code in unknown for found in known.by_scp(code)}
        axis = {code for code, words in AXIS.items() if row["heart_axis"] in words}
        no_axis = set() if row["heart_axis"] else set(AXIS)
        patient = replace(one, age_years=float(row["age"]), sex="M" if row["sex"] == "0" else "F")
        yield Labelled(
            patient, "PTB-XL", present | axis, ((related | doubtful) - present) | no_axis
        )


def _diagnostic_statements(path: Path) -> frozenset[str]:
    with path.open(encoding="utf-8", newline="") as stream:
        return frozenset(row[""] for row in csv.DictReader(stream) if row["diagnostic"])


def _split(
    vocabulary: str, found: Iterable[tuple[str, tuple[DiagnosticClass, ...]]]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the classes that foreign codes stand for, and those they are only filed under."""
    matches = [
        (one.code, foreign.match)
        for code, classes in found
        for one in classes
        for foreign in one.codes[vocabulary]
        if foreign.code == code
    ]
    present = frozenset(code for code, match in matches if match in PRESENT)
    return present, frozenset(code for code, _ in matches) - present

"""Labeled public recordings, with labels translated to classes of the taxonomy.

Labels are accepted even if the source uses another limit (sinus bradycardia below 60 rather than
50). A class counts for a recording only if its source labels it; doubtful classes are left out
instead of counted as absent.
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
"""Matches of an external code that count as the class. "related" leaves the class undecided."""

# CinC 2021 scores complete RBBB with RBBB, and complete LBBB with LBBB, as one diagnosis.
SCORED_AS_ONE = {"713427006": "59118001", "733534002": "164909002"}

CODE15_CLASSES = ("1dAVb", "RBBB", "LBBB", "SB", "ST", "AF")

# PTB-XL has a separate column for the axis, which is empty if nobody stated it.
AXIS = {"left_axis_deviation": {"LAD", "ALAD"}, "right_axis_deviation": {"RAD", "ARAD"}}

IVCD = "nonspecific_intraventricular_conduction_delay"
# Statements in LUDB's headers. Axis and voltage are left out because its leads are scaled
# individually, and QT because its scheme has none.
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


@dataclass(frozen=True, slots=True)
class Labeled:
    """A recording with the classes that its source labels as present or leaves undecided."""

    recording: Recording
    source: str
    present: frozenset[str]
    undecided: frozenset[str]

    def state(self, code: str) -> bool | None:
        """Return whether the source labels the class as present; None if it is undecided."""
        return None if code in self.undecided else code in self.present


def load(root: Path, covered: Iterable[str]) -> Iterator[Labeled]:
    """Yield the labeled recordings below ``root``, PTB-XL at both sampling rates."""
    codes, classes = frozenset(covered), taxonomy.load()
    yield from _cinc(root / "cinc2021", classes)
    yield from _ptbxl(root / "ptbxl", classes)
    yield from _ludb(root / "ludb", codes)
    yield from _code15(root / "code15", classes, codes)


def _recordings(folder: Path) -> Iterator[Recording]:
    for path in formats.find(folder):
        for recording in formats.read(path, folder):
            if isinstance(recording, Recording):
                yield recording


def _cinc(folder: Path, classes: Taxonomy) -> Iterator[Labeled]:
    for recording in _recordings(folder):
        codes = [SCORED_AS_ONE.get(code, code) for code in recording.source_labels]
        present, related = _split("snomed_ct", [(code, classes.by_snomed(code)) for code in codes])
        yield Labeled(recording, "CinC 2021", present, related - present)


def _code15(folder: Path, classes: Taxonomy, covered: frozenset[str]) -> Iterator[Labeled]:
    columns = {column.lower(): column for column in CODE15_CLASSES}
    labeled = {item.code for column in CODE15_CLASSES for item in classes.by_code15(column)}
    for recording in _recordings(folder):
        labels = [columns[label] for label in recording.source_labels if label in columns]
        present = frozenset(item.code for code in labels for item in classes.by_code15(code))
        yield Labeled(recording, "CODE-15", present, covered - labeled)


def _ludb(folder: Path, covered: frozenset[str]) -> Iterator[Labeled]:
    for recording in _recordings(folder):
        lines = (folder / recording.source_key).read_text(encoding="utf-8").lower().splitlines()
        statements = {
            line.lstrip("#").split(":")[-1].strip(" .") for line in lines if line[:1] == "#"
        }
        present = {
            code
            for phrase, code in LUDB_PHRASES.items()
            if any(text == phrase or text.endswith(f"polar {phrase}") for text in statements)
        }
        undecided = covered - frozenset(LUDB_PHRASES.values())
        yield Labeled(recording, "LUDB", frozenset(present), undecided)


def _ptbxl(folder: Path, classes: Taxonomy) -> Iterator[Labeled]:
    diagnostic = _diagnostic_statements(folder.parent / "mappings" / "scp_statements.csv")
    with (folder / "ptbxl_database.csv").open(encoding="utf-8", newline="") as stream:
        rows = {
            Path(row[key]).name: row
            for row in csv.DictReader(stream)
            for key in ("filename_lr", "filename_hr")
        }
    for recording in _recordings(folder):
        row = rows[Path(recording.source_key).stem]
        likelihoods: dict[str, float] = ast.literal_eval(row["scp_codes"])
        # A likelihood of 0 is usual for rhythm and form. For a diagnosis it means "unknown".
        unknown = {code for code, value in likelihoods.items() if value == 0 and code in diagnostic}
        present, related = _split(
            "scp", [(code, classes.by_scp(code)) for code in likelihoods if code not in unknown]
        )
        doubtful = {item.code for code in unknown for item in classes.by_scp(code)}
        axis = {code for code, words in AXIS.items() if row["heart_axis"] in words}
        no_axis = set() if row["heart_axis"] else set(AXIS)
        patient = replace(
            recording, age_years=float(row["age"]), sex="M" if row["sex"] == "0" else "F"
        )
        yield Labeled(patient, "PTB-XL", present | axis, ((related | doubtful) - present) | no_axis)


def _diagnostic_statements(path: Path) -> frozenset[str]:
    with path.open(encoding="utf-8", newline="") as stream:
        return frozenset(row[""] for row in csv.DictReader(stream) if row["diagnostic"])


def _split(
    vocabulary: str, matched: Iterable[tuple[str, tuple[DiagnosticClass, ...]]]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the classes that external codes map to, and those that are only related."""
    matches = [
        (diagnostic_class.code, external.match)
        for code, classes in matched
        for diagnostic_class in classes
        for external in diagnostic_class.codes[vocabulary]
        if external.code == code
    ]
    present = frozenset(code for code, match in matches if match in PRESENT)
    return present, frozenset(code for code, _ in matches) - present

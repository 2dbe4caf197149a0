"""Texts about data releases: licenses, withheld fields, progress and differences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotations.models import CANCELED, ClassState, DiagnosticClass, Release
from annotations.sentences import refusals
from annotations.views.agreement.run_text import RunStatus
from ecgreview.release import licences
from ecgreview.release.difference import Difference
from ecgreview.release.embargo import Embargo
from ecgreview.release.formats.registry import Entry
from ecgreview.release.licences import Licence, Problem

# Formats that have no text here are shown with their title, which is a name.
FORMATS: dict[str, Promise] = {
    "csv": gettext_lazy("CSV tables with a data dictionary"),
    "example": gettext_lazy("Example script that prints the kappa table"),
    "parquet": gettext_lazy("Label matrices and readings as Parquet"),
    "hdf5": gettext_lazy("HDF5 in the layout of CODE-15%"),
    "wfdb": gettext_lazy("WFDB records in a folder ready for PhysioNet"),
    "huggingface": gettext_lazy("Hugging Face dataset folder with Croissant"),
    "fhir": gettext_lazy("FHIR Observations"),
    "dicom": gettext_lazy("DICOM 12-lead ECG with annotations"),
    "label_studio": gettext_lazy("Label Studio project"),
    "mapping": gettext_lazy("Mapping to SNOMED CT, SCP-ECG and other vocabularies"),
    "redcap": gettext_lazy("Table for import into REDCap"),
    "citation": gettext_lazy("Citation: CITATION.cff and DataCite"),
    "datasheet": gettext_lazy("Datasheet: how the data were made and may be used"),
}
WITHHELD: dict[str, Promise] = {
    "source_keys": gettext_lazy("Names of exams in their data sets, replaced by a keyed hash"),
    "patients": gettext_lazy("Names of patients in their data sets, replaced by pseudonyms"),
    "ages_over_89": gettext_lazy("Ages over 89, pooled"),
    "patient_days": gettext_lazy("Days between a patient's exams"),
    "source_labels": gettext_lazy("Labels from the data sets"),
    "dates": gettext_lazy("Dates and times of readings"),
    "comments": gettext_lazy("Reader comments"),
    "readings_not_counted": gettext_lazy(
        "Readings that do not count: corrected, revised, repeated, abstained"
    ),
}
FACTS: dict[str, Promise] = {
    "rule.name": gettext_lazy("Consensus rule"),
    "rule.parameters": gettext_lazy("Rule parameters"),
    "taxonomy.name": gettext_lazy("List of classes"),
    "taxonomy.version": gettext_lazy("Class list version"),
    "protocol.version": gettext_lazy("Protocol version"),
    "program.version": gettext_lazy("Program version"),
    "licence": gettext_lazy("License"),
    "signals.included": gettext_lazy("Signals included"),
    "folds.n": gettext_lazy("Folds"),
    "embargo.labels_of": gettext_lazy("Embargoed labels"),
    "embargo.exams": gettext_lazy("Exams with embargoed labels"),
    "counts.exams": gettext_lazy("Exams"),
    "counts.readings": gettext_lazy("Readings"),
    "counts.readers": gettext_lazy("Readers"),
}
EMBARGOES: dict[Embargo, Promise] = {
    Embargo.NONE: gettext_lazy("None"),
    Embargo.LAST_FOLD: gettext_lazy("Last fold"),
    Embargo.ALL: gettext_lazy("All exams"),
}
PROBLEMS: dict[Problem, Promise] = {
    Problem.MISSING: gettext_lazy("no license stated, so its signals cannot be released"),
    Problem.UNKNOWN: gettext_lazy("unknown license, so its signals cannot be released"),
}

# Changed labels to list one by one. The files have all of them.
MAX_CELLS = 200


@dataclass(frozen=True, slots=True)
class Withheld:
    label: str
    n: int


@dataclass(frozen=True, slots=True)
class FactLine:
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class CellLine:
    exam: str
    class_name: str
    before: str
    after: str


def licence(item: Licence) -> str:
    """Return the name of a license for a list of choices."""
    if item.identifier == licences.UNLICENSED:
        return _("No license: for use within the study only")
    return f"{item.name} ({item.identifier})"


def embargo_choices() -> list[tuple[str, str]]:
    return [(item.value, str(label)) for item, label in EMBARGOES.items()]


def format_name(entry: Entry) -> str:
    """Return the name of a format for a list of choices; * if it needs signals."""
    return f"{FORMATS.get(entry.name, entry.title)}{' *' if entry.needs_signals else ''}"


def source_problem(of_source: str) -> str:
    """Return why the signals of a data set with this license cannot be released, or ""."""
    if not of_source.strip():
        return str(PROBLEMS[Problem.MISSING])
    return "" if licences.identifier(of_source) else str(PROBLEMS[Problem.UNKNOWN])


def withheld(counts: Mapping[str, int]) -> list[Withheld]:
    """Return the fields that are left out of a release, with the number of values."""
    return [Withheld(str(WITHHELD[name]), n) for name, n in counts.items() if n]


def run_status(release: Release) -> RunStatus:
    """Describe the progress of a release."""
    version = {"version": release.version}
    if release.is_ready:
        lead = _("Version %(version)s is ready.") % version
        return RunStatus(lead, is_over=True, is_newer=True)
    if release.finished_at is not None:
        lead = (
            _("Version %(version)s was canceled.")
            if release.failure == CANCELED
            else _("Version %(version)s could not be created.")
        )
        return RunStatus(lead % version, refusals.title(release.failure), is_over=True)
    text = _("%(n_done)s of %(n_total)s steps") % {
        "n_done": release.n_done,
        "n_total": release.n_total,
    }
    return RunStatus(_running(release) % version, text, release.n_done, release.n_total)


def _running(release: Release) -> str:
    if release.canceled_at:
        return _("Version %(version)s is being canceled.")
    if release.failure:
        return _("Creating version %(version)s failed. It will be tried again.")
    if release.started_at:
        return _("Version %(version)s is being created.")
    return _("Version %(version)s is queued.")


def facts(change: Difference) -> list[FactLine]:
    """Return the values of the manifest that changed."""
    return [
        FactLine(str(FACTS[fact.name]), _value(fact.before), _value(fact.after))
        for fact in change.facts
    ]


def cells(change: Difference, classes: Mapping[str, DiagnosticClass]) -> list[CellLine]:
    """Return the first changed labels."""
    return list(_cells(change, classes))


def _cells(change: Difference, classes: Mapping[str, DiagnosticClass]) -> Iterator[CellLine]:
    for cell in change.cells[:MAX_CELLS]:
        name = classes[cell.code].local_name if cell.code in classes else cell.code
        before, after = ClassState(cell.before.value), ClassState(cell.after.value)
        yield CellLine(cell.exam, name, str(before.label), str(after.label))


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int):
        return number_format(value, force_grouping=True)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {number_format(n)}" for name, n in value.items()) or "–"
    if value in (Embargo.LAST_FOLD, Embargo.ALL):
        return str(EMBARGOES[Embargo(value)])
    return str(value) if value else "–"

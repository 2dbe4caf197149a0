"""All formats of a release, in the order in which pages and manifests list them.

Modules are imported when a format is written, because some need large libraries.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import cast

from ecgreview.release.formats import Format


class UnknownFormat(KeyError):
    """No format has that name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A format that can be written.

    Attributes:
        name: that of the format; also the name of its folder in a release.
        title: what it is, in English.
        module: the module in this package whose ``FORMAT`` writes it.
        needs_signals: whether it is left out of a release without signals.
        extra: name of the optional dependencies it needs, or empty.
        libraries: what must be importable for it; empty if nothing but what ECG Review needs.
    """

    name: str
    title: str
    module: str
    needs_signals: bool = False
    extra: str = ""
    libraries: Sequence[str] = ()

    @property
    def is_available(self) -> bool:
        """Whether the libraries that it needs are installed."""
        return all(find_spec(library) is not None for library in self.libraries)

    def load(self) -> Format:
        """Import the writer.

        Raises:
            ImportError: a library is missing; see ``is_available``.
        """
        return cast("Format", importlib.import_module(f"{__package__}.{self.module}").FORMAT)


def _optional(
    name: str, title: str, module: str, library: str, *, needs_signals: bool = False
) -> Entry:
    return Entry(name, title, module, needs_signals, "formats", (library,))


ENTRIES: Sequence[Entry] = (
    Entry("csv", "CSV tables with a data dictionary (Table Schema)", "csv_tables"),
    Entry("example", "Example script", "example"),
    _optional("parquet", "Label matrices and readings as Parquet", "parquet", "pyarrow"),
    Entry("hdf5", "HDF5 in the layout of CODE-15%", "hdf5", needs_signals=True),
    Entry(
        "wfdb", "WFDB records in a folder ready for PhysioNet", "wfdb_records", needs_signals=True
    ),
    _optional(
        "huggingface", "Hugging Face dataset folder with Croissant 1.1", "huggingface", "pyarrow"
    ),
    Entry("fhir", "FHIR R4B Observations", "fhir"),
    _optional(
        "dicom", "DICOM 12-lead ECG with annotations", "dicom", "pydicom", needs_signals=True
    ),
    Entry("label_studio", "Label Studio project", "label_studio"),
    Entry("mapping", "Mapping to SNOMED CT, SCP-ECG and other vocabularies", "mapping"),
    Entry("redcap", "REDCap import", "redcap"),
    Entry("citation", "Citation: CITATION.cff and DataCite", "citation"),
    Entry("datasheet", "Datasheet for datasets (Gebru et al.)", "datasheet"),
)

NAMES = tuple(entry.name for entry in ENTRIES)


def entry(name: str) -> Entry:
    """Return the format with this name.

    Raises:
        UnknownFormat: there is none.
    """
    for candidate in ENTRIES:
        if candidate.name == name:
            return candidate
    raise UnknownFormat(name)


def possible(*, has_signals: bool) -> list[Entry]:
    """Return the formats that can be written here, for a release with or without signals."""
    return [
        candidate
        for candidate in ENTRIES
        if candidate.is_available and (has_signals or not candidate.needs_signals)
    ]

"""Exports: what a study's closed batches hold, as files that are the same every time."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from django.db import transaction

from annotations.models import Study
from annotations.services import agreement, consensus, export_tables
from annotations.services.export_tables import Cell, pseudonym

__all__ = ["archive", "contents", "formula_safe", "pseudonym", "write"]

FORMULA_STARTS = frozenset("=+-@\t\r")
"""What a spreadsheet takes for the beginning of a formula."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every file in an archive: the earliest that the ZIP format knows."""


def write(*, study: Study, directory: Path, now: datetime) -> list[Path]:
    """Write the export of ``study`` into ``directory``, made if absent, and return its files.

    Each file appears under its name only when it is complete.

    Raises:
        OSError: the directory cannot be written to.
    """
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in contents(study=study, now=now).items():
        path = directory / name
        partial = path.with_name(f".{name}.partial")
        partial.write_bytes(content)
        partial.replace(path)
        written.append(path)
    return written


def archive(*, study: Study, now: datetime) -> bytes:
    """Return the export of ``study`` as a ZIP archive that depends on its content alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        for name, content in contents(study=study, now=now).items():
            entry = zipfile.ZipInfo(f"{study.slug}/{name}", date_time=EPOCH)
            entry.external_attr = 0o644 << 16
            bundle.writestr(entry, content, zipfile.ZIP_DEFLATED, 6)
    return buffer.getvalue()


@transaction.atomic
def contents(*, study: Study, now: datetime) -> dict[str, bytes]:
    """Return the files of the export by name; what is due is computed first.

    What is open is never exported: as long as no batch is closed, the tables have headings only.
    """
    # The study first, so that no batch ends between two tables. Then each report before its batch,
    # in the order of ``agreement.refresh``: consensus, which changes batches, comes last.
    Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    for batch in study.batches.closed().filter(agreement_is_due=True).order_by("pk"):
        agreement.refresh(batch=batch, now=now)
    if study.batches.filter(consensus_is_due=True).exists():
        consensus.compute(study=study, now=now)
    files = {
        "consensus.csv": _csv(export_tables.consensus(study)),
        "readings_long.csv": _csv(export_tables.readings_long(study)),
        "taxonomy.csv": _csv(export_tables.taxonomy(study)),
        "agreement.csv": _csv(export_tables.agreement(study)),
    }
    sums = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return {**files, "SHA256SUMS": "".join(sums).encode()}


def _csv(rows: Iterable[Sequence[Cell]]) -> bytes:
    text = io.StringIO()
    # A million rows come through here: the writer itself turns numbers and None into text.
    csv.writer(text, lineterminator="\n").writerows(
        [formula_safe(cell) if isinstance(cell, str) else cell for cell in row] for row in rows
    )
    return text.getvalue().encode()


def formula_safe(text: str) -> str:
    """Return ``text`` so that no spreadsheet runs it: an apostrophe goes before a formula."""
    return f"'{text}" if text[:1] in FORMULA_STARTS else text

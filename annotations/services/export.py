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

from annotations.models import Study, User
from annotations.services import agreement, audit, consensus, export_readings, export_tables
from annotations.services.export_sources import Cell, pseudonym
from ecgreview import row_security

__all__ = ["archive", "contents", "formula_safe", "pseudonym", "write"]

FORMULA_STARTS = frozenset("=+-@\t\r")
"""What a spreadsheet takes for the beginning of a formula."""

SUMS = "SHA256SUMS"

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every file in an archive: the earliest that the ZIP format knows."""


@transaction.atomic
def write(*, study: Study, directory: Path, now: datetime) -> list[Path]:
    """Write the export of ``study`` into ``directory``, made if absent, and return its files.

    Each file appears under its name only when it is complete. That they were written is recorded
    with the digest of their list of digests.

    Raises:
        OSError: the directory cannot be written to.
    """
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    files = contents(study=study, now=now)
    for name, content in files.items():
        path = directory / name
        partial = path.with_name(f".{name}.partial")
        partial.write_bytes(content)
        partial.replace(path)
        written.append(path)
    _record(study, SUMS, files[SUMS], None, now)
    return written


@transaction.atomic
def archive(*, study: Study, actor: User | None = None, now: datetime) -> bytes:
    """Return the export of ``study`` as a ZIP archive that depends on its content alone.

    That ``actor`` took it away is recorded with the digest of the archive.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        for name, content in contents(study=study, now=now).items():
            entry = zipfile.ZipInfo(f"{study.slug}/{name}", date_time=EPOCH)
            entry.external_attr = 0o644 << 16
            bundle.writestr(entry, content, zipfile.ZIP_DEFLATED, 6)
    _record(study, f"{study.slug}.zip", buffer.getvalue(), actor, now)
    return buffer.getvalue()


@transaction.atomic
def contents(*, study: Study, now: datetime) -> dict[str, bytes]:
    """Return the files of the export by name; what is due is computed first.

    Only data whose results the study's policy has opened is exported, as far as it is closed:
    before that, the tables have headings only. Practice and qualification are no data.
    """
    # The study first, so that no batch ends between two tables.
    Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    with row_security.as_owner():
        _compute_what_is_due(study, now)
    files = {
        "consensus.csv": _csv(export_tables.consensus(study)),
        "readings.csv": _csv(export_readings.readings(study)),
        "readings_long.csv": _csv(export_tables.readings_long(study)),
        "localisations.csv": _csv(export_readings.localisations(study)),
        "measurements.csv": _csv(export_readings.measurements(study)),
        "exposures.csv": _csv(export_readings.exposures(study)),
        "taxonomy.csv": _csv(export_tables.taxonomy(study)),
        "agreement.csv": _csv(export_tables.agreement(study)),
    }
    sums = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return {**files, SUMS: "".join(sums).encode()}


def _record(study: Study, name: str, content: bytes, actor: User | None, now: datetime) -> None:
    audit.record(
        actor=actor,
        action=audit.Action.EXPORT_MADE,
        study=study,
        target=study,
        after={"file": name, "digest": hashlib.sha256(content).hexdigest()},
        now=now,
    )


def _compute_what_is_due(study: Study, now: datetime) -> None:
    """Bring agreement and consensus up to date, as a worker would."""
    # Each report before its batch, in the order of ``agreement.refresh``: consensus, which changes
    # batches, comes last.
    agreement.refresh_closed(study=study, now=now)
    if study.batches.filter(consensus_is_due=True).exists():
        consensus.compute(study=study, now=now)


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

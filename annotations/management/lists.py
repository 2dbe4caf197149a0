"""Read lists of classes, mappings between them and reference answers from files."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from django.core.management.base import CommandError

from annotations.models import Taxonomy
from annotations.sentences.refusals import message
from annotations.services.assignment import reference_file
from annotations.services.refusals import Refusal
from ecgreview import taxonomy as published

MAX_BYTES = 5_000_000


def read_list(file: Path, name: str, version: str) -> published.Taxonomy:
    """Return the list of classes in ``file``. A CSV file also needs ``name`` and ``version``.

    Raises:
        CommandError: there is no such file, it is too large, or ``name`` or ``version`` is missing.
        published.BadTaxonomy: the list is not valid; the message has all errors.
    """
    text = _bytes(file)
    if not _is_csv(file):
        return published.read_yaml(text)
    if not (name and version):
        raise CommandError("A CSV file has no name or version: add --name and --version-name.")
    return published.read_csv(text, name=name, version=version)


def read_mapping(
    file: Path | None, old: published.Taxonomy, new: published.Taxonomy
) -> published.TaxonomyMapping:
    """Return the mapping in ``file``. Without a file, every class must be in both versions.

    Raises:
        CommandError: there is no such file, or it is too large.
        published.BadMapping: the mapping is incomplete or wrong; the message has all errors.
    """
    if file is None:
        return published.map_steps((), old, new)
    form: Literal["csv", "yaml"] = "csv" if _is_csv(file) else "yaml"
    return published.load_mapping(_bytes(file), old, new, form=form)


def read_references(file: Path) -> dict[str, list[str]]:
    """Return the reference codes of each exam in ``file``.

    Raises:
        CommandError: the file cannot be read, or a line is not valid.
    """
    try:
        return reference_file.parse(file.read_bytes())
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error}") from error
    except Refusal as refusal:
        raise CommandError(f"{file}: {message(refusal)}") from refusal


def installed(label: str) -> Taxonomy:
    """Return the installed version called ``label``, such as ``ecg-review-66 0.2-draft``.

    Raises:
        CommandError: it is not installed. The message lists those that are.
    """
    name, _, version = label.rpartition(" ")
    taxonomy = Taxonomy.objects.filter(name=name, version=version).first()
    if taxonomy is None:
        labels = ", ".join(str(row) for row in Taxonomy.objects.order_by("pk"))
        raise CommandError(f"{label!r} is not installed. Installed: {labels or 'none'}.")
    return taxonomy


def _is_csv(file: Path) -> bool:
    return file.suffix.lower() == ".csv"


def _bytes(file: Path) -> bytes:
    if not file.is_file():
        raise CommandError(f"There is no file {file}.")
    if file.stat().st_size > MAX_BYTES:
        raise CommandError(f"{file} is larger than {MAX_BYTES // 10**6} MB: is it the right file?")
    return file.read_bytes()

"""Text, JSON and CSV files with the same bytes on every machine."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from ecgreview.release.content import Facts


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def text_file(path: Path) -> Iterator[TextIO]:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        yield file


def write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def as_json(value: Any) -> str:
    """Return ``value`` on one line. NaN is refused, because JSON has none."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def write_json(path: Path, value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2)
    write_text(path, f"{text}\n")


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with text_file(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def licence_url(licence: str) -> str:
    """Return the page of an SPDX identifier, or empty for a license that SPDX does not list."""
    is_listed = " " not in licence and not licence.startswith("LicenseRef-")
    return f"https://spdx.org/licenses/{licence}.html" if licence and is_listed else ""


def cited_authors(facts: Facts) -> list[str]:
    """Return the authors, or a stand-in where citation formats require at least one."""
    return list(facts.authors) or [f"Authors of {facts.study}"]


def title_of(facts: Facts) -> str:
    return f"{facts.study}: 12-lead ECG labels, version {facts.version}"


def summary(facts: Facts) -> str:
    """Return what the release contains, in one sentence."""
    signals = "with tracings" if facts.has_signals else "without tracings"
    return (
        f"Labels of {facts.n_exams} 12-lead ECG exams ({signals}) in "
        f"{len(facts.taxonomy.classes)} classes, from {facts.n_readings} independent blind "
        f"readings by {facts.n_readers} readers, with the consensus by the rule {rule_of(facts)}."
        f"{embargo_note(facts)}"
    )


def embargo_note(facts: Facts) -> str:
    """Return a sentence about embargoed labels, after a space, or empty if there are none."""
    if not facts.n_embargoed:
        return ""
    return (
        f" The labels and readings of {facts.n_embargoed} exams are embargoed: the authors score "
        "predictions for these exams."
    )


def except_embargoed(facts: Facts) -> str:
    return ", except those of embargoed exams" if facts.n_embargoed else ""


def rule_of(facts: Facts) -> str:
    """Return the consensus rule with its parameters, such as ``k_of_n(k=3)``."""
    parameters = ", ".join(f"{name}={value:g}" for name, value in facts.rule_parameters.items())
    return f"{facts.rule}({parameters})" if parameters else facts.rule

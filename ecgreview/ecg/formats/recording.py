"""What comes out of a file: a recording, or the reason why not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from ecgreview.ecg.audit import Remark
from ecgreview.ecg.signal import Signal

from .codes import Details, RefusalCode

Sex = Literal["F", "M"]


class Refused(Exception):
    """A file, or one exam of it, cannot be imported.

    Attributes:
        code: why.
        details: what was expected and found.
    """

    def __init__(self, code: RefusalCode, **details: str | int | float) -> None:
        super().__init__(code)
        self.code = code
        self.details: Details = details


@dataclass(frozen=True, slots=True)
class Recording:
    """One exam as a file holds it: the signal and the two facts a blinded reader may know.

    There is deliberately no field for a report, a name, a device or a date, and what the source
    says the exam shows serves drawing samples alone: it is kept out of logs and from readers.

    Attributes:
        source_key: where it came from, relative to the root of the import; unique under it.
        patient_key: the source's pseudonym of the patient.
        age_years: 0 to 120.
        warnings: what is remarkable, from the format and from ``audit``.
        source_labels: codes of the source as it writes them, sorted.
    """

    signal: Signal
    source_key: str
    patient_key: str | None
    age_years: float | None
    sex: Sex | None
    warnings: tuple[Remark, ...]
    source_labels: tuple[str, ...] = field(default=(), repr=False)


MAX_LABELS = 40
MAX_LABEL_CHARS = 60


def plain_labels(written: Iterable[str]) -> tuple[str, ...]:
    """Return the labels that are codes or names, each once, sorted; no sentences, no control."""
    trimmed = {label.strip() for label in written}
    fit = (one for one in trimmed if 0 < len(one) <= MAX_LABEL_CHARS and one.isprintable())
    return tuple(sorted(fit)[:MAX_LABELS])


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was not imported.

    Attributes:
        file: path relative to the root of the import, with ``#exam`` when about one exam.
        code: why.
        details: what was expected and found.
        is_expected: a known row that is no exam; to be counted, not to be mended.
    """

    file: str
    code: RefusalCode
    details: Details = field(default_factory=dict)
    is_expected: bool = False

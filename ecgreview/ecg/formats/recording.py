"""The result of reading a file: a recording, or a refusal with its reason."""

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
        code: the reason.
        details: expected and actual values.
    """

    def __init__(self, code: RefusalCode, **details: str | int | float) -> None:
        super().__init__(code)
        self.code = code
        self.details: Details = details


@dataclass(frozen=True, slots=True)
class Recording:
    """The signal and facts of one exam, as read from a file.

    Of these facts, a blinded reader may know only age and sex. There is deliberately no field for
    a report, a name, a device or a date. The labels of the source are used only for sampling: they
    are kept out of logs and away from readers.

    Attributes:
        source_key: path relative to the root of the import, in HDF5 files followed by ``#`` and the
            exam id; unique under the root.
        patient_key: the source's pseudonym of the patient.
        age_years: 0 to 120.
        warnings: remarks from the format and from ``audit``.
        source_labels: label codes of the source, sorted.
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
    """Return at most ``MAX_LABELS`` distinct labels, sorted.

    Labels that are empty, too long or not printable are left out.
    """
    trimmed = {label.strip() for label in written}
    fit = (item for item in trimmed if 0 < len(item) <= MAX_LABEL_CHARS and item.isprintable())
    return tuple(sorted(fit)[:MAX_LABELS])


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was not imported.

    Attributes:
        file: path relative to the root of the import, with ``#exam`` when it is one exam.
        code: the reason.
        details: expected and actual values.
        is_expected: whether the row is known not to be an exam; it is counted, but needs no action.
    """

    file: str
    code: RefusalCode
    details: Details = field(default_factory=dict)
    is_expected: bool = False

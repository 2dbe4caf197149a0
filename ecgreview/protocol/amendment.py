"""Compare versions of a protocol, and find amendments that are not allowed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ecgreview.strict_files import Problem

from .document import COMMITMENT, as_document, complete
from .model import Protocol

# Keys that no amendment may change once the study is open. Approvals, releases and the audit
# trail cite the name, and the stored reading orders must stay verifiable with the seed.
FROZEN_FOREVER: frozenset[str] = frozenset({"name", "order_seed"})

# Keys whose new value applies only to batches created after the amendment. Readings of one batch
# made under two policies could not be compared, and results that were promised to stay hidden must
# stay hidden.
LATER_BATCHES_ONLY: frozenset[str] = frozenset(
    {
        "taxonomy",
        "readers_per_exam",
        "results_open",
        "clinical_information",
        "prior_exam",
        "suggestion_policy",
        "suggestion_arms",
        "qt_correction",
        "repeat_fraction",
        "gold_fraction",
        "washout_days",
        "washout_exams",
        "patient_gap",
        "undo_window_s",
        "minimum_reader_level",
        "qualification",
    }
)


@dataclass(frozen=True, slots=True)
class Change:
    """A key with its old and new value. For the secret seed, these are commitments."""

    key: str
    before: object
    after: object

    def __str__(self) -> str:
        return f"{self.key}: {self.before} → {self.after}"


def changes(old: Protocol, new: Protocol) -> list[Change]:
    """Return the differences, in the order of the document.

    A nested key is written with dots, as in ``qualification.pass_mark``.
    """
    before, after = dict(_flat(old)), dict(_flat(new))
    return [Change(key, before[key], after[key]) for key in before if before[key] != after[key]]


def check_amendment(old: Protocol, new: Protocol) -> list[Problem]:
    """Return the reasons why ``new`` may not replace ``old`` in an open study; empty if it may."""
    changed = changes(old, new)
    if not changed:
        hint = "Change a value, or leave the protocol as it is."
        return [
            Problem("", "nothing has changed since the current version", hint, code="no_change")
        ]
    return [
        Problem(
            change.key,
            "cannot change once the study is open",
            "Restore the old value, or create a new study.",
            code="frozen",
        )
        for change in changed
        if change.key in FROZEN_FOREVER
    ]


def _flat(protocol: Protocol) -> Iterator[tuple[str, object]]:
    for key, value in complete(as_document(protocol)).items():
        if isinstance(value, dict):
            yield from ((f"{key}.{part}", part_value) for part, part_value in value.items())
        else:
            yield ("order_seed" if key == COMMITMENT else key), value

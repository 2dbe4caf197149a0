"""Counts of a release, made in one pass: outcomes, labels by class, folds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ecgreview.release import folds
from ecgreview.release.content import Content, LabelState, ReleasedExam


class LeakedPatients(RuntimeError):
    """A patient is in two folds. This cannot happen, and such a release must not be written."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What ``of`` counted.

    Attributes:
        counts: for the manifest.
        folds: for the manifest: sizes, classes, and the result of the check for leaks.
    """

    counts: Mapping[str, Any]
    folds: Mapping[str, Any]


def of(content: Content, group: Callable[[ReleasedExam], str]) -> Survey:
    """Return the counts of ``content``.

    Args:
        content: the release.
        group: names the group of an exam that must be in one fold.

    Raises:
        LeakedPatients: a group is in two folds.
    """
    facts = content.facts
    codes = [item.code for item in facts.taxonomy.classes]
    tally = _Tally(codes)
    for exam in content.exams():
        tally.add(exam, group(exam))
    if leaked := folds.shared(tally.places):
        raise LeakedPatients(f"{len(leaked)} in more than one fold")
    by_class = {code: dict(sorted(tally.states[code].items())) for code in codes}
    counts: dict[str, Any] = {
        "exams": facts.n_exams,
        "readings": facts.n_readings,
        "readers": facts.n_readers,
        "patients": len(tally.patients),
        "exams_without_patient": tally.n_unknown_patients,
        "exams_by_source": dict(sorted(tally.sources.items())),
        "outcomes": dict(sorted(tally.outcomes.items())),
        "classes": by_class,
    }
    return Survey(counts, tally.folds(facts.folds, is_embargoed=facts.n_embargoed > 0))


class _Tally:
    def __init__(self, codes: list[str]) -> None:
        self.states: dict[str, Counter[str]] = {code: Counter() for code in codes}
        self.sources = Counter[str]()
        self.outcomes = Counter[str]()
        self.splits = Counter[str]()
        self.patients: set[str] = set()
        self.places: set[tuple[str, int | None]] = set()
        self._official: set[tuple[str, str]] = set()
        self.n_unknown_patients = 0
        self._exams = Counter[int]()
        self._present: dict[int, Counter[str]] = defaultdict(Counter)

    def add(self, exam: ReleasedExam, group: str) -> None:
        self.places.add((group, exam.fold))
        for code, label in exam.labels.items():
            self.states[code][label.state.value] += 1
            if exam.fold and label.state == LabelState.PRESENT:
                self._present[exam.fold][code] += 1
        self.sources[exam.source] += 1
        self.outcomes[exam.outcome] += 1
        if exam.split:
            self.splits[exam.split] += 1
            self._official.add((group, exam.split))
        if exam.patient:
            self.patients.add(exam.patient)
        else:
            self.n_unknown_patients += 1
        if exam.fold:
            self._exams[exam.fold] += 1

    def folds(self, n: int, *, is_embargoed: bool) -> dict[str, Any]:
        """Return what the manifest says of the folds and of official splits."""
        official = {
            "official_splits": dict(sorted(self.splits.items())),
            "patients_in_several_official_splits": len(folds.shared(self._official)),
        }
        if not n:
            return {"n": 0, **official}
        groups = Counter(fold for _, fold in self.places)
        numbers = range(1, n + 1)
        return {
            "n": n,
            "method": folds.METHOD_WITHOUT_LABELS if is_embargoed else folds.METHOD,
            "exams": [self._exams[fold] for fold in numbers],
            "groups": [groups[fold] for fold in numbers],
            "present": {
                code: [self._present[fold][code] for fold in numbers] for code in self.states
            },
            "patients_in_several_folds": len(folds.shared(self.places)),
            **official,
        }

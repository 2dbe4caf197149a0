"""Draw a stratified random sample of exams from a pool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from . import chance
from .ordering import with_unknown_numbered
from .readings import UNKNOWN, Ids
from .refusals import BadDesign, DesignRefused

Quota: TypeAlias = Literal["equal", "proportional"] | Mapping[str, int]

# The stratum of exams without a label.
UNLABELED = ""


class QuotaUnmet(DesignRefused):
    """A stratum has fewer exams than its quota.

    Attributes:
        stratum: its label.
        requested, available: numbers of exams. A maximum per patient can lower the number
            available.
    """

    def __init__(self, stratum: str, requested: int, available: int) -> None:
        name = stratum or "(no label)"
        super().__init__(
            f"{name}: {requested} exams requested, {available} available: lower the quota, "
            "allow more exams of one patient, or enlarge the pool."
        )
        self.stratum, self.requested, self.available = stratum, requested, available


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A drawn sample.

    Attributes:
        exams: shape (n,); ids, ascending.
        quotas: number of exams drawn, by stratum.
        available: number of exams in the pool, by stratum.
    """

    exams: Ids
    quotas: dict[str, int]
    available: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        return {
            "exams": self.exams.tolist(),
            "quotas": self.quotas,
            "available": self.available,
        }


def sample(
    *,
    seed: str,
    exams: ArrayLike,
    labels: Sequence[Collection[str]],
    n_exams: int | None = None,
    quota: Quota = "proportional",
    patients: ArrayLike | None = None,
    per_patient: int | None = None,
) -> Sample:
    """Draw exams at random within each stratum.

    An exam with several labels belongs to the stratum of the label that is rarest in the pool.

    Args:
        seed: the study's seed.
        exams: shape (n,); ids of the pool, each once, in any order.
        labels: the labels of each exam.
        n_exams: number of exams to draw; not needed if ``quota`` lists numbers.
        quota: ``equal`` (numbers that differ by at most 1), ``proportional`` (in proportion to the
            pool, rounded by largest remainder), or a number for each stratum to draw from.
        patients: shape (n,); the patient of each exam, ``UNKNOWN`` (-1) where unknown.
        per_patient: maximum number of exams per patient; no limit by default.

    Raises:
        BadDesign: lengths differ, an exam is listed twice, or a number is missing or out of range.
        QuotaUnmet: a stratum has fewer exams than its quota.
    """
    pool = _Pool.of(seed, exams, labels, patients)
    available = dict(sorted(Counter(pool.strata).items()))
    quotas = _quotas(quota, n_exams, available)
    for stratum, n_requested in quotas.items():
        if n_requested > available.get(stratum, 0):
            raise QuotaUnmet(stratum, n_requested, available.get(stratum, 0))
    if per_patient is not None and per_patient < 1:
        raise BadDesign("per_patient", "must be at least 1")
    chosen = _Draw(pool, quotas, len(pool.exams) if per_patient is None else per_patient).run()
    return Sample(np.sort(pool.exams[chosen]), quotas, available)


@dataclass(frozen=True, slots=True, eq=False)
class _Pool:
    """The exams in the order in which they are drawn.

    Attributes:
        exams: shape (n,).
        strata, patients: of length n.
    """

    exams: Ids
    strata: list[str]
    patients: list[int]

    @classmethod
    def of(
        cls,
        seed: str,
        exams: ArrayLike,
        labels: Sequence[Collection[str]],
        patients: ArrayLike | None,
    ) -> _Pool:
        ids = np.asarray(exams, dtype=np.int64)
        patient_ids = (
            np.full(ids.shape, UNKNOWN) if patients is None else np.asarray(patients, np.int64)
        )
        if not ids.shape == patient_ids.shape == (len(labels),):
            raise BadDesign("exams", "exams, labels and patients differ in length")
        if len(np.unique(ids)) != len(ids):
            raise BadDesign("exams", "an exam is listed twice")
        keys = chance.digests(seed, (f"sample:{exam}" for exam in ids.tolist()))
        order = np.lexsort(np.ascontiguousarray(keys).view(">u8").T[::-1])
        strata = _rarest(labels)
        return cls(
            ids[order], [strata[at] for at in order], with_unknown_numbered(patient_ids[order])
        )


def _rarest(labels: Sequence[Collection[str]]) -> list[str]:
    """Return the rarest label of each exam; ties go to the alphabetically first."""
    counts = Counter(label for own in labels for label in set(own))
    return [min(own, key=lambda label: (counts[label], label), default=UNLABELED) for own in labels]


def _quotas(quota: Quota, n_exams: int | None, available: Mapping[str, int]) -> dict[str, int]:
    if isinstance(quota, Mapping):
        if any(n_requested < 0 for n_requested in quota.values()):
            raise BadDesign("quota", "must not be below 0")
        if n_exams is not None and n_exams != sum(quota.values()):
            raise BadDesign(
                "n_exams", f"{n_exams} differs from the quota's total of {sum(quota.values())}"
            )
        return dict(sorted(quota.items()))
    if n_exams is None or n_exams < 0:
        raise BadDesign("n_exams", "is required and must not be negative")
    if quota == "equal":
        return _shared_out(n_exams, dict.fromkeys(available, 1), available)
    return _shared_out(n_exams, available, available)


def _shared_out(
    n_exams: int, shares: Mapping[str, int], available: Mapping[str, int]
) -> dict[str, int]:
    """Split ``n_exams`` in proportion to ``shares``, rounded by largest remainder."""
    total = sum(shares.values())
    if total == 0 and n_exams:
        raise QuotaUnmet(UNLABELED, n_exams, 0)
    quotas = {name: n_exams * share // total for name, share in shares.items()}
    # Equal remainders favor the larger stratum, which can spare the exam.
    by_remainder = sorted(
        shares, key=lambda name: (-(n_exams * shares[name] % total), -available[name], name)
    )
    for name in by_remainder[: n_exams - sum(quotas.values())]:
        quotas[name] += 1
    return quotas


class _Draw:
    """State of a draw with a maximum number of exams per patient."""

    def __init__(self, pool: _Pool, quotas: Mapping[str, int], per_patient: int) -> None:
        self.pool, self.quotas, self.per_patient = pool, quotas, per_patient
        self.members: dict[str, list[int]] = {name: [] for name in quotas}
        self.exams_of: dict[int, list[int]] = {}
        for at, (stratum, patient) in enumerate(zip(pool.strata, pool.patients, strict=True)):
            if stratum in self.members:
                self.members[stratum].append(at)
                self.exams_of.setdefault(patient, []).append(at)
        self.is_chosen = np.zeros(len(pool.strata), dtype=bool)
        self.n_of: Counter[int] = Counter()

    def run(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return a mask of the chosen exams of the pool, shape (n,).

        Raises:
            QuotaUnmet: with the maximum per patient, a stratum has too few exams.
        """
        # Strata with the fewest exams go first.
        by_size = sorted(self.quotas, key=lambda name: (len(self.members[name]), name))
        for stratum in by_size:
            n_drawn = self._draw(stratum, self.quotas[stratum])
            while n_drawn < self.quotas[stratum] and self._make_room(stratum):
                n_drawn += 1
            if n_drawn < self.quotas[stratum]:
                raise QuotaUnmet(stratum, self.quotas[stratum], n_drawn)
        return self.is_chosen

    def _draw(self, stratum: str, n_requested: int) -> int:
        """Choose up to ``n_requested`` exams of patients below the limit; return how many."""
        n_drawn = 0
        for at in self.members[stratum]:
            if n_drawn == n_requested:
                break
            if self.n_of[self.pool.patients[at]] < self.per_patient:
                self._choose(at)
                n_drawn += 1
        return n_drawn

    def _make_room(self, stratum: str) -> bool:
        """Choose one more exam of ``stratum`` by replacing exams of patients at the limit.

        In a chain, a new exam replaces a chosen exam of the same patient, which is replaced by
        another exam of its own stratum, and so on until the replacement is of a patient below the
        limit. If there is no chain, no sample meets the quotas.

        Returns:
            Whether an exam was chosen.
        """
        queue: list[tuple[str, list[int]]] = [(stratum, [])]
        seen = {stratum}
        for wanting, swaps in queue:
            for at in self.members[wanting]:
                if self.is_chosen[at]:
                    continue
                if self.n_of[self.pool.patients[at]] < self.per_patient:
                    self._exchange([*swaps, at])
                    return True
                for other in self.exams_of[self.pool.patients[at]]:
                    other_stratum = self.pool.strata[other]
                    if self.is_chosen[other] and other_stratum not in seen:
                        seen.add(other_stratum)
                        queue.append((other_stratum, [*swaps, at, other]))
        return False

    def _exchange(self, swaps: list[int]) -> None:
        """Choose the exams at even indices of ``swaps`` and drop those at odd indices."""
        for at in swaps[1::2]:
            self.is_chosen[at] = False
            self.n_of[self.pool.patients[at]] -= 1
        for at in swaps[::2]:
            self._choose(at)

    def _choose(self, at: int) -> None:
        self.is_chosen[at] = True
        self.n_of[self.pool.patients[at]] += 1

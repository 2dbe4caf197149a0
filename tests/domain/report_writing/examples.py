"""Agreement reports and study facts for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from ecgreview.agreement.counts.answers import Answers
from ecgreview.agreement.reports.report import pair_lines, repeat_lines, report
from ecgreview.agreement.sampling.resampling import Resampling
from ecgreview.report_writing import (
    ENGLISH,
    Counts,
    Dates,
    Design,
    Display,
    Document,
    Exams,
    Provenance,
    Readers,
    Spread,
    StudyFacts,
    Tally,
    Wording,
    write,
)
from tests.domain.agreement.strategies import study

NAMES = ("Ana", "Bruno", "Clara")
QUICK = Resampling(n_replicates=60)

FACTS = StudyFacts(
    study="Bundle branch blocks",
    scope="March",
    taxonomy="ecg-review-66",
    taxonomy_version="0.1-draft",
    sample_size="As many exams as the readers could read in a month.",
    exams=Exams(
        n=412,
        n_patients=390,
        sampling="Consecutive exams of two clinics.",
        datasets=(Tally("CODE-15%", 300), Tally("PTB-XL", 112)),
        age_years=Spread(41, 56.5, 68, 388),
        sex=(Tally("Female", 212), Tally("Male", 200)),
    ),
    readers=Readers(n=3, levels=(Tally("Cardiologist", 3),), exams_each=Spread(261, 266.5, 273, 3)),
    design=Design(
        readers_per_exam=2,
        repeat_fraction=0.05,
        washout_days=14,
        washout_exams=100,
        patient_gap=10,
        is_order_random=True,
        is_blinded=True,
        results_open="study_locked",
        clinical_information="age_and_sex",
        prior_exam="hidden",
        suggestion_policy="after_commit",
        minimum_reader_level=2,
        pass_mark=0.85,
        undo_window_s=75,
    ),
    counts=Counts(
        assigned=830,
        read=820,
        unreadable=7,
        abstained=4,
        not_assessable=31,
        corrected=19,
        repeats=22,
        repeats_planned=24,
        repeat_days=Spread(14, 16.5, 21, 22),
        suggestions_shown=310,
        displays=(
            Display(
                n=820,
                arrangement="3x4",
                speed_mm_per_s=25,
                gain_mm_per_mv=10,
                rhythm=("II",),
                filter="off",
            ),
        ),
    ),
    dates=Dates(first_reading=date(2026, 3, 2), last_reading=date(2026, 9, 30)),
    provenance=Provenance(
        software="ECG Review 0.1.0",
        digest="3fa8" * 16,
        protocol_version=2,
        protocol_digest="9bc7" * 16,
        written_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
    ),
)
NOTHING_KNOWN = StudyFacts(study="Bundle branch blocks")


def names(n: int, prefix: str) -> list[str]:
    return [f"{prefix} {place}" for place in range(n)]


def agreement(
    ratings: np.ndarray,
    *,
    readers: Sequence[str] = (),
    classes: Sequence[str] = (),
    repeats: np.ndarray | None = None,
    how: Resampling = QUICK,
) -> dict[str, Any]:
    """Return the agreement report of ``ratings``, shape (readers, exams, classes)."""
    return report(
        Answers.of(ratings),
        list(readers) or names(ratings.shape[0], "Reader"),
        list(classes) or names(ratings.shape[2], "Class"),
        repeats=repeats,
        how=how,
    )


def three_readers(n_classes: int = 4) -> dict[str, Any]:
    """Return a report with a rare class, a class nobody marked, and a reader who repeated exams."""
    ratings = study(1, n_classes=n_classes)
    ratings[:, :, 1] = np.where(ratings[:, :, 1] > 0, 1, 0)
    repeats = np.zeros((3, n_classes, 2, 2))
    repeats[0] = [[30, 2], [1, 9]]
    return agreement(ratings, readers=NAMES, repeats=repeats)


def document(
    report: Mapping[str, Any], facts: StudyFacts = FACTS, wording: Wording = ENGLISH
) -> Document:
    """Return the written report with pairs and repeats."""
    return write(
        report,
        facts,
        wording,
        pairs=pair_lines(report, how=QUICK),
        repeats=repeat_lines(report, how=QUICK),
    )

"""Simulated readings of the demo: the true findings of synthetic exams, with occasional errors."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

import numpy as np

from annotations.models import Assignment, Batch
from annotations.services.reading import content as reading_content
from annotations.services.reading import submissions
from annotations.services.reading.content import Content
from annotations.services.reading.signing import Effort, Signed

COMMENT = "Simulated for the demo. Not read by a person."
# Probability that a simulated reader makes an error in an exam. About one exam in three is
# disputed.
SLIP = 0.22

# The wrong finding that a simulated reader enters if this true finding is the only one.
CONFUSED_WITH: Mapping[str, tuple[str, ...]] = {
    "normal_ecg": ("sinus_arrhythmia",),
    "sinus_arrhythmia": ("normal_ecg",),
    "sinus_bradycardia": ("normal_ecg",),
    "atrial_fibrillation": ("atrial_flutter",),
    "atrial_flutter": ("supraventricular_tachycardia",),
    "supraventricular_tachycardia": ("sinus_tachycardia",),
    "first_degree_av_block": ("normal_ecg",),
    "mobitz_i_av_block": ("supraventricular_premature_complex",),
    "complete_av_block": ("av_block_2_1",),
    "av_block_2_1": ("sinus_bradycardia",),
    "prolonged_qt": ("nonspecific_st_t_abnormality",),
    "low_qrs_voltage": ("normal_ecg",),
    "nonspecific_st_t_abnormality": ("normal_ecg",),
    "ventricular_premature_complex": ("supraventricular_premature_complex",),
    "supraventricular_premature_complex": ("sinus_arrhythmia",),
    "junctional_rhythm": ("sinus_bradycardia",),
}

# Findings for which a simulated reader may mark an area in lead II.
SEEN_IN_II = frozenset(
    {
        "atrial_fibrillation",
        "atrial_flutter",
        "supraventricular_tachycardia",
        "first_degree_av_block",
        "mobitz_i_av_block",
        "complete_av_block",
        "av_block_2_1",
        "prolonged_qt",
        "nonspecific_st_t_abnormality",
        "ventricular_premature_complex",
        "supraventricular_premature_complex",
        "junctional_rhythm",
    }
)


def simulate(
    *,
    batch: Batch,
    truths: Mapping[int, tuple[str, ...]],
    rng: np.random.Generator,
    now: datetime,
) -> None:
    """Submit a simulated reading for every assignment of ``batch``.

    Random numbers are drawn in the order of exam and reader, so equal seeds give equal readings.

    Args:
        batch: a released batch.
        truths: codes of the true findings, by exam id.
        rng: source of all random numbers.
        now: time of submission.
    """
    assignments = Assignment.objects.filter(batch=batch).select_related("reader")
    for assignment in assignments.order_by("exam_id", "reader__username"):
        codes = _slip(truths[assignment.exam_id], rng)
        submissions.submit(
            assignment_id=assignment.pk,
            reader=assignment.reader,
            based_on=0,
            signed=_signed(codes, rng),
            now=now,
        )


def _signed(codes: tuple[str, ...], rng: np.random.Generator) -> Signed:
    content = Content(
        findings=[_finding(code, rng) for code in codes],
        quality=str(rng.choice(["good", "good", "good", "acceptable"])),
        comment=COMMENT,
    )
    key = uuid.UUID(bytes=rng.bytes(16), version=4)
    active_ms = int(rng.normal(58_000, 9_000))
    return Signed(content, key, effort=Effort(active_ms, display={"simulated": True}))


def _finding(code: str, rng: np.random.Generator) -> reading_content.FindingIn:
    certainty = "definite" if code == "normal_ecg" or rng.random() < 0.8 else "probable"
    if code not in SEEN_IN_II or rng.random() < 0.4:
        return reading_content.FindingIn(code, certainty)
    start = round(float(rng.uniform(0.2, 6.0)), 2)
    area = {"tracing": 1, "leads": ["II"], "from_s": start, "to_s": start + 1.6}
    return reading_content.FindingIn(code, certainty, [area])


def _slip(truth: tuple[str, ...], rng: np.random.Generator) -> tuple[str, ...]:
    """Return ``truth``. With probability ``SLIP``, one finding is replaced or left out."""
    if rng.random() >= SLIP:
        return truth
    if len(truth) > 1:
        forgotten = int(rng.integers(len(truth)))
        return truth[:forgotten] + truth[forgotten + 1 :]
    return CONFUSED_WITH.get(truth[0], ("nonspecific_st_t_abnormality",))

"""Hypothesis strategies for protocols."""

from __future__ import annotations

import string
from typing import get_args

from hypothesis import strategies as st

from ecgreview.protocol import Arm, Protocol, Qualification
from ecgreview.protocol.model import SuggestionPolicy

SHOWN = f"{string.ascii_letters}{string.digits}{string.punctuation} çãÉ→日😀\u00a0\ufffd"
LINES = st.text(SHOWN, min_size=1, max_size=40).filter(lambda text: text == text.strip())
CODES = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=60)
ARMS = st.lists(
    st.builds(Arm, st.sampled_from(["none", "after_commit", "concurrent"]), st.integers(1, 1000)),
    min_size=2,
    max_size=3,
    unique_by=lambda item: item.arm,
).map(tuple)
SEEDS = st.text("0123456789abcdef", min_size=64, max_size=64)


@st.composite
def protocols(draw: st.DrawFn) -> Protocol:
    """Draw a valid protocol."""
    policy: SuggestionPolicy = draw(st.sampled_from(get_args(SuggestionPolicy)))
    return Protocol(
        name=draw(LINES),
        taxonomy=f"{draw(CODES)} {draw(CODES)[:40]}",
        consensus_rule=draw(CODES),
        readers_per_exam=draw(st.integers(1, 1000)),
        results_open=draw(st.sampled_from(["batch_closed", "study_locked"])),
        clinical_information=draw(st.sampled_from(["none", "age_and_sex", "full"])),
        prior_exam=draw(st.sampled_from(["hidden", "shown"])),
        suggestion_policy=policy,
        suggestion_arms=draw(ARMS) if policy == "randomised" else (),
        qt_correction=draw(st.sampled_from(["bazett", "fridericia", "framingham", "hodges"])),
        adjudication=draw(st.sampled_from(["masked", "open", "masked_then_open"])),
        repeat_fraction=draw(st.floats(0, 0.5)),
        gold_fraction=draw(st.floats(0, 0.2)),
        washout_days=draw(st.integers(0, 3650)),
        washout_exams=draw(st.integers(0, 10_000)),
        patient_gap=draw(st.integers(0, 10_000)),
        undo_window_s=draw(st.integers(0, 86_400)),
        minimum_reader_level=draw(st.integers(1, 3)),
        qualification=draw(st.builds(Qualification, st.booleans(), st.floats(0, 1))),
        frequent_classes=draw(st.none() | st.lists(CODES, max_size=9, unique=True).map(tuple)),
        order_seed=draw(st.none() | SEEDS),
    )

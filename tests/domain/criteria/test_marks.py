"""Marks: where the evidence of a suggestion was measured, in seconds of the recording."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ecgreview import criteria
from ecgreview.criteria.marks import marks_of
from ecgreview.ecg import synth
from ecgreview.ecg.signal import Signal
from ecgreview.measure import Measured, Measurements, measure
from ecgreview.measure.measurements import Instants, Missing

INSTANTS = Instants(beats_s=(0.5, 1.5, 2.5), qrs_onsets_s=(0.46, 1.46), spikes_s=(0.44, 1.44))
MEASURED = replace(
    Measurements.none(Missing.NOISE, "test"),
    pr_ms=Measured.of(200.0, 1.0, 2),
    qrs_ms=Measured.of(100.0, 1.0, 2),
    qt_ms=Measured.of(400.0, 1.0, 2),
    instants=INSTANTS,
)


@pytest.mark.parametrize(
    ("measurement", "intervals"),
    [
        ("pr_ms", ((0.26, 0.46), (1.26, 1.46))),
        ("qrs_ms", ((0.46, 0.56), (1.46, 1.56))),
        ("qtc_fridericia_ms", ((0.46, 0.86), (1.46, 1.86))),
        ("heart_rate_bpm", ((0.5, 1.5), (1.5, 2.5))),
        ("paced_share", ((0.44, 0.44), (1.44, 1.44))),
        ("axis_deg", ((0.46, 0.56), (1.46, 1.56))),
    ],
)
def test_an_interval_is_marked_where_it_was_measured(measurement, intervals):
    result = marks_of(measurement, "", MEASURED)
    assert result is not None
    assert result.intervals_s == intervals


def test_a_measurement_of_some_leads_is_marked_in_those():
    result = marks_of("axis_deg", "", MEASURED)
    assert result is not None
    assert result.leads == ("I", "aVF")


def test_a_missing_measurement_is_not_marked():
    assert marks_of("pr_ms", "", Measurements.none(Missing.NOISE, "test")) is None


def test_no_interval_begins_before_the_recording():
    early = replace(MEASURED, instants=Instants(qrs_onsets_s=(0.1,)))
    result = marks_of("pr_ms", "", early)
    assert result is not None
    assert result.intervals_s == ((0.0, 0.1),)


def left_bundle_branch_block() -> Signal:
    return synth.synthesize("left_bundle_branch_block", np.random.default_rng(4)).signal


def marked(signal: Signal) -> criteria.Marks:
    (result,) = [
        item
        for item in criteria.suggest(measure(signal), age_years=60, sex="M")
        if item.code == "left_bundle_branch_block"
    ]
    assert result.marks is not None
    return result.marks


def test_a_suggestion_has_the_measurement_and_its_marks():
    marks = marked(left_bundle_branch_block())
    assert marks.text == "QRS 154 ms"
    assert all(to - start == pytest.approx(0.154, abs=1e-3) for start, to in marks.intervals_s)


def test_padding_before_the_signal_shifts_the_marks():
    signal = left_bundle_branch_block()
    padded = replace(signal, samples=np.pad(signal.samples, ((0, 0), (600, 0))))
    shift = 600 / signal.sampling_rate_hz
    before, after = marked(signal).intervals_s, marked(padded).intervals_s
    assert after[0][0] - before[0][0] == pytest.approx(shift, abs=0.004)


def test_marks_enclose_the_steepest_signal():
    """Checked independently of the method: almost all steep samples lie between the marks."""
    signal = left_bundle_branch_block()
    steep = np.abs(np.diff(signal.millivolts(), axis=1)).max(axis=0)
    times = np.arange(steep.size) / signal.sampling_rate_hz
    marks = marked(signal).intervals_s
    within = np.zeros(steep.size, dtype=bool)
    for start, to in marks:
        within |= (times >= start) & (times <= to)
    assert len(marks) >= 5
    assert np.median(steep[within]) > 3 * np.median(steep[~within])

"""Recordings that version 1 of the criteria model got wrong, with the results of version 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecgreview import criteria
from ecgreview.criteria import Reason, State, Verdict
from ecgreview.ecg import formats
from ecgreview.ecg.formats import Recording
from ecgreview.measure import measure

IVCD = "nonspecific_intraventricular_conduction_delay"


def verdicts(path: Path) -> dict[str, Verdict]:
    (result,) = formats.read(path, path.parent)
    assert isinstance(result, Recording)
    age, sex = result.age_years, result.sex
    results = criteria.examine(measure(result.signal), age_years=age, sex=sex)
    return {item.code: item for item in results}


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("E07501", "sinus_tachycardia"),  # 123 bpm
        ("JS20009", "sinus_tachycardia"),  # 114 bpm with premature beats
        ("A1041", "atrial_fibrillation"),
        ("E07509", "right_bundle_branch_block"),
    ],
)
def test_a_labeled_class_is_suggested(shared_data, file, code):
    assert verdicts(shared_data / "cinc2021" / f"{file}.hea")[code].state == State.SUGGESTED


@pytest.mark.parametrize(
    ("file", "code", "reason"),
    [
        ("A1041", IVCD, Reason.LBBB_POSSIBLE),  # fibrillation with LBBB
        ("A0689", "prolonged_qt", Reason.IRREGULAR),  # fibrillation
        ("E07513", "low_qrs_voltage", Reason.LIMB_LEADS),
        ("E07509", "right_axis_deviation", Reason.RBBB_SHAPE),
    ],
)
def test_an_unlabeled_class_is_withheld(shared_data, file, code, reason):
    result = verdicts(shared_data / "cinc2021" / f"{file}.hea")[code]
    assert (result.state, result.reason) == (State.WITHHELD, reason)


def test_a_long_pr_with_an_inconsistent_p_wave_has_a_reason(shared_data):
    """Exam F1PRH of the demo: PR 246 ms, axis -94 degrees; version 1 gave no reason."""
    result = verdicts(shared_data / "ptbxl" / "records500" / "00000" / "00269_hr.hea")
    assert result["first_degree_av_block"].reason == Reason.P_INCONSISTENT
    assert result["left_axis_deviation"].state == State.NOT_MET
    assert result["right_bundle_branch_block"].state == State.SUGGESTED

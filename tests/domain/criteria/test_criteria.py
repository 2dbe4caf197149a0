"""Criteria: both sides of each threshold, evidence, and no suggestion without a measurement."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from ecgreview import criteria
from ecgreview.criteria import Reason, State, rules
from ecgreview.criteria.rules import BOOK, Condition, Rule
from ecgreview.ecg import synth
from ecgreview.measure import Measured, Measurements, measure
from ecgreview.measure.measurements import Instants, Missing

IRBBB = "incomplete_right_bundle_branch_block"
CLASSES = Path(__file__).parents[3] / "ecgreview" / "taxonomy" / "ecg_review_66.yaml"
NOTHING = Measurements.none(Missing.NOISE, "test")
NORMAL_VALUES = {
    "heart_rate_bpm": 70.0,
    "pr_ms": 160.0,
    "qrs_ms": 90.0,
    "qt_ms": 390.0,
    "qtc_fridericia_ms": 410.0,
    "qtc_bazett_ms": 415.0,
    "qtc_framingham_ms": 412.0,
    "qtc_hodges_ms": 408.0,
    "axis_deg": 50.0,
    "limb_voltage_mv": 1.2,
    "precordial_voltage_mv": 2.0,
    "rr_variation": 0.02,
    "rr_entropy": -2.1,
    "p_consistency": 0.95,
    "p_upright_mv": 0.1,
    "second_p_ratio": 0.2,
    "dominant_share": 1.0,
    "paced_share": 0.0,
    "v1_terminal_mv": -0.3,
    "lateral_terminal_mv": 0.05,
    "lateral_initial_mv": -0.1,
}


INSTANTS = Instants(beats_s=(0.5, 1.5, 2.5), qrs_onsets_s=(0.46, 1.46), spikes_s=(0.44, 1.44))


def having(**values: float) -> Measurements:
    result = {name: Measured.of(v, 1.0, 9) for name, v in (NORMAL_VALUES | values).items()}
    return Measurements(**(NOTHING.fields() | result), method_version="test", instants=INSTANTS)


NORMAL = having()


def codes(measurements: Measurements, sex: str | None = "M", age: float | None = 50) -> set[str]:
    return {p.code for p in criteria.suggest(measurements, age_years=age, sex=sex)}


def verdicts(measurements: Measurements, **changes: Any) -> dict[str, criteria.Verdict]:
    arguments: dict[str, Any] = {"age_years": 50, "sex": "M", **changes}
    return {item.code: item for item in criteria.examine(measurements, **arguments)}


def without(measurements: Measurements, name: str, reason: Missing = Missing.NOISE) -> Measurements:
    result: dict[str, Any] = {name: Measured.missing(reason)}
    return replace(measurements, **result)


def satisfying(condition: Condition, sex: str, beyond: float) -> float:
    sign = 1 if condition.comparison in ("above", "at_least") else -1
    return condition.threshold(sex) + sign * beyond


def meeting(rule: Rule, sex: str, beyond: float) -> Measurements:
    """Return measurements that meet every condition of ``rule``, the first one by ``beyond``."""
    values = {}
    for condition in reversed((*rule.criteria, *rule.guards)):
        distance = beyond if condition is rule.criteria[0] else 0.001
        if condition.tolerance and beyond > 0:
            distance += condition.tolerance
        name = condition.measured(criteria.QtFormula.BAZETT)
        values[name] = satisfying(condition, sex, distance)
    return having(**values)


ONLY_WITHHELD = (("qrs_ms", IRBBB), ("precordial_voltage_mv", "low_qrs_voltage"))
CAN_BE_SUGGESTED = [
    rule for rule in BOOK.rules if (rule.criteria[0].measurement, rule.code) not in ONLY_WITHHELD
]


def name_of(rule: Rule) -> str:
    return f"{rule.code}-{rule.criteria[0].measurement}"


def test_a_normal_exam_gets_no_suggestion():
    assert codes(NORMAL) == set()


def test_no_rule_fires_without_measurements():
    assert codes(NOTHING) == set()


@pytest.mark.parametrize("sex", ["F", "M"])
@pytest.mark.parametrize("rule", CAN_BE_SUGGESTED, ids=name_of)
def test_a_rule_fires_just_beyond_its_threshold(rule, sex):
    assert rule.code in codes(meeting(rule, sex, beyond=0.02), sex)


@pytest.mark.parametrize("sex", ["F", "M"])
@pytest.mark.parametrize("rule", CAN_BE_SUGGESTED, ids=name_of)
def test_a_rule_does_not_fire_just_below_its_threshold(rule, sex):
    assert rule.code not in codes(meeting(rule, sex, beyond=-0.02), sex)


@pytest.mark.parametrize("rule", CAN_BE_SUGGESTED, ids=name_of)
def test_a_rule_is_withheld_when_its_measurement_is_missing(rule):
    name = rule.criteria[0].measured(criteria.QtFormula.BAZETT)
    result = verdicts(without(meeting(rule, "M", beyond=0.02), name))[rule.code]
    assert (result.state, result.reason) == (State.WITHHELD, Reason.NOT_MEASURED)
    assert result.checks[0].missing == Missing.NOISE


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [("above", False), ("at_least", True), ("below", False), ("at_most", True)],
)
def test_only_at_least_and_at_most_include_the_threshold(comparison, expected):
    condition = Condition("pr_ms", comparison, {"unknown": 200.0})
    assert condition.holds(200.0, None) is expected


def test_a_pr_of_200_ms_is_not_a_block():
    assert codes(having(pr_ms=200.0)) == set()


def test_a_rate_of_50_is_not_bradycardia_in_brazilian_practice():
    assert codes(having(heart_rate_bpm=50.0)) == set()


@pytest.mark.parametrize(("sex", "expected"), [("M", True), ("F", False), (None, False)])
def test_a_qtc_of_455_ms_is_long_in_men_only(sex, expected):
    assert ("prolonged_qt" in codes(having(qtc_bazett_ms=455.0), sex)) is expected


def test_a_child_gets_no_suggestion():
    result = verdicts(having(pr_ms=240.0), age_years=12)
    assert {item.reason for item in result.values()} == {Reason.CHILD}


def test_an_uncertain_measurement_gives_no_suggestion():
    assert codes(replace(NORMAL, pr_ms=Measured.of(240.0, 0.3, 2))) == set()


def test_evidence_quotes_the_numbers():
    (proposal,) = criteria.suggest(having(pr_ms=238.0), age_years=60, sex="F")
    assert proposal.evidence == "PR 238 ms > 200 ms (9 of 9 beats)"
    assert proposal.evidence_data["limit"] == 200.0
    assert proposal.evidence_data["value"] == 238.0


def test_evidence_is_not_rounded_across_the_threshold():
    (proposal,) = criteria.suggest(having(pr_ms=200.3), age_years=60, sex="F")
    assert proposal.evidence == "PR 200.3 ms > 200 ms (9 of 9 beats)"


def test_every_rule_names_its_source():
    assert all(rule.source for rule in BOOK.rules)


def test_every_code_is_a_class_of_the_taxonomy():
    if not CLASSES.exists():
        pytest.skip("the taxonomy is not there")
    taxonomy_codes = {
        c["code"] for c in yaml.safe_load(CLASSES.read_text(encoding="utf-8"))["classes"]
    }
    assert set(criteria.COVERED) <= taxonomy_codes


def test_every_suggestion_is_of_a_covered_class():
    for condition in synth.CONDITIONS:
        synthetic_exam = synth.synthesize(condition, np.random.default_rng(1))
        suggested = codes(
            measure(synthetic_exam.signal), synthetic_exam.sex, synthetic_exam.age_years
        )
        assert suggested <= set(criteria.COVERED)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "condition",
    [
        "normal_ecg",
        "sinus_bradycardia",
        "av_block_2_1",
        "sinus_tachycardia",
        "first_degree_av_block",
        "left_bundle_branch_block",
        "right_bundle_branch_block",
        "left_anterior_fascicular_block",
        "bifascicular_block",
        "pacemaker_rhythm",
        "prolonged_qt",
        "low_qrs_voltage",
        "atrial_fibrillation",
        "atrial_flutter",
        "supraventricular_tachycardia",
    ],
)
def test_a_synthetic_exam_gets_its_covered_findings_suggested(condition, seed):
    synthetic_exam = synth.synthesize(condition, np.random.default_rng(seed))
    expected = set(synthetic_exam.findings) & set(criteria.COVERED)
    assert (
        codes(measure(synthetic_exam.signal), synthetic_exam.sex, synthetic_exam.age_years)
        == expected
    )


def test_a_rule_on_an_unknown_measurement_is_refused(tmp_path):
    file = tmp_path / "rules.toml"
    text = Path(rules.__file__).with_name("rules.toml").read_text(encoding="utf-8")
    file.write_text(
        text.replace('measurement = "pr_ms"', 'measurement = "pq_ms"'), encoding="utf-8"
    )
    with pytest.raises(rules.BadRule):
        rules.read(file)

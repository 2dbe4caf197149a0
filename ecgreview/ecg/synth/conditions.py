"""The conditions that can be synthesized: rhythm, beat and true findings."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from . import beats, rhythms
from .background import FLUTTER_WAVE_MS
from .beats import Beat
from .rhythms import Range, Rhythm


class Atria(enum.Enum):
    """Which atrial activity an exam shows."""

    P_WAVES = "P waves"
    FIBRILLATION = "fibrillation"
    FLUTTER = "flutter"


@dataclass(frozen=True, slots=True)
class Condition:
    """The recipe of one condition.

    Attributes:
        findings: taxonomy codes that are true, including implied ones.
        qtc_ms: range of the corrected QT (Fridericia).
        ectopic: shapes of ectopic beats to choose from, if the rhythm has any.
        turn_deg: maximum rotation of the frontal axis in either direction that keeps the condition.
    """

    findings: tuple[str, ...]
    rhythm: Rhythm
    beat: Beat = beats.NORMAL
    atria: Atria = Atria.P_WAVES
    qtc_ms: Range = (390.0, 425.0)
    ectopic: tuple[Beat, ...] = ()
    turn_deg: float = 10.0
    age_years: Range = (30.0, 82.0)


_REST = (62.0, 82.0)
_SECONDARY = "secondary_repolarization_abnormality"

RECIPES: dict[str, Condition] = {
    "normal_ecg": Condition(("normal_ecg",), rhythms.sinus(_REST), age_years=(19.0, 66.0)),
    "sinus_bradycardia": Condition(("sinus_bradycardia",), rhythms.sinus((40.0, 47.0))),
    "sinus_tachycardia": Condition(
        ("sinus_tachycardia",), rhythms.sinus((106.0, 118.0), (124.0, 140.0), (0.004, 0.01))
    ),
    "sinus_arrhythmia": Condition(
        ("sinus_arrhythmia",),
        rhythms.sinus((60.0, 72.0), breathing=(0.12, 0.17)),
        age_years=(18, 40),
    ),
    "atrial_fibrillation": Condition(
        ("atrial_fibrillation",), rhythms.fibrillation((72.0, 92.0)), atria=Atria.FIBRILLATION
    ),
    "atrial_fibrillation_rbbb": Condition(
        ("atrial_fibrillation", "right_bundle_branch_block", _SECONDARY),
        rhythms.fibrillation((70.0, 90.0)),
        beats.RIGHT_BUNDLE,
        Atria.FIBRILLATION,
        (415.0, 440.0),
    ),
    "atrial_flutter": Condition(
        ("atrial_flutter",),
        rhythms.flutter((3, 4, 4, 4), wave_ms=FLUTTER_WAVE_MS),
        atria=Atria.FLUTTER,
    ),
    "supraventricular_tachycardia": Condition(
        ("supraventricular_tachycardia",),
        rhythms.retrograde((165.0, 185.0), after_ms=75.0),
        qtc_ms=(380.0, 400.0),
        age_years=(18.0, 60.0),
    ),
    "junctional_rhythm": Condition(
        ("junctional_rhythm",), rhythms.retrograde((46.0, 56.0), after_ms=110.0)
    ),
    "first_degree_av_block": Condition(
        ("first_degree_av_block",), rhythms.sinus((56.0, 74.0), (225.0, 275.0))
    ),
    "mobitz_i_av_block": Condition(
        ("mobitz_i_av_block",), rhythms.wenckebach((74.0, 84.0), cycle=4)
    ),
    "av_block_2_1": Condition(
        ("av_block_2_1",), rhythms.blocked_two_to_one((78.0, 90.0), (165.0, 190.0))
    ),
    "complete_av_block": Condition(
        ("complete_av_block",), rhythms.dissociated((84.0, 92.0), (35.0, 39.0))
    ),
    "left_bundle_branch_block": Condition(
        ("left_bundle_branch_block", _SECONDARY),
        rhythms.sinus(_REST),
        beats.LEFT_BUNDLE,
        qtc_ms=(425.0, 445.0),
    ),
    "right_bundle_branch_block": Condition(
        ("right_bundle_branch_block", _SECONDARY),
        rhythms.sinus(_REST),
        beats.RIGHT_BUNDLE,
        qtc_ms=(415.0, 440.0),
    ),
    "left_anterior_fascicular_block": Condition(
        ("left_anterior_fascicular_block", "left_axis_deviation"),
        rhythms.sinus(_REST),
        beats.LEFT_ANTERIOR_FASCICLE,
        turn_deg=4.0,
    ),
    "bifascicular_block": Condition(
        (
            "right_bundle_branch_block",
            "left_anterior_fascicular_block",
            "left_axis_deviation",
            _SECONDARY,
        ),
        rhythms.sinus(_REST),
        beats.BIFASCICULAR,
        qtc_ms=(415.0, 440.0),
        turn_deg=4.0,
    ),
    "ventricular_premature_complex": Condition(
        ("ventricular_premature_complex",),
        rhythms.with_ventricular_ectopy(_REST, every=(4.0, 6.0)),
        ectopic=(beats.OUTFLOW_ECTOPIC, beats.LEFT_ECTOPIC),
    ),
    "ventricular_bigeminy": Condition(
        ("ventricular_premature_complex",),
        rhythms.with_ventricular_ectopy(_REST, every=(2.0, 2.0)),
        ectopic=(beats.OUTFLOW_ECTOPIC,),
    ),
    "supraventricular_premature_complex": Condition(
        ("supraventricular_premature_complex",),
        rhythms.with_atrial_ectopy(_REST, every=(4.0, 6.0)),
    ),
    "ventricular_preexcitation": Condition(
        ("ventricular_preexcitation", _SECONDARY),
        rhythms.sinus(_REST, (92.0, 108.0)),
        beats.PREEXCITATION,
        qtc_ms=(405.0, 430.0),
        age_years=(18.0, 50.0),
    ),
    "anterior_stemi": Condition(
        ("stemi", "st_elevation"),
        rhythms.sinus((70.0, 92.0)),
        beats.ANTERIOR_INJURY,
        age_years=(45.0, 85.0),
    ),
    "inferior_stemi": Condition(
        ("stemi", "st_elevation"),
        rhythms.sinus((58.0, 78.0)),
        beats.INFERIOR_INJURY,
        turn_deg=5.0,
        age_years=(45.0, 85.0),
    ),
    "inactive_area_inferior": Condition(
        ("inactive_area_inferior", "electrically_inactive_area"),
        rhythms.sinus(_REST),
        beats.INFERIOR_SCAR,
        turn_deg=4.0,
        age_years=(50.0, 85.0),
    ),
    "pacemaker_rhythm": Condition(
        ("pacemaker_rhythm",),
        rhythms.sinus((62.0, 74.0), (150.0, 170.0), (0.004, 0.01)),
        beats.PACED,
        qtc_ms=(435.0, 460.0),
        age_years=(62.0, 88.0),
    ),
    "prolonged_qt": Condition(("prolonged_qt",), rhythms.sinus(_REST), qtc_ms=(500.0, 540.0)),
    "low_qrs_voltage": Condition(("low_qrs_voltage",), rhythms.sinus(_REST), beats.LOW_VOLTAGE),
    "left_ventricular_hypertrophy": Condition(
        ("left_ventricular_hypertrophy", _SECONDARY),
        rhythms.sinus(_REST),
        beats.HYPERTROPHY,
        qtc_ms=(405.0, 430.0),
    ),
    "nonspecific_st_t_abnormality": Condition(
        ("nonspecific_st_t_abnormality",), rhythms.sinus(_REST), beats.FLAT_T
    ),
}

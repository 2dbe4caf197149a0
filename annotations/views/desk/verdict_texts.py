"""Texts for the criteria model's verdicts: measurements, and why a class is not suggested."""

from __future__ import annotations

from django.utils.translation import gettext as _


def verdict_texts() -> dict[str, str]:
    """Return the texts by key. A test checks that each code the model stores has one."""
    return {**_sentences(), **_checks(), **_reasons(), **_missing()}


def _sentences() -> dict[str, str]:
    return {
        "evidence": _("{check}, {by} beyond the limit ({count} of {total} beats)"),
        "check-missing": _("{name} not measured: {reason}"),
        "not-suggested-because": _("{main}; {reason}"),
        "not-suggested-because-of": _("{main}; {reason}: {other}"),
        "not-suggested-unmeasured": _("{main}; {other}"),
    }


def _checks() -> dict[str, str]:
    return {
        "check-heart_rate_bpm": _("Heart rate"),
        "check-pr_ms": _("PR"),
        "check-qrs_ms": _("QRS"),
        "check-qtc_bazett_ms": _("QTc (Bazett)"),
        "check-qtc_fridericia_ms": _("QTc (Fridericia)"),
        "check-qtc_framingham_ms": _("QTc (Framingham)"),
        "check-qtc_hodges_ms": _("QTc (Hodges)"),
        "check-axis_deg": _("Frontal axis"),
        "check-limb_voltage_mv": _("Largest QRS in the limb leads"),
        "check-precordial_voltage_mv": _("Largest QRS in the chest leads"),
        "check-paced_share": _("Share of beats with a pacing spike"),
        "check-rr_variation": _("RR variation (SD/mean)"),
        "check-rr_entropy": _("RR irregularity (COSEn)"),
        "check-p_consistency": _("P wave consistency"),
        "check-p_upright_mv": _("P wave in I and II"),
        "check-second_p_ratio": _("Second P wave"),
        "check-v1_terminal_mv": _("Terminal QRS in V1"),
        "check-lateral_terminal_mv": _("Terminal QRS in I and V6"),
        "check-lateral_initial_mv": _("Initial QRS in I and V6"),
    }


def _reasons() -> dict[str, str]:
    """Why a class is not suggested, by ``ecgreview.criteria.Reason``."""
    return {
        "why-criteria_not_met": _("criteria not met"),
        "why-not_measured": _("not measured"),
        "why-uncertain": _("too few similar beats to rely on it"),
        "why-near_limit": _("within measurement error of the limit"),
        "why-child": _("the criteria are for adults"),
        "why-p_wave_inconsistent": _("P wave inconsistent"),
        "why-p_wave_not_upright": _("no upright P wave before QRS"),
        "why-second_p_wave": _("a second P wave is possible"),
        "why-rhythm_irregular": _("irregular rhythm"),
        "why-paced": _("paced beats"),
        "why-flutter_possible": _("2:1 flutter or SVT is possible at this rate"),
        "why-preexcitation_possible": _("preexcitation is possible"),
        "why-wide_qrs": _("wide QRS"),
        "why-bazett_outside_60_to_100": _("Bazett is unreliable outside 60 to 100 bpm"),
        "why-limb_leads_normal": _("no low voltage in the limb leads"),
        "why-right_bundle_branch_shape": _("RBBB morphology"),
        "why-left_bundle_branch_shape": _("LBBB morphology"),
        "why-left_bundle_branch_block_possible": _("LBBB is possible"),
    }


def _missing() -> dict[str, str]:
    """Why a measurement is missing, by ``ecgreview.measure.measurements.Missing``."""
    return {
        "missing-sampling_rate_too_low": _("sampling rate too low"),
        "missing-recording_too_short": _("recording too short"),
        "missing-no_signal": _("no signal"),
        "missing-noise": _("too much noise"),
        "missing-no_whole_beat": _("no complete beat"),
        "missing-few_beats": _("too few beats"),
        "missing-few_beats_alike": _("too few similar beats"),
        "missing-qrs_edges_lost": _("QRS limits lost in noise"),
        "missing-rate_above_120": _("heart rate above 120 bpm"),
        "missing-p_wave_inconsistent": _("P wave inconsistent"),
        "missing-no_room_for_p_wave": _("no room for a P wave"),
        "missing-no_p_wave": _("no P wave found"),
        "missing-line_never_at_rest": _("no isoelectric line before QRS"),
        "missing-p_wave_onset_lost": _("P wave onset unclear"),
        "missing-p_or_t_wave_missing": _("P or T wave not found"),
        "missing-no_room_for_t_wave": _("no room for a T wave"),
        "missing-t_wave_flat": _("T wave too flat"),
        "missing-t_wave_end_lost": _("T wave end unclear"),
        "missing-lead_without_signal": _("a lead has no signal"),
        "missing-axis_indeterminate": _("axis indeterminate"),
        "missing-implausible_value": _("implausible value"),
    }

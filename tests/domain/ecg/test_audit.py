from __future__ import annotations

import numpy as np
import pytest

from ecgreview.ecg.audit import audit
from ecgreview.ecg.leads import LEADS
from ecgreview.ecg.signal import INVALID, LeadStatus, Signal

from . import signals


def _remarks(microvolts: np.ndarray) -> dict[str, tuple[str, ...]]:
    return {remark.code: remark.leads for remark in audit(signals.signal(microvolts))}


def _row(lead: str) -> int:
    return LEADS.index(lead)


def test_a_clean_signal_has_no_remarks():
    assert audit(signals.signal()) == ()


def test_a_flat_lead_is_reported():
    values = signals.heartbeats()
    values[_row("V2")] = 40
    assert _remarks(values) == {"flat_lead": ("V2",)}


def test_a_gap_is_reported():
    samples = signals.signal().samples.copy()
    samples[_row("V1"), 1000:1500] = INVALID
    (remark,) = audit(Signal(samples, signals.RATE_HZ, 1.0))
    assert (remark.code, remark.leads) == ("gap", ("V1",))
    assert remark.details == {"seconds": 1.0}


def test_a_missing_lead_is_reported():
    samples = signals.signal().samples.copy()
    samples[_row("V3")] = INVALID
    status = tuple(LeadStatus.MISSING if lead == "V3" else LeadStatus.RECORDED for lead in LEADS)
    (remark,) = audit(Signal(samples, signals.RATE_HZ, 1.0, status))
    assert (remark.code, remark.leads) == ("missing_lead", ("V3",))


def test_derived_leads_are_reported():
    status = (LeadStatus.RECORDED, LeadStatus.RECORDED, *[LeadStatus.DERIVED] * 4)
    full = (*status, *[LeadStatus.RECORDED] * 6)
    (remark,) = audit(Signal(signals.signal().samples, signals.RATE_HZ, 1.0, full))
    assert (remark.code, remark.leads) == ("derived_lead", ("III", "aVR", "aVL", "aVF"))


def test_volts_mistaken_for_millivolts_are_detected():
    assert "amplitude_small" in _remarks(signals.heartbeats() / 30)


def test_a_wrong_gain_is_detected():
    values = signals.heartbeats() * 15
    assert _remarks(values)["amplitude_large"] == ("II", "V4", "V5")


def test_a_mislabeled_lead_breaks_the_identities():
    values = signals.heartbeats()
    values[[_row("aVL"), _row("aVF")]] = values[[_row("aVF"), _row("aVL")]]
    assert _remarks(values) == {"limb_identity": ("aVL", "aVF")}


def test_rounding_does_not_break_the_identities():
    # Correct CODE-15 tracings deviate from the identities by up to 26 microvolts.
    values = signals.heartbeats()
    values[_row("aVF")] += 26
    assert _remarks(values) == {}


def test_interchanged_arm_leads_are_suspected():
    values = signals.heartbeats()
    values[_row("I")] *= -1
    values[[_row("II"), _row("III")]] = values[[_row("III"), _row("II")]]
    values[[_row("aVR"), _row("aVL")]] = values[[_row("aVL"), _row("aVR")]]
    assert _remarks(values) == {"arm_reversal_suspected": ("I",)}


def test_a_full_scale_signal_is_detected():
    values = signals.heartbeats()
    values[_row("V4")] = np.minimum(values[_row("V4")], 900)
    assert _remarks(values) == {"clipping": ("V4",)}


@pytest.mark.parametrize("n_samples", [1, 2, 4])
def test_the_shortest_signal_can_be_audited(n_samples):
    audit(signals.signal(signals.heartbeats(n_samples)))

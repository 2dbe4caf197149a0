from __future__ import annotations

import numpy as np
import pytest

from ecgreview.ecg import leads


@pytest.mark.parametrize(
    ("written", "lead"),
    [
        ("AVR", "aVR"),
        ("aVl", "aVL"),
        ("DII", "II"),
        ("dIII", "III"),
        ("Lead V1", "V1"),
        (" i ", "I"),
    ],
)
def test_common_spellings_are_recognized(written, lead):
    assert leads.canonical(written) == lead


@pytest.mark.parametrize("written", ["", "vx", "V7", "MLII", "IV", "-aVR"])
def test_other_names_are_refused(written):
    with pytest.raises(leads.UnknownLead):
        leads.canonical(written)


def test_standard_names_have_the_standard_order():
    assert leads.standard(["v6", "DI", "vx"]) == ("I", "V6")


def test_the_augmented_leads_sum_to_zero():
    # Goldberger 1942.
    weights = np.array([leads.LIMB_WEIGHTS[lead] for lead in ("aVR", "aVL", "aVF")])
    assert weights.sum(axis=0) == pytest.approx(0)


def test_lead_iii_is_ii_minus_i():
    assert leads.LIMB_WEIGHTS["III"] == (-1, 1)

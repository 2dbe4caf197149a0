"""Reports of earlier method versions contain sentences, which are converted to codes."""

from __future__ import annotations

import pytest

from ecgreview.agreement.reports.earlier import CODES, with_codes
from ecgreview.agreement.values.reasons import Reason

NEVER_A_SENTENCE = {
    Reason.PREVALENCE_ABOVE_GIVEN,
    Reason.LOW_SENSITIVITY,
    Reason.FEW_TRUE_POSITIVES,
    Reason.NO_CLASS_IN_REFERENCE,
    Reason.NO_CLASS_BY_READER,
    Reason.FEW_GOLD_EXAMS,
    Reason.FEW_CASES,
    Reason.NEVER_PREDICTED,
}
"""Codes that were added after codes had replaced the sentences."""


@pytest.mark.parametrize("sentence", CODES)
def test_every_earlier_sentence_has_a_code(sentence):
    results = {"classes": [{"pabak": {"estimate": None, "reason": sentence}}]}
    assert with_codes(results) == {
        "classes": [{"pabak": {"estimate": None, "reason": str(CODES[sentence])}}]
    }


def test_every_code_with_an_earlier_sentence_is_in_the_map():
    assert set(CODES.values()) == set(Reason) - NEVER_A_SENTENCE


def test_a_current_report_is_read_unchanged():
    results = {
        "latent": {"reason": "too_large", "classes": []},
        "classes": [{"class": "No reader gave the class.", "n": 3, "pabak": {"reason": ""}}],
        "readers": ["7", "9"],
        "nothing": None,
    }
    assert with_codes(results) == results


@pytest.mark.parametrize("code", Reason)
def test_a_code_is_an_identifier(code):
    assert code.replace("_", "a").isalpha()
    assert code == code.lower() == code.name.lower()

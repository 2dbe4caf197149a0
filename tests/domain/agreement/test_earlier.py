"""Reports of earlier method versions hold sentences, and are read as if they held codes."""

from __future__ import annotations

import pytest

from ecgreview.agreement.reports.earlier import CODES, with_codes
from ecgreview.agreement.values.reasons import Reason

NEVER_A_SENTENCE = {
    Reason.PREVALENCE_ABOVE_GIVEN,
    Reason.LOW_SENSITIVITY,
    Reason.FEW_TRUE_POSITIVES,
}
"""Came after the codes."""


@pytest.mark.parametrize("sentence", CODES)
def test_every_sentence_of_old_has_a_code(sentence):
    results = {"classes": [{"pabak": {"estimate": None, "reason": sentence}}]}
    assert with_codes(results) == {
        "classes": [{"pabak": {"estimate": None, "reason": str(CODES[sentence])}}]
    }


def test_every_code_that_was_a_sentence_once_is_in_the_map():
    assert set(CODES.values()) == set(Reason) - NEVER_A_SENTENCE


def test_a_report_of_today_is_read_as_it_is():
    results = {
        "latent": {"reason": "too_large", "classes": []},
        "classes": [{"class": "No reader gave the class.", "n": 3, "pabak": {"reason": ""}}],
        "readers": ["7", "9"],
        "nothing": None,
    }
    assert with_codes(results) == results


@pytest.mark.parametrize("code", Reason)
def test_a_code_is_a_word_that_programs_can_use(code):
    assert code.replace("_", "a").isalpha()
    assert code == code.lower() == code.name.lower()

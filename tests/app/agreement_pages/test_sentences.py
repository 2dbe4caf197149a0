"""Every reason code of the domain has a sentence in each language."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from annotations.sentences import paired_errors
from annotations.sentences import reasons as sentences
from annotations.sentences.reasons import sentence
from ecgreview.agreement.accuracy.paired_errors import Caution, Missing, Undefined
from ecgreview.agreement.reports.earlier import CODES
from ecgreview.agreement.values.reasons import Reason
from ecgreview.design.reasons import PredictionReason

ENUMS = (Reason, PredictionReason)


@pytest.mark.parametrize("codes", ENUMS)
def test_every_code_has_a_sentence_in_both_languages(codes):
    for code in codes:
        texts = []
        for language in ("en", "pt-br"):
            with translation.override(language):
                texts.append(sentence(code))
        english, portuguese = texts
        assert english.endswith(".")
        assert portuguese.endswith(".")
        assert english != portuguese


def test_codes_are_unique_across_enums():
    codes = [str(code) for enum in ENUMS for code in enum]
    assert len(set(codes)) == len(codes)
    assert set(sentences.SENTENCES) == set(codes)


def test_an_empty_code_has_an_empty_sentence():
    assert sentence("") == ""


def test_an_unknown_code_is_shown_unchanged():
    assert sentence("computed_on_the_moon") == "computed_on_the_moon"


def test_sentences_of_results_are_listed_once_per_code():
    results = {
        "latent": {"reason": Reason.TOO_LARGE},
        "classes": [{"pabak": {"reason": Reason.ALL_ALIKE}}, {"pabak": {"reason": ""}}],
        "pairs": [{"pabak": {"reason": str(Reason.ALL_ALIKE)}}],
    }
    assert sentences.sentences_of(results) == {
        "all_alike": sentence(Reason.ALL_ALIKE),
        "too_large": sentence(Reason.TOO_LARGE),
    }


def test_old_sentences_and_codes_do_not_overlap():
    assert not set(CODES) & set(sentences.SENTENCES)


def test_every_code_about_errors_has_a_sentence():
    assert set(paired_errors.CAUTIONS) == set(Caution)
    assert set(paired_errors.WHY_NONE) == set(Missing)
    assert set(paired_errors.WHY_NO_TEST) == set(Undefined)


def test_only_codes_that_occur_have_sentences_about_errors():
    lines: list[dict[str, Any]] = [
        {"cautions": [str(Caution.OWN_VOTE_OF_FIRST)], "undefined": None},
        {"cautions": [], "undefined": str(Undefined.NEVER_DIFFERED)},
    ]
    sentences_by_code = paired_errors.sentences_of(None, lines)
    assert set(sentences_by_code) == {"own_vote_of_first", "never_differed"}
    assert sentences_by_code["own_vote_of_first"].startswith("The first reader voted")
    assert set(paired_errors.sentences_of(Missing.NOT_OPEN, [])) == {"not_open"}

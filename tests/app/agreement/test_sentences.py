"""Whatever the domain gives as a reason can be told in the language of the page."""

from __future__ import annotations

import pytest
from django.utils import translation

from annotations.views.agreement import numbers, reasons
from ecgreview.agreement.accuracy import arm_times, arms, performance
from ecgreview.agreement.latent.reasons import Reason
from ecgreview.agreement.reports import precision
from ecgreview.agreement.values import pairing


@pytest.mark.parametrize(
    "module",
    [
        arm_times, arms, pairing, performance, precision,
    ],
)  # fmt: skip
def test_every_sentence_of_the_domain_can_be_translated(module):
    known = {*reasons.REASONS, *numbers.REASONS}
    assert set(module.REASONS) <= known


def test_every_code_of_the_latent_model_has_a_sentence():
    assert set(reasons.LATENT) == set(Reason)
    assert all(reasons.told(code) != code for code in Reason)


def test_reports_of_earlier_versions_have_their_sentences_translated():
    sentence = reasons.LATENT[Reason.NO_TRIPLES]
    with translation.override("pt-br"):
        assert reasons.told(sentence) == reasons.told(Reason.NO_TRIPLES)
        assert reasons.told(sentence) != sentence

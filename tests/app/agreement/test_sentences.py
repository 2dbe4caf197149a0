"""Whatever the domain gives as a reason can be told in the language of the page."""

from __future__ import annotations

import pytest

from annotations.views import agreement_numbers, agreement_reasons
from ecgreview.agreement.accuracy import arm_times, arms, performance
from ecgreview.agreement.latent import design as latent_design
from ecgreview.agreement.latent import pooled, pooled_report, two_states
from ecgreview.agreement.latent import report as latent_report
from ecgreview.agreement.latent import triples as latent_triples
from ecgreview.agreement.reports import precision
from ecgreview.agreement.values import pairing


@pytest.mark.parametrize(
    "module",
    [
        arm_times, arms, two_states, latent_design, latent_report, latent_triples,
        pairing, performance, pooled, pooled_report, precision,
    ],
)  # fmt: skip
def test_every_sentence_of_the_domain_can_be_translated(module):
    known = {*agreement_reasons.REASONS, *agreement_numbers.REASONS}
    assert set(module.REASONS) <= known

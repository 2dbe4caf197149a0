"""Pooled estimates of rare classes are displayed and labeled as pooled."""

from __future__ import annotations

import copy

import pytest

from annotations.models import AgreementReport, Scope
from annotations.sentences.reasons import sentence
from ecgreview.agreement.latent import pooled_report
from ecgreview.agreement.values.reasons import Reason
from tests.app.agreement_pages.pages import AF, address

pytestmark = pytest.mark.django_db

MARK = "Pooled with the other classes"
PARTS = ["reader", "precision"]


def measure(estimate, reason=""):
    if estimate is None:
        return {"estimate": None, "low": None, "high": None, "n": 9, "reason": reason, "method": ""}
    return {
        "estimate": estimate, "low": estimate / 2, "high": (1 + estimate) / 2, "n": 9,
        "reason": reason, "method": pooled_report.CURVATURE,
    }  # fmt: skip


def fitted(pooled):
    return {
        "prevalence": measure(None, Reason.NO_TRIPLES),
        "n_telling": 0,
        "alike": None,
        "readers": [],
        "pooled": pooled,
    }


POOLED = {
    "prevalence": measure(0.0123, Reason.FEW_POOLED),
    "readers": [
        {"reader": 0, "sensitivity": measure(0.8125), "specificity": measure(0.9875)},
        {"reader": 1, "sensitivity": measure(0.4375), "specificity": measure(0.5625)},
    ],
}
REFUSED = {"prevalence": measure(None, Reason.NO_TRIPLES), "readers": []}


@pytest.fixture
def with_latent(closed):
    """Store a report version with these latent class fits for the first classes, or for AF."""

    def store(*classes, of_af=None):
        report = AgreementReport.objects.of_scope(Scope(closed.study_id, closed.pk))
        newest = report.latest("number")
        results = copy.deepcopy(newest.results)
        fits = [*classes, *[fitted(None)] * (len(results["classes"]) - len(classes))]
        if of_af is not None:
            fits[[row["class"] for row in results["classes"]].index(AF)] = of_af
        results["latent"] = {"reason": "", "n_replicates": 0, "classes": fits}
        newest.pk, newest.number, newest.results = None, newest.number + 1, results
        newest.save(force_insert=True)
        return closed

    return store


def page_of(batch, client, part):
    return client.get(address("batch", part, batch)).content.decode()


@pytest.mark.parametrize("part", PARTS)
def test_pooled_estimates_are_marked(with_latent, signed_in, davi, part):
    batch = with_latent(fitted(POOLED))
    text = signed_in(davi).get(address("batch", part, batch)).content.decode()
    assert MARK in text
    assert '<span class="badge">pooled</span>' in text


def test_the_precision_page_has_the_pooled_prevalence_with_a_caution(with_latent, signed_in, davi):
    batch = with_latent(fitted(POOLED))
    text = signed_in(davi).get(address("batch", "precision", batch)).content.decode()
    assert "<strong>1%</strong>" in text
    assert sentence(Reason.FEW_POOLED) in text


def test_the_page_of_a_reader_has_only_their_estimates(with_latent, signed_in, davi):
    batch = with_latent(fitted(POOLED))
    text = signed_in(davi).get(address("batch", "reader", batch)).content.decode()
    assert "<strong>81%</strong>" in text
    assert "<strong>44%</strong>" not in text


@pytest.mark.parametrize("part", PARTS)
def test_a_class_without_an_estimate_gets_the_reason(with_latent, signed_in, davi, part):
    latent_fit = {**fitted(None), **POOLED}
    text = page_of(with_latent(fitted(REFUSED), of_af=latent_fit), signed_in(davi), part)
    assert "No estimate:" in text
    assert '<span class="badge">pooled</span>' not in text


def test_an_implausible_fit_is_replaced_by_the_pooled_one(with_latent, signed_in, davi):
    implausible = {**fitted(POOLED), "prevalence": measure(None, Reason.PREVALENCE_ABOVE_GIVEN)}
    text = page_of(with_latent(implausible), signed_in(davi), "precision")
    assert "Pooled estimate: " + sentence(Reason.PREVALENCE_ABOVE_GIVEN) in text
    assert "<strong>1%</strong>" in text


def test_pages_show_sentences_instead_of_codes(with_latent, signed_in, davi):
    few = {"prevalence": measure(None, Reason.FEW_TRUE_POSITIVES), "readers": []}
    latent_fit = {**fitted(None), **POOLED}
    text = page_of(with_latent(fitted(few), of_af=latent_fit), signed_in(davi), "precision")
    assert sentence(Reason.FEW_TRUE_POSITIVES) in text
    assert Reason.FEW_TRUE_POSITIVES not in text


@pytest.mark.parametrize("part", PARTS)
def test_a_reason_common_to_all_classes_is_shown_once(with_latent, signed_in, davi, part):
    text = page_of(with_latent(fitted(REFUSED), fitted(REFUSED)), signed_in(davi), part)
    assert text.count("No exam was read by three readers") == 1
    assert MARK not in text


@pytest.mark.parametrize("part", PARTS)
def test_the_reason_comes_from_classes_that_were_marked(with_latent, signed_in, davi, part):
    never = {**fitted(None), "prevalence": measure(None, Reason.NEVER_GIVEN)}
    text = page_of(with_latent(*[never] * 65), signed_in(davi), part)
    assert "No exam was read by three readers" in text


@pytest.mark.parametrize("part", PARTS)
def test_the_reason_can_be_that_no_class_was_marked(with_latent, signed_in, davi, part):
    never = {**fitted(None), "prevalence": measure(None, Reason.NEVER_GIVEN)}
    text = page_of(with_latent(*[never] * 66), signed_in(davi), part)
    assert "No reader marked the class." in text


@pytest.mark.parametrize("part", PARTS)
def test_a_class_with_enough_data_is_not_pooled(with_latent, signed_in, davi, part):
    batch = with_latent(fitted(None))
    assert MARK not in signed_in(davi).get(address("batch", part, batch)).content.decode()


@pytest.mark.parametrize("part", PARTS)
def test_an_old_version_says_that_pooling_was_not_computed(with_latent, signed_in, davi, part):
    old = fitted(None)
    del old["pooled"]
    page = signed_in(davi).get(address("batch", part, with_latent(old)))
    assert page.status_code == 200
    assert "not computed in this version" in page.content.decode()


@pytest.mark.parametrize("part", PARTS)
def test_classes_that_nobody_marked_are_not_listed(with_latent, signed_in, davi, part):
    never = {"prevalence": measure(None, Reason.NEVER_GIVEN), "readers": []}
    batch = with_latent(fitted(never))
    assert MARK not in signed_in(davi).get(address("batch", part, batch)).content.decode()

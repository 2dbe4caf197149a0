"""The report of prevalence and skill matches the model and respects its time limit."""

from __future__ import annotations

import numpy as np
import pytest

from ecgreview.agreement import PatternCount
from ecgreview.agreement.latent import report as latent_report
from ecgreview.agreement.latent import two_states
from ecgreview.agreement.sampling.resampling import Resampling
from ecgreview.agreement.values.reasons import Reason
from tests.sizes import size

from .latent_data import counted, readings

FEW = Resampling(n_replicates=200)


def read(n_readers, *, prevalence=(0.3, 0.05), n_exams=600, seed=1):
    """Return ratings of readers with sensitivity .8 and false-alarm rate .02."""
    rng = np.random.default_rng(seed)
    truth = rng.random((n_exams, len(prevalence))) < np.array(prevalence)
    shape = (n_readers, *truth.shape)
    gives = np.where(truth, rng.random(shape) < 0.8, rng.random(shape) < 0.02)
    return (1 + gives).astype(np.int8)


def test_estimates_match_the_model():
    patterns = PatternCount.of(read(3, n_exams=2000))
    report = latent_report.latent_report(patterns, how=FEW)
    result = two_states.fit(patterns)
    for row, line in enumerate(report["classes"]):
        assert line["prevalence"]["estimate"] == pytest.approx(result.prevalence.values[row])
        for reader in line["readers"]:
            for name in ("sensitivity", "specificity"):
                expected = getattr(result, name).values[row, reader["reader"]]
                assert reader[name]["estimate"] == pytest.approx(expected)


def test_intervals_contain_the_truth():
    report = latent_report.latent_report(PatternCount.of(read(3, n_exams=4000)), how=FEW)
    common = report["classes"][0]
    assert common["prevalence"]["low"] < 0.3 < common["prevalence"]["high"]
    assert all(reader["sensitivity"]["low"] < 0.8 < reader["sensitivity"]["high"]
               for reader in common["readers"])  # fmt: skip


def test_a_class_that_few_exams_lack_has_the_interval_of_a_posterior():
    common = [("+++", 900), ("++-", 4), ("+-+", 3), ("-++", 2), ("--+", 2), ("---", 5)]
    report = latent_report.latent_report(counted(common), how=FEW)
    assert report["classes"][0]["prevalence"]["method"] == "dirichlet"


@pytest.mark.parametrize(("n_readers", "reason"), [(2, Reason.TWO_READERS), (1, None), (0, None)])
def test_too_few_readers_are_refused_with_a_reason(n_readers, reason):
    report = latent_report.latent_report(PatternCount.of(read(n_readers)), how=FEW)
    assert report["reason"] == ""
    for line in report["classes"]:
        assert line["prevalence"]["estimate"] is None
        assert line["prevalence"]["reason"] == (reason or line["prevalence"]["reason"]) != ""
        assert line["readers"] == []


def test_pairs_of_three_readers_are_refused_with_a_reason():
    ratings = read(3)
    ratings[np.arange(600) % 3, np.arange(600)] = 0
    report = latent_report.latent_report(PatternCount.of(ratings), how=FEW)
    assert report["classes"][0]["prevalence"]["reason"] == Reason.NO_TRIPLES


def test_the_same_counts_give_the_same_numbers():
    patterns = PatternCount.of(read(3))
    assert latent_report.latent_report(patterns, how=FEW) == latent_report.latent_report(
        patterns, how=FEW
    )


def test_a_slow_fit_has_no_intervals(monkeypatch):
    monkeypatch.setattr(latent_report, "_MAX_REPLICATED", 1.0)
    report = latent_report.latent_report(PatternCount.of(read(3)), how=FEW)
    assert (report["reason"], report["n_replicates"]) == (Reason.NO_INTERVALS, 0)
    assert report["classes"][0]["prevalence"]["low"] is None
    assert report["classes"][0]["prevalence"]["estimate"] is not None


def test_a_very_slow_fit_is_left_out(monkeypatch):
    monkeypatch.setattr(latent_report, "_MAX_WORK", 1.0)
    report = latent_report.latent_report(PatternCount.of(read(3)), how=FEW)
    assert report == {"reason": Reason.TOO_LARGE, "n_replicates": 0, "classes": []}


def test_agreement_of_triples_is_compared_with_the_model():
    report = latent_report.latent_report(PatternCount.of(read(4)), how=FEW)
    alike = report["classes"][0]["alike"]
    assert alike["n"] == 600 * 4
    assert alike["observed"] == pytest.approx(alike["expected"], abs=0.02)


# Several exams per patient.


def width(measure):
    return measure["high"] - measure["low"]


def test_a_design_effect_widens_intervals_by_its_root():
    patterns = PatternCount.of(read(3, prevalence=(0.3, 0.2), n_exams=2000))
    alone = latent_report.latent_report(patterns, how=FEW)["classes"]
    of_patients = latent_report.latent_report(patterns, how=FEW, effects=np.array([4.0, 1.0]))
    wider, same = of_patients["classes"]
    assert width(wider["prevalence"]) == pytest.approx(2 * width(alone[0]["prevalence"]), rel=0.25)
    assert width(same["prevalence"]) == pytest.approx(width(alone[1]["prevalence"]), rel=0.2)
    assert wider["prevalence"]["estimate"] == alone[0]["prevalence"]["estimate"]
    assert wider["prevalence"]["n"] == 2000


def test_a_design_effect_may_leave_too_few_true_positives():
    patterns = PatternCount.of(read(3, prevalence=(0.05, 0.2), n_exams=2000))
    alone = latent_report.latent_report(patterns, how=FEW)["classes"][0]["prevalence"]
    report = latent_report.latent_report(patterns, how=FEW, effects=np.array([16.0, 1.0]))
    first = report["classes"][0]
    assert (alone["method"], alone["reason"]) == ("bootstrap", "")
    assert (first["prevalence"]["estimate"], first["prevalence"]["reason"]) == (
        None,
        Reason.FEW_TRUE_POSITIVES,
    )
    assert width(first["pooled"]["prevalence"]) > 2 * width(alone)


def test_a_design_effect_of_one_changes_nothing():
    patterns = PatternCount.of(read(3))
    assert latent_report.latent_report(patterns, how=FEW) == latent_report.latent_report(
        patterns, how=FEW, effects=np.ones(2)
    )


@pytest.mark.parametrize(
    "effects", [[1.0], [1.0, 0.5], [1.0, np.nan], [1.0, np.inf], [[1.0, 1.0]], ["a", "b"], 2.0]
)
def test_invalid_design_effects_are_refused(effects):
    with pytest.raises(latent_report.BadEffects):
        latent_report.latent_report(PatternCount.of(read(3)), how=FEW, effects=effects)


def test_a_design_effect_above_the_number_of_exams_has_a_reason():
    report = latent_report.latent_report(
        PatternCount.of(read(3)), how=FEW, effects=np.array([1e6, 1.0])
    )
    first = report["classes"][0]
    assert first["prevalence"]["reason"] == Reason.FEW_TRUE_POSITIVES
    assert first["pooled"]["prevalence"]["reason"] == Reason.FEW_TRUE_POSITIVES


# Implausible fits.


def degenerate() -> PatternCount:
    """Return counts of 3,000 exams with one true positive and false alarms of three readers.

    A second class has ordinary counts.
    """
    signs = ("---", "--+", "-+-", "-++", "+--", "+-+", "++-", "+++")
    alone, common = (2795, 98, 43, 2, 56, 5, 1, 0), (2325, 25, 20, 60, 30, 110, 90, 340)
    first, second = (counted(list(zip(signs, counts, strict=True))) for counts in (alone, common))
    return PatternCount(first.patterns, np.concatenate([first.counts, second.counts]))


def test_a_prevalence_above_every_readers_rate_is_withheld():
    patterns = degenerate()
    result = two_states.fit(patterns)
    share_marked = 205 / 3000
    assert result.prevalence.values[0] > share_marked
    first_class = latent_report.latent_report(patterns, how=FEW)["classes"][0]
    assert first_class["prevalence"]["estimate"] is None
    assert first_class["prevalence"]["reason"] == Reason.PREVALENCE_ABOVE_GIVEN
    assert first_class["readers"] == []
    pooled = first_class["pooled"]["prevalence"]
    assert pooled["estimate"] is None or pooled["estimate"] < share_marked


def test_the_raw_fit_has_a_caution():
    result = two_states.fit(degenerate())
    assert result.prevalence.reasons.tolist() == [Reason.PREVALENCE_ABOVE_GIVEN, ""]
    assert set(result.sensitivity.reasons[0].tolist()) == {Reason.PREVALENCE_ABOVE_GIVEN}


@pytest.mark.parametrize("seed", range(size(1, 3)))
def test_every_implausible_class_has_a_reason(seed):
    """With a false-alarm rate of 1%, the fits of 9% of such rare classes were implausible."""
    n_classes = 30
    rng = np.random.default_rng(seed)
    prevalence = np.concatenate([np.full(n_classes - 4, 0.001), [0.05, 0.1, 0.2, 0.3]])
    shape = n_classes, 3
    patterns = readings(
        rng, prevalence, rng.uniform(0.6, 0.95, shape), rng.uniform(0.001, 0.03, shape), n_exams=827
    )
    class_rate = patterns.counts @ (patterns.patterns == 2).any(axis=1) / 827
    for item, share in zip(
        latent_report.latent_report(patterns, how=FEW)["classes"], class_rate, strict=True
    ):
        for measure in (item["prevalence"], (item["pooled"] or item)["prevalence"]):
            assert measure["estimate"] is None or measure["estimate"] <= share or measure["reason"]

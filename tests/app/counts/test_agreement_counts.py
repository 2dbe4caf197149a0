"""Coefficients computed from live counts equal those computed from the readings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotations.services.agreement import inputs, refresh, results
from annotations.services.counts import load as counts_load
from ecgreview import agreement as domain
from ecgreview.agreement.counts.patterns import BadCounts
from ecgreview.agreement.reports import design_effects
from tests.app.kept import kept

CODES = ("atrial_fibrillation", "artifact", "first_degree_av_block")


@kept
def report(study, make_batch, make_exam, make_visits, submit, now):
    """The report of a study with random answers of two readers; one reading is still missing."""
    exams = [*make_visits(0, 1, 2), *make_visits(0, 5, patient="p2")]
    exams += [make_exam() for _ in range(9)]
    batch = make_batch(exams)
    rng = np.random.default_rng(7)
    for assignment in list(batch.assignments.order_by("exam", "reader"))[:-1]:
        present = [code for code in CODES if rng.random() < 0.5]
        not_assessable_codes = [
            code for code in CODES if code not in present and rng.random() < 0.2
        ]
        submit(assignment, *present, not_assessable=not_assessable_codes)
    return refresh.refresh_study(study=study, now=now)


def answers_of(rows):
    return domain.Answers.from_profiles(
        rows.profiles, rows.clusters, n_readers=len(rows.readers), n_classes=len(rows.classes)
    )


def by_pattern(count):
    return {
        tuple(pattern): n.tolist()
        for pattern, n in zip(count.patterns, count.counts.T, strict=True)
    }


def test_live_counts_equal_counts_of_the_readings(report):
    rows = inputs.counts(report.scope)
    read = answers_of(rows).count().occurring()
    assert by_pattern(rows.pattern_count()) == by_pattern(read)


def test_a_report_from_live_counts_equals_one_from_readings(report):
    rows = inputs.counts(report.scope)
    expected = domain.report(answers_of(rows), list(map(str, rows.readers)), rows.classes)
    for key, value in expected.items():
        if key != "repeats":
            assert report.results[key] == value
    assert [row["n_not_assessable"] for row in expected["classes"] if row["n_not_assessable"]]


def test_the_latent_model_gets_design_effects_of_patients(report, monkeypatch, now):
    def fake_latent_report(patterns, *, effects):
        return {"effects": effects.tolist()}

    monkeypatch.setattr(domain, "VERSION", "next")
    monkeypatch.setattr(results, "latent_report", fake_latent_report)
    latest = refresh.refresh_study(study=report.study, now=now).results
    effects = design_effects.largest(latest["classes"])
    assert effects is not None
    assert (effects > 1).any()
    np.testing.assert_allclose(latest["latent"]["effects"], effects)


def test_inconsistent_counts_raise_instead_of_making_a_report(report, monkeypatch, now):
    load = counts_load.load

    def without_a_set(scope):
        rows = load(scope)
        (readers, n), *others = rows.reader_sets
        return replace(rows, reader_sets=((readers, n + 1), *others))

    monkeypatch.setattr(counts_load, "load", without_a_set)
    with pytest.raises(BadCounts, match="exams of the answers"):
        refresh.refresh_study(study=report.study, now=now)

"""Coefficients are computed from the live counts, and are those of the readings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotations.services.agreement import inputs, refresh, results
from annotations.services.counts import load as counts_load
from ecgreview import agreement as domain
from ecgreview.agreement.counts.patterns import BadCounts
from ecgreview.agreement.reports import design_effects

CODES = ("atrial_fibrillation", "artifact", "first_degree_av_block")


@pytest.fixture
def report(study, make_batch, make_exam, make_visits, submit, now):
    """The report of a study of which two readers said this and that; one exam waits for one."""
    exams = [*make_visits(0, 1, 2), *make_visits(0, 5, patient="p2")]
    exams += [make_exam() for _ in range(9)]
    batch = make_batch(exams)
    rng = np.random.default_rng(7)
    for assignment in list(batch.assignments.order_by("exam", "reader"))[:-1]:
        given = [code for code in CODES if rng.random() < 0.5]
        silent = [code for code in CODES if code not in given and rng.random() < 0.2]
        submit(assignment, *given, not_assessable=silent)
    return refresh.refresh_study(study=study, now=now)


def answers_of(rows):
    return domain.Answers.from_profiles(
        rows.profiles, rows.clusters, n_readers=len(rows.readers), n_classes=len(rows.classes)
    )


def by_pattern(count):
    return {tuple(one): n.tolist() for one, n in zip(count.patterns, count.counts.T, strict=True)}


def test_the_live_counts_are_those_of_the_readings(report):
    rows = inputs.counts(report.scope)
    read = answers_of(rows).count().occurring()
    assert by_pattern(rows.pattern_count()) == by_pattern(read)


def test_a_report_is_that_of_the_readings(report):
    rows = inputs.counts(report.scope)
    found = domain.report(answers_of(rows), list(map(str, rows.readers)), rows.classes)
    for key, value in found.items():
        if key != "repeats":
            assert report.results[key] == value
    assert [one["n_not_assessable"] for one in found["classes"] if one["n_not_assessable"]]


def test_the_latent_model_knows_of_patients(report, monkeypatch, now):
    def told(patterns, *, effects):
        return {"effects": effects.tolist()}

    monkeypatch.setattr(domain, "VERSION", "next")
    monkeypatch.setattr(results, "latent_report", told)
    found = refresh.refresh_study(study=report.study, now=now).results
    effects = design_effects.largest(found["classes"])
    assert effects is not None
    assert (effects > 1).any()
    np.testing.assert_allclose(found["latent"]["effects"], effects)


def test_counts_that_are_not_of_the_readings_make_no_report(report, monkeypatch, now):
    load = counts_load.load

    def without_a_set(scope):
        rows = load(scope)
        (readers, n), *others = rows.reader_sets
        return replace(rows, reader_sets=((readers, n + 1), *others))

    monkeypatch.setattr(counts_load, "load", without_a_set)
    with pytest.raises(BadCounts, match="exams of the answers"):
        refresh.refresh_study(study=report.study, now=now)

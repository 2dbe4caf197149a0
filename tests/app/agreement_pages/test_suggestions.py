"""The effect of suggestions in a study that randomizes who sees them."""

from __future__ import annotations

import numpy as np
import pytest

from annotations.models import (
    AgreementRun,
    Batch,
    Scope,
    Study,
)
from annotations.services.agreement import inputs, refresh
from annotations.services.assignment import batches
from annotations.services.exams import suggestion_requests
from annotations.services.suggestions import runs
from ecgreview.agreement import ABSENT, MISSING
from ecgreview.agreement.accuracy import suggestion_effect
from ecgreview.agreement.accuracy.arms import Split
from ecgreview.agreement.accuracy.reading_matrix import ReadingMatrix
from ecgreview.agreement.accuracy.suggestion_effect import Nothing, Trial
from tests.app.agreement_pages.pages import AF, address

pytestmark = pytest.mark.django_db


def compare_arms(batch):
    study = Study.objects.select_related("taxonomy").get(pk=batch.study_id)
    matrix = inputs.load_matrix(study, inputs.in_scope(Scope(study.pk, batch.pk)))
    trial = inputs.load_trial(study, matrix)
    return suggestion_effect.compare(trial) if isinstance(trial, Trial) else trial


def test_commission_errors_are_counted_by_arm(arms_batch):
    comparison = compare_arms(arms_batch)
    assert comparison.nothing is None
    assert comparison.n_shown + comparison.n_hidden == 36
    assert comparison.n_exposed == comparison.n_shown > 0
    commission = comparison.effects[Split.COMMISSION]
    assert (commission.shown.estimate, commission.hidden.estimate) == (1.0, 0.0)
    assert commission.difference.estimate == 1.0
    assert (
        comparison.effects[Split.RIGHT].hidden.estimate == 1.0
    )  # readers and model agree that there is no artifact


def test_the_reference_of_a_reading_excludes_the_reading(arms_batch):
    scope = Scope(arms_batch.study_id, arms_batch.pk)
    matrix = inputs.load_matrix(arms_batch.study, inputs.in_scope(scope))
    assert isinstance(matrix, ReadingMatrix)
    nobody = matrix[np.zeros(len(matrix), dtype=np.bool_)]
    reference, is_adjudicated = suggestion_effect.references(matrix, nobody)
    assert not is_adjudicated.any()
    for row in range(len(matrix)):
        others = (matrix.exams == matrix.exams[row]) & ~matrix.is_shown
        others[row] = False
        expected = ABSENT if others.any() else MISSING
        assert reference[row, matrix.codes.index(AF)] == expected


def test_reading_times_are_compared_by_arm(arms_batch):
    times = compare_arms(arms_batch).times
    assert times.ratio.estimate == pytest.approx(0.5)
    assert times.shown.quartiles_ms == (10_000, 10_000, 10_000)


def test_only_classes_the_model_covers_are_compared(arms_batch):
    comparison = compare_arms(arms_batch)
    n_covered = 2
    assert comparison.effects[Split.ALL].difference.n == 36 * n_covered


def test_a_study_without_randomization_gives_a_reason(closed):
    assert compare_arms(closed).nothing is Nothing.NOT_RANDOMIZED


def test_a_batch_without_open_readings_gives_a_reason(randomized, make_exam, ana, davi, now):
    batch = batches.create(
        study=randomized, name="Open", exams=[make_exam()], readers=[ana], created_by=davi, now=now
    )
    assert compare_arms(batch).nothing is Nothing.NO_READINGS


def test_the_suggestion_effect_has_a_page(arms_batch, signed_in, davi, now):
    while refresh.work_next(now=now):
        pass
    text = signed_in(davi).get(address("batch", "suggestions", arms_batch)).content.decode()
    assert "effects-chart" in text
    assert "+100" in text


def test_new_suggestions_for_read_exams_request_runs(arms_batch, now):
    AgreementRun.objects.all().delete()
    Batch.objects.filter(pk=arms_batch.pk).update(agreement_is_due=False)
    exam = arms_batch.assignments.first().exam
    suggestion_requests.request(exams=[exam], now=now)
    assert runs.run_next(now=now)
    requested = AgreementRun.objects.unfinished().values_list("batch", flat=True)
    assert set(requested) == {arms_batch.pk, None}


def test_suggestions_for_unread_exams_request_no_run(randomized, make_exam, now):
    AgreementRun.objects.filter(study=randomized).delete()
    suggestion_requests.request(exams=[make_exam()], now=now)
    assert runs.run_next(now=now)
    assert not AgreementRun.objects.filter(study=randomized).exists()

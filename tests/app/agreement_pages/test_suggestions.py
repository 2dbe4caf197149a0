"""What suggestions do to readings, where chance decides who sees them."""

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


def compared(batch):
    study = Study.objects.select_related("taxonomy").get(pk=batch.study_id)
    matrix = inputs.load_matrix(study, inputs.in_scope(Scope(study.pk, batch.pk)))
    found = inputs.load_trial(study, matrix)
    return suggestion_effect.compare(found) if isinstance(found, Trial) else found


def test_who_sees_a_wrong_suggestion_accepts_it(arms_batch):
    found = compared(arms_batch)
    assert found.nothing is None
    assert found.n_shown + found.n_hidden == 36
    assert found.n_exposed == found.n_shown > 0
    commission = found.effects[Split.COMMISSION]
    assert (commission.shown.estimate, commission.hidden.estimate) == (1.0, 0.0)
    assert commission.difference.estimate == 1.0
    assert found.effects[Split.RIGHT].hidden.estimate == 1.0  # no noise, as the model says


def test_the_reference_of_a_reading_never_rests_on_itself(arms_batch):
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


def test_suggestions_take_half_of_the_time(arms_batch):
    times = compared(arms_batch).times
    assert times.ratio.estimate == pytest.approx(0.5)
    assert times.shown.quartiles_ms == (10_000, 10_000, 10_000)


def test_a_class_that_the_model_does_not_cover_is_no_answer(arms_batch):
    found = compared(arms_batch)
    n_covered = 2
    assert found.effects[Split.ALL].difference.n == 36 * n_covered


def test_a_study_without_chance_says_why(closed):
    assert compared(closed).nothing is Nothing.NOT_RANDOMISED


def test_without_open_readings_it_says_why(randomised, make_exam, ana, davi, now):
    made = batches.create(
        study=randomised, name="Open", exams=[make_exam()], readers=[ana], created_by=davi, now=now
    )
    assert compared(made).nothing is Nothing.NO_READINGS


def test_arms_have_a_page(arms_batch, signed_in, davi, now):
    while refresh.work_next(now=now):
        pass
    text = signed_in(davi).get(address("batch", "suggestions", arms_batch)).content.decode()
    assert "effects-chart" in text
    assert "+100" in text


def test_what_a_newer_model_says_of_exams_that_were_read_asks_for_new_versions(arms_batch, now):
    AgreementRun.objects.all().delete()
    Batch.objects.filter(pk=arms_batch.pk).update(agreement_is_due=False)
    exam = arms_batch.assignments.first().exam
    suggestion_requests.request(exams=[exam], now=now)
    assert runs.run_next(now=now)
    asked = AgreementRun.objects.unfinished().values_list("batch", flat=True)
    assert set(asked) == {arms_batch.pk, None}


def test_what_a_model_says_before_anybody_reads_asks_for_none(randomised, make_exam, now):
    suggestion_requests.request(exams=[make_exam()], now=now)
    assert runs.run_next(now=now)
    assert not AgreementRun.objects.filter(study=randomised).exists()

"""A model is a reader too: nobody sees what it says before their own blind reading is signed."""

from __future__ import annotations

import pytest
from django.urls import reverse

from annotations.models import Study, SuggestionModel, SuggestionPolicy, SuggestionRun


@pytest.fixture
def suggested(make_exam, now):
    """An exam that a model has finished with."""
    exam = make_exam()
    model = SuggestionModel.objects.create(
        name="probe", version="1", covered_classes=[], created_at=now
    )
    SuggestionRun.objects.create(exam=exam, model=model, requested_at=now, finished_at=now)
    return exam


def sees(reader):
    return SuggestionRun.objects.visible_to(reader).exists()


def test_nobody_sees_them_before_they_have_read(assign, suggested, ana):
    assign(ana, suggested)
    assert not sees(ana)


def test_who_has_read_sees_them(assign, suggested, ana, submit):
    submit(assign(ana, suggested), "artifact")
    assert sees(ana)


def test_who_is_to_read_the_exam_again_does_not(assign, suggested, ana, submit):
    submit(assign(ana, suggested), "artifact")
    assign(ana, suggested)
    assert not sees(ana)


def test_a_study_without_suggestions_shows_none(assign, suggested, ana, submit):
    submit(assign(ana, suggested), "artifact")
    Study.objects.update(suggestion_policy=SuggestionPolicy.NONE)
    assert not sees(ana)


def test_an_assignment_that_was_never_read_shows_none(
    assign, suggested, ana, submit, close, signed_in
):
    missed = assign(ana, suggested)
    close(missed.batch)
    submit(assign(ana, suggested), "artifact")
    address = reverse("api-assignment-suggestions", args=[missed.pk])
    assert signed_in(ana).get(address).status_code == 404

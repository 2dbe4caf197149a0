"""Migration 0029 tells consensus of before in the words of now, from rows as they were stored."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.db import connection

from annotations.models import Batch, Consensus
from annotations.services.consensus import labels
from tests.app.constraints.acts import commit

AF = "atrial_fibrillation"
IN_NEW_WORDS = import_module("annotations.migrations.0029_consensus_by_class").IN_NEW_WORDS


@pytest.fixture
def old(make_batch, submit, close, now):
    """Return a consensus as the version before the migration had stored it."""
    batch = make_batch()
    for assignment in batch.assignments.select_related("reader"):
        submit(assignment, AF)
    close(batch)
    labels.compute(study=batch.study, now=now)
    Batch.objects.update(consensus_is_due=False)
    commit()  # no table can be altered before

    def store(**columns):
        with connection.cursor() as cursor:
            cursor.execute("alter table annotations_consensus disable trigger user")
            for name in ("outcome_is_known", "open_gives_its_reason"):
                cursor.execute(
                    f"alter table annotations_consensus drop constraint consensus_{name}"
                )
            before = {"rest_state": "absent", "class_states": {}, "reason": ""}
            Consensus.objects.update(**{**before, **columns})
            cursor.execute(IN_NEW_WORDS)
        return Consensus.objects.get()

    return store


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ({"n_readings": 1}, ("incomplete", "readings_missing", "incomplete")),
        (
            {"reason": "One: wait to be made again"},
            ("incomplete", "reread_pending", "incomplete"),
        ),
        (
            {"reason": "Classes that exclude others"},
            ("disputed", "exclusive_classes", "undecided"),
        ),
        ({"n_unreadable": 1}, ("disputed", "readability_disputed", "undecided")),
        ({"reason": "No class"}, ("disputed", "no_class_shared", "undecided")),
    ],
)
def test_undecided_becomes_disputed_or_incomplete_with_its_reason(old, stored, told):
    found = old(outcome="undecided", **stored)
    assert (found.outcome, found.reason, found.rest_state) == told


@pytest.mark.django_db
def test_what_was_decided_keeps_its_outcome_and_is_computed_anew(old):
    found = old(outcome="agreement")
    assert (found.outcome, found.reason, found.rest_state) == ("agreement", "", "absent")
    assert found.class_states == {AF: "present"}
    assert Batch.objects.get().consensus_is_due


@pytest.mark.django_db
def test_an_unreadable_exam_has_no_class_assessed(old):
    assert old(outcome="unreadable").rest_state == "not_assessed"

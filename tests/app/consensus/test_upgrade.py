"""Migration 0029 converts stored consensus rows to the new outcomes and reasons."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.db import connection

from annotations.models import Batch, Consensus
from annotations.services.consensus import labels
from tests.app.constraints.acts import check_constraints

AF = "atrial_fibrillation"
IN_NEW_WORDS = import_module("annotations.migrations.0029_consensus_by_class").IN_NEW_WORDS


@pytest.fixture
def store_old(make_batch, submit, close, now):
    """Store a consensus row as before the migration, migrate it and return it."""
    batch = make_batch()
    for assignment in batch.assignments.select_related("reader"):
        submit(assignment, AF)
    close(batch)
    labels.compute(study=batch.study, now=now)
    Batch.objects.update(consensus_is_due=False)
    check_constraints()  # pending checks would block ALTER TABLE

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
    ("stored", "expected"),
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
def test_undecided_becomes_disputed_or_incomplete_with_a_reason(store_old, stored, expected):
    migrated = store_old(outcome="undecided", **stored)
    assert (migrated.outcome, migrated.reason, migrated.rest_state) == expected


@pytest.mark.django_db
def test_a_decided_consensus_keeps_its_outcome_and_becomes_due(store_old):
    migrated = store_old(outcome="agreement")
    assert (migrated.outcome, migrated.reason, migrated.rest_state) == ("agreement", "", "absent")
    assert migrated.class_states == {AF: "present"}
    assert Batch.objects.get().consensus_is_due


@pytest.mark.django_db
def test_an_unreadable_exam_has_no_assessed_class(store_old):
    assert store_old(outcome="unreadable").rest_state == "not_assessed"

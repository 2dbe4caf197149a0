"""A tab cannot overwrite the draft that another tab has saved."""

from __future__ import annotations

import pytest

from annotations.models import Assignment, Draft
from annotations.services.assignment import guards
from annotations.services.reading import drafts


def save(assignment, now, based_on=0, text="", **changes):
    return drafts.save(
        **{
            "assignment_id": assignment.pk,
            "reader": assignment.reader,
            "based_on": based_on,
            "content": {"comment": text},
            "now": now,
            **changes,
        }
    )


def test_the_first_draft_is_version_one(assign, ana, now):
    assert save(assign(ana), now).version == 1


def test_each_save_increments_the_version(assign, ana, now):
    assignment = assign(ana)
    save(assignment, now, 0, "P waves")
    assert save(assignment, now, 1, "P waves?").version == 2


def test_a_stale_save_is_refused_with_the_stored_draft(assign, ana, now):
    assignment = assign(ana)
    save(assignment, now, 0, "from the other tab")
    with pytest.raises(drafts.StaleDraft) as refusal:
        save(assignment, now, 0, "from this tab")
    assert refusal.value.draft == Draft.objects.get(content={"comment": "from the other tab"})


def test_a_save_based_on_a_missing_draft_is_refused(assign, ana, now):
    with pytest.raises(drafts.StaleDraft) as refusal:
        save(assign(ana), now, 3)
    assert refusal.value.draft is None


def test_saving_the_same_content_again_changes_nothing(assign, ana, now):
    assignment = assign(ana)
    save(assignment, now, 0, "P waves")
    assert save(assignment, now, 0, "P waves").version == 1


def test_a_submitted_assignment_refuses_drafts(assign, ana, now, submit):
    assignment = assign(ana)
    submit(assignment)
    with pytest.raises(guards.AlreadySubmitted):
        save(assignment, now)


def test_a_closed_batch_refuses_drafts(assign, ana, now, close):
    assignment = assign(ana)
    close(assignment.batch)
    with pytest.raises(guards.BatchClosed):
        save(assignment, now)


def test_an_assignment_of_another_reader_does_not_exist(assign, ana, bruno, now):
    with pytest.raises(Assignment.DoesNotExist):
        save(assign(ana), now, reader=bruno)
    assert not Draft.objects.exists()

"""The demo, when the process that prepares it is killed."""

from __future__ import annotations

import pytest

from annotations.models import Assignment, Batch, Exam, Reading, Study, User
from annotations.services.demo import readings, seed

pytestmark = pytest.mark.django_db

MADE = (User, Exam, Study, Batch, Assignment, Reading)


def test_a_start_that_was_killed_is_finished_by_the_next(now, monkeypatch):
    def killed(**what):
        raise KeyboardInterrupt

    monkeypatch.setattr(readings, "simulate", killed)
    with pytest.raises(KeyboardInterrupt):
        seed.prepare(now=now)
    monkeypatch.undo()
    seed.prepare(now=now)
    assert [model.objects.count() for model in MADE] == [6, 60, 1, 2, 120, 40]

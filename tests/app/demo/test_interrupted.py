"""Recovery of the demo when its preparation is interrupted."""

from __future__ import annotations

import pytest

from annotations.models import Assignment, Batch, Exam, Reading, Study, User
from annotations.services.demo import readings, seed

pytestmark = pytest.mark.django_db

MODELS = (User, Exam, Study, Batch, Assignment, Reading)


def test_the_next_start_completes_an_interrupted_one(now, monkeypatch):
    def interrupt(**_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(readings, "simulate", interrupt)
    with pytest.raises(KeyboardInterrupt):
        seed.prepare(now=now)
    monkeypatch.undo()
    seed.prepare(now=now)
    assert [model.objects.count() for model in MODELS] == [6, 60, 1, 3, 126, 40]

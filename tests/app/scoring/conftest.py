"""A study whose labels are embargoed: atrial fibrillation in six of twelve exams."""

from __future__ import annotations

import pytest

from annotations.models import Release
from annotations.services.releases import jobs
from annotations.services.releases.choices import Choices
from annotations.services.scoring import teams
from ecgreview.release.embargo import Embargo
from tests.app.kept import kept

AF, ARTIFACT = "atrial_fibrillation", "artifact"


@kept
def read_batch(make_batch, make_exam, submit, close, ana, bruno):
    """A closed batch; Ana alone marks artifact in the last exam."""
    exams = [make_exam() for _ in range(12)]
    batch = make_batch(exams, [ana, bruno])
    for assignment in batch.assignments.select_related("exam", "reader").order_by("pk"):
        place = exams.index(assignment.exam)
        codes = [AF] if place < 6 else []
        if place == 11 and assignment.reader == ana:
            codes.append(ARTIFACT)
        submit(assignment, *codes)
    return close(batch)


@pytest.fixture
def release_with(read_batch, study, now):
    def make(embargo: Embargo, **options) -> Release:
        values = {"licence": "CC-BY-4.0", "formats": ["csv"], "n_folds": 2, **options}
        choices = Choices(embargo=embargo, **values)
        release = jobs.request(study=study, choices=choices, actor=None, now=now)
        assert jobs.make(release, now=now)
        return Release.objects.get(pk=release.pk)

    return make


@pytest.fixture
def embargoed(release_with):
    """A release without any label."""
    return release_with(Embargo.ALL)


@pytest.fixture
def team(embargoed, study, davi, now):
    """A team with two attempts, and its token."""
    return teams.create(study=study, name="Lab", max_attempts=2, actor=davi, now=now)

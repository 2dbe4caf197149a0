"""A small study with readings to release."""

from __future__ import annotations

import pytest

from annotations.models import Dataset
from annotations.services.releases.choices import Choices
from tests.app.kept import kept


@kept
def released_batch(make_batch, make_exam, submit, close, ana, bruno):
    """A closed batch of four exams. The readers differ on the third."""
    exams = [make_exam() for _ in range(4)]
    batch = make_batch(exams, [ana, bruno])
    for assignment in batch.assignments.select_related("exam", "reader").order_by("pk"):
        place = exams.index(assignment.exam)
        codes = [("atrial_fibrillation",), (), ("artifact",), ("left_bundle_branch_block",)][place]
        if place == 2 and assignment.reader == bruno:
            codes = ()
        submit(assignment, *codes, comment="Sr. José, call 5551234")
    return close(batch)


@pytest.fixture
def licensed(released_batch):
    """State a license for the data set, so that signals may be released."""
    Dataset.objects.update(licence="CC-BY-4.0", attribution="Ward 3 (2026)")


@pytest.fixture
def choices():
    return Choices(licence="CC-BY-4.0", n_folds=2)

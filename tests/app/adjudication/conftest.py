"""A study with one exam in dispute, sent to adjudicators in any mode."""

from __future__ import annotations

import pytest

from annotations.models import Role
from annotations.services.consensus import adjudications, labels
from tests.app.consensus.conftest import amend, outcome, read  # noqa: F401 - fixtures
from tests.app.kept import kept

AF, AVB, LVH = "atrial_fibrillation", "first_degree_av_block", "left_ventricular_hypertrophy"


@kept
def carlos(make_user):
    """A second adjudicator."""
    return make_user("Carlos", Role.ADJUDICATOR)


@pytest.fixture
def disputed(read, ana, bruno):  # noqa: F811
    """A closed batch of one exam: Ana marked AV block and LVH, Bruno only LVH."""
    return read({ana: [AVB, LVH], bruno: [LVH]})


@pytest.fixture
def send(amend, disputed, clara, davi, now):  # noqa: F811
    """Send the exam to adjudicators under ``mode``, and return their assignments by user."""

    def make(mode="masked", readers=(), **more):
        if mode != "masked":  # the default
            amend(adjudication=mode)
        sent = adjudications.send_disputed(
            batch_id=disputed.pk, readers=list(readers) or [clara], created_by=davi, now=now, **more
        )
        rows = sent.assignments.select_related("batch__study", "batch__taxonomy", "reader", "exam")
        return {row.reader: row for row in rows}

    return make


@pytest.fixture
def recompute(study, now):
    """Compute the consensus and return its only row."""

    def make():
        labels.compute(study=study, now=now)
        return study.consensus.get()

    return make

"""Fixtures of a study whose readers read one exam."""

from __future__ import annotations

from dataclasses import replace

import pytest

from annotations.models import Consensus
from annotations.services.consensus import labels
from annotations.services.studies import lifecycle, protocols


@pytest.fixture
def read(make_batch, submit, close):
    """Close a batch of one exam after these readings.

    Each reader has a list of classes, or None if they did not read.
    """

    def make(codes_by_reader, exam=None, **more):
        batch = make_batch(exam and [exam], list(codes_by_reader), **more)
        for reader, codes in codes_by_reader.items():
            if codes is not None:
                submit(batch.assignments.get(reader=reader), *codes)
        return close(batch)

    return make


@pytest.fixture
def outcome(study, now):
    """Compute the consensus and return its only row."""

    def make():
        labels.compute(study=study, now=now)
        return Consensus.objects.get(study=study)

    return make


@pytest.fixture
def amend(study, davi, now):
    def make(**changes):
        study.refresh_from_db()
        amended = replace(protocols.protocol_of(study), **changes)
        lifecycle.amend(study_id=study.pk, protocol=amended, reason="A test.", actor=davi, now=now)
        study.refresh_from_db()

    return make

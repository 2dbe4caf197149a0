"""Signal quality and lead problems have a consensus and an agreement of their own."""

from __future__ import annotations

import csv
import io

import pytest
from django.urls import reverse

from annotations.models import Role
from annotations.services.consensus import labels
from annotations.services.export import tables

NOISE = [{"kind": "noise", "leads": ["V1", "V2"]}]


@pytest.fixture
def noisy(make_batch, submit, close, study, ana, bruno, now):
    """A closed batch: Ana names noise in two leads and Bruno in one; both call the signal poor."""
    batch = make_batch()
    submit(batch.assignments.get(reader=ana), quality="poor", problems=NOISE)
    submit(
        batch.assignments.get(reader=bruno), quality="poor",
        problems=[{"kind": "noise", "leads": ["V1"]}],
    )  # fmt: skip
    close(batch)
    labels.compute(study=study, now=now)
    return study.consensus.get()


def test_the_row_has_the_quality_and_each_problem(noisy):
    assert (noisy.quality, noisy.quality_votes) == ("poor", {"poor": 2})
    assert noisy.problem_votes == {"noise": 2, "noise:V1": 2, "noise:V2": 1}
    assert noisy.problem_states == {
        "noise": "present", "noise:V1": "present", "noise:V2": "undecided",
    }  # fmt: skip


def test_the_page_shows_the_signal_of_each_exam(noisy, davi, signed_in, study):
    page = signed_in(davi).get(f"/studies/{study.slug}/consensus/").content.decode()
    assert 'title="2 poor">Poor</span>' in page
    assert "Noise, V1" in page


def test_the_page_shows_the_agreement_on_the_signal(noisy, davi, signed_in, study):
    page = signed_in(davi).get(f"/studies/{study.slug}/consensus/?show=signal")
    names = [line.name for line in page.context["of_signal"].lines]
    assert names == ["Signal quality", "Noise", "Noise, V1", "Noise, V2"]


def test_readers_of_the_study_see_no_agreement_on_the_signal(
    noisy, make_user, signed_in, study, now
):
    torn = make_user("Torn", Role.COORDINATOR)
    study.readers.create(user=torn, status_since=now, added_at=now)
    page = signed_in(torn).get(f"/studies/{study.slug}/consensus/?show=signal")
    assert page.context["of_signal"].lines == []
    assert "Noise" not in page.content.decode()


def test_the_api_and_the_table_have_the_same_signal(noisy, rosa, signed_in, study):
    address = reverse("api-study-consensus", args=[study.slug])
    (row,) = signed_in(rosa).get(address).json()["results"]
    head, line = tables.consensus(study)
    cells = dict(zip(head, line, strict=True))
    assert (row["quality"], row["quality_votes"]) == ("poor", {"poor": 2})
    assert (cells["quality"], cells["quality_votes"]) == ("poor", "poor:2")
    assert cells["problems"] == "noise=present;noise:V1=present;noise:V2=undecided"
    assert cells["problem_votes"] == "noise=2;noise:V1=2;noise:V2=1"
    assert row["problem_votes"] == {"noise": 2, "noise:V1": 2, "noise:V2": 1}


def test_the_agreement_is_exported(noisy, study):
    text = io.StringIO()
    csv.writer(text).writerows(tables.signal_agreement(study))
    rows = list(csv.DictReader(io.StringIO(text.getvalue())))
    values = {(row["item"], row["statistic"]): row["value"] for row in rows}
    assert values["noise:V2", "percent_agreement"] == "0.0"
    assert values["quality", "n_any"] == "1"

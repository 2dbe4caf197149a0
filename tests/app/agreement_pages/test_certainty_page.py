"""The page of certainty and measurements, and its downloads."""

from __future__ import annotations

import csv
import io
import json
import uuid

import pytest

from annotations.models import AgreementReport, Batch, ResultsOpen
from annotations.services.agreement import refresh
from annotations.services.assignment import batches
from annotations.services.reading import content
from tests.app import signing
from tests.app.agreement_pages.conftest import open_batch_of
from tests.app.agreement_pages.pages import AF, addresses
from tests.app.builders import NOW

pytestmark = pytest.mark.django_db

CERTAINTY = {
    "ana": ["definite", "probable", "definite"],
    "bruno": ["definite", "definite", "possible"],
}
MEASURED = {"ana": [160, 180, 171], "bruno": [164, 183, 170]}
"""Two readers' measurements of three exams in ms. ``CERTAINTY`` has their certainty of AF."""


def mark(value):
    return {"kind": "interval", "tracing": 1, "lead": "II", "from_s": 0.1, "to_s": 0.2,
            "value": value, "n_cycles": 1}  # fmt: skip


@pytest.fixture(scope="module")
def measured_batch_id(module_db, study_setup):
    """An open batch with the certainties and measurements above."""
    with module_db():
        return measure(study_setup).pk


def measure(study_setup):
    batch = open_batch_of(study_setup, "Measured", [study_setup.person(name) for name in CERTAINTY])
    for assignment in batch.assignments.select_related("reader").order_by("exam"):
        name = assignment.reader.username
        place = list(batch.assignments.filter(reader=assignment.reader).order_by("exam")).index(
            assignment
        )
        findings = []
        if place < len(CERTAINTY[name]):
            finding = (AF, CERTAINTY[name][place], (), (mark(MEASURED[name][place]),))
            findings = [content.FindingIn(*finding)]
        signing.submit_reading(
            assignment_id=assignment.pk, reader=assignment.reader, based_on=0, findings=findings,
            quality="good", comment="", idempotency_key=uuid.UUID(int=assignment.pk), now=NOW,
        )  # fmt: skip
    return batch


@pytest.fixture
def measured_batch(db, measured_batch_id):
    return Batch.objects.get(pk=measured_batch_id)


@pytest.fixture
def batch(measured_batch, davi):
    """The measured batch, closed, with its agreement."""
    batches.close(batch_id=measured_batch.pk, closed_by=davi, now=NOW)
    refresh.refresh(batch=measured_batch, now=NOW)
    refresh.refresh_study(study=measured_batch.study, now=NOW)
    return measured_batch


@pytest.fixture
def report(batch):
    return AgreementReport.objects.get(batch=batch)


def rows_of(response):
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def test_the_page_has_the_certainty_of_the_report(signed_in, davi, batch, report):
    (stored,) = (row for row in report.results["certainty"]["classes"] if row["class"] == AF)
    for address in addresses(batch):
        page = signed_in(davi).get(f"{address}certainty/")
        (line,) = page.context["sure"]
        assert line.of.code == AF
        assert (line.n_exams, line.n_both, line.levels) == (6, 3, (1, 1, 4))
        assert line.same.value == stored["same_certainty"]["estimate"] == pytest.approx(1 / 3)
        assert line.alpha.value == stored["ordinal_alpha"]["estimate"]
        assert page.context["n_not_marked"] == 65


def test_the_page_has_the_measurements_of_the_report(signed_in, davi, batch, report):
    (stored,) = report.results["measured"]
    for address in addresses(batch):
        page = signed_in(davi).get(f"{address}certainty/")
        (line,), (pair,) = page.context["measured"], page.context["pairs"]
        assert (line.n_exams, line.readers, pair.n) == (3, "Ana, Bruno", 3)
        assert line.agreement.value == stored["icc"]["agreement"]["estimate"]
        assert pair.bias.value == stored["pairs"][0]["bias"]["estimate"] == pytest.approx(-2)
        assert pair.bias.text == "−2.0"
        assert "Ana minus Bruno, in ms" in page.context["chart"].y.title


def test_the_plot_has_the_exams_in_its_table(signed_in, davi, batch):
    page = signed_in(davi).get(f"{addresses(batch)[0]}certainty/")
    exams = page.context["chart"].series[-1]
    points = sorted(page.context["points"])
    assert points == [
        ("160.0", "164.0", "162.0", "−4.0"),
        ("171.0", "170.0", "170.5", "1.0"),
        ("180.0", "183.0", "181.5", "−3.0"),
    ]
    assert sorted(zip(exams.x, exams.y, strict=True)) == [(162, -4), (170.5, 1), (181.5, -3)]


def test_invalid_query_parameters_are_ignored(signed_in, davi, batch):
    client = signed_in(davi)
    for query in ("of=7", "pair=x", "of=-1&pair=99999999999999", "version=x"):
        page = client.get(f"{addresses(batch)[0]}certainty/?{query}")
        assert page.context["pair"].first == "Ana", query


def test_certainty_measurements_and_points_can_be_downloaded(signed_in, davi, batch, report):
    address = f"{addresses(batch)[0]}file/?table="
    client = signed_in(davi)
    (of_af,) = (row for row in rows_of(client.get(f"{address}certainty")) if row["class"] == AF)
    assert (of_af["n_definite"], of_af["same_certainty_n"]) == ("4", "3")
    together, pair = rows_of(client.get(f"{address}measurements"))
    assert together["readers"] == pair["readers"] == "Ana / Bruno"
    assert float(pair["bias_estimate"]) == pytest.approx(-2)
    assert (pair["icc_agreement_estimate"], together["bias_estimate"]) == ("", "")
    points = rows_of(client.get(f"{address}points"))
    assert sorted((row["first_value"], row["second_value"]) for row in points)[0] == (
        "160.0", "164.0",
    )  # fmt: skip
    payload = json.loads(client.get(f"{address}certainty&format=json").content)
    assert payload["certainty"] == report.results["certainty"]


def test_json_files_leave_out_single_exams(signed_in, davi, batch):
    client = signed_in(davi)
    for query in ("table=measurements&format=json", "format=json"):
        payload = json.loads(client.get(f"{addresses(batch)[0]}file/?{query}").content)
        assert payload["readers"] == ["Ana", "Bruno"]
        assert "points" not in payload["measured"][0]
        assert payload["measured"][0]["pairs"]


@pytest.fixture
def live_batch(measured_batch, davi):
    """The measured batch, still open, of a study with live results."""
    Batch.objects.filter(pk=measured_batch.pk).update(results_open=ResultsOpen.LIVE)
    refresh.refresh(batch=measured_batch, now=NOW)
    return measured_batch


def test_single_exams_stay_hidden_until_the_batch_is_closed(signed_in, davi, live_batch):
    address = addresses(live_batch)[0]
    page = signed_in(davi).get(f"{address}certainty/")
    assert page.context["pairs"]
    assert "points" not in page.context
    assert "chart" not in page.context
    assert "visible after their batches are closed" in page.content.decode()
    assert "160" not in page.content.decode()
    assert signed_in(davi).get(f"{address}file/?table=points").status_code == 404


def test_a_batch_without_findings_has_empty_tables(signed_in, davi, study_setup):
    empty_batch = open_batch_of(
        study_setup, "Nothing", [study_setup.person(name) for name in CERTAINTY]
    )
    batches.close(batch_id=empty_batch.pk, closed_by=davi, now=NOW)
    refresh.refresh(batch=empty_batch, now=NOW)
    page = signed_in(davi).get(f"{addresses(empty_batch)[0]}certainty/").content.decode()
    assert "No class has been marked yet." in page
    assert "No exam has measurements by two readers" in page
    address = f"{addresses(empty_batch)[0]}file/?table="
    assert len(rows_of(signed_in(davi).get(f"{address}measurements"))) == 0
    assert signed_in(davi).get(f"{address}points").status_code == 404


def test_the_page_needs_at_most_40_queries(signed_in, davi, batch, django_assert_max_num_queries):
    client = signed_in(davi)
    client.get(f"{addresses(batch)[0]}certainty/")
    with django_assert_max_num_queries(40):
        client.get(f"{addresses(batch)[0]}certainty/")


def test_the_api_leaves_out_single_exams(signed_in, davi, batch, report):
    payload = signed_in(davi).get(f"/api/batches/{batch.pk}/agreement/").json()["results"]
    assert payload["groups"] == report.results["groups"]
    assert payload["certainty"] == report.results["certainty"]
    assert payload["measured"][0]["pairs"] == report.results["measured"][0]["pairs"]
    assert "points" not in payload["measured"][0]

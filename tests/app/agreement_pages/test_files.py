"""Downloads: tables, JSON and charts with the numbers of the report."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.app.agreement_pages.pages import AF, addresses

pytestmark = pytest.mark.django_db


def test_the_csv_has_the_numbers_of_each_class(signed_in, davi, batch, report):
    text = signed_in(davi).get(f"{addresses(batch)[0]}file/").content.decode()
    rows = {row["class"]: row for row in csv.DictReader(io.StringIO(text))}
    for expected in report.results["classes"]:
        row = rows[expected["class"]]
        assert int(row["n_positive_any"]) == expected["n_positive_any"]
        estimate = expected["krippendorff_alpha"]["estimate"]
        assert row["krippendorff_alpha_estimate"] == ("" if estimate is None else str(estimate))


def test_the_json_is_the_report_with_names(signed_in, davi, batch, report):
    payload = json.loads(signed_in(davi).get(f"{addresses(batch)[0]}file/?format=json").content)
    assert payload["readers"] == ["Ana", "Bruno", "Clara"]
    assert payload["classes"] == report.results["classes"]
    assert payload["inputs_digest"] == report.inputs_digest


def test_the_pairs_of_a_class_can_be_downloaded(signed_in, davi, batch):
    address = f"{addresses(batch)[0]}file/?table=pairs&class={AF}"
    text = signed_in(davi).get(address).content.decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["first"], row["second"]) for row in rows] == [
        ("Ana", "Bruno"), ("Ana", "Clara"), ("Bruno", "Clara"),
    ]  # fmt: skip


def test_the_forest_plot_can_be_downloaded(signed_in, davi, batch):
    svg = signed_in(davi).get(f"{addresses(batch)[0]}file/?format=svg&measure=light_kappa")
    assert svg["Content-Type"].startswith("image/svg+xml")
    assert "Atrial fibrillation" in svg.content.decode()
    pdf = signed_in(davi).get(f"{addresses(batch)[0]}file/?format=pdf")
    assert pdf.content[:5] == b"%PDF-"


@pytest.mark.parametrize(
    "query", ["table=x", "format=x", "table=pairs", "table=pairs&class=x", "format=svg&measure=x"]
)
def test_unknown_files_are_not_found(signed_in, davi, batch, query):
    assert signed_in(davi).get(f"{addresses(batch)[0]}file/?{query}").status_code == 404

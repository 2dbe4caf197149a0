"""What can be downloaded: the same numbers as tables, JSON and pictures."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.app.agreement_pages.pages import AF, addresses

pytestmark = pytest.mark.django_db


def test_the_csv_has_a_row_for_each_class_with_the_numbers_of_the_report(
    signed_in, davi, batch, report
):
    told = signed_in(davi).get(f"{addresses(batch)[0]}file/").content.decode()
    rows = {row["class"]: row for row in csv.DictReader(io.StringIO(told))}
    for one in report.results["classes"]:
        row = rows[one["class"]]
        assert int(row["n_positive_any"]) == one["n_positive_any"]
        estimate = one["krippendorff_alpha"]["estimate"]
        assert row["krippendorff_alpha_estimate"] == ("" if estimate is None else str(estimate))


def test_the_json_is_the_report_with_names(signed_in, davi, batch, report):
    told = json.loads(signed_in(davi).get(f"{addresses(batch)[0]}file/?format=json").content)
    assert told["readers"] == ["Ana", "Bruno", "Clara"]
    assert told["classes"] == report.results["classes"]
    assert told["inputs_digest"] == report.inputs_digest


def test_the_pairs_of_a_class_are_a_file(signed_in, davi, batch):
    address = f"{addresses(batch)[0]}file/?table=pairs&class={AF}"
    told = signed_in(davi).get(address).content.decode()
    rows = list(csv.DictReader(io.StringIO(told)))
    assert [(row["first"], row["second"]) for row in rows] == [
        ("Ana", "Bruno"), ("Ana", "Clara"), ("Bruno", "Clara"),
    ]  # fmt: skip


def test_the_forest_plot_is_a_file(signed_in, davi, batch):
    drawn = signed_in(davi).get(f"{addresses(batch)[0]}file/?format=svg&measure=light_kappa")
    assert drawn["Content-Type"].startswith("image/svg+xml")
    assert "Atrial fibrillation" in drawn.content.decode()
    page = signed_in(davi).get(f"{addresses(batch)[0]}file/?format=pdf")
    assert page.content[:5] == b"%PDF-"


@pytest.mark.parametrize(
    "query", ["table=x", "format=x", "table=pairs", "table=pairs&class=x", "format=svg&measure=x"]
)
def test_there_are_no_other_files(signed_in, davi, batch, query):
    assert signed_in(davi).get(f"{addresses(batch)[0]}file/?{query}").status_code == 404

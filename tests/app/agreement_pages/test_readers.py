"""The pages of readers: the matrix of all pairs, and one pair."""

from __future__ import annotations

import pytest

from ecgreview import agreement as domain
from tests.app.agreement_pages.pages import AF, addresses

pytestmark = pytest.mark.django_db


def test_each_cell_of_the_matrix_is_a_kappa(signed_in, davi, batch, report):
    rows = signed_in(davi).get(f"{addresses(batch)[0]}readers/?class={AF}").context["rows"]
    expected = {
        tuple(line["readers"]): line["cohen_kappa"]["estimate"]
        for line in domain.pair_lines(report.results, classes=[AF])
    }
    ids = report.results["readers"]
    kappas = {
        (ids[field.first], ids[field.second]): field.kappa.value
        for row in rows
        for field in row.fields
        if field
    }
    assert kappas == pytest.approx(expected)


def test_only_coordinators_see_names_and_others_see_letters(signed_in, davi, rosa, batch):
    for address in addresses(batch):
        named = signed_in(davi).get(f"{address}readers/").context["rows"]
        assert [row.name for row in named] == ["Ana", "Bruno", "Clara"]
        lettered = signed_in(rosa).get(f"{address}readers/").context["rows"]
        assert [row.name for row in lettered] == ["A", "B", "C"]


def test_sorting_by_mean_puts_the_lowest_agreement_first(signed_in, davi, batch):
    rows = signed_in(davi).get(f"{addresses(batch)[0]}readers/?sort=mean").context["rows"]
    means = [row.mean.value for row in rows]
    assert means == sorted(means)
    for place, row in enumerate(rows):
        assert row.fields[place] is None


def test_a_pair_has_every_coefficient_with_its_interval(signed_in, davi, batch, report):
    page = signed_in(davi).get(f"{addresses(batch)[0]}pair/?first=1&second=2&class={AF}")
    (line,) = (
        row
        for row in domain.pair_lines(report.results, classes=[AF])
        if row["readers"] == report.results["readers"][:2]
    )
    values = {str(row["measure"].name): row["number"].value for row in page.context["measures"]}
    assert values["Cohen's kappa"] == pytest.approx(line["cohen_kappa"]["estimate"])
    assert page.context["cells"]["n10"]["n"] == line["n10"]


def test_matrix_and_pair_link_to_reader_profiles(signed_in, davi, batch):
    for address in addresses(batch):
        for part in ("readers/", "pair/?first=1&second=2"):
            page = signed_in(davi).get(address + part).content.decode()
            assert f'href="{address}readers/2/"' in page


@pytest.mark.parametrize(
    "query",
    [
        "first=1",
        "second=2",
        "first=1&second=1",
        "first=0&second=1",
        "first=1&second=9",
        "first=x&second=y",
    ],
)
def test_an_unknown_pair_is_not_found(signed_in, davi, batch, query):
    assert signed_in(davi).get(f"{addresses(batch)[0]}pair/?{query}").status_code == 404


def test_the_first_pair_is_the_default(signed_in, davi, batch):
    page = signed_in(davi).get(f"{addresses(batch)[0]}pair/")
    assert (page.context["first"], page.context["second"]) == ("Ana", "Bruno")

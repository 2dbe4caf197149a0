"""The page of classes: table, plot, sorting and filters."""

from __future__ import annotations

import pytest

from tests.app.agreement_pages.pages import AF, LBBB, PVC, addresses, lines

pytestmark = pytest.mark.django_db


def test_every_class_is_listed_with_its_counts(signed_in, davi, batch):
    for address in addresses(batch):
        by_code = lines(signed_in(davi).get(address))
        assert len(by_code) == 66
        assert (by_code[AF].n_all, by_code[AF].n_any, by_code[AF].n_disputed) == (1, 4, 3)


def test_the_page_has_the_numbers_of_the_report(signed_in, davi, batch, report):
    stored = {row["class"]: row for row in report.results["classes"]}
    for measure in ("positive_agreement", "krippendorff_alpha", "gwet_ac1"):
        by_code = lines(signed_in(davi).get(f"{addresses(batch)[0]}?measure={measure}"))
        for code, line in by_code.items():
            expected = stored[code][measure]
            chosen = line.chosen
            assert (chosen.value, chosen.low, chosen.high) == (
                expected["estimate"], expected["low"], expected["high"],
            )  # fmt: skip


def test_the_plot_has_the_rows_of_the_table(signed_in, davi, batch):
    page = signed_in(davi).get(addresses(batch)[0])
    assert [row["code"] for row in page.context["forest"]] == list(lines(page))


def test_undefined_values_come_last_with_their_reason(signed_in, davi, batch):
    for sort in ("estimate", "-estimate"):
        page = signed_in(davi).get(f"{addresses(batch)[0]}?sort={sort}")
        last = page.context["lines"][-1]
        assert (last.chosen.text, last.chosen.reason) == ("–", "No reader marked the class.")
        values = [line.chosen.value for line in page.context["lines"] if line.chosen.is_defined]
        assert values == sorted(values, reverse=sort == "estimate")


@pytest.mark.parametrize(
    ("sort", "first"), [("disputed", AF), ("n", AF), ("name", "first_degree_av_block")]
)
def test_classes_can_be_sorted(signed_in, davi, batch, sort, first):
    page = signed_in(davi).get(f"{addresses(batch)[0]}?sort={sort}")
    assert page.context["lines"][0].of.code == first


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=atrial+fib", {AF}),
        ("q=AF", {AF}),
        ("only=given", {AF, LBBB, PVC, "normal_ecg"}),
        ("q=nowhere+at+all", set()),
    ],
)
def test_classes_can_be_filtered(signed_in, davi, batch, query, expected):
    by_code = lines(signed_in(davi).get(f"{addresses(batch)[0]}?{query}"))
    assert expected <= set(by_code)
    assert (len(by_code) == 0) == (not expected)


def test_classes_can_be_filtered_by_group(signed_in, davi, batch):
    page = signed_in(davi).get(addresses(batch)[0])
    group = page.context["groups"][0]
    by_code = lines(signed_in(davi).get(f"{addresses(batch)[0]}?group={group.code}"))
    assert {line.of.group for line in by_code.values()} == {group}


@pytest.mark.parametrize(
    "query", ["measure=x", "sort=x", "only=x", "group=x", "version=x", "version=0", "version=99"]
)
def test_invalid_query_parameters_are_ignored(signed_in, davi, batch, query):
    assert signed_in(davi).get(f"{addresses(batch)[0]}?{query}").status_code == 200


def test_intervals_of_a_posterior_are_marked(signed_in, davi, batch):
    page = signed_in(davi).get(addresses(batch)[0])
    assert lines(page)[AF].chosen.is_rare
    assert "Dirichlet posterior" in page.content.decode()


def test_secondary_coefficients_come_with_a_warning(signed_in, davi, batch):
    warning = "This coefficient is high for every rare class"
    for measure, is_warned in (("gwet_ac1", True), ("krippendorff_alpha", False)):
        page = signed_in(davi).get(f"{addresses(batch)[0]}?measure={measure}").content.decode()
        assert (warning in page) == is_warned

"""The page of classes: its table, its plot, what is sorted and filtered."""

from __future__ import annotations

import pytest

from tests.app.agreement_pages.pages import AF, LBBB, PVC, addresses, lines

pytestmark = pytest.mark.django_db


def test_every_class_is_listed_with_its_counts(signed_in, davi, batch):
    for address in addresses(batch):
        found = lines(signed_in(davi).get(address))
        assert len(found) == 66
        assert (found[AF].n_all, found[AF].n_any, found[AF].n_disputed) == (1, 4, 3)


def test_the_page_has_the_numbers_of_the_report(signed_in, davi, batch, report):
    stored = {one["class"]: one for one in report.results["classes"]}
    for measure in ("positive_agreement", "krippendorff_alpha", "gwet_ac1"):
        found = lines(signed_in(davi).get(f"{addresses(batch)[0]}?measure={measure}"))
        for code, line in found.items():
            one = stored[code][measure]
            chosen = line.chosen
            assert (chosen.value, chosen.low, chosen.high) == (
                one["estimate"], one["low"], one["high"],
            )  # fmt: skip


def test_the_plot_has_the_rows_of_the_table(signed_in, davi, batch):
    page = signed_in(davi).get(addresses(batch)[0])
    assert [row["code"] for row in page.context["forest"]] == list(lines(page))


def test_what_is_undefined_comes_last_with_its_reason(signed_in, davi, batch):
    for sort in ("estimate", "-estimate"):
        page = signed_in(davi).get(f"{addresses(batch)[0]}?sort={sort}")
        last = page.context["lines"][-1]
        assert (last.chosen.text, last.chosen.reason) == ("–", "No reader marked the class.")
        values = [one.chosen.value for one in page.context["lines"] if one.chosen.is_defined]
        assert values == sorted(values, reverse=sort == "estimate")


@pytest.mark.parametrize(
    ("sort", "first"), [("disputed", AF), ("n", AF), ("name", "first_degree_av_block")]
)
def test_classes_are_sorted_as_asked(signed_in, davi, batch, sort, first):
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
def test_classes_are_filtered_as_asked(signed_in, davi, batch, query, expected):
    found = lines(signed_in(davi).get(f"{addresses(batch)[0]}?{query}"))
    assert expected <= set(found)
    assert (len(found) == 0) == (not expected)


def test_a_group_is_shown_alone(signed_in, davi, batch):
    page = signed_in(davi).get(addresses(batch)[0])
    group = page.context["groups"][0]
    found = lines(signed_in(davi).get(f"{addresses(batch)[0]}?group={group.code}"))
    assert {line.of.group for line in found.values()} == {group}


@pytest.mark.parametrize(
    "query", ["measure=x", "sort=x", "only=x", "group=x", "version=x", "version=0", "version=99"]
)
def test_what_an_address_cannot_ask_for_counts_as_not_asked(signed_in, davi, batch, query):
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

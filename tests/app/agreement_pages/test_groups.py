"""Agreement about groups of the taxonomy."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.utils.html import escape

from annotations.models import AgreementReport, DiagnosticClass
from annotations.services.agreement import refresh
from annotations.services.counts import load
from ecgreview.agreement.reports.earlier import CODES
from tests.app.agreement_pages.pages import AF, LBBB, PVC, addresses, lines

pytestmark = pytest.mark.django_db


def group_of(code):
    return DiagnosticClass.objects.get(code=code).group.code


def group_line(report, code):
    return next(row for row in report.results["groups"] if row["class"] == group_of(code))


def test_every_class_is_in_its_group(taxonomy):
    groups = load.groups(taxonomy.pk)
    assert list(groups) == list(taxonomy.groups.order_by("position").values_list("code", flat=True))
    codes = [code for members in groups.values() for code in members]
    assert sorted(codes) == sorted(taxonomy.classes.values_list("code", flat=True))
    assert AF in groups[group_of(AF)]


def test_groups_have_the_same_fields_as_classes(batch):
    for report in AgreementReport.objects.filter(study=batch.study):
        results = report.results
        (of_class,) = (row for row in results["classes"] if row["class"] == LBBB)
        of_group = group_line(report, LBBB)
        assert of_group.keys() - {"members"} == of_class.keys()
        assert LBBB in of_group["members"]
        # Two readers mark LBBB in the fifth exam and one in the sixth, so it is never marked by
        # all.
        assert (of_group["n_positive_any"], of_group["n_positive_all"]) == (2, 0)


def test_readers_who_mark_different_classes_of_a_group_agree_on_the_group(
    make_batch, submit, close, taxonomy, ana, bruno, now
):
    group = DiagnosticClass.objects.get(code=PVC).group
    first, second = group.classes.order_by("position")[:2]
    batch = make_batch()
    submit(batch.assignments.get(reader=ana), first.code)
    submit(batch.assignments.get(reader=bruno), second.code)
    close(batch)
    report = refresh.refresh(batch=batch, now=now)
    line = next(row for row in report.results["groups"] if row["class"] == group.code)
    assert line["n_positive_all"] == 1
    assert line["positive_agreement"]["estimate"] == 1


def test_the_page_has_the_numbers_of_groups(signed_in, davi, batch, report):
    stored = {row["class"]: row for row in report.results["groups"]}
    for address in addresses(batch):
        page = signed_in(davi).get(f"{address}?level=groups&measure=light_kappa")
        by_code = lines(page)
        assert by_code.keys() == stored.keys()
        for code, line in by_code.items():
            expected = stored[code]
            assert (line.n_any, line.n_all) == (
                expected["n_positive_any"],
                expected["n_positive_all"],
            )
            assert line.chosen.value == expected["light_kappa"]["estimate"]
            assert [of.code for of in line.of.members] == expected["members"]
            members = ", ".join(member.abbreviation for member in line.of.members)
            assert f'<span class="class-name">{escape(members)}</span>' in page.content.decode()


def test_the_plot_of_groups_links_to_their_classes(signed_in, davi, batch):
    page = signed_in(davi).get(f"{addresses(batch)[0]}?level=groups")
    (row,) = (entry for entry in page.context["forest"] if entry["code"] == group_of(AF))
    assert row["label"] == row["name"] == DiagnosticClass.objects.get(code=AF).group.local_name
    assert "AF" in row["aside"].split(", ")
    classes_page = signed_in(davi).get(addresses(batch)[0] + row["url"])
    assert AF in lines(classes_page)
    assert {line.of.group.code for line in lines(classes_page).values()} == {group_of(AF)}


def test_groups_can_be_sorted_and_filtered(signed_in, davi, batch):
    address = f"{addresses(batch)[0]}?level=groups"
    marked_only = lines(signed_in(davi).get(f"{address}&only=given"))
    assert 0 < len(marked_only) < len(lines(signed_in(davi).get(address)))
    assert all(line.n_any for line in marked_only.values())
    assert not lines(signed_in(davi).get(f"{address}&q=nowhere+at+all"))
    names = [line.of.local_name for line in lines(signed_in(davi).get(f"{address}&sort=name"))
             .values()]  # fmt: skip
    assert names == sorted(names, key=str.casefold)


def test_switching_between_classes_and_groups_keeps_the_coefficient(signed_in, davi, batch):
    page = signed_in(davi).get(f"{addresses(batch)[0]}?measure=gwet_ac1")
    levels = page.context["levels"]
    assert [level["is_here"] for level in levels] == [True, False]
    assert levels[1]["url"] == "?level=groups&measure=gwet_ac1"


def test_groups_can_be_downloaded(signed_in, davi, batch, report):
    address = f"{addresses(batch)[0]}file/?table=groups"
    rows = list(csv.DictReader(io.StringIO(signed_in(davi).get(address).content.decode())))
    assert [row["group"] for row in rows] == [
        expected["class"] for expected in report.results["groups"]
    ]
    assert AF in next(row for row in rows if row["group"] == group_of(AF))["classes"].split()
    payload = json.loads(signed_in(davi).get(f"{address}&format=json").content)
    assert payload["groups"] == report.results["groups"]
    name = DiagnosticClass.objects.get(code=AF).group.local_name
    svg = signed_in(davi).get(f"{address}&format=svg").content.decode()
    assert name.split()[0] in svg
    assert signed_in(davi).get(f"{address}&format=pdf").content[:5] == b"%PDF-"


@pytest.fixture
def old_version(batch, report, now):
    """A newer version in the format of method 3, without groups, certainty and measurements."""
    newer = ("groups", "certainty", "measured")
    results = {key: value for key, value in report.results.items() if key not in newer}
    return AgreementReport.objects.create(
        study=batch.study, batch=batch, number=report.number + 1, taxonomy=report.taxonomy,
        protocol_version=1, method_version="3", inputs_digest="f" * 64, computed_at=now,
        checked_at=now, n_readings=report.n_readings, results={**results, "version": "3"},
    )  # fmt: skip


@pytest.mark.parametrize("part", ["?level=groups", "certainty/"])
def test_an_old_version_shows_what_is_missing(signed_in, davi, batch, old_version, part):
    page = signed_in(davi).get(addresses(batch)[0] + part)
    assert page.context["report"] == old_version
    assert "Not available in this version" in page.content.decode()


@pytest.fixture
def version_with_sentences(batch, report, now):
    """A newer version in the format of method 6: sentences, not reason codes; same numbers."""
    old = {code: text for text, code in CODES.items()}
    results = json.loads(
        json.dumps(report.results),
        object_hook=lambda row: {
            **row, **({"reason": old.get(row["reason"], row["reason"])} if "reason" in row else {})
        },
    )  # fmt: skip
    return AgreementReport.objects.create(
        study=batch.study, batch=batch, number=report.number + 1, taxonomy=report.taxonomy,
        protocol_version=1, method_version="6", inputs_digest="f" * 64, computed_at=now,
        checked_at=now, n_readings=report.n_readings, results={**results, "version": "6"},
    )  # fmt: skip


def test_stored_sentences_are_read_as_codes(version_with_sentences, report):
    assert version_with_sentences.results["classes"] != report.results["classes"]
    assert version_with_sentences.coded_results == {**report.results, "version": "6"}


@pytest.mark.parametrize("part", ["", "file/?format=json", "file/?format=csv"])
def test_stored_sentences_are_shown_like_codes(
    signed_in, davi, batch, version_with_sentences, part
):
    page = signed_in(davi).get(addresses(batch)[0] + part).content.decode()
    assert ("No reader marked the class." in page) == (part == "")
    assert ("never_given" in page) == (part != "")


@pytest.mark.parametrize("part", ["", "readers/", "precision/", "report/", "file/?format=json"])
def test_pages_open_for_an_old_version(signed_in, davi, batch, old_version, part):
    assert signed_in(davi).get(addresses(batch)[0] + part).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "table=groups", "table=groups&format=svg", "table=certainty", "table=measurements",
        "table=points",
    ],
)  # fmt: skip
def test_tables_an_old_version_lacks_are_not_found(signed_in, davi, batch, old_version, query):
    response = signed_in(davi).get(f"{addresses(batch)[0]}file/?{query}")
    assert response.status_code == 404

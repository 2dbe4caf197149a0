"""The pages of a reader, of suggestions and of precision: who sees them, absurd wishes."""

from __future__ import annotations

import pytest
from django.urls import reverse

from annotations.models import (
    AgreementReport,
    ResultsSeen,
    Role,
    Scope,
)
from annotations.services.assignment import batches
from annotations.services.studies import lifecycle
from tests.app.agreement_pages.pages import AF, MORE_PARTS, address

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", ["batch", "study"])
@pytest.mark.parametrize("part", MORE_PARTS)
@pytest.mark.parametrize("name", ["davi", "rosa", "otto"])
def test_who_manages_sees_it(closed, signed_in, request, kind, part, name):
    page = signed_in(request.getfixturevalue(name)).get(address(kind, part, closed))
    assert page.status_code == 200
    assert "measure-chart" in page.content.decode() or part == "suggestions"


@pytest.mark.parametrize("kind", ["batch", "study"])
@pytest.mark.parametrize("part", MORE_PARTS)
def test_readers_are_refused(closed, signed_in, ana, eva, kind, part):
    for person in (ana, eva):
        assert signed_in(person).get(address(kind, part, closed)).status_code == 403


@pytest.mark.parametrize("part", MORE_PARTS)
def test_who_reads_in_the_study_is_told_nothing(
    make_study, make_user, make_exam, davi, ana, signed_in, part, now
):
    study = make_study(name="Read by its coordinator")
    both = make_user("Both", Role.COORDINATOR, Role.READER)
    made = batches.create(
        study=study, name="Mixed", exams=[make_exam()], readers=[ana, both], created_by=davi,
        now=now,
    )  # fmt: skip
    text = signed_in(both).get(address("batch", part, made)).content.decode()
    assert "measure-chart" not in text
    assert "tabs-row" not in text


def test_the_page_of_a_reader_stands_among_readers(closed, signed_in, davi):
    tabs = signed_in(davi).get(address("batch", "reader", closed)).context["tabs"]
    assert [tab["name"] for tab in tabs if tab["current"]] == ["Readers"]


@pytest.mark.parametrize("part", ["", "precision"])
def test_thousands_stand_apart_on_the_pages(closed, signed_in, davi, part):
    report = AgreementReport.objects.of_scope(Scope(closed.study_id, closed.pk)).latest("number")
    report.pk, report.number, report.n_readings = None, report.number + 1, 200_000
    report.save(force_insert=True)
    place = f"/batches/{closed.pk}/agreement/" + (f"{part}/" if part else "")
    assert "From 200,000 blind readings" in signed_in(davi).get(place).content.decode()


def test_there_is_no_reader_that_the_report_does_not_have(closed, signed_in, davi):
    place = reverse("batch-agreement-reader", kwargs={"pk": closed.pk, "place": 99})
    assert signed_in(davi).get(place).status_code == 404


def test_names_are_told_to_coordinators_only(closed, signed_in, davi, rosa):
    where = address("batch", "reader", closed)
    assert "Bruno" in signed_in(davi).get(where).content.decode()
    assert "Bruno" not in signed_in(rosa).get(where).content.decode()


def test_that_the_consensus_was_seen_is_noted(closed, signed_in, rosa):
    signed_in(rosa).get(address("batch", "reader", closed))
    assert ResultsSeen.objects.filter(user=rosa, batch=closed).exists()


@pytest.mark.parametrize(
    "query", ["?of=no&width=9", "?width=abc", "?of=fleiss_kappa&width=0.1", "?against=nobody"]
)
def test_an_absurd_wish_breaks_nothing(closed, signed_in, davi, query):
    for part in MORE_PARTS:
        assert signed_in(davi).get(address("batch", part, closed) + query).status_code == 200


def test_a_wish_is_forecast(closed, signed_in, davi):
    where = address("batch", "precision", closed) + f"?of=positive_agreement&width=0.2&classes={AF}"
    text = signed_in(davi).get(where).content.decode()
    assert "width-chart" in text
    assert "0.2" in text


def test_a_report_of_before_has_a_page_that_says_so(closed, signed_in, davi):
    report = AgreementReport.objects.of_scope(Scope(closed.study_id, closed.pk)).latest("number")
    old = {key: value for key, value in report.results.items() if key not in {"cells", "latent"}}
    report.pk, report.number, report.results = None, report.number + 1, old
    report.save(force_insert=True)
    for part in MORE_PARTS:
        assert signed_in(davi).get(address("batch", part, closed)).status_code == 200


def test_locked_studies_are_open_to_their_former_readers_roles(closed, davi, signed_in, now):
    lifecycle.lock(study_id=closed.study_id, actor=davi, now=now)
    assert signed_in(davi).get(address("study", "reader", closed)).status_code == 200

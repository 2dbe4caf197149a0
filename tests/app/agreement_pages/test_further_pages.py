"""The pages of a reader, of suggestions and of precision: access and invalid parameters."""

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
from tests.app.agreement_pages.pages import AF, MANAGERS, MORE_PARTS, address

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("scope", ["batch", "study"])
@pytest.mark.parametrize("part", MORE_PARTS)
@pytest.mark.parametrize("name", MANAGERS)
def test_managers_see_the_pages(closed, signed_in, request, scope, part, name):
    page = signed_in(request.getfixturevalue(name)).get(address(scope, part, closed))
    assert page.status_code == 200
    assert "measure-chart" in page.content.decode() or part == "suggestions"


@pytest.mark.parametrize("scope", ["batch", "study"])
@pytest.mark.parametrize("part", MORE_PARTS)
def test_readers_are_refused(closed, signed_in, ana, eva, scope, part):
    for person in (ana, eva):
        assert signed_in(person).get(address(scope, part, closed)).status_code == 403


@pytest.mark.parametrize("part", MORE_PARTS)
def test_a_coordinator_who_reads_in_the_study_sees_no_results(
    make_study, make_user, make_exam, davi, ana, signed_in, part, now
):
    study = make_study(name="Read by its coordinator")
    both = make_user("Both", Role.COORDINATOR, Role.READER)
    batch = batches.create(
        study=study, name="Mixed", exams=[make_exam()], readers=[ana, both], created_by=davi,
        now=now,
    )  # fmt: skip
    text = signed_in(both).get(address("batch", part, batch)).content.decode()
    assert "measure-chart" not in text
    assert "tabs-row" not in text


def test_the_page_of_a_reader_belongs_to_the_readers_tab(closed, signed_in, davi):
    tabs = signed_in(davi).get(address("batch", "reader", closed)).context["tabs"]
    assert [tab["name"] for tab in tabs if tab["current"]] == ["Readers"]


@pytest.mark.parametrize("part", ["", "precision"])
def test_large_numbers_have_thousands_separators(closed, signed_in, davi, part):
    report = AgreementReport.objects.of_scope(Scope(closed.study_id, closed.pk)).latest("number")
    report.pk, report.number, report.n_readings = None, report.number + 1, 200_000
    report.save(force_insert=True)
    place = f"/batches/{closed.pk}/agreement/" + (f"{part}/" if part else "")
    assert "From 200,000 blind readings" in signed_in(davi).get(place).content.decode()


def test_an_unknown_reader_is_not_found(closed, signed_in, davi):
    place = reverse("batch-agreement-reader", kwargs={"pk": closed.pk, "place": 99})
    assert signed_in(davi).get(place).status_code == 404


def test_only_coordinators_see_reader_names(closed, signed_in, davi, rosa):
    url = address("batch", "reader", closed)
    assert "Bruno" in signed_in(davi).get(url).content.decode()
    assert "Bruno" not in signed_in(rosa).get(url).content.decode()


def test_opening_the_page_is_recorded_as_results_seen(closed, signed_in, rosa):
    signed_in(rosa).get(address("batch", "reader", closed))
    assert ResultsSeen.objects.filter(user=rosa, batch=closed).exists()


@pytest.mark.parametrize(
    "query", ["?of=no&width=9", "?width=abc", "?of=fleiss_kappa&width=0.1", "?against=nobody"]
)
def test_invalid_query_parameters_are_ignored(closed, signed_in, davi, query):
    for part in MORE_PARTS:
        assert signed_in(davi).get(address("batch", part, closed) + query).status_code == 200


def test_a_target_width_has_a_forecast(closed, signed_in, davi):
    url = address("batch", "precision", closed) + f"?of=positive_agreement&width=0.2&classes={AF}"
    text = signed_in(davi).get(url).content.decode()
    assert "width-chart" in text
    assert "0.2" in text


def test_pages_open_for_versions_without_cells_or_latent_classes(closed, signed_in, davi):
    report = AgreementReport.objects.of_scope(Scope(closed.study_id, closed.pk)).latest("number")
    old = {key: value for key, value in report.results.items() if key not in {"cells", "latent"}}
    report.pk, report.number, report.results = None, report.number + 1, old
    report.save(force_insert=True)
    for part in MORE_PARTS:
        assert signed_in(davi).get(address("batch", part, closed)).status_code == 200


def test_the_coordinator_sees_results_of_a_locked_study(closed, davi, signed_in, now):
    lifecycle.lock(study_id=closed.study_id, actor=davi, now=now)
    assert signed_in(davi).get(address("study", "reader", closed)).status_code == 200

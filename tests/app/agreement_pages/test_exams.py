"""The exams behind every count, and what was said of one."""

from __future__ import annotations

import pytest

from annotations.models import (
    AgreementReport,
    Exam,
    Role,
)
from annotations.services.agreement.drilldown import Cell, ExamFilter, Pair, find_exams, of_exam
from annotations.services.assignment import batches
from annotations.services.people import roles
from tests.app.agreement_pages.pages import AF, LBBB, PVC, addresses

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("is_study", [False, True])
def test_behind_every_count_are_as_many_exams(batch, is_study):
    found = AgreementReport.objects.get(study=batch.study, batch=None if is_study else batch)
    for one in found.results["classes"]:
        n = {said: len(find_exams(found, one["class"], said, limit=100)) for said in ExamFilter}
        assert n[ExamFilter.ANY] == one["n_positive_any"]
        assert n[ExamFilter.ALL] == one["n_positive_all"]
        assert n[ExamFilter.SOME] == one["n_positive_any"] - one["n_positive_all"]
        assert n[ExamFilter.NONE] == one["n_exams"] - one["n_positive_any"]
        silent = find_exams(found, one["class"], ExamFilter.NOT_ASSESSABLE, limit=100)
        assert sum(len(exam.not_assessable) for exam in silent) == one["n_not_assessable"]


@pytest.mark.parametrize("is_study", [False, True])
def test_behind_every_field_of_a_pair_are_as_many_exams(batch, is_study):
    found = AgreementReport.objects.get(study=batch.study, batch=None if is_study else batch)
    codes = [one["class"] for one in found.results["classes"]]
    for row in found.results["pairs"]:
        first, second = (int(found.results["readers"][place]) for place in row["readers"])
        for cell in Cell:
            for column, code in enumerate(codes):
                exams = find_exams(found, code, Pair(first, second, cell), limit=100)
                assert len(exams) == row[cell][column]


def test_the_list_says_who_said_what(signed_in, davi, batch):
    for address in addresses(batch):
        page = signed_in(davi).get(f"{address}exams/?class={PVC}&said=some")
        (row,) = page.context["rows"]
        assert (row["present"], row["absent"]) == (["Clara"], ["Ana", "Bruno"])
        assert page.context["count"] == 1


def test_the_field_of_a_pair_can_be_asked_either_way_round(signed_in, davi, batch):
    client = signed_in(davi)
    there = client.get(f"{addresses(batch)[0]}exams/?class={AF}&first=1&second=2&cell=n10")
    back = client.get(f"{addresses(batch)[0]}exams/?class={AF}&first=2&second=1&cell=n01")
    assert there.context["rows"] != []
    assert [row["code"] for row in there.context["rows"]] == [
        row["code"] for row in back.context["rows"]
    ]
    assert there.context["count"] == back.context["count"] == len(there.context["rows"])


def test_the_list_is_paged(signed_in, davi, batch, monkeypatch):
    monkeypatch.setattr("annotations.views.agreement.exams.EXAMS_PER_PAGE", 2)
    address, seen = f"{addresses(batch)[0]}exams/", []
    query = f"?class={AF}&said=any"
    while query:
        page = signed_in(davi).get(address + query)
        seen += [row["code"] for row in page.context["rows"]]
        query = page.context["next_url"]
    assert len(seen) == len(set(seen)) == 4


@pytest.mark.parametrize(
    "query", ["class=nowhere", f"class={AF}&cell=n11", f"class={AF}&cell=n11&first=1&second=99",
              f"class={AF}&cell=n11&first=-1&second=x"]
)  # fmt: skip
def test_what_the_report_does_not_have_is_not_found(signed_in, davi, batch, query):
    assert signed_in(davi).get(f"{addresses(batch)[0]}exams/?{query}").status_code == 404


def test_an_exam_shows_what_its_readers_said(signed_in, davi, batch, report):
    (one,) = find_exams(report, PVC, ExamFilter.SOME, limit=2)
    page = signed_in(davi).get(f"{addresses(batch)[0]}exams/{one.code}/?class={PVC}")
    said = {row["of"].code: row["states"] for row in page.context["answers"]}
    assert page.context["readers"] == ["Ana", "Bruno", "Clara"]
    assert (said[PVC], said[LBBB]) == (["1", "1", "2"], ["2", "2", "1"])
    assert f"/api/exams/{one.code}/tracings/1/" in page.content.decode()


def test_an_exam_of_another_batch_is_not_found(signed_in, davi, batch, make_exam, report):
    other = make_exam()
    assert of_exam(report, other.pk) is None
    assert signed_in(davi).get(f"{addresses(batch)[0]}exams/{other.code}/").status_code == 404


def test_an_exam_that_somebody_reads_elsewhere_is_not_shown_to_them(
    signed_in, rosa, batch, report, make_study, davi, now
):
    (one,) = find_exams(report, PVC, ExamFilter.SOME, limit=2)
    roles.give(rosa, [Role.RESEARCHER, Role.READER])
    batches.create(
        study=make_study(name="Elsewhere"), name="Again", exams=[Exam.objects.get(pk=one.exam_id)],
        readers=[rosa], created_by=davi, now=now,
    )  # fmt: skip
    page = signed_in(rosa).get(f"{addresses(batch)[0]}exams/{one.code}/").content.decode()
    assert "Hidden while you read in this study." in page
    assert "Ventricular premature" not in page

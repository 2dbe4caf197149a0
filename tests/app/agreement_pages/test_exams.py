"""The exams behind every count, and the page of one exam."""

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


@pytest.mark.parametrize("is_study", [False, pytest.param(True, marks=pytest.mark.drill)])
def test_each_count_lists_that_many_exams(batch, is_study):
    report = AgreementReport.objects.get(study=batch.study, batch=None if is_study else batch)
    for row in report.results["classes"]:
        n = {
            exam_filter: len(find_exams(report, row["class"], exam_filter, limit=100))
            for exam_filter in ExamFilter
        }
        assert n[ExamFilter.ANY] == row["n_positive_any"]
        assert n[ExamFilter.ALL] == row["n_positive_all"]
        assert n[ExamFilter.SOME] == row["n_positive_any"] - row["n_positive_all"]
        assert n[ExamFilter.NONE] == row["n_exams"] - row["n_positive_any"]
        not_assessable = find_exams(report, row["class"], ExamFilter.NOT_ASSESSABLE, limit=100)
        assert sum(len(exam.not_assessable) for exam in not_assessable) == row["n_not_assessable"]


@pytest.mark.parametrize("is_study", [False, pytest.param(True, marks=pytest.mark.drill)])
def test_each_cell_of_a_pair_lists_that_many_exams(batch, is_study):
    report = AgreementReport.objects.get(study=batch.study, batch=None if is_study else batch)
    codes = [row_of_class["class"] for row_of_class in report.results["classes"]]
    for row in report.results["pairs"]:
        first, second = (int(report.results["readers"][place]) for place in row["readers"])
        for cell in Cell:
            for column, code in enumerate(codes):
                exams = find_exams(report, code, Pair(first, second, cell), limit=100)
                assert len(exams) == row[cell][column]


def test_the_list_names_readers_for_and_against(signed_in, davi, batch):
    for address in addresses(batch):
        page = signed_in(davi).get(f"{address}exams/?class={PVC}&said=some")
        (row,) = page.context["rows"]
        assert (row["present"], row["absent"]) == (["Clara"], ["Ana", "Bruno"])
        assert page.context["count"] == 1


def test_a_cell_of_a_pair_is_the_same_in_either_order(signed_in, davi, batch):
    client = signed_in(davi)
    forward = client.get(f"{addresses(batch)[0]}exams/?class={AF}&first=1&second=2&cell=n10")
    reverse = client.get(f"{addresses(batch)[0]}exams/?class={AF}&first=2&second=1&cell=n01")
    assert forward.context["rows"] != []
    assert [row["code"] for row in forward.context["rows"]] == [
        row["code"] for row in reverse.context["rows"]
    ]
    assert forward.context["count"] == reverse.context["count"] == len(forward.context["rows"])


def test_the_list_is_paged(signed_in, davi, batch, monkeypatch):
    monkeypatch.setattr("annotations.views.agreement.exams.EXAMS_PER_PAGE", 2)
    address, listed = f"{addresses(batch)[0]}exams/", []
    query = f"?class={AF}&said=any"
    while query:
        page = signed_in(davi).get(address + query)
        listed += [row["code"] for row in page.context["rows"]]
        query = page.context["next_url"]
    assert len(listed) == len(set(listed)) == 4


@pytest.mark.parametrize(
    "query", ["class=nowhere", f"class={AF}&cell=n11", f"class={AF}&cell=n11&first=1&second=99",
              f"class={AF}&cell=n11&first=-1&second=x"]
)  # fmt: skip
def test_an_unknown_class_or_reader_is_not_found(signed_in, davi, batch, query):
    assert signed_in(davi).get(f"{addresses(batch)[0]}exams/?{query}").status_code == 404


def test_the_page_of_an_exam_shows_every_reading(signed_in, davi, batch, report):
    (exam,) = find_exams(report, PVC, ExamFilter.SOME, limit=2)
    page = signed_in(davi).get(f"{addresses(batch)[0]}exams/{exam.code}/?class={PVC}")
    states = {row["of"].code: row["states"] for row in page.context["answers"]}
    assert page.context["readers"] == ["Ana", "Bruno", "Clara"]
    assert (states[PVC], states[LBBB]) == (["1", "1", "2"], ["2", "2", "1"])
    assert f"/api/exams/{exam.code}/tracings/1/" in page.content.decode()


def test_an_exam_of_another_batch_is_not_found(signed_in, davi, batch, make_exam, report):
    other = make_exam()
    assert of_exam(report, other.pk) is None
    assert signed_in(davi).get(f"{addresses(batch)[0]}exams/{other.code}/").status_code == 404


def test_an_exam_is_hidden_from_someone_who_reads_it_in_another_study(
    signed_in, rosa, batch, report, make_study, davi, now
):
    (exam,) = find_exams(report, PVC, ExamFilter.SOME, limit=2)
    roles.give(rosa, [Role.RESEARCHER, Role.READER])
    batches.create(
        study=make_study(name="Elsewhere"), name="Again", exams=[Exam.objects.get(pk=exam.exam_id)],
        readers=[rosa], created_by=davi, now=now,
    )  # fmt: skip
    page = signed_in(rosa).get(f"{addresses(batch)[0]}exams/{exam.code}/").content.decode()
    assert "Hidden while you read in this study." in page
    assert "Ventricular premature" not in page

"""The pages of agreement: classes, readers, exams, files; of a batch and of a whole study."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotations import tasks
from annotations.models import (
    AgreementReport,
    AgreementRun,
    Batch,
    Exam,
    ResultsOpen,
    ResultsSeen,
    Role,
    Scope,
)
from annotations.services import agreement, agreement_runs, batches, roles
from annotations.services.agreement_exams import Cell, Pair, Said, behind, of_exam
from ecgreview import agreement as domain

pytestmark = pytest.mark.django_db

AF, LBBB, PVC = "atrial_fibrillation", "left_bundle_branch_block", "ventricular_premature_complex"


@pytest.fixture(autouse=True)
def nudged(monkeypatch):
    """The tasks that a page nudged; what they do is tested with the services."""
    asked: list[object] = []
    monkeypatch.setattr(tasks, "nudge", asked.append)
    return asked


@pytest.fixture
def clara_reads(clara):
    """Clara, who reads here as a third."""
    roles.give(clara, [Role.READER])
    return clara


@pytest.fixture
def batch(make_batch, make_exam, submit, close, ana, bruno, clara_reads, now):
    """A closed batch of six exams read by three, with its agreement and that of its study."""
    readers = [ana, bruno, clara_reads]
    given = [  # by exam, what each of the three says
        (AF, AF, AF),
        (AF, AF, ""),
        (AF, "", ""),
        ("", "", ""),
        (LBBB, LBBB, PVC),
        (AF, LBBB, AF),
    ]
    made = make_batch([make_exam() for _ in given], readers, name="Three readers")
    exams = list(made.assignments.order_by("exam").values_list("exam", flat=True).distinct())
    for exam, codes in zip(exams, given, strict=True):
        for reader, code in zip(readers, codes, strict=True):
            assignment = made.assignments.get(exam=exam, reader=reader)
            missing = {"not_assessable": [PVC]} if reader == ana and exam == exams[3] else {}
            submit(assignment, *([code] if code else ["normal_ecg"]), **missing)
    close(made)
    while agreement.work_next(now=now + timedelta(hours=1)):
        pass
    return made


@pytest.fixture
def report(batch):
    return AgreementReport.objects.get(batch=batch)


def addresses(batch):
    """Return where the agreement of a batch and of its study is."""
    return [f"/batches/{batch.pk}/agreement/", f"/studies/{batch.study.slug}/agreement/"]


PARTS = (
    "", "readers/", "exams/", "pair/?first=1&second=2", "file/", "file/?format=json",
    "file/?table=pairs&class=atrial_fibrillation", "file/?format=svg",
)  # fmt: skip


# -- Who sees it --------------------------------------------------------------------------------


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("person", ["ana", "eva"])
def test_who_has_no_permission_is_refused(request, signed_in, batch, person, part):
    client = signed_in(request.getfixturevalue(person))
    for address in addresses(batch):
        assert client.get(address + part).status_code == 403


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("person", ["davi", "rosa", "otto"])
def test_who_looks_at_results_sees_every_part(request, signed_in, batch, person, part):
    client = signed_in(request.getfixturevalue(person))
    for address in addresses(batch):
        assert client.get(address + part).status_code == 200


@pytest.mark.parametrize("part", PARTS)
def test_a_coordinator_who_reads_in_the_study_is_shown_no_number(
    signed_in, davi, batch, make_batch, make_exam, part
):
    roles.give(davi, [Role.COORDINATOR, Role.READER])
    make_batch([make_exam()], [davi])
    for address in addresses(batch):
        page = signed_in(davi).get(address + part)
        if "file" in part:
            assert page.status_code == 404
        else:
            assert "Hidden while you read in this study." in page.content.decode()
            assert "Atrial fibrillation" not in page.content.decode()


def test_a_study_with_an_open_batch_shows_those_of_its_batches_that_are_closed(
    signed_in, davi, batch, make_batch, make_exam, submit
):
    submit(make_batch([make_exam()]).assignments.first(), AF)
    page = signed_in(davi).get(addresses(batch)[1]).content.decode()
    assert "Not open yet" in page
    assert f'href="/batches/{batch.pk}/agreement/"' in page


def test_whoever_is_shown_a_part_is_noted(signed_in, rosa, batch):
    for part in PARTS:
        ResultsSeen.objects.filter(user=rosa).delete()
        signed_in(rosa).get(addresses(batch)[1] + part)
        assert ResultsSeen.objects.filter(user=rosa, batch=batch).exists(), part


@pytest.mark.parametrize("part", PARTS)
def test_researchers_are_told_no_name_of_a_reader(signed_in, rosa, batch, part):
    for address in addresses(batch):
        told = signed_in(rosa).get(address + part).content.decode()
        for name in ("Ana", "Bruno", "Clara"):
            assert name not in told


# -- Classes ------------------------------------------------------------------------------------


def lines(page):
    return {line.of.code: line for line in page.context["lines"]}


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
        assert (last.chosen.text, last.chosen.reason) == ("–", "No reader gave the class.")
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
    warning = "It is high for every rare class"
    for measure, is_warned in (("gwet_ac1", True), ("krippendorff_alpha", False)):
        page = signed_in(davi).get(f"{addresses(batch)[0]}?measure={measure}").content.decode()
        assert (warning in page) == is_warned


# -- Readers ------------------------------------------------------------------------------------


def test_a_field_is_the_kappa_of_the_two_readers(signed_in, davi, batch, report):
    rows = signed_in(davi).get(f"{addresses(batch)[0]}readers/?class={AF}").context["rows"]
    expected = {
        tuple(line["readers"]): line["cohen_kappa"]["estimate"]
        for line in domain.pair_lines(report.results, classes=[AF])
    }
    ids = report.results["readers"]
    found = {
        (ids[field.first], ids[field.second]): field.kappa.value
        for row in rows
        for field in row.fields
        if field
    }
    assert found == pytest.approx(expected)


def test_readers_are_named_to_coordinators_and_lettered_for_others(signed_in, davi, rosa, batch):
    for address in addresses(batch):
        named = signed_in(davi).get(f"{address}readers/").context["rows"]
        assert [row.name for row in named] == ["Ana", "Bruno", "Clara"]
        lettered = signed_in(rosa).get(f"{address}readers/").context["rows"]
        assert [row.name for row in lettered] == ["A", "B", "C"]


def test_sorted_by_mean_the_one_who_agrees_least_is_first(signed_in, davi, batch):
    rows = signed_in(davi).get(f"{addresses(batch)[0]}readers/?sort=mean").context["rows"]
    means = [row.mean.value for row in rows]
    assert means == sorted(means)
    for place, row in enumerate(rows):
        assert row.fields[place] is None


def test_a_pair_has_every_coefficient_with_its_interval(signed_in, davi, batch, report):
    page = signed_in(davi).get(f"{addresses(batch)[0]}pair/?first=1&second=2&class={AF}")
    (line,) = (
        one
        for one in domain.pair_lines(report.results, classes=[AF])
        if one["readers"] == report.results["readers"][:2]
    )
    shown = {str(one["told"].name): one["number"].value for one in page.context["measures"]}
    assert shown["Cohen's kappa"] == pytest.approx(line["cohen_kappa"]["estimate"])
    assert page.context["cells"]["n10"]["n"] == line["n10"]


def test_matrix_and_pair_lead_to_the_profiles_of_their_readers(signed_in, davi, batch):
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
def test_a_pair_that_the_report_does_not_have_is_not_found(signed_in, davi, batch, query):
    assert signed_in(davi).get(f"{addresses(batch)[0]}pair/?{query}").status_code == 404


def test_a_pair_that_nobody_named_is_the_first(signed_in, davi, batch):
    page = signed_in(davi).get(f"{addresses(batch)[0]}pair/")
    assert (page.context["first"], page.context["second"]) == ("Ana", "Bruno")


# -- Exams --------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_study", [False, True])
def test_behind_every_count_are_as_many_exams(batch, is_study):
    found = AgreementReport.objects.get(study=batch.study, batch=None if is_study else batch)
    for one in found.results["classes"]:
        n = {said: len(behind(found, one["class"], said, limit=100)) for said in Said}
        assert n[Said.ANY] == one["n_positive_any"]
        assert n[Said.ALL] == one["n_positive_all"]
        assert n[Said.SOME] == one["n_positive_any"] - one["n_positive_all"]
        assert n[Said.NONE] == one["n_exams"] - one["n_positive_any"]
        silent = behind(found, one["class"], Said.NOT_ASSESSABLE, limit=100)
        assert sum(len(exam.not_assessable) for exam in silent) == one["n_not_assessable"]


@pytest.mark.parametrize("is_study", [False, True])
def test_behind_every_field_of_a_pair_are_as_many_exams(batch, is_study):
    found = AgreementReport.objects.get(study=batch.study, batch=None if is_study else batch)
    codes = [one["class"] for one in found.results["classes"]]
    for row in found.results["pairs"]:
        first, second = (int(found.results["readers"][place]) for place in row["readers"])
        for cell in Cell:
            for column, code in enumerate(codes):
                exams = behind(found, code, Pair(first, second, cell), limit=100)
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
    monkeypatch.setattr("annotations.views.agreement_exams.EXAMS_PER_PAGE", 2)
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
    (one,) = behind(report, PVC, Said.SOME, limit=2)
    page = signed_in(davi).get(f"{addresses(batch)[0]}exams/{one.code}/?class={PVC}")
    said = {row["of"].code: row["states"] for row in page.context["said"]}
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
    (one,) = behind(report, PVC, Said.SOME, limit=2)
    roles.give(rosa, [Role.RESEARCHER, Role.READER])
    batches.create(
        study=make_study(name="Elsewhere"), name="Again", exams=[Exam.objects.get(pk=one.exam_id)],
        readers=[rosa], created_by=davi, now=now,
    )  # fmt: skip
    page = signed_in(rosa).get(f"{addresses(batch)[0]}exams/{one.code}/").content.decode()
    assert "Hidden while you read in this study." in page
    assert "Ventricular premature" not in page


# -- State --------------------------------------------------------------------------------------


def test_the_page_opens_from_the_stored_report(signed_in, davi, batch, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("computed anew")

    monkeypatch.setattr(domain, "report", refuse)
    monkeypatch.setattr(domain, "pair_lines", refuse)
    for address in addresses(batch):
        for part in ("", "readers/", "exams/", "file/?format=json"):
            assert signed_in(davi).get(address + part).status_code == 200


@pytest.mark.parametrize("part", ["", "readers/", "exams/?said=any", "pair/?first=1&second=2"])
def test_the_number_of_statements_does_not_grow(
    signed_in, davi, batch, make_batch, make_exam, submit, close, ana, bruno, now, part
):
    def n_statements(one):
        address = f"/batches/{one.pk}/agreement/{part}"
        client = signed_in(davi)
        client.get(address)
        with CaptureQueriesContext(connection) as asked:
            client.get(address)
        return len(asked)

    larger = make_batch([make_exam() for _ in range(12)], [ana, bruno])
    for assignment in larger.assignments.all():
        submit(assignment, AF, PVC)
    close(larger)
    while agreement.work_next(now=now + timedelta(hours=2)):
        pass
    assert n_statements(larger) == n_statements(batch)


def test_who_hands_out_work_can_have_it_computed(signed_in, davi, batch, nudged):
    for address in addresses(batch):
        assert signed_in(davi).post(f"{address}computing/").status_code == 302
    runs = AgreementRun.objects.unfinished()
    assert {(run.scope, run.requested_by) for run in runs} == {
        (Scope(batch.study_id, batch.pk), davi), (Scope(batch.study_id), davi),
    }  # fmt: skip
    assert nudged == [tasks.refresh_agreement] * 2
    assert "A new version is being computed." in signed_in(davi).get(address).content.decode()


def test_a_run_can_be_stopped(signed_in, davi, batch):
    address = addresses(batch)[0]
    client = signed_in(davi)
    client.post(f"{address}computing/")
    assert "Stop it" in client.get(address).content.decode()
    client.post(f"{address}cancelling/")
    run = AgreementRun.objects.of_scope(Scope(batch.study_id, batch.pk)).latest("pk")
    assert (run.cancelled_by, run.is_finished) == (davi, True)
    assert "Nothing is being computed." in client.post(
        f"{address}cancelling/", follow=True
    ).content.decode()  # fmt: skip


def test_what_was_stopped_before_the_first_version_can_be_computed_from_the_empty_page(
    signed_in, davi, make_batch, submit, close
):
    made = make_batch()
    for assignment in made.assignments.all():
        submit(assignment, AF)
    close(made)
    address = f"/batches/{made.pk}/agreement/"
    client = signed_in(davi)
    assert "Being computed" in client.get(address).content.decode()
    client.post(f"{address}computing/")
    client.post(f"{address}cancelling/")
    page = client.get(address).content.decode()
    assert ("Nothing to compare yet" in page, f'action="{address}computing/"' in page) == (
        True, True,
    )  # fmt: skip


def test_what_is_not_open_is_not_computed_either(signed_in, davi, make_batch):
    page = signed_in(davi).post(f"/batches/{make_batch().pk}/agreement/computing/", follow=True)
    assert "This agreement is not open to you yet." in page.content.decode()
    assert not AgreementRun.objects.exists()


def test_who_reads_in_the_study_has_nothing_computed(
    signed_in, davi, batch, make_batch, make_exam, nudged
):
    roles.give(davi, [Role.COORDINATOR, Role.READER])
    make_batch([make_exam()], [davi])
    for address in addresses(batch):
        signed_in(davi).post(f"{address}computing/")
    assert (AgreementRun.objects.filter(requested_by=davi).exists(), nudged) == (False, [])


@pytest.fixture
def second_version(batch, report, now):
    """A later version of the same, which was computed in another way."""
    return AgreementReport.objects.create(
        study=batch.study, batch=batch, number=report.number + 1, taxonomy=report.taxonomy,
        protocol_version=1, method_version="4", inputs_digest="f" * 64, computed_at=now,
        checked_at=now, n_readings=report.n_readings, results=report.results,
    )  # fmt: skip


def test_older_versions_are_kept_within_reach(signed_in, davi, batch, second_version):
    address = addresses(batch)[0]
    client = signed_in(davi)
    assert client.get(address).context["report"] == second_version
    older = client.get(f"{address}?version=1")
    assert older.context["report"].number == 1
    assert "This is version 1, kept as it was." in older.content.decode()


def test_a_page_says_how_it_was_computed(signed_in, davi, batch, report):
    page = signed_in(davi).get(addresses(batch)[0]).content.decode()
    method = report.results["method"]
    assert report.inputs_digest in page
    assert f"from {method['n_replicates']} replicates with seed {method['seed']}" in page


# -- Files --------------------------------------------------------------------------------------


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


def test_a_finished_run_cannot_be_stopped(signed_in, davi, batch, monkeypatch):
    def finished(**_):
        raise agreement_runs.RunFinished

    address = addresses(batch)[0]
    client = signed_in(davi)
    client.post(f"{address}computing/")
    monkeypatch.setattr(agreement_runs, "cancel", finished)
    assert "Nothing is being computed." in client.post(
        f"{address}cancelling/", follow=True
    ).content.decode()  # fmt: skip


# -- Agreement at once, single readings when the batch is closed --------------------------------


@pytest.fixture
def live(make_batch, make_exam, submit, ana, bruno, now):
    """An open batch whose agreement is shown at once, and that of its study."""
    made = make_batch([make_exam()], [ana, bruno], name="Live")
    Batch.objects.filter(pk=made.pk).update(results_open=ResultsOpen.LIVE)
    for assignment in made.assignments.all():
        submit(assignment, AF if assignment.reader_id == ana.pk else LBBB)
    while agreement.work_next(now=now + timedelta(hours=1)):
        pass
    made.refresh_from_db()
    return made


def test_the_agreement_of_an_open_batch_may_be_shown_at_once(signed_in, davi, live):
    for address in addresses(live):
        assert signed_in(davi).get(address).context["lines"]


@pytest.mark.parametrize("query", ["?said=some", "?first=1&second=2&cell=n10"])
def test_who_said_what_of_an_exam_waits_until_its_batch_is_closed(signed_in, davi, live, query):
    code = live.assignments.first().exam.code
    for address in addresses(live):
        page = signed_in(davi).get(f"{address}exams/{query}&class={AF}")
        assert page.status_code == 200
        assert page.context["rows"] == []
        assert code not in page.content.decode()


def test_an_exam_of_an_open_batch_is_not_found_behind_its_agreement(signed_in, davi, live):
    code = live.assignments.first().exam.code
    for address in addresses(live):
        assert signed_in(davi).get(f"{address}exams/{code}/").status_code == 404

"""A reader's private page: nothing before the lock, and never anything of another person."""

from __future__ import annotations

import csv
import io
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import Answer, AuditEvent, ResultsSeen, Role, Study, User
from annotations.services import audit
from annotations.services.adjudication import decisions
from annotations.services.adjudication.decisions import AnswerIn, Given
from annotations.services.agreement import refresh
from annotations.services.consensus import adjudications, labels
from annotations.services.own_results import results
from annotations.services.own_results.names import REMOVED, without_names
from annotations.services.own_results.results import READABILITY
from annotations.services.people import roles
from annotations.services.studies import lifecycle
from tests.app import builders
from tests.app.adjudicating import decide
from tests.app.adjudication.conftest import AF, AVB, LVH
from tests.app.kept import kept

pytestmark = pytest.mark.django_db

PAGES = ("own-results", "own-results-file", "api-own-results")


@kept
def eva(make_user):
    """The third reader."""
    return make_user("Evangelina", Role.READER)


@pytest.fixture
def read_batch(make_batch, make_exam, submit, close, ana, bruno, eva):
    """A closed batch of four exams, the readings of Ana, Bruno and Eva by exam."""
    votes = [
        ({AF}, set(), set()),
        ({AVB}, {AVB, LVH}, {AVB}),
        ({LVH}, {LVH}, {LVH}),
        (set(), {AF}, {AF}),
    ]
    exams = [make_exam() for _ in votes]
    batch = make_batch(exams, [ana, bruno, eva])
    for exam, codes in zip(exams, votes, strict=True):
        for reader, of_reader in zip((ana, bruno, eva), codes, strict=True):
            submit(batch.assignments.get(exam=exam, reader=reader), *of_reader)
    return close(batch)


@pytest.fixture
def adjudicated(read_batch, clara, davi, close, now):
    """Clara confirmed the first vote of Ana, found the last not decidable, and overruled one."""
    sent = adjudications.send_disputed(
        batch_id=read_batch.pk, readers=[clara], created_by=davi, now=now
    )
    first, second, _, last = read_batch.assignments.order_by("exam").distinct("exam")
    by_exam = {row.exam_id: row for row in sent.assignments.select_related("batch", "reader")}
    decide(by_exam[first.exam_id], AF, now=now)
    why = {AVB: "Evangelina and ANA measured the wrong lead."}
    decide(by_exam[second.exam_id], now=now, overruling=why)
    decide(by_exam[last.exam_id], undecidable=[AF], now=now)
    return close(sent)


@pytest.fixture
def locked(study, adjudicated, davi, now):
    return lock(study, davi, now)


def lock(study, davi, now):
    lifecycle.lock(study_id=study.pk, actor=davi, now=now)
    labels.compute(study=study, now=now)
    study.refresh_from_db()
    return study


def found(study, user):
    """Return (class, vote, others, state, confirmed) of each lone vote."""
    return [
        (item.code, item.vote.is_for, item.vote.n_others, item.state, item.is_confirmed)
        for exam in sorted(results.lone_exams(study, user), key=lambda e: e.assignment.exam_id)
        for item in exam.classes
    ]


def test_a_reader_sees_where_they_stood_alone_and_what_was_decided(locked, ana, bruno, eva):
    assert found(locked, ana) == [
        (AF, True, 2, "present", True),
        (AF, False, 2, "not_assessed", None),
    ]
    assert found(locked, bruno) == [(LVH, True, 2, "absent", False)]
    assert found(locked, eva) == []


def test_calling_an_exam_unreadable_can_be_a_lone_vote(
    study, make_batch, submit, close, ana, bruno, eva, davi, now
):
    batch = make_batch(readers=[ana, bruno, eva])
    for row in batch.assignments.all():
        more = {"quality": "unreadable"} if row.reader_id == ana.pk else {}
        submit(row, **more)
    close(batch)
    lock(study, davi, now)
    assert found(study, ana) == [(READABILITY, False, 2, "present", False)]


def test_reasons_of_adjudicators_are_shown_without_names(
    study, make_batch, submit, close, ana, bruno, clara, davi, now
):
    batch = make_batch(readers=[ana, bruno])
    submit(batch.assignments.get(reader=ana), AVB, LVH)
    submit(batch.assignments.get(reader=bruno), LVH)
    close(batch)
    sent = adjudications.send_disputed(batch_id=batch.pk, readers=[clara], created_by=davi, now=now)
    answer = AnswerIn(AVB, Answer.PRESENT, "PR 240 ms; BRUNO measured V1.")
    given = Given("masked", uuid.uuid4(), [answer], comment="Ana, Bruno: use caliper")
    decisions.submit(
        assignment_id=sent.assignments.get().pk, adjudicator=clara, given=given, now=now
    )
    close(sent)
    lock(study, davi, now)
    (exam,) = results.lone_exams(study, ana)
    assert [item.reasons for item in exam.classes] == [(f"PR 240 ms; {REMOVED} measured V1.",)]
    assert exam.comments == (f"Ana, {REMOVED}: use caliper",)


def test_spreadsheets_execute_nothing_that_adjudicators_wrote(
    study, make_batch, submit, close, ana, bruno, clara, davi, now, signed_in
):
    batch = make_batch(readers=[ana, bruno])
    submit(batch.assignments.get(reader=ana), AVB)
    submit(batch.assignments.get(reader=bruno))
    close(batch)
    sent = adjudications.send_disputed(batch_id=batch.pk, readers=[clara], created_by=davi, now=now)
    decide(sent.assignments.select_related("batch", "reader").get(), now=now, comment="=1+2")
    close(sent)
    lock(study, davi, now)
    page = signed_in(ana).get(reverse("own-results-file", args=[study.slug]))
    assert page.content.decode().splitlines()[1].endswith(",'=1+2")


def test_the_link_goes_to_the_first_reading_of_the_exam(
    study, make_batch, make_exam, submit, close, ana, bruno, davi, now
):
    exams = [make_exam() for _ in range(5)]
    first, second = (make_batch(exams, [ana, bruno]) for _ in range(2))
    for batch in (first, second):
        for row in batch.assignments.all():
            submit(row, *([AF] if row.reader_id == ana.pk else []))
        close(batch)
    lock(study, davi, now)
    lone = results.lone_exams(study, ana)
    assert {exam.assignment.batch_id for exam in lone} == {first.pk}
    assert len(lone) == len(exams)


def test_parts_of_names_are_removed_whatever_their_case_and_accents():
    names = ["José da Silva Sá", "ana.lima", "Clara"]
    text = "CLARA: jose and Sa mediram da V1; ana_lima? Analysis by Silva."
    assert without_names(text, names) == (
        f"{REMOVED}: {REMOVED} and {REMOVED} mediram da V1; "
        f"{REMOVED}_{REMOVED}? Analysis by {REMOVED}."
    )


@pytest.mark.parametrize("page", PAGES)
def test_nothing_before_the_lock(adjudicated, study, ana, signed_in, page):
    assert signed_in(ana).get(reverse(page, args=[study.slug])).status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_nothing_before_the_lock_for_a_reader_who_broke_the_glass(
    adjudicated, study, ana, signed_in, page, now
):
    """They see the results of the study elsewhere. Their own are final only after the lock."""
    roles.give(ana, [Role.READER, Role.COORDINATOR])
    lifecycle.break_glass(study=study, user=ana, reason="A patient was harmed.", now=now)
    assert signed_in(ana).get(reverse(page, args=[study.slug])).status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_nothing_for_people_who_did_not_read(locked, signed_in, davi, clara, make_user, page):
    for user in (davi, clara, make_user("Fabio", Role.READER)):
        assert signed_in(user).get(reverse(page, args=[locked.slug])).status_code == 404


def test_nothing_for_readers_who_read_no_exam(
    adjudicated, study, make_batch, make_exam, make_user, close, davi, now, signed_in
):
    fabio = make_user("Fabio", Role.READER)
    close(make_batch([make_exam()], [fabio]))
    lock(study, davi, now)
    address = reverse("own-results", args=[study.slug])
    assert signed_in(fabio).get(address).status_code == 404


def test_nothing_while_they_read_one_of_the_exams_in_another_study(
    locked, read_batch, ana, bruno, davi, make_study, now, signed_in
):
    other = make_study(name="Another study")
    exam = read_batch.assignments.first().exam
    builders.batch(other, "Again", [exam], [ana, bruno], by=davi, now=now)
    assert results.studies_with_results(ana) == set()
    assert signed_in(ana).get(reverse("own-results", args=[locked.slug])).status_code == 404


def test_no_byte_names_another_person(locked, ana, bruno, eva, clara, davi, signed_in, now):
    refresh.refresh_study(study=locked, now=now)
    client = signed_in(ana)
    for page in PAGES:
        body = client.get(reverse(page, args=[locked.slug])).content.decode()
        for other in (bruno, eva, clara, davi):
            assert other.username not in body
            assert str(other) not in body
        for code in locked.consensus.values_list("exam__code", flat=True):
            assert code not in body


def test_the_file_has_a_row_for_each_lone_vote(locked, ana, signed_in):
    page = signed_in(ana).get(reverse("own-results-file", args=[locked.slug]))
    rows = list(csv.DictReader(io.StringIO(page.content.decode())))
    assert {(row["class"], row["own_vote"], row["n_others"], row["state"]) for row in rows} == {
        (AF, "present", "2", "present"),
        (AF, "absent", "2", "not_assessed"),
    }


def test_the_page_has_the_readers_figures(locked, ana, signed_in, now):
    refresh.refresh_study(study=locked, now=now)
    context = signed_in(ana).get(reverse("own-results", args=[locked.slug])).context
    assert context["figures"].n_read == 4
    assert context["profile"].against == "others"
    assert context["profile"].others == ()
    by_class = {line.abbreviation: line.performance for line in context["met"]}
    (af,) = [line for name, line in by_class.items() if "AF" in name.upper()]
    assert (af.n_true_positive, af.n_false_positive, af.n_false_negative) == (0, 1, 1)


def test_opening_the_page_ends_blinding_to_these_exams(locked, read_batch, ana, signed_in):
    for _ in range(2):
        signed_in(ana).get(reverse("own-results", args=[locked.slug]))
    assert [seen.batch for seen in ResultsSeen.objects.filter(user=ana)] == [read_batch]
    events = AuditEvent.objects.filter(action=audit.Action.RESULTS_SEEN, actor=ana)
    assert events.count() == 1


def test_the_worklist_links_to_the_page_after_the_lock(
    adjudicated, study, ana, signed_in, davi, now
):
    address = reverse("own-results", args=[study.slug])
    assert address not in signed_in(ana).get("/worklist/").content.decode()
    lock(study, davi, now)
    assert address in signed_in(ana).get("/worklist/").content.decode()


def test_the_number_of_statements_does_not_depend_on_the_number_of_exams(
    study, make_batch, make_exam, submit, close, ana, bruno, davi, now
):
    def read(n_exams):
        batch = make_batch([make_exam() for _ in range(n_exams)], [ana, bruno])
        for row in batch.assignments.all():
            submit(row, *([AF] if row.reader_id == ana.pk else []))
        close(batch)

    read(2)
    labels.compute(study=study, now=now)
    few = n_statements(study, ana)
    read(20)
    labels.compute(study=study, now=now)
    assert n_statements(study, ana) == few


def n_statements(study: Study, user: User) -> int:
    with CaptureQueriesContext(connection) as queries:
        results.figures(study, user)
        results.lone_exams(study, user)
    return len(queries)

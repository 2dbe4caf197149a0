"""The roster of a study: joining, pausing and withdrawing readers."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from annotations.models import Assignment, AuditEvent, Draft, Reading, Role, StudyReader, User
from annotations.services.assignment import guards
from annotations.services.blinding import reader_names
from annotations.services.consensus import labels
from annotations.services.export import tables
from annotations.services.people import roles
from annotations.services.reading import drafts
from annotations.services.studies import roster
from tests.app import signing
from tests.app.kept import kept

EMPTY = {"findings": [], "not_assessable": [], "problems": [], "quality": "good", "comment": ""}


@pytest.fixture
def as_ana(ana):
    client = APIClient()
    client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    return client


@kept
def queue(make_batch, make_exam, ana, bruno):
    """Ana's three assignments in reading order. Bruno reads the same exams."""
    batch = make_batch([make_exam() for _ in range(3)], [ana, bruno])
    return list(batch.assignments.filter(reader=ana).in_reading_order())


@pytest.fixture
def pause(study, davi, now):
    return lambda user: roster.pause(
        study=study, user=user, reason="Holidays.", actor=davi, now=now
    )


@pytest.fixture
def withdraw(study, davi, now):
    return lambda user: roster.withdraw(
        study=study, user=user, reason="Left the house.", actor=davi, now=now
    )


def send(client, assignment, based_on=0):
    body = {"based_on": based_on, **EMPTY}
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    return client.post(f"/api/assignments/{assignment.pk}/reading/", body, headers=headers)


def save_draft(client, assignment):
    body = {"based_on": 0, "content": EMPTY}
    return client.put(f"/api/assignments/{assignment.pk}/draft/", body)


def type_of(answer):
    return answer.json()["type"].removeprefix("/api/docs/#")


# -- Joining ------------------------------------------------------------------------------------


def test_assigning_exams_adds_readers_to_the_roster(queue, study, ana, bruno):
    listed = StudyReader.objects.filter(study=study).values_list("user", flat=True)
    assert set(listed) == {ana.pk, bruno.pk}


def test_joining_twice_has_no_effect(study, ana, davi, now):
    for _ in range(2):
        roster.join(study=study, readers=[ana], actor=davi, now=now)
    assert StudyReader.objects.count() == 1
    assert AuditEvent.objects.filter(action="reader.added").count() == 1


def test_somebody_without_the_reader_role_cannot_join(study, davi, now):
    with pytest.raises(roster.NotAReader, match="Davi"):
        roster.join(study=study, readers=[davi], actor=davi, now=now)


def test_a_reader_below_the_minimum_level_cannot_join(make_study, ana, davi, now):
    study = make_study(name="Seniors", minimum_reader_level=2)
    User.objects.filter(pk=ana.pk).update(level=1)
    with pytest.raises(roster.LevelTooLow, match="Ana"):
        roster.join(study=study, readers=[User.objects.get(pk=ana.pk)], actor=davi, now=now)


def test_a_reader_can_have_a_maximum_number_of_exams(queue, study, ana, davi, now):
    line = roster.set_cap(study=study, user=ana, max_exams=100, actor=davi, now=now)
    assert line.max_exams == 100
    assert AuditEvent.objects.get(action="reader.capped").after == '{"max_exams":100}'


# -- Pausing ------------------------------------------------------------------------------------


def test_a_paused_reader_can_submit_the_open_exam(queue, as_ana, ana, pause):
    pause(ana)
    assert save_draft(as_ana, queue[0]).status_code == 200
    assert send(as_ana, queue[0], based_on=1).status_code == 201


def test_a_paused_reader_gets_no_next_exam(queue, as_ana, ana, pause):
    pause(ana)
    assert send(as_ana, queue[0]).json()["next"] is None


def test_a_paused_reader_cannot_load_an_exam(queue, as_ana, ana, pause):
    pause(ana)
    refusal = as_ana.get(f"/api/assignments/{queue[1].pk}/")
    assert (refusal.status_code, type_of(refusal)) == (409, "not-served")


def test_the_desk_tells_a_paused_reader_that_the_exam_is_unavailable(queue, as_ana, ana, pause):
    pause(ana)
    page = as_ana.get(reverse("desk", args=[queue[1].pk]))
    assert page.status_code == 403
    assert "This exam is not available now" in page.content.decode()


def test_a_paused_reader_can_view_submitted_exams(queue, as_ana, ana, pause):
    send(as_ana, queue[0])
    pause(ana)
    assert as_ana.get(f"/api/assignments/{queue[0].pk}/").status_code == 200
    assert as_ana.get(reverse("desk", args=[queue[0].pk])).status_code == 200


def test_the_worklist_says_that_reading_is_paused(queue, as_ana, ana, pause):
    pause(ana)
    page = as_ana.get("/worklist/").content.decode()
    assert "Your reading in Morning list is paused." in page
    assert "Start reading" not in page
    assert "You have read all your exams. Thank you." not in page


def test_other_readers_continue(queue, bruno, ana, pause):
    pause(ana)
    client = APIClient()
    client.force_login(bruno, backend="django.contrib.auth.backends.ModelBackend")
    brunos_assignment = Assignment.objects.filter(reader=bruno).in_reading_order()[0]
    assert client.get(f"/api/assignments/{brunos_assignment.pk}/").status_code == 200


def test_a_resumed_reader_can_load_exams_again(queue, study, as_ana, ana, davi, pause, now):
    pause(ana)
    roster.resume(study=study, user=ana, actor=davi, now=now)
    assert as_ana.get(f"/api/assignments/{queue[0].pk}/").json()["next"] == queue[1].pk


def test_pausing_twice_is_refused(queue, ana, pause):
    pause(ana)
    with pytest.raises(roster.StatusUnchanged):
        pause(ana)


def test_resuming_an_active_reader_is_refused(queue, study, ana, davi, now):
    with pytest.raises(roster.StatusUnchanged):
        roster.resume(study=study, user=ana, actor=davi, now=now)


def test_pausing_somebody_who_is_not_on_the_roster_is_refused(study, eva, pause):
    with pytest.raises(StudyReader.DoesNotExist):
        pause(eva)


def test_a_pause_is_in_the_audit_trail(queue, ana, davi, pause):
    pause(ana)
    event = AuditEvent.objects.get(action="reader.paused")
    assert (event.actor, event.reason) == (davi, "Holidays.")
    assert (event.before, event.after) == ('{"status":"active"}', '{"status":"paused"}')


# -- Withdrawing --------------------------------------------------------------------------------


def test_a_submission_of_a_withdrawn_reader_is_refused(queue, as_ana, ana, withdraw):
    withdraw(ana)
    refusal = send(as_ana, queue[0])
    assert (refusal.status_code, type_of(refusal)) == (409, "withdrawn")
    assert not Reading.objects.exists()


def test_a_draft_of_a_withdrawn_reader_is_refused(queue, as_ana, ana, withdraw):
    withdraw(ana)
    assert type_of(save_draft(as_ana, queue[0])) == "withdrawn"


def test_drafts_of_a_withdrawn_reader_are_kept(queue, as_ana, ana, withdraw):
    save_draft(as_ana, queue[0])
    withdraw(ana)
    assert Draft.objects.get().content == EMPTY


def test_readings_of_a_withdrawn_reader_are_kept(queue, as_ana, ana, withdraw):
    send(as_ana, queue[0])
    withdraw(ana)
    assert Reading.objects.get().reader == ana
    assert Assignment.objects.get(pk=queue[0].pk).state == "read"


def test_readings_of_a_withdrawn_reader_still_count(
    queue, ana, withdraw, submit, close, study, now
):
    for assignment in Assignment.objects.filter(exam=queue[0].exam):
        submit(assignment, "artifact")
    withdraw(ana)
    close(queue[0].batch)
    labels.compute(study=study, now=now)
    assert study.consensus.get(exam=queue[0].exam).outcome == "agreement"


def test_readings_of_a_withdrawn_reader_are_marked_in_the_export(
    queue, ana, withdraw, submit, close, study
):
    for assignment in Assignment.objects.filter(exam=queue[0].exam):
        submit(assignment)
    withdraw(ana)
    close(queue[0].batch)
    heading, *rows = tables.readings_long(study)
    column = {name: place for place, name in enumerate(heading)}
    statuses = {(row[column["reader"]], row[column["reader_status"]]) for row in rows}
    assert (reader_names.pseudonym(study, ana.pk), "withdrawn") in statuses
    assert {status for _, status in statuses} == {"withdrawn", "active"}


def test_withdrawn_assignments_are_on_no_worklist(queue, as_ana, ana, withdraw):
    withdraw(ana)
    assert as_ana.get("/api/assignments/").json()["results"] == []
    assert as_ana.get(f"/api/assignments/{queue[0].pk}/").status_code == 404
    assert as_ana.get(reverse("desk", args=[queue[0].pk])).status_code == 404


def test_the_seat_of_a_withdrawn_reader_counts_submitted_exams(queue, as_ana, ana, withdraw):
    send(as_ana, queue[0])
    withdraw(ana)
    seat = queue[0].batch.seats.get(reader=ana)
    assert (seat.n_assigned, seat.n_read) == (1, 1)


def test_a_withdrawn_reader_cannot_join_again(queue, study, ana, davi, withdraw, now):
    withdraw(ana)
    with pytest.raises(roster.HasLeft, match="Ana"):
        roster.join(study=study, readers=[ana], actor=davi, now=now)


def test_a_withdrawn_reader_cannot_be_assigned_exams(queue, make_batch, make_exam, ana, withdraw):
    withdraw(ana)
    with pytest.raises(roster.HasLeft):
        make_batch([make_exam()], [ana])


@pytest.mark.parametrize("action", ["pause", "withdraw"])
def test_a_withdrawn_reader_cannot_be_paused_or_withdrawn(queue, ana, withdraw, action, request):
    withdraw(ana)
    with pytest.raises(roster.StatusUnchanged):
        request.getfixturevalue(action)(ana)


def test_results_stay_hidden_from_a_withdrawn_reader(queue, ana, withdraw, submit, close):
    """Otherwise coordinators who read could withdraw to see results."""
    submit(Assignment.objects.filter(reader__username="bruno")[0], "artifact")
    roles.give(ana, [Role.READER, Role.COORDINATOR])
    withdraw(ana)
    close(queue[0].batch)
    assert not Reading.objects.visible_to(User.objects.get(pk=ana.pk)).exists()


def test_a_repeated_submission_of_a_withdrawn_reader_is_accepted(queue, ana, withdraw, now):
    values = {
        "assignment_id": queue[0].pk, "reader": ana, "based_on": 0, "findings": [],
        "quality": "good", "comment": "", "idempotency_key": uuid.uuid4(), "active_ms": 0,
        "display": {}, "now": now,
    }  # fmt: skip
    signing.submit_reading(**values)
    withdraw(ana)
    assert signing.submit_reading(**values).is_repeat


def test_taking_assignments_back_skips_submitted_ones(queue, as_ana):
    send(as_ana, queue[0])
    withdrawn = roster.take_back(
        Assignment.objects.filter(pk__in=[assignment.pk for assignment in queue])
    )
    assert set(withdrawn) == {queue[1].pk, queue[2].pk}


def test_the_draft_service_refuses_a_withdrawn_reader(queue, ana, withdraw, now):
    withdraw(ana)
    with pytest.raises(guards.Withdrawn):
        drafts.save(assignment_id=queue[0].pk, reader=ana, based_on=0, content=EMPTY, now=now)

"""Readers of a study: joining it, pausing, leaving; what they have read always stays."""

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

EMPTY = {"findings": [], "not_assessable": [], "problems": [], "quality": "good", "comment": ""}


@pytest.fixture
def as_ana(ana):
    client = APIClient()
    client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def queue(make_batch, make_exam, ana, bruno):
    """Ana's three assignments, in her order; Bruno reads the same exams."""
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


def keep(client, assignment):
    body = {"based_on": 0, "content": EMPTY}
    return client.put(f"/api/assignments/{assignment.pk}/draft/", body)


def type_of(answer):
    return answer.json()["type"].removeprefix("/api/docs/#")


# -- Joining ------------------------------------------------------------------------------------


def test_who_is_given_exams_is_on_the_list(queue, study, ana, bruno):
    listed = StudyReader.objects.filter(study=study).values_list("user", flat=True)
    assert set(listed) == {ana.pk, bruno.pk}


def test_joining_twice_is_joining_once(study, ana, davi, now):
    for _ in range(2):
        roster.join(study=study, readers=[ana], actor=davi, now=now)
    assert StudyReader.objects.count() == 1
    assert AuditEvent.objects.filter(action="reader.added").count() == 1


def test_a_coordinator_is_no_reader(study, davi, now):
    with pytest.raises(roster.NotAReader, match="Davi"):
        roster.join(study=study, readers=[davi], actor=davi, now=now)


def test_a_trainee_does_not_join_where_cardiologists_are_asked_for(make_study, ana, davi, now):
    study = make_study(name="Seniors", minimum_reader_level=2)
    User.objects.filter(pk=ana.pk).update(level=1)
    with pytest.raises(roster.LevelTooLow, match="Ana"):
        roster.join(study=study, readers=[User.objects.get(pk=ana.pk)], actor=davi, now=now)


def test_a_share_can_be_bounded(queue, study, ana, davi, now):
    line = roster.set_cap(study=study, user=ana, max_exams=100, actor=davi, now=now)
    assert line.max_exams == 100
    assert AuditEvent.objects.get(action="reader.capped").after == '{"max_exams":100}'


# -- Pausing ------------------------------------------------------------------------------------


def test_what_is_on_the_screen_of_a_paused_reader_is_still_accepted(queue, as_ana, ana, pause):
    pause(ana)
    assert keep(as_ana, queue[0]).status_code == 200
    assert send(as_ana, queue[0], based_on=1).status_code == 201


def test_nothing_comes_next_for_a_paused_reader(queue, as_ana, ana, pause):
    pause(ana)
    assert send(as_ana, queue[0]).json()["next"] is None


def test_a_paused_reader_is_served_no_exam(queue, as_ana, ana, pause):
    pause(ana)
    refusal = as_ana.get(f"/api/assignments/{queue[1].pk}/")
    assert (refusal.status_code, type_of(refusal)) == (409, "not-served")


def test_the_desk_of_a_paused_reader_says_that_it_is_withheld(queue, as_ana, ana, pause):
    pause(ana)
    page = as_ana.get(reverse("desk", args=[queue[1].pk]))
    assert page.status_code == 403
    assert "This exam is not available now" in page.content.decode()


def test_a_paused_reader_may_look_at_what_they_read(queue, as_ana, ana, pause):
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


def test_the_others_read_on_meanwhile(queue, bruno, ana, pause):
    pause(ana)
    client = APIClient()
    client.force_login(bruno, backend="django.contrib.auth.backends.ModelBackend")
    his = Assignment.objects.filter(reader=bruno).in_reading_order()[0]
    assert client.get(f"/api/assignments/{his.pk}/").status_code == 200


def test_a_resumed_reader_is_served_again(queue, study, as_ana, ana, davi, pause, now):
    pause(ana)
    roster.resume(study=study, user=ana, actor=davi, now=now)
    assert as_ana.get(f"/api/assignments/{queue[0].pk}/").json()["next"] == queue[1].pk


def test_pausing_twice_is_refused(queue, ana, pause):
    pause(ana)
    with pytest.raises(roster.StatusUnchanged):
        pause(ana)


def test_who_is_not_paused_is_not_resumed(queue, study, ana, davi, now):
    with pytest.raises(roster.StatusUnchanged):
        roster.resume(study=study, user=ana, actor=davi, now=now)


def test_who_is_not_on_the_list_is_not_paused(study, eva, pause):
    with pytest.raises(StudyReader.DoesNotExist):
        pause(eva)


def test_a_pause_is_in_the_trail(queue, ana, davi, pause):
    pause(ana)
    event = AuditEvent.objects.get(action="reader.paused")
    assert (event.actor, event.reason) == (davi, "Holidays.")
    assert (event.before, event.after) == ('{"status":"active"}', '{"status":"paused"}')


# -- Leaving ------------------------------------------------------------------------------------


def test_who_is_withdrawn_in_the_middle_of_an_exam_is_told_so(queue, as_ana, ana, withdraw):
    withdraw(ana)
    refusal = send(as_ana, queue[0])
    assert (refusal.status_code, type_of(refusal)) == (409, "withdrawn")
    assert not Reading.objects.exists()


def test_no_draft_is_taken_from_who_has_left(queue, as_ana, ana, withdraw):
    withdraw(ana)
    assert type_of(keep(as_ana, queue[0])) == "withdrawn"


def test_drafts_are_kept_when_their_reader_leaves(queue, as_ana, ana, withdraw):
    keep(as_ana, queue[0])
    withdraw(ana)
    assert Draft.objects.get().content == EMPTY


def test_readings_are_kept_when_their_reader_leaves(queue, as_ana, ana, withdraw):
    send(as_ana, queue[0])
    withdraw(ana)
    assert Reading.objects.get().reader == ana
    assert Assignment.objects.get(pk=queue[0].pk).state == "read"


def test_readings_of_who_has_left_still_count(queue, ana, withdraw, submit, close, study, now):
    for assignment in Assignment.objects.filter(exam=queue[0].exam):
        submit(assignment, "artifact")
    withdraw(ana)
    close(queue[0].batch)
    labels.compute(study=study, now=now)
    assert study.consensus.get(exam=queue[0].exam).outcome == "agreement"


def test_readings_of_who_has_left_are_marked_in_the_export(
    queue, ana, withdraw, submit, close, study
):
    for assignment in Assignment.objects.filter(exam=queue[0].exam):
        submit(assignment)
    withdraw(ana)
    close(queue[0].batch)
    heading, *rows = tables.readings_long(study)
    column = {name: place for place, name in enumerate(heading)}
    found = {(row[column["reader"]], row[column["reader_status"]]) for row in rows}
    assert (reader_names.pseudonym(study, ana.pk), "withdrawn") in found
    assert {status for _, status in found} == {"withdrawn", "active"}


def test_what_was_taken_back_is_on_no_worklist(queue, as_ana, ana, withdraw):
    withdraw(ana)
    assert as_ana.get("/api/assignments/").json()["results"] == []
    assert as_ana.get(f"/api/assignments/{queue[0].pk}/").status_code == 404
    assert as_ana.get(reverse("desk", args=[queue[0].pk])).status_code == 404


def test_the_seat_of_who_has_left_counts_what_they_read(queue, as_ana, ana, withdraw):
    send(as_ana, queue[0])
    withdraw(ana)
    seat = queue[0].batch.seats.get(reader=ana)
    assert (seat.n_assigned, seat.n_read) == (1, 1)


def test_who_has_left_does_not_come_back(queue, study, ana, davi, withdraw, now):
    withdraw(ana)
    with pytest.raises(roster.HasLeft, match="Ana"):
        roster.join(study=study, readers=[ana], actor=davi, now=now)


def test_who_has_left_is_given_no_exam(queue, make_batch, make_exam, ana, withdraw):
    withdraw(ana)
    with pytest.raises(roster.HasLeft):
        make_batch([make_exam()], [ana])


@pytest.mark.parametrize("deed", ["pause", "withdraw"])
def test_who_has_left_is_left_alone(queue, ana, withdraw, deed, request):
    withdraw(ana)
    with pytest.raises(roster.StatusUnchanged):
        request.getfixturevalue(deed)(ana)


def test_results_stay_hidden_from_who_has_left(queue, ana, withdraw, submit, close):
    """Leaving must not be the way to look: only the locking opens, or broken glass."""
    submit(Assignment.objects.filter(reader__username="bruno")[0], "artifact")
    roles.give(ana, [Role.READER, Role.COORDINATOR])
    withdraw(ana)
    close(queue[0].batch)
    assert not Reading.objects.visible_to(User.objects.get(pk=ana.pk)).exists()


def test_a_submission_that_was_accepted_is_repeated_to_who_has_left(queue, ana, withdraw, now):
    said = {
        "assignment_id": queue[0].pk, "reader": ana, "based_on": 0, "findings": [],
        "quality": "good", "comment": "", "idempotency_key": uuid.uuid4(), "active_ms": 0,
        "display": {}, "now": now,
    }  # fmt: skip
    signing.submit_reading(**said)
    withdraw(ana)
    assert signing.submit_reading(**said).is_repeat


def test_taking_back_spares_what_is_read(queue, as_ana):
    send(as_ana, queue[0])
    taken = roster.take_back(Assignment.objects.filter(pk__in=[one.pk for one in queue]))
    assert set(taken) == {queue[1].pk, queue[2].pk}


def test_a_draft_service_refuses_who_has_left(queue, ana, withdraw, now):
    withdraw(ana)
    with pytest.raises(guards.Withdrawn):
        drafts.save(assignment_id=queue[0].pk, reader=ana, based_on=0, content=EMPTY, now=now)

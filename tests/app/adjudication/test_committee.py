"""A committee votes, discusses in a session, and votes again; both votes are kept."""

from __future__ import annotations

import pytest

from annotations.models import AssignmentState, CommitteeSession, Role
from annotations.services.adjudication import sessions, stages
from annotations.services.adjudication.decisions import WaitsForCommittee
from annotations.services.assignment.guards import BatchClosed
from tests.app.adjudicating import decide
from tests.app.adjudication.conftest import AVB

pytestmark = pytest.mark.django_db


@pytest.fixture
def members(send, clara, carlos):
    """The assignments of Clara and Carlos, who are a committee."""
    given = send(readers=[clara, carlos], is_committee=True)
    return given[clara], given[carlos]


@pytest.fixture
def meet(members, davi, now):
    def make(*attendees):
        return sessions.begin(
            batch_id=members[0].batch_id, attendees=attendees, actor=davi, now=now
        )

    return make


def test_the_second_vote_waits_for_a_session(members, now):
    clara, _ = members
    decide(clara, AVB, now=now)
    with pytest.raises(WaitsForCommittee):
        decide(clara, AVB, now=now, stage="discussed")


def test_it_waits_for_the_first_vote_of_everybody_present(members, meet, clara, carlos, now):
    decide(members[0], AVB, now=now)
    meet(clara, carlos)
    assert stages.progress(members[0]).is_waiting


def test_it_does_not_wait_for_an_absent_member(send, make_user, clara, carlos, davi, now):
    carina = make_user("Carina", Role.ADJUDICATOR)
    given = send(readers=[clara, carlos, carina], is_committee=True)
    for member in (clara, carlos):
        decide(given[member], AVB, now=now)
    sessions.begin(batch_id=given[clara].batch_id, attendees=[clara, carlos], actor=davi, now=now)
    assert stages.progress(given[clara]).due == "discussed"


def test_both_votes_are_kept_and_the_second_one_counts(
    members, meet, clara, carlos, close, recompute, now
):
    for member in members:
        decide(member, now=now)
    meet(clara, carlos)
    for member in members:
        decide(member, AVB, now=now)
        member.refresh_from_db()
        assert member.state == AssignmentState.READ
        assert member.adjudications.count() == 2
    close(members[0].batch)
    assert recompute().state(AVB) == "present"


def test_after_a_discussion_only_second_votes_count(
    members, meet, clara, carlos, close, recompute, now
):
    for member in members:
        decide(member, now=now)
    meet(clara, carlos)
    decide(members[0], AVB, now=now)
    close(members[0].batch)
    assert recompute().state(AVB) == "present"


def test_the_standing_counts_exams(members, meet, clara, carlos, now):
    batch = members[0].batch
    decide(members[0], now=now)
    assert (sessions.standing(batch).n_first, sessions.standing(batch).n_exams) == (0, 1)
    decide(members[1], now=now)
    meet(clara, carlos)
    decide(members[0], now=now)
    standing = sessions.standing(batch)
    assert (standing.n_first, standing.n_second) == (1, 1)
    assert standing.attendees == [clara, carlos]


class TestSession:
    def test_it_ends_and_can_be_repeated(self, members, meet, clara, carlos, davi, now):
        meet(clara, carlos)
        sessions.end(batch_id=members[0].batch_id, actor=davi, now=now)
        meet(clara, carlos)
        assert CommitteeSession.objects.filter(closed_at=None).count() == 1

    def test_two_do_not_run_at_once(self, meet, clara, carlos):
        meet(clara, carlos)
        with pytest.raises(sessions.SessionRunning):
            meet(clara, carlos)

    def test_one_person_is_not_a_committee(self, meet, clara):
        with pytest.raises(sessions.NotACommittee):
            meet(clara)

    def test_somebody_else_cannot_attend(self, meet, clara, ana):
        with pytest.raises(sessions.NotAMember):
            meet(clara, ana)

    def test_none_runs_in_a_closed_batch(self, members, meet, close, clara, carlos):
        close(members[0].batch)
        with pytest.raises(BatchClosed):
            meet(clara, carlos)

    def test_there_must_be_one_to_end(self, members, davi, now):
        with pytest.raises(sessions.NoSession):
            sessions.end(batch_id=members[0].batch_id, actor=davi, now=now)


def test_a_committee_has_two_members(send, clara):
    with pytest.raises(sessions.NotACommittee):
        send(readers=[clara], is_committee=True)


def test_the_coordinator_begins_and_ends_a_session(members, signed_in, davi, clara, carlos):
    batch = members[0].batch
    client = signed_in(davi)
    client.post(f"/batches/{batch.pk}/session/", {"attendees": [clara.pk, carlos.pk]})
    page = client.get(f"/batches/{batch.pk}/").content.decode()
    assert "A session is running." in page
    client.post(f"/batches/{batch.pk}/session/ending/")
    assert not CommitteeSession.objects.filter(closed_at=None).exists()

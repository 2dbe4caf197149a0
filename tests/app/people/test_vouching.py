"""Vouching: a coordinator who reads cannot see results through an account they invited."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client

from annotations import tasks
from annotations.models import (
    AuditEvent,
    Consensus,
    Exam,
    ReaderLevel,
    Reading,
    Role,
    Study,
    User,
)
from annotations.services.assignment import batches
from annotations.services.blinding import results_seen
from annotations.services.consensus import labels
from annotations.services.people import members, vouching
from annotations.services.studies import lifecycle, roster
from tests.app.kept import kept

pytestmark = pytest.mark.django_db

FORM = {"username": "pup", "email": "pup@mail.example", "first_name": "Pup", "level": "1"}
WITH_RESULTS = [Role.RESEARCHER, Role.AUDITOR, Role.ADJUDICATOR]


@kept
def gil(make_user):
    """A coordinator who also reads."""
    return make_user("Gil", Role.READER, Role.COORDINATOR)


@kept
def closed_batch(make_batch, submit, close, study, ana, bruno, now):
    """A closed batch whose results are visible."""
    batch = make_batch()
    submit(batch.assignments.get(reader=ana), "atrial_fibrillation")
    submit(batch.assignments.get(reader=bruno), "atrial_flutter")
    close(batch)
    labels.compute(study=study, now=now)
    return batch


@kept
def invited_by_gil(gil, now):
    """A researcher whom Gil invited before Gil was assigned any exam."""
    return invite(gil, Role.RESEARCHER, now)


@pytest.fixture
def as_gil(signed_in, gil):
    return signed_in(gil)


@pytest.fixture
def mail_server(settings):
    settings.HAS_MAIL_SERVER = True


@kept
def gil_reads(make_batch, gil):
    return make_batch(readers=[gil])


def invite(actor, role, now):
    invitation = members.invite(
        actor=actor, username="pup", email="", first_name="Pup", last_name="", role=role,
        level=ReaderLevel.TRAINEE, now=now,
    )  # fmt: skip
    return members.accept(key=invitation.key, password="sinus rhythm at dawn", now=now)


class TestInviting:
    @pytest.mark.parametrize("role", WITH_RESULTS)
    def test_a_reader_cannot_invite_people_who_see_results(self, gil_reads, gil, role, now):
        with pytest.raises(vouching.Blinded):
            invite(gil, role, now)
        assert not User.objects.filter(username="pup").exists()

    @pytest.mark.parametrize("role", WITH_RESULTS)
    def test_the_page_refuses_an_invitation_to_see_results(
        self, gil_reads, as_gil, mail_server, role
    ):
        page = as_gil.post("/people/new/", {**FORM, "role": role.value})
        assert page.status_code == 400
        assert "you can invite only readers" in page.content.decode()
        assert not User.objects.filter(username="pup").exists()

    def test_a_superuser_who_reads_is_refused_too(self, gil_reads, gil, now):
        User.objects.filter(pk=gil.pk).update(is_superuser=True)
        with pytest.raises(vouching.Blinded):
            invite(User.objects.get(pk=gil.pk), Role.AUDITOR, now)

    def test_after_the_lock_a_reader_can_invite_anybody(self, gil_reads, study, gil, davi, now):
        lifecycle.lock(study_id=study.pk, actor=davi, now=now)
        assert invite(gil, Role.RESEARCHER, now).vouched_by == gil

    def test_the_link_for_an_invited_reader_is_mailed_and_not_shown(
        self, gil_reads, as_gil, mail_server
    ):
        page = as_gil.post("/people/new/", {**FORM, "role": "reader"})
        assert "/invitation/?key=" not in page.content.decode()
        tasks.mail_accounts()
        assert "/invitation/?key=" in mail.outbox[0].body

    def test_without_a_mail_server_a_reader_cannot_invite(self, gil_reads, as_gil):
        page = as_gil.post("/people/new/", {**FORM, "role": "reader"})
        assert page.status_code == 400
        assert "Ask a coordinator who does not read" in page.content.decode()
        assert not User.objects.filter(username="pup").exists()

    def test_an_invited_reader_sees_no_results(
        self, closed_batch, gil_reads, gil, make_exam, signed_in, now
    ):
        pup = invite(gil, Role.READER, now)
        client = signed_in(pup)
        assert client.get("/api/readings/").json()["results"] == []
        assert client.get(f"/api/batches/{closed_batch.pk}/agreement/").status_code == 403
        assert client.get("/people/").status_code == 403


class TestAccountsOfOthers:
    @pytest.mark.parametrize("action", ["link", "second-factor", "vouch"])
    def test_a_reader_cannot_renew_access_for_people_who_see_results(
        self, gil_reads, as_gil, rosa, action, mail_server
    ):
        User.objects.filter(pk=rosa.pk).update(email="rosa@mail.example")
        page = as_gil.post(f"/people/{rosa.pk}/{action}/", follow=True)
        assert "Ask a coordinator who does not read to do this" in page.content.decode()
        tasks.mail_accounts()
        assert mail.outbox == []
        assert not AuditEvent.objects.filter(object_id=str(rosa.pk), actor__username="gil").exists()

    def test_a_reader_cannot_take_over_an_invitation_of_somebody_else(
        self, gil_reads, as_gil, davi, now, mail_server
    ):
        invitation = members.invite(
            actor=davi, username="ines", email="ines@mail.example", first_name="Ines",
            last_name="", role=Role.RESEARCHER, level=ReaderLevel.TRAINEE, now=now,
        )  # fmt: skip
        as_gil.post(f"/people/{invitation.user.pk}/link/")
        tasks.mail_accounts()
        assert mail.outbox == []
        assert members.invited(key=invitation.key, now=now) == invitation.user

    def test_a_reader_can_still_end_access(self, gil_reads, as_gil, rosa):
        as_gil.post(f"/people/{rosa.pk}/end/")
        rosa.refresh_from_db()
        assert not rosa.is_active


class TestAccountsInvitedEarlier:
    def sees(self, user):
        fresh = User.objects.get(pk=user.pk)
        return [rows.visible_to(fresh).exists() for rows in (Reading.objects, Consensus.objects)]

    def test_see_results_while_their_inviter_does_not_read(self, closed_batch, invited_by_gil):
        assert self.sees(invited_by_gil) == [True, True]

    def test_see_no_results_while_their_inviter_reads_in_the_study(
        self, closed_batch, invited_by_gil, gil_reads
    ):
        assert self.sees(invited_by_gil) == [False, False]

    def test_see_no_results_of_exams_that_their_inviter_reads_elsewhere(
        self, closed_batch, invited_by_gil, gil, davi, make_study, now
    ):
        other = make_study(name="Evening list")
        exam = closed_batch.assignments.first().exam
        batches.create(
            study=other, name="One", exams=[exam], readers=[gil], created_by=davi, now=now
        )
        assert self.sees(invited_by_gil) == [False, False]
        assert not Exam.objects.all().not_read_by(invited_by_gil).filter(pk=exam.pk).exists()

    def test_as_auditors_see_no_events_while_their_inviter_reads(
        self, closed_batch, gil, now, gil_reads
    ):
        auditor = User.objects.create(username="otis", vouched_by=gil)
        members.change(username="otis", roles=[Role.AUDITOR])
        assert not AuditEvent.objects.visible_to(User.objects.get(pk=auditor.pk)).exists()

    def test_see_results_again_once_the_study_is_locked(
        self, closed_batch, invited_by_gil, gil_reads, study, davi, now
    ):
        lifecycle.lock(study_id=study.pk, actor=davi, now=now)
        assert self.sees(invited_by_gil) == [True, True]

    def test_see_results_when_another_coordinator_vouches(
        self, closed_batch, invited_by_gil, gil_reads, davi, signed_in
    ):
        page = signed_in(davi).get(f"/people/{invited_by_gil.pk}/").content.decode()
        assert "Gil vouches for this account and reads in a study" in page
        Client.post(signed_in(davi), f"/people/{invited_by_gil.pk}/vouch/")
        assert self.sees(invited_by_gil) == [True, True]
        event = AuditEvent.objects.get(action="people.vouched")
        assert (event.actor, event.object_id) == (davi, str(invited_by_gil.pk))

    def test_bar_their_inviter_from_exams_whose_results_they_saw(
        self, closed_batch, invited_by_gil, gil, study, davi, make_batch, now
    ):
        results_seen.results_of_study(study=study, user=invited_by_gil, now=now)
        exam = closed_batch.assignments.first().exam
        with pytest.raises(roster.KnowsResults, match="Gil"):
            make_batch([exam], [gil])
        with pytest.raises(roster.KnowsResults, match="Gil"):
            roster.refuse_pairs_with_results_seen({(gil.pk, exam.pk)})

    def test_do_not_blind_an_inviter_who_broke_the_glass(
        self, closed_batch, invited_by_gil, gil_reads, gil, study, now
    ):
        lifecycle.break_glass(study=study, user=gil, reason="A recall.", now=now)
        assert not Study.objects.all().blinding(invited_by_gil).exists()


def test_accounts_created_on_the_command_line_have_no_voucher(rosa):
    assert rosa.vouched_by is None

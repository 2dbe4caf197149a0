"""Whoever still reads gets no second pair of eyes by inviting somebody, before or after."""

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

pytestmark = pytest.mark.django_db

FORM = {"username": "pup", "email": "pup@mail.example", "first_name": "Pup", "level": "1"}
WITH_RESULTS = [Role.RESEARCHER, Role.AUDITOR, Role.ADJUDICATOR]


@pytest.fixture
def gil(make_user):
    """A coordinator who also reads."""
    return make_user("Gil", Role.READER, Role.COORDINATOR)


@pytest.fixture
def judged(make_batch, submit, close, study, ana, bruno, now):
    """A closed batch of the study, whose results its policy has opened."""
    batch = make_batch()
    submit(batch.assignments.get(reader=ana), "atrial_fibrillation")
    submit(batch.assignments.get(reader=bruno), "atrial_flutter")
    close(batch)
    labels.compute(study=study, now=now)
    return batch


@pytest.fixture
def puppet(gil, now):
    """A researcher whom Gil invited before he began to read."""
    return invite(gil, Role.RESEARCHER, now)


@pytest.fixture
def as_gil(signed_in, gil):
    return signed_in(gil)


@pytest.fixture
def mail_server(settings):
    settings.HAS_MAIL_SERVER = True


@pytest.fixture
def reads(make_batch, gil):
    """Let Gil read in the study."""
    return make_batch(readers=[gil])


def invite(actor, role, now):
    made = members.invite(
        actor=actor, username="pup", email="", first_name="Pup", last_name="", role=role,
        level=ReaderLevel.TRAINEE, now=now,
    )  # fmt: skip
    return members.accept(key=made.key, password="sinus rhythm at dawn", now=now)


class TestInviting:
    @pytest.mark.parametrize("role", WITH_RESULTS)
    def test_whoever_reads_invites_nobody_who_sees_results(self, reads, gil, role, now):
        with pytest.raises(vouching.Blinded):
            invite(gil, role, now)
        assert not User.objects.filter(username="pup").exists()

    @pytest.mark.parametrize("role", WITH_RESULTS)
    def test_the_page_makes_no_such_account(self, reads, as_gil, mail_server, role):
        page = as_gil.post("/people/new/", {**FORM, "role": role.value})
        assert page.status_code == 400
        assert "you can invite only readers" in page.content.decode()
        assert not User.objects.filter(username="pup").exists()

    def test_a_superuser_who_reads_is_a_reader_first(self, reads, gil, now):
        User.objects.filter(pk=gil.pk).update(is_superuser=True)
        with pytest.raises(vouching.Blinded):
            invite(User.objects.get(pk=gil.pk), Role.AUDITOR, now)

    def test_once_the_study_is_locked_they_invite_whom_they_like(
        self, reads, study, gil, davi, now
    ):
        lifecycle.lock(study_id=study.pk, actor=davi, now=now)
        assert invite(gil, Role.RESEARCHER, now).vouched_by == gil

    def test_a_link_for_a_reader_is_mailed_and_not_shown(self, reads, as_gil, mail_server):
        page = as_gil.post("/people/new/", {**FORM, "role": "reader"})
        assert "/invitation/?key=" not in page.content.decode()
        tasks.mail_accounts()
        assert "/invitation/?key=" in mail.outbox[0].body

    def test_without_a_mail_server_they_invite_nobody(self, reads, as_gil):
        page = as_gil.post("/people/new/", {**FORM, "role": "reader"})
        assert page.status_code == 400
        assert "Ask a coordinator who does not read" in page.content.decode()
        assert not User.objects.filter(username="pup").exists()

    def test_a_reader_whom_they_invite_sees_no_results(
        self, judged, reads, gil, make_exam, signed_in, now
    ):
        pup = invite(gil, Role.READER, now)
        client = signed_in(pup)
        assert client.get("/api/readings/").json()["results"] == []
        assert client.get(f"/api/batches/{judged.pk}/agreement/").status_code == 403
        assert client.get("/people/").status_code == 403


class TestAccountsOfOthers:
    @pytest.mark.parametrize("act", ["link", "second-factor", "vouch"])
    def test_whoever_reads_renews_no_way_into_one_that_sees_results(
        self, reads, as_gil, rosa, act, mail_server
    ):
        User.objects.filter(pk=rosa.pk).update(email="rosa@mail.example")
        page = as_gil.post(f"/people/{rosa.pk}/{act}/", follow=True)
        assert "Ask a coordinator who does not read to do this" in page.content.decode()
        tasks.mail_accounts()
        assert mail.outbox == []
        assert not AuditEvent.objects.filter(object_id=str(rosa.pk), actor__username="gil").exists()

    def test_whoever_reads_takes_over_no_open_invitation_of_another(
        self, reads, as_gil, davi, now, mail_server
    ):
        made = members.invite(
            actor=davi, username="ines", email="ines@mail.example", first_name="Ines",
            last_name="", role=Role.RESEARCHER, level=ReaderLevel.TRAINEE, now=now,
        )  # fmt: skip
        as_gil.post(f"/people/{made.user.pk}/link/")
        tasks.mail_accounts()
        assert mail.outbox == []
        assert members.invited(key=made.key, now=now) == made.user

    def test_whoever_reads_still_ends_an_access(self, reads, as_gil, rosa):
        as_gil.post(f"/people/{rosa.pk}/end/")
        rosa.refresh_from_db()
        assert not rosa.is_active


class TestAccountsInvitedEarlier:
    def sees(self, user):
        fresh = User.objects.get(pk=user.pk)
        return [rows.visible_to(fresh).exists() for rows in (Reading.objects, Consensus.objects)]

    def test_see_results_while_their_inviter_does_not_read(self, judged, puppet):
        assert self.sees(puppet) == [True, True]

    def test_see_none_while_their_inviter_reads_in_the_study(self, judged, puppet, reads):
        assert self.sees(puppet) == [False, False]

    def test_see_none_of_an_exam_that_their_inviter_reads_elsewhere(
        self, judged, puppet, gil, davi, make_study, now
    ):
        other = make_study(name="Evening list")
        exam = judged.assignments.first().exam
        batches.create(
            study=other, name="One", exams=[exam], readers=[gil], created_by=davi, now=now
        )
        assert self.sees(puppet) == [False, False]
        assert not Exam.objects.all().not_read_by(puppet).filter(pk=exam.pk).exists()

    def test_see_no_part_of_the_trail_as_auditors_then(self, judged, gil, now, reads):
        auditor = User.objects.create(username="otis", vouched_by=gil)
        members.change(username="otis", wanted=[Role.AUDITOR])
        assert not AuditEvent.objects.visible_to(User.objects.get(pk=auditor.pk)).exists()

    def test_see_them_again_once_the_study_is_locked(self, judged, puppet, reads, study, davi, now):
        lifecycle.lock(study_id=study.pk, actor=davi, now=now)
        assert self.sees(puppet) == [True, True]

    def test_see_them_when_another_coordinator_vouches(
        self, judged, puppet, reads, davi, signed_in
    ):
        page = signed_in(davi).get(f"/people/{puppet.pk}/").content.decode()
        assert "Gil vouches for this account and reads in a study" in page
        Client.post(signed_in(davi), f"/people/{puppet.pk}/vouch/")
        assert self.sees(puppet) == [True, True]
        event = AuditEvent.objects.get(action="people.vouched")
        assert (event.actor, event.object_id) == (davi, str(puppet.pk))

    def test_bar_their_inviter_from_exams_whose_results_they_were_shown(
        self, judged, puppet, gil, study, davi, make_batch, now
    ):
        results_seen.results_of_study(study=study, user=puppet, now=now)
        exam = judged.assignments.first().exam
        with pytest.raises(roster.KnowsResults, match="Gil"):
            make_batch([exam], [gil])
        with pytest.raises(roster.KnowsResults, match="Gil"):
            roster.refuse_pairs_that_know({(gil.pk, exam.pk)})

    def test_do_not_keep_results_from_who_broke_the_glass(
        self, judged, puppet, reads, gil, study, now
    ):
        lifecycle.break_glass(study=study, user=gil, reason="A recall.", now=now)
        assert not Study.objects.all().blinding(puppet).exists()


def test_accounts_made_on_the_command_line_need_nobody_to_vouch(rosa):
    assert rosa.vouched_by is None

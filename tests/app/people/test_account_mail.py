"""Mails about accounts: queued by the request, sent by the worker, and never in a log."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from itertools import pairwise
from urllib.parse import quote

import pytest
from django.core import mail
from django.forms.models import model_to_dict
from django.test import Client

from annotations.models import AccountMail, ReaderLevel, Role, User
from annotations.services.mail import queue
from annotations.services.people import members
from ecgreview.logs import WithoutSecrets

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def with_a_mail_server(settings):
    settings.HAS_MAIL_SERVER = True


@pytest.fixture
def made(davi, now):
    """Mira's invitation, not accepted yet."""
    return members.invite(
        actor=davi, username="mira", email="mira@hospital.example", first_name="Mira",
        last_name="Sol", role=Role.READER, level=ReaderLevel.SENIOR, now=now,
    )  # fmt: skip


@pytest.fixture
def queued(made, now):
    return queue.invitation(made, now=now)


@pytest.fixture
def silent_server(settings):
    """A mail server that does not answer."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1


def words_about(user, client):
    page = client.get(f"/people/{user.pk}/").content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_a_row_holds_nothing_to_sign_in_with(queued, made):
    assert made.key not in str(model_to_dict(queued))


def test_the_link_that_is_mailed_is_the_one_that_was_made(queued, made, now):
    queue.send_next(now=now)
    assert quote(made.key) in mail.outbox[0].body


def test_a_mail_goes_out_once(queued, now):
    assert queue.send_next(now=now)
    assert not queue.send_next(now=now + timedelta(days=1))
    assert len(mail.outbox) == 1


def test_a_newer_invitation_takes_the_place_of_one_that_waits(queued, davi, made, now):
    again = members.invite_again(actor=davi, user_id=made.user.pk, now=now)
    queue.invitation(again, now=now)
    while queue.send_next(now=now):
        pass
    (letter,) = mail.outbox
    assert quote(again.key) in letter.body


def test_an_invitation_that_was_accepted_or_withdrawn_is_not_mailed(queued, davi, made, now):
    members.deactivate(actor=davi, user_id=made.user.pk, now=now)
    assert queue.send_next(now=now)
    assert (mail.outbox, AccountMail.objects.exists()) == ([], False)


class TestAServerInTrouble:
    def test_is_asked_again_later_and_later(self, queued, silent_server, now):
        attempts = []
        while AccountMail.objects.waiting().exists():
            due_at = AccountMail.objects.get().due_at
            assert not queue.send_next(now=due_at - timedelta(seconds=1))
            assert queue.send_next(now=due_at)
            attempts.append(due_at)
        gaps = [later - earlier for earlier, later in pairwise(attempts)]
        assert gaps == list(queue.DELAYS)

    def test_is_given_up_where_everybody_who_invites_can_see_it(
        self, queued, made, silent_server, signed_in, davi, now
    ):
        AccountMail.objects.update(n_attempts=queue.MAX_ATTEMPTS - 1)
        queue.send_next(now=now)
        assert "the mail server could not be reached" in words_about(made.user, signed_in(davi))
        assert not AccountMail.objects.waiting().exists()

    def test_holds_up_no_other_mail(self, queued, ana, silent_server, now):
        User.objects.filter(pk=ana.pk).update(email="ana@hospital.example")
        ana.refresh_from_db()
        queue.new_password(ana, now=now)
        assert [queue.send_next(now=now) for _ in range(3)] == [True, True, False]


def test_an_address_that_is_refused_is_not_tried_again(queued, settings, refusing_server, now):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", refusing_server
    queue.send_next(now=now)
    queued.refresh_from_db()
    assert (queued.failure, queued.accepted_at) == ("refused", None)


class TestThePageOfAPerson:
    def test_says_that_a_mail_is_queued(self, queued, made, signed_in, davi):
        assert "Invitation: queued since" in words_about(made.user, signed_in(davi))

    def test_says_that_the_mail_server_took_it(self, queued, made, signed_in, davi, now):
        queue.send_next(now=now)
        assert "Invitation: accepted by the mail server on" in words_about(
            made.user, signed_in(davi)
        )

    def test_says_when_it_is_tried_again(self, queued, made, silent_server, signed_in, davi, now):
        queue.send_next(now=now)
        assert "not sent yet: the mail server could not be reached" in words_about(
            made.user, signed_in(davi)
        )


class TestTheLogs:
    @pytest.fixture
    def lines(self):
        """What the site writes into its log."""
        written = []

        class Lines(logging.Handler):
            def emit(self, record):
                written.append(self.format(record))

        handler = Lines()
        handler.setFormatter(WithoutSecrets())
        logging.getLogger().addHandler(handler)
        yield written
        logging.getLogger().removeHandler(handler)

    @pytest.mark.parametrize("has_mail_server", [True, False])
    def test_hold_no_link_of_an_invitation(
        self, lines, capfd, settings, signed_in, davi, now, has_mail_server
    ):
        settings.HAS_MAIL_SERVER = has_mail_server
        form = {"first_name": "Mira", "email": "mira@hospital.example", "role": "reader"}
        page = signed_in(davi).post("/people/new/", {**form, "level": "3"}).content.decode()
        (key,) = re.findall(r"key=([^\"]+)", page)
        while queue.send_next(now=now + timedelta(days=9000)):
            pass
        Client().put(f"/invitation/?key={key}")
        assert key not in "".join([*lines, *capfd.readouterr()])

    def test_hold_no_link_for_a_new_password(self, lines, capfd, ana, now):
        User.objects.filter(pk=ana.pk).update(email="ana@hospital.example")
        Client().post("/password/forgotten/", {"email": "ana@hospital.example"})
        while queue.send_next(now=now + timedelta(days=9000)):
            pass
        (key,) = re.findall(r"/password/new/\w+?-(\S+?)/", str(mail.outbox[0].body))
        Client().put(f"/password/new/1-{key}/")  # the refusal is logged with its address
        written = "".join([*lines, *capfd.readouterr()])
        assert "/password/new/1-[removed]" in written
        assert key not in written

    def test_hold_no_link_that_a_mail_server_did_not_take(self, lines, queued, silent_server, now):
        queue.send_next(now=now)
        assert "did not leave" in "".join(lines)
        assert "key=" not in "".join(lines)

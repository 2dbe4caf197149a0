"""Account e-mails: queued by the request, sent by the worker, never logged."""

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
def invitation(davi, now):
    return members.invite(
        actor=davi, username="mira", email="mira@hospital.example", first_name="Mira",
        last_name="Sol", role=Role.READER, level=ReaderLevel.SENIOR, now=now,
    )  # fmt: skip


@pytest.fixture
def queued_mail(invitation, now):
    return queue.invitation(invitation, now=now)


@pytest.fixture
def silent_server(settings):
    """A mail server that cannot be reached."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1


def page_text(user, client):
    page = client.get(f"/people/{user.pk}/").content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_a_queued_mail_stores_no_key(queued_mail, invitation):
    assert invitation.key not in str(model_to_dict(queued_mail))


def test_the_mailed_link_has_the_key_of_the_invitation(queued_mail, invitation, now):
    queue.send_next(now=now)
    assert quote(invitation.key) in mail.outbox[0].body


def test_a_mail_is_sent_once(queued_mail, now):
    assert queue.send_next(now=now)
    assert not queue.send_next(now=now + timedelta(days=1))
    assert len(mail.outbox) == 1


def test_a_newer_invitation_replaces_a_queued_one(queued_mail, davi, invitation, now):
    again = members.invite_again(actor=davi, user_id=invitation.user.pk, now=now)
    queue.invitation(again, now=now)
    while queue.send_next(now=now):
        pass
    (message,) = mail.outbox
    assert quote(again.key) in message.body


def test_a_withdrawn_invitation_is_not_mailed(queued_mail, davi, invitation, now):
    members.deactivate(actor=davi, user_id=invitation.user.pk, now=now)
    assert queue.send_next(now=now)
    assert (mail.outbox, AccountMail.objects.exists()) == ([], False)


class TestSilentServer:
    def test_is_retried_after_growing_delays(self, queued_mail, silent_server, now):
        attempts = []
        while AccountMail.objects.waiting().exists():
            due_at = AccountMail.objects.get().due_at
            assert not queue.send_next(now=due_at - timedelta(seconds=1))
            assert queue.send_next(now=due_at)
            attempts.append(due_at)
        gaps = [later - earlier for earlier, later in pairwise(attempts)]
        assert gaps == list(queue.DELAYS)

    def test_the_page_of_the_person_shows_the_final_failure(
        self, queued_mail, invitation, silent_server, signed_in, davi, now
    ):
        AccountMail.objects.update(n_attempts=queue.MAX_ATTEMPTS - 1)
        queue.send_next(now=now)
        assert "the mail server could not be reached" in page_text(invitation.user, signed_in(davi))
        assert not AccountMail.objects.waiting().exists()

    def test_does_not_block_other_mails(self, queued_mail, ana, silent_server, now):
        User.objects.filter(pk=ana.pk).update(email="ana@hospital.example")
        ana.refresh_from_db()
        queue.new_password(ana, now=now)
        assert [queue.send_next(now=now) for _ in range(3)] == [True, True, False]


def test_a_refused_address_is_not_retried(queued_mail, settings, refusing_server, now):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", refusing_server
    queue.send_next(now=now)
    queued_mail.refresh_from_db()
    assert (queued_mail.failure, queued_mail.accepted_at) == ("refused", None)


class TestPersonPage:
    def test_shows_a_queued_mail(self, queued_mail, invitation, signed_in, davi):
        assert "Invitation: queued since" in page_text(invitation.user, signed_in(davi))

    def test_shows_a_mail_accepted_by_the_server(
        self, queued_mail, invitation, signed_in, davi, now
    ):
        queue.send_next(now=now)
        assert "Invitation: accepted by the mail server on" in page_text(
            invitation.user, signed_in(davi)
        )

    def test_shows_a_mail_that_will_be_retried(
        self, queued_mail, invitation, silent_server, signed_in, davi, now
    ):
        queue.send_next(now=now)
        assert "not sent yet: the mail server could not be reached" in page_text(
            invitation.user, signed_in(davi)
        )


class TestLogs:
    @pytest.fixture
    def lines(self):
        """The log lines of the site."""
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
    def test_contain_no_invitation_link(
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

    def test_contain_no_password_link(self, lines, capfd, ana, now):
        User.objects.filter(pk=ana.pk).update(email="ana@hospital.example")
        Client().post("/password/forgotten/", {"email": "ana@hospital.example"})
        while queue.send_next(now=now + timedelta(days=9000)):
            pass
        (key,) = re.findall(r"/password/new/\w+?-(\S+?)/", str(mail.outbox[0].body))
        Client().put(
            f"/password/new/1-{key}/"
        )  # the log line of the refusal has the address of the page
        written = "".join([*lines, *capfd.readouterr()])
        assert "/password/new/1-[removed]" in written
        assert key not in written

    def test_contain_no_link_of_a_failed_mail(self, lines, queued_mail, silent_server, now):
        queue.send_next(now=now)
        assert "could not be sent" in "".join(lines)
        assert "key=" not in "".join(lines)

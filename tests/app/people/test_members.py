"""Invitations, the people's page, and what a coordinator can never do with them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from knox.models import get_token_model

from annotations import tasks
from annotations.models import AccountMail, AuditEvent, ReaderLevel, Role, User
from annotations.services.people import members, sign_in, tokens

pytestmark = pytest.mark.django_db

PASSWORD = "sinus rhythm at dawn"
MIRA: dict[str, Any] = {
    "username": "mira",
    "email": "mira@hospital.example",
    "first_name": "Mira",
    "last_name": "Sol",
    "role": Role.READER,
    "level": ReaderLevel.SENIOR,
}
FORM: dict[str, Any] = {**MIRA, "role": "reader", "level": "3"}


@pytest.fixture(autouse=True)
def with_a_mail_server(settings):
    settings.HAS_MAIL_SERVER = True


@pytest.fixture
def made(now, davi):
    """Mira's invitation, not accepted yet."""
    return members.invite(actor=davi, **MIRA, now=now)


@pytest.fixture
def as_davi(signed_in, davi):
    return signed_in(davi)


def link_in(response):
    """Return the path of the link that a page shows."""
    match = re.search(r"/invitation/\?key=[^\"]+", response.content.decode())
    assert match
    return match[0]


def roles_of(user):
    return list(user.groups.values_list("name", flat=True))


class TestInvitations:
    def test_an_invited_person_has_the_role_and_the_level(self, made):
        assert (roles_of(made.user), made.user.level) == (["reader"], ReaderLevel.SENIOR)

    def test_an_invited_person_cannot_sign_in_yet(self, made):
        assert not made.user.is_active
        assert not made.user.has_usable_password()

    def test_an_e_mail_address_can_be_the_user_name(self, now, davi):
        made = members.invite(
            actor=davi, **{**MIRA, "username": "", "email": "Mira@H.example"}, now=now
        )
        assert (made.user.username, made.user.email) == ("mira@h.example", "mira@h.example")

    def test_accepting_gives_the_password_and_the_access(self, made, now):
        user = members.accept(key=made.key, password=PASSWORD, now=now)
        user.refresh_from_db()
        assert user.is_active
        assert user.check_password(PASSWORD)

    def test_a_link_works_once(self, made, now):
        members.accept(key=made.key, password=PASSWORD, now=now)
        with pytest.raises(members.InvitationOver):
            members.accept(key=made.key, password="another long password", now=now)

    @pytest.mark.parametrize(("days", "is_over"), [(6.99, False), (7.01, True)])
    def test_a_link_works_for_seven_days(self, made, now, days, is_over):
        later = now + timedelta(days=days)
        if is_over:
            with pytest.raises(members.InvitationOver):
                members.invited(key=made.key, now=later)
        else:
            assert members.invited(key=made.key, now=later) == made.user

    def test_a_new_link_voids_the_former(self, made, now, davi):
        again = members.invite_again(actor=davi, user_id=made.user.pk, now=now)
        assert members.invited(key=again.key, now=now) == made.user
        with pytest.raises(members.InvitationOver):
            members.invited(key=made.key, now=now)

    def test_a_withdrawn_invitation_is_void(self, made, now, davi):
        members.deactivate(actor=davi, user_id=made.user.pk, now=now)
        with pytest.raises(members.InvitationOver):
            members.accept(key=made.key, password=PASSWORD, now=now)

    def test_somebody_whose_access_ended_cannot_be_invited_again(self, made, now, davi):
        members.deactivate(actor=davi, user_id=made.user.pk, now=now)
        with pytest.raises(members.NotInvited):
            members.invite_again(actor=davi, user_id=made.user.pk, now=now)

    @pytest.mark.parametrize("key", ["", "nonsense", "a:b:c", "\x00", "é" * 40])
    def test_a_made_up_link_opens_nothing(self, db, now, key):
        with pytest.raises(members.InvitationOver):
            members.invited(key=key, now=now)

    def test_a_link_that_was_changed_opens_nothing(self, made, now):
        with pytest.raises(members.InvitationOver):
            members.invited(key=made.key[:-1] + ("A" if made.key[-1] != "A" else "B"), now=now)

    @pytest.mark.parametrize("username", ["ana", "ANA"])
    def test_a_user_name_is_given_once_in_whatever_case(self, ana, now, username, davi):
        with pytest.raises(members.UserNameTaken):
            members.invite(actor=davi, **{**MIRA, "username": username}, now=now)

    def test_an_address_is_given_once_in_whatever_case(self, made, now, davi):
        taken = {**MIRA, "username": "mira2", "email": "MIRA@hospital.example"}
        with pytest.raises(members.EmailTaken):
            members.invite(actor=davi, **taken, now=now)

    def test_nobody_is_invited_as_coordinator(self, db, now, davi):
        with pytest.raises(members.NotInvitable):
            members.invite(actor=davi, **{**MIRA, "role": Role.COORDINATOR}, now=now)


class TestAcceptingInTheBrowser:
    def test_looking_does_not_use_the_link_up(self, client, made, monkeypatch, now):
        monkeypatch.setattr("django.utils.timezone.now", lambda: now)
        for _ in range(2):
            assert client.get("/invitation/", {"key": made.key}).status_code == 200
        made.user.refresh_from_db()
        assert members.is_invited(made.user)

    def test_choosing_a_password_signs_in(self, client, as_davi, davi):
        address = link_in(as_davi.post("/people/new/", FORM))
        fresh = Client()
        response = fresh.post(address, {"password1": PASSWORD, "password2": PASSWORD})
        assert response.status_code == 302
        assert fresh.get("/api/me/").json()["username"] == "mira"

    @pytest.mark.parametrize(
        ("password", "again"),
        [
            ("short", "short"),
            ("elevenchars", "elevenchars"),
            ("password1234", "password1234"),
            ("mira@hospital.example", "mira@hospital.example"),
            (PASSWORD, "something else instead"),
            ("", ""),
        ],
    )
    def test_a_poor_password_is_refused(self, as_davi, password, again):
        address = link_in(as_davi.post("/people/new/", FORM))
        fresh = Client()
        response = fresh.post(address, {"password1": password, "password2": again})
        assert response.status_code == 400
        assert not User.objects.get(username="mira").is_active

    @pytest.mark.parametrize(
        "password", ["x" * 12 + "!" * 60, "ação ß 心電図 leads V1", " " * 3 + PASSWORD]
    )
    def test_a_long_or_foreign_password_is_kept_exactly(self, as_davi, password):
        address = link_in(as_davi.post("/people/new/", FORM))
        Client().post(address, {"password1": password, "password2": password})
        mira = User.objects.get(username="mira")
        assert mira.check_password(password)
        assert not mira.check_password(password.strip() + "x")

    def test_whoever_was_signed_in_is_signed_out_first(self, as_davi):
        address = link_in(as_davi.post("/people/new/", FORM))
        as_davi.post(address, {"password1": PASSWORD, "password2": PASSWORD})
        assert as_davi.get("/api/me/").json()["username"] == "mira"


class TestThePage:
    def test_it_says_who_there_is(self, as_davi, ana, made):
        page = as_davi.get("/people/").content.decode()
        assert "Mira Sol" in page
        assert "invited" in page
        assert "Senior cardiologist" in page

    def test_an_invitation_is_queued_and_mailed_by_the_worker(self, as_davi):
        page = as_davi.post("/people/new/", FORM)
        assert "is queued" in page.content.decode()
        assert mail.outbox == []
        tasks.mail_accounts()
        (letter,) = mail.outbox
        assert letter.to == ["mira@hospital.example"]
        assert link_in(page).split("key=")[1] in letter.body

    def test_without_an_address_nothing_is_mailed(self, as_davi):
        as_davi.post("/people/new/", {**FORM, "email": ""})
        tasks.mail_accounts()
        assert mail.outbox == []

    def test_without_a_mail_server_nothing_is_said_to_be_mailed(self, as_davi, settings):
        settings.HAS_MAIL_SERVER = False
        response = as_davi.post("/people/new/", FORM)
        assert "This site has no mail server" in response.content.decode()
        assert "queued" not in response.content.decode()
        assert link_in(response)
        assert not AccountMail.objects.exists()

    def test_a_link_is_made_of_the_configured_address_alone(self, as_davi, settings):
        settings.ALLOWED_HOSTS = ["*"]
        page = as_davi.post("/people/new/", FORM, headers={"Host": "evil.example"})
        assert f'value="{settings.SITE_URL}/invitation/?key=' in page.content.decode()
        tasks.mail_accounts()
        assert "evil.example" not in page.content.decode() + mail.outbox[0].body

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"username": "ana"}, "username"),
            ({"username": "", "email": ""}, "username"),
            ({"username": "two words"}, "username"),
            ({"email": "nobody"}, "email"),
            ({"email": "a@b.example\nBcc: eve@evil.example"}, "email"),
            ({"role": "coordinator"}, "role"),
            ({"role": "admin"}, "role"),
            ({"level": "9"}, "level"),
            ({"first_name": ""}, "first_name"),
        ],
    )
    def test_what_is_wrong_is_said_where_it_is(self, as_davi, ana, change, field):
        response = as_davi.post("/people/new/", {**FORM, **change})
        assert response.status_code == 400
        assert field in response.context["form"].errors
        assert not User.objects.filter(first_name="Mira").exists()

    def test_a_new_link_is_shown_while_nobody_has_accepted(self, as_davi, made):
        assert link_in(as_davi.post(f"/people/{made.user.pk}/link/"))

    def test_a_link_to_somebody_who_has_accepted_is_mailed(self, as_davi, ana, settings):
        User.objects.filter(pk=ana.pk).update(email="ana@hospital.example")
        as_davi.post(f"/people/{ana.pk}/link/")
        tasks.mail_accounts()
        assert f"{settings.SITE_URL}/password/new/" in mail.outbox[0].body

    def test_a_link_to_somebody_who_has_accepted_is_in_the_trail(self, as_davi, ana, davi):
        User.objects.filter(pk=ana.pk).update(email="ana@hospital.example")
        as_davi.post(f"/people/{ana.pk}/link/")
        event = AuditEvent.objects.get(action="people.password_reset")
        assert (event.actor, event.object_id) == (davi, str(ana.pk))

    def test_no_link_goes_to_somebody_whose_access_has_ended(self, as_davi, ana):
        User.objects.filter(pk=ana.pk).update(email="ana@hospital.example", is_active=False)
        as_davi.post(f"/people/{ana.pk}/link/")
        tasks.mail_accounts()
        assert not mail.outbox
        assert not AuditEvent.objects.filter(action="people.password_reset").exists()

    def test_a_link_to_somebody_who_has_accepted_is_never_shown(self, as_davi, ana):
        User.objects.filter(pk=ana.pk).update(email="ana@hospital.example")
        shown = as_davi.post(f"/people/{ana.pk}/link/", follow=True).content.decode()
        assert "/password/new/" not in shown
        assert "sesame" not in shown

    def test_without_an_address_the_operator_is_asked(self, as_davi, ana):
        response = as_davi.post(f"/people/{ana.pk}/link/")
        (words,) = get_messages(response.wsgi_request)
        assert "No e-mail can be sent" in str(words)

    def test_ending_somebodys_access_ends_their_session(self, as_davi, ana):
        theirs = Client()
        theirs.post(sign_in.link(ana, ""))
        assert theirs.get("/api/me/").status_code == 200
        as_davi.post(f"/people/{ana.pk}/end/")
        assert theirs.get("/api/me/").status_code == 401

    def test_ending_somebodys_access_takes_their_session_out_of_the_store(self, as_davi, ana):
        theirs = Client()
        theirs.post(sign_in.link(ana, ""))
        key = str(theirs.session.session_key)
        as_davi.post(f"/people/{ana.pk}/end/")
        assert not theirs.session.exists(key)

    def test_ending_somebodys_access_ends_their_tokens(self, as_davi, ana):
        tokens.make(user=ana, actor=ana, now=timezone.now())
        as_davi.post(f"/people/{ana.pk}/end/")
        assert not get_token_model().objects.exists()


EVIL = {
    "is_staff": "on",
    "is_superuser": "on",
    "is_active": "on",
    "groups": "1",
    "user_permissions": "1",
    "password": "pbkdf2_sha256$1$a$b",
    "roles": "coordinator",
    "id": "1",
    "pk": "1",
    "last_login": "2030-01-01",
}


class TestOutOfReach:
    def test_extra_fields_of_an_invitation_change_nothing(self, as_davi):
        as_davi.post("/people/new/", {**FORM, **EVIL})
        mira = User.objects.get(username="mira")
        assert (mira.is_staff, mira.is_superuser, mira.is_active) == (False, False, False)
        assert roles_of(mira) == ["reader"]
        assert not mira.user_permissions.exists()
        assert not mira.has_usable_password()

    def test_a_second_role_of_an_invitation_is_not_given(self, as_davi):
        as_davi.post("/people/new/", {**FORM, "role": ["coordinator", "reader"]})
        assert roles_of(User.objects.get(username="mira")) == ["reader"]

    @pytest.mark.parametrize("act", ["link", "end", "second-factor"])
    def test_extra_fields_of_an_act_change_nothing(self, as_davi, ana, act):
        before = (ana.is_staff, ana.is_superuser, ana.password, roles_of(ana))
        as_davi.post(f"/people/{ana.pk}/{act}/", EVIL)
        ana.refresh_from_db()
        assert (ana.is_staff, ana.is_superuser, ana.password, roles_of(ana)) == before

    def test_extra_fields_of_an_acceptance_change_nothing(self, as_davi):
        address = link_in(as_davi.post("/people/new/", FORM))
        form = {"password1": PASSWORD, "password2": PASSWORD}
        Client().post(address, {**EVIL, **form, "username": "root"})
        mira = User.objects.get(username="mira")
        assert (mira.is_staff, mira.is_superuser, roles_of(mira)) == (False, False, ["reader"])

    @pytest.mark.parametrize("act", ["", "link/", "end/", "second-factor/"])
    @pytest.mark.parametrize("above", ["coordinator", "staff", "superuser", "oneself"])
    def test_nobody_above_can_be_touched(self, as_davi, davi, make_user, act, above):
        target = davi if above == "oneself" else make_user("Target", Role.READER)
        if above == "coordinator":
            members.change(username="target", wanted=[Role.READER, Role.COORDINATOR])
        User.objects.filter(pk=target.pk).update(
            is_staff=above == "staff", is_superuser=above == "superuser"
        )
        address = f"/people/{target.pk}/{act}"
        response = as_davi.post(address) if act else as_davi.get(address)
        target.refresh_from_db()
        assert (response.status_code, target.is_active) == (404, True)

    def test_the_permission_alone_opens_the_page(self, signed_in, eva):
        eva.user_permissions.add(Permission.objects.get(codename="invite_user"))
        assert signed_in(eva).get("/people/").status_code == 200


def test_a_person_has_five_tokens_at_most(ana):
    for _ in range(5):
        tokens.make(user=ana, actor=ana, now=timezone.now())
    with pytest.raises(tokens.TooManyTokens):
        tokens.make(user=ana, actor=ana, now=timezone.now())


def test_a_sixth_token_is_a_409(signed_in, ana):
    for _ in range(5):
        tokens.make(user=ana, actor=ana, now=timezone.now())
    response = signed_in(ana).post("/api/tokens/", {}, content_type="application/json")
    assert (response.status_code, response.json()["type"][-15:]) == (409, "too-many-tokens")


def test_a_token_that_has_expired_does_not_count(ana, now):
    for _ in range(5):
        tokens.make(user=ana, actor=ana, now=timezone.now())
    get_token_model().objects.update(expiry=now - timedelta(days=400))
    assert tokens.make(user=ana, actor=ana, now=timezone.now())


def test_the_list_asks_as_often_for_many_as_for_few(as_davi, make_user):
    def n_queries():
        with CaptureQueriesContext(connection) as queries:
            as_davi.get("/people/")
        return len(queries)

    few = n_queries()
    for number in range(5):
        make_user(f"Reader{number}", Role.READER)
    assert n_queries() == few


class TestTheTrail:
    def events(self):
        return list(AuditEvent.objects.order_by("pk").values_list("action", "actor__username"))

    def test_it_says_who_invited_whom(self, as_davi):
        as_davi.post("/people/new/", FORM)
        event = AuditEvent.objects.get(action="people.invited")
        assert (event.actor_name, event.object_id) == (
            "davi",
            str(User.objects.get(username="mira").pk),
        )

    def test_it_holds_no_key_of_an_invitation(self, as_davi):
        key = link_in(as_davi.post("/people/new/", FORM)).split("key=")[1]
        assert all(key not in str(values) for values in AuditEvent.objects.values_list())

    def test_it_tells_a_withdrawal_from_an_end(self, made, ana, davi, now):
        members.deactivate(actor=davi, user_id=made.user.pk, now=now)
        members.deactivate(actor=davi, user_id=ana.pk, now=now)
        assert self.events()[-2:] == [
            ("people.invitation_withdrawn", "davi"),
            ("people.deactivated", "davi"),
        ]

    def test_it_says_that_somebody_accepted(self, made, now):
        members.accept(key=made.key, password=PASSWORD, now=now)
        assert self.events()[-1] == ("people.accepted", "mira")

    def test_it_says_who_took_a_second_factor_away(self, ana, davi, now):
        members.reset_second_factor(actor=davi, user_id=ana.pk, now=now)
        assert self.events()[-1] == ("session.mfa_reset", "davi")

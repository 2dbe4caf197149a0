"""Invitations, and what coordinators can and cannot do on the people page."""

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
def invitation(now, davi):
    return members.invite(actor=davi, **MIRA, now=now)


@pytest.fixture
def as_davi(signed_in, davi):
    return signed_in(davi)


def invitation_path(response):
    """Return the path of the invitation link on a page."""
    match = re.search(r"/invitation/\?key=[^\"]+", response.content.decode())
    assert match
    return match[0]


def roles_of(user):
    return list(user.groups.values_list("name", flat=True))


class TestInvitations:
    def test_an_invited_person_has_the_role_and_the_level(self, invitation):
        assert (roles_of(invitation.user), invitation.user.level) == (
            ["reader"],
            ReaderLevel.SENIOR,
        )

    def test_an_invited_person_cannot_sign_in_yet(self, invitation):
        assert not invitation.user.is_active
        assert not invitation.user.has_usable_password()

    def test_an_e_mail_address_can_be_the_user_name(self, now, davi):
        invitation = members.invite(
            actor=davi, **{**MIRA, "username": "", "email": "Mira@H.example"}, now=now
        )
        assert (invitation.user.username, invitation.user.email) == (
            "mira@h.example",
            "mira@h.example",
        )

    def test_accepting_sets_the_password_and_activates(self, invitation, now):
        user = members.accept(key=invitation.key, password=PASSWORD, now=now)
        user.refresh_from_db()
        assert user.is_active
        assert user.check_password(PASSWORD)

    def test_a_link_works_once(self, invitation, now):
        members.accept(key=invitation.key, password=PASSWORD, now=now)
        with pytest.raises(members.InvitationOver):
            members.accept(key=invitation.key, password="another long password", now=now)

    @pytest.mark.parametrize(("days", "is_over"), [(6.99, False), (7.01, True)])
    def test_a_link_works_for_seven_days(self, invitation, now, days, is_over):
        later = now + timedelta(days=days)
        if is_over:
            with pytest.raises(members.InvitationOver):
                members.invited(key=invitation.key, now=later)
        else:
            assert members.invited(key=invitation.key, now=later) == invitation.user

    def test_a_new_link_voids_the_earlier_one(self, invitation, now, davi):
        again = members.invite_again(actor=davi, user_id=invitation.user.pk, now=now)
        assert members.invited(key=again.key, now=now) == invitation.user
        with pytest.raises(members.InvitationOver):
            members.invited(key=invitation.key, now=now)

    def test_a_withdrawn_invitation_is_void(self, invitation, now, davi):
        members.deactivate(actor=davi, user_id=invitation.user.pk, now=now)
        with pytest.raises(members.InvitationOver):
            members.accept(key=invitation.key, password=PASSWORD, now=now)

    def test_a_deactivated_person_cannot_be_invited_again(self, invitation, now, davi):
        members.deactivate(actor=davi, user_id=invitation.user.pk, now=now)
        with pytest.raises(members.NotInvited):
            members.invite_again(actor=davi, user_id=invitation.user.pk, now=now)

    @pytest.mark.parametrize("key", ["", "nonsense", "a:b:c", "\x00", "é" * 40])
    def test_an_invented_link_is_refused(self, db, now, key):
        with pytest.raises(members.InvitationOver):
            members.invited(key=key, now=now)

    def test_a_modified_link_is_refused(self, invitation, now):
        with pytest.raises(members.InvitationOver):
            members.invited(
                key=invitation.key[:-1] + ("A" if invitation.key[-1] != "A" else "B"), now=now
            )

    @pytest.mark.parametrize("username", ["ana", "ANA"])
    def test_user_names_are_unique_in_any_case(self, ana, now, username, davi):
        with pytest.raises(members.UserNameTaken):
            members.invite(actor=davi, **{**MIRA, "username": username}, now=now)

    def test_addresses_are_unique_in_any_case(self, invitation, now, davi):
        with_taken_email = {**MIRA, "username": "mira2", "email": "MIRA@hospital.example"}
        with pytest.raises(members.EmailTaken):
            members.invite(actor=davi, **with_taken_email, now=now)

    def test_coordinators_cannot_be_invited(self, db, now, davi):
        with pytest.raises(members.NotInvitable):
            members.invite(actor=davi, **{**MIRA, "role": Role.COORDINATOR}, now=now)


class TestAcceptingInTheBrowser:
    def test_opening_the_link_does_not_use_it_up(self, client, invitation, monkeypatch, now):
        monkeypatch.setattr("django.utils.timezone.now", lambda: now)
        for _ in range(2):
            assert client.get("/invitation/", {"key": invitation.key}).status_code == 200
        invitation.user.refresh_from_db()
        assert members.is_invited(invitation.user)

    def test_choosing_a_password_signs_in(self, client, as_davi, davi):
        address = invitation_path(as_davi.post("/people/new/", FORM))
        new_client = Client()
        response = new_client.post(address, {"password1": PASSWORD, "password2": PASSWORD})
        assert response.status_code == 302
        assert new_client.get("/api/me/").json()["username"] == "mira"

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
    def test_a_weak_password_is_refused(self, as_davi, password, again):
        address = invitation_path(as_davi.post("/people/new/", FORM))
        new_client = Client()
        response = new_client.post(address, {"password1": password, "password2": again})
        assert response.status_code == 400
        assert not User.objects.get(username="mira").is_active

    @pytest.mark.parametrize(
        "password", ["x" * 12 + "!" * 60, "ação ß 心電図 leads V1", " " * 3 + PASSWORD]
    )
    def test_a_long_or_non_ascii_password_is_stored_exactly(self, as_davi, password):
        address = invitation_path(as_davi.post("/people/new/", FORM))
        Client().post(address, {"password1": password, "password2": password})
        mira = User.objects.get(username="mira")
        assert mira.check_password(password)
        assert not mira.check_password(password.strip() + "x")

    def test_accepting_signs_out_the_current_person(self, as_davi):
        address = invitation_path(as_davi.post("/people/new/", FORM))
        as_davi.post(address, {"password1": PASSWORD, "password2": PASSWORD})
        assert as_davi.get("/api/me/").json()["username"] == "mira"


class TestPeoplePage:
    def test_it_lists_people_with_state_and_level(self, as_davi, ana, invitation):
        page = as_davi.get("/people/").content.decode()
        assert "Mira Sol" in page
        assert "invited" in page
        assert "Senior cardiologist" in page

    def test_an_invitation_is_queued_and_mailed_by_the_worker(self, as_davi):
        page = as_davi.post("/people/new/", FORM)
        assert "is queued" in page.content.decode()
        assert mail.outbox == []
        tasks.mail_accounts()
        (message,) = mail.outbox
        assert message.to == ["mira@hospital.example"]
        assert invitation_path(page).split("key=")[1] in message.body

    def test_without_an_address_nothing_is_mailed(self, as_davi):
        as_davi.post("/people/new/", {**FORM, "email": ""})
        tasks.mail_accounts()
        assert mail.outbox == []

    def test_without_a_mail_server_the_link_is_shown(self, as_davi, settings):
        settings.HAS_MAIL_SERVER = False
        response = as_davi.post("/people/new/", FORM)
        assert "This site has no mail server" in response.content.decode()
        assert "queued" not in response.content.decode()
        assert invitation_path(response)
        assert not AccountMail.objects.exists()

    def test_links_use_the_configured_address(self, as_davi, settings):
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
    def test_an_error_is_shown_at_its_field(self, as_davi, ana, change, field):
        response = as_davi.post("/people/new/", {**FORM, **change})
        assert response.status_code == 400
        assert field in response.context["form"].errors
        assert not User.objects.filter(first_name="Mira").exists()

    def test_a_new_link_is_shown_before_acceptance(self, as_davi, invitation):
        assert invitation_path(as_davi.post(f"/people/{invitation.user.pk}/link/"))

    def test_a_link_after_acceptance_is_mailed(self, as_davi, ana, settings):
        User.objects.filter(pk=ana.pk).update(email="ana@hospital.example")
        as_davi.post(f"/people/{ana.pk}/link/")
        tasks.mail_accounts()
        assert f"{settings.SITE_URL}/password/new/" in mail.outbox[0].body

    def test_a_link_after_acceptance_is_in_the_audit_trail(self, as_davi, ana, davi):
        User.objects.filter(pk=ana.pk).update(email="ana@hospital.example")
        as_davi.post(f"/people/{ana.pk}/link/")
        event = AuditEvent.objects.get(action="people.password_reset")
        assert (event.actor, event.object_id) == (davi, str(ana.pk))

    def test_a_deactivated_person_gets_no_link(self, as_davi, ana):
        User.objects.filter(pk=ana.pk).update(email="ana@hospital.example", is_active=False)
        as_davi.post(f"/people/{ana.pk}/link/")
        tasks.mail_accounts()
        assert not mail.outbox
        assert not AuditEvent.objects.filter(action="people.password_reset").exists()

    def test_a_link_after_acceptance_is_never_shown(self, as_davi, ana):
        User.objects.filter(pk=ana.pk).update(email="ana@hospital.example")
        page = as_davi.post(f"/people/{ana.pk}/link/", follow=True).content.decode()
        assert "/password/new/" not in page
        assert "sesame" not in page

    def test_without_an_address_the_page_shows_a_message(self, as_davi, ana):
        response = as_davi.post(f"/people/{ana.pk}/link/")
        (warning,) = get_messages(response.wsgi_request)
        assert "No e-mail can be sent" in str(warning)

    def test_ending_access_ends_the_session(self, as_davi, ana):
        ana_client = Client()
        ana_client.post(sign_in.link(ana, ""))
        assert ana_client.get("/api/me/").status_code == 200
        as_davi.post(f"/people/{ana.pk}/end/")
        assert ana_client.get("/api/me/").status_code == 401

    def test_ending_access_deletes_the_stored_session(self, as_davi, ana):
        ana_client = Client()
        ana_client.post(sign_in.link(ana, ""))
        key = str(ana_client.session.session_key)
        as_davi.post(f"/people/{ana.pk}/end/")
        assert not ana_client.session.exists(key)

    def test_ending_access_revokes_the_tokens(self, as_davi, ana):
        tokens.make(user=ana, actor=ana, now=timezone.now())
        as_davi.post(f"/people/{ana.pk}/end/")
        assert not get_token_model().objects.exists()


EXTRA_FIELDS = {
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


class TestPrivilegeEscalation:
    def test_extra_fields_of_an_invitation_are_ignored(self, as_davi):
        as_davi.post("/people/new/", {**FORM, **EXTRA_FIELDS})
        mira = User.objects.get(username="mira")
        assert (mira.is_staff, mira.is_superuser, mira.is_active) == (False, False, False)
        assert roles_of(mira) == ["reader"]
        assert not mira.user_permissions.exists()
        assert not mira.has_usable_password()

    def test_a_second_role_of_an_invitation_is_ignored(self, as_davi):
        as_davi.post("/people/new/", {**FORM, "role": ["coordinator", "reader"]})
        assert roles_of(User.objects.get(username="mira")) == ["reader"]

    @pytest.mark.parametrize("action", ["link", "end", "second-factor"])
    def test_extra_fields_of_an_action_are_ignored(self, as_davi, ana, action):
        before = (ana.is_staff, ana.is_superuser, ana.password, roles_of(ana))
        as_davi.post(f"/people/{ana.pk}/{action}/", EXTRA_FIELDS)
        ana.refresh_from_db()
        assert (ana.is_staff, ana.is_superuser, ana.password, roles_of(ana)) == before

    def test_extra_fields_of_an_acceptance_are_ignored(self, as_davi):
        address = invitation_path(as_davi.post("/people/new/", FORM))
        form = {"password1": PASSWORD, "password2": PASSWORD}
        Client().post(address, {**EXTRA_FIELDS, **form, "username": "root"})
        mira = User.objects.get(username="mira")
        assert (mira.is_staff, mira.is_superuser, roles_of(mira)) == (False, False, ["reader"])

    @pytest.mark.parametrize("action", ["", "link/", "end/", "second-factor/"])
    @pytest.mark.parametrize("above", ["coordinator", "staff", "superuser", "themselves"])
    def test_people_with_more_rights_cannot_be_changed(
        self, as_davi, davi, make_user, action, above
    ):
        target = davi if above == "themselves" else make_user("Target", Role.READER)
        if above == "coordinator":
            members.change(username="target", roles=[Role.READER, Role.COORDINATOR])
        User.objects.filter(pk=target.pk).update(
            is_staff=above == "staff", is_superuser=above == "superuser"
        )
        address = f"/people/{target.pk}/{action}"
        response = as_davi.post(address) if action else as_davi.get(address)
        target.refresh_from_db()
        assert (response.status_code, target.is_active) == (404, True)

    def test_the_permission_alone_gives_access(self, signed_in, eva):
        eva.user_permissions.add(Permission.objects.get(codename="invite_user"))
        assert signed_in(eva).get("/people/").status_code == 200


def test_a_person_has_five_tokens_at_most(ana):
    for _ in range(5):
        tokens.make(user=ana, actor=ana, now=timezone.now())
    with pytest.raises(tokens.TooManyTokens):
        tokens.make(user=ana, actor=ana, now=timezone.now())


def test_a_sixth_token_is_refused_with_409(signed_in, ana):
    for _ in range(5):
        tokens.make(user=ana, actor=ana, now=timezone.now())
    response = signed_in(ana).post("/api/tokens/", {}, content_type="application/json")
    assert (response.status_code, response.json()["type"][-15:]) == (409, "too-many-tokens")


def test_an_expired_token_does_not_count(ana, now):
    for _ in range(5):
        tokens.make(user=ana, actor=ana, now=timezone.now())
    get_token_model().objects.update(expiry=now - timedelta(days=400))
    assert tokens.make(user=ana, actor=ana, now=timezone.now())


def test_the_list_needs_a_constant_number_of_queries(as_davi, make_user):
    def n_queries():
        with CaptureQueriesContext(connection) as queries:
            as_davi.get("/people/")
        return len(queries)

    few = n_queries()
    for number in range(5):
        make_user(f"Reader{number}", Role.READER)
    assert n_queries() == few


class TestAuditTrail:
    def events(self):
        return list(AuditEvent.objects.order_by("pk").values_list("action", "actor__username"))

    def test_records_who_invited_whom(self, as_davi):
        as_davi.post("/people/new/", FORM)
        event = AuditEvent.objects.get(action="people.invited")
        assert (event.actor_name, event.object_id) == (
            "davi",
            str(User.objects.get(username="mira").pk),
        )

    def test_contains_no_invitation_key(self, as_davi):
        key = invitation_path(as_davi.post("/people/new/", FORM)).split("key=")[1]
        assert all(key not in str(values) for values in AuditEvent.objects.values_list())

    def test_distinguishes_withdrawal_from_deactivation(self, invitation, ana, davi, now):
        members.deactivate(actor=davi, user_id=invitation.user.pk, now=now)
        members.deactivate(actor=davi, user_id=ana.pk, now=now)
        assert self.events()[-2:] == [
            ("people.invitation_withdrawn", "davi"),
            ("people.deactivated", "davi"),
        ]

    def test_records_an_acceptance(self, invitation, now):
        members.accept(key=invitation.key, password=PASSWORD, now=now)
        assert self.events()[-1] == ("people.accepted", "mira")

    def test_records_a_second_factor_reset(self, ana, davi, now):
        members.reset_second_factor(actor=davi, user_id=ana.pk, now=now)
        assert self.events()[-1] == ("session.mfa_reset", "davi")

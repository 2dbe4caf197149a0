"""Signing in: lockout, enumeration, second factors, sessions."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.contrib.auth import hashers
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache, caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotations import tasks
from annotations.models import AuditEvent, Role, User
from annotations.services.people import members, sign_in, tokens
from ecgreview.site import sessions

pytestmark = pytest.mark.django_db

PASSWORD = "sinus rhythm at dawn"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def quick_hashes(settings):
    """Use a cheap hash: the tests count hashes, and do not depend on their strength."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def with_a_mail_server(settings):
    settings.HAS_MAIL_SERVER = True


@pytest.fixture
def ana(make_user):
    """A reader with a password and an e-mail address."""
    ana = make_user("Ana", Role.READER)
    ana.set_password(PASSWORD)
    ana.email = "ana@hospital.example"
    ana.save()
    return ana


@pytest.fixture
def with_app(ana, rf):
    """Ana, with an authenticator app and recovery codes."""
    totp.TOTP.activate(ana, SECRET)
    RecoveryCodes.activate(ana)
    return ana


@pytest.fixture
def frozen_clock(monkeypatch):
    """The time in seconds that authenticator codes are computed for, as a one-item list."""
    now_s = [1_800_000_000]
    monkeypatch.setattr(totp.time, "time", lambda: now_s[0])
    return now_s


def code(at=None):
    """Return the code that the authenticator app shows at ``at``."""
    counter = int(time.time() if at is None else at) // 30
    return totp.format_hotp_value(totp.hotp_value(SECRET, counter))


def sign_in_with(client, login="ana", password=PASSWORD, **extra):
    return client.post("/sign-in/", {"login": login, "password": password}, **extra)


def is_signed_in(client):
    return client.get("/api/me/").status_code == 200


def first_group(pattern, text):
    """Return the first group of the first match of ``pattern``; fail if there is none."""
    match = re.search(pattern, str(text))
    assert match, f"no {pattern} in {text}"
    return match[1]


def raw_cache():
    """Return the Redis client of the cache."""
    return caches["default"]._cache.get_client(None)  # type: ignore[attr-defined]


def comparable(response):
    """Return status, text and headers of a response without CSRF token and expiry date."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", response.content.decode())
    headers = {name: value for name, value in response.headers.items() if name != "Expires"}
    return response.status_code, text, headers


class TestPassword:
    def test_the_right_password_signs_in(self, client, ana):
        assert sign_in_with(client).status_code == 302
        assert is_signed_in(client)

    def test_the_password_is_compared_exactly(self, client, ana):
        assert sign_in_with(client, password=PASSWORD.upper()).status_code == 400
        assert sign_in_with(client, password=PASSWORD + " ").status_code == 400

    def test_signing_in_leads_to_the_requested_page(self, client, ana):
        form = {"login": "ana", "password": PASSWORD, "next": "/account/"}
        assert client.post("/sign-in/", form).url == "/account/"

    @pytest.mark.parametrize(
        "place", ["https://evil.example/", "//evil.example", "/\\evil.example"]
    )
    def test_signing_in_never_leads_to_another_site(self, client, ana, place):
        form = {"login": "ana", "password": PASSWORD, "next": place}
        assert client.post("/sign-in/", form).url == "/"

    def test_signing_in_changes_the_session_key(self, client, ana):
        client.get("/account/app/on/")
        session = client.session
        session["before"] = True
        session.save()
        client.cookies["session"] = session.session_key
        sign_in_with(client)
        assert client.session.session_key != session.session_key

    def test_the_session_stores_no_password(self, client, ana):
        sign_in_with(client)
        stored = " ".join(str(session.get_decoded()) for session in Session.objects.all())
        assert PASSWORD not in stored

    def test_an_old_cookie_is_void_after_signing_out(self, client, ana):
        sign_in_with(client)
        old = client.cookies["session"].value
        client.post("/sign-out/")
        client.cookies["session"] = old
        assert not is_signed_in(client)

    def test_signing_out_clears_the_cache_but_not_the_storage(self, client, ana):
        sign_in_with(client)
        assert client.post("/sign-out/").headers["Clear-Site-Data"] == '"cache"'

    def test_passwords_are_hashed_with_argon2id(self, settings, db):
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
        assert hashers.make_password(PASSWORD).startswith("argon2$argon2id$")


class TestLockout:
    def fail(self, client, login="ana", times=5, **extra):
        for _ in range(times):
            response = sign_in_with(client, login, "not the password", **extra)
        return response

    def test_the_sixth_attempt_is_refused(self, client, ana):
        self.fail(client)
        response = sign_in_with(client)
        assert response.status_code == 400
        assert "Too many attempts" in response.content.decode()
        assert not is_signed_in(client)

    def test_four_failures_do_not_lock_out(self, client, ana):
        self.fail(client, times=4)
        sign_in_with(client)
        assert is_signed_in(client)

    def test_attempts_count_across_spellings_of_the_name(self, client, ana):
        self.fail(client, "ANA", times=3)
        self.fail(client, "Ana", times=2)
        assert "Too many attempts" in sign_in_with(client).content.decode()

    def test_attempts_from_one_address_do_not_lock_out_another(self, client, ana):
        self.fail(client, REMOTE_ADDR="192.0.2.7")
        sign_in_with(client, REMOTE_ADDR="192.0.2.8")
        assert is_signed_in(client)

    def test_attempts_for_one_name_do_not_lock_out_another(self, client, ana, make_user):
        self.fail(client, "bruno")
        sign_in_with(client)
        assert is_signed_in(client)

    def test_an_address_that_tries_many_names_is_locked_out(self, client, ana):
        for number in range(30):
            self.fail(client, f"name{number}", times=1)
        assert "Too many attempts" in sign_in_with(client).content.decode()

    def test_a_forged_forwarding_header_does_not_help(self, client, ana):
        for number in range(5):
            self.fail(client, times=1, headers={"X-Forwarded-For": f"192.0.2.{number}"})
        assert "Too many attempts" in sign_in_with(client).content.decode()

    def test_the_forwarding_header_of_a_trusted_proxy_counts(self, client, ana, settings):
        settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
        self.fail(client, headers={"X-Forwarded-For": "203.0.113.9, 192.0.2.7"})
        sign_in_with(client, headers={"X-Forwarded-For": "203.0.113.9, 192.0.2.8"})
        assert is_signed_in(client)

    def test_a_lockout_ends_after_five_minutes(self, client, ana, monkeypatch):
        self.fail(client)
        started = time.time()
        monkeypatch.setattr("allauth.core.internal.ratelimit.time.time", lambda: started + 301)
        sign_in_with(client)
        assert is_signed_in(client)

    def test_attempts_are_counted_without_storing_names(self, client, ana):
        self.fail(client)
        redis = raw_cache()
        prefix = cache.key_prefix
        keys = b" ".join(redis.scan_iter(f"{prefix}*"))
        assert keys
        assert b"ana" not in keys.lower().replace(prefix.encode(), b"")


class TestEnumeration:
    def test_an_unknown_name_is_answered_like_a_wrong_password(self, client, ana):
        known_response = sign_in_with(Client(), "ana", "not the password")
        unknown = sign_in_with(Client(), "ned", "not the password")
        same = [part if isinstance(part, int) else str(part) for part in comparable(unknown)]
        assert [str(part).replace("ned", "ana") for part in same] == [
            str(part) for part in comparable(known_response)
        ]

    def test_a_deactivated_person_is_answered_like_a_wrong_password(self, ana):
        members.change(username="ana", is_active=False)
        wrong, right = sign_in_with(Client(), password="not the password"), sign_in_with(Client())
        assert comparable(wrong) == comparable(right)

    def test_a_locked_unknown_name_is_answered_like_a_locked_person(self, ana):
        for name in ("ana", "ned"):
            for _ in range(5):
                sign_in_with(Client(), name, "not the password")
        known_response, unknown = sign_in_with(Client(), "ana"), sign_in_with(Client(), "ned")
        assert [str(x) for x in comparable(known_response)] == [
            str(x).replace("ned", "ana") for x in comparable(unknown)
        ]

    @pytest.mark.parametrize("case", ["unknown", "left", "invited", "by link only"])
    def test_each_kind_of_failure_computes_as_many_hashes(self, ana, monkeypatch, now, case):
        # Hashing dominates the response time.
        names = {"unknown": "ned", "left": "lea", "invited": "ina", "by link only": "lou"}
        for name in ("lea", "lou"):
            members.create(username=name, roles=[Role.READER])
        lea = User.objects.get(username="lea")
        lea.set_password(PASSWORD)
        lea.is_active = False
        lea.save()
        User.objects.create(username="ina", password=members.INVITED + "x" * 40, is_active=False)

        hashed: list[str] = []
        honest = hashers.MD5PasswordHasher.encode

        def counted(self, password, salt):
            hashed.append(salt)
            return honest(self, password, salt)

        monkeypatch.setattr(hashers.MD5PasswordHasher, "encode", counted)
        sign_in_with(Client(), "ana", "not the password")
        n_known = len(hashed)
        hashed.clear()
        sign_in_with(Client(), names[case], "not the password")
        assert len(hashed) == n_known

    def test_an_unknown_address_is_answered_like_a_known_one(self, client, ana):
        with CaptureQueriesContext(connection) as of_known:
            known_response = client.post("/password/forgotten/", {"email": "ana@hospital.example"})
        with CaptureQueriesContext(connection) as of_unknown:
            unknown = client.post("/password/forgotten/", {"email": "ned@hospital.example"})
        assert comparable(known_response) == comparable(unknown)
        assert len(of_known) == len(of_unknown)
        assert mail.outbox == []
        tasks.mail_accounts()
        assert [letter.to for letter in mail.outbox] == [["ana@hospital.example"]]


class TestPasswordReset:
    def address(self):
        return first_group(settings.SITE_URL + r"(/password/new/\S+)", mail.outbox[-1].body)

    def ask(self, client):
        client.post("/password/forgotten/", {"email": "ana@hospital.example"})
        tasks.mail_accounts()
        return client.get(self.address()).url

    def test_the_link_sets_a_new_password(self, client, ana):
        form = self.ask(client)
        client.post(
            form, {"password1": "a different long one", "password2": "a different long one"}
        )
        ana.refresh_from_db()
        assert ana.check_password("a different long one")

    def test_the_link_works_once(self, client, ana):
        form = self.ask(client)
        client.post(
            form, {"password1": "a different long one", "password2": "a different long one"}
        )
        assert "no longer works" in Client().get(self.address()).content.decode()

    def test_a_weak_password_is_refused(self, client, ana):
        response = client.post(self.ask(client), {"password1": "short", "password2": "short"})
        assert response.status_code == 400

    def test_a_reset_does_not_sign_in(self, client, ana):
        form = self.ask(client)
        client.post(
            form, {"password1": "a different long one", "password2": "a different long one"}
        )
        assert not is_signed_in(client)

    def test_a_reset_keeps_the_second_factor(self, client, with_app):
        form = self.ask(client)
        client.post(
            form, {"password1": "a different long one", "password2": "a different long one"}
        )
        assert (
            sign_in_with(client, password="a different long one").url == "/sign-in/second-factor/"
        )

    def test_a_deactivated_person_gets_no_mail(self, client, ana):
        members.change(username="ana", is_active=False)
        client.post("/password/forgotten/", {"email": "ana@hospital.example"})
        tasks.mail_accounts()
        assert mail.outbox == []

    def test_without_a_mail_server_the_page_shows_a_message(self, client, ana, settings):
        settings.HAS_MAIL_SERVER = False
        form = {"email": "ana@hospital.example"}
        page = client.post("/password/forgotten/", form, follow=True).content.decode()
        assert "This site does not send e-mail" in page
        assert "on its way" not in page

    def test_changing_the_password_ends_other_sessions(self, client, ana):
        other = Client()
        sign_in_with(other)
        sign_in_with(client)
        new = "a different long one"
        form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
        assert client.post("/account/password/", form).status_code == 302
        assert (is_signed_in(client), is_signed_in(other)) == (True, False)

    def test_changing_the_password_requires_the_old_one(self, client, ana):
        sign_in_with(client)
        new = "a different long one"
        form = {"oldpassword": "wrong", "password1": new, "password2": new}
        assert client.post("/account/password/", form).status_code == 400


class TestSecondFactor:
    def test_a_password_alone_does_not_sign_in(self, client, with_app):
        assert sign_in_with(client).url == "/sign-in/second-factor/"
        assert not is_signed_in(client)

    def test_a_code_signs_in(self, client, with_app, frozen_clock):
        sign_in_with(client)
        client.post("/sign-in/second-factor/", {"code": code(frozen_clock[0])})
        assert is_signed_in(client)

    def test_a_wrong_code_does_not_sign_in(self, client, with_app, frozen_clock):
        sign_in_with(client)
        response = client.post("/sign-in/second-factor/", {"code": code(frozen_clock[0] + 300)})
        assert response.status_code == 400
        assert not is_signed_in(client)

    def test_a_code_works_once(self, client, with_app, frozen_clock):
        sign_in_with(client)
        client.post("/sign-in/second-factor/", {"code": code(frozen_clock[0])})
        other = Client()
        sign_in_with(other)
        other.post("/sign-in/second-factor/", {"code": code(frozen_clock[0])})
        assert not is_signed_in(other)

    @pytest.mark.parametrize("later_s", [-30, 30])
    def test_a_code_works_for_thirty_seconds(self, client, with_app, frozen_clock, later_s):
        sign_in_with(client)
        client.post("/sign-in/second-factor/", {"code": code(frozen_clock[0] + later_s)})
        assert not is_signed_in(client)

    def test_a_sixth_code_is_refused(self, client, with_app, frozen_clock):
        sign_in_with(client)
        for _ in range(5):
            client.post("/sign-in/second-factor/", {"code": "000000"})
        response = client.post("/sign-in/second-factor/", {"code": code(frozen_clock[0])})
        assert "Too many attempts" in response.content.decode()

    def test_a_recovery_code_works_once(self, client, with_app):
        recovery = Authenticator.objects.get(user=with_app, type="recovery_codes").wrap()
        (first, *_) = recovery.get_unused_codes()
        signed_in = []
        for browser in (client, Client()):
            sign_in_with(browser)
            browser.post("/sign-in/second-factor/", {"code": first})
            signed_in.append(is_signed_in(browser))
        assert signed_in == [True, False]

    def test_a_one_time_link_requires_the_code_too(self, client, with_app, frozen_clock):
        assert client.post(sign_in.link(with_app, "")).url == "/sign-in/second-factor/"
        assert not is_signed_in(client)
        client.post("/sign-in/second-factor/", {"code": code(frozen_clock[0])})
        assert is_signed_in(client)

    def test_giving_up_leads_back_to_the_sign_in_page(self, client, with_app):
        sign_in_with(client)
        assert client.post("/sign-out/", {"next": "/sign-in/"}).url == "/sign-in/"
        assert client.get("/sign-in/").status_code == 200

    def test_the_code_changes_the_session_key(self, client, with_app, frozen_clock):
        sign_in_with(client)
        before = client.session.session_key
        client.post("/sign-in/second-factor/", {"code": code(frozen_clock[0])})
        assert client.session.session_key != before

    def test_the_secret_is_encrypted_in_the_database(self, with_app):
        stored = Authenticator.objects.get(user=with_app, type="totp").data["secret"]
        assert SECRET not in stored

    def test_a_secret_can_be_decrypted_with_a_former_key(
        self, with_app, settings, client, frozen_clock
    ):
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "another key of the site " * 4
        sign_in_with(client)
        client.post("/sign-in/second-factor/", {"code": code(frozen_clock[0])})
        assert is_signed_in(client)

    def test_setting_up_an_app_requires_the_password_again(self, client, ana):
        sign_in_with(client)
        assert client.get("/account/app/on/").url.startswith("/account/confirm/")

    def test_a_coordinator_can_remove_it(self, client, with_app, davi, frozen_clock):
        ana_client = Client()
        sign_in_with(ana_client)
        ana_client.post("/sign-in/second-factor/", {"code": code(frozen_clock[0])})
        client.force_login(davi, backend="django.contrib.auth.backends.ModelBackend")
        client.post(f"/people/{with_app.pk}/second-factor/")
        assert not Authenticator.objects.filter(user=with_app).exists()
        assert not is_signed_in(ana_client)


class TestRequiredSecondFactor:
    @pytest.fixture(autouse=True)
    def required_for_coordinators(self, settings):
        settings.MFA_ROLES = ["coordinator"]

    @pytest.fixture
    def as_davi(self, signed_in, davi):
        return signed_in(davi)

    @pytest.mark.parametrize(
        "address", ["/studies/", "/people/", "/account/sessions/", "/worklist/"]
    )
    def test_every_page_redirects_to_the_account(self, as_davi, address):
        assert as_davi.get(address).url == "/account/"

    @pytest.mark.parametrize("address", ["/account/", "/account/app/on/", "/account/passkeys/new/"])
    def test_the_setup_pages_are_accessible(self, as_davi, address):
        assert as_davi.get(address).status_code == 200

    def test_signing_out_is_possible(self, as_davi):
        assert as_davi.post("/sign-out/").url == "/"

    def test_the_api_refuses_the_session(self, as_davi):
        response = as_davi.get("/api/studies/")
        assert response.status_code == 403
        assert response.json()["type"].endswith("second-factor-missing")

    def test_the_api_refuses_a_token(self, client, davi):
        secret, _ = tokens.make(user=davi, actor=davi, now=timezone.now())
        headers = {"Authorization": f"Token {secret}"}
        assert client.get("/api/me/", headers=headers).status_code == 403

    def test_the_admin_redirects_to_the_account(self, client, db):
        root = User.objects.create_superuser("root", password=None)
        client.force_login(root, backend="django.contrib.auth.backends.ModelBackend")
        assert client.get("/admin/").url == "/account/"

    def test_with_a_second_factor_pages_open(self, as_davi, davi, rf):
        totp.TOTP.activate(davi, SECRET)
        assert as_davi.get("/studies/").status_code == 200

    def test_recovery_codes_alone_are_not_enough(self, as_davi, davi):
        RecoveryCodes.activate(davi)
        assert as_davi.get("/studies/").url == "/account/"

    def test_readers_need_none(self, signed_in, bruno):
        assert signed_in(bruno).get("/worklist/").status_code == 200

    def test_a_reader_who_coordinates_needs_one(self, signed_in, make_user):
        gil = make_user("Gil", Role.READER, Role.COORDINATOR)
        assert signed_in(gil).get("/worklist/").url == "/account/"

    def test_enrolling_opens_the_pages(self, client, davi, frozen_clock):
        as_davi = client
        as_davi.post(sign_in.link(davi, ""))
        page = as_davi.get("/account/app/on/").content.decode()
        secret = first_group(r"data-secret>(\w+)<", page)
        app_code = totp.format_hotp_value(totp.hotp_value(secret, frozen_clock[0] // 30))
        assert as_davi.post("/account/app/on/", {"code": app_code}).url == "/account/codes/"
        assert "data-codes" in as_davi.get("/account/codes/").content.decode()
        assert "data-codes" not in as_davi.get("/account/codes/").content.decode()
        assert as_davi.get("/studies/").status_code == 200


class TestAdminSignIn:
    def test_redirects_to_the_sign_in_page(self, client):
        assert client.get("/admin/login/").url.startswith("/sign-in/")

    def test_does_not_sign_in(self, client, ana):
        User.objects.filter(pk=ana.pk).update(is_staff=True)
        client.post("/admin/login/", {"username": "ana", "password": PASSWORD})
        assert not is_signed_in(client)


class TestSessions:
    @pytest.fixture
    def move_clock(self, monkeypatch):
        began = timezone.now()

        def move(**span):
            monkeypatch.setattr(timezone, "now", lambda: began + timedelta(**span))

        move()
        return move

    @pytest.fixture(autouse=True)
    def limits(self, settings, monkeypatch):
        settings.SESSION_IDLE_S, settings.SESSION_ABSOLUTE_S = 3600, 12 * 3600
        monkeypatch.setattr(sessions, "SEEN_STEP_S", 60)

    @pytest.mark.parametrize(("minutes", "is_alive"), [(59, True), (61, False)])
    def test_a_session_ends_after_an_hour_without_requests(
        self, client, ana, move_clock, minutes, is_alive
    ):
        sign_in_with(client)
        move_clock(minutes=minutes)
        assert is_signed_in(client) is is_alive

    def test_requests_keep_a_session_alive(self, client, ana, move_clock):
        sign_in_with(client)
        for minutes in range(0, 300, 50):
            move_clock(minutes=minutes)
            assert is_signed_in(client)

    def test_a_session_ends_after_twelve_hours_in_any_case(self, client, ana, move_clock):
        sign_in_with(client)
        for minutes in range(0, 12 * 60, 50):
            move_clock(minutes=minutes)
            assert is_signed_in(client)
        move_clock(hours=12)
        assert not is_signed_in(client)

    def test_an_expired_session_is_deleted(self, client, ana, move_clock):
        sign_in_with(client)
        move_clock(hours=2)
        is_signed_in(client)
        assert not Session.objects.exists()

    def test_a_page_redirects_to_sign_in_after_expiry(self, client, ana, move_clock):
        sign_in_with(client)
        move_clock(hours=2)
        assert client.get("/worklist/").url == "/sign-in/?next=/worklist/"

    def test_the_desk_gets_401_after_expiry(self, client, ana, assign, move_clock):
        assignment = assign(ana)
        sign_in_with(client)
        move_clock(hours=2)
        draft = {"based_on": 0, "content": {"findings": [], "quality": "good", "comment": ""}}
        response = client.put(
            f"/api/assignments/{assignment.pk}/draft/", draft, content_type="application/json"
        )
        assert response.status_code == 401

    def test_a_session_without_timestamps_has_expired(self, client, ana):
        sign_in_with(client)
        session = client.session
        del session["began_at"], session["seen_at"]
        session.save()
        assert not is_signed_in(client)

    def test_own_sessions_are_listed(self, client, ana):
        sign_in_with(client, headers={"User-Agent": "Firefox in ward 3"})
        assert "Firefox in ward 3" in client.get("/account/sessions/").content.decode()

    def test_other_own_sessions_can_be_ended(self, client, ana):
        other = Client()
        sign_in_with(other)
        sign_in_with(client)
        client.post("/account/sessions/")
        assert (is_signed_in(client), is_signed_in(other)) == (True, False)

    def test_sessions_of_others_are_not_listed(self, client, ana, signed_in, bruno):
        sign_in_with(Client(), headers={"User-Agent": "Firefox in ward 3"})
        page = signed_in(bruno).get("/account/sessions/").content.decode()
        assert "ward 3" not in page


class TestWithoutCache:
    @pytest.fixture(autouse=True)
    def down(self, settings):
        default = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
        settings.CACHES = {"default": default}

    def test_signing_in_is_unavailable(self, client, ana):
        response = sign_in_with(client)
        assert (response.status_code, response["Retry-After"]) == (503, "30")
        assert "Sign-in is unavailable" in response.content.decode()
        assert not is_signed_in(client)

    def test_codes_are_not_accepted(self, client, with_app, settings):
        client.post(sign_in.link(with_app, ""))
        response = client.post("/sign-in/second-factor/", {"code": code()})
        assert response.status_code == 503
        assert not is_signed_in(client)

    def test_signed_in_people_can_continue(self, signed_in, ana):
        client = signed_in(ana)
        assert client.get("/worklist/").status_code == 200
        assert is_signed_in(client)

    def test_the_sign_in_page_is_shown(self, client):
        assert client.get("/sign-in/").status_code == 200


def test_the_cache_holds_json_only(db):
    cache.set("probe", [1.5, "text"])
    raw = raw_cache().get(cache.make_key("probe"))
    assert raw == b'[1.5, "text"]'
    assert cache.get("probe") == [1.5, "text"]


@pytest.mark.parametrize(
    "address", ["/sign-in/", "/account/", "/account/sessions/", "/password/forgotten/"]
)
def test_account_pages_are_not_cached(signed_in, ana, address):
    response = signed_in(ana).get(address)
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize(
    "address",
    ["/sign-in/", "/password/forgotten/", "/people/new/", "/account/app/on/", "/invitation/"],
)
def test_a_form_without_csrf_token_is_refused(davi, address):
    client = Client(enforce_csrf_checks=True)
    client.force_login(davi, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(address).status_code == 403


def test_logs_contain_no_names(client, ana, caplog):
    sign_in_with(client, password="not the password")
    sign_in_with(client)
    client.post("/password/forgotten/", {"email": "ana@hospital.example"})
    assert "ana" not in caplog.text


class TestAuditTrail:
    def actions(self, user):
        events = AuditEvent.objects.filter(object_type="user", object_id=str(user.pk))
        own_events = events.exclude(action="people.created").order_by("pk")
        return list(own_events.values_list("action", flat=True))

    def test_records_signing_in_and_out(self, client, ana):
        sign_in_with(client)
        client.post("/sign-out/")
        assert self.actions(ana) == ["session.signed_in", "session.signed_out"]

    def test_records_failed_attempts_and_lockouts(self, client, ana):
        for _ in range(6):
            sign_in_with(client, password="not the password")
        assert self.actions(ana) == ["session.sign_in_failed"] * 5 + ["session.locked_out"]

    def test_stores_nothing_that_was_typed(self, client, ana):
        sign_in_with(client, login="my password is swordfish", password="swordfish")
        assert AuditEvent.objects.filter(action="session.sign_in_failed").exists()
        assert all("swordfish" not in str(event) for event in AuditEvent.objects.values_list())

    def test_records_a_changed_password(self, client, ana):
        sign_in_with(client)
        new = "a different long one"
        form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
        client.post("/account/password/", form)
        assert self.actions(ana)[-1] == "people.password_changed"

    @pytest.mark.django_db(transaction=True)
    def test_records_a_new_authenticator_app(self, client, make_user, frozen_clock, settings):
        mira = make_user("Mira", Role.READER)
        client.post(sign_in.link(mira, ""))
        page = client.get("/account/app/on/").content.decode()
        secret = first_group(r"data-secret>(\w+)<", page)
        app_code = totp.format_hotp_value(totp.hotp_value(secret, frozen_clock[0] // 30))
        client.post("/account/app/on/", {"code": app_code})
        assert "session.mfa_added" in self.actions(mira)


def test_session_locations_are_deleted_with_their_sessions(client, ana):
    sign_in_with(client)
    assert sign_in.delete_ended_sessions() == 0
    Session.objects.all().delete()
    assert sign_in.delete_ended_sessions() == 1

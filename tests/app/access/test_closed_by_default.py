"""A fresh installation lets nobody in, and says nothing it need not say."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.test import Client

from annotations.models import User
from tests.app.access.world import parameters

WORDS = (
    "signup",
    "sign-up",
    "register",
    "registration",
    "join",
    "password_reset",
    "create-account",
)

NAMES = ("admin", "root", "user", "test", "demo", "guest", "ana", "davi", "ecg", "administrator")
PASSWORDS = ("", "admin", "password", "12345678", "ecg", "changeme", "demo", "postgres", "letmein")
PAIRS = [(name, word) for name in NAMES for word in (*PASSWORDS, name)][:60]


def test_there_is_no_address_to_sign_up():
    assert not [name for name in parameters() if any(word in name.lower() for word in WORDS)]


@pytest.mark.parametrize("address", ["/sign-up/", "/signup/", "/register/", "/accounts/signup/"])
@pytest.mark.django_db
def test_signing_up_leads_nowhere(address):
    assert Client().post(address, {"username": "mallory"}).status_code == 404


@pytest.mark.django_db
def test_a_fresh_database_has_nobody_in_it():
    assert not User.objects.exists()


@pytest.mark.django_db
def test_no_default_login_works(ana, davi, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    client = Client()
    let_in = [pair for pair in PAIRS if client.login(username=pair[0], password=pair[1])]
    assert let_in == []


def start(**environment):
    """Load the settings in a process of its own; return what it says when it refuses."""
    kept = {key: os.environ[key] for key in ("PATH", "DATABASE_URL", "REDIS_URL")}
    code = "import ecgreview.settings"
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
        cwd=settings.BASE_DIR,
    )


STRONG = "kD8" + "4f9Jq2LmX7vBzR1tYpWc" * 3


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"SECRET_KEY": ""},
        {"SECRET_KEY": "short"},
        {"SECRET_KEY": "a" * 64},
        {"SECRET_KEY": "django-insecure-" + STRONG},
        {"SECRET_KEY": STRONG, "DEBUG": "1"},
    ],
)
def test_it_does_not_start(environment):
    process = start(**environment)
    assert process.returncode != 0
    assert "SECRET_KEY" in process.stderr or "DEBUG" in process.stderr


@pytest.mark.parametrize(
    "address", [None, "", "ecg.hospital.example", "https://", "https://ecg.example/below"]
)
def test_it_does_not_start_without_the_address_of_the_site(address):
    process = start(SECRET_KEY=STRONG, **({} if address is None else {"SITE_URL": address}))
    assert process.returncode != 0
    assert "SITE_URL" in process.stderr


def test_it_starts_with_a_strong_key():
    assert start(SECRET_KEY=STRONG, SITE_URL="https://ecg.hospital.example").returncode == 0


def test_its_cookies_travel_over_https_only():
    code = (
        "from ecgreview import settings as s;"
        "assert s.SESSION_COOKIE_SECURE and s.CSRF_COOKIE_SECURE and s.SECURE_SSL_REDIRECT;"
        "assert s.SECURE_HSTS_SECONDS and s.SESSION_COOKIE_HTTPONLY and not s.DEBUG"
    )
    kept = {key: os.environ[key] for key in ("PATH", "DATABASE_URL", "REDIS_URL")}
    environment = {**kept, "SECRET_KEY": STRONG, "SITE_URL": "https://ecg.hospital.example"}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, cwd=settings.BASE_DIR)


POLICY = (
    "base-uri 'none'; connect-src 'self'; default-src 'none'; font-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; img-src 'self' data:; manifest-src 'self'; "
    "script-src 'self'; style-src 'self'"
)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address", ["/", "/sign-in/", "/taxonomy/", "/api/docs/", "/api/classes/", "/nowhere/"]
)
def test_every_answer_carries_the_headers_that_protect_it(address, taxonomy):
    headers = Client().get(address).headers
    policy = "; ".join(sorted(headers["Content-Security-Policy"].split("; ")))
    assert policy == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.django_db
def test_what_is_personal_is_kept_in_no_cache(ana):
    client = Client()
    client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    for address in ("/api/me/", "/api/assignments/", "/api/readings/", "/worklist/"):
        assert "no-store" in client.get(address).headers["Cache-Control"], address


@pytest.mark.django_db
def test_an_unknown_host_is_refused():
    assert Client(headers={"Host": "evil.example"}).get("/").status_code == 400

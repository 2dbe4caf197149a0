"""Secure defaults: no sign-up, no default accounts, no weak keys, security headers."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.test import Client

from annotations.models import User
from tests.app.access.world import parameters

SIGN_UP_TERMS = (
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
PAIRS = [(name, part) for name in NAMES for part in (*PASSWORDS, name)][:60]


def test_no_address_allows_signing_up():
    assert not [
        name for name in parameters() if any(part in name.lower() for part in SIGN_UP_TERMS)
    ]


@pytest.mark.parametrize("address", ["/sign-up/", "/signup/", "/register/", "/accounts/signup/"])
@pytest.mark.django_db
def test_sign_up_addresses_are_not_found(address):
    assert Client().post(address, {"username": "mallory"}).status_code == 404


@pytest.mark.django_db
def test_a_fresh_database_has_no_users():
    assert not User.objects.exists()


@pytest.mark.django_db
def test_no_default_login_works(ana, davi, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    client = Client()
    accepted = [pair for pair in PAIRS if client.login(username=pair[0], password=pair[1])]
    assert accepted == []


def load_settings(**environment):
    """Load the settings in a subprocess and return the finished process."""
    inherited = {key: os.environ[key] for key in ("PATH", "DATABASE_URL", "REDIS_URL")}
    code = "import ecgreview.settings"
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**inherited, **environment},
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
def test_the_site_does_not_start_without_a_strong_secret_key(environment):
    process = load_settings(**environment)
    assert process.returncode != 0
    assert "SECRET_KEY" in process.stderr or "DEBUG" in process.stderr


@pytest.mark.parametrize(
    "address", [None, "", "ecg.hospital.example", "https://", "https://ecg.example/below"]
)
def test_the_site_does_not_start_without_a_valid_site_url(address):
    process = load_settings(SECRET_KEY=STRONG, **({} if address is None else {"SITE_URL": address}))
    assert process.returncode != 0
    assert "SITE_URL" in process.stderr


def test_the_site_starts_with_a_strong_key():
    assert load_settings(SECRET_KEY=STRONG, SITE_URL="https://ecg.hospital.example").returncode == 0


def test_cookies_are_sent_over_https_only():
    code = (
        "from ecgreview import settings as s;"
        "assert s.SESSION_COOKIE_SECURE and s.CSRF_COOKIE_SECURE and s.SECURE_SSL_REDIRECT;"
        "assert s.SECURE_HSTS_SECONDS and s.SESSION_COOKIE_HTTPONLY and not s.DEBUG"
    )
    inherited = {key: os.environ[key] for key in ("PATH", "DATABASE_URL", "REDIS_URL")}
    environment = {**inherited, "SECRET_KEY": STRONG, "SITE_URL": "https://ecg.hospital.example"}
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
def test_every_response_has_security_headers(address, taxonomy):
    headers = Client().get(address).headers
    policy = "; ".join(sorted(headers["Content-Security-Policy"].split("; ")))
    assert policy == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.django_db
def test_personal_responses_are_not_cached(ana):
    client = Client()
    client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    for address in ("/api/me/", "/api/assignments/", "/api/readings/", "/worklist/"):
        assert "no-store" in client.get(address).headers["Cache-Control"], address


@pytest.mark.django_db
def test_an_unknown_host_is_refused():
    assert Client(headers={"Host": "evil.example"}).get("/").status_code == 400

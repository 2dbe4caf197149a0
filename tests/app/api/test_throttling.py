"""Rate limits: per user when signed in, otherwise per IP address."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from rest_framework.test import APIClient

from annotations.api import throttling
from annotations.views.account import pages

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def low_limits(settings, monkeypatch):
    settings.API_REQUESTS_PER_MINUTE = 3
    settings.API_REQUESTS_PER_MINUTE_ANONYMOUS = 2
    monkeypatch.setattr(time, "time", lambda: 1_800_000_010.0)


@pytest.fixture
def browser_of():
    def make(user):
        client = APIClient()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make


def statuses(client, n, address="/api/me/", **headers):
    return [client.get(address, headers=headers).status_code for _ in range(n)]


def test_too_many_requests_get_429_until_the_minute_ends(browser_of, ana):
    client = browser_of(ana)
    assert statuses(client, 3) == [200, 200, 200]
    refusal = client.get("/api/me/")
    assert (refusal.status_code, refusal["Retry-After"]) == (429, "50")
    assert refusal["Content-Type"] == "application/problem+json"
    assert refusal.json()["type"] == "/api/docs/#throttled"


def test_the_limit_starts_over_each_minute(browser_of, ana, monkeypatch):
    client = browser_of(ana)
    statuses(client, 4)
    monkeypatch.setattr(time, "time", lambda: 1_800_000_070.0)
    assert client.get("/api/me/").status_code == 200


def test_users_behind_one_address_have_separate_limits(browser_of, ana, bruno):
    statuses(browser_of(ana), 4)
    assert statuses(browser_of(bruno), 3) == [200, 200, 200]


def test_anonymous_requests_do_not_limit_users_at_the_same_address(browser_of, ana, taxonomy):
    assert statuses(APIClient(), 3, "/api/classes/") == [200, 200, 429]
    assert browser_of(ana).get("/api/me/").status_code == 200


def test_guessing_tokens_is_limited():
    wrong = {"Authorization": f"Token {'0' * 64}"}
    assert statuses(APIClient(), 3, **wrong) == [401, 401, 429]


def test_without_valkey_requests_are_not_limited(browser_of, ana, settings, monkeypatch):
    monkeypatch.setattr(throttling, "_retry_redis_at", 0.0)
    down = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": down}
    assert statuses(browser_of(ana), 5) == [200] * 5


def test_concurrent_sign_ins_are_limited(rf, monkeypatch, settings):
    monkeypatch.setattr(pages, "ROOM_S", 0.01)
    inside, leave = threading.Barrier(settings.SIGN_INS_AT_ONCE + 1), threading.Event()

    def slow(request):
        if request.method == "POST":
            inside.wait(timeout=30)
            leave.wait(timeout=30)
        return HttpResponse("done")

    view = pages.account_view(pages.few_at_once(slow))

    def sign_in(method):
        request = getattr(rf, method)("/sign-in/")
        request.user = AnonymousUser()
        return view(request)

    with ThreadPoolExecutor() as pool:
        first = [pool.submit(sign_in, "post") for _ in range(settings.SIGN_INS_AT_ONCE)]
        inside.wait(timeout=30)
        refusal = sign_in("post")
        assert (refusal.status_code, refusal["Retry-After"]) == (429, "30")
        assert sign_in("get").status_code == 200
        leave.set()
        assert [future.result().content for future in first] == [b"done"] * len(first)

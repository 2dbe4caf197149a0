"""A statement timeout is answered with 503 and rolls the request back."""

from __future__ import annotations

import pytest
from django.db import connection
from django.urls import reverse

from annotations.models import Notice

pytestmark = pytest.mark.django_db


@pytest.fixture
def slow_database(monkeypatch):
    """Make each lookup of studies run a statement that exceeds its timeout."""

    def sleep(self, user):
        with connection.cursor() as cursor:
            cursor.execute("set local statement_timeout = '20ms'")
            cursor.execute("select pg_sleep(60)")

    monkeypatch.setattr("annotations.models.study.StudyQuerySet.visible_to", sleep)


def test_a_page_says_what_to_do(signed_in, davi, study, slow_database):
    answer = signed_in(davi).get(reverse("study", args=[study.slug]))
    page = answer.content.decode()
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert "This page took too long" in page
    assert "pg_sleep" not in page


def test_a_page_says_what_to_do_in_portuguese(signed_in, davi, study, slow_database):
    client = signed_in(davi)
    client.post("/language/", {"language": "pt-br"})
    answer = client.get(reverse("study", args=[study.slug]))
    assert "Esta página demorou demais" in answer.content.decode()


def test_the_api_returns_a_problem_of_its_own(signed_in, davi, study, slow_database):
    answer = signed_in(davi).get(reverse("api-study", args=[study.slug]))
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["type"].endswith("#timed-out")
    assert "smaller limit" in answer.json()["hint"]


def test_a_timeout_rolls_the_request_back(signed_in, davi, study, monkeypatch, now):
    def create_notice_and_sleep(self, user):
        Notice.objects.create(user=user, kind="batch_due", data={}, created_at=now)
        with connection.cursor() as cursor:
            cursor.execute("set local statement_timeout = '20ms'")
            cursor.execute("select pg_sleep(60)")

    monkeypatch.setattr(
        "annotations.models.study.StudyQuerySet.visible_to", create_notice_and_sleep
    )
    monkeypatch.setattr("annotations.row_security.ACT", "select %s::text")
    assert signed_in(davi).get(reverse("study", args=[study.slug])).status_code == 503
    assert not Notice.objects.exists()

"""Public parts of the API: classes, schema, docs, problems, tokens and CSRF."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from django.db import OperationalError
from knox.models import AuthToken
from openapi_spec_validator import validate
from rest_framework.test import APIClient

from annotations.api import openapi, problems
from annotations.models import AuditEvent, Taxonomy

PROBLEM = {"type", "title", "status", "detail", "field", "hint", "errors"}


@pytest.fixture
def anonymous():
    return APIClient()


@pytest.fixture
def as_ana(ana):
    client = APIClient()
    client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_there_are_66_classes_in_order(anonymous, taxonomy):
    classes = anonymous.get("/api/classes/").json()
    assert [item["position"] for item in classes] == list(range(1, 67))


def test_classes_come_from_the_newest_taxonomy(anonymous, taxonomy, now):
    Taxonomy.objects.create(
        name="Another", version="2", status="draft", banner="b", installed_at=now
    )
    assert anonymous.get("/api/classes/").json() == []


def test_classes_are_not_found_without_a_taxonomy(anonymous, db):
    assert anonymous.get("/api/classes/").status_code == 404


def test_the_schema_is_valid(signed_in, eva):
    validate(signed_in(eva).get("/api/schema/").json())


def test_the_schema_is_generated_without_a_warning(tmp_path):
    file = str(tmp_path / "schema.yaml")
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", file)


def test_the_docs_explain_every_operation(signed_in, eva):
    page = signed_in(eva).get("/api/docs/").content.decode()
    operations = [
        operation["operationId"]
        for methods in openapi.document()["paths"].values()
        for operation in methods.values()
    ]
    assert all(f'id="{operation}"' in page for operation in operations)


def test_the_docs_explain_every_refusal(signed_in, eva):
    page = signed_in(eva).get("/api/docs/").content.decode()
    assert all(f'id="{code}"' in page for code in problems.PROBLEMS)


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/api/me/", 401),
        ("GET", "/api/classes/?x=1", 400),
        ("DELETE", "/api/classes/", 405),
        ("GET", "/api/assignments/", 401),
    ],
)
def test_a_refusal_is_a_problem(anonymous, db, method, address, status):
    refusal = anonymous.generic(method, address)
    assert refusal.status_code == refusal.json()["status"] == status
    assert refusal.headers["Content-Type"] == "application/problem+json"
    assert set(refusal.json()) == PROBLEM


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/png", "*/*", ""])
def test_responses_are_json_whatever_is_accepted(anonymous, taxonomy, accept):
    response = anonymous.get("/api/classes/", headers={"Accept": accept})
    assert response.headers["Content-Type"] == "application/json"


def test_a_database_that_is_down_gives_503_with_retry_after(as_ana, monkeypatch):
    def down(*_args):
        raise OperationalError("connection to server at 10.0.0.7 failed")

    monkeypatch.setattr("annotations.desk_payloads.summary_payload", down)
    monkeypatch.setattr("annotations.api.paging.page", down)
    refusal = as_ana.get("/api/assignments/")
    assert (refusal.status_code, refusal.headers["Retry-After"]) == (503, "5")
    assert "10.0.0.7" not in refusal.content.decode()


class TestTokens:
    @pytest.fixture
    def token(self, as_ana):
        return as_ana.post("/api/tokens/", {}).json()["token"]

    def get_me(self, token):
        header = {"Authorization": f"Token {token}"}
        return APIClient().get("/api/me/", headers=header)

    def test_authenticate_a_program(self, token):
        assert self.get_me(token).json()["username"] == "ana"

    def test_expire_after_90_days(self, token):
        auth_token = AuthToken.objects.get()
        assert (auth_token.expiry - auth_token.created).days in {89, 90}

    def test_are_stored_as_a_digest_only(self, token):
        assert token not in json.dumps(list(AuthToken.objects.values()), default=str)

    def test_can_be_revoked(self, as_ana, token):
        assert as_ana.delete("/api/tokens/").status_code == 204
        assert self.get_me(token).status_code == 401

    def test_are_audited_when_made_and_deleted(self, as_ana, ana, token):
        for _ in range(2):  # the second call finds no token to delete
            as_ana.delete("/api/tokens/")
        events = AuditEvent.objects.filter(action__startswith="people.token").order_by("pk")
        recorded = [(event.action, event.actor, event.object_id) for event in events]
        subject = (ana, str(ana.pk))
        assert recorded == [("people.token_made", *subject), ("people.tokens_deleted", *subject)]
        assert token not in str(list(events.values()))

    def test_end_with_their_owner(self, ana, token):
        ana.is_active = False
        ana.save()
        assert self.get_me(token).status_code == 401

    def test_cannot_create_tokens(self, token):
        header = {"Authorization": f"Token {token}"}
        assert APIClient().post("/api/tokens/", {}, headers=header).status_code == 401

    @pytest.mark.parametrize("token", ["", "x", "\xff\xfe", "a\0b", "a b", "é", "9" * 10_000])
    def test_that_are_invalid_are_refused(self, db, token):
        assert self.get_me(token).status_code == 401


class TestCsrf:
    """Requests forged by another site are refused."""

    @pytest.fixture
    def browser(self, ana):
        client = APIClient(enforce_csrf_checks=True)
        client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
        return client

    def test_a_change_needs_the_csrf_token(self, browser):
        refusal = browser.post("/api/tokens/", {})
        assert (refusal.status_code, AuthToken.objects.count()) == (403, 0)

    def test_a_change_with_the_csrf_token_is_accepted(self, browser):
        browser.get("/taxonomy/")
        token = "t" * 32
        browser.cookies["csrftoken"] = token
        accepted = browser.post("/api/tokens/", {}, headers={"X-CSRFToken": token})
        assert accepted.status_code == 201


@pytest.mark.django_db
def test_an_unknown_address_is_a_problem_too(client):
    response = client.get("/api/nope/")
    assert (response.status_code, response.headers["Content-Type"]) == (
        404,
        "application/problem+json",
    )

"""API tokens: scopes, last use, listing and revoking."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.internal.flows.login import record_authentication
from django.utils import timezone
from knox.models import get_token_model
from rest_framework.test import APIClient

from annotations.models import TokenGrant, TokenScope
from annotations.services.people import tokens

pytestmark = pytest.mark.django_db

READ, LABEL, FULL = TokenScope.READ, TokenScope.LABEL, TokenScope.FULL
EMPTY = {"based_on": 0, "content": {"findings": [], "quality": "good", "comment": ""}}


def program(user, scope=FULL, name=""):
    """Return an API client with a token of ``user``."""
    secret, _ = tokens.make(user=user, actor=user, now=timezone.now(), name=name, scope=scope)
    return APIClient(headers={"Authorization": f"Token {secret}"})


@pytest.mark.parametrize(("scope", "status"), [(READ, 403), (LABEL, 200), (FULL, 200)])
def test_only_label_and_full_scopes_can_read_exams(assign, ana, scope, status):
    address = f"/api/assignments/{assign(ana).pk}/draft/"
    assert program(ana, scope).put(address, EMPTY).status_code == status


@pytest.mark.parametrize(("scope", "status"), [(READ, 403), (LABEL, 404)])
def test_a_read_only_token_gets_no_suggestions(assign, ana, scope, status):
    # Showing suggestions makes the reading final, so a read-only token must not do it.
    address = f"/api/assignments/{assign(ana).pk}/suggestions/"
    assert program(ana, scope).get(address).status_code == status


@pytest.mark.parametrize(("scope", "status"), [(READ, 403), (LABEL, 403), (FULL, 201)])
def test_only_the_full_scope_can_coordinate(davi, taxonomy, scope, status):
    assert program(davi, scope).post("/api/studies/", {"name": "New"}).status_code == status


@pytest.mark.parametrize("scope", TokenScope)
def test_every_scope_can_view_what_its_person_can(davi, scope):
    client = program(davi, scope)
    assert (client.get("/api/studies/").status_code, client.head("/api/studies/").status_code) == (
        200,
        200,
    )


def test_a_scope_adds_no_permissions(ana):
    assert program(ana, FULL).get("/api/studies/").status_code == 403


def test_the_refusal_is_a_problem_of_type_out_of_scope(davi):
    refusal = program(davi, READ).post("/api/studies/", {"name": "New"}).json()
    assert refusal["type"] == "/api/docs/#out-of-scope"


def test_the_last_use_is_stored_at_most_once_a_minute(ana, now):
    client = program(ana)
    client.get("/api/me/")
    first = TokenGrant.objects.get().last_used_at
    client.get("/api/me/")
    assert first is not None
    assert TokenGrant.objects.get().last_used_at == first


def test_a_grant_is_deleted_with_its_token(ana):
    program(ana)
    get_token_model().objects.all().delete()
    assert not TokenGrant.objects.exists()


def test_a_token_without_grant_has_full_scope(davi, taxonomy):
    _, secret = get_token_model().objects.create(davi, expiry=timedelta(days=1))
    client = APIClient(headers={"Authorization": f"Token {secret}"})
    assert client.post("/api/studies/", {"name": "New"}).status_code == 201


class TestTokensPage:
    FORM = {"name": "laptop", "scope": "read"}

    def test_shows_a_new_token_once(self, signed_in, ana):
        client = signed_in(ana)
        page = client.post("/account/tokens/", self.FORM)
        secret = page.context["secret"]
        assert f'value="{secret}"' in page.content.decode()
        assert secret not in client.get("/account/tokens/").content.decode()
        header = {"Authorization": f"Token {secret}"}
        assert APIClient(headers=header).get("/api/me/").json()["username"] == "ana"

    def test_lists_only_own_tokens(self, signed_in, ana, bruno):
        program(ana, READ, "of Ana")
        program(bruno, READ, "of Bruno")
        page = signed_in(ana).get("/account/tokens/").content.decode()
        assert "of Ana" in page
        assert "of Bruno" not in page

    def test_revokes_one_token(self, signed_in, ana):
        other_client, revoked = program(ana, READ, "kept"), program(ana, READ, "revoked")
        number = TokenGrant.objects.get(name="revoked").pk
        signed_in(ana).post(f"/account/tokens/{number}/end/")
        statuses = [client.get("/api/me/").status_code for client in (other_client, revoked)]
        assert statuses == [200, 401]

    def test_does_not_revoke_tokens_of_others(self, signed_in, ana, bruno):
        program(bruno)
        number = TokenGrant.objects.get().pk
        assert signed_in(ana).post(f"/account/tokens/{number}/end/").status_code == 404
        assert TokenGrant.objects.exists()

    def test_refuses_a_sixth_token(self, signed_in, ana):
        for _ in range(5):
            program(ana)
        page = signed_in(ana).post("/account/tokens/", self.FORM)
        assert (page.status_code, "Revoke one first" in page.content.decode()) == (400, True)


class TestRequiredSecondFactor:
    @pytest.fixture
    def as_davi(self, signed_in, davi, settings, monkeypatch):
        """Davi's browser. He has a second factor, but this session did not ask for it."""
        settings.MFA_ROLES = ["coordinator"]
        monkeypatch.setattr(
            "annotations.services.people.sign_in.lacks_second_factor", lambda user: False
        )
        monkeypatch.setattr(
            "annotations.views.account.enrollment.sign_in.lacks_second_factor",
            lambda user: False,
        )
        return signed_in(davi)

    def test_a_session_without_it_cannot_create_tokens(self, as_davi):
        page = as_davi.post("/account/tokens/", TestTokensPage.FORM)
        refusal = as_davi.post("/api/tokens/", {}, content_type="application/json")
        assert (page.status_code, refusal.status_code) == (400, 403)
        assert not TokenGrant.objects.exists()

    def test_a_session_with_it_can_create_tokens(self, as_davi, davi, rf):
        request = rf.get("/")
        request.session = as_davi.session
        record_authentication(request, davi, "mfa", type="totp")
        request.session.save()
        assert as_davi.post("/account/tokens/", TestTokensPage.FORM).status_code == 200


def test_the_api_lists_and_revokes_own_tokens(signed_in, ana):
    program(ana, READ, "laptop")
    client = signed_in(ana)
    (token,) = client.get("/api/tokens/").json()
    assert (token["name"], token["scope"], token["last_used_at"]) == ("laptop", "read", None)
    assert client.delete(f"/api/tokens/{token['id']}/").status_code == 204
    assert client.get("/api/tokens/").json() == []

"""Tokens of programs: what they are called, how much they may do, and how they end."""

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
    """Return a program of ``user`` with a token of this scope."""
    secret, _ = tokens.make(user=user, actor=user, now=timezone.now(), name=name, scope=scope)
    return APIClient(headers={"Authorization": f"Token {secret}"})


@pytest.mark.parametrize(("scope", "status"), [(READ, 403), (LABEL, 200), (FULL, 200)])
def test_a_token_reads_exams_only_when_it_may(assign, ana, scope, status):
    address = f"/api/assignments/{assign(ana).pk}/draft/"
    assert program(ana, scope).put(address, EMPTY).status_code == status


@pytest.mark.parametrize(("scope", "status"), [(READ, 403), (LABEL, 404)])
def test_a_token_that_only_looks_is_shown_no_suggestions(assign, ana, scope, status):
    # Being shown them is noted, and ends the time in which a reading can be corrected.
    address = f"/api/assignments/{assign(ana).pk}/suggestions/"
    assert program(ana, scope).get(address).status_code == status


@pytest.mark.parametrize(("scope", "status"), [(READ, 403), (LABEL, 403), (FULL, 201)])
def test_a_token_coordinates_only_when_it_may(davi, taxonomy, scope, status):
    assert program(davi, scope).post("/api/studies/", {"name": "New"}).status_code == status


@pytest.mark.parametrize("scope", TokenScope)
def test_every_token_may_look_at_what_its_person_may(davi, scope):
    client = program(davi, scope)
    assert (client.get("/api/studies/").status_code, client.head("/api/studies/").status_code) == (
        200,
        200,
    )


def test_a_scope_gives_nobody_what_they_may_not(ana):
    assert program(ana, FULL).get("/api/studies/").status_code == 403


def test_the_refusal_says_what_to_do(davi):
    refusal = program(davi, READ).post("/api/studies/", {"name": "New"}).json()
    assert refusal["type"] == "/api/docs/#out-of-scope"


def test_the_last_use_is_noted_to_the_minute(ana, now):
    client = program(ana)
    client.get("/api/me/")
    first = TokenGrant.objects.get().last_used_at
    client.get("/api/me/")
    assert first is not None
    assert TokenGrant.objects.get().last_used_at == first


def test_a_grant_goes_with_its_token(ana):
    program(ana)
    get_token_model().objects.all().delete()
    assert not TokenGrant.objects.exists()


def test_a_token_from_before_scopes_may_do_everything(davi, taxonomy):
    _, secret = get_token_model().objects.create(davi, expiry=timedelta(days=1))
    client = APIClient(headers={"Authorization": f"Token {secret}"})
    assert client.post("/api/studies/", {"name": "New"}).status_code == 201


class TestThePage:
    FORM = {"name": "laptop", "scope": "read"}

    def test_shows_a_new_token_once(self, signed_in, ana):
        client = signed_in(ana)
        page = client.post("/account/tokens/", self.FORM)
        secret = page.context["secret"]
        assert f'value="{secret}"' in page.content.decode()
        assert secret not in client.get("/account/tokens/").content.decode()
        header = {"Authorization": f"Token {secret}"}
        assert APIClient(headers=header).get("/api/me/").json()["username"] == "ana"

    def test_lists_ones_own(self, signed_in, ana, bruno):
        program(ana, READ, "of Ana")
        program(bruno, READ, "of Bruno")
        page = signed_in(ana).get("/account/tokens/").content.decode()
        assert "of Ana" in page
        assert "of Bruno" not in page

    def test_revokes_one(self, signed_in, ana):
        kept, revoked = program(ana, READ, "kept"), program(ana, READ, "revoked")
        number = TokenGrant.objects.get(name="revoked").pk
        signed_in(ana).post(f"/account/tokens/{number}/end/")
        statuses = [one.get("/api/me/").status_code for one in (kept, revoked)]
        assert statuses == [200, 401]

    def test_revokes_nobody_elses(self, signed_in, ana, bruno):
        program(bruno)
        number = TokenGrant.objects.get().pk
        assert signed_in(ana).post(f"/account/tokens/{number}/end/").status_code == 404
        assert TokenGrant.objects.exists()

    def test_makes_no_sixth(self, signed_in, ana):
        for _ in range(5):
            program(ana)
        page = signed_in(ana).post("/account/tokens/", self.FORM)
        assert (page.status_code, "Revoke one first" in page.content.decode()) == (400, True)


class TestWhereTheRoleNeedsASecondFactor:
    @pytest.fixture
    def as_davi(self, signed_in, davi, settings, monkeypatch):
        """Davi's browser; he has a second factor and was not asked for it here."""
        settings.MFA_ROLES = ["coordinator"]
        monkeypatch.setattr(
            "annotations.services.people.sign_in.lacks_second_factor", lambda user: False
        )
        monkeypatch.setattr(
            "annotations.views.account.enrolment.sign_in.lacks_second_factor",
            lambda user: False,
        )
        return signed_in(davi)

    def test_a_session_that_did_not_show_it_makes_no_token(self, as_davi):
        page = as_davi.post("/account/tokens/", TestThePage.FORM)
        refusal = as_davi.post("/api/tokens/", {}, content_type="application/json")
        assert (page.status_code, refusal.status_code) == (400, 403)
        assert not TokenGrant.objects.exists()

    def test_a_session_that_showed_it_does(self, as_davi, davi, rf):
        request = rf.get("/")
        request.session = as_davi.session
        record_authentication(request, davi, "mfa", type="totp")
        request.session.save()
        assert as_davi.post("/account/tokens/", TestThePage.FORM).status_code == 200


def test_the_api_lists_and_revokes_ones_own(signed_in, ana):
    program(ana, READ, "laptop")
    client = signed_in(ana)
    (said,) = client.get("/api/tokens/").json()
    assert (said["name"], said["scope"], said["last_used_at"]) == ("laptop", "read", None)
    assert client.delete(f"/api/tokens/{said['id']}/").status_code == 204
    assert client.get("/api/tokens/").json() == []

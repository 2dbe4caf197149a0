"""Django's admin is read-only and shows neither readings nor credentials."""

from __future__ import annotations

import pytest
from django.contrib import admin

from annotations.models import User

REGISTERED = admin.site._registry


@pytest.fixture
def superuser(db):
    return User.objects.create_superuser("root", password=None)


def test_only_four_models_are_registered():
    assert {model.__name__ for model in REGISTERED} == {"User", "Dataset", "ImportRun", "Group"}


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model.__name__)
@pytest.mark.parametrize("action", ["add", "change", "delete"])
def test_a_superuser_has_no_permission_to_change_anything(superuser, rf, model, action):
    request = rf.get("/")
    request.user = superuser
    assert not getattr(REGISTERED[model], f"has_{action}_permission")(request)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "lookup",
    [
        "password__startswith",
        "auth_token_set__digest__startswith",
        "email__startswith",
        "authenticator__data__contains",
    ],
)
def test_hidden_columns_of_people_cannot_be_filtered(superuser, client, lookup):
    client.force_login(superuser, backend="django.contrib.auth.backends.ModelBackend")
    address = "/admin/annotations/user/"
    assert client.get(address, {lookup: "argon2"}).status_code == 400
    assert client.get(address, {"is_active__exact": "1"}).status_code == 200


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model.__name__)
def test_lists_can_be_filtered_by_shown_columns_only(superuser, rf, model):
    request = rf.get("/")
    request.user = superuser
    names = {field.name for field in model._meta.get_fields()} - {*REGISTERED[model].list_display}
    allowed = [name for name in names if REGISTERED[model].lookup_allowed(name, "x", request)]
    assert allowed == []


def test_no_password_hash_is_shown():
    assert "password" not in (REGISTERED[User].fields or ["password"])

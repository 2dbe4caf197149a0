"""Django's admin changes nothing and shows no reading."""

from __future__ import annotations

import pytest
from django.contrib import admin

from annotations.models import User

OURS = admin.site._registry


@pytest.fixture
def superuser(db):
    return User.objects.create_superuser("root", password=None)


def test_no_reading_and_nothing_that_signs_people_in_is_shown():
    assert {model.__name__ for model in OURS} == {"User", "Dataset", "ImportRun", "Group"}


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
@pytest.mark.parametrize("act", ["add", "change", "delete"])
def test_not_even_a_superuser_changes_anything(superuser, rf, model, act):
    request = rf.get("/")
    request.user = superuser
    assert not getattr(OURS[model], f"has_{act}_permission")(request)


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
def test_what_the_list_of_people_hides_cannot_be_asked_for(superuser, client, lookup):
    client.force_login(superuser, backend="django.contrib.auth.backends.ModelBackend")
    address = "/admin/annotations/user/"
    assert client.get(address, {lookup: "argon2"}).status_code == 400
    assert client.get(address, {"is_active__exact": "1"}).status_code == 200


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_a_list_is_filtered_by_what_it_shows_alone(superuser, rf, model):
    request = rf.get("/")
    request.user = superuser
    names = {field.name for field in model._meta.get_fields()} - {*OURS[model].list_display}
    allowed = [name for name in names if OURS[model].lookup_allowed(name, "x", request)]
    assert allowed == []


def test_no_password_hash_is_shown():
    assert "password" not in (OURS[User].fields or ["password"])

"""Django's admin changes nothing and shows no reading."""

from __future__ import annotations

import pytest
from django.contrib import admin

from annotations.models import User

OURS = {
    model: shown
    for model, shown in admin.site._registry.items()
    if model._meta.app_label in {"annotations", "auth"}
}


@pytest.fixture
def superuser(db):
    return User.objects.create_superuser("root", password=None)


def test_no_reading_and_nothing_made_of_readings_is_shown():
    assert {model.__name__ for model in OURS} == {"User", "Dataset", "ImportRun", "Group"}


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
@pytest.mark.parametrize("act", ["add", "change", "delete"])
def test_not_even_a_superuser_changes_anything(superuser, rf, model, act):
    request = rf.get("/")
    request.user = superuser
    assert not getattr(OURS[model], f"has_{act}_permission")(request)


def test_no_password_hash_is_shown():
    assert "password" not in (OURS[User].fields or ["password"])

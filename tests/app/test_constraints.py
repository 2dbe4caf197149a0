"""Constraints and triggers of the database refuse invalid rows."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
from django.apps import apps
from django.db import IntegrityError, transaction

from annotations import migrations
from annotations.models import Finding
from tests.app.constraints import VIOLATIONS
from tests.app.constraints.acts import check_constraints

MIGRATIONS = Path(migrations.__file__).parent


@pytest.mark.django_db
@pytest.mark.parametrize("violate", VIOLATIONS, ids=lambda function: function.__name__)
def test_postgres_enforces_the_constraint(violate, request):
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        violate(request.getfixturevalue)
    cause = refusal.value.__cause__
    assert isinstance(cause, psycopg.IntegrityError)
    assert cause.diag.constraint_name == violate.__name__


def test_every_constraint_is_tested():
    models = apps.get_app_config("annotations").get_models()
    declared = {item.name for model in models for item in model._meta.constraints}
    sources = [path.read_text(encoding="utf-8") for path in MIGRATIONS.glob("0*.py")]
    triggers = re.findall(r"constraint = '(\w+)'", "".join(sources))
    assert declared | set(triggers) == {item.__name__ for item in VIOLATIONS}


@pytest.mark.django_db
@pytest.mark.parametrize("action", ["change", "delete"])
def test_findings_of_a_reading_are_immutable(assign, ana, submit, action):
    findings = Finding.objects.filter(reading=submit(assign(ana), "artifact"))
    with pytest.raises(IntegrityError, match="never changes"):
        findings.update(certainty="possible") if action == "change" else findings.delete()


@pytest.mark.django_db
def test_a_submitted_reading_cannot_be_deleted(assign, ana, submit):
    reading = submit(assign(ana))
    with pytest.raises(IntegrityError, match="never changes"):
        reading.delete()


@pytest.mark.django_db
def test_a_submitted_reading_refuses_further_findings(assign, ana, submit, taxonomy):
    reading = submit(assign(ana))
    artifact = taxonomy.classes.get(code="artifact")
    Finding.objects.create(reading=reading, diagnostic_class=artifact, certainty="definite")
    with pytest.raises(IntegrityError, match="not the 0 it was signed with"):
        check_constraints()

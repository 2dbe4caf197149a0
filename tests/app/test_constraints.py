"""PostgreSQL itself refuses what must not be, whatever the code above it does."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
from django.apps import apps
from django.db import IntegrityError, transaction

from annotations import migrations
from annotations.models import Finding
from tests.app.constraints import BREAKS
from tests.app.constraints.acts import commit

MIGRATIONS = Path(migrations.__file__).parent


@pytest.mark.django_db
@pytest.mark.parametrize("break_it", BREAKS, ids=lambda found: found.__name__)
def test_postgres_refuses(break_it, request):
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        break_it(request.getfixturevalue)
    cause = refusal.value.__cause__
    assert isinstance(cause, psycopg.IntegrityError)
    assert cause.diag.constraint_name == break_it.__name__


def test_no_constraint_is_untested():
    models = apps.get_app_config("annotations").get_models()
    declared = {found.name for model in models for found in model._meta.constraints}
    sources = [path.read_text(encoding="utf-8") for path in MIGRATIONS.glob("0*.py")]
    triggers = re.findall(r"constraint = '(\w+)'", "".join(sources))
    assert declared | set(triggers) == {found.__name__ for found in BREAKS}


@pytest.mark.django_db
@pytest.mark.parametrize("act", ["change", "delete"])
def test_a_finding_is_as_immutable_as_its_reading(assign, ana, submit, act):
    findings = Finding.objects.filter(reading=submit(assign(ana), "artifact"))
    with pytest.raises(IntegrityError, match="never changes"):
        findings.update(certainty="possible") if act == "change" else findings.delete()


@pytest.mark.django_db
def test_a_submitted_reading_cannot_be_deleted(assign, ana, submit):
    reading = submit(assign(ana))
    with pytest.raises(IntegrityError, match="never changes"):
        reading.delete()


@pytest.mark.django_db
def test_a_submitted_reading_gets_no_further_finding(assign, ana, submit, taxonomy):
    reading = submit(assign(ana))
    artifact = taxonomy.classes.get(code="artifact")
    Finding.objects.create(reading=reading, diagnostic_class=artifact, certainty="definite")
    with pytest.raises(IntegrityError, match="not the 0 it was signed with"):
        commit()

"""The seed data of the demo."""

from __future__ import annotations

import re

import numpy as np
import pytest
from django.apps import apps
from django.db.models import JSONField

from annotations.models import (
    AgreementReport,
    Assignment,
    Batch,
    Consensus,
    Exam,
    OpenReason,
    Outcome,
    Reading,
    Study,
    SuggestionFailure,
    User,
)
from annotations.services.agreement import refresh
from annotations.services.demo import readings, seed
from annotations.services.exams import previous_exams
from annotations.services.suggestions import runs
from ecgreview import criteria
from ecgreview.agreement.accuracy.paired_errors import Caution, Undefined
from ecgreview.agreement.values.reasons import Reason
from ecgreview.ecg import synth
from ecgreview.ecg.audit import RemarkCode
from ecgreview.ecg.formats.codes import RefusalCode
from ecgreview.measure.measurements import Missing
from tests.app.builders import NOW
from tests.domain.ecg import signals, wfdb_files

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def prepared_once(module_db):
    with module_db():
        seed.prepare(now=NOW)


@pytest.fixture
def prepared(prepared_once, db):
    return {user.username: user for user in User.objects.all()}


def counts():
    return [model.objects.count() for model in (User, Exam, Study, Batch, Assignment, Reading)]


def test_the_demo_has_somebody_in_every_role(prepared):
    assert counts() == [6, 60, 1, 3, 126, 40]


def test_demo_people_have_no_password(prepared):
    assert not any(user.has_usable_password() for user in prepared.values())


def test_preparing_again_changes_nothing(prepared, now, django_assert_max_num_queries):
    with django_assert_max_num_queries(25):
        seed.prepare(now=now)
    assert counts() == [6, 60, 1, 3, 126, 40]


def test_the_exams_cover_every_condition(prepared):
    keys = Exam.objects.values_list("source_key", flat=True)
    assert {key.split("-", 1)[1] for key in keys} == set(synth.CONDITIONS)


def test_some_exams_have_a_previous_exam(prepared):
    waiting = (
        Assignment.objects.visible_to(prepared["ana"]).unread().select_related("exam", "batch")
    )
    compared = [previous_exams.shown_with(assignment) for assignment in waiting]
    assert sorted(assignment.days_before for assignment in compared if assignment) == sorted(
        seed.DAYS_BEFORE
    )


def test_a_third_of_the_exams_are_normal(prepared):
    assert Exam.objects.filter(source_key__endswith="-normal_ecg").count() == 20


def test_the_first_batch_is_unread(prepared):
    assert Assignment.objects.visible_to(prepared["ana"]).unread().count() == 40


def test_the_pilot_has_results_for_every_page(prepared):
    pilot = Batch.objects.get(name="Pilot")
    assert not pilot.is_open
    assert AgreementReport.objects.get(batch=pilot).results["n_exams_compared"] == 20
    assert 2 <= Consensus.objects.filter(outcome=Outcome.DISPUTED).count() <= 10


def test_simulated_readings_are_marked_in_their_comment(prepared):
    assert set(Reading.objects.values_list("comment", flat=True)) == {readings.COMMENT}


def test_the_exams_are_deterministic(prepared):
    again = {recording.signal.content_hash for recording in seed._drawings()}
    assert again == set(Exam.objects.values_list("content_hash", flat=True))


@pytest.fixture
def own_recordings(tmp_path):
    wfdb_files.write(tmp_path)
    return tmp_path


def test_own_recordings_become_a_batch(prepared, own_recordings, now):
    seed.prepare(now=now, data_dir=own_recordings)
    assert Batch.objects.get(name="My recordings").assignments.count() == 2


WRITTEN_BY_PEOPLE = {
    ("AuditEvent", "reason"),
    ("BreakGlass", "reason"),
    ("ProtocolVersion", "reason"),
    ("Reading", "problems"),
}
"""Columns that hold free text, not codes."""

ENUMS = {
    "AgreementReport": {*Reason},
    "AgreementDetail": {*Reason, *Caution, *Undefined},
    "Consensus": {*OpenReason},
    "ImportIssue": {*RefusalCode, *RemarkCode},
    "SuggestionRun": {*criteria.Reason, *Missing, *SuggestionFailure},
}
"""The codes that the columns of a model may hold."""

CODE_KEYS = {"caution", "cautions", "code", "failure", "problem", "reason", "refusal", "undefined"}


def coded_columns():
    for model in apps.get_app_config("annotations").get_models():
        for field in model._meta.concrete_fields:
            if (model.__name__, field.name) in WRITTEN_BY_PEOPLE:
                continue
            if isinstance(field, JSONField) or field.name in CODE_KEYS:
                yield model, field


def codes_in(value, key):
    """Yield (key, text) where a column's value, also inside JSON, should be a code."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from codes_in(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from codes_in(item, key)
    elif isinstance(value, str) and value and key in CODE_KEYS:
        yield key, value


def test_no_sentence_is_stored_where_a_code_belongs(prepared, own_recordings, now):
    (own_recordings / "empty.hea").write_text("")
    seed.add_recordings(data_dir=own_recordings, now=now)
    while runs.run_next(now=now):
        pass
    refresh.refresh_study(study=Study.objects.get(), now=now)
    stored = {
        (model.__name__, key, code)
        for model, field in coded_columns()
        for value in model.objects.values_list(field.name, flat=True)
        for key, code in codes_in(value, field.name)
    }
    assert [entry for entry in stored if not re.fullmatch(r"[\w./-]+", entry[2])] == []
    for model, allowed in ENUMS.items():
        codes = {code for name, key, code in stored if name == model}
        assert codes
        assert codes <= allowed, model


def test_the_same_recordings_make_no_second_batch(prepared, own_recordings, now):
    seed.add_recordings(data_dir=own_recordings, now=now)
    seed.add_recordings(data_dir=own_recordings, now=now)
    assert Batch.objects.count() == 4


def test_new_recordings_make_another_batch(prepared, own_recordings, now):
    seed.add_recordings(data_dir=own_recordings, now=now)
    (own_recordings / "more").mkdir()
    wfdb_files.write(own_recordings / "more", values=np.roll(signals.heartbeats(), 137, axis=1))
    seed.add_recordings(data_dir=own_recordings, now=now)
    assert Batch.objects.get(name="My recordings 2").assignments.count() == 2

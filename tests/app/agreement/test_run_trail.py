"""Requesting and canceling agreement runs is recorded in the audit trail."""

from __future__ import annotations

import json

import pytest

from annotations.models import AgreementRun, AuditEvent, Role, RunStage, Scope, User
from annotations.services.audit import Action
from annotations.services.counts import runs
from annotations.services.people import roles
from annotations.services.verification import trail
from tests.app.counts.pattern_counting import of_batch


@pytest.fixture
def auditor_of(db):
    """Give a reader the auditor role as well."""

    def make(person):
        roles.give(person, [Role.READER, Role.AUDITOR])
        return User.objects.get(pk=person.pk)

    return make


def events(action):
    return list(AuditEvent.objects.filter(action=action).order_by("pk"))


def test_a_request_for_a_batch_is_audited(make_batch, davi, now):
    batch = make_batch()
    run = runs.request(scope=of_batch(batch), requested_by=davi, now=now)
    (event,) = events(Action.AGREEMENT_REQUESTED)
    assert (event.actor, event.study_id, event.at) == (davi, batch.study_id, now)
    assert (event.object_type, event.object_id) == ("agreementrun", str(run.pk))
    assert json.loads(event.after) == {"batch": batch.pk, "stage": "waiting"}


def test_a_request_for_a_study_is_audited(study, davi, now):
    runs.request(scope=Scope(study.pk), requested_by=davi, now=now)
    (event,) = events(Action.AGREEMENT_REQUESTED)
    assert event.study == study
    assert json.loads(event.after)["batch"] is None


def test_a_second_request_is_another_event_of_the_same_run(study, davi, clara, now):
    for person in (davi, clara):
        runs.request(scope=Scope(study.pk), requested_by=person, now=now)
    first, second = events(Action.AGREEMENT_REQUESTED)
    assert (first.actor, second.actor) == (davi, clara)
    assert first.object_id == second.object_id


def test_a_run_caused_by_readings_is_not_audited(study, now):
    runs.note_change(Scope(study.pk), now=now)
    assert AgreementRun.objects.exists()
    assert not events(Action.AGREEMENT_REQUESTED)


@pytest.mark.parametrize("stage", [RunStage.WAITING, RunStage.COMPUTING])
def test_canceling_is_audited(study, davi, clara, now, stage):
    run = runs.request(scope=Scope(study.pk), requested_by=davi, now=now)
    AgreementRun.objects.update(stage=stage)
    runs.cancel(run_id=run.pk, actor=clara, now=now)
    (event,) = events(Action.AGREEMENT_CANCELED)
    assert (event.actor, event.study, event.object_id) == (clara, study, str(run.pk))
    assert json.loads(event.after) == {"batch": None, "stage": stage.value}


def test_a_refused_cancellation_is_not_audited(study, davi, now):
    run = runs.request(scope=Scope(study.pk), requested_by=davi, now=now)
    runs.cancel(run_id=run.pk, actor=davi, now=now)
    with pytest.raises(runs.RunFinished):
        runs.cancel(run_id=run.pk, actor=davi, now=now)
    assert len(events(Action.AGREEMENT_CANCELED)) == 1


@pytest.mark.django_db(transaction=True)
def test_the_trail_verifies_after_request_and_cancellation(study, davi, now):
    run = runs.request(scope=Scope(study.pk), requested_by=davi, now=now)
    runs.cancel(run_id=run.pk, actor=davi, now=now)
    result = trail.verify()
    assert result.fault is None
    assert result.head.seq >= 2


def test_an_auditor_who_reads_in_the_study_sees_neither_event(
    study, make_batch, ana, davi, auditor_of, now
):
    batch = make_batch()
    run = runs.request(scope=of_batch(batch), requested_by=davi, now=now)
    runs.cancel(run_id=run.pk, actor=davi, now=now)
    visible = AuditEvent.objects.visible_to(auditor_of(ana))
    assert not visible.filter(action__startswith="agreement.").exists()
    assert AuditEvent.objects.filter(action__startswith="agreement.").count() == 2

"""Confirming a suggestion that matches the reader's own finding."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from annotations.models import (
    Assignment,
    AuditEvent,
    Confirmation,
    Reading,
    Suggestion,
    SuggestionModel,
    SuggestionRun,
)
from annotations.services.assignment import batches, guards
from annotations.services.reading import confirmations, content, revisions, suggestion_decisions
from annotations.services.suggestions import offers
from ecgreview import criteria
from ecgreview.criteria import QtFormula
from tests.app import signing

AF, FLUTTER = "atrial_fibrillation", "atrial_flutter"


@pytest.fixture
def suggest(taxonomy, now):
    """Store a run of a model that suggests a class, by default AF, for an exam."""

    def make(exam, name="m", code=AF, **more):
        model, _ = SuggestionModel.objects.get_or_create(
            name=name,
            **{"version": "1", **more},
            defaults={"covered_classes": [AF, FLUTTER], "created_at": now},
        )
        run = SuggestionRun.objects.create(
            exam=exam, model=model, requested_at=now, finished_at=now
        )
        diagnostic_class = taxonomy.classes.get(code=code)
        Suggestion.objects.create(
            run=run, diagnostic_class=diagnostic_class, evidence="irregular RR"
        )
        return run

    return make


@pytest.fixture
def show(now):
    def make(assignment):
        return offers.show(assignment=Assignment.objects.get(pk=assignment.pk), now=now)

    return make


@pytest.fixture
def signed(assign, ana, submit, suggest):
    """Ana's reading (AF) of an exam for which a model suggests AF."""
    assignment = assign(ana)
    suggest(assignment.exam)
    return submit(assignment, AF)


@pytest.fixture
def shown_reading(signed, show):
    show(signed.assignment)
    return signed


@pytest.fixture
def confirm(now):
    def make(reading, code=AF, reader=None):
        return confirmations.confirm(
            assignment_id=reading.assignment_id,
            reader=reader or reading.assignment.reader,
            code=code,
            now=now,
        )

    return make


def test_a_confirmation_creates_no_second_reading(shown_reading, confirm):
    confirmation, is_repeat = confirm(shown_reading)
    assert (confirmation.reading, confirmation.diagnostic_class.code, is_repeat) == (
        shown_reading,
        AF,
        False,
    )
    assert list(Reading.objects.all()) == [shown_reading]


def test_a_repeated_confirmation_is_audited_once(shown_reading, confirm):
    assert [confirm(shown_reading)[1] for _ in range(3)] == [False, True, True]
    event = AuditEvent.objects.get(action="suggestion.confirmed")
    assert (event.actor, event.object_id) == (shown_reading.reader, str(shown_reading.pk))
    assert f'"class":"{AF}"' in event.after


def test_a_confirmed_reading_can_be_revised(shown_reading, confirm, now):
    confirm(shown_reading)
    submission = signing.submit_revision(
        assignment_id=shown_reading.assignment_id, reader=shown_reading.reader,
        reason="second_look",
        findings=[content.FindingIn(FLUTTER, "definite")], quality="good", comment="",
        chosen=[suggestion_decisions.DecisionIn(AF, "rejected")],
        idempotency_key="0d6f6a3c-54a7-4d3c-9f5e-0d7f0c1c2b11", now=now,
    )  # fmt: skip
    assert submission.reading.decisions.get().verdict == "rejected"


class TestRefused:
    def test_for_a_class_that_is_not_a_finding(self, assign, ana, submit, suggest, show, confirm):
        assignment = assign(ana)
        suggest(assignment.exam)
        reading = submit(assignment, FLUTTER)
        show(assignment)
        with pytest.raises(suggestion_decisions.AcceptedWithoutFinding):
            confirm(reading)

    def test_for_a_class_that_was_not_suggested(self, shown_reading, confirm):
        with pytest.raises(suggestion_decisions.UnknownSuggestion):
            confirm(shown_reading, FLUTTER)

    def test_before_the_suggestion_was_shown(self, signed, confirm):
        with pytest.raises(revisions.NothingShown):
            confirm(signed)

    def test_for_a_class_that_only_an_earlier_run_suggested(
        self, shown_reading, confirm, suggest, show
    ):
        suggest(shown_reading.assignment.exam, name="later", code=FLUTTER)
        show(shown_reading.assignment)
        with pytest.raises(suggestion_decisions.UnknownSuggestion):
            confirm(shown_reading)

    def test_after_a_revision(self, shown_reading, confirm, now):
        signing.submit_revision(
            assignment_id=shown_reading.assignment_id, reader=shown_reading.reader, reason="slip",
            findings=[], quality="good", comment="",
            idempotency_key="0d6f6a3c-54a7-4d3c-9f5e-0d7f0c1c2b11", now=now,
        )  # fmt: skip
        with pytest.raises(revisions.AlreadyRevised):
            confirm(shown_reading)

    def test_when_the_batch_is_closed(self, shown_reading, confirm, close):
        close(shown_reading.assignment.batch)
        with pytest.raises(guards.BatchClosed):
            confirm(shown_reading)

    def test_for_another_reader(self, shown_reading, confirm, bruno):
        with pytest.raises(Assignment.DoesNotExist):
            confirm(shown_reading, reader=bruno)


@pytest.mark.parametrize("statement", ["delete from {0}", "update {0} set confirmed_at = now()"])
def test_the_database_refuses_changes(shown_reading, confirm, statement):
    confirm(shown_reading)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(Confirmation._meta.db_table))


def test_the_api_answers_201_then_200(shown_reading, signed_in):
    client = signed_in(shown_reading.reader)
    address = reverse("api-confirmation", args=[shown_reading.assignment_id])
    answers = [client.post(address, {"class": AF}, "application/json") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()


def test_the_api_sends_it_with_the_reading(shown_reading, confirm, signed_in):
    confirm(shown_reading)
    address = reverse("api-assignment", args=[shown_reading.assignment_id])
    assert signed_in(shown_reading.reader).get(address).json()["reading"]["confirmed"] == [AF]


# -- QT correction of the protocol ---------------------------------------------------------------


def test_the_run_with_the_protocols_qt_correction_is_shown(assign, ana, submit, suggest, show):
    assignment = assign(ana)
    bazett = suggest(assignment.exam, "criteria", version="2-bazett", qt_correction="bazett")
    suggest(assignment.exam, "criteria", version="2-hodges", qt_correction="hodges")
    submit(assignment, AF)
    assert show(assignment) == bazett


def test_releasing_a_batch_requests_its_qt_correction(
    make_study, make_exam, suggest, ana, davi, now
):
    exam, study = make_exam(), make_study(qt_correction="hodges")
    suggest(exam, "criteria", version="2-bazett", qt_correction="bazett")
    batches.create(
        study=study, name="Batch 1", exams=[exam], readers=[ana], created_by=davi, now=now
    )
    waiting = SuggestionRun.objects.due().get()
    assert waiting.model.version == criteria.version_of(QtFormula.HODGES)

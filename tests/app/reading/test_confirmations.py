"""Agreeing with a suggestion one had given oneself: one click, no second reading."""

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
    """Let a model suggest fibrillation about an exam."""

    def make(exam, name="m", **more):
        model, _ = SuggestionModel.objects.get_or_create(
            name=name,
            **{"version": "1", **more},
            defaults={"covered_classes": [AF, FLUTTER], "created_at": now},
        )
        run = SuggestionRun.objects.create(
            exam=exam, model=model, requested_at=now, finished_at=now
        )
        word = taxonomy.classes.get(code=AF)
        Suggestion.objects.create(run=run, diagnostic_class=word, evidence="irregular RR")
        return run

    return make


@pytest.fixture
def show(now):
    def make(assignment):
        return offers.show(assignment=Assignment.objects.get(pk=assignment.pk), now=now)

    return make


@pytest.fixture
def signed(assign, ana, submit, suggest):
    """Ana's reading, fibrillation, of an exam about which a model says the same."""
    assignment = assign(ana)
    suggest(assignment.exam)
    return submit(assignment, AF)


@pytest.fixture
def shown(signed, show):
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


def test_a_confirmation_makes_no_second_reading(shown, confirm):
    made, is_repeat = confirm(shown)
    assert (made.reading, made.diagnostic_class.code, is_repeat) == (shown, AF, False)
    assert list(Reading.objects.all()) == [shown]


def test_a_confirmation_is_audited_once_however_often_it_is_sent(shown, confirm):
    assert [confirm(shown)[1] for _ in range(3)] == [False, True, True]
    event = AuditEvent.objects.get(action="suggestion.confirmed")
    assert (event.actor, event.object_id) == (shown.reader, str(shown.pk))
    assert f'"class":"{AF}"' in event.after


def test_a_revision_may_follow(shown, confirm, now):
    confirm(shown)
    submission = signing.submit_revision(
        assignment_id=shown.assignment_id, reader=shown.reader, reason="second_look",
        findings=[content.FindingIn(FLUTTER, "definite")], quality="good", comment="",
        chosen=[suggestion_decisions.DecisionIn(AF, "rejected")],
        idempotency_key="0d6f6a3c-54a7-4d3c-9f5e-0d7f0c1c2b11", now=now,
    )  # fmt: skip
    assert submission.reading.decisions.get().verdict == "rejected"


class TestIsRefused:
    def test_for_a_class_that_the_reading_does_not_give(
        self, assign, ana, submit, suggest, show, confirm
    ):
        assignment = assign(ana)
        suggest(assignment.exam)
        reading = submit(assignment, FLUTTER)
        show(assignment)
        with pytest.raises(suggestion_decisions.AcceptedWithoutFinding):
            confirm(reading)

    def test_for_a_class_that_was_not_suggested(self, shown, confirm):
        with pytest.raises(suggestion_decisions.UnknownSuggestion):
            confirm(shown, FLUTTER)

    def test_before_the_suggestion_was_shown(self, signed, confirm):
        with pytest.raises(revisions.NothingShown):
            confirm(signed)

    def test_after_a_revision(self, shown, confirm, now):
        signing.submit_revision(
            assignment_id=shown.assignment_id, reader=shown.reader, reason="slip",
            findings=[], quality="good", comment="",
            idempotency_key="0d6f6a3c-54a7-4d3c-9f5e-0d7f0c1c2b11", now=now,
        )  # fmt: skip
        with pytest.raises(revisions.AlreadyRevised):
            confirm(shown)

    def test_when_the_batch_is_closed(self, shown, confirm, close):
        close(shown.assignment.batch)
        with pytest.raises(guards.BatchClosed):
            confirm(shown)

    def test_to_anybody_else(self, shown, confirm, bruno):
        with pytest.raises(Assignment.DoesNotExist):
            confirm(shown, reader=bruno)


@pytest.mark.parametrize("statement", ["delete from {0}", "update {0} set confirmed_at = now()"])
def test_the_database_keeps_it_as_it_is(shown, confirm, statement):
    confirm(shown)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(Confirmation._meta.db_table))


def test_the_address_answers_201_once_then_200(shown, signed_in):
    client = signed_in(shown.reader)
    address = reverse("api-confirmation", args=[shown.assignment_id])
    answers = [client.post(address, {"class": AF}, "application/json") for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()


def test_the_reader_finds_it_with_their_reading(shown, confirm, signed_in):
    confirm(shown)
    address = reverse("api-assignment", args=[shown.assignment_id])
    assert signed_in(shown.reader).get(address).json()["reading"]["confirmed"] == [AF]


# -- The correction of QT that the protocol names ------------------------------------------------


def test_the_run_of_the_protocols_qt_correction_is_shown(assign, ana, submit, suggest, show):
    assignment = assign(ana)
    bazett = suggest(assignment.exam, "criteria", version="2-bazett", qt_correction="bazett")
    suggest(assignment.exam, "criteria", version="2-hodges", qt_correction="hodges")
    submit(assignment, AF)
    assert show(assignment) == bazett


def test_releasing_a_batch_asks_for_its_own_qt_correction(
    make_study, make_exam, suggest, ana, davi, now
):
    exam, study = make_exam(), make_study(qt_correction="hodges")
    suggest(exam, "criteria", version="2-bazett", qt_correction="bazett")
    batches.create(
        study=study, name="Batch 1", exams=[exam], readers=[ana], created_by=davi, now=now
    )
    waiting = SuggestionRun.objects.due().get()
    assert waiting.model.version == criteria.version_of(QtFormula.HODGES)

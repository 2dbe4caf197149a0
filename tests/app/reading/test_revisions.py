"""Revisions: the second stage, after suggestions were shown."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.urls import reverse

from annotations import row_security
from annotations.models import (
    Assignment,
    AuditEvent,
    Decision,
    Exposure,
    Reading,
    Stage,
    Suggestion,
    SuggestionModel,
    SuggestionRun,
    Viewing,
)
from annotations.services.agreement import refresh
from annotations.services.assignment import batches, guards
from annotations.services.audit import signed_content
from annotations.services.export import archive
from annotations.services.reading import content, corrections, revisions, suggestion_decisions
from annotations.services.reading import signing as reading_signing
from annotations.services.studies import lifecycle
from annotations.services.suggestions import offers
from annotations.services.verification import readings as integrity_readings
from tests.app import signing
from tests.app.kept import factory, kept

AF, FLUTTER = "atrial_fibrillation", "atrial_flutter"
A_MOMENT = timedelta(seconds=1)


@factory
def suggest(taxonomy, now):
    """Store a model run that suggests classes for an exam."""

    def make(exam, *codes):
        model, _ = SuggestionModel.objects.get_or_create(
            name="m", version="1", defaults={"covered_classes": [AF, FLUTTER], "created_at": now}
        )
        run = SuggestionRun.objects.create(
            exam=exam, model=model, requested_at=now, finished_at=now
        )
        for code in codes:
            diagnostic_class = taxonomy.classes.get(code=code)
            Suggestion.objects.create(
                run=run, diagnostic_class=diagnostic_class, strength=0.9, evidence="irregular RR"
            )
        return run

    return make


@kept
def signed(assign, ana, submit, suggest):
    """Ana's reading (flutter) of an exam for which a model suggests AF."""
    assignment = assign(ana)
    suggest(assignment.exam, AF)
    return submit(assignment, FLUTTER)


@factory
def show(now):
    def make(reading):
        assignment = Assignment.objects.get(pk=reading.assignment_id)
        offers.show(assignment=assignment, now=now)

    return make


@kept
def shown_reading(signed, show):
    show(signed)
    return signed


@pytest.fixture
def revise(now):
    def make(reading, *codes, chosen=(), key=None, **more):
        submission = signing.submit_revision(
            **{
                "assignment_id": reading.assignment_id,
                "reader": reading.assignment.reader,
                "findings": [content.FindingIn(code, "definite") for code in codes],
                "quality": "good",
                "comment": "",
                "reason": "suggestion",
                "chosen": [suggestion_decisions.DecisionIn(*decision) for decision in chosen],
                "idempotency_key": key or uuid.uuid4(),
                "now": now + A_MOMENT,
                **more,
            }
        )
        return submission.reading

    return make


def codes_of(reading):
    return set(reading.findings.values_list("diagnostic_class__code", flat=True))


def test_a_revision_keeps_the_blind_reading(shown_reading, revise):
    revision = revise(shown_reading, AF)
    assert (revision.stage, codes_of(revision)) == (Stage.REVISED, {AF})
    assert codes_of(Reading.objects.get(pk=shown_reading.pk)) == {FLUTTER}


def test_a_revision_stores_its_reason(shown_reading, revise):
    assert revise(shown_reading, AF, reason="slip").reason == "slip"


def test_agreement_uses_the_blind_stage(shown_reading, revise):
    revise(shown_reading, AF)
    assert list(Reading.objects.counted()) == [shown_reading]


def test_a_revision_does_not_make_the_agreement_due(shown_reading, revise, now):
    refresh.refresh_next(now=now)
    batch = shown_reading.assignment.batch
    batch.refresh_from_db()
    before = batch.agreement_is_due
    revise(shown_reading, AF)
    batch.refresh_from_db()
    assert batch.agreement_is_due == before


def test_a_revision_does_not_count_as_another_exam_read(shown_reading, revise, ana):
    seat = shown_reading.assignment.batch.seats.get(reader=ana)
    revise(shown_reading, AF)
    n_read = seat.n_read
    seat.refresh_from_db()
    assert seat.n_read == n_read


class TestRefused:
    def test_before_the_reading(self, assign, ana, suggest, revise):
        waiting = assign(ana)
        suggest(waiting.exam, AF)
        with pytest.raises(revisions.NothingToRevise):
            revise(Reading(assignment=waiting), AF)

    def test_after_an_abstention(self, assign, ana, suggest, submit, show, revise):
        assignment = assign(ana)
        suggest(assignment.exam, AF)
        abstained = submit(assignment, quality="", outcome="abstained")
        show(abstained)
        with pytest.raises(revisions.NothingToRevise):
            revise(abstained, AF)

    def test_before_suggestions_were_shown(self, signed, revise):
        with pytest.raises(revisions.NothingShown):
            revise(signed, AF)

    def test_where_suggestions_are_shown_while_reading(
        self, concurrent_assignment, show, submit, revise
    ):
        show(Reading(assignment=concurrent_assignment))
        with pytest.raises(revisions.NothingShown):
            revise(submit(concurrent_assignment, AF), AF)

    def test_a_second_time(self, shown_reading, revise):
        revise(shown_reading, AF)
        with pytest.raises(revisions.AlreadyRevised):
            revise(shown_reading, AF)

    def test_when_the_batch_is_closed(self, shown_reading, revise, close):
        close(shown_reading.assignment.batch)
        with pytest.raises(guards.BatchClosed):
            revise(shown_reading, AF)

    def test_when_the_study_is_locked(self, shown_reading, revise, davi, now):
        lifecycle.lock(study_id=shown_reading.assignment.batch.study_id, actor=davi, now=now)
        with pytest.raises((guards.StudyNotOpen, guards.BatchClosed)):
            revise(shown_reading, AF)

    def test_for_another_reader(self, shown_reading, revise, bruno):
        with pytest.raises(Assignment.DoesNotExist):
            revise(shown_reading, AF, reader=bruno)

    def test_with_an_unknown_class(self, shown_reading, revise):
        with pytest.raises(content.UnknownClass):
            revise(shown_reading, "no_such_class")

    def test_with_a_key_of_different_content(self, shown_reading, revise):
        with pytest.raises(reading_signing.KeyReused):
            revise(shown_reading, AF, key=shown_reading.idempotency_key)

    def test_without_storing_anything(self, shown_reading, revise):
        with pytest.raises(content.UnknownClass):
            revise(shown_reading, "no_such_class")
        assert not Reading.objects.filter(stage=Stage.REVISED).exists()


def test_the_same_revision_sent_again_is_a_repeat(shown_reading, revise):
    key = uuid.uuid4()
    sent = [revise(shown_reading, AF, chosen=[(AF, "accepted")], key=key) for _ in range(2)]
    assert sent[0] == sent[1]


def test_the_same_key_with_another_decision_is_refused(shown_reading, revise):
    key = uuid.uuid4()
    revise(shown_reading, AF, chosen=[(AF, "accepted")], key=key)
    with pytest.raises(reading_signing.KeyReused):
        revise(shown_reading, AF, chosen=[(AF, "uncertain")], key=key)


def test_the_key_of_a_revision_cannot_be_reused_for_a_reading(shown_reading, submit, revise):
    revision = revise(shown_reading, AF)
    with pytest.raises(reading_signing.KeyReused):
        submit(shown_reading.assignment, AF, key=revision.idempotency_key)


def test_a_revised_reading_cannot_be_corrected(shown_reading, revise, now):
    revise(shown_reading, AF)
    assert corrections.until(shown_reading, now=now + A_MOMENT) is None


class TestDecisions:
    def test_are_stored_with_the_revision(self, shown_reading, revise):
        revision = revise(shown_reading, AF, chosen=[(AF, "accepted")])
        stored = revision.decisions.values_list("diagnostic_class__code", "verdict")
        assert list(stored) == [(AF, "accepted")]

    @pytest.mark.parametrize("verdict", ["rejected", "uncertain"])
    def test_may_keep_the_findings(self, shown_reading, revise, verdict):
        assert (
            revise(shown_reading, FLUTTER, chosen=[(AF, verdict)]).decisions.get().verdict
            == verdict
        )

    def test_are_optional(self, shown_reading, revise):
        assert not revise(shown_reading, FLUTTER).decisions.exists()

    def test_on_a_class_that_was_not_suggested_are_refused(self, shown_reading, revise):
        with pytest.raises(suggestion_decisions.UnknownSuggestion):
            revise(shown_reading, FLUTTER, chosen=[(FLUTTER, "accepted")])

    def test_on_a_suggestion_of_another_exam_are_refused(
        self, shown_reading, assign, ana, submit, suggest, show, revise
    ):
        assignment = assign(ana)
        suggest(assignment.exam, FLUTTER)
        other = submit(assignment, AF)
        show(other)
        with pytest.raises(suggestion_decisions.UnknownSuggestion):
            revise(shown_reading, FLUTTER, chosen=[(FLUTTER, "accepted")])
        with pytest.raises(suggestion_decisions.UnknownSuggestion):
            revise(other, AF, chosen=[(AF, "accepted")])

    def test_on_a_suggestion_of_another_arm_are_refused(self, shown_reading, taxonomy, revise, now):
        newer = SuggestionRun.objects.create(
            exam=shown_reading.assignment.exam,
            model=SuggestionModel.objects.create(
                name="m", version="2", covered_classes=[FLUTTER], created_at=now
            ),
            requested_at=now,
            finished_at=now,
        )
        flutter = taxonomy.classes.get(code=FLUTTER)
        Suggestion.objects.create(run=newer, diagnostic_class=flutter, evidence="saw-tooth waves")
        Exposure.objects.create(
            assignment=shown_reading.assignment, run=newer, arm="concurrent", first_shown_at=now
        )
        with pytest.raises(suggestion_decisions.UnknownSuggestion):
            revise(shown_reading, FLUTTER, chosen=[(FLUTTER, "accepted")])
        assert revise(shown_reading, AF, chosen=[(AF, "accepted")]).decisions.count() == 1

    def test_on_the_same_class_twice_are_refused(self, shown_reading, revise):
        with pytest.raises(content.RepeatedClass):
            revise(shown_reading, AF, chosen=[(AF, "accepted"), (AF, "rejected")])

    def test_that_accept_require_the_finding(self, shown_reading, revise):
        with pytest.raises(suggestion_decisions.AcceptedWithoutFinding):
            revise(shown_reading, FLUTTER, chosen=[(AF, "accepted")])

    def test_never_change(self, shown_reading, revise):
        stored = revise(shown_reading, AF, chosen=[(AF, "accepted")]).decisions.all()
        with pytest.raises(IntegrityError, match="never changes"):
            stored.update(verdict="rejected")

    def test_with_a_blind_reading_require_the_concurrent_arm(self, assign, ana, suggest, submit):
        assignment = assign(ana)
        suggest(assignment.exam, AF)
        with pytest.raises(suggestion_decisions.UnknownSuggestion):
            submit(assignment, AF, chosen=[suggestion_decisions.DecisionIn(AF, "accepted")])


@pytest.fixture
def concurrent_assignment(make_study, make_exam, suggest, ana, davi, now):
    """Ana's assignment in the concurrent arm, with a suggestion of AF."""
    exam = make_exam()
    suggest(exam, AF)
    study = make_study(name="Concurrent", suggestion_policy="concurrent")
    batch = batches.create(
        study=study, name="Batch 1", exams=[exam], readers=[ana], created_by=davi, now=now
    )
    return batch.assignments.get()


def test_in_the_concurrent_arm_decisions_are_submitted_with_the_reading(
    concurrent_assignment, show, submit
):
    show(Reading(assignment=concurrent_assignment))
    reading = submit(
        concurrent_assignment, AF, chosen=[suggestion_decisions.DecisionIn(AF, "accepted")]
    )
    assert reading.decisions.get().verdict == "accepted"


def test_a_repeated_reading_must_have_the_same_decisions(concurrent_assignment, show, submit):
    show(Reading(assignment=concurrent_assignment))
    key = uuid.uuid4()
    submit(
        concurrent_assignment, AF, key=key, chosen=[suggestion_decisions.DecisionIn(AF, "accepted")]
    )
    with pytest.raises(reading_signing.KeyReused):
        submit(concurrent_assignment, AF, key=key)


class TestAuditTrail:
    def test_has_reason_and_digest(self, shown_reading, revise):
        revise(shown_reading, AF, reason="second_look")
        event = AuditEvent.objects.get(action="reading.revised")
        assert event.reason == "second_look"
        assert json.loads(event.before)["digest"] == signed_content.reading_digest(shown_reading)

    def test_contains_no_class(self, shown_reading, revise):
        revise(shown_reading, AF, chosen=[(AF, "accepted")])
        events = AuditEvent.objects.filter(action__startswith="reading.")
        texts = events.values_list("before", "after", "reason")
        assert not any(AF in text for event in texts for text in event)

    def test_of_a_revision_passes_the_integrity_check(self, shown_reading, revise):
        revise(shown_reading, AF, chosen=[(AF, "accepted")])
        assert integrity_readings.check().fault is None

    def test_detects_a_changed_decision(self, shown_reading, revise):
        revise(shown_reading, AF, chosen=[(AF, "accepted")])
        with connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")
            cursor.execute("alter table annotations_decision disable trigger user")
            cursor.execute("update annotations_decision set verdict = 'rejected'")
            cursor.execute("alter table annotations_decision enable trigger user")
        assert integrity_readings.check().fault is not None


class TestViewing:
    def test_is_stored_with_its_duration(self, shown_reading, now):
        viewing = offers.view(
            assignment=shown_reading.assignment, key=uuid.uuid4(), shown_ms=4200, now=now
        )
        assert (viewing.exposure, viewing.shown_ms) == (Exposure.objects.get(), 4200)

    def test_is_stored_once_for_repeated_requests(self, shown_reading, now):
        key = uuid.uuid4()
        for _ in range(2):
            offers.view(assignment=shown_reading.assignment, key=key, shown_ms=4200, now=now)
        assert Viewing.objects.count() == 1

    def test_with_a_key_of_different_content_is_refused(self, shown_reading, now):
        key = uuid.uuid4()
        offers.view(assignment=shown_reading.assignment, key=key, shown_ms=1, now=now)
        with pytest.raises(reading_signing.KeyReused):
            offers.view(assignment=shown_reading.assignment, key=key, shown_ms=2, now=now)

    def test_before_suggestions_were_shown_is_refused(self, signed, now):
        with pytest.raises(Exposure.DoesNotExist):
            offers.view(assignment=signed.assignment, key=uuid.uuid4(), shown_ms=1, now=now)


class TestApi:
    def post(self, client, assignment, url_name="api-revision", key=None, **body):
        return client.post(
            reverse(url_name, args=[assignment.pk]),
            data=json.dumps(body),
            content_type="application/json",
            headers={"Idempotency-Key": key or str(uuid.uuid4())},
        )

    @pytest.fixture
    def body(self):
        return {
            "findings": [{"class": AF, "certainty": "probable"}],
            "quality": "good",
            "comment": "",
            "reason": "suggestion",
            "decisions": [{"class": AF, "verdict": "accepted"}],
            "active_ms": 900,
            "tools": {"calipers": 1},
        }

    @pytest.fixture
    def ana_client(self, signed_in, ana, signed):
        client = signed_in(ana)
        client.get(reverse("api-assignment-suggestions", args=[signed.assignment_id]))
        return client

    def test_stores_a_revision(self, ana_client, signed, body):
        answer = self.post(ana_client, signed.assignment, **body)
        assert (answer.status_code, answer.json()["next"]) == (201, None)

    def test_answers_a_repeat_with_200(self, ana_client, signed, body):
        key = str(uuid.uuid4())
        answers = [self.post(ana_client, signed.assignment, key=key, **body) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 200]
        assert answers[0].json()["id"] == answers[1].json()["id"]

    def test_sends_the_revision_with_the_assignment(self, ana_client, signed, body):
        self.post(ana_client, signed.assignment, **body)
        assignment = ana_client.get(reverse("api-assignment", args=[signed.assignment_id])).json()
        assert [finding["class"] for finding in assignment["reading"]["findings"]] == [FLUTTER]
        assert assignment["revision"]["reason"] == "suggestion"
        assert assignment["revision"]["decisions"] == [{"class": AF, "verdict": "accepted"}]

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"reason": "boredom"}, "reason"),
            ({"decisions": [{"class": AF, "verdict": "liked"}]}, "decisions.0.verdict"),
            ({"outcome": "abstained"}, "outcome"),
        ],
    )
    def test_refuses_invalid_fields(self, ana_client, signed, body, change, field):
        answer = self.post(ana_client, signed.assignment, **{**body, **change})
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])

    def test_returns_a_problem_for_a_refusal(self, signed_in, ana, signed, body):
        answer = self.post(signed_in(ana), signed.assignment, **body)
        assert (answer.status_code, answer.json()["type"]) == (409, "/api/docs/#nothing-shown")

    def test_stores_the_viewing_time(self, ana_client, signed):
        answer = self.post(ana_client, signed.assignment, url_name="api-viewing", shown_ms=1500)
        assert (answer.status_code, Viewing.objects.get().shown_ms) == (200, 1500)

    def test_returns_404_for_a_viewing_before_suggestions_were_shown(self, signed_in, ana, signed):
        answer = self.post(signed_in(ana), signed.assignment, url_name="api-viewing", shown_ms=1)
        assert answer.status_code == 404


def test_the_export_has_decisions_and_viewing_times(shown_reading, revise, close, now):
    revise(shown_reading, AF, reason="suggestion", chosen=[(AF, "accepted")])
    offers.view(assignment=shown_reading.assignment, key=uuid.uuid4(), shown_ms=4200, now=now)
    close(shown_reading.assignment.batch)
    files = archive.contents(study=shown_reading.assignment.batch.study, now=now)
    assert f"suggestion,{AF}:accepted" in files["readings.csv"].decode()
    assert "4200" in files["exposures.csv"].decode()


class TestRowSecurity:
    """Row-level security, in case a filter in the application is missing."""

    @pytest.fixture
    def decided(self, shown_reading, revise, now):
        revise(shown_reading, AF, chosen=[(AF, "accepted")])
        offers.view(assignment=shown_reading.assignment, key=uuid.uuid4(), shown_ms=1, now=now)
        return shown_reading

    @pytest.mark.parametrize("model", [Decision, Viewing])
    @pytest.mark.parametrize(
        ("viewer", "n"), [("ana", 1), ("bruno", 0), ("davi", 0), ("rosa", 0), ("otto", 0)]
    )
    def test_shows_rows_to_their_reader_only(self, decided, request, model, viewer, n):
        with row_security.acting_as(request.getfixturevalue(viewer).pk):
            assert model.objects.count() == n

    def test_shows_rows_when_results_are_open(self, decided, rosa, close):
        close(decided.assignment.batch)
        with row_security.acting_as(rosa.pk):
            assert (Decision.objects.count(), Viewing.objects.count()) == (1, 1)

    def test_refuses_a_viewing_of_somebody_else(self, decided, bruno, now):
        exposure = Exposure.objects.get()
        with (
            row_security.acting_as(bruno.pk),
            pytest.raises(ProgrammingError, match="row-level security"),
            transaction.atomic(),
        ):
            Viewing.objects.create(exposure=exposure, key=uuid.uuid4(), shown_ms=1, told_at=now)

    def test_allows_a_reader_to_revise(self, signed, show, revise, ana):
        with row_security.acting_as(ana.pk):
            show(signed)
            assert revise(signed, AF, chosen=[(AF, "accepted")]).n_decisions == 1

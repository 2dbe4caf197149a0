"""Saying it again once the suggestions are known: a second stage beside the blind one."""

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

AF, FLUTTER = "atrial_fibrillation", "atrial_flutter"
A_MOMENT = timedelta(seconds=1)


@pytest.fixture
def suggest(taxonomy, now):
    """Let a model suggest classes about an exam."""
    model = SuggestionModel.objects.create(
        name="m", version="1", covered_classes=[AF, FLUTTER], created_at=now
    )

    def make(exam, *codes):
        run = SuggestionRun.objects.create(
            exam=exam, model=model, requested_at=now, finished_at=now
        )
        for code in codes:
            word = taxonomy.classes.get(code=code)
            Suggestion.objects.create(
                run=run, diagnostic_class=word, strength=0.9, evidence="irregular RR"
            )
        return run

    return make


@pytest.fixture
def signed(assign, ana, submit, suggest):
    """Ana's reading, flutter, of an exam about which a model says fibrillation."""
    assignment = assign(ana)
    suggest(assignment.exam, AF)
    return submit(assignment, FLUTTER)


@pytest.fixture
def show(now):
    """Show the reader of a reading what the model says."""

    def make(reading):
        assignment = Assignment.objects.get(pk=reading.assignment_id)
        offers.show(assignment=assignment, now=now)

    return make


@pytest.fixture
def shown(signed, show):
    show(signed)
    return signed


@pytest.fixture
def revise(now):
    """Revise a reading."""

    def make(reading, *codes, chosen=(), key=None, **more):
        submission = signing.submit_revision(
            **{
                "assignment_id": reading.assignment_id,
                "reader": reading.assignment.reader,
                "findings": [content.FindingIn(code, "definite") for code in codes],
                "quality": "good",
                "comment": "",
                "reason": "suggestion",
                "chosen": [suggestion_decisions.DecisionIn(*one) for one in chosen],
                "idempotency_key": key or uuid.uuid4(),
                "now": now + A_MOMENT,
                **more,
            }
        )
        return submission.reading

    return make


def codes_of(reading):
    return set(reading.findings.values_list("diagnostic_class__code", flat=True))


def test_a_revision_stands_beside_the_blind_reading(shown, revise):
    revision = revise(shown, AF)
    assert (revision.stage, codes_of(revision)) == (Stage.REVISED, {AF})
    assert codes_of(Reading.objects.get(pk=shown.pk)) == {FLUTTER}


def test_a_revision_gives_its_reason(shown, revise):
    assert revise(shown, AF, reason="slip").reason == "slip"


def test_agreement_is_made_from_the_blind_stage(shown, revise):
    revise(shown, AF)
    assert list(Reading.objects.counted()) == [shown]


def test_a_revision_makes_no_agreement_due(shown, revise, now):
    refresh.refresh_next(now=now)
    batch = shown.assignment.batch
    batch.refresh_from_db()
    before = batch.agreement_is_due
    revise(shown, AF)
    batch.refresh_from_db()
    assert batch.agreement_is_due == before


def test_a_revision_does_not_count_as_another_exam_read(shown, revise, ana):
    seat = shown.assignment.batch.seats.get(reader=ana)
    revise(shown, AF)
    n_read = seat.n_read
    seat.refresh_from_db()
    assert seat.n_read == n_read


class TestIsRefused:
    def test_before_the_reading(self, assign, ana, suggest, revise):
        waiting = assign(ana)
        suggest(waiting.exam, AF)
        with pytest.raises(revisions.NothingToRevise):
            revise(Reading(assignment=waiting), AF)

    def test_to_who_abstained(self, assign, ana, suggest, submit, show, revise):
        assignment = assign(ana)
        suggest(assignment.exam, AF)
        abstained = submit(assignment, quality="", outcome="abstained")
        show(abstained)
        with pytest.raises(revisions.NothingToRevise):
            revise(abstained, AF)

    def test_while_nothing_was_shown(self, signed, revise):
        with pytest.raises(revisions.NothingShown):
            revise(signed, AF)

    def test_where_suggestions_are_shown_while_reading(self, concurrent, show, submit, revise):
        show(Reading(assignment=concurrent))
        with pytest.raises(revisions.NothingShown):
            revise(submit(concurrent, AF), AF)

    def test_a_second_time(self, shown, revise):
        revise(shown, AF)
        with pytest.raises(revisions.AlreadyRevised):
            revise(shown, AF)

    def test_when_the_batch_is_closed(self, shown, revise, close):
        close(shown.assignment.batch)
        with pytest.raises(guards.BatchClosed):
            revise(shown, AF)

    def test_when_the_study_is_locked(self, shown, revise, davi, now):
        lifecycle.lock(study_id=shown.assignment.batch.study_id, actor=davi, now=now)
        with pytest.raises((guards.StudyNotOpen, guards.BatchClosed)):
            revise(shown, AF)

    def test_to_anybody_else(self, shown, revise, bruno):
        with pytest.raises(Assignment.DoesNotExist):
            revise(shown, AF, reader=bruno)

    def test_with_a_class_that_nobody_knows(self, shown, revise):
        with pytest.raises(content.UnknownClass):
            revise(shown, "no_such_class")

    def test_with_a_key_that_said_something_else(self, shown, revise):
        with pytest.raises(reading_signing.KeyReused):
            revise(shown, AF, key=shown.idempotency_key)

    def test_and_nothing_is_left_of_it(self, shown, revise):
        with pytest.raises(content.UnknownClass):
            revise(shown, "no_such_class")
        assert not Reading.objects.filter(stage=Stage.REVISED).exists()


def test_the_same_revision_sent_again_is_the_same(shown, revise):
    key = uuid.uuid4()
    sent = [revise(shown, AF, chosen=[(AF, "accepted")], key=key) for _ in range(2)]
    assert sent[0] == sent[1]


def test_the_same_key_with_another_decision_is_another_revision(shown, revise):
    key = uuid.uuid4()
    revise(shown, AF, chosen=[(AF, "accepted")], key=key)
    with pytest.raises(reading_signing.KeyReused):
        revise(shown, AF, chosen=[(AF, "uncertain")], key=key)


def test_a_key_of_a_reading_does_not_serve_its_revision(shown, submit, revise):
    revision = revise(shown, AF)
    with pytest.raises(reading_signing.KeyReused):
        submit(shown.assignment, AF, key=revision.idempotency_key)


def test_what_was_revised_cannot_be_taken_back(shown, revise, now):
    revise(shown, AF)
    assert corrections.until(shown, now=now + A_MOMENT) is None


class TestDecisions:
    def test_are_kept_with_the_revision(self, shown, revise):
        revision = revise(shown, AF, chosen=[(AF, "accepted")])
        stored = revision.decisions.values_list("diagnostic_class__code", "verdict")
        assert list(stored) == [(AF, "accepted")]

    @pytest.mark.parametrize("verdict", ["rejected", "uncertain"])
    def test_may_leave_the_findings_as_they_are(self, shown, revise, verdict):
        assert revise(shown, FLUTTER, chosen=[(AF, verdict)]).decisions.get().verdict == verdict

    def test_may_be_left_open(self, shown, revise):
        assert not revise(shown, FLUTTER).decisions.exists()

    def test_are_refused_on_what_was_not_suggested(self, shown, revise):
        with pytest.raises(suggestion_decisions.UnknownSuggestion):
            revise(shown, FLUTTER, chosen=[(FLUTTER, "accepted")])

    def test_are_refused_on_what_was_suggested_about_another_exam(
        self, shown, assign, ana, submit, suggest, show, revise
    ):
        assignment = assign(ana)
        suggest(assignment.exam, FLUTTER)
        other = submit(assignment, AF)
        show(other)
        with pytest.raises(suggestion_decisions.UnknownSuggestion):
            revise(shown, FLUTTER, chosen=[(FLUTTER, "accepted")])
        with pytest.raises(suggestion_decisions.UnknownSuggestion):
            revise(other, AF, chosen=[(AF, "accepted")])

    def test_are_refused_on_what_was_shown_in_another_arm(self, shown, taxonomy, revise, now):
        newer = SuggestionRun.objects.create(
            exam=shown.assignment.exam,
            model=SuggestionModel.objects.create(
                name="m", version="2", covered_classes=[FLUTTER], created_at=now
            ),
            requested_at=now,
            finished_at=now,
        )
        flutter = taxonomy.classes.get(code=FLUTTER)
        Suggestion.objects.create(run=newer, diagnostic_class=flutter, evidence="saw-tooth waves")
        Exposure.objects.create(
            assignment=shown.assignment, run=newer, arm="concurrent", first_shown_at=now
        )
        with pytest.raises(suggestion_decisions.UnknownSuggestion):
            revise(shown, FLUTTER, chosen=[(FLUTTER, "accepted")])
        assert revise(shown, AF, chosen=[(AF, "accepted")]).decisions.count() == 1

    def test_are_refused_twice_on_one_class(self, shown, revise):
        with pytest.raises(content.RepeatedClass):
            revise(shown, AF, chosen=[(AF, "accepted"), (AF, "rejected")])

    def test_that_accept_need_the_finding(self, shown, revise):
        with pytest.raises(suggestion_decisions.AcceptedWithoutFinding):
            revise(shown, FLUTTER, chosen=[(AF, "accepted")])

    def test_never_change(self, shown, revise):
        stored = revise(shown, AF, chosen=[(AF, "accepted")]).decisions.all()
        with pytest.raises(IntegrityError, match="never changes"):
            stored.update(verdict="rejected")

    def test_belong_to_a_blind_reading_only_where_they_are_shown_while_reading(
        self, assign, ana, suggest, submit
    ):
        assignment = assign(ana)
        suggest(assignment.exam, AF)
        with pytest.raises(suggestion_decisions.UnknownSuggestion):
            submit(assignment, AF, chosen=[suggestion_decisions.DecisionIn(AF, "accepted")])


@pytest.fixture
def concurrent(make_study, make_exam, suggest, ana, davi, now):
    """An exam that Ana reads with the model's word before her."""
    exam = make_exam()
    suggest(exam, AF)
    study = make_study(name="Concurrent", suggestion_policy="concurrent")
    made = batches.create(
        study=study, name="Batch 1", exams=[exam], readers=[ana], created_by=davi, now=now
    )
    return made.assignments.get()


def test_where_they_are_shown_while_reading_decisions_come_with_the_reading(
    concurrent, show, submit
):
    show(Reading(assignment=concurrent))
    reading = submit(concurrent, AF, chosen=[suggestion_decisions.DecisionIn(AF, "accepted")])
    assert reading.decisions.get().verdict == "accepted"


def test_a_repeated_reading_must_decide_the_same(concurrent, show, submit):
    show(Reading(assignment=concurrent))
    key = uuid.uuid4()
    submit(concurrent, AF, key=key, chosen=[suggestion_decisions.DecisionIn(AF, "accepted")])
    with pytest.raises(reading_signing.KeyReused):
        submit(concurrent, AF, key=key)


class TestTheTrail:
    def test_names_reason_and_digests(self, shown, revise):
        revise(shown, AF, reason="second_look")
        event = AuditEvent.objects.get(action="reading.revised")
        assert event.reason == "second_look"
        assert json.loads(event.before)["digest"] == signed_content.reading_digest(shown)

    def test_names_no_class(self, shown, revise):
        revise(shown, AF, chosen=[(AF, "accepted")])
        events = AuditEvent.objects.filter(action__startswith="reading.")
        told = events.values_list("before", "after", "reason")
        assert not any(AF in text for event in told for text in event)

    def test_holds_for_revisions_too(self, shown, revise):
        revise(shown, AF, chosen=[(AF, "accepted")])
        assert integrity_readings.check().fault is None

    def test_shows_a_decision_that_was_changed(self, shown, revise):
        revise(shown, AF, chosen=[(AF, "accepted")])
        with connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")
            cursor.execute("alter table annotations_decision disable trigger user")
            cursor.execute("update annotations_decision set verdict = 'rejected'")
            cursor.execute("alter table annotations_decision enable trigger user")
        assert integrity_readings.check().fault is not None


class TestLooking:
    def test_is_noted_with_its_time(self, shown, now):
        seen = offers.view(assignment=shown.assignment, key=uuid.uuid4(), shown_ms=4200, now=now)
        assert (seen.exposure, seen.shown_ms) == (Exposure.objects.get(), 4200)

    def test_counts_once_however_often_it_is_told(self, shown, now):
        key = uuid.uuid4()
        for _ in range(2):
            offers.view(assignment=shown.assignment, key=key, shown_ms=4200, now=now)
        assert Viewing.objects.count() == 1

    def test_with_the_key_of_another_stretch_is_refused(self, shown, now):
        key = uuid.uuid4()
        offers.view(assignment=shown.assignment, key=key, shown_ms=1, now=now)
        with pytest.raises(reading_signing.KeyReused):
            offers.view(assignment=shown.assignment, key=key, shown_ms=2, now=now)

    def test_at_nothing_is_refused(self, signed, now):
        with pytest.raises(Exposure.DoesNotExist):
            offers.view(assignment=signed.assignment, key=uuid.uuid4(), shown_ms=1, now=now)


class TestTheApi:
    def post(self, client, assignment, what="api-revision", key=None, **body):
        return client.post(
            reverse(what, args=[assignment.pk]),
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
    def ask(self, signed_in, ana, signed):
        client = signed_in(ana)
        client.get(reverse("api-assignment-suggestions", args=[signed.assignment_id]))
        return client

    def test_takes_a_revision(self, ask, signed, body):
        answer = self.post(ask, signed.assignment, **body)
        assert (answer.status_code, answer.json()["next"]) == (201, None)

    def test_answers_a_repeat_alike(self, ask, signed, body):
        key = str(uuid.uuid4())
        answers = [self.post(ask, signed.assignment, key=key, **body) for _ in range(2)]
        assert [one.status_code for one in answers] == [201, 200]
        assert answers[0].json()["id"] == answers[1].json()["id"]

    def test_tells_the_revision_beside_the_reading(self, ask, signed, body):
        self.post(ask, signed.assignment, **body)
        told = ask.get(reverse("api-assignment", args=[signed.assignment_id])).json()
        assert [one["class"] for one in told["reading"]["findings"]] == [FLUTTER]
        assert told["revision"]["reason"] == "suggestion"
        assert told["revision"]["decisions"] == [{"class": AF, "verdict": "accepted"}]

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"reason": "boredom"}, "reason"),
            ({"decisions": [{"class": AF, "verdict": "liked"}]}, "decisions.0.verdict"),
            ({"outcome": "abstained"}, "outcome"),
        ],
    )
    def test_refuses_what_has_another_shape(self, ask, signed, body, change, field):
        answer = self.post(ask, signed.assignment, **{**body, **change})
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])

    def test_has_a_problem_for_each_refusal(self, signed_in, ana, signed, body):
        answer = self.post(signed_in(ana), signed.assignment, **body)
        assert (answer.status_code, answer.json()["type"]) == (409, "/api/docs/#nothing-shown")

    def test_takes_how_long_was_looked(self, ask, signed):
        answer = self.post(ask, signed.assignment, what="api-viewing", shown_ms=1500)
        assert (answer.status_code, Viewing.objects.get().shown_ms) == (200, 1500)

    def test_has_nothing_to_look_at_before_anything_is_shown(self, signed_in, ana, signed):
        answer = self.post(signed_in(ana), signed.assignment, what="api-viewing", shown_ms=1)
        assert answer.status_code == 404


def test_an_export_tells_reason_decisions_and_what_was_shown(shown, revise, close, now):
    revise(shown, AF, reason="suggestion", chosen=[(AF, "accepted")])
    offers.view(assignment=shown.assignment, key=uuid.uuid4(), shown_ms=4200, now=now)
    close(shown.assignment.batch)
    files = archive.contents(study=shown.assignment.batch.study, now=now)
    assert f"suggestion,{AF}:accepted" in files["readings.csv"].decode()
    assert "4200" in files["exposures.csv"].decode()


class TestTheDatabase:
    """Row level security, should a filter ever be forgotten."""

    @pytest.fixture
    def decided(self, shown, revise, now):
        revise(shown, AF, chosen=[(AF, "accepted")])
        offers.view(assignment=shown.assignment, key=uuid.uuid4(), shown_ms=1, now=now)
        return shown

    @pytest.mark.parametrize("model", [Decision, Viewing])
    @pytest.mark.parametrize(
        ("who", "n"), [("ana", 1), ("bruno", 0), ("davi", 0), ("rosa", 0), ("otto", 0)]
    )
    def test_shows_them_to_their_reader_alone(self, decided, request, model, who, n):
        with row_security.acting_as(request.getfixturevalue(who).pk):
            assert model.objects.count() == n

    def test_opens_them_with_the_results(self, decided, rosa, close):
        close(decided.assignment.batch)
        with row_security.acting_as(rosa.pk):
            assert (Decision.objects.count(), Viewing.objects.count()) == (1, 1)

    def test_lets_nobody_tell_anothers_looking(self, decided, bruno, now):
        exposure = Exposure.objects.get()
        with (
            row_security.acting_as(bruno.pk),
            pytest.raises(ProgrammingError, match="row-level security"),
            transaction.atomic(),
        ):
            Viewing.objects.create(exposure=exposure, key=uuid.uuid4(), shown_ms=1, told_at=now)

    def test_lets_a_reader_revise_through_the_api(self, signed, show, revise, ana):
        with row_security.acting_as(ana.pk):
            show(signed)
            assert revise(signed, AF, chosen=[(AF, "accepted")]).n_decisions == 1

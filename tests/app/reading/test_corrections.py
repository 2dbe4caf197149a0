"""Corrections are allowed within a time window, and only before suggestions are shown."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from annotations.models import (
    AgreementReport,
    Assignment,
    AuditEvent,
    Exposure,
    Reading,
    Seat,
    Study,
    SuggestionModel,
    SuggestionRun,
)
from annotations.services import audit
from annotations.services.agreement import refresh, results
from annotations.services.assignment import guards, qualification
from annotations.services.audit import signed_content
from annotations.services.consensus import labels
from annotations.services.reading import content, corrections, signing
from annotations.services.studies import lifecycle, protocols, reading_log
from annotations.services.suggestions import offers
from annotations.services.verification import readings as integrity_readings
from ecgreview.agreement import pair_lines
from tests.app.kept import kept

AF, FLUTTER = "atrial_fibrillation", "atrial_flutter"
WINDOW = timedelta(seconds=60)
LATEST = WINDOW + corrections.TIME_TO_CORRECT
A_MOMENT = timedelta(seconds=1)


@kept
def first(assign, ana, submit):
    """Ana's reading: AF by mistake, instead of flutter."""
    return submit(assign(ana), AF)


@pytest.fixture
def correct(submit, now):
    def make(reading, *codes, after=A_MOMENT, **more):
        values = {"supersedes": reading.idempotency_key, "now": now + after, **more}
        return submit(reading.assignment, *codes, **values)

    return make


@pytest.fixture
def run(make_exam, now):
    """Store a finished model run for an exam."""
    model = SuggestionModel.objects.create(
        name="m", version="1", covered_classes=[AF], created_at=now
    )

    def make(exam):
        return SuggestionRun.objects.create(
            exam=exam, model=model, requested_at=now, finished_at=now
        )

    return make


def show(assignment, now):
    assignment.refresh_from_db()
    offers.show(assignment=assignment, now=now)


def effective_reading(assignment):
    (effective,) = assignment.readings.blind().effective()
    return effective


def test_a_correction_replaces_the_reading(first, correct):
    second = correct(first, FLUTTER)
    assert effective_reading(first.assignment) == second


class TestLatestSubmission:
    """After a reload, the desk gets the reader's latest submission while it can be corrected."""

    def latest_submission(self, reader, at):
        latest = corrections.latest(reader, now=at)
        return latest and (latest[0].pk, latest[1])

    def test_is_offered_until_its_window_ends(self, first, ana, now):
        assert self.latest_submission(ana, now + A_MOMENT) == (first.assignment_id, now + WINDOW)
        assert self.latest_submission(ana, now + WINDOW) is None

    def test_is_offered_to_its_reader_only(self, first, bruno, assign, signed_in):
        page = signed_in(bruno).get(reverse("desk", args=[assign(bruno).pk]))
        assert page.context["last"] is None

    def test_is_the_correction_if_there_is_one(self, first, correct, ana, now):
        correct(first, FLUTTER, after=WINDOW / 2)
        assert self.latest_submission(ana, now + WINDOW) == (
            first.assignment_id,
            now + 1.5 * WINDOW,
        )

    def test_is_the_later_of_two(self, first, assign, make_exam, ana, submit, now):
        later = submit(assign(ana, make_exam()), AF, now=now + A_MOMENT)
        assert self.latest_submission(ana, now + A_MOMENT) == (
            later.assignment_id,
            now + A_MOMENT + WINDOW,
        )

    def test_is_not_offered_once_suggestions_were_shown(self, first, run, ana, now):
        run(first.assignment.exam)
        show(first.assignment, now + A_MOMENT)
        assert self.latest_submission(ana, now + A_MOMENT) is None


def test_the_corrected_reading_is_kept_unchanged(first, correct):
    correct(first, FLUTTER)
    corrected = Reading.objects.get(pk=first.pk)
    assert list(corrected.findings.values_list("diagnostic_class__code", flat=True)) == [AF]


def test_a_correction_can_be_corrected(first, correct):
    second = correct(first, FLUTTER)
    third = correct(second, "artifact", after=2 * A_MOMENT)
    assert effective_reading(first.assignment) == third


def test_the_same_correction_sent_again_is_a_repeat(first, correct):
    key = uuid.uuid4()
    assert correct(first, FLUTTER, key=key) == correct(first, FLUTTER, key=key)
    assert Reading.objects.count() == 2


def test_the_key_of_a_correction_cannot_be_reused_for_a_reading(first, correct, submit):
    key = uuid.uuid4()
    correct(first, FLUTTER, key=key)
    with pytest.raises(signing.KeyReused):
        submit(first.assignment, FLUTTER, key=key)


def test_a_corrected_reading_cannot_be_corrected_again(first, correct):
    correct(first, FLUTTER)
    with pytest.raises(corrections.NotTheLatest):
        correct(first, "artifact")


def test_an_unknown_reading_cannot_be_corrected(assign, ana, submit):
    with pytest.raises(corrections.NotTheLatest):
        submit(assign(ana), AF, supersedes=uuid.uuid4())


def test_a_reading_of_another_exam_cannot_be_corrected(first, assign, ana, submit):
    with pytest.raises(corrections.NotTheLatest):
        submit(assign(ana), AF, supersedes=first.idempotency_key)


def test_a_reading_of_somebody_else_cannot_be_corrected(first, bruno, submit):
    first.assignment.reader = bruno
    with pytest.raises(Assignment.DoesNotExist):
        submit(first.assignment, AF, supersedes=first.idempotency_key)


def test_an_invalid_correction_keeps_the_first_reading(first, correct):
    with pytest.raises(content.UnknownClass):
        correct(first, "no_such_class")
    assert effective_reading(first.assignment) == first


class TestWindow:
    def test_is_offered_until_it_ends(self, first, now):
        assert corrections.until(first, now=now) == now + WINDOW
        assert corrections.until(first, now=now + WINDOW - A_MOMENT) == now + WINDOW

    def test_is_not_offered_after_its_end(self, first, now):
        assert corrections.until(first, now=now + WINDOW) is None

    def test_restarts_with_a_correction(self, first, correct, now):
        second = correct(first, FLUTTER, after=WINDOW)
        assert corrections.until(second, now=now + WINDOW) == now + 2 * WINDOW

    def test_leaves_time_to_send_a_correction_started_in_its_last_second(self, first, correct):
        correct(first, FLUTTER, after=LATEST)

    def test_ends_after_that(self, first, correct):
        with pytest.raises(corrections.ReadingFinal):
            correct(first, FLUTTER, after=LATEST + A_MOMENT)

    def test_comes_from_the_protocol_version_of_the_batch(self, study, first, davi, now, correct):
        protocol = protocols.protocol_of(study)
        amended = type(protocol)(**{**_fields(protocol), "undo_window_s": 0})
        lifecycle.amend(
            study_id=study.pk, protocol=amended, reason="Never back.", actor=davi, now=now
        )
        first.refresh_from_db()
        assert Study.objects.get().undo_window_s == 0
        assert corrections.until(first, now=now) == now + WINDOW
        correct(first, FLUTTER)

    def test_is_not_offered_for_a_corrected_reading(self, first, correct, now):
        correct(first, FLUTTER)
        assert corrections.until(first, now=now) is None

    def test_closes_with_the_batch(self, first, correct, close, now):
        close(first.assignment.batch)
        first.refresh_from_db()
        assert corrections.until(first, now=now) is None
        with pytest.raises(guards.BatchClosed):
            correct(first, FLUTTER)

    def test_closes_with_the_study(self, first, correct, now):
        Study.objects.update(phase="locked", locked_at=now + WINDOW)
        first.refresh_from_db()
        assert corrections.until(first, now=now) is None
        with pytest.raises(guards.StudyNotOpen):
            correct(first, FLUTTER)


def _fields(protocol):
    return {name: getattr(protocol, name) for name in protocol.__dataclass_fields__}


class TestStudyWithoutWindow:
    @pytest.fixture
    def study(self, make_study):
        return make_study(undo_window_s=0)

    def test_gives_no_window(self, first, now):
        assert corrections.until(first, now=now) is None

    def test_refuses_corrections(self, first, correct):
        with pytest.raises(corrections.ReadingFinal):
            correct(first, FLUTTER, after=timedelta(0))


class TestAfterSuggestions:
    def test_a_blind_reading_is_final(self, first, run, correct, now):
        run(first.assignment.exam)
        show(first.assignment, now + A_MOMENT)
        assert corrections.until(first, now=now) is None
        with pytest.raises(corrections.ReadingFinal):
            correct(first, FLUTTER, after=2 * A_MOMENT)

    def test_a_blind_reading_is_final_even_if_clocks_differ(self, first, run, correct, now):
        """Suggestions were shown by a server with a clock that is behind the other server's."""
        run(first.assignment.exam)
        show(first.assignment, now - A_MOMENT)
        with pytest.raises(corrections.ReadingFinal):
            correct(first, FLUTTER)

    def test_suggestions_in_another_assignment_make_it_final_too(
        self, first, assign, ana, run, submit, correct, now
    ):
        again = assign(ana, first.assignment.exam)
        submit(again)
        run(again.exam)
        show(again, now + A_MOMENT)
        with pytest.raises(corrections.ReadingFinal):
            correct(first, FLUTTER, after=2 * A_MOMENT)

    def test_suggestions_shown_to_somebody_else_do_not(
        self, first, assign, bruno, run, submit, correct, now
    ):
        other_assignment = assign(bruno, first.assignment.exam)
        submit(other_assignment)
        run(other_assignment.exam)
        show(other_assignment, now + A_MOMENT)
        correct(first, FLUTTER, after=2 * A_MOMENT)

    def test_suggestions_shown_while_reading_do_not(self, assign, ana, run, submit, correct, now):
        assignment = _concurrent(assign(ana))
        run(assignment.exam)
        show(assignment, now - A_MOMENT)
        correct(submit(assignment, AF), FLUTTER)

    def test_a_concurrent_reading_is_final_if_they_were_shown_later(
        self, assign, ana, run, submit, correct, now
    ):
        assignment = _concurrent(assign(ana))
        reading = submit(assignment, AF)
        run(assignment.exam)
        show(assignment, now + A_MOMENT)
        with pytest.raises(corrections.ReadingFinal):
            correct(reading, FLUTTER, after=2 * A_MOMENT)

    @pytest.mark.parametrize("arm", ["after_commit", "concurrent", "none"])
    @pytest.mark.parametrize("after", [-1, 0, 1])
    def test_the_database_enforces_the_same_rule(self, assign, ana, run, submit, now, arm, after):
        assignment = _with_arm(assign(ana), arm)
        reading = submit(assignment, AF)
        Exposure.objects.create(
            assignment=assignment,
            run=run(assignment.exam),
            arm=arm,
            first_shown_at=now + after * A_MOMENT,
        )
        assert corrections.is_final(reading) == _is_refused(reading)


def _is_refused(reading):
    try:
        with transaction.atomic():
            Reading.objects.create(
                assignment=reading.assignment,
                reader=reading.reader,
                taxonomy=reading.taxonomy,
                supersedes=reading,
                quality="good",
                n_findings=0,
                submitted_at=reading.submitted_at,
                idempotency_key=uuid.uuid4(),
            )
    except IntegrityError as error:
        return "is final" in str(error)
    return False


def _concurrent(assignment):
    return _with_arm(assignment, "concurrent")


def _with_arm(assignment, arm):
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table annotations_assignment disable trigger user")
        Assignment.objects.filter(pk=assignment.pk).update(arm=arm)
        cursor.execute("alter table annotations_assignment enable trigger user")
        cursor.execute("set constraints all deferred")
    assignment.refresh_from_db()
    return assignment


class TestDerivedResults:
    """Agreement and other results use the corrected readings."""

    @pytest.fixture
    def read_batch(self, make_batch, submit, ana, bruno):
        """A batch of one exam in which Ana and Bruno marked AF."""
        batch = make_batch()
        for assignment in batch.assignments.order_by("reader__username"):
            submit(assignment, AF)
        return batch

    def test_a_seat_counts_an_exam_once(self, first, correct, ana):
        correct(first, FLUTTER)
        assert Seat.objects.get(reader=ana).n_read == 1

    def test_the_agreement_uses_the_correction(self, read_batch, correct, ana, now):
        correct(Reading.objects.get(reader=ana), FLUTTER)
        report = refresh.refresh(batch=read_batch, now=now)
        (pair,) = pair_lines(report.results, classes=[AF])
        cells = [pair[name] for name in ("n11", "n10", "n01", "n00")]
        assert (report.n_readings, cells) == (2, [0, 0, 1, 0])

    def test_a_correction_during_a_refresh_keeps_the_agreement_due(
        self, read_batch, correct, ana, now, monkeypatch
    ):
        real = results.coefficients

        def meanwhile(*args):
            monkeypatch.setattr(results, "coefficients", real)
            correct(Reading.objects.get(reader=ana), FLUTTER)
            return real(*args)

        monkeypatch.setattr(results, "coefficients", meanwhile)
        refresh.refresh(batch=read_batch, now=now)
        read_batch.refresh_from_db()
        assert read_batch.agreement_is_due

    def test_a_correction_makes_the_agreement_due(self, read_batch, correct, ana, now):
        refresh.refresh(batch=read_batch, now=now)
        correct(Reading.objects.get(reader=ana), FLUTTER)
        read_batch.refresh_from_db()
        assert read_batch.agreement_is_due
        assert AgreementReport.objects.count() == 1

    def test_the_consensus_uses_the_correction(self, read_batch, correct, close, ana, study, now):
        correct(Reading.objects.get(reader=ana), FLUTTER)
        close(read_batch)
        labels.compute(study=study, now=now)
        row = study.consensus.get()
        votes = row.labels.values_list("diagnostic_class__code", "n_positive")
        assert (row.n_readings, dict(votes)) == (2, {AF: 1, FLUTTER: 1})

    def test_the_pace_uses_the_correction(self, read_batch, correct, ana, study):
        correct(Reading.objects.get(reader=ana), FLUTTER, active_ms=1)
        assert reading_log.of_batches(study.batches.all())[ana.pk].active_ms == [1]


class TestQualification:
    @pytest.fixture
    def exam_set(self, study, make_exam, ana, davi, now):
        """A qualification set for Ana: two exams with AF."""
        codes = [make_exam().code for _ in range(2)]
        return qualification.make(
            study=study, name="Entry", references={code: [AF] for code in codes}, readers=[ana],
            created_by=davi, now=now,
        )  # fmt: skip

    def test_is_judged_by_the_correction(self, exam_set, submit, correct, ana):
        first_assignment, second_assignment = exam_set.assignments.order_by("position")
        correct(submit(first_assignment, FLUTTER), AF)
        submit(second_assignment, AF)
        assert Seat.objects.get(reader=ana, batch=exam_set).right_share == 1.0

    def test_is_final_when_it_is_complete(self, exam_set, submit, correct, now):
        first_assignment, second_assignment = exam_set.assignments.order_by("position")
        reading = submit(first_assignment, FLUTTER)
        submit(second_assignment, AF)
        assert corrections.until(reading, now=now) is None
        with pytest.raises(corrections.ReadingFinal):
            correct(reading, AF)


def test_the_audit_trail_has_both_digests(first, correct):
    second = correct(first, FLUTTER)
    event = AuditEvent.objects.get(action=audit.Action.READING_SUPERSEDED)
    assert (event.actor, event.object_id) == (first.reader, str(first.pk))
    assert json.loads(event.before) == {"digest": signed_content.reading_digest(first)}
    after = json.loads(event.after)
    assert (after["reading"], after["digest"]) == (second.pk, signed_content.reading_digest(second))


def test_a_corrected_reading_passes_the_integrity_check(first, correct):
    correct(first, FLUTTER)
    assert integrity_readings.check().fault is None

"""Taking back a submission: a correction supersedes it, for a while, and while nothing is known."""

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

AF, FLUTTER = "atrial_fibrillation", "atrial_flutter"
WINDOW = timedelta(seconds=60)
LATEST = WINDOW + corrections.TIME_TO_CORRECT
A_MOMENT = timedelta(seconds=1)


@pytest.fixture
def first(assign, ana, submit):
    """Ana's reading: atrial fibrillation, and it should have been flutter."""
    return submit(assign(ana), AF)


@pytest.fixture
def correct(submit, now):
    """Send another reading in the place of one."""

    def make(reading, *codes, after=A_MOMENT, **more):
        said = {"supersedes": reading.idempotency_key, "now": now + after, **more}
        return submit(reading.assignment, *codes, **said)

    return make


@pytest.fixture
def run(make_exam, now):
    """Make what a model says about an exam."""
    model = SuggestionModel.objects.create(
        name="m", version="1", covered_classes=[AF], created_at=now
    )

    def make(exam):
        return SuggestionRun.objects.create(
            exam=exam, model=model, requested_at=now, finished_at=now
        )

    return make


def show(assignment, now):
    """Show Ana what the model says."""
    assignment.refresh_from_db()
    offers.show(assignment=assignment, now=now)


def standing(assignment):
    (one,) = assignment.readings.blind().effective()
    return one


def test_a_correction_takes_the_place_of_what_it_corrects(first, correct):
    second = correct(first, FLUTTER)
    assert standing(first.assignment) == second


class TestTheLastSubmission:
    """What a desk that was reloaded is told."""

    def told(self, reader, at):
        found = corrections.latest(reader, now=at)
        return found and (found[0].pk, found[1])

    def test_is_told_with_the_end_of_its_time(self, first, ana, now):
        assert self.told(ana, now + A_MOMENT) == (first.assignment_id, now + WINDOW)
        assert self.told(ana, now + WINDOW) is None

    def test_is_told_to_its_reader_only(self, first, bruno, assign, signed_in):
        page = signed_in(bruno).get(reverse("desk", args=[assign(bruno).pk]))
        assert page.context["last"] is None

    def test_is_the_correction_once_there_is_one(self, first, correct, ana, now):
        correct(first, FLUTTER, after=WINDOW / 2)
        assert self.told(ana, now + WINDOW) == (first.assignment_id, now + 1.5 * WINDOW)

    def test_of_two_is_the_later_one(self, first, assign, make_exam, ana, submit, now):
        later = submit(assign(ana, make_exam()), AF, now=now + A_MOMENT)
        assert self.told(ana, now + A_MOMENT) == (later.assignment_id, now + A_MOMENT + WINDOW)

    def test_is_not_told_once_suggestions_were_seen(self, first, run, ana, now):
        run(first.assignment.exam)
        show(first.assignment, now + A_MOMENT)
        assert self.told(ana, now + A_MOMENT) is None


def test_what_was_corrected_is_kept_as_it_was(first, correct):
    correct(first, FLUTTER)
    kept = Reading.objects.get(pk=first.pk)
    assert list(kept.findings.values_list("diagnostic_class__code", flat=True)) == [AF]


def test_a_correction_can_be_corrected(first, correct):
    second = correct(first, FLUTTER)
    third = correct(second, "artifact", after=2 * A_MOMENT)
    assert standing(first.assignment) == third


def test_the_same_correction_sent_again_is_the_same_reading(first, correct):
    key = uuid.uuid4()
    assert correct(first, FLUTTER, key=key) == correct(first, FLUTTER, key=key)
    assert Reading.objects.count() == 2


def test_a_key_of_a_correction_does_not_serve_a_reading(first, correct, submit):
    key = uuid.uuid4()
    correct(first, FLUTTER, key=key)
    with pytest.raises(signing.KeyReused):
        submit(first.assignment, FLUTTER, key=key)


def test_what_was_corrected_cannot_be_corrected_again(first, correct):
    correct(first, FLUTTER)
    with pytest.raises(corrections.NotTheLatest):
        correct(first, "artifact")


def test_what_was_never_submitted_cannot_be_corrected(assign, ana, submit):
    with pytest.raises(corrections.NotTheLatest):
        submit(assign(ana), AF, supersedes=uuid.uuid4())


def test_a_reading_of_another_exam_cannot_be_corrected(first, assign, ana, submit):
    with pytest.raises(corrections.NotTheLatest):
        submit(assign(ana), AF, supersedes=first.idempotency_key)


def test_anothers_reading_cannot_be_corrected(first, bruno, submit):
    first.assignment.reader = bruno
    with pytest.raises(Assignment.DoesNotExist):
        submit(first.assignment, AF, supersedes=first.idempotency_key)


def test_a_correction_that_cannot_be_leaves_the_first_reading(first, correct):
    with pytest.raises(content.UnknownClass):
        correct(first, "no_such_class")
    assert standing(first.assignment) == first


class TestTheWindow:
    def test_is_told_until_it_ends(self, first, now):
        assert corrections.until(first, now=now) == now + WINDOW
        assert corrections.until(first, now=now + WINDOW - A_MOMENT) == now + WINDOW

    def test_is_not_told_when_it_is_over(self, first, now):
        assert corrections.until(first, now=now + WINDOW) is None

    def test_begins_anew_with_a_correction(self, first, correct, now):
        second = correct(first, FLUTTER, after=WINDOW)
        assert corrections.until(second, now=now + WINDOW) == now + 2 * WINDOW

    def test_leaves_time_to_correct_what_was_taken_back_on_its_last_second(self, first, correct):
        correct(first, FLUTTER, after=LATEST)

    def test_ends_then(self, first, correct):
        with pytest.raises(corrections.ReadingFinal):
            correct(first, FLUTTER, after=LATEST + A_MOMENT)

    def test_is_that_of_the_protocol_of_its_batch(self, study, first, davi, now, correct):
        wanted = protocols.protocol_of(study)
        amended = type(wanted)(**{**_fields(wanted), "undo_window_s": 0})
        lifecycle.amend(
            study_id=study.pk, wanted=amended, reason="Never back.", actor=davi, now=now
        )
        first.refresh_from_db()
        assert Study.objects.get().undo_window_s == 0
        assert corrections.until(first, now=now) == now + WINDOW
        correct(first, FLUTTER)

    def test_is_not_told_of_what_was_corrected(self, first, correct, now):
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


def _fields(wanted):
    return {name: getattr(wanted, name) for name in wanted.__dataclass_fields__}


class TestAStudyWithoutAWindow:
    @pytest.fixture
    def study(self, make_study):
        return make_study(undo_window_s=0)

    def test_tells_none(self, first, now):
        assert corrections.until(first, now=now) is None

    def test_takes_nothing_back(self, first, correct):
        with pytest.raises(corrections.ReadingFinal):
            correct(first, FLUTTER, after=timedelta(0))


class TestOnceSuggestionsWereShown:
    def test_a_blind_reading_is_final(self, first, run, correct, now):
        run(first.assignment.exam)
        show(first.assignment, now + A_MOMENT)
        assert corrections.until(first, now=now) is None
        with pytest.raises(corrections.ReadingFinal):
            correct(first, FLUTTER, after=2 * A_MOMENT)

    def test_a_clock_that_goes_back_opens_nothing(self, first, run, correct, now):
        """Two servers: the one that showed them is behind the one that took the reading."""
        run(first.assignment.exam)
        show(first.assignment, now - A_MOMENT)
        with pytest.raises(corrections.ReadingFinal):
            correct(first, FLUTTER)

    def test_in_another_assignment_of_the_exam_it_is_final_too(
        self, first, assign, ana, run, submit, correct, now
    ):
        again = assign(ana, first.assignment.exam)
        submit(again)
        run(again.exam)
        show(again, now + A_MOMENT)
        with pytest.raises(corrections.ReadingFinal):
            correct(first, FLUTTER, after=2 * A_MOMENT)

    def test_to_somebody_else_it_is_not(self, first, assign, bruno, run, submit, correct, now):
        theirs = assign(bruno, first.assignment.exam)
        submit(theirs)
        run(theirs.exam)
        show(theirs, now + A_MOMENT)
        correct(first, FLUTTER, after=2 * A_MOMENT)

    def test_while_it_was_read_it_knew_of_them(self, assign, ana, run, submit, correct, now):
        assignment = _concurrent(assign(ana))
        run(assignment.exam)
        show(assignment, now - A_MOMENT)
        correct(submit(assignment, AF), FLUTTER)

    def test_after_it_was_read_in_that_arm_it_is_final(
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
    def test_the_database_says_the_same(self, assign, ana, run, submit, now, arm, after):
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


class TestWhatIsCounted:
    """Whatever is made from readings is made from those that stand."""

    @pytest.fixture
    def both(self, make_batch, submit, ana, bruno):
        """A batch in which Ana and Bruno gave atrial fibrillation."""
        batch = make_batch()
        for assignment in batch.assignments.order_by("reader__username"):
            submit(assignment, AF)
        return batch

    def test_a_seat_counts_an_exam_once(self, first, correct, ana):
        correct(first, FLUTTER)
        assert Seat.objects.get(reader=ana).n_read == 1

    def test_the_agreement_takes_the_correction(self, both, correct, ana, now):
        correct(Reading.objects.get(reader=ana), FLUTTER)
        report = refresh.refresh(batch=both, now=now)
        (pair,) = pair_lines(report.results, classes=[AF])
        told = [pair[name] for name in ("n11", "n10", "n01", "n00")]
        assert (report.n_readings, told) == (2, [0, 0, 1, 0])

    def test_a_correction_that_comes_in_meanwhile_stays_due(
        self, both, correct, ana, now, monkeypatch
    ):
        real = results.coefficients

        def meanwhile(*args):
            monkeypatch.setattr(results, "coefficients", real)
            correct(Reading.objects.get(reader=ana), FLUTTER)
            return real(*args)

        monkeypatch.setattr(results, "coefficients", meanwhile)
        refresh.refresh(batch=both, now=now)
        both.refresh_from_db()
        assert both.agreement_is_due

    def test_a_correction_makes_the_agreement_due(self, both, correct, ana, now):
        refresh.refresh(batch=both, now=now)
        correct(Reading.objects.get(reader=ana), FLUTTER)
        both.refresh_from_db()
        assert both.agreement_is_due
        assert AgreementReport.objects.count() == 1

    def test_the_consensus_takes_the_correction(self, both, correct, close, ana, study, now):
        correct(Reading.objects.get(reader=ana), FLUTTER)
        close(both)
        labels.compute(study=study, now=now)
        row = study.consensus.get()
        votes = row.labels.values_list("diagnostic_class__code", "n_positive")
        assert (row.n_readings, dict(votes)) == (2, {AF: 1, FLUTTER: 1})

    def test_a_pace_is_made_of_what_stands(self, both, correct, ana, study):
        correct(Reading.objects.get(reader=ana), FLUTTER, active_ms=1)
        assert reading_log.of_batches(study.batches.all())[ana.pk].active_ms == [1]


class TestAQualification:
    @pytest.fixture
    def exam_set(self, study, make_exam, ana, davi, now):
        """A set of two exams with atrial fibrillation, for Ana."""
        codes = [make_exam().code for _ in range(2)]
        return qualification.make(
            study=study, name="Entry", references={code: [AF] for code in codes}, readers=[ana],
            created_by=davi, now=now,
        )  # fmt: skip

    def test_is_judged_by_what_stands(self, exam_set, submit, correct, ana):
        one, other = exam_set.assignments.order_by("position")
        correct(submit(one, FLUTTER), AF)
        submit(other, AF)
        assert Seat.objects.get(reader=ana, batch=exam_set).right_share == 1.0

    def test_is_final_when_it_is_complete(self, exam_set, submit, correct, now):
        one, other = exam_set.assignments.order_by("position")
        reading = submit(one, FLUTTER)
        submit(other, AF)
        assert corrections.until(reading, now=now) is None
        with pytest.raises(corrections.ReadingFinal):
            correct(reading, AF)


def test_the_trail_has_both_digests(first, correct):
    second = correct(first, FLUTTER)
    event = AuditEvent.objects.get(action=audit.Action.READING_SUPERSEDED)
    assert (event.actor, event.object_id) == (first.reader, str(first.pk))
    assert json.loads(event.before) == {"digest": signed_content.reading_digest(first)}
    after = json.loads(event.after)
    assert (after["reading"], after["digest"]) == (second.pk, signed_content.reading_digest(second))


def test_a_corrected_reading_is_verified_like_any_other(first, correct):
    correct(first, FLUTTER)
    assert integrity_readings.check().fault is None

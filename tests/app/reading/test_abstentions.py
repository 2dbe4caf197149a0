"""Abstentions and classes that are not assessable."""

from __future__ import annotations

import csv
import io

import pytest

from annotations.models import Assignment, Reading, Seat, Slot
from annotations.services.agreement import refresh
from annotations.services.assignment import (
    batches,
    leases,
    past_assignments,
    plans,
    pool_slots,
    progress,
    qualification,
    qualification_feedback,
)
from annotations.services.blinding import reader_names
from annotations.services.consensus import labels
from annotations.services.export import archive
from annotations.services.studies import exam_pool, reading_log, roster
from tests.app.kept import kept

AF, FLUTTER, NOISE = "atrial_fibrillation", "atrial_flutter", "artifact"
ABSTAINED = {"outcome": "abstained", "quality": ""}


@kept
def batch(make_batch):
    """A batch of one exam for Ana and Bruno."""
    return make_batch()


@pytest.fixture
def assignment_of(batch):
    def find(reader):
        return batch.assignments.get(reader=reader)

    return find


def class_row(report, code):
    return next(row for row in report.results["classes"] if row["class"] == code)


def csv_rows(study, now, name):
    content = archive.contents(study=study, now=now)[name].decode()
    return list(csv.DictReader(io.StringIO(content)))


@pytest.fixture
def close_and_label(batch, close, study, now):
    """Close the batch and return the consensus of its exam."""

    def make():
        close(batch)
        labels.compute(study=study, now=now)
        return study.consensus.get()

    return make


class TestAbstention:
    def test_completes_the_assignment(self, assignment_of, ana, submit):
        submit(assignment_of(ana), **ABSTAINED)
        assert Seat.objects.get(reader=ana).n_read == 1
        assert assignment_of(ana).is_abstained

    def test_is_not_compared(self, batch, assignment_of, ana, bruno, submit, now):
        submit(assignment_of(ana), **ABSTAINED)
        submit(assignment_of(bruno), AF)
        report = refresh.refresh(batch=batch, now=now)
        assert (report.n_readings, report.results["n_exams_compared"]) == (1, 0)

    def test_has_no_vote(self, assignment_of, ana, bruno, submit, close_and_label):
        submit(assignment_of(ana), **ABSTAINED)
        submit(assignment_of(bruno), AF)
        row = close_and_label()
        assert (row.outcome, row.n_readings) == ("incomplete", 1)
        assert row.reason == "readings_missing"

    def test_has_no_answer_in_the_reading_log(self, assignment_of, ana, submit, study):
        submit(assignment_of(ana), **ABSTAINED)
        assert reading_log.of_batches(study.batches.all())[ana.pk].answers == []

    def test_can_be_corrected_to_a_reading(self, assignment_of, ana, submit):
        reading = submit(assignment_of(ana), **ABSTAINED)
        submit(assignment_of(ana), AF, supersedes=reading.idempotency_key)
        assert not assignment_of(ana).is_abstained

    def test_can_replace_a_reading(self, assignment_of, ana, submit, batch, now):
        reading = submit(assignment_of(ana), AF)
        submit(assignment_of(ana), supersedes=reading.idempotency_key, **ABSTAINED)
        assert assignment_of(ana).is_abstained
        assert refresh.refresh(batch=batch, now=now).n_readings == 0

    def test_is_exported_as_abstained(self, assignment_of, ana, submit, batch, close, study, now):
        submit(assignment_of(ana), **ABSTAINED)
        close(batch)
        cells = csv_rows(study, now, "readings_long.csv")
        assert {(row["outcome"], row["quality"], row["state"]) for row in cells} == {
            ("abstained", "", "not_assessed")
        }

    def test_is_not_right_in_a_qualification(self, study, make_exam, ana, davi, submit, now):
        exam = make_exam()
        entry_set = qualification.make(
            study=study, name="Entry", references={exam.code: []}, readers=[ana],
            created_by=davi, now=now,
        )  # fmt: skip
        submit(entry_set.assignments.get(), **ABSTAINED)
        (line,) = qualification_feedback.lines(
            seat=qualification_feedback.seat_of(batch_id=entry_set.pk, reader=ana)
        )
        assert (line.is_right, line.is_abstained, line.is_unreadable) == (False, True, False)

    def test_is_counted_in_the_progress(self, assignment_of, ana, bruno, submit, study, now):
        submit(assignment_of(ana), **ABSTAINED)
        submit(assignment_of(bruno))
        status = progress.of_study(study=study, now=now)
        assert {reader.user: reader.n_abstained for reader in status.readers} == {ana: 1, bruno: 0}
        assert (status.n_read, status.n_abstained, status.n_left) == (1, 1, 0)


class TestAbstainedExam:
    """An exam whose reader abstained needs another reading."""

    @pytest.fixture
    def pool_of_one(self, study, make_exam, ana, bruno, clara, davi, now):
        """A released plan that assigns the only exam of the study to Ana and Bruno."""
        exam = make_exam()
        exam_pool.add(study=study, exams=[exam], actor=davi, now=now)
        roster.join(study=study, readers=[ana, bruno], actor=davi, now=now)
        (planned,) = plans.plan(study=study, name="One", created_by=davi, now=now)
        return batches.release(batch_id=planned.pk, actor=davi, now=now)

    def test_is_planned_for_another_reader(self, pool_of_one, study, clara, ana, davi, submit, now):
        submit(pool_of_one.assignments.get(reader=ana), **ABSTAINED)
        assert plans.incomplete(study).count() == 1
        roster.join(study=study, readers=[clara], actor=davi, now=now)
        (planned,) = plans.plan(study=study, name="Two", created_by=davi, now=now)
        assert [assignment.reader for assignment in planned.assignments.all()] == [clara]

    def test_is_complete_again_after_a_correction(self, pool_of_one, study, ana, submit):
        assignment = pool_of_one.assignments.get(reader=ana)
        reading = submit(assignment, **ABSTAINED)
        submit(assignment, AF, supersedes=reading.idempotency_key)
        assert not plans.incomplete(study).exists()

    def test_is_not_assigned_to_the_same_reader_again(self, pool_of_one, study, ana, submit):
        assignment = pool_of_one.assignments.get(reader=ana)
        submit(assignment, **ABSTAINED)
        assert past_assignments.of_study(study).blocked == [(ana.pk, assignment.exam_id)]

    @pytest.fixture
    def pool(self, study, make_exam, ana, bruno, davi, now):
        """A released pool that needs one reading of one exam."""
        batch = pool_slots.create_pool(
            study=study, name="Pool", exams=[make_exam()], readers=[ana, bruno],
            readers_per_exam=1, created_by=davi, now=now,
        )  # fmt: skip
        return batches.release(batch_id=batch.pk, actor=davi, now=now)

    def test_in_a_pool_is_given_to_the_next_reader(self, pool, ana, bruno, submit, now):
        submit(leases.take(batch_id=pool.pk, reader=ana, now=now), **ABSTAINED)
        assert leases.take(batch_id=pool.pk, reader=bruno, now=now)
        with pytest.raises(leases.NoExamNow):
            leases.take(batch_id=pool.pk, reader=ana, now=now)

    def test_in_a_pool_gets_its_slot_back_after_a_correction(self, pool, ana, submit, now):
        leased = leases.take(batch_id=pool.pk, reader=ana, now=now)
        reading = submit(leased, **ABSTAINED)
        leased = Assignment.objects.select_related("reader").get()
        submit(leased, AF, supersedes=reading.idempotency_key)
        assert Slot.objects.get().assignment == leased

    def test_in_a_pool_frees_its_slot_when_a_reading_becomes_an_abstention(
        self, pool, ana, submit, study, now
    ):
        leased = leases.take(batch_id=pool.pk, reader=ana, now=now)
        reading = submit(leased, AF)
        submit(leased, supersedes=reading.idempotency_key, **ABSTAINED)
        assert Slot.objects.get().assignment is None
        late = Assignment.objects.answered().filter(state="read", slot=None)
        assert not late.exists()
        (batch_status,) = progress.of_study(study=study, now=now).batches
        assert (
            batch_status.n_wanted,
            batch_status.n_read,
            batch_status.n_abstained,
            batch_status.n_left,
        ) == (1, 0, 1, 1)


class TestNotAssessableClass:
    """The reading does not count for that class, but still counts for all others."""

    def test_is_not_compared(self, batch, assignment_of, ana, bruno, submit, now):
        submit(assignment_of(ana), AF, not_assessable=[NOISE])
        submit(assignment_of(bruno), AF, NOISE)
        report = refresh.refresh(batch=batch, now=now)
        assert class_row(report, NOISE)["n_exams"] == 0
        assert class_row(report, AF)["n_exams"] == 1
        assert report.results["overall"]["exact_set"]["estimate"] == 1.0

    def test_is_counted_in_the_report(self, batch, assignment_of, ana, bruno, submit, now):
        submit(assignment_of(ana), AF, not_assessable=[NOISE])
        submit(assignment_of(bruno), AF, quality="good")
        report = refresh.refresh(batch=batch, now=now)
        counts = {row["class"]: row["n_not_assessable"] for row in report.results["classes"]}
        assert {code: n for code, n in counts.items() if n} == {NOISE: 1}

    def test_is_a_vote_neither_for_nor_against(
        self, assignment_of, ana, bruno, submit, close_and_label
    ):
        submit(assignment_of(ana), AF, not_assessable=[NOISE])
        submit(assignment_of(bruno), AF, NOISE)
        row = close_and_label()
        votes = row.labels.values_list("diagnostic_class__code", "n_positive", "n_readings")
        assert sorted(votes) == [(NOISE, 1, 1), (AF, 2, 2)]
        assert (row.outcome, row.not_assessable) == ("disputed", {NOISE: 1})
        assert (row.state(AF), row.state(NOISE)) == ("present", "undecided")

    def test_does_not_prevent_agreement(self, assignment_of, ana, bruno, submit, close_and_label):
        submit(assignment_of(ana), AF, not_assessable=[NOISE])
        submit(assignment_of(bruno), AF)
        assert close_and_label().outcome == "agreement"

    def test_is_not_absent_if_only_one_reader_could_assess_it(
        self, batch, assignment_of, ana, bruno, submit, close, study, now
    ):
        submit(assignment_of(ana), AF, not_assessable=[NOISE])
        submit(assignment_of(bruno), AF)
        close(batch)
        (row,) = csv_rows(study, now, "consensus.csv")
        assert (row[AF], row[NOISE], row[FLUTTER]) == ("present", "not_assessed", "absent")
        assert row["not_assessable"] == f"{NOISE}:1"

    def test_is_absent_if_two_other_readers_agree(
        self, make_batch, ana, bruno, clara, submit, close, study, now
    ):
        wide = make_batch(readers=[ana, bruno, clara])
        not_assessable_codes = {ana: [NOISE]}
        for assignment in wide.assignments.select_related("reader"):
            submit(assignment, AF, not_assessable=not_assessable_codes.get(assignment.reader, ()))
        close(wide)
        (row,) = csv_rows(study, now, "consensus.csv")
        assert (row["outcome"], row[NOISE]) == ("agreement", "absent")

    def test_has_its_own_state_in_the_long_table(
        self, batch, assignment_of, ana, submit, close, study, now
    ):
        submit(assignment_of(ana), AF, not_assessable=[NOISE])
        close(batch)
        states = {row["class"]: row["state"] for row in csv_rows(study, now, "readings_long.csv")}
        assert (states[AF], states[NOISE], states[FLUTTER]) == (
            "present",
            "not_assessable",
            "absent",
        )

    def test_makes_answers_differ(self, assignment_of, ana, make_batch, make_exam, submit, study):
        twice = make_batch([make_exam(), make_exam()], [ana])
        first_assignment, second_assignment = twice.assignments.all()
        submit(first_assignment, AF)
        submit(second_assignment, AF, not_assessable=[NOISE])
        first, second = reading_log.of_batches(study.batches.all())[ana.pk].answers
        assert first != second


class TestExport:
    PLACE = {"tracing": 1, "leads": ["II", "V1"], "from_s": 0.5, "to_s": 2.25}
    PR = {"kind": "interval", "tracing": 1, "lead": None, "from_s": 1.0, "to_s": 1.238,
          "value": 238.0}  # fmt: skip

    @pytest.fixture
    def closed(self, batch, assignment_of, ana, bruno, submit, close):
        """A closed batch: Ana corrected her reading, Bruno marked evidence and signal problems."""
        from annotations.services.reading import content as reading_content

        first = submit(assignment_of(ana), AF)
        submit(assignment_of(ana), FLUTTER, supersedes=first.idempotency_key, tools={"calipers": 2})
        reading = reading_content.FindingIn(AF, "definite", [self.PLACE], [self.PR])
        problems = [{"kind": "noise", "leads": ["V1", "V2"]}, {"kind": "other", "leads": []}]
        submit(assignment_of(bruno), findings=[reading], problems=problems, quality="poor")
        close(batch)

    def test_has_only_effective_readings_in_the_long_table(self, closed, study, now):
        cells = csv_rows(study, now, "readings_long.csv")
        assert len(cells) == 2 * 66
        present = {row["class"] for row in cells if row["state"] == "present"}
        assert present == {AF, FLUTTER}

    def test_lists_corrected_readings(self, closed, study, ana, now):
        rows_ = csv_rows(study, now, "readings.csv")
        hers = [row for row in rows_ if row["reader"] == reader_names.pseudonym(study, ana.pk)]
        old, new = sorted(hers, key=lambda row: row["stands"])
        assert (old["stands"], old["labels"], old["supersedes"]) == ("0", AF, "")
        assert (new["stands"], new["labels"], new["supersedes"]) == ("1", FLUTTER, old["reading"])
        assert new["tools"] == "calipers:2"

    def test_gives_the_reasons_for_poor_quality(self, closed, study, now):
        problems = {row["problems"] for row in csv_rows(study, now, "readings.csv")}
        assert problems == {"", "noise:V1 V2;other"}

    def test_has_localisations_and_measurements(self, closed, study, now):
        (place,) = csv_rows(study, now, "localisations.csv")
        assert (place["class"], place["leads"], place["to_s"]) == (AF, "II V1", "2.25")
        (measured,) = csv_rows(study, now, "measurements.csv")
        assert (measured["lead"], measured["value"], measured["unit"]) == ("", "238.0", "ms")


def test_an_abstention_is_not_a_counted_reading(assignment_of, ana, submit):
    submit(assignment_of(ana), **ABSTAINED)
    assert not Reading.objects.counted().exists()

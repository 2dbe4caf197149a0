"""Who abstains gives no reading: nothing counts it, and somebody else may read the exam."""

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

AF, FLUTTER, NOISE = "atrial_fibrillation", "atrial_flutter", "artifact"
ABSTAINED = {"outcome": "abstained", "quality": ""}


@pytest.fixture
def batch(make_batch):
    """One exam for Ana and Bruno."""
    return make_batch()


@pytest.fixture
def of(batch):
    """Return the assignment of a reader."""

    def find(reader):
        return batch.assignments.get(reader=reader)

    return find


def of_class(report, code):
    return next(one for one in report.results["classes"] if one["class"] == code)


def rows(study, now, name):
    content = archive.contents(study=study, now=now)[name].decode()
    return list(csv.DictReader(io.StringIO(content)))


@pytest.fixture
def settled(batch, close, study, now):
    """Close the batch and return the consensus of its exam."""

    def make():
        close(batch)
        labels.compute(study=study, now=now)
        return study.consensus.get()

    return make


class TestWhoAbstains:
    def test_is_done_with_the_exam(self, of, ana, submit):
        submit(of(ana), **ABSTAINED)
        assert Seat.objects.get(reader=ana).n_read == 1
        assert of(ana).is_abstained

    def test_is_compared_with_nobody(self, batch, of, ana, bruno, submit, now):
        submit(of(ana), **ABSTAINED)
        submit(of(bruno), AF)
        report = refresh.refresh(batch=batch, now=now)
        assert (report.n_readings, report.results["n_exams_compared"]) == (1, 0)

    def test_has_no_vote(self, of, ana, bruno, submit, settled):
        submit(of(ana), **ABSTAINED)
        submit(of(bruno), AF)
        row = settled()
        assert (row.outcome, row.n_readings) == ("incomplete", 1)
        assert row.reason == "readings_missing"

    def test_leaves_no_answer_to_compare_with_others(self, of, ana, submit, study):
        submit(of(ana), **ABSTAINED)
        assert reading_log.of_batches(study.batches.all())[ana.pk].answers == []

    def test_may_take_that_back(self, of, ana, submit):
        reading = submit(of(ana), **ABSTAINED)
        submit(of(ana), AF, supersedes=reading.idempotency_key)
        assert not of(ana).is_abstained

    def test_may_do_so_on_second_thoughts(self, of, ana, submit, batch, now):
        reading = submit(of(ana), AF)
        submit(of(ana), supersedes=reading.idempotency_key, **ABSTAINED)
        assert of(ana).is_abstained
        assert refresh.refresh(batch=batch, now=now).n_readings == 0

    def test_is_exported_as_such(self, of, ana, submit, batch, close, study, now):
        submit(of(ana), **ABSTAINED)
        close(batch)
        found = rows(study, now, "readings_long.csv")
        assert {(row["outcome"], row["quality"], row["state"]) for row in found} == {
            ("abstained", "", "not_assessed")
        }

    def test_gave_nothing_of_a_qualification(self, study, make_exam, ana, davi, submit, now):
        exam = make_exam()
        made = qualification.make(
            study=study, name="Entry", references={exam.code: []}, readers=[ana],
            created_by=davi, now=now,
        )  # fmt: skip
        submit(made.assignments.get(), **ABSTAINED)
        (line,) = qualification_feedback.lines(
            seat=qualification_feedback.seat_of(batch_id=made.pk, reader=ana)
        )
        assert (line.is_right, line.is_abstained, line.is_unreadable) == (False, True, False)

    def test_is_counted_for_who_leads_the_study(self, of, ana, bruno, submit, study, now):
        submit(of(ana), **ABSTAINED)
        submit(of(bruno))
        found = progress.of_study(study=study, now=now)
        assert {one.user: one.n_abstained for one in found.readers} == {ana: 1, bruno: 0}
        assert (found.n_read, found.n_abstained, found.n_left) == (1, 1, 0)


class TestTheExam:
    """It lacks a reading, as if its reader had been taken from it."""

    @pytest.fixture
    def pool_of_one(self, study, make_exam, ana, bruno, clara, davi, now):
        """A study whose only exam Ana and Bruno read."""
        exam = make_exam()
        exam_pool.add(study=study, exams=[exam], actor=davi, now=now)
        roster.join(study=study, readers=[ana, bruno], actor=davi, now=now)
        (made,) = plans.plan(study=study, name="One", created_by=davi, now=now)
        return batches.release(batch_id=made.pk, actor=davi, now=now)

    def test_is_planned_for_somebody_else(self, pool_of_one, study, clara, ana, davi, submit, now):
        submit(pool_of_one.assignments.get(reader=ana), **ABSTAINED)
        assert plans.incomplete(study).count() == 1
        roster.join(study=study, readers=[clara], actor=davi, now=now)
        (made,) = plans.plan(study=study, name="Two", created_by=davi, now=now)
        assert [one.reader for one in made.assignments.all()] == [clara]

    def test_has_its_readers_again_when_that_is_taken_back(self, pool_of_one, study, ana, submit):
        assignment = pool_of_one.assignments.get(reader=ana)
        reading = submit(assignment, **ABSTAINED)
        submit(assignment, AF, supersedes=reading.idempotency_key)
        assert not plans.incomplete(study).exists()

    def test_never_comes_back_to_who_abstained(self, pool_of_one, study, ana, submit):
        assignment = pool_of_one.assignments.get(reader=ana)
        submit(assignment, **ABSTAINED)
        assert past_assignments.of_study(study).barred == [(ana.pk, assignment.exam_id)]

    @pytest.fixture
    def pooled(self, study, make_exam, ana, bruno, davi, now):
        """A pool that wants one reading of one exam."""
        batch = pool_slots.create_pool(
            study=study, name="Pool", exams=[make_exam()], readers=[ana, bruno],
            readers_per_exam=1, created_by=davi, now=now,
        )  # fmt: skip
        return batches.release(batch_id=batch.pk, actor=davi, now=now)

    def test_of_a_pool_is_handed_to_the_next(self, pooled, ana, bruno, submit, now):
        submit(leases.take(batch_id=pooled.pk, reader=ana, now=now), **ABSTAINED)
        assert leases.take(batch_id=pooled.pk, reader=bruno, now=now)
        with pytest.raises(leases.NoExamNow):
            leases.take(batch_id=pooled.pk, reader=ana, now=now)

    def test_of_a_pool_keeps_its_slot_when_that_is_taken_back(self, pooled, ana, submit, now):
        taken = leases.take(batch_id=pooled.pk, reader=ana, now=now)
        reading = submit(taken, **ABSTAINED)
        taken = Assignment.objects.select_related("reader").get()
        submit(taken, AF, supersedes=reading.idempotency_key)
        assert Slot.objects.get().assignment == taken

    def test_of_a_pool_is_left_when_the_only_reading_becomes_none(
        self, pooled, ana, submit, study, now
    ):
        taken = leases.take(batch_id=pooled.pk, reader=ana, now=now)
        reading = submit(taken, AF)
        submit(taken, supersedes=reading.idempotency_key, **ABSTAINED)
        assert Slot.objects.get().assignment is None
        late = Assignment.objects.answered().filter(state="read", slot=None)
        assert not late.exists()
        (told,) = progress.of_study(study=study, now=now).batches
        assert (told.n_wanted, told.n_read, told.n_abstained, told.n_left) == (1, 0, 1, 1)


class TestAClassThatCannotBeTold:
    """It is missing for that class, and for no other."""

    def test_is_not_compared(self, batch, of, ana, bruno, submit, now):
        submit(of(ana), AF, not_assessable=[NOISE])
        submit(of(bruno), AF, NOISE)
        report = refresh.refresh(batch=batch, now=now)
        assert of_class(report, NOISE)["n_exams"] == 0
        assert of_class(report, AF)["n_exams"] == 1
        assert report.results["overall"]["exact_set"]["estimate"] == 1.0

    def test_is_counted(self, batch, of, ana, bruno, submit, now):
        submit(of(ana), AF, not_assessable=[NOISE])
        submit(of(bruno), AF, quality="good")
        report = refresh.refresh(batch=batch, now=now)
        counts = {one["class"]: one["n_not_assessable"] for one in report.results["classes"]}
        assert {code: n for code, n in counts.items() if n} == {NOISE: 1}

    def test_is_no_vote_against_it_and_none_for_it(self, of, ana, bruno, submit, settled):
        submit(of(ana), AF, not_assessable=[NOISE])
        submit(of(bruno), AF, NOISE)
        row = settled()
        votes = row.labels.values_list("diagnostic_class__code", "n_positive", "n_readings")
        assert sorted(votes) == [(NOISE, 1, 1), (AF, 2, 2)]
        assert (row.outcome, row.not_assessable) == ("disputed", {NOISE: 1})
        assert (row.state(AF), row.state(NOISE)) == ("present", "undecided")

    def test_leaves_the_others_agreed(self, of, ana, bruno, submit, settled):
        submit(of(ana), AF, not_assessable=[NOISE])
        submit(of(bruno), AF)
        assert settled().outcome == "agreement"

    def test_is_not_called_absent_where_one_reader_alone_could_tell(
        self, batch, of, ana, bruno, submit, close, study, now
    ):
        submit(of(ana), AF, not_assessable=[NOISE])
        submit(of(bruno), AF)
        close(batch)
        (row,) = rows(study, now, "consensus.csv")
        assert (row[AF], row[NOISE], row[FLUTTER]) == ("present", "not_assessed", "absent")
        assert row["not_assessable"] == f"{NOISE}:1"

    def test_is_absent_where_two_others_say_so(
        self, make_batch, ana, bruno, clara, submit, close, study, now
    ):
        wide = make_batch(readers=[ana, bruno, clara])
        untold = {ana: [NOISE]}
        for assignment in wide.assignments.select_related("reader"):
            submit(assignment, AF, not_assessable=untold.get(assignment.reader, ()))
        close(wide)
        (row,) = rows(study, now, "consensus.csv")
        assert (row["outcome"], row[NOISE]) == ("agreement", "absent")

    def test_has_a_state_of_its_own_in_the_long_table(
        self, batch, of, ana, submit, close, study, now
    ):
        submit(of(ana), AF, not_assessable=[NOISE])
        close(batch)
        states = {row["class"]: row["state"] for row in rows(study, now, "readings_long.csv")}
        assert (states[AF], states[NOISE], states[FLUTTER]) == (
            "present",
            "not_assessable",
            "absent",
        )

    def test_makes_an_answer_another_one(self, of, ana, make_batch, make_exam, submit, study):
        twice = make_batch([make_exam(), make_exam()], [ana])
        one, other = twice.assignments.all()
        submit(one, AF)
        submit(other, AF, not_assessable=[NOISE])
        first, second = reading_log.of_batches(study.batches.all())[ana.pk].answers
        assert first != second


class TestTheExport:
    PLACE = {"tracing": 1, "leads": ["II", "V1"], "from_s": 0.5, "to_s": 2.25}
    PR = {"kind": "interval", "tracing": 1, "lead": None, "from_s": 1.0, "to_s": 1.238,
          "value": 238.0}  # fmt: skip

    @pytest.fixture
    def closed(self, batch, of, ana, bruno, submit, close):
        """Ana corrected herself; Bruno marked what he saw."""
        from annotations.services.reading import content as reading_content

        first = submit(of(ana), AF)
        submit(of(ana), FLUTTER, supersedes=first.idempotency_key, tools={"calipers": 2})
        reading = reading_content.FindingIn(AF, "definite", [self.PLACE], [self.PR])
        problems = [{"kind": "noise", "leads": ["V1", "V2"]}, {"kind": "other", "leads": []}]
        submit(of(bruno), findings=[reading], problems=problems, quality="poor")
        close(batch)

    def test_counts_what_stands_once(self, closed, study, now):
        found = rows(study, now, "readings_long.csv")
        assert len(found) == 2 * 66
        given = {row["class"] for row in found if row["state"] == "present"}
        assert given == {AF, FLUTTER}

    def test_lists_what_was_corrected(self, closed, study, ana, now):
        found = rows(study, now, "readings.csv")
        hers = [row for row in found if row["reader"] == reader_names.pseudonym(study, ana.pk)]
        old, new = sorted(hers, key=lambda row: row["stands"])
        assert (old["stands"], old["labels"], old["supersedes"]) == ("0", AF, "")
        assert (new["stands"], new["labels"], new["supersedes"]) == ("1", FLUTTER, old["reading"])
        assert new["tools"] == "calipers:2"

    def test_tells_why_the_quality_is_poor(self, closed, study, now):
        found = {row["problems"] for row in rows(study, now, "readings.csv")}
        assert found == {"", "noise:V1 V2;other"}

    def test_has_what_shows_a_finding(self, closed, study, now):
        (place,) = rows(study, now, "localisations.csv")
        assert (place["class"], place["leads"], place["to_s"]) == (AF, "II V1", "2.25")
        (measured,) = rows(study, now, "measurements.csv")
        assert (measured["lead"], measured["value"], measured["unit"]) == ("", "238.0", "ms")


def test_a_repeat_is_no_reading_of_its_own_of_what_was_abstained(of, ana, submit):
    submit(of(ana), **ABSTAINED)
    assert not Reading.objects.counted().exists()

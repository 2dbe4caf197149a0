"""Live pattern counts: each reading counts once, even after corrections."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError

from annotations.models import (
    Batch,
    ExamPattern,
    PatternCount,
    Purpose,
    Reading,
    Scope,
    TaxonomyChange,
    UncountedExam,
    in_scope,
)
from annotations.services.agreement import refresh
from annotations.services.assignment import batches
from annotations.services.consensus import rereads
from annotations.services.counts import exam_patterns, live, writes
from annotations.services.taxonomy import versions
from tests.app.counts.pattern_counting import (
    amend_to_next_version,
    differences,
    drain,
    of_batch,
    patterns,
    sets,
)
from tests.app.taxonomy.test_versions import PARTS, SPLIT, next_version

AF, NOISE = "atrial_fibrillation", "artifact"


@pytest.fixture
def reader_set(ana, bruno):
    return tuple(sorted((ana.pk, bruno.pk)))


@pytest.fixture
def read(make_batch, make_exam, submit):
    """Open a batch with these readings: a pair (Ana's codes, Bruno's codes) per exam.

    None instead of codes means not read.
    """

    def make(*exams_read):
        batch = make_batch([make_exam() for _ in exams_read])
        rows = batch.assignments.order_by("exam", "reader__username")
        contents = [codes for pair in exams_read for codes in pair]
        for assignment, codes in zip(rows, contents, strict=True):
            if codes is not None:
                submit(assignment, *codes)
        return batch

    return make


def correct(submit, reading, *codes, now, **more):
    return submit(
        reading.assignment, *codes, supersedes=reading.idempotency_key,
        now=now + timedelta(seconds=5), **more,
    )  # fmt: skip


class TestCounting:
    def test_patterns_are_counted_by_class_and_reader_set(self, read, reader_set, now):
        batch = read(((AF,), (AF,)), ((AF,), ()), ((), ()))
        drain(now)
        for scope in (of_batch(batch), Scope(batch.study_id)):
            assert sets(scope) == {reader_set: 3}
            assert patterns(scope) == {(AF, reader_set, "22"): 1, (AF, reader_set, "21"): 1}

    def test_a_single_reader_is_a_reader_set(self, read, ana, now):
        batch = read(((AF,), None))
        drain(now)
        assert sets(of_batch(batch)) == {(ana.pk,): 1}
        assert patterns(of_batch(batch)) == {(AF, (ana.pk,), "2"): 1}

    def test_counting_an_exam_again_changes_nothing(self, read, reader_set, now):
        batch = read(((AF,), (AF,)))
        drain(now)
        UncountedExam.objects.create(batch=batch, exam=batch.assignments.first().exam)
        drain(now)
        assert sets(of_batch(batch)) == {reader_set: 1}

    def test_not_assessable_is_a_digit_of_its_own(self, read, submit, ana, reader_set, now):
        batch = read((None, ()))
        submit(batch.assignments.get(reader=ana), not_assessable=[NOISE])
        drain(now)
        digits = "01" if ana.pk == reader_set[0] else "10"
        assert patterns(of_batch(batch)) == {(NOISE, reader_set, digits): 1}

    def test_unreadable_readings_are_counted_separately(self, read, submit, ana, bruno, now):
        batch = read((None, (AF,)))
        submit(batch.assignments.get(reader=ana), quality="unreadable")
        drain(now)
        assert sets(of_batch(batch)) == {(bruno.pk,): 1}
        assert ExamPattern.objects.get(batch=batch).n_unreadable == 1

    def test_abstentions_are_counted_separately(self, read, submit, ana, now):
        batch = read((None, None))
        submit(batch.assignments.get(reader=ana), quality="", outcome="abstained")
        drain(now)
        assert sets(of_batch(batch)) == {}
        marker = ExamPattern.objects.get(batch=batch)
        assert (marker.readers, marker.n_unreadable, marker.n_abstained) == ([], 0, 1)

    def test_a_correction_replaces_the_corrected_reading(self, read, submit, ana, reader_set, now):
        batch = read(((AF,), (AF,)))
        drain(now)
        correct(submit, Reading.objects.get(reader=ana), NOISE, now=now)
        drain(now)
        assert sets(of_batch(batch)) == {reader_set: 1}
        hers, his = ("21", "12") if ana.pk == reader_set[0] else ("12", "21")
        assert patterns(of_batch(batch)) == {(NOISE, reader_set, hers): 1, (AF, reader_set, his): 1}

    def test_a_reading_corrected_to_an_abstention_leaves_no_rows(self, read, submit, ana, now):
        batch = read(((AF,), None))
        drain(now)
        reading = Reading.objects.get(reader=ana)
        correct(submit, reading, now=now, quality="", outcome="abstained")
        drain(now)
        assert (sets(of_batch(batch)), patterns(of_batch(batch))) == ({}, {})

    def test_practice_is_not_counted(self, read, now):
        batch = read((None, None))
        Batch.objects.filter(pk=batch.pk).update(purpose=Purpose.PRACTICE)
        UncountedExam.objects.create(batch=batch, exam=batch.assignments.first().exam)
        drain(now)
        assert not ExamPattern.objects.exists()

    def test_practice_is_not_queued(self, read, submit):
        batch = read((None, None))
        Batch.objects.filter(pk=batch.pk).update(purpose=Purpose.PRACTICE)
        submit(batch.assignments.first(), AF)
        assert not UncountedExam.objects.exists()


class TestWholeStudy:
    def test_one_reader_has_one_vote_on_an_exam(
        self, make_batch, make_exam, submit, study, ana, now
    ):
        exam = make_exam()
        for codes in ((AF,), (NOISE,)):
            submit(make_batch([exam], [ana]).assignments.get(), *codes)
        drain(now)
        scope = Scope(study.pk)
        assert patterns(scope) == {(AF, (ana.pk,), "2"): 1}

    def test_adjudicators_are_not_counted_for_the_study(self, read, now):
        batch = read(((AF,), None))
        Batch.objects.filter(pk=batch.pk).update(purpose=Purpose.ADJUDICATION)
        drain(now)
        assert sets(Scope(batch.study_id)) == {}
        assert len(sets(of_batch(batch))) == 1

    def test_an_amended_taxonomy_recounts_every_exam(self, read, study, davi, now):
        batch = read(((SPLIT,), (AF,)), ((AF,), (AF,)))
        drain(now)
        amend_to_next_version(study, davi, now)
        assert UncountedExam.objects.count() == 2
        drain(now)
        counted = patterns(Scope(study.pk))
        assert {code for code, _, _ in counted} == {*PARTS, AF}
        assert {digits for code, _, digits in counted if code in PARTS} <= {"01", "10"}
        assert SPLIT in {code for code, _, _ in patterns(of_batch(batch))}
        assert differences(study, now) == []

    def test_a_split_class_has_no_digit_until_it_is_reread(self, read, study, submit, davi, now):
        read(((SPLIT,), (AF,)))
        amend_to_next_version(study, davi, now)
        again = rereads.make(study=study, name="Again", created_by=davi, now=now)
        batches.release(batch_id=again.pk, actor=davi, now=now)
        submit(again.assignments.get(), PARTS[0])
        drain(now)
        digits = {code: digits_of_code for code, _, digits_of_code in patterns(Scope(study.pk))}
        assert set(digits[PARTS[0]]) == {"1", "2"}
        assert PARTS[1] not in digits
        assert differences(study, now) == []

    def test_a_new_mapping_requeues_exams_it_may_carry_over(self, read, study, davi, now):
        read(((AF,), (AF,)))
        drain(now)
        old = study.taxonomy
        amend_to_next_version(study, davi, now)
        drain(now)
        TaxonomyChange.objects.create(
            old=old, new=study.taxonomy, kind="keep", sources=[AF], targets=[AF], position=900
        )
        assert UncountedExam.objects.count() == 1

    def test_a_mapping_between_other_taxonomies_requeues_nothing(self, read, study, davi, now):
        read(((AF,), (AF,)))
        drain(now)
        other = versions.install(taxonomy=next_version(), now=now)
        TaxonomyChange.objects.create(
            old=study.taxonomy, new=other, kind="keep", sources=[AF], targets=[AF], position=1
        )
        assert not UncountedExam.objects.exists()

    def test_a_report_recounts_exams_counted_under_the_old_taxonomy(self, read, study, davi, now):
        read(((AF,), (AF,)))
        drain(now)
        amend_to_next_version(study, davi, now)
        UncountedExam.objects.all().delete()  # as if counted during the amendment
        report = refresh.refresh_study(study=study, now=now)
        assert report.n_readings == 2
        assert differences(study, now) == []


class TestFailures:
    def test_a_killed_worker_leaves_nothing_half_counted(self, read, reader_set, now, monkeypatch):
        batch = read(((AF,), (AF,)))
        real = writes.markers

        class WorkerLost(BaseException):
            """Simulates a signal that kills the worker."""

        def count_and_die(scope, *args):
            real(scope, *args)
            if scope.is_study:
                raise WorkerLost

        monkeypatch.setattr(writes, "markers", count_and_die)
        with pytest.raises(WorkerLost):
            live.count_next(now=now)
        assert (sets(of_batch(batch)), ExamPattern.objects.count()) == ({}, 0)
        assert UncountedExam.objects.count() == 2
        monkeypatch.undo()
        drain(now)
        assert sets(of_batch(batch)) == {reader_set: 1}
        assert not UncountedExam.objects.exists()

    def test_an_exam_that_cannot_be_counted_does_not_block_others(self, read, now, monkeypatch):
        batch = read(*[((AF,), (AF,))] * 8)
        bad = batch.assignments.order_by("exam").first().exam_id
        real = exam_patterns.in_batch

        def fail_for_the_bad_exam(batch, exam_ids):
            if bad in exam_ids:
                raise ArithmeticError
            return real(batch, exam_ids)

        monkeypatch.setattr(exam_patterns, "in_batch", fail_for_the_bad_exam)
        monkeypatch.setattr(live, "EXAMS_AT_ONCE", (100, 4, 1))
        for _ in range(40):
            try:
                if not live.count_next(now=now):
                    break
            except ArithmeticError:
                continue
        assert set(UncountedExam.objects.values_list("exam", flat=True)) == {bad}
        assert ExamPattern.objects.filter(batch=batch).count() == 7

    def test_counting_an_empty_queue_does_nothing(self, read, now):
        read(((AF,), (AF,)))
        drain(now)
        assert not live.count_next(now=now)

    def test_counts_that_would_fall_below_one_are_refused(self, read, submit, ana, now):
        batch = read(((AF,), (AF,)))
        drain(now)
        PatternCount.objects.filter(in_scope(of_batch(batch))).delete()
        correct(submit, Reading.objects.get(reader=ana), NOISE, now=now)
        with pytest.raises(IntegrityError, match="pattern_count_has_exams"):
            live.count_next(now=now)

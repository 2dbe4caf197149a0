"""Reader certainty: how it is counted and what the report states."""

from __future__ import annotations

import uuid
from datetime import timedelta

import numpy as np
import pytest

from annotations.models import AgreementReport, Exam, Reading, Scope, Study, User
from annotations.services.agreement import refresh
from annotations.services.assignment import batches
from annotations.services.consensus import rereads
from annotations.services.counts import finding_votes
from annotations.services.counts.finding_votes import Grades
from annotations.services.reading import content
from annotations.services.taxonomy import mappings
from ecgreview.agreement import Cluster
from ecgreview.agreement.reports.certainty import Graded
from tests.app import signing
from tests.app.agreement_pages.pages import AF, NOISE
from tests.app.counts.pattern_counting import amend_to_next_version, drain
from tests.app.taxonomy.test_versions import PARTS, SPLIT

pytestmark = pytest.mark.django_db

ABSENT, POSSIBLE, PROBABLE, DEFINITE = (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)


@pytest.fixture
def submit_graded(now):
    """Submit a reading with the given findings, each a (class, certainty) pair."""

    def make(assignment, *grades, key=None, minutes=0, **more):
        return signing.submit_reading(
            assignment_id=assignment.pk, reader=assignment.reader, based_on=0,
            findings=[content.FindingIn(code, level) for code, level in grades],
            quality=more.pop("quality", "good"), comment="",
            idempotency_key=uuid.UUID(int=key or assignment.pk),
            now=now + timedelta(minutes=minutes), **more,
        )  # fmt: skip

    return make


@pytest.fixture
def read(make_batch, make_exam, submit_graded):
    """Open a batch and submit Ana's and Bruno's readings.

    Each argument has the two readers' certainties of AF in one exam; None means no finding.
    """

    def make(*exams_read, exams=None):
        batch = make_batch(exams or [make_exam() for _ in exams_read])
        rows = batch.assignments.order_by("exam", "reader__username").select_related("reader")
        for assignment, level in zip(rows, [one for two in exams_read for one in two], strict=True):
            submit_graded(assignment, *([(AF, level)] if level else []))
        return batch

    return make


def summed(*levels):
    return tuple(map(sum, zip(*levels, strict=True)))


def grades_of(scope, codes):
    """Return the certainties with which users marked these classes."""
    study = Study.objects.select_related("taxonomy").get(pk=scope.study_id)
    grades, _ = finding_votes.load(
        scope,
        study if scope.is_study else None,
        study.taxonomy_id,
        codes,
        people=list(User.objects.values_list("pk", flat=True)),
    )
    return grades


def n_exams_by_grade(scope, study, now):
    """Return how many exams have each combination of certainties of AF.

    A key counts the readers at each level, starting with those who did not mark AF.
    """
    drain(now)
    codes = list(study.taxonomy.classes.order_by("position").values_list("code", flat=True))
    loaded = grades_of(scope, codes)
    grades: dict[tuple[int, ...], int] = {}
    for unit in loaded.units:
        for place, n in unit.exams:
            profile = loaded.profiles[place]
            of = dict(profile.levels).get(codes.index(AF), (profile.n_readers, 0, 0, 0))
            grades[of] = grades.get(of, 0) + n * unit.n_patients
    return grades


def test_readings_are_counted_by_certainty(read, study, now):
    batch = read(
        ("definite", "possible"), ("possible", "definite"), ("probable", None), (None, None)
    )
    for scope in (Scope(study.pk, batch.pk), Scope(study.pk)):
        assert n_exams_by_grade(scope, study, now) == {
            summed(POSSIBLE, DEFINITE): 2,
            summed(ABSENT, PROBABLE): 1,
            summed(ABSENT, ABSENT): 1,
        }


def test_a_not_assessable_vote_is_in_no_level(make_batch, submit_graded, ana, bruno, study, now):
    batch = make_batch()
    submit_graded(batch.assignments.get(reader=ana), not_assessable=[AF])
    submit_graded(batch.assignments.get(reader=bruno), (AF, "probable"))
    assert n_exams_by_grade(Scope(study.pk), study, now) == {PROBABLE: 1}


def test_an_unreadable_exam_is_in_no_level(make_batch, submit_graded, ana, bruno, study, now):
    batch = make_batch()
    submit_graded(batch.assignments.get(reader=ana), quality="unreadable")
    submit_graded(batch.assignments.get(reader=bruno), (AF, "probable"))
    assert n_exams_by_grade(Scope(study.pk), study, now) == {PROBABLE: 1}


def test_a_correction_replaces_the_reading_it_corrects(read, submit_graded, study, ana, now):
    read(("definite", "definite"))
    first = Reading.objects.select_related("assignment__reader").get(reader=ana)
    submit_graded(first.assignment, (AF, "possible"), key=99, supersedes=first.idempotency_key)
    assert n_exams_by_grade(Scope(study.pk), study, now) == {summed(POSSIBLE, DEFINITE): 1}


def test_the_first_of_two_readings_in_different_batches_counts(
    make_batch, make_exam, submit_graded, study, ana, now
):
    exam = make_exam()
    for level in ("probable", "definite"):
        submit_graded(make_batch([exam], [ana]).assignments.get(), (AF, level))
    assert n_exams_by_grade(Scope(study.pk), study, now) == {PROBABLE: 1}


def test_a_late_correction_of_the_first_reading_counts(
    make_batch, make_exam, submit_graded, study, ana, now
):
    exam = make_exam()
    for level in ("probable", "definite"):
        submit_graded(make_batch([exam], [ana]).assignments.get(), (AF, level))
    first = Reading.objects.select_related("assignment__reader").earliest("pk")
    submit_graded(first.assignment, (AF, "possible"), key=99, supersedes=first.idempotency_key)
    assert n_exams_by_grade(Scope(study.pk), study, now) == {POSSIBLE: 1}


def test_certainty_survives_an_amendment_of_the_taxonomy(read, study, davi, now):
    read(("probable", "definite"))
    amend_to_next_version(study, davi, now)
    assert n_exams_by_grade(Scope(study.pk), study, now) == {summed(PROBABLE, DEFINITE): 1}


def test_readings_without_a_mapping_are_skipped(read, study, davi, now, monkeypatch):
    read(("probable", "definite"))
    amend_to_next_version(study, davi, now)

    def no_mapping(old, new):
        raise mappings.NoMapping(old=old, new=new)

    monkeypatch.setattr(mappings, "between", no_mapping)
    grades = grades_of(Scope(study.pk), [AF])
    assert grades == Grades()


def test_a_rereading_replaces_the_undecided_vote_of_a_split_class(
    make_batch, submit_graded, study, ana, bruno, davi, now
):
    batch = make_batch()
    submit_graded(batch.assignments.get(reader=ana), (SPLIT, "definite"))
    submit_graded(batch.assignments.get(reader=bruno))
    amend_to_next_version(study, davi, now)
    again = rereads.make(study=study, name="Again", created_by=davi, now=now)
    batches.release(batch_id=again.pk, actor=davi, now=now)
    submit_graded(again.assignments.select_related("reader").get(), (PARTS[0], "possible"), key=99)
    drain(now)
    codes = [PARTS[0], PARTS[1], AF]
    grades = grades_of(Scope(study.pk), codes)
    (profile,) = grades.profiles
    assert dict(profile.levels)[0] == summed(ABSENT, POSSIBLE)


def test_exams_of_one_patient_form_one_unit(read, make_visits, make_exam, study, now):
    exams = [*make_visits(1, 5), make_exam(), make_exam()]
    read(*[("definite", "definite")] * 4, exams=exams)
    drain(now)
    grades = grades_of(Scope(study.pk), [AF])
    assert grades.profiles == (Graded(2, ((0, summed(DEFINITE, DEFINITE)),)),)
    assert set(grades.units) == {Cluster(((0, 1),), 2), Cluster(((0, 2),), 1)}


def run_pending_work(now):
    while refresh.work_next(now=now):
        pass


def af_line(report):
    return next(
        report_line
        for report_line in report.results["certainty"]["classes"]
        if report_line["class"] == AF
    )


def test_the_report_states_agreement_on_certainty(read, close, study, now):
    batch = read(
        ("definite", "possible"), ("definite", "definite"), ("probable", None), (None, None)
    )
    close(batch)
    run_pending_work(now + timedelta(hours=1))
    for report in AgreementReport.objects.filter(study=study):
        line = af_line(report)
        assert report.results["certainty"]["levels"][-1] == "definite"
        assert (line["n_exams"], line["n_both"]) == (4, 2)
        assert (line["n_possible"], line["n_probable"], line["n_definite"]) == (1, 1, 3)
        assert line["same_certainty"]["estimate"] == 0.5
        assert 0 < line["ordinal_alpha"]["estimate"] < 1


def test_a_change_of_certainty_alone_makes_a_new_version(read, submit_graded, study, ana, now):
    batch = read(("definite", "definite"), (None, None))
    first = refresh.refresh(batch=batch, now=now)
    reading = Reading.objects.filter(reader=ana).earliest("pk")
    assignment = reading.assignment
    submit_graded(assignment, (AF, "possible"), key=99, supersedes=reading.idempotency_key)
    second = refresh.refresh(batch=batch, now=now + timedelta(minutes=1))
    assert (first.number, second.number) == (1, 2)
    assert af_line(second)["n_possible"] == 1


@pytest.mark.parametrize("seed", [1, 2])
def test_counts_equal_those_of_random_votes(read, study, now, seed):
    rng = np.random.default_rng(seed)
    names = [None, "possible", "probable", "definite"]
    votes = [tuple(names[place] for place in two) for two in rng.integers(0, 4, (12, 2))]
    read(*votes)
    levels = dict(zip(names, (ABSENT, POSSIBLE, PROBABLE, DEFINITE), strict=True))
    expected: dict[tuple[int, ...], int] = {}
    for first, second in votes:
        key = summed(levels[first], levels[second])
        expected[key] = expected.get(key, 0) + 1
    assert n_exams_by_grade(Scope(study.pk), study, now) == expected


def test_the_number_of_queries_does_not_grow_with_exams(
    read, study, now, django_assert_max_num_queries
):
    read(*[("definite", None)] * 10)
    drain(now)
    with django_assert_max_num_queries(8):
        grades_of(Scope(study.pk), [AF, NOISE])
    assert Exam.objects.count() == 10

"""How sure readers are: what is counted of it, and what the report tells."""

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
def say(now):
    """Submit a reading of (class, certainty) each."""

    def make(assignment, *given, key=None, minutes=0, **more):
        return signing.submit_reading(
            assignment_id=assignment.pk, reader=assignment.reader, based_on=0,
            findings=[content.FindingIn(code, sure) for code, sure in given],
            quality=more.pop("quality", "good"), comment="",
            idempotency_key=uuid.UUID(int=key or assignment.pk),
            now=now + timedelta(minutes=minutes), **more,
        )  # fmt: skip

    return make


@pytest.fixture
def read(make_batch, make_exam, say):
    """Open a batch in which Ana and Bruno are so sure of AF, exam by exam; None: not given."""

    def make(*exams_read, exams=None):
        batch = make_batch(exams or [make_exam() for _ in exams_read])
        rows = batch.assignments.order_by("exam", "reader__username").select_related("reader")
        for assignment, sure in zip(rows, [one for two in exams_read for one in two], strict=True):
            say(assignment, *([(AF, sure)] if sure else []))
        return batch

    return make


def added(*levels):
    return tuple(map(sum, zip(*levels, strict=True)))


def grades_of(scope, codes):
    """Return how certain all readers were of these classes."""
    study = Study.objects.select_related("taxonomy").get(pk=scope.study_id)
    grades, _ = finding_votes.load(
        scope,
        study if scope.is_study else None,
        study.taxonomy_id,
        codes,
        people=list(User.objects.values_list("pk", flat=True)),
    )
    return grades


def counted(scope, study, now):
    """Return how many exams were graded of AF in which way."""
    drain(now)
    codes = list(study.taxonomy.classes.order_by("position").values_list("code", flat=True))
    found = grades_of(scope, codes)
    grades: dict[tuple[int, ...], int] = {}
    for unit in found.units:
        for place, n in unit.exams:
            profile = found.profiles[place]
            of = dict(profile.levels).get(codes.index(AF), (profile.n_readers, 0, 0, 0))
            grades[of] = grades.get(of, 0) + n * unit.n_patients
    return grades


def test_readings_are_counted_by_how_sure_they_are(read, study, now):
    batch = read(
        ("definite", "possible"), ("possible", "definite"), ("probable", None), (None, None)
    )
    for scope in (Scope(study.pk, batch.pk), Scope(study.pk)):
        assert counted(scope, study, now) == {
            added(POSSIBLE, DEFINITE): 2,
            added(ABSENT, PROBABLE): 1,
            added(ABSENT, ABSENT): 1,
        }


def test_who_cannot_assess_it_is_in_no_level(make_batch, say, ana, bruno, study, now):
    batch = make_batch()
    say(batch.assignments.get(reader=ana), not_assessable=[AF])
    say(batch.assignments.get(reader=bruno), (AF, "probable"))
    assert counted(Scope(study.pk), study, now) == {PROBABLE: 1}


def test_who_cannot_read_the_exam_is_in_no_level(make_batch, say, ana, bruno, study, now):
    batch = make_batch()
    say(batch.assignments.get(reader=ana), quality="unreadable")
    say(batch.assignments.get(reader=bruno), (AF, "probable"))
    assert counted(Scope(study.pk), study, now) == {PROBABLE: 1}


def test_a_correction_takes_the_place_of_what_it_corrects(read, say, study, ana, now):
    read(("definite", "definite"))
    first = Reading.objects.select_related("assignment__reader").get(reader=ana)
    say(first.assignment, (AF, "possible"), key=99, supersedes=first.idempotency_key)
    assert counted(Scope(study.pk), study, now) == {added(POSSIBLE, DEFINITE): 1}


def test_who_reads_again_in_another_batch_keeps_the_first_vote(
    make_batch, make_exam, say, study, ana, now
):
    exam = make_exam()
    for sure in ("probable", "definite"):
        say(make_batch([exam], [ana]).assignments.get(), (AF, sure))
    assert counted(Scope(study.pk), study, now) == {PROBABLE: 1}


def test_a_first_reading_that_is_corrected_late_keeps_the_vote(
    make_batch, make_exam, say, study, ana, now
):
    exam = make_exam()
    for sure in ("probable", "definite"):
        say(make_batch([exam], [ana]).assignments.get(), (AF, sure))
    first = Reading.objects.select_related("assignment__reader").earliest("pk")
    say(first.assignment, (AF, "possible"), key=99, supersedes=first.idempotency_key)
    assert counted(Scope(study.pk), study, now) == {POSSIBLE: 1}


def test_classes_of_an_earlier_version_keep_their_certainty(read, study, davi, now):
    read(("probable", "definite"))
    amend_to_next_version(study, davi, now)
    assert counted(Scope(study.pk), study, now) == {added(PROBABLE, DEFINITE): 1}


def test_readings_that_no_mapping_leads_here_from_keep_nobody_waiting(
    read, study, davi, now, monkeypatch
):
    read(("probable", "definite"))
    amend_to_next_version(study, davi, now)

    def nowhere(old, new):
        raise mappings.NoMapping(old=old, new=new)

    monkeypatch.setattr(mappings, "between", nowhere)
    found = grades_of(Scope(study.pk), [AF])
    assert found == Grades()


def test_what_a_split_left_open_gives_way_to_the_next_reading(
    make_batch, say, study, ana, bruno, davi, now
):
    batch = make_batch()
    say(batch.assignments.get(reader=ana), (SPLIT, "definite"))
    say(batch.assignments.get(reader=bruno))
    amend_to_next_version(study, davi, now)
    again = rereads.make(study=study, name="Again", created_by=davi, now=now)
    batches.release(batch_id=again.pk, actor=davi, now=now)
    say(again.assignments.select_related("reader").get(), (PARTS[0], "possible"), key=99)
    drain(now)
    codes = [PARTS[0], PARTS[1], AF]
    found = grades_of(Scope(study.pk), codes)
    (profile,) = found.profiles
    assert dict(profile.levels)[0] == added(ABSENT, POSSIBLE)


def test_exams_of_a_patient_are_one_unit(read, make_visits, make_exam, study, now):
    exams = [*make_visits(1, 5), make_exam(), make_exam()]
    read(*[("definite", "definite")] * 4, exams=exams)
    drain(now)
    found = grades_of(Scope(study.pk), [AF])
    assert found.profiles == (Graded(2, ((0, added(DEFINITE, DEFINITE)),)),)
    assert set(found.units) == {Cluster(((0, 1),), 2), Cluster(((0, 2),), 1)}


def settle(now):
    while refresh.work_next(now=now):
        pass


def of_af(report):
    return next(one for one in report.results["certainty"]["classes"] if one["class"] == AF)


def test_the_report_tells_how_far_readers_agree_about_it(read, close, study, now):
    batch = read(
        ("definite", "possible"), ("definite", "definite"), ("probable", None), (None, None)
    )
    close(batch)
    settle(now + timedelta(hours=1))
    for report in AgreementReport.objects.filter(study=study):
        line = of_af(report)
        assert report.results["certainty"]["levels"][-1] == "definite"
        assert (line["n_exams"], line["n_both"]) == (4, 2)
        assert (line["n_possible"], line["n_probable"], line["n_definite"]) == (1, 1, 3)
        assert line["same_certainty"]["estimate"] == 0.5
        assert 0 < line["ordinal_alpha"]["estimate"] < 1


def test_another_certainty_alone_makes_another_version(read, say, study, ana, now):
    batch = read(("definite", "definite"), (None, None))
    first = refresh.refresh(batch=batch, now=now)
    reading = Reading.objects.filter(reader=ana).earliest("pk")
    assignment = reading.assignment
    say(assignment, (AF, "possible"), key=99, supersedes=reading.idempotency_key)
    second = refresh.refresh(batch=batch, now=now + timedelta(minutes=1))
    assert (first.number, second.number) == (1, 2)
    assert of_af(second)["n_possible"] == 1


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_counted_is_what_the_votes_say(read, study, now, seed):
    rng = np.random.default_rng(seed)
    names = [None, "possible", "probable", "definite"]
    said = [tuple(names[place] for place in two) for two in rng.integers(0, 4, (12, 2))]
    read(*said)
    levels = dict(zip(names, (ABSENT, POSSIBLE, PROBABLE, DEFINITE), strict=True))
    expected: dict[tuple[int, ...], int] = {}
    for first, second in said:
        key = added(levels[first], levels[second])
        expected[key] = expected.get(key, 0) + 1
    assert counted(Scope(study.pk), study, now) == expected


def test_the_cost_does_not_grow_with_the_exams(read, study, now, django_assert_max_num_queries):
    read(*[("definite", None)] * 10)
    drain(now)
    with django_assert_max_num_queries(8):
        grades_of(Scope(study.pk), [AF, NOISE])
    assert Exam.objects.count() == 10

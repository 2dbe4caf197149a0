"""Previous exam: linked by the day, shown where the protocol says so."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from annotations.models import AuditEvent, Batch, Exam, Patient
from annotations.services.exams import prior_exams
from annotations.services.studies import lifecycle, protocols
from ecgreview.ecg import wire
from ecgreview.ecg.visits import Visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(make_study):
    """A study whose readers may compare with the exam before."""
    return make_study(prior_exam="shown")


@pytest.fixture
def as_ana(ana):
    client = APIClient()
    client.force_login(ana)
    return client


def told(client, assignment):
    return client.get(f"/api/assignments/{assignment.pk}/").json()["exam"]["prior"]


def visit(exam, patient="p1", day=0):
    return Visit(exam.source_key, patient, day, 2)


class TestWhichItIs:
    def test_it_is_the_latest_before(self, make_visits, assign, ana):
        _, second, third, _ = make_visits(0, 30, 442, 500)
        assert prior_exams.shown_with(assign(ana, third)) == prior_exams.Prior(second, 412)

    def test_days_may_count_from_any_day(self, make_visits, assign, ana):
        earlier, later = make_visits(-12, -2)
        assert prior_exams.shown_with(assign(ana, later)) == prior_exams.Prior(earlier, 10)

    def test_the_first_exam_has_none(self, make_visits, assign, ana):
        assert prior_exams.shown_with(assign(ana, make_visits(0, 30)[0])) is None

    def test_an_exam_of_the_same_day_is_not_before(self, make_visits, assign, ana):
        assert prior_exams.shown_with(assign(ana, make_visits(3, 3)[1])) is None

    def test_another_patients_exam_is_none(self, make_visits, assign, ana):
        make_visits(0, patient="p2")
        assert prior_exams.shown_with(assign(ana, make_visits(5)[0])) is None

    def test_an_exam_without_a_day_has_none_and_is_none(self, make_exam, make_visits, assign, ana):
        (later,) = make_visits(5)
        other = make_exam()
        Exam.objects.filter(pk=other.pk).update(patient=later.patient)
        assert prior_exams.shown_with(assign(ana, later)) is None
        assert prior_exams.shown_with(assign(ana, Exam.objects.get(pk=other.pk))) is None


class TestWhoIsTold:
    def test_the_reader_is_told_the_days_between_and_where_the_tracing_is(
        self, make_visits, assign, ana, as_ana
    ):
        earlier, later = make_visits(0, 412)
        mine = assign(ana, later)
        href = f"/api/assignments/{mine.pk}/prior/tracings/1/"
        assert told(as_ana, mine) == {
            "days_before": 412,
            "tracings": [{"position": 1, "href": href}],
        }
        samples = wire.unpack(as_ana.get(href, headers={"Accept-Encoding": "gzip"}).content)
        assert samples.content_hash == earlier.content_hash

    def test_neither_its_code_nor_its_origin_nor_its_age_is_told(
        self, make_visits, assign, ana, as_ana
    ):
        earlier, later = make_visits(0, 412)
        Exam.objects.filter(pk=earlier.pk).update(age_years=33.25)
        body = as_ana.get(f"/api/assignments/{assign(ana, later).pk}/").content.decode()
        assert not [
            what for what in (earlier.code, earlier.source_key, "33.25", "p1") if what in body
        ]

    def test_the_tag_is_not_the_one_under_which_it_is_read(self, make_visits, assign, ana, as_ana):
        earlier, later = make_visits(0, 412)
        own, compared = assign(ana, earlier), assign(ana, later)
        read = as_ana.get(f"/api/assignments/{own.pk}/tracings/1/")
        seen = as_ana.get(f"/api/assignments/{compared.pk}/prior/tracings/1/")
        assert read["ETag"] != seen["ETag"]

    def test_a_study_that_hides_it_tells_nothing(self, make_visits, assign, ana, as_ana):
        mine = assign(ana, make_visits(0, 412)[1])
        Batch.objects.filter(pk=mine.batch_id).update(prior_exam="hidden")
        assert told(as_ana, mine) is None
        assert as_ana.get(f"/api/assignments/{mine.pk}/prior/tracings/1/").status_code == 404

    def test_nobody_else_is_served_it(self, make_visits, assign, ana, bruno):
        mine = assign(ana, make_visits(0, 412)[1])
        client = APIClient()
        client.force_login(bruno)
        assert client.get(f"/api/assignments/{mine.pk}/prior/tracings/1/").status_code == 404

    def test_an_amendment_holds_for_later_batches(self, study, make_visits, assign, ana, davi, now):
        mine = assign(ana, make_visits(0, 412)[1])
        wanted = protocols.protocol_of(study)
        hidden = type(wanted)(
            **{name: getattr(wanted, name) for name in type(wanted).__dataclass_fields__}
            | {"prior_exam": "hidden"}
        )
        lifecycle.amend(study_id=study.pk, wanted=hidden, reason="Blind.", actor=davi, now=now)
        mine.refresh_from_db()
        assert prior_exams.shown_with(mine) is not None
        study.refresh_from_db()
        assert prior_exams.shown_with(assign(ana, make_visits(0, 9, patient="p3")[1])) is None


class TestLinking:
    def link(self, dataset, visits, now, actor=None):
        return prior_exams.link(dataset=dataset, visits=visits, actor=actor, now=now)

    def test_it_counts_and_is_audited(self, dataset, make_exam, davi, now):
        visits = [visit(make_exam(), day=day) for day in (0, 9)]
        assert self.link(dataset, visits, now, davi) == (2, 1)
        event = AuditEvent.objects.get(action="exams.linked")
        assert (event.actor, '"with_prior":1' in event.after) == (davi, True)

    def test_an_unknown_exam_stores_nothing(self, dataset, make_exam, now):
        there = make_exam()
        with pytest.raises(prior_exams.UnknownExams, match="nowhere"):
            self.link(dataset, [visit(there), Visit("nowhere", "p1", 1, 3)], now)
        assert (Exam.objects.get(pk=there.pk).patient_day, Patient.objects.count()) == (None, 0)

    def test_it_can_be_told_anew_before_anybody_compares(self, dataset, make_visits, now):
        exam, _ = make_visits(0, 9)
        self.link(dataset, [visit(exam, "p2", 4)], now)
        exam.refresh_from_db()
        assert (exam.patient.pseudonym, exam.patient_day) == ("p2", 4)

    @pytest.mark.parametrize("what", ["the exam", "another of its patient"])
    def test_what_readers_compare_with_stays(
        self, what, dataset, make_visits, make_exam, assign, ana, now
    ):
        mine = assign(ana, make_visits(0, 412)[1])
        changed = mine.exam if what == "the exam" else make_exam()
        with pytest.raises(prior_exams.AlreadyCompared, match=mine.exam.code):
            self.link(dataset, [visit(changed, day=400)], now)
        prior = prior_exams.shown_with(mine)
        assert prior is not None
        assert prior.days_before == 412

    def test_the_exam_that_readers_compare_with_stays_with_its_patient(
        self, dataset, make_visits, assign, ana, now
    ):
        earlier, later = make_visits(0, 412)
        assign(ana, later)
        with pytest.raises(prior_exams.AlreadyCompared, match=later.code):
            self.link(dataset, [visit(earlier, "p2")], now)

    def test_the_same_file_again_changes_nothing_and_is_fine(
        self, dataset, make_visits, assign, ana, now
    ):
        earlier, later = make_visits(0, 412)
        assign(ana, later)
        visits = [visit(earlier), visit(later, day=412)]
        assert self.link(dataset, visits, now) == (2, 1)

    def test_where_nobody_compares_it_may_change(self, dataset, make_visits, assign, ana, now):
        mine = assign(ana, make_visits(0, 412)[1])
        Batch.objects.update(prior_exam="hidden")
        assert self.link(dataset, [visit(mine.exam, day=400)], now) == (1, 1)

"""Previous exams: linked by patient and day, displayed if the protocol enables it."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from annotations.models import AuditEvent, Batch, Exam, Patient
from annotations.services.exams import previous_exams
from annotations.services.studies import lifecycle, protocols
from ecgreview.ecg import wire
from ecgreview.ecg.visits import Visit
from tests.app.kept import kept

pytestmark = pytest.mark.django_db


@kept
def study(make_study):
    """A study whose readers may compare with the previous exam."""
    return make_study(prior_exam="shown")


@pytest.fixture
def as_ana(ana):
    client = APIClient()
    client.force_login(ana)
    return client


def previous_exam(client, assignment):
    return client.get(f"/api/assignments/{assignment.pk}/").json()["exam"]["prior"]


def visit(exam, patient="p1", day=0):
    return Visit(exam.source_key, patient, day, 2)


class TestSelection:
    def test_it_is_the_latest_earlier_exam(self, make_visits, assign, ana):
        _, second, third, _ = make_visits(0, 30, 442, 500)
        assert previous_exams.shown_with(assign(ana, third)) == previous_exams.PreviousExam(
            second, 412
        )

    def test_days_may_be_negative(self, make_visits, assign, ana):
        earlier, later = make_visits(-12, -2)
        assert previous_exams.shown_with(assign(ana, later)) == previous_exams.PreviousExam(
            earlier, 10
        )

    def test_the_first_exam_has_no_previous_exam(self, make_visits, assign, ana):
        assert previous_exams.shown_with(assign(ana, make_visits(0, 30)[0])) is None

    def test_an_exam_of_the_same_day_does_not_count(self, make_visits, assign, ana):
        assert previous_exams.shown_with(assign(ana, make_visits(3, 3)[1])) is None

    def test_an_exam_of_another_patient_does_not_count(self, make_visits, assign, ana):
        make_visits(0, patient="p2")
        assert previous_exams.shown_with(assign(ana, make_visits(5)[0])) is None

    def test_an_exam_without_a_day_neither_has_nor_is_a_previous_exam(
        self, make_exam, make_visits, assign, ana
    ):
        (later,) = make_visits(5)
        other = make_exam()
        Exam.objects.filter(pk=other.pk).update(patient=later.patient)
        assert previous_exams.shown_with(assign(ana, later)) is None
        assert previous_exams.shown_with(assign(ana, Exam.objects.get(pk=other.pk))) is None


class TestApi:
    def test_the_reader_gets_the_days_between_and_the_tracings(
        self, make_visits, assign, ana, as_ana
    ):
        earlier, later = make_visits(0, 412)
        assignment = assign(ana, later)
        href = f"/api/assignments/{assignment.pk}/prior/tracings/1/"
        assert previous_exam(as_ana, assignment) == {
            "days_before": 412,
            "tracings": [{"position": 1, "href": href}],
        }
        samples = wire.unpack(as_ana.get(href, headers={"Accept-Encoding": "gzip"}).content)
        assert samples.content_hash == earlier.content_hash

    def test_code_origin_and_age_are_not_sent(self, make_visits, assign, ana, as_ana):
        earlier, later = make_visits(0, 412)
        Exam.objects.filter(pk=earlier.pk).update(age_years=33.25)
        body = as_ana.get(f"/api/assignments/{assign(ana, later).pk}/").content.decode()
        assert not [
            secret for secret in (earlier.code, earlier.source_key, "33.25", "p1") if secret in body
        ]

    def test_the_etag_differs_from_that_of_the_exams_own_assignment(
        self, make_visits, assign, ana, as_ana
    ):
        earlier, later = make_visits(0, 412)
        earlier_assignment, later_assignment = assign(ana, earlier), assign(ana, later)
        own_response = as_ana.get(f"/api/assignments/{earlier_assignment.pk}/tracings/1/")
        response = as_ana.get(f"/api/assignments/{later_assignment.pk}/prior/tracings/1/")
        assert own_response["ETag"] != response["ETag"]

    def test_a_study_that_hides_it_sends_nothing(self, make_visits, assign, ana, as_ana):
        assignment = assign(ana, make_visits(0, 412)[1])
        Batch.objects.filter(pk=assignment.batch_id).update(prior_exam="hidden")
        assert previous_exam(as_ana, assignment) is None
        assert as_ana.get(f"/api/assignments/{assignment.pk}/prior/tracings/1/").status_code == 404

    def test_other_readers_get_404(self, make_visits, assign, ana, bruno):
        assignment = assign(ana, make_visits(0, 412)[1])
        client = APIClient()
        client.force_login(bruno)
        assert client.get(f"/api/assignments/{assignment.pk}/prior/tracings/1/").status_code == 404

    def test_an_amendment_applies_to_later_batches(
        self, study, make_visits, assign, ana, davi, now
    ):
        assignment = assign(ana, make_visits(0, 412)[1])
        protocol = protocols.protocol_of(study)
        hidden = type(protocol)(
            **{name: getattr(protocol, name) for name in type(protocol).__dataclass_fields__}
            | {"prior_exam": "hidden"}
        )
        lifecycle.amend(study_id=study.pk, protocol=hidden, reason="Blind.", actor=davi, now=now)
        assignment.refresh_from_db()
        assert previous_exams.shown_with(assignment) is not None
        study.refresh_from_db()
        assert previous_exams.shown_with(assign(ana, make_visits(0, 9, patient="p3")[1])) is None


class TestLinking:
    def link(self, dataset, visits, now, actor=None):
        return previous_exams.link(dataset=dataset, visits=visits, actor=actor, now=now)

    def test_it_returns_counts_and_is_audited(self, dataset, make_exam, davi, now):
        visits = [visit(make_exam(), day=day) for day in (0, 9)]
        assert self.link(dataset, visits, now, davi) == (2, 1)
        event = AuditEvent.objects.get(action="exams.linked")
        assert (event.actor, '"with_prior":1' in event.after) == (davi, True)

    def test_an_unknown_exam_stores_nothing(self, dataset, make_exam, now):
        there = make_exam()
        with pytest.raises(previous_exams.UnknownExams, match="nowhere"):
            self.link(dataset, [visit(there), Visit("nowhere", "p1", 1, 3)], now)
        assert (Exam.objects.get(pk=there.pk).patient_day, Patient.objects.count()) == (None, 0)

    def test_links_can_change_before_readers_compare(self, dataset, make_visits, now):
        exam, _ = make_visits(0, 9)
        self.link(dataset, [visit(exam, "p2", 4)], now)
        exam.refresh_from_db()
        assert (exam.patient.pseudonym, exam.patient_day) == ("p2", 4)

    @pytest.mark.parametrize("changed_exam", ["the exam", "another of its patient"])
    def test_links_that_readers_compare_with_cannot_change(
        self, changed_exam, dataset, make_visits, make_exam, assign, ana, now
    ):
        assignment = assign(ana, make_visits(0, 412)[1])
        changed = assignment.exam if changed_exam == "the exam" else make_exam()
        with pytest.raises(previous_exams.AlreadyCompared, match=assignment.exam.code):
            self.link(dataset, [visit(changed, day=400)], now)
        previous = previous_exams.shown_with(assignment)
        assert previous is not None
        assert previous.days_before == 412

    def test_a_previous_exam_in_use_stays_with_its_patient(
        self, dataset, make_visits, assign, ana, now
    ):
        earlier, later = make_visits(0, 412)
        assign(ana, later)
        with pytest.raises(previous_exams.AlreadyCompared, match=later.code):
            self.link(dataset, [visit(earlier, "p2")], now)

    def test_linking_the_same_visits_again_is_accepted(
        self, dataset, make_visits, assign, ana, now
    ):
        earlier, later = make_visits(0, 412)
        assign(ana, later)
        visits = [visit(earlier), visit(later, day=412)]
        assert self.link(dataset, visits, now) == (2, 1)

    def test_links_can_change_where_previous_exams_are_hidden(
        self, dataset, make_visits, assign, ana, now
    ):
        assignment = assign(ana, make_visits(0, 412)[1])
        Batch.objects.update(prior_exam="hidden")
        assert self.link(dataset, [visit(assignment.exam, day=400)], now) == (1, 1)

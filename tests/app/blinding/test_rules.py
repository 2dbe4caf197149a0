"""People who read and do something else besides: a reader first, in every room of the house."""

from __future__ import annotations

import pytest
from django.urls import reverse

from annotations.models import Consensus, Exam, ImportIssue, ImportRun, Reading, Role, User
from annotations.services.assignment import batches
from annotations.services.blinding import results_seen, rules
from annotations.services.consensus import adjudications, labels
from annotations.services.studies import exam_pool, lifecycle, roster
from annotations.views import datasets
from ecgreview.protocol import Protocol

AF, FLUTTER = "atrial_fibrillation", "atrial_flutter"


@pytest.fixture
def gil(make_user):
    """A coordinator who also reads."""
    return make_user("Gil", Role.READER, Role.COORDINATOR)


@pytest.fixture
def judged(make_batch, submit, close, study, ana, bruno, now):
    """A closed batch in which Ana and Bruno differ about its only exam."""
    batch = make_batch()
    submit(batch.assignments.get(reader=ana), AF)
    submit(batch.assignments.get(reader=bruno), FLUTTER)
    close(batch)
    labels.compute(study=study, now=now)
    return batch


@pytest.fixture
def shown(study, now):
    """Show somebody what came out of the study."""

    def show(user):
        results_seen.results_of_study(study=study, user=user, now=now)

    return show


@pytest.fixture
def elsewhere(judged, taxonomy, davi, gil, now):
    """The same exam in another study, where it waits for Gil, who has not looked at results."""
    wanted = Protocol(name="Evening list", taxonomy=str(taxonomy))
    other = lifecycle.create(protocol=wanted, created_by=davi, now=now)
    lifecycle.open_study(study_id=other.pk, actor=davi, now=now)
    other.refresh_from_db()
    return batches.create(
        study=other,
        name="Batch 1",
        exams=[judged.assignments.first().exam],
        readers=[gil],
        created_by=davi,
        now=now,
    )


def fresh(user):
    """Return ``user`` without the permissions that Django remembers."""
    return User.objects.get(pk=user.pk)


def test_no_reading_of_an_exam_that_one_reads_in_another_study(elsewhere, gil):
    assert not Reading.objects.visible_to(fresh(gil)).exists()


def test_no_consensus_of_an_exam_that_one_reads_in_another_study(elsewhere, gil):
    assert not Consensus.objects.visible_to(fresh(gil)).exists()


@pytest.fixture
def untouched(make_study, make_exam, ana, davi, now):
    """A third study, none of whose exams Gil reads anywhere."""
    third = make_study(name="Night list")
    batches.create(
        study=third, name="Batch 1", exams=[make_exam()], readers=[ana], created_by=davi, now=now
    )
    return third


def test_a_third_study_does_not_open_the_results_of_an_exam_that_one_reads(
    judged, elsewhere, untouched, gil
):
    with pytest.raises(rules.ReaderStillBlinded):
        rules.refuse_readers(judged.study, gil)


def test_who_reads_elsewhere_may_see_a_study_with_other_exams(judged, elsewhere, untouched, gil):
    assert not rules.is_blinded_to(untouched, gil)


def test_the_other_study_stays_hidden_when_the_batch_is_closed(elsewhere, gil, close):
    close(elsewhere)
    assert not Reading.objects.visible_to(fresh(gil)).exists()


def test_the_other_study_opens_when_ones_own_is_locked(elsewhere, gil, davi, now):
    lifecycle.lock(study_id=elsewhere.study_id, actor=davi, now=now)
    assert Reading.objects.visible_to(fresh(gil)).count() == 2


def test_a_superuser_who_reads_is_a_reader_first(elsewhere, gil):
    User.objects.filter(pk=gil.pk).update(is_superuser=True)
    assert not Reading.objects.visible_to(fresh(gil)).exists()


def test_who_has_left_sees_no_reading_of_others(judged, davi):
    User.objects.filter(pk=davi.pk).update(is_active=False)
    assert not Reading.objects.visible_to(fresh(davi)).exists()


def test_the_api_lists_no_exam_that_one_reads(make_batch, make_exam, gil, signed_in):
    make_batch([make_exam()], [gil])
    other = make_exam()
    found = signed_in(gil).get("/api/exams/").json()["results"]
    assert [exam["code"] for exam in found] == [other.code]


def test_the_api_keeps_the_origin_of_an_exam_that_one_reads(make_batch, make_exam, gil, signed_in):
    exam = make_exam()
    make_batch([exam], [gil])
    assert signed_in(gil).get(reverse("api-exam", args=[exam.code])).status_code == 404


def test_its_tracing_is_known_by_the_assignment_alone(make_batch, make_exam, gil, signed_in):
    exam = make_exam()
    own = make_batch([exam], [gil]).assignments.get()
    by_exam = signed_in(gil).get(reverse("api-tracing", args=[exam.code, 1]))
    by_assignment = signed_in(gil).get(reverse("api-assignment-tracing", args=[own.pk, 1]))
    assert (by_exam.status_code, by_assignment.status_code) == (404, 200)


def test_the_origin_stays_hidden_when_the_batch_is_closed(make_batch, make_exam, gil, close):
    close(make_batch([make_exam()], [gil]))
    assert not Exam.objects.all().not_read_by(gil).exists()


def test_the_origin_is_told_when_the_study_is_locked(make_batch, make_exam, gil, davi, study, now):
    make_batch([make_exam()], [gil])
    lifecycle.lock(study_id=study.pk, actor=davi, now=now)
    assert Exam.objects.all().not_read_by(gil).count() == 1


def test_the_page_of_a_data_set_leaves_out_what_one_reads(
    make_batch, make_exam, dataset, gil, signed_in
):
    exam = make_exam()
    make_batch([exam], [gil])
    html = signed_in(gil).get(reverse("dataset", args=[dataset.pk])).content.decode()
    assert exam.source_key not in html
    assert "1 exam is hidden" in html


def test_remarks_about_what_one_reads_are_not_shown(
    make_batch, make_exam, dataset, gil, signed_in, now
):
    run = ImportRun.objects.create(dataset=dataset, source="here", started_at=now)
    for file, is_refusal in (("noticed-04", False), ("refused-05", True)):
        ImportIssue.objects.create(
            run=run, file=file, code="flat", reason="A lead is flat.", is_refusal=is_refusal
        )
    make_batch([make_exam()], [gil])
    html = signed_in(gil).get(reverse("dataset", args=[dataset.pk])).content.decode()
    assert ("noticed-04" in html, "refused-05" in html) == (False, True)


def test_a_page_asks_for_no_more_remarks_than_it_shows(dataset, davi, signed_in, now, monkeypatch):
    run = ImportRun.objects.create(dataset=dataset, source="here", started_at=now)
    ImportIssue.objects.bulk_create(
        ImportIssue(run=run, file=f"f{n}", code="flat", reason="Flat.", is_refusal=False)
        for n in range(5)
    )
    monkeypatch.setattr(datasets, "ISSUES_SHOWN", 2)
    page = signed_in(davi).get(reverse("dataset", args=[dataset.pk]))
    (shown,) = page.context["runs"]
    assert (len(shown.first_issues), shown.n_issues) == (2, 5)


def test_nobody_sends_on_what_they_still_read(judged, make_batch, gil, clara, signed_in):
    make_batch(readers=[gil])
    page = signed_in(gil).post(
        reverse("batch-adjudicate", args=[judged.pk]), {"readers": [clara.pk]}
    )
    assert page.status_code == 403
    assert not clara.assignments.exists()


def test_who_was_shown_the_results_does_not_read_the_exam_again(judged, make_batch, gil, shown):
    shown(gil)
    exam = judged.assignments.first().exam
    with pytest.raises(roster.KnowsResults, match="Gil"):
        make_batch([exam], [gil])


def test_who_could_have_looked_and_did_not_reads_the_exam(judged, make_batch, gil):
    exam = judged.assignments.first().exam
    assert make_batch([exam], [gil]).assignments.get().reader == gil


def test_who_was_shown_the_results_does_not_adjudicate(judged, make_user, shown, davi, now):
    ines = make_user("Ines", Role.ADJUDICATOR, Role.RESEARCHER)
    shown(ines)
    with pytest.raises(roster.KnowsResults):
        adjudications.send_disputed(batch_id=judged.pk, readers=[ines], created_by=davi, now=now)


def test_a_coordinator_reads_what_nobody_has_read(judged, make_batch, make_exam, gil):
    assert make_batch([make_exam()], [gil]).assignments.count() == 1


def test_the_form_says_who_knows_the_results(judged, gil, davi, study, shown, signed_in):
    shown(gil)
    exam = judged.assignments.first().exam
    form = {"name": "Again", "codes": exam.code, "readers": [gil.pk], "step": "create"}
    page = signed_in(davi).post(reverse("batch-new", args=[study.slug]), form)
    assert page.status_code == 400
    assert "Some readers have seen results of these exams" in page.content.decode()


def test_a_researcher_sees_progress_without_names(judged, rosa, signed_in):
    readers = signed_in(rosa).get(reverse("api-batch-progress", args=[judged.pk])).json()["readers"]
    assert {reader["username"] for reader in readers} == {None}
    assert all(reader["name"].startswith("reader-") for reader in readers)


def test_a_coordinator_sees_progress_by_name(judged, davi, signed_in):
    readers = signed_in(davi).get(reverse("api-batch-progress", args=[judged.pk])).json()["readers"]
    assert [reader["username"] for reader in readers] == ["ana", "bruno"]


@pytest.fixture
def planned(make_study, make_exam, ana, bruno, gil, davi, now):
    """Plan ten exams, some of which come back as repeats, through the API as somebody."""
    study = make_study(name="Noon list", repeat_fraction=0.2, washout_exams=1, patient_gap=0)
    exam_pool.add(study=study, exams=[make_exam() for _ in range(10)], actor=davi, now=now)
    roster.join(study=study, readers=[ana, bruno, gil], actor=davi, now=now)

    def plan(client):
        address = f"/api/studies/{study.slug}/plans/"
        answer = client.post(address, {"name": "One"}, content_type="application/json")
        assert answer.status_code == 201
        return answer.json()["batches"][0]

    return plan


def test_who_reads_is_not_told_of_the_repeats_they_plan(planned, gil, signed_in):
    told = planned(signed_in(gil))
    assert (told["name"], told["balance"], told["order"]) == ("One", None, None)


def test_who_does_not_read_is_told_how_even_a_plan_is(planned, davi, signed_in):
    told = planned(signed_in(davi))
    assert told["balance"]["n_readings"] > 20  # two of each exam, and what comes back
    assert told["order"]

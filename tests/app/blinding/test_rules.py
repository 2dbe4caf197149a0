"""Blinding rules for people with several roles: readers stay blinded whatever their other roles."""

from __future__ import annotations

import pytest
from django.urls import reverse

from annotations.models import (
    Batch,
    Consensus,
    Exam,
    ImportIssue,
    ImportRun,
    Reading,
    ResultsSeen,
    Role,
    User,
)
from annotations.services.assignment import batches
from annotations.services.blinding import results_seen, rules
from annotations.services.consensus import adjudications, labels
from annotations.services.studies import exam_pool, lifecycle, roster
from annotations.views import datasets
from ecgreview.protocol import Protocol
from tests.app.kept import kept

AF, FLUTTER = "atrial_fibrillation", "atrial_flutter"


@kept
def gil(make_user):
    """A coordinator who also reads."""
    return make_user("Gil", Role.READER, Role.COORDINATOR)


@kept
def disputed_batch(make_batch, submit, close, study, ana, bruno, now):
    """A closed batch in which Ana and Bruno disagree about the only exam."""
    batch = make_batch()
    submit(batch.assignments.get(reader=ana), AF)
    submit(batch.assignments.get(reader=bruno), FLUTTER)
    close(batch)
    labels.compute(study=study, now=now)
    return batch


@pytest.fixture
def see_results(study, now):
    """Record that ``user`` has seen the results of the study."""

    def record(user):
        results_seen.results_of_study(study=study, user=user, now=now)

    return record


@kept
def other_study_batch(disputed_batch, taxonomy, davi, gil, now):
    """Gil's batch of the same exam in another study. Gil has neither read it nor seen results."""
    protocol = Protocol(name="Evening list", taxonomy=str(taxonomy))
    other = lifecycle.create(protocol=protocol, created_by=davi, now=now)
    lifecycle.open_study(study_id=other.pk, actor=davi, now=now)
    other.refresh_from_db()
    return batches.create(
        study=other,
        name="Batch 1",
        exams=[disputed_batch.assignments.first().exam],
        readers=[gil],
        created_by=davi,
        now=now,
    )


def reloaded(user):
    """Return ``user`` without Django's cached permissions."""
    return User.objects.get(pk=user.pk)


def test_readings_of_an_exam_one_reads_in_another_study_are_hidden(other_study_batch, gil):
    assert not Reading.objects.visible_to(reloaded(gil)).exists()


def test_the_consensus_of_an_exam_one_reads_in_another_study_is_hidden(other_study_batch, gil):
    assert not Consensus.objects.visible_to(reloaded(gil)).exists()


@kept
def unrelated_study(make_study, make_exam, ana, davi, now):
    """A third study without any exam that Gil reads."""
    third = make_study(name="Night list")
    batches.create(
        study=third, name="Batch 1", exams=[make_exam()], readers=[ana], created_by=davi, now=now
    )
    return third


def test_an_unrelated_study_does_not_open_results_of_an_exam_one_reads(
    disputed_batch, other_study_batch, unrelated_study, gil
):
    with pytest.raises(rules.ReaderStillBlinded):
        rules.refuse_readers(disputed_batch.study, gil)


def test_a_study_with_other_exams_is_not_blinded(
    disputed_batch, other_study_batch, unrelated_study, gil
):
    assert not rules.is_blinded_to(unrelated_study, gil)


def test_closing_the_batch_does_not_open_the_other_study(other_study_batch, gil, close):
    close(other_study_batch)
    assert not Reading.objects.visible_to(reloaded(gil)).exists()


def test_locking_ones_own_study_opens_the_other_study(other_study_batch, gil, davi, now):
    lifecycle.lock(study_id=other_study_batch.study_id, actor=davi, now=now)
    assert Reading.objects.visible_to(reloaded(gil)).count() == 2


def test_a_superuser_who_reads_is_blinded_too(other_study_batch, gil):
    User.objects.filter(pk=gil.pk).update(is_superuser=True)
    assert not Reading.objects.visible_to(reloaded(gil)).exists()


def test_a_deactivated_coordinator_sees_no_readings(disputed_batch, davi):
    User.objects.filter(pk=davi.pk).update(is_active=False)
    assert not Reading.objects.visible_to(reloaded(davi)).exists()


def test_the_api_lists_no_exam_one_reads(make_batch, make_exam, gil, signed_in):
    make_batch([make_exam()], [gil])
    other = make_exam()
    listed = signed_in(gil).get("/api/exams/").json()["results"]
    assert [exam["code"] for exam in listed] == [other.code]


def test_the_api_hides_the_source_of_an_exam_one_reads(make_batch, make_exam, gil, signed_in):
    exam = make_exam()
    make_batch([exam], [gil])
    assert signed_in(gil).get(reverse("api-exam", args=[exam.code])).status_code == 404


def test_the_tracing_of_an_exam_one_reads_is_served_by_assignment_only(
    make_batch, make_exam, gil, signed_in
):
    exam = make_exam()
    own = make_batch([exam], [gil]).assignments.get()
    by_exam = signed_in(gil).get(reverse("api-tracing", args=[exam.code, 1]))
    by_assignment = signed_in(gil).get(reverse("api-assignment-tracing", args=[own.pk, 1]))
    assert (by_exam.status_code, by_assignment.status_code) == (404, 200)


def test_the_source_stays_hidden_after_the_batch_is_closed(make_batch, make_exam, gil, close):
    close(make_batch([make_exam()], [gil]))
    assert not Exam.objects.all().not_read_by(gil).exists()


def test_the_source_is_shown_after_the_study_is_locked(
    make_batch, make_exam, gil, davi, study, now
):
    make_batch([make_exam()], [gil])
    lifecycle.lock(study_id=study.pk, actor=davi, now=now)
    assert Exam.objects.all().not_read_by(gil).count() == 1


def test_the_page_of_a_data_set_leaves_out_exams_one_reads(
    make_batch, make_exam, dataset, gil, signed_in
):
    exam = make_exam()
    make_batch([exam], [gil])
    html = signed_in(gil).get(reverse("dataset", args=[dataset.pk])).content.decode()
    assert exam.source_key not in html
    assert "1 exam is hidden" in html


def test_import_issues_of_exams_one_reads_are_hidden(
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


def test_the_page_loads_no_more_import_issues_than_it_shows(
    dataset, davi, signed_in, now, monkeypatch
):
    run = ImportRun.objects.create(dataset=dataset, source="here", started_at=now)
    ImportIssue.objects.bulk_create(
        ImportIssue(run=run, file=f"f{n}", code="flat", reason="Flat.", is_refusal=False)
        for n in range(5)
    )
    monkeypatch.setattr(datasets, "ISSUES_SHOWN", 2)
    page = signed_in(davi).get(reverse("dataset", args=[dataset.pk]))
    (run_on_page,) = page.context["runs"]
    assert (len(run_on_page.first_issues), run_on_page.n_issues) == (2, 5)


def test_a_coordinator_who_reads_cannot_send_disputed_exams(
    disputed_batch, make_batch, gil, clara, signed_in
):
    make_batch(readers=[gil])
    page = signed_in(gil).post(
        reverse("batch-adjudicate", args=[disputed_batch.pk]), {"readers": [clara.pk]}
    )
    assert page.status_code == 403
    assert not clara.assignments.exists()


def test_someone_who_saw_results_cannot_read_the_exam(disputed_batch, make_batch, gil, see_results):
    see_results(gil)
    exam = disputed_batch.assignments.first().exam
    with pytest.raises(roster.KnowsResults, match="Gil"):
        make_batch([exam], [gil])


def test_someone_who_saw_no_results_can_read_the_exam(disputed_batch, make_batch, gil):
    exam = disputed_batch.assignments.first().exam
    assert make_batch([exam], [gil]).assignments.get().reader == gil


def test_someone_who_saw_results_cannot_adjudicate(
    disputed_batch, make_user, see_results, davi, now
):
    ines = make_user("Ines", Role.ADJUDICATOR, Role.RESEARCHER)
    see_results(ines)
    with pytest.raises(roster.KnowsResults):
        adjudications.send_disputed(
            batch_id=disputed_batch.pk, readers=[ines], created_by=davi, now=now
        )


def test_a_coordinator_can_read_an_unread_exam(disputed_batch, make_batch, make_exam, gil):
    assert make_batch([make_exam()], [gil]).assignments.count() == 1


def test_the_form_says_that_readers_have_seen_results(
    disputed_batch, gil, davi, study, see_results, signed_in
):
    see_results(gil)
    exam = disputed_batch.assignments.first().exam
    form = {"name": "Again", "codes": exam.code, "readers": [gil.pk], "step": "create"}
    page = signed_in(davi).post(reverse("batch-new", args=[study.slug]), form)
    assert page.status_code == 400
    assert "Some readers have seen results of these exams" in page.content.decode()


def test_a_researcher_sees_progress_without_names(disputed_batch, rosa, signed_in):
    readers = (
        signed_in(rosa)
        .get(reverse("api-batch-progress", args=[disputed_batch.pk]))
        .json()["readers"]
    )
    assert {reader["username"] for reader in readers} == {None}
    assert all(reader["name"].startswith("reader-") for reader in readers)


def test_a_coordinator_sees_progress_by_name(disputed_batch, davi, signed_in):
    readers = (
        signed_in(davi)
        .get(reverse("api-batch-progress", args=[disputed_batch.pk]))
        .json()["readers"]
    )
    assert [reader["username"] for reader in readers] == ["ana", "bruno"]


@pytest.fixture
def make_plan(make_study, make_exam, ana, bruno, gil, davi, now):
    """Plan ten exams with repeats through the API of ``client``; return the planned batch."""
    study = make_study(name="Noon list", repeat_fraction=0.2, washout_exams=1, patient_gap=0)
    exam_pool.add(study=study, exams=[make_exam() for _ in range(10)], actor=davi, now=now)
    roster.join(study=study, readers=[ana, bruno, gil], actor=davi, now=now)

    def plan(client):
        address = f"/api/studies/{study.slug}/plans/"
        response = client.post(address, {"name": "One"}, content_type="application/json")
        assert response.status_code == 201
        return response.json()["batches"][0]

    return plan


def test_a_coordinator_who_reads_gets_no_balance_report(make_plan, gil, signed_in):
    planned_batch = make_plan(signed_in(gil))
    assert (planned_batch["name"], planned_batch["balance"], planned_batch["order"]) == (
        "One",
        None,
        None,
    )


def test_a_coordinator_who_does_not_read_gets_the_balance_report(make_plan, davi, signed_in):
    planned_batch = make_plan(signed_in(davi))
    assert planned_batch["balance"]["n_readings"] > 20  # two readings per exam, plus repeats
    assert planned_batch["order"]


def test_seeing_results_of_a_study_records_nothing_for_other_studies(
    disputed_batch, make_study, make_exam, close, study, davi, ana, now
):
    other = batches.create(
        study=make_study(name="Other study"), name="Batch", exams=[make_exam()], readers=[ana],
        created_by=davi, now=now,
    )  # fmt: skip
    close(other)
    assert Batch.objects.all().with_open_results().filter(pk=other.pk).exists()
    results_seen.results_of_study(study=study, user=davi, now=now)
    seen = ResultsSeen.objects.filter(user=davi).values_list("batch__study", flat=True)
    assert list(seen) == [study.pk]

"""Pages of coordinators, researchers and auditors: studies, batches and results."""

from __future__ import annotations

from dataclasses import replace

import pytest

from annotations import tasks
from annotations.models import Batch, Role, Study, User
from annotations.services.agreement import refresh
from annotations.services.consensus import labels
from annotations.services.people import roles
from annotations.services.studies import lifecycle, protocols, roster
from annotations.services.taxonomy import mappings
from tests.app.kept import kept

pytestmark = pytest.mark.django_db

STUDY = {
    "name": "Evening list",
    "suggestion_policy": "none",
    "clinical_information": "none",
    "consensus_rule": "agreement_then_majority",
}


@pytest.fixture(autouse=True)
def no_broker(monkeypatch):
    """Do not start tasks; the tests of the services cover them."""
    monkeypatch.setattr(tasks, "nudge", lambda task: None)


@kept
def disputed(make_batch, make_exam, submit, close, now):
    """A closed batch with agreement on one exam and a dispute about the other, and its results."""
    batch = make_batch([make_exam(), make_exam()], name="Disputed")
    agreed_exam, disputed_exam = (
        batch.assignments.order_by("exam").values_list("exam", flat=True).distinct()
    )
    for assignment in batch.assignments.filter(exam=agreed_exam):
        submit(assignment, "atrial_fibrillation")
    for assignment, code in zip(
        batch.assignments.filter(exam=disputed_exam).order_by("pk"),
        ("sinus_bradycardia", "normal_ecg"),
        strict=True,
    ):
        submit(assignment, code)
    close(batch)
    refresh.refresh(batch=batch, now=now)
    labels.compute(study=batch.study, now=now)
    batch.refresh_from_db()
    return batch


@pytest.mark.parametrize("address", ["/studies/", "/datasets/"])
def test_an_empty_list_says_what_to_do(signed_in, davi, address):
    page = signed_in(davi).get(address)
    assert page.status_code == 200
    assert 'class="empty"' in page.content.decode()


def test_the_taxonomy_page_without_taxonomy_shows_a_message(client):
    assert "No classes are installed" in client.get("/taxonomy/").content.decode()


def test_the_taxonomy_page_lists_all_66_classes(client, taxonomy):
    assert client.get("/taxonomy/").content.decode().count('class="class-card"') == 66


def test_the_batch_form_without_exams_shows_a_message(signed_in, davi, study):
    page = signed_in(davi).get(f"/studies/{study.slug}/batches/new/")
    assert "No exams yet" in page.content.decode()


def test_the_form_creates_a_study(signed_in, davi, taxonomy):
    response = signed_in(davi).post("/studies/new/", STUDY)
    assert response.url == "/studies/evening-list/"
    assert Study.objects.get().suggestion_policy == "none"


def test_a_study_without_a_name_is_refused_at_its_field(signed_in, davi, taxonomy):
    response = signed_in(davi).post("/studies/new/", {**STUDY, "name": ""})
    assert response.status_code == 400
    assert "name" in response.context["form"].errors


def test_a_duplicate_name_is_refused_at_its_field(signed_in, davi, study):
    response = signed_in(davi).post("/studies/new/", {**STUDY, "name": study.name})
    assert response.status_code == 400
    assert "name" in response.context["form"].errors


def batch_form(dataset, *readers, **others):
    chosen = [reader.pk for reader in readers]
    return {"name": "March", "dataset": dataset.pk, "readers": chosen, **others}


def test_the_summary_stores_nothing(signed_in, davi, study, ana, bruno, make_exam, dataset):
    make_exam()
    address = f"/studies/{study.slug}/batches/new/"
    response = signed_in(davi).post(address, batch_form(dataset, ana, bruno))
    assert response.context["n_readings"] == 2
    assert not Batch.objects.exists()


def test_the_summary_counts_exams_of_one_patient(signed_in, davi, study, ana, make_exam, dataset):
    patient = dataset.patients.create(pseudonym="P1")
    for exam in (make_exam(), make_exam()):
        exam.patient = patient
        exam.save()
    response = signed_in(davi).post(f"/studies/{study.slug}/batches/new/", batch_form(dataset, ana))
    assert response.context["n_same_patient"] == 2


def test_confirming_the_summary_opens_the_batch(signed_in, davi, study, ana, make_exam, dataset):
    form = {"name": "March", "readers": [ana.pk], "codes": make_exam().code, "step": "create"}
    response = signed_in(davi).post(f"/studies/{study.slug}/batches/new/", form)
    assert response.url == f"/batches/{Batch.objects.get().pk}/"


def test_unknown_exam_codes_are_named_at_their_field(signed_in, davi, study, ana, make_exam):
    make_exam()
    form = {"name": "March", "readers": [ana.pk], "codes": "NOSUCHXX"}
    response = signed_in(davi).post(f"/studies/{study.slug}/batches/new/", form)
    assert response.status_code == 400
    assert "NOSUCHXX" in str(response.context["form"].errors["codes"])


def test_a_nul_in_exam_codes_is_refused_at_its_field(signed_in, davi, study, ana, make_exam):
    make_exam()
    form = {"name": "March", "readers": [ana.pk], "codes": "A\0B"}
    response = signed_in(davi).post(f"/studies/{study.slug}/batches/new/", form)
    assert response.status_code == 400
    assert "codes" in response.context["form"].errors


def test_a_batch_without_readers_is_refused_at_its_field(signed_in, davi, study, ana, make_exam):
    form = {"name": "March", "codes": make_exam().code}
    response = signed_in(davi).post(f"/studies/{study.slug}/batches/new/", form)
    assert response.status_code == 400
    assert "readers" in response.context["form"].errors


def test_exams_of_other_batches_of_the_study_are_left_out(
    signed_in, davi, study, ana, make_batch, make_exam, dataset
):
    make_batch([make_exam()])
    fresh = make_exam()
    form = batch_form(dataset, ana, leave_out_used="on")
    response = signed_in(davi).post(f"/studies/{study.slug}/batches/new/", form)
    assert response.context["exams"] == [fresh]


def test_the_completion_matrix_shows_who_has_submitted(signed_in, davi, ana, make_batch, submit):
    batch = make_batch()
    submit(batch.assignments.get(reader=ana), "normal_ecg")
    matrix = signed_in(davi).get(f"/batches/{batch.pk}/").context["matrix"]
    assert matrix.rows[0].states == ["submitted", "todo"]


def test_a_researcher_sees_letters_for_readers(signed_in, rosa, make_batch):
    batch = make_batch()
    matrix = signed_in(rosa).get(f"/batches/{batch.pk}/").context["matrix"]
    assert [reader.name for reader in matrix.readers] == ["A", "B"]


def test_the_coordinator_closes_a_batch(signed_in, davi, make_batch):
    batch = make_batch()
    signed_in(davi).post(f"/batches/{batch.pk}/closing/")
    batch.refresh_from_db()
    assert batch.closed_by == davi


def test_closing_twice_is_a_conflict(signed_in, davi, disputed):
    response = signed_in(davi).post(f"/batches/{disputed.pk}/closing/")
    assert response.status_code == 409
    assert "The batch has already been closed." in response.content.decode()


def test_a_closed_batch_offers_adjudication_of_disputed_exams(signed_in, davi, clara, disputed):
    page = signed_in(davi).get(f"/batches/{disputed.pk}/")
    assert (page.context["n_disputed"], page.context["n_short"]) == (1, 0)
    assert "Clara" in page.content.decode()


def test_adjudication_creates_a_batch_of_the_disputed_exams(signed_in, davi, clara, disputed):
    response = signed_in(davi).post(
        f"/batches/{disputed.pk}/adjudication/", {"readers": [clara.pk]}
    )
    adjudication = Batch.objects.get(name="Disputed, adjudication")
    assert response.url == f"/batches/{adjudication.pk}/"


def test_sending_to_adjudication_twice_is_a_conflict(signed_in, davi, clara, disputed):
    client = signed_in(davi)
    client.post(f"/batches/{disputed.pk}/adjudication/", {"readers": [clara.pk]})
    again = client.post(f"/batches/{disputed.pk}/adjudication/", {"readers": [clara.pk]})
    assert again.status_code == 409


def test_adjudication_is_not_offered_again(signed_in, davi, clara, disputed):
    client = signed_in(davi)
    adjudication_path = client.post(
        f"/batches/{disputed.pk}/adjudication/", {"readers": [clara.pk]}
    ).url
    page = client.get(f"/batches/{disputed.pk}/").content.decode()
    assert "Sent to adjudication." in page
    assert f'href="{adjudication_path}"' in page
    assert "Send to adjudication" not in page


def test_adjudication_without_an_adjudicator_is_refused_at_its_field(signed_in, davi, disputed):
    response = signed_in(davi).post(f"/batches/{disputed.pk}/adjudication/", {})
    assert response.status_code == 400
    assert "readers" in response.context["form"].errors


def test_a_locked_study_refuses_adjudication(signed_in, davi, clara, disputed, study, now):
    lifecycle.lock(study_id=study.pk, actor=davi, now=now)
    client = signed_in(davi)
    page = client.get(f"/batches/{disputed.pk}/").content.decode()
    assert "the disputed classes stay undecided" in page
    assert "Send to adjudication" not in page
    refusal = client.post(f"/batches/{disputed.pk}/adjudication/", {"readers": [clara.pk]})
    assert refusal.status_code == 409
    assert "The study is not open." in refusal.content.decode()


def test_an_adjudicator_below_the_minimum_level_is_refused_at_the_field(
    signed_in, davi, clara, disputed, study, now
):
    amended = replace(protocols.protocol_of(study), minimum_reader_level=2)
    lifecycle.amend(study_id=study.pk, protocol=amended, reason="Seniors.", actor=davi, now=now)
    User.objects.filter(pk=clara.pk).update(level=1)
    response = signed_in(davi).post(
        f"/batches/{disputed.pk}/adjudication/", {"readers": [clara.pk]}
    )
    assert response.status_code == 400
    (error,) = response.context["form"].errors["readers"]
    assert "more experienced readers instead of Clara" in error


def test_a_withdrawn_adjudicator_is_refused_at_the_field(
    signed_in, davi, clara, disputed, study, now
):
    roster.join(study=study, readers=[clara], actor=davi, now=now)
    roster.withdraw(study=study, user=clara, reason="Moved.", actor=davi, now=now)
    response = signed_in(davi).post(
        f"/batches/{disputed.pk}/adjudication/", {"readers": [clara.pk]}
    )
    assert response.status_code == 400
    (error,) = response.context["form"].errors["readers"]
    assert "other readers instead of Clara" in error


@pytest.fixture
def no_mapping(disputed, monkeypatch):
    """The consensus is due, and the taxonomy of earlier readings has no mapping."""

    def compute(**_):
        raise mappings.NoMapping(old="classes 1", new="classes 2")

    Batch.objects.filter(pk=disputed.pk).update(consensus_is_due=True)
    monkeypatch.setattr(labels, "compute", compute)


def test_the_page_explains_a_missing_mapping(signed_in, davi, clara, disputed, no_mapping):
    refusal = signed_in(davi).post(f"/batches/{disputed.pk}/adjudication/", {"readers": [clara.pk]})
    assert refusal.status_code == 409
    assert "classes 1 to classes 2" in refusal.content.decode()


def test_the_api_refuses_a_missing_mapping(signed_in, davi, clara, disputed, no_mapping):
    refusal = signed_in(davi).post(
        f"/api/batches/{disputed.pk}/adjudication/", {"readers": ["clara"]},
        content_type="application/json",
    )  # fmt: skip
    assert (refusal.status_code, refusal.json()["type"]) == (409, "/api/docs/#no-mapping")


def test_the_agreement_page_explains_the_numbers_in_words(signed_in, davi, disputed):
    page = signed_in(davi).get(f"/batches/{disputed.pk}/agreement/").content.decode()
    assert "Whenever one reader marked it, all readers did: 1 of 2 exams." in page


def test_an_undefined_value_is_shown_as_a_dash(signed_in, davi, make_batch, submit, close, now):
    batch = make_batch()
    for assignment in batch.assignments.all():
        submit(assignment, "atrial_fibrillation")
    close(batch)
    refresh.refresh(batch=batch, now=now)
    line = signed_in(davi).get(f"/batches/{batch.pk}/agreement/").context["lines"][0]
    assert (line.alpha.text, line.alpha.is_defined) == ("–", False)
    assert line.alpha.reason


def test_agreement_without_readings_shows_a_message(signed_in, davi, make_batch):
    page = signed_in(davi).get(f"/batches/{make_batch().pk}/agreement/").content.decode()
    assert "Nothing to compare yet" in page


@pytest.mark.parametrize(
    "address", ["/batches/{batch}/agreement/", "/batches/{batch}/", "/studies/{study}/consensus/"]
)
def test_a_coordinator_who_reads_is_told_why_results_are_hidden(
    signed_in, davi, ana, disputed, make_batch, make_exam, address
):
    roles.give(davi, [Role.COORDINATOR, Role.READER])
    make_batch([make_exam()], [davi])
    page = signed_in(davi).get(address.format(batch=disputed.pk, study=disputed.study.slug))
    assert "Hidden while you read in this study." in page.content.decode()
    assert "Atrial fibrillation" not in page.content.decode()


def test_a_coordinator_who_reads_cannot_export(signed_in, davi, disputed, make_batch, make_exam):
    roles.give(davi, [Role.COORDINATOR, Role.READER])
    make_batch([make_exam()], [davi])
    response = signed_in(davi).get(f"/studies/{disputed.study.slug}/export/")
    assert response.status_code == 403


def test_the_consensus_page_lists_classes_with_votes(signed_in, davi, disputed):
    page = signed_in(davi).get(f"/studies/{disputed.study.slug}/consensus/")
    assert "2/2" in page.content.decode()


def test_the_consensus_page_can_be_filtered_by_disputed(signed_in, davi, disputed):
    page = signed_in(davi).get(f"/studies/{disputed.study.slug}/consensus/?outcome=disputed")
    (line,) = page.context["lines"]
    assert {vote.state for vote in line.votes} == {"undecided"}


def test_the_consensus_page_says_when_there_is_none(signed_in, davi, study):
    page = signed_in(davi).get(f"/studies/{study.slug}/consensus/").content.decode()
    assert "No consensus yet" in page


def test_the_import_report_shows_a_refused_file_with_its_hint(signed_in, davi, dataset, now):
    run = dataset.import_runs.create(source="/data", started_at=now, finished_at=now, n_refused=1)
    run.issues.create(
        file="<b>x.hea", code="bad", reason="No gain.", hint="Write one.", is_refusal=True
    )
    page = signed_in(davi).get(f"/datasets/{dataset.pk}/").content.decode()
    assert "&lt;b&gt;x.hea" in page
    assert "Write one." in page


def test_a_researcher_does_not_see_import_reports(signed_in, rosa, dataset, now):
    dataset.import_runs.create(source="/data", started_at=now, finished_at=now)
    assert "Imports" not in signed_in(rosa).get(f"/datasets/{dataset.pk}/").content.decode()

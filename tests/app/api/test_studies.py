"""The API for coordinators, researchers and auditors."""

from __future__ import annotations

import io
import zipfile

import pytest
from rest_framework.test import APIClient

from annotations.models import Batch, Role, Study
from annotations.services.agreement import refresh
from annotations.services.consensus import labels
from annotations.services.export import jobs
from ecgreview.agreement.values.reasons import Reason
from tests.app.kept import kept


def signed_in(user):
    client = APIClient()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def as_davi(davi):
    return signed_in(davi)


@kept
def read_batch(make_batch, make_exam, submit, close, ana, bruno, now):
    """A closed batch of two exams: agreement on the first, dispute about the second."""
    first, second = make_exam(), make_exam()
    batch = make_batch([first, second], [ana, bruno], "Read")
    for assignment in batch.assignments.select_related("reader"):
        gives_af = assignment.exam_id == first.pk or assignment.reader_id == ana.pk
        submit(assignment, "atrial_fibrillation" if gives_af else "sinus_bradycardia")
    close(batch)
    while refresh.refresh_next(now=now) or labels.refresh_next(now=now):
        pass
    return batch


def test_a_study_is_created(as_davi, taxonomy):
    response = as_davi.post("/api/studies/", {"name": "Night list", "clinical_information": "none"})
    assert response.status_code == 201
    study = Study.objects.get(slug=response.json()["slug"])
    assert (study.clinical_information, study.taxonomy) == ("none", taxonomy)


def test_the_seed_of_a_study_is_not_in_the_api(as_davi, study):
    assert study.seed not in as_davi.get(f"/api/studies/{study.slug}/").content.decode()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "Morning list"}, "name"),
        ({"consensus_rule": "whim"}, "consensus_rule"),
        ({"frequent_classes": ["whim"]}, "frequent_classes[0]"),
        ({"frequent_classes": ["normal_ecg"] * 10}, "frequent_classes"),
        ({"taxonomy": 10**9}, "taxonomy"),
        ({"suggestion_policy": "always"}, "suggestion_policy"),
        ({"suggestion_policy": "randomised"}, "suggestion_arms"),
        ({"seed": "0" * 64}, "seed"),
        ({"created_by": 1}, "created_by"),
        ({"is_demo": True}, "is_demo"),
    ],
)
def test_errors_in_a_new_study_are_listed_by_field(as_davi, study, changes, field):
    refusal = as_davi.post("/api/studies/", {"name": "Night list", **changes})
    assert (refusal.status_code, refusal.json()["field"]) == (400, field)
    assert field in refusal.json()["errors"]


def test_a_batch_is_opened(as_davi, study, make_exam, ana, bruno):
    codes = [make_exam().code for _ in range(3)]
    body = {"name": "First", "exams": codes, "readers": ["ana", "bruno"]}
    response = as_davi.post(f"/api/studies/{study.slug}/batches/", body)
    assert response.status_code == 201
    assert (response.json()["n_assigned"], response.json()["n_submitted"]) == (6, 0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"exams": []}, "exams"),
        ({"exams": ["NOSUCH00"]}, "exams"),
        ({"exams": "all"}, "exams"),
        ({"readers": []}, "readers"),
        ({"readers": ["nobody"]}, "readers"),
        ({"readers": ["davi"]}, "readers"),
        ({"name": "x" * 121}, "name"),
        ({"closed_at": None}, "closed_at"),
    ],
)
def test_errors_in_a_new_batch_are_listed_by_field(as_davi, study, make_exam, ana, changes, field):
    body = {"name": "First", "exams": [make_exam().code], "readers": ["ana"], **changes}
    refusal = as_davi.post(f"/api/studies/{study.slug}/batches/", body)
    assert (refusal.status_code, refusal.json()["field"]) == (400, field)
    assert not Batch.objects.exists()


def test_closing_a_batch_twice_is_refused(as_davi, make_batch):
    address = f"/api/batches/{make_batch().pk}/closing/"
    first, second = as_davi.post(address, {}), as_davi.post(address, {})
    assert (first.status_code, first.json()["is_open"]) == (200, False)
    assert (second.status_code, second.json()["type"][-14:]) == (409, "already-closed")


def test_progress_lists_counts_by_reader(as_davi, make_batch, make_exam, ana, bruno, submit):
    batch = make_batch([make_exam(), make_exam()], [ana, bruno])
    make_batch([make_exam()], [ana])
    submit(batch.assignments.filter(reader=ana)[0])
    readers = as_davi.get(f"/api/batches/{batch.pk}/progress/").json()["readers"]
    counts = [
        (reader["username"], reader["n_assigned"], reader["n_submitted"]) for reader in readers
    ]
    assert counts == [("ana", 2, 1), ("bruno", 2, 0)]


def test_agreement_names_readers_by_pseudonym(as_davi, read_batch, ana):
    payload = as_davi.get(f"/api/batches/{read_batch.pk}/agreement/").json()
    assert payload["n_readings"] == 4
    assert all(name.startswith("reader-") for name in payload["results"]["readers"])


def test_pairs_of_a_class_have_their_table_and_measures(as_davi, read_batch):
    address = f"/api/batches/{read_batch.pk}/agreement/pairs/"
    (line,) = as_davi.get(address, {"class": "atrial_fibrillation"}).json()["pairs"]
    (pooled,) = as_davi.get(address).json()["pairs"]
    assert (line["class"], pooled["class"]) == ("atrial_fibrillation", "")
    assert line["n11"] + line["n10"] + line["n01"] + line["n00"] == line["percent_agreement"]["n"]
    assert pooled["n11"] >= line["n11"]


def test_reasons_are_codes_with_translated_sentences(as_davi, read_batch):
    address = f"/api/batches/{read_batch.pk}/agreement/"
    english = as_davi.get(address).json()
    reasons = {row["pabak"]["reason"] for row in english["results"]["classes"]} - {""}
    assert reasons
    assert reasons <= set(english["reasons"]) <= set(Reason)
    portuguese = as_davi.get(address, headers={"Accept-Language": "pt-BR"}).json()
    assert english["reasons"]["absence_only"].startswith("No reader marked the class")
    assert portuguese["reasons"]["absence_only"].startswith("Nenhum leitor")
    pairs = as_davi.get(f"{address}pairs/", {"class": "atrial_fibrillation"}).json()
    assert set(pairs["reasons"]) <= set(Reason)


def test_pairs_of_an_unknown_class_are_refused(as_davi, read_batch):
    address = f"/api/batches/{read_batch.pk}/agreement/pairs/"
    refusal = as_davi.get(address, {"class": "broken_heart"})
    assert refusal.status_code == 400
    assert "class" in str(refusal.json())


def test_a_study_has_agreement_too(as_davi, study, read_batch, now):
    refresh.refresh_study(study=study, now=now)
    payload = as_davi.get(f"/api/studies/{study.slug}/agreement/").json()
    of_batch = as_davi.get(f"/api/batches/{read_batch.pk}/agreement/").json()
    assert (payload["batch"], payload["version"], payload["n_readings"]) == (None, 1, 4)
    assert payload["results"]["classes"] == of_batch["results"]["classes"]
    pairs = as_davi.get(f"/api/studies/{study.slug}/agreement/pairs/").json()
    assert len(pairs["pairs"]) == 1


def test_agreement_not_yet_computed_is_null(as_davi, make_batch):
    payload = as_davi.get(f"/api/batches/{make_batch().pk}/agreement/").json()
    assert payload["results"] is None


def test_consensus_is_listed_by_exam(as_davi, study, read_batch):
    rows = as_davi.get(f"/api/studies/{study.slug}/consensus/").json()["results"]
    assert [row["outcome"] for row in rows] == ["agreement", "disputed"]
    assert rows[0]["labels"] == [
        {
            "class": "atrial_fibrillation",
            "n_positive": 2,
            "n_readings": 2,
            "is_present": True,
            "state": "present",
        }
    ]


def test_disputed_exams_are_sent_to_the_adjudicator(as_davi, read_batch, clara):
    sent = as_davi.post(f"/api/batches/{read_batch.pk}/adjudication/", {"readers": ["clara"]})
    assert (sent.status_code, sent.json()["n_exams"]) == (201, 1)


def test_the_export_is_a_zip_archive(as_davi, study, read_batch, now):
    address = f"/api/studies/{study.slug}/export/"
    assert as_davi.get(address).status_code == 202
    assert jobs.make_next(now=now)
    content = b"".join(as_davi.get(address).streaming_content)
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert "consensus.csv" in {name.rpartition("/")[2] for name in names}


def test_closed_readings_have_pseudonymous_readers(otto, read_batch):
    payload = signed_in(otto).get("/api/readings/").json()["results"]
    assert len(payload) == 4
    assert all(row["reader"].startswith("reader-") for row in payload)


def test_readings_are_listed_with_few_queries(otto, read_batch, django_assert_max_num_queries):
    client = signed_in(otto)
    client.get("/api/readings/")  # the first request also records that Otto has seen results
    with django_assert_max_num_queries(21):
        client.get("/api/readings/")


class TestCoordinatorWhoReads:
    """A coordinator who still reads in a study sees none of its results."""

    @pytest.fixture
    def as_gil(self, make_user, make_batch, make_exam):
        gil = make_user("Gil", Role.READER, Role.COORDINATOR)
        make_batch([make_exam()], [gil], "Gil's")
        return signed_in(gil)

    @pytest.mark.parametrize(
        "path", ["agreement", "agreement/pairs", "agreement/errors", "progress"]
    )
    def test_sees_no_results_of_a_batch(self, as_gil, read_batch, path):
        refusal = as_gil.get(f"/api/batches/{read_batch.pk}/{path}/")
        assert (refusal.status_code, refusal.json()["type"][-13:]) == (403, "still-reading")

    @pytest.mark.parametrize(
        "path", ["consensus", "export", "agreement", "agreement/pairs", "agreement/errors"]
    )
    def test_sees_no_results_of_the_study(self, as_gil, study, read_batch, path):
        refusal = as_gil.get(f"/api/studies/{study.slug}/{path}/")
        assert (refusal.status_code, refusal.json()["type"][-13:]) == (403, "still-reading")

    def test_sees_no_readings_of_others(self, as_gil, read_batch):
        assert as_gil.get("/api/readings/").json()["results"] == []

    def test_sees_no_progress_of_others(self, as_gil, read_batch):
        assert as_gil.get(f"/api/batches/{read_batch.pk}/").json()["n_submitted"] is None

    def test_cannot_send_disputed_exams_to_adjudication(self, as_gil, read_batch, clara):
        body = {"readers": ["clara"]}
        refusal = as_gil.post(f"/api/batches/{read_batch.pk}/adjudication/", body)
        assert refusal.status_code == 403

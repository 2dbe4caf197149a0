"""The dispute queue as a queue, as CSV and in the API."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from annotations.models import (
    AuditEvent,
    Batch,
    Consensus,
    Purpose,
    QueuedCase,
    ResultsSeen,
    Role,
    Study,
    StudyReader,
)
from annotations.services.consensus import labels, queue_upgrade
from annotations.services.consensus import queue as queue_service
from tests.app import published

pytestmark = pytest.mark.django_db

AVB, LVH, RBBB = (
    "first_degree_av_block", "left_ventricular_hypertrophy", "right_bundle_branch_block",
)  # fmt: skip

# It differs in every response.
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')


@pytest.fixture
def computed(read, make_exam, study, ana, bruno, now):
    """Four exams: two disputed classes, one disputed class, agreement twice."""
    answers = [([AVB], [LVH]), ([AVB], []), ([RBBB], [RBBB]), ([], [])]
    exams = [make_exam() for _ in answers]
    for number, (exam, (first, second)) in enumerate(zip(exams, answers, strict=True), start=1):
        read({ana: first, bruno: second}, exam, name=f"Batch {number}")
    labels.compute(study=study, now=now)
    return exams


@pytest.fixture
def queue(signed_in, davi, study):
    client = signed_in(davi)

    def get(query="", part="/"):
        return client.get(f"/studies/{study.slug}/disputes{part}?{query}")

    return get


@pytest.fixture
def api(davi):
    client = APIClient()
    client.force_login(davi, backend="django.contrib.auth.backends.ModelBackend")
    return client


def codes(response):
    return [line.row.exam.code for line in response.context["lines"]]


def test_exams_with_more_expected_errors_come_first(queue, computed):
    assert codes(queue()) == [computed[0].code, computed[1].code]


def test_a_row_shows_the_votes_of_each_class(queue, computed):
    line = queue().context["lines"][1]
    (case,) = line.cases
    assert (case.of.code, case.case.n_marked, case.n_against) == (AVB, 1, 1)
    assert (case.basis, line.row.n_disputed) == ("Readers disagree", 1)


@pytest.mark.parametrize(
    ("query", "places"),
    [
        (f"class={LVH}", [0]),
        (f"class={AVB}&kind=dispute", [0, 1]),
        ("kind=model", []),
        ("kind=sample&share=1", [2, 3]),
        ("kind=sample&share=0", []),
        ("batch={batch}", [1]),
        ("dataset={dataset}", [0, 1]),
        ("sent=no&order=classes", [0, 1]),
        ("sent=yes", []),
    ],
)
def test_filters_are_the_same_on_the_page_and_in_the_api(
    queue, api, computed, study, dataset, query, places
):
    batch = Batch.objects.get(name="Batch 2")
    query = query.format(batch=batch.pk, dataset=dataset.pk)
    expected = [computed[place].code for place in places]
    assert codes(queue(query)) == expected
    rows = api.get(f"/api/studies/{study.slug}/disputes/?{query}").json()["results"]
    assert [row["exam"] for row in rows] == expected
    file = csv.DictReader(io.StringIO(queue(query, ".csv").content.decode()))
    assert list(dict.fromkeys(row["exam"] for row in file)) == expected


def test_a_bad_filter_is_refused(queue, api, study, computed):
    assert queue("class=unknown").status_code == 400
    assert queue("kind=sample&class=" + AVB).status_code == 400
    refusal = api.get(f"/api/studies/{study.slug}/disputes/?share=2")
    assert (refusal.status_code, list(refusal.json()["errors"])) == (400, ["share"])


def test_the_download_has_the_rows_of_the_command_and_is_recorded(queue, computed, study, davi):
    out = io.StringIO()
    call_command("list_disputes", study.slug, stdout=out)
    assert queue("", ".csv").content.decode().splitlines() == out.getvalue().splitlines()
    events = AuditEvent.objects.filter(action="consensus.disputes_listed")
    assert [event.actor for event in events.order_by("pk")] == [None, davi]


def test_pages_follow_each_other_without_gaps(queue, computed, api, study, monkeypatch):
    monkeypatch.setattr("annotations.views.studies.disputes.EXAMS_PER_PAGE", 1)
    first = queue("order=classes")
    second = queue(first.context["next"].removeprefix("?"))
    assert [codes(first), codes(second)] == [[computed[0].code], [computed[1].code]]
    assert (second.context["next"], second.context["is_first"]) == (None, False)
    address = f"/api/studies/{study.slug}/disputes/?limit=1"
    one = api.get(address).json()
    other = api.get(f"{address}&after={one['next']}").json()
    assert [row["exam"] for row in one["results"] + other["results"]] == [
        exam.code for exam in computed[:2]
    ]


def test_seeing_the_queue_is_recorded(queue, computed, davi):
    queue()
    assert ResultsSeen.objects.filter(user=davi).count() == 4


def test_results_that_the_protocol_still_hides_are_not_shown(queue, computed, study, api, davi):
    study.batches.update(results_open="study_locked")
    assert "No results to show yet" in queue().content.decode()
    assert api.get(f"/api/studies/{study.slug}/disputes/").json()["results"] == []
    assert queue("", ".csv").content.decode().count("\n") == 1
    assert not ResultsSeen.objects.exists()


class TestReaderOfTheStudy:
    """A coordinator who reads in the study learns nothing from the queue."""

    @pytest.fixture
    def blinded(self, computed, study, davi, now):
        StudyReader.objects.create(study=study, user=davi, status_since=now, added_at=now)
        return [exam.code for exam in computed]

    @pytest.mark.parametrize("query", ["", "kind=dispute", "kind=sample&share=1", "class=unknown"])
    def test_sees_the_same_page_with_and_without_disputes(self, queue, blinded, study, query):
        with_disputes = TOKEN.sub("", queue(query).content.decode())
        Consensus.objects.all().delete()
        assert TOKEN.sub("", queue(query).content.decode()) == with_disputes
        assert not any(code in with_disputes for code in blinded)

    @pytest.mark.parametrize("part", [".csv", "/assignment/"])
    def test_gets_neither_file_nor_form(self, queue, blinded, part):
        assert queue("scope=all", part).status_code == 403

    def test_gets_nothing_from_the_api(self, api, blinded, study):
        body = {"name": "Second look", "readers": ["clara"]}
        address = f"/api/studies/{study.slug}/disputes/"
        assert [api.get(address).status_code, api.post(address, body).status_code] == [403, 403]
        assert not Batch.objects.filter(purpose=Purpose.ADJUDICATION).exists()


class TestAssignment:
    @pytest.fixture
    def carlos(self, make_user):
        return make_user("Carlos", Role.ADJUDICATOR)

    @pytest.fixture
    def assign(self, signed_in, davi, study):
        client = signed_in(davi)

        def post(readers, **more):
            data = {"name": "Look", "distribution": "divided", "scope": "selected", **more}
            address = f"/studies/{study.slug}/disputes/assignment/"
            return client.post(address, {**data, "readers": [person.pk for person in readers]})

        return post

    def test_sends_the_selected_exams(self, assign, computed, clara):
        response = assign([clara], exam=[computed[1].code])
        sent = Batch.objects.get(purpose=Purpose.ADJUDICATION)
        assert (response.status_code, response["Location"]) == (302, f"/batches/{sent.pk}/")
        assert [(row.exam, row.reader) for row in sent.assignments.all()] == [(computed[1], clara)]

    def test_sends_all_that_match(self, assign, computed, clara, carlos, queue):
        assign([clara, carlos], scope="all", kind="dispute")
        sent = Batch.objects.get(purpose=Purpose.ADJUDICATION)
        assert sorted(sent.assignments.values_list("exam__code", flat=True)) == sorted(
            exam.code for exam in computed[:2]
        )
        assert codes(queue("sent=yes")) == [computed[0].code, computed[1].code]
        assert codes(queue("sent=no")) == []
        assert all(line.is_waiting for line in queue().context["lines"])

    def test_sends_a_random_slice(self, assign, computed, clara):
        assign([clara], scope="all", kind="sample", share="1")
        sent = Batch.objects.get(purpose=Purpose.ADJUDICATION)
        assert {row.exam for row in sent.assignments.all()} == set(computed[2:])

    def test_offers_only_people_who_may_read_an_exam(self, queue, computed, read, ana, clara,
                                                     carlos, study, now, make_exam):  # fmt: skip
        exam = make_exam()
        read({ana: [AVB], clara: []}, exam, name="Clara reads")
        labels.compute(study=study, now=now)
        form = queue(f"exam={exam.code}", "/assignment/")
        assert [label for _, label in form.context["form"].fields["readers"].choices] == ["Carlos"]
        assert form.context["n_blocked"] == 1
        both = queue(f"exam={exam.code}&exam={computed[0].code}", "/assignment/")
        labels_of = [str(label) for _, label in both.context["form"].fields["readers"].choices]
        assert labels_of == ["Carlos", "Clara (may read 1 of 2)"]

    def test_explains_why_a_name_is_refused(self, assign, computed, clara):
        response = assign([clara], exam=[computed[0].code], name="Batch 1")
        assert response.status_code == 400
        assert response.context["form"].errors["name"]

    def test_leaves_out_exams_without_tracings(self, assign, queue, computed, clara):
        computed[0].tracings.all().delete()
        form = queue("scope=all", "/assignment/")
        assert (form.context["n_exams"], form.context["n_left_out"]) == (1, 1)
        assign([clara], scope="all")
        assert Batch.objects.get(purpose=Purpose.ADJUDICATION).assignments.count() == 1

    def test_offers_only_exams_with_tracings(self, queue, computed):
        computed[0].tracings.all().delete()
        page = queue().content.decode()
        assert "No tracing" in page
        assert f'name="exam" value="{computed[0].code}"' not in page
        assert f'name="exam" value="{computed[1].code}"' in page
        computed[1].tracings.all().delete()
        assert "Assign selected" not in queue().content.decode()

    def test_needs_an_exam(self, queue, computed):
        assert "No exam to assign" in queue("scope=selected", "/assignment/").content.decode()

    def test_is_offered_to_coordinators_only(self, computed, study, rosa, signed_in):
        response = signed_in(rosa).get(f"/studies/{study.slug}/disputes/")
        assert codes(response) == [computed[0].code, computed[1].code]
        assert "Assign selected" not in response.content.decode()

    def test_is_not_offered_under_a_rule_without_adjudication(self, queue, computed, amend):
        amend(consensus_rule="unanimous")
        assert "uses no adjudication" in queue().content.decode()

    def test_by_the_api(self, api, computed, study, clara, carlos):
        address = f"/api/studies/{study.slug}/disputes/"
        body = {"name": "Look", "readers": ["clara", "carlos"], "distribution": "all"}
        sent = api.post(f"{address}?class={AVB}", body)
        assert (sent.status_code, sent.json()["n_assigned"]) == (201, 4)
        again = api.post(address, {**body, "name": "Again", "exams": [computed[0].code]})
        assert (again.status_code, again.json()["type"][-12:]) == (400, "already-sent")
        row = api.get(address).json()["results"][0]
        assert row["is_sent"]
        assert row["cases"][0] == {
            "class": AVB, "kind": "dispute", "basis": "disagreement", "n_marked": 1, "n_votes": 2,
            "posterior": None,
        }  # fmt: skip


class TestPublishedReadings:
    @pytest.fixture
    def imported(self, tmp_path):
        """Two cardiologists, a model and the published labels, which overrule one cell."""
        readers = np.zeros((4, 6), dtype=np.int8)
        readers[0, 0] = 1
        other = readers.copy()
        other[3, 2] = 1
        model, reference = readers.copy(), readers.copy()
        model[1, 4] = 1
        reference[0, 0] = 0
        tables = {"cardiologist1": readers, "cardiologist2": other, "dnn": model,
                  "gold_standard": reference}  # fmt: skip
        folder = published.write(tmp_path / "readings", tables)
        call_command("import_readings", "--format", "codetest", "--study", "Four", str(folder),
                     stdout=io.StringIO())  # fmt: skip
        study = Study.objects.get(slug="four")
        labels.compute(study=study, now=study.created_at)
        return study

    @pytest.mark.parametrize(
        ("kind", "label"),
        [
            ("reference", "Overruled without a record"),
            ("model", "A model contradicts unanimous readers"),
            ("dispute", "In dispute"),
        ],
    )
    def test_each_reason_lists_one_exam(self, imported, signed_in, davi, kind, label):
        page = signed_in(davi).get(f"/studies/four/disputes/?kind={kind}")
        (line,) = page.context["lines"]
        assert [case.kind for case in line.cases] == [label]

    def test_cannot_be_adjudicated_on_a_sheet(self, imported, api, clara):
        body = {"name": "Look", "readers": ["clara"]}
        codes = [row.exam.code for row in Consensus.objects.filter(n_cases__gt=0)]
        refusal = api.post("/api/studies/four/disputes/", {**body, "exams": codes})
        assert (refusal.status_code, refusal.json()["type"][-15:]) == (400, "nothing-to-draw")
        assert "3 of those you chose have none" in refusal.json()["hint"]


def test_two_cardiologists_differ_on_five_exams(shared_data: Path, tmp_path, signed_in, davi, api):
    folder = published.two_cardiologists(shared_data, tmp_path)
    call_command("import_readings", "--format", "codetest", "--study", "CODE-test", str(folder),
                 stdout=io.StringIO())  # fmt: skip
    study = Study.objects.get(slug="code-test")
    labels.compute(study=study, now=study.created_at)
    page = signed_in(davi).get("/studies/code-test/disputes/")
    rows = api.get("/api/studies/code-test/disputes/").json()["results"]
    assert codes(page) == [row["exam"] for row in rows]
    assert len(rows) == 5


class TestConsensusFromBeforeTheQueue:
    """An upgrade leaves the places of earlier results to the worker."""

    @pytest.fixture
    def earlier(self, computed, study):
        stored = Consensus.objects.order_by("pk").values_list(*queue_service.COLUMNS)
        expected = list(stored)
        QueuedCase.objects.all().delete()
        Consensus.objects.update(**dict.fromkeys(queue_service.COLUMNS))
        return expected

    def test_is_announced(self, earlier, queue):
        assert "The queue is being computed" in queue().content.decode()

    def test_gets_the_same_places(self, earlier, queue, now):
        assert queue_upgrade.fill_next(now=now)
        rows = Consensus.objects.order_by("pk").values_list(*queue_service.COLUMNS)
        assert list(rows) == earlier
        assert QueuedCase.objects.count() == 3
        assert not queue_upgrade.fill_next(now=now)

    def test_is_left_to_a_computation_that_is_due(self, earlier, study, now):
        study.batches.update(consensus_is_due=True)
        assert not queue_upgrade.fill_next(now=now)

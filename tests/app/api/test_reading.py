"""The API for readers: worklist, drafts, readings and tracings."""

from __future__ import annotations

import gzip
import uuid
from typing import Any

import pytest
from rest_framework.test import APIClient

from annotations.models import Batch, Draft, Reading
from ecgreview.ecg import wire
from tests.app.kept import kept

EMPTY = {"findings": [], "not_assessable": [], "problems": [], "quality": "good", "comment": ""}


@pytest.fixture
def as_ana(ana):
    client = APIClient()
    client.force_login(ana)
    return client


@kept
def sheet(assign, ana):
    return assign(ana)


def address(assignment, path=""):
    return f"/api/assignments/{assignment.pk}/{path}"


def send(client, assignment, *codes, key=None, based_on=0, **changes):
    findings = [{"class": code, "certainty": "definite"} for code in codes]
    body = {"based_on": based_on, "findings": findings, "quality": "good", **changes}
    headers = {"Idempotency-Key": str(key or uuid.uuid4())}
    return client.post(address(assignment, "reading/"), body, headers=headers)


def test_the_worklist_lists_only_own_assignments(as_ana, make_batch, ana, bruno):
    assignment_of_ana = make_batch(readers=[ana, bruno]).assignments.get(reader=ana)
    payload = as_ana.get("/api/assignments/").json()
    assert [row["id"] for row in payload["results"]] == [assignment_of_ana.pk]


def test_the_open_worklist_leaves_out_submitted_exams(as_ana, assign, ana, submit):
    submit(assign(ana))
    remaining = assign(ana)
    payload = as_ana.get("/api/assignments/?state=open").json()
    assert [row["id"] for row in payload["results"]] == [remaining.pk]


def test_all_pages_together_make_the_whole_list(as_ana, make_batch, make_exam, ana):
    make_batch([make_exam() for _ in range(7)], [ana])
    expected = as_ana.get("/api/assignments/").json()["results"]
    rows: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        params = {"after": cursor} if cursor else {}
        page = as_ana.get("/api/assignments/", {"limit": 3, **params})
        rows += page.json()["results"]
        cursor = page.json()["next"]
    assert rows == expected


def test_the_worklist_is_in_reading_order(as_ana, make_batch, make_exam, ana):
    batch = make_batch([make_exam() for _ in range(7)], [ana])
    order = list(batch.assignments.all().in_reading_order().values_list("pk", flat=True))
    assert [row["id"] for row in as_ana.get("/api/assignments/").json()["results"]] == order


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=201", "limit=x", "limit=-1", "limit=99999999", "after=%00", "after=x",
        "after=W10", "after=WzEsMiwzXQ", "after=WzEsIngiXQ", "state=closed",
        "ordering=-readings", "reader=2", "batch__assignments__reader__password__startswith=a",
    ],
)  # fmt: skip
def test_invalid_and_unknown_query_parameters_are_refused(as_ana, query):
    assert as_ana.get(f"/api/assignments/?{query}").status_code == 400


def test_an_assignment_does_not_reveal_the_source_of_its_exam(as_ana, sheet):
    body = as_ana.get(address(sheet)).content.decode()
    assert sheet.exam.source_key not in body
    assert sheet.exam.dataset.name not in body


def test_age_and_sex_are_shown_if_the_study_allows_it(as_ana, sheet):
    exam = as_ana.get(address(sheet)).json()["exam"]
    assert (exam["age_years"], exam["sex"]) == (61.0, "F")


def test_age_and_sex_are_hidden_if_the_study_hides_them(as_ana, sheet):
    Batch.objects.filter(pk=sheet.batch_id).update(clinical_information="none")
    exam = as_ana.get(address(sheet)).json()["exam"]
    assert (exam["age_years"], exam["sex"]) == (None, None)


def test_a_draft_is_returned_as_saved(as_ana, sheet):
    finding = {"class": "atrial_fibrillation", "certainty": "probable"}
    findings = [{**finding, "localisations": [], "measurements": []}]
    content = {**EMPTY, "findings": findings, "quality": "poor", "comment": " a  b "}
    saved = as_ana.put(address(sheet, "draft/"), {"based_on": 0, "content": content})
    assert (saved.status_code, saved.json()) == (200, {"version": 1})
    payload = as_ana.get(address(sheet)).json()
    assert (payload["state"], payload["draft"]) == ("draft", {"version": 1, "content": content})


def test_a_stale_draft_is_refused_with_the_stored_one(as_ana, sheet):
    as_ana.put(address(sheet, "draft/"), {"based_on": 0, "content": EMPTY})
    other = {**EMPTY, "quality": "poor"}
    refusal = as_ana.put(address(sheet, "draft/"), {"based_on": 0, "content": other})
    assert refusal.status_code == 409
    assert refusal.json()["type"].endswith("stale-draft")
    assert refusal.json()["draft"] == {"version": 1, "content": EMPTY}


def test_a_reading_is_accepted(as_ana, sheet):
    key = uuid.uuid4()
    accepted = send(as_ana, sheet, "atrial_fibrillation", key=key)
    assert accepted.status_code == 201
    assert (accepted.json()["id"], accepted.json()["next"]) == (str(key), None)


def test_resending_a_reading_gives_the_same_response(as_ana, sheet):
    key = uuid.uuid4()
    first, second = (send(as_ana, sheet, "atrial_fibrillation", key=key) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert Reading.objects.count() == 1


def test_the_display_of_the_desk_is_accepted(as_ana, sheet):
    display = {
        "arrangement": "3x4", "speedMmPerS": 25, "gainMmPerMv": 10, "page": 0, "pxPerMm": 3.78,
        "devicePixelRatio": 1.5, "viewport": [1440, 900], "filter": None,
    }  # fmt: skip
    assert send(as_ana, sheet, display=display, active_ms=58_000).status_code == 201
    assert Reading.objects.get().display == display


def test_a_submission_returns_the_next_assignment(as_ana, make_batch, make_exam, ana):
    batch = make_batch([make_exam(), make_exam()], [ana])
    first, second = batch.assignments.all().in_reading_order()
    assert send(as_ana, first).json()["next"] == second.pk


def positions(client, assignments):
    return [
        client.get(address(assignment)).json()["queue"]["position"] for assignment in assignments
    ]


def test_an_exam_loaded_ahead_has_its_position(as_ana, make_batch, make_exam, ana):
    batch = make_batch([make_exam() for _ in range(4)], [ana])
    queue = list(batch.assignments.all().in_reading_order())
    assert positions(as_ana, queue) == [1, 2, 3, 4]
    send(as_ana, queue[0])
    assert positions(as_ana, queue) == [1, 2, 3, 4]


def test_a_skipped_exam_comes_after_those_already_read(as_ana, make_batch, make_exam, ana):
    batch = make_batch([make_exam() for _ in range(3)], [ana])
    skipped, read, waiting = batch.assignments.all().in_reading_order()
    send(as_ana, read)
    assert positions(as_ana, [read, skipped, waiting]) == [1, 2, 3]


@pytest.mark.parametrize(
    ("codes", "changes", "field"),
    [
        (["no_such_class"], {}, "findings"),
        (["atrial_fibrillation", "atrial_fibrillation"], {}, "findings"),
        (["normal_ecg", "atrial_fibrillation"], {}, "findings"),
        (["atrial_fibrillation"], {"quality": "unreadable"}, "findings"),
        ([], {"quality": "superb"}, "quality"),
        ([], {"quality": None}, "quality"),
        ([], {"based_on": -1}, "based_on"),
        ([], {"based_on": 10**400}, "based_on"),
        ([], {"active_ms": 2**31}, "active_ms"),
        ([], {"comment": "x" * 2001}, "comment"),
        ([], {"comment": "a\0b"}, "comment"),
        ([], {"display": {"a": {"b": 1}}}, "display"),
        ([], {"display": {"a\0": 1}}, "display"),
        ([], {"reader": 1}, "reader"),
    ],
)
def test_errors_are_listed_by_field(as_ana, sheet, codes, changes, field):
    refusal = send(as_ana, sheet, *codes, **changes)
    assert refusal.status_code == 400
    assert refusal.headers["Content-Type"] == "application/problem+json"
    assert field in refusal.json()["errors"]
    assert not Reading.objects.exists()


def test_an_error_in_a_finding_names_its_index(as_ana, sheet):
    findings = [{"class": "atrial_fibrillation", "certainty": "surely"}]
    refusal = as_ana.post(
        address(sheet, "reading/"),
        {"based_on": 0, "findings": findings, "quality": "good"},
        headers={"Idempotency-Key": str(uuid.uuid4())},
    )
    assert list(refusal.json()["errors"]) == ["findings.0.certainty"]


@pytest.mark.parametrize("key", ["", "seven", "00000000"])
def test_a_reading_needs_an_idempotency_key(as_ana, sheet, key):
    assert "Idempotency-Key" in send(as_ana, sheet, key=key or " ").json()["errors"]


def test_an_exam_already_submitted_is_refused(as_ana, sheet, submit):
    submit(sheet)
    refusal = send(as_ana, sheet)
    assert (refusal.status_code, refusal.json()["type"][-17:]) == (409, "already-submitted")


def test_a_reading_for_a_closed_batch_is_refused(as_ana, sheet, close):
    close(sheet.batch)
    refusal = send(as_ana, sheet)
    assert (refusal.status_code, refusal.json()["type"][-12:]) == (409, "batch-closed")


def test_a_draft_for_a_closed_batch_is_refused(as_ana, sheet, close):
    close(sheet.batch)
    refusal = as_ana.put(address(sheet, "draft/"), {"based_on": 0, "content": EMPTY})
    assert (refusal.status_code, refusal.json()["type"][-12:]) == (409, "batch-closed")


def test_a_reading_based_on_an_old_draft_is_refused(as_ana, sheet):
    as_ana.put(address(sheet, "draft/"), {"based_on": 0, "content": EMPTY})
    refusal = send(as_ana, sheet, based_on=0)
    assert (refusal.status_code, refusal.json()["draft"]["version"]) == (409, 1)


def test_a_key_used_for_another_exam_is_refused(as_ana, assign, ana):
    key = uuid.uuid4()
    send(as_ana, assign(ana), key=key)
    refusal = send(as_ana, assign(ana), key=key)
    assert (refusal.status_code, refusal.json()["type"][-10:]) == (409, "key-reused")


@pytest.mark.parametrize("path", ["", "suggestions/"])
def test_another_readers_assignment_looks_like_a_missing_one(as_ana, assign, bruno, path):
    foreign = as_ana.get(address(assign(bruno), path))
    missing = as_ana.get(f"/api/assignments/999999999999999999999/{path}")
    assert (foreign.status_code, foreign.content) == (404, missing.content)


def test_another_readers_draft_cannot_be_saved(as_ana, assign, bruno):
    body = {"based_on": 0, "content": EMPTY}
    assert as_ana.put(address(assign(bruno), "draft/"), body).status_code == 404
    assert not Draft.objects.exists()


def test_another_readers_assignment_cannot_be_submitted(as_ana, assign, bruno):
    assert send(as_ana, assign(bruno)).status_code == 404
    assert not Reading.objects.exists()


def test_readings_are_identified_by_their_key(as_ana, sheet, submit):
    reading = submit(sheet)
    payload = as_ana.get("/api/readings/").json()["results"]
    assert [row["id"] for row in payload] == [str(reading.idempotency_key)]


def test_another_readers_reading_looks_like_a_missing_one(as_ana, assign, bruno, submit):
    reading_of_bruno = submit(assign(bruno), "atrial_fibrillation")
    foreign = as_ana.get(f"/api/readings/{reading_of_bruno.idempotency_key}/")
    missing = as_ana.get(f"/api/readings/{uuid.uuid4()}/")
    assert (foreign.status_code, foreign.content) == (404, missing.content)


class TestTracings:
    @pytest.fixture
    def href(self, as_ana, sheet):
        return as_ana.get(address(sheet)).json()["exam"]["tracings"][0]["href"]

    def test_are_served_compressed_as_stored(self, as_ana, sheet, href):
        response = as_ana.get(href, headers={"Accept-Encoding": "br, gzip"})
        assert response.headers["Content-Encoding"] == "gzip"
        assert response.content == bytes(sheet.exam.tracings.get().packed)

    def test_are_inflated_for_clients_without_gzip(self, as_ana, sheet, href):
        response = as_ana.get(href, headers={"Accept-Encoding": "gzip;q=0, identity"})
        assert "Content-Encoding" not in response.headers
        packed = bytes(sheet.exam.tracings.get().packed)
        assert response.content == gzip.decompress(packed) == wire.inflated(wire.unpack(packed))

    def test_are_cacheable_by_their_reader(self, as_ana, href):
        cache_control = as_ana.get(href).headers["Cache-Control"]
        assert cache_control == "private, max-age=31536000, immutable"

    def test_are_not_resent_if_the_etag_matches(self, as_ana, href, django_assert_num_queries):
        etag = as_ana.get(href, headers={"Accept-Encoding": "gzip"}).headers["ETag"]
        again = as_ana.get(href, headers={"Accept-Encoding": "gzip", "If-None-Match": etag})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)

    def test_have_one_content_type_whatever_is_accepted(self, as_ana, href):
        response = as_ana.get(href, headers={"Accept": "application/octet-stream"})
        assert response.headers["Content-Type"] == "application/octet-stream"

    @pytest.mark.parametrize("end", ["2/", "0/", f"{10**30}/"])
    def test_that_do_not_exist_are_not_found(self, as_ana, href, end):
        assert as_ana.get(href.removesuffix("1/") + end).status_code == 404

    def test_of_another_readers_assignment_are_not_found(self, as_ana, assign, bruno):
        url = address(assign(bruno), "tracings/1/")
        missing = as_ana.get(address(assign(bruno), "tracings/1/").replace("1/", "9/", 1))
        assert as_ana.get(url).status_code == missing.status_code == 404

    def test_are_refused_to_readers_by_exam_code(self, as_ana, sheet):
        assert as_ana.get(f"/api/exams/{sheet.exam.code}/tracings/1/").status_code == 403

"""What a reader does through the API."""

from __future__ import annotations

import gzip
import uuid
from typing import Any

import pytest
from rest_framework.test import APIClient

from annotations.models import Batch, Draft, Reading
from ecgreview.ecg import wire

EMPTY = {"findings": [], "not_assessable": [], "problems": [], "quality": "good", "comment": ""}


@pytest.fixture
def as_ana(ana):
    client = APIClient()
    client.force_login(ana)
    return client


@pytest.fixture
def sheet(assign, ana):
    return assign(ana)


def address(assignment, what=""):
    return f"/api/assignments/{assignment.pk}/{what}"


def send(client, assignment, *codes, key=None, based_on=0, **changes):
    findings = [{"class": code, "certainty": "definite"} for code in codes]
    body = {"based_on": based_on, "findings": findings, "quality": "good", **changes}
    headers = {"Idempotency-Key": str(key or uuid.uuid4())}
    return client.post(address(assignment, "reading/"), body, headers=headers)


def test_the_worklist_holds_ones_own_assignments(as_ana, make_batch, ana, bruno):
    mine = make_batch(readers=[ana, bruno]).assignments.get(reader=ana)
    found = as_ana.get("/api/assignments/").json()
    assert [row["id"] for row in found["results"]] == [mine.pk]


def test_the_open_worklist_leaves_out_what_is_submitted(as_ana, assign, ana, submit):
    submit(assign(ana))
    left = assign(ana)
    found = as_ana.get("/api/assignments/?state=open").json()
    assert [row["id"] for row in found["results"]] == [left.pk]


def test_the_portions_of_a_list_make_the_list(as_ana, make_batch, make_exam, ana):
    make_batch([make_exam() for _ in range(7)], [ana])
    whole = as_ana.get("/api/assignments/").json()["results"]
    found: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        where = {"after": cursor} if cursor else {}
        portion = as_ana.get("/api/assignments/", {"limit": 3, **where})
        found += portion.json()["results"]
        cursor = portion.json()["next"]
    assert found == whole


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
def test_a_query_it_does_not_know_is_refused(as_ana, query):
    assert as_ana.get(f"/api/assignments/?{query}").status_code == 400


def test_an_assignment_tells_nothing_about_the_origin_of_its_exam(as_ana, sheet):
    body = as_ana.get(address(sheet)).content.decode()
    assert sheet.exam.source_key not in body
    assert sheet.exam.dataset.name not in body


def test_age_and_sex_are_told_when_the_study_says_so(as_ana, sheet):
    exam = as_ana.get(address(sheet)).json()["exam"]
    assert (exam["age_years"], exam["sex"]) == (61.0, "F")


def test_age_and_sex_are_kept_back_when_the_study_says_so(as_ana, sheet):
    Batch.objects.filter(pk=sheet.batch_id).update(clinical_information="none")
    exam = as_ana.get(address(sheet)).json()["exam"]
    assert (exam["age_years"], exam["sex"]) == (None, None)


def test_a_draft_comes_back_as_it_was_saved(as_ana, sheet):
    finding = {"class": "atrial_fibrillation", "certainty": "probable"}
    findings = [{**finding, "localisations": [], "measurements": []}]
    content = {**EMPTY, "findings": findings, "quality": "poor", "comment": " a  b "}
    saved = as_ana.put(address(sheet, "draft/"), {"based_on": 0, "content": content})
    assert (saved.status_code, saved.json()) == (200, {"version": 1})
    found = as_ana.get(address(sheet)).json()
    assert (found["state"], found["draft"]) == ("draft", {"version": 1, "content": content})


def test_a_stale_draft_is_refused_with_the_one_that_is_stored(as_ana, sheet):
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


def test_the_same_reading_sent_again_gives_the_same_answer(as_ana, sheet):
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


def test_a_submission_tells_what_comes_next(as_ana, make_batch, make_exam, ana):
    batch = make_batch([make_exam(), make_exam()], [ana])
    first, second = batch.assignments.all().in_reading_order()
    assert send(as_ana, first).json()["next"] == second.pk


def places(client, assignments):
    return [client.get(address(one)).json()["queue"]["position"] for one in assignments]


def test_an_exam_that_is_loaded_ahead_knows_its_place(as_ana, make_batch, make_exam, ana):
    batch = make_batch([make_exam() for _ in range(4)], [ana])
    queue = list(batch.assignments.all().in_reading_order())
    assert places(as_ana, queue) == [1, 2, 3, 4]
    send(as_ana, queue[0])
    assert places(as_ana, queue) == [1, 2, 3, 4]


def test_an_exam_that_was_skipped_comes_after_what_is_read(as_ana, make_batch, make_exam, ana):
    batch = make_batch([make_exam() for _ in range(3)], [ana])
    skipped, read, waiting = batch.assignments.all().in_reading_order()
    send(as_ana, read)
    assert places(as_ana, [read, skipped, waiting]) == [1, 2, 3]


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
def test_what_is_wrong_is_told_by_field(as_ana, sheet, codes, changes, field):
    refusal = send(as_ana, sheet, *codes, **changes)
    assert refusal.status_code == 400
    assert refusal.headers["Content-Type"] == "application/problem+json"
    assert field in refusal.json()["errors"]
    assert not Reading.objects.exists()


def test_a_wrong_finding_is_told_by_its_place(as_ana, sheet):
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


def test_a_submitted_reading_takes_no_other(as_ana, sheet, submit):
    submit(sheet)
    refusal = send(as_ana, sheet)
    assert (refusal.status_code, refusal.json()["type"][-17:]) == (409, "already-submitted")


def test_a_closed_batch_takes_no_reading(as_ana, sheet, close):
    close(sheet.batch)
    refusal = send(as_ana, sheet)
    assert (refusal.status_code, refusal.json()["type"][-12:]) == (409, "batch-closed")


def test_a_closed_batch_takes_no_draft(as_ana, sheet, close):
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


@pytest.mark.parametrize("what", ["", "suggestions/"])
def test_anothers_assignment_is_as_missing_as_a_missing_one(as_ana, assign, bruno, what):
    foreign = as_ana.get(address(assign(bruno), what))
    missing = as_ana.get(f"/api/assignments/999999999999999999999/{what}")
    assert (foreign.status_code, foreign.content) == (404, missing.content)


def test_anothers_draft_cannot_be_written(as_ana, assign, bruno):
    body = {"based_on": 0, "content": EMPTY}
    assert as_ana.put(address(assign(bruno), "draft/"), body).status_code == 404
    assert not Draft.objects.exists()


def test_anothers_exam_cannot_be_read(as_ana, assign, bruno):
    assert send(as_ana, assign(bruno)).status_code == 404
    assert not Reading.objects.exists()


def test_a_reading_keeps_its_number_to_itself(as_ana, sheet, submit):
    reading = submit(sheet)
    found = as_ana.get("/api/readings/").json()["results"]
    assert [row["id"] for row in found] == [str(reading.idempotency_key)]


def test_anothers_reading_is_as_missing_as_a_missing_one(as_ana, assign, bruno, submit):
    theirs = submit(assign(bruno), "atrial_fibrillation")
    foreign = as_ana.get(f"/api/readings/{theirs.idempotency_key}/")
    missing = as_ana.get(f"/api/readings/{uuid.uuid4()}/")
    assert (foreign.status_code, foreign.content) == (404, missing.content)


class TestTracings:
    """The samples, as they are stored."""

    @pytest.fixture
    def href(self, as_ana, sheet):
        return as_ana.get(address(sheet)).json()["exam"]["tracings"][0]["href"]

    def test_are_served_as_they_are_stored(self, as_ana, sheet, href):
        response = as_ana.get(href, headers={"Accept-Encoding": "br, gzip"})
        assert response.headers["Content-Encoding"] == "gzip"
        assert response.content == bytes(sheet.exam.tracings.get().packed)

    def test_are_inflated_for_who_cannot(self, as_ana, sheet, href):
        response = as_ana.get(href, headers={"Accept-Encoding": "gzip;q=0, identity"})
        assert "Content-Encoding" not in response.headers
        packed = bytes(sheet.exam.tracings.get().packed)
        assert response.content == gzip.decompress(packed) == wire.inflated(wire.unpack(packed))

    def test_may_be_kept_forever_by_their_reader(self, as_ana, href):
        kept = as_ana.get(href).headers["Cache-Control"]
        assert kept == "private, max-age=31536000, immutable"

    def test_are_not_sent_twice(self, as_ana, href, django_assert_num_queries):
        etag = as_ana.get(href, headers={"Accept-Encoding": "gzip"}).headers["ETag"]
        again = as_ana.get(href, headers={"Accept-Encoding": "gzip", "If-None-Match": etag})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)

    def test_come_whatever_the_client_accepts(self, as_ana, href):
        response = as_ana.get(href, headers={"Accept": "application/octet-stream"})
        assert response.headers["Content-Type"] == "application/octet-stream"

    @pytest.mark.parametrize("end", ["2/", "0/", f"{10**30}/"])
    def test_that_do_not_exist_are_missing(self, as_ana, href, end):
        assert as_ana.get(href.removesuffix("1/") + end).status_code == 404

    def test_of_others_assignments_are_missing(self, as_ana, assign, bruno):
        theirs = address(assign(bruno), "tracings/1/")
        missing = as_ana.get(address(assign(bruno), "tracings/1/").replace("1/", "9/", 1))
        assert as_ana.get(theirs).status_code == missing.status_code == 404

    def test_are_not_asked_for_by_the_code_of_the_exam(self, as_ana, sheet):
        assert as_ana.get(f"/api/exams/{sheet.exam.code}/tracings/1/").status_code == 403

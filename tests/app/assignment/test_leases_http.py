"""Pools on the worklist, the desk and the API, and what they must not reveal."""

from __future__ import annotations

import uuid

import pytest

from annotations.models import Assignment, Slot
from annotations.services.assignment import batches, leases, pool_slots
from annotations.services.studies import roster

pytestmark = pytest.mark.django_db

READING = {"based_on": 0, "findings": [], "quality": "good", "comment": ""}


@pytest.fixture
def make_pool(study, davi, now, ana, bruno, make_exam):
    def make(n_exams=2, n_each=1):
        batch = pool_slots.create_pool(
            study=study, name="Pool", exams=[make_exam() for _ in range(n_exams)],
            readers=[ana, bruno], readers_per_exam=n_each, created_by=davi, now=now,
        )  # fmt: skip
        return batches.release(batch_id=batch.pk, actor=davi, now=now)

    return make


def sign(browser, pk):
    return browser.post(
        f"/api/assignments/{pk}/reading/", READING, content_type="application/json",
        headers={"Idempotency-Key": str(uuid.uuid4())},
    )  # fmt: skip


def test_the_worklist_offers_the_next_exam(make_pool, ana, signed_in):
    batch = make_pool()
    page = signed_in(ana).get("/worklist/").content.decode()
    assert f'action="/worklist/{batch.pk}/next/"' in page


def test_taking_an_exam_redirects_to_the_desk(make_pool, ana, signed_in):
    batch = make_pool()
    browser = signed_in(ana)
    response = browser.post(f"/worklist/{batch.pk}/next/")
    taken = Assignment.objects.get()
    assert response.url == f"/read/{taken.pk}/"
    assert browser.get(response.url).status_code == 200


def test_the_worklist_links_to_the_exam_already_taken(make_pool, ana, signed_in):
    batch = make_pool()
    browser = signed_in(ana)
    response = browser.post(f"/worklist/{batch.pk}/next/")
    page = browser.get("/worklist/").content.decode()
    assert f'href="{response.url}"' in page
    assert f"/worklist/{batch.pk}/next/" not in page


def test_an_empty_pool_says_that_no_exam_is_free_now(make_pool, ana, bruno, submit, now, signed_in):
    batch = make_pool(n_exams=1)
    leases.take(batch_id=batch.pk, reader=bruno, now=now)
    page = signed_in(ana).post(f"/worklist/{batch.pk}/next/", follow=True).content.decode()
    assert "No exam of this batch is available to you right now" in page


def test_the_worklist_does_not_reveal_how_full_a_pool_is(make_pool, ana, bruno, now, signed_in):
    batch = make_pool(n_exams=1)
    browser = signed_in(ana)
    before = browser.get("/worklist/").content.decode()
    leases.take(batch_id=batch.pk, reader=bruno, now=now)
    after = browser.get("/worklist/").content.decode()
    assert strip_tokens(before) == strip_tokens(after)


def strip_tokens(page):
    return [line for line in page.splitlines() if "csrfmiddlewaretoken" not in line]


def test_a_submission_takes_the_next_exam(make_pool, ana, signed_in):
    batch = make_pool(n_exams=2)
    browser = signed_in(ana)
    first = browser.post(f"/api/batches/{batch.pk}/lease/").json()["next"]
    response = sign(browser, first)
    assert response.status_code == 201
    following = Assignment.objects.get(position=2)
    assert response.json()["next"] == following.pk
    assert sign(browser, following.pk).json()["next"] is None


def test_resending_a_submission_returns_the_same_next_exam(make_pool, ana, signed_in):
    batch = make_pool(n_exams=3)
    browser = signed_in(ana)
    first = browser.post(f"/api/batches/{batch.pk}/lease/").json()["next"]
    key = {"Idempotency-Key": str(uuid.uuid4())}
    send = {"content_type": "application/json", "headers": key}
    accepted = browser.post(f"/api/assignments/{first}/reading/", READING, **send)
    resent = browser.post(f"/api/assignments/{first}/reading/", READING, **send)
    assert (accepted.status_code, resent.status_code) == (201, 200)
    assert accepted.json() == resent.json()


def test_a_paused_reader_can_submit_the_exam_already_taken(
    make_pool, study, ana, davi, now, signed_in
):
    batch = make_pool()
    browser = signed_in(ana)
    first = browser.post(f"/api/batches/{batch.pk}/lease/").json()["next"]
    roster.pause(study=study, user=ana, reason="leave", actor=davi, now=now)
    response = sign(browser, first)
    assert (response.status_code, response.json()["next"]) == (201, None)
    refused = browser.post(f"/api/batches/{batch.pk}/lease/")
    assert (refused.status_code, refused.json()["type"][-14:]) == (409, "nothing-served")


def test_the_queue_of_a_pool_has_no_total(make_pool, ana, signed_in):
    batch = make_pool()
    browser = signed_in(ana)
    first = browser.post(f"/api/batches/{batch.pk}/lease/").json()["next"]
    queue = browser.get(f"/api/assignments/{first}/").json()["queue"]
    assert queue == {"position": 1, "total": None, "submitted": 0}


def test_a_draft_can_be_saved_in_a_pool(make_pool, ana, signed_in):
    batch = make_pool()
    browser = signed_in(ana)
    first = browser.post(f"/api/batches/{batch.pk}/lease/").json()["next"]
    body = {"based_on": 0, "content": {"findings": [], "quality": "good", "comment": "x"}}
    response = browser.put(
        f"/api/assignments/{first}/draft/", body, content_type="application/json"
    )
    assert response.status_code == 200


def test_a_draft_after_an_expired_lease_takes_the_exam_again(make_pool, ana, now, signed_in):
    batch = make_pool()
    browser = signed_in(ana)
    first = browser.post(f"/api/batches/{batch.pk}/lease/").json()["next"]
    Assignment.objects.filter(pk=first).update(lease_expires_at=now)
    leases.reclaim_next(now=now)
    body = {"based_on": 0, "content": {"findings": [], "quality": "good", "comment": "x"}}
    browser.put(f"/api/assignments/{first}/draft/", body, content_type="application/json")
    assert Slot.objects.get(assignment=first)


def test_a_late_submission_is_accepted(make_pool, ana, bruno, now, signed_in):
    batch = make_pool(n_exams=1)
    browser = signed_in(ana)
    first = browser.post(f"/api/batches/{batch.pk}/lease/").json()["next"]
    Assignment.objects.filter(pk=first).update(lease_expires_at=now)
    leases.reclaim_next(now=now)
    leases.take(batch_id=batch.pk, reader=bruno, now=now)
    assert sign(browser, first).status_code == 201


def test_a_pool_of_other_readers_is_not_found(make_pool, clara, signed_in):
    batch = make_pool()
    browser = signed_in(clara)
    assert browser.post(f"/worklist/{batch.pk}/next/").status_code == 404
    assert browser.post(f"/api/batches/{batch.pk}/lease/").status_code == 404


def test_taking_from_a_closed_pool_is_a_conflict(make_pool, ana, close, signed_in):
    batch = close(make_pool())
    response = signed_in(ana).post(f"/api/batches/{batch.pk}/lease/")
    assert (response.status_code, response.json()["type"][-12:]) == (409, "batch-closed")

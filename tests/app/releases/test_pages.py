"""The release builder and its API: preview, request, progress, download, difference, blinding."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from django.urls import reverse

from annotations.models import AuditEvent, Release, ResultsSeen, Role
from annotations.services import audit
from annotations.services.consensus import adjudications
from annotations.services.people import roles
from annotations.services.releases import jobs
from tests.app.adjudicating import decide

pytestmark = pytest.mark.django_db

FORM = {"licence": "CC-BY-4.0", "formats": ["csv"], "n_folds": "2", "authors": "Ana Lima\nRui Sá\n"}


@pytest.fixture
def address(study):
    return lambda name="study-releases", *more: reverse(name, args=[study.slug, *more])


@pytest.fixture
def make_release(released_batch, study, choices, davi, now):
    def make() -> Release:
        release = jobs.request(study=study, choices=choices, actor=davi, now=now)
        jobs.make_next(now=now)
        return Release.objects.get(pk=release.pk)

    return make


def body(response):
    return b"".join(response.streaming_content)


def text(response):
    return response.content.decode()


def test_the_page_previews_counts_and_what_is_withheld(signed_in, rosa, released_batch, address):
    page = text(signed_in(rosa).get(address()))
    assert "Next version: 1.0" in page
    assert 'Reader comments: <span class="number">8</span>' in page
    assert "no license stated, so its signals cannot be released" in page
    assert not ResultsSeen.objects.exists()


def test_the_page_requests_follows_and_downloads_a_release(
    signed_in, rosa, released_batch, address, now
):
    client = signed_in(rosa)
    assert client.post(address(), FORM).url == address()
    release = Release.objects.get()
    assert (release.authors, release.n_folds) == (["Ana Lima", "Rui Sá"], 2)
    assert "Version 1.0 is queued." in text(client.get(address()))
    progress = client.get(address("study-release-progress", release.key)).json()
    assert (progress["n_done"], progress["n_total"], progress["is_over"]) == (0, 3, False)
    assert client.get(address("study-release-file", release.key)).url == address()
    jobs.make_next(now=now)
    assert "Download 1.0" in text(client.get(address()))
    answer = client.get(address("study-release-file", release.key))
    assert answer["Content-Disposition"] == 'attachment; filename="morning-list-v1.0.zip"'
    assert zipfile.ZipFile(io.BytesIO(body(answer))).testzip() is None


def test_a_download_is_recorded_and_counts_as_seeing_results(
    signed_in, rosa, make_release, address
):
    release = make_release()
    body(signed_in(rosa).get(address("study-release-file", release.key)))
    event = AuditEvent.objects.get(action=audit.Action.DATA_RELEASE_DOWNLOADED)
    assert (event.actor, release.digest in event.after) == (rosa, True)
    assert ResultsSeen.objects.filter(user=rosa).exists()


def test_a_refused_licence_is_shown_at_its_field(signed_in, rosa, released_batch, address):
    answer = signed_in(rosa).post(address(), {**FORM, "has_signals": "on"})
    assert (answer.status_code, "does not allow this release" in text(answer)) == (400, True)
    assert not Release.objects.exists()


def test_the_page_cancels_a_release(signed_in, rosa, released_batch, address):
    client = signed_in(rosa)
    client.post(address(), FORM)
    client.post(address("study-release-cancel", Release.objects.get().key))
    assert Release.objects.get().is_canceled
    assert AuditEvent.objects.filter(action=audit.Action.DATA_RELEASE_CANCELED).count() == 1


def test_the_difference_lists_changed_labels_and_rules(
    signed_in, rosa, make_release, address, close, released_batch, clara, davi, now
):
    make_release()
    adjudication = adjudications.send_disputed(
        batch_id=released_batch.pk, readers=[clara], created_by=davi, now=now
    )
    assignment = adjudication.assignments.select_related("batch__study", "reader", "exam").get()
    decide(assignment, "artifact", now=now)
    close(adjudication)
    release = make_release()
    page = text(signed_in(rosa).get(address("study-release-difference", release.key)))
    assert "From version 1.0 to 1.1" in page
    assert assignment.exam.code in page
    assert "Undecided: readers disagree" in page
    assert ResultsSeen.objects.filter(user=rosa).exists()


def test_the_first_release_has_no_difference(signed_in, rosa, make_release, address):
    release = make_release()
    assert signed_in(rosa).get(address("study-release-difference", release.key)).status_code == 404


NAMES = ("study-release-file", "study-release-progress", "study-release-difference",
         "api-study-release", "api-study-release-file")  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_reader_gets_nothing_before_the_lock(
    name, signed_in, rosa, make_release, address, make_batch, make_exam
):
    release = make_release()
    roles.give(rosa, [Role.RESEARCHER, Role.READER])
    make_batch([make_exam()], [rosa])
    answer = signed_in(rosa).get(address(name, release.key))
    assert answer.status_code in {403, 404}
    assert not answer.streaming


def test_a_reader_sees_no_preview_before_the_lock(
    signed_in, rosa, released_batch, address, make_batch, make_exam
):
    roles.give(rosa, [Role.RESEARCHER, Role.READER])
    make_batch([make_exam()], [rosa])
    answer = signed_in(rosa).get(address())
    assert (answer.status_code, "Next version" in text(answer)) == (403, False)


@pytest.mark.parametrize("name", NAMES)
def test_hidden_results_hide_releases(name, signed_in, rosa, make_release, address, study):
    release = make_release()
    study.batches.update(results_open="study_locked")
    assert signed_in(rosa).get(address(name, release.key)).status_code in {404, 409}
    page = text(signed_in(rosa).get(address()))
    assert ("The study still hides results." in page, "1.0" in page) == (True, False)


def test_the_api_lists_requests_and_downloads(signed_in, rosa, released_batch, address, now):
    client = signed_in(rosa)
    accepted = client.post(
        address("api-study-releases"), {"licence": "CC-BY-4.0", "n_folds": 2}, "application/json"
    )
    assert (accepted.status_code, accepted.json()["state"]) == (202, "waiting")
    jobs.make_next(now=now)
    status = client.get(accepted["Location"]).json()
    assert (status["state"], status["version"]) == ("ready", "1.0")
    with zipfile.ZipFile(io.BytesIO(body(client.get(status["file"])))) as packed:
        manifest = json.loads(packed.read("morning-list-v1.0/manifest.json"))
    assert manifest["counts"]["exams"] == 4
    listed = client.get(address("api-study-releases")).json()
    assert [item["version"] for item in listed] == ["1.0"]


def test_the_api_cancels(signed_in, rosa, released_batch, address):
    client = signed_in(rosa)
    accepted = client.post(
        address("api-study-releases"), {"licence": "CC-BY-4.0"}, "application/json"
    ).json()
    cancel = address("api-study-release-cancellation", accepted["key"])
    assert client.post(cancel, {}, "application/json").json()["state"] == "canceled"
    refused = client.post(cancel, {}, "application/json")
    assert (refused.status_code, refused.json()["type"]) == (409, "/api/docs/#release-finished")


def test_a_release_is_not_found_under_another_study(signed_in, rosa, make_release, make_study):
    release = make_release()
    other = make_study(name="Another list")
    url = reverse("study-release-file", args=[other.slug, release.key])
    assert signed_in(rosa).get(url).status_code == 404

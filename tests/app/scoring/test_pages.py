"""Pages about teams and scores: who sees them, the token shown once, uploads and downloads."""

from __future__ import annotations

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from annotations.models import AuditEvent, ResultsSeen, Role, ScoringTeam
from annotations.services import audit
from annotations.services.people import roles
from annotations.services.scoring import embargoes, teams
from ecgreview.release.embargo import Embargo
from tests.app.scoring.conftest import AF

pytestmark = pytest.mark.django_db


@pytest.fixture
def address(study):
    return lambda name="study-scoring", *more: reverse(name, args=[study.slug, *more])


@pytest.fixture
def upload(embargoed):
    exams = embargoes.labels_of(embargoed).exams

    def make(cell="0.5"):
        rows = "".join(f"{exam},{cell}\n" for exam in exams)
        return {"file": SimpleUploadedFile("p.csv", f"exam,{AF}\n{rows}".encode())}

    return make


def text(response):
    return response.content.decode()


def test_without_embargoed_labels_the_page_says_how_to_get_them(
    signed_in, rosa, read_batch, address
):
    assert "No labels are embargoed" in text(signed_in(rosa).get(address()))


def test_the_token_of_a_new_team_is_shown_once(signed_in, rosa, embargoed, address):
    client = signed_in(rosa)
    page = text(client.post(address(), {"name": " Lab ", "max_attempts": "3"}))
    team = ScoringTeam.objects.get()
    token = page.partition('id="team-token" class="mono" value="')[2].partition('"')[0]
    assert (teams.of_token(token), team.name, team.created_by) == (team, "Lab", rosa)
    assert token not in text(client.get(address()))
    assert token not in text(client.get(address("scoring-team", team.key)))
    events = AuditEvent.objects.filter(action=audit.Action.SCORING_TEAM_CREATED)
    assert (events.count(), token in events.get().after) == (1, False)


@pytest.mark.parametrize(
    ("name", "n", "message"),
    [
        ("", "3", "required"),
        ("Lab", "0", "greater than or equal to 1"),
        ("lab", "3", "already has"),
    ],
)
def test_a_team_that_cannot_be_added_is_explained(signed_in, rosa, team, address, name, n, message):
    if name == "Lab":
        ScoringTeam.objects.update(name="Other")
    response = signed_in(rosa).post(address(), {"name": name, "max_attempts": n})
    assert (response.status_code, message in text(response)) == (400, True)


def test_an_uploaded_file_is_scored_by_class(signed_in, rosa, team, address, upload):
    client, key = signed_in(rosa), team[0].key
    scores = client.post(address("scoring-team", key), upload()).url
    page = text(client.get(scores))
    assert "Attempt 1 of Lab" in page
    assert "Atrial fibrillation" in page
    attempt = team[0].attempts.get()
    assert attempt.scored_by == rosa
    content = client.get(address("scoring-scores-file", key, attempt.key)).content.decode()
    (row,) = csv.DictReader(io.StringIO(content))
    assert (row["class"], row["n_present"], row["auroc"]) == (AF, "6", "0.5")
    assert "1 of 2" in text(client.get(address()))
    assert ResultsSeen.objects.filter(user=rosa).exists()


def test_an_uploaded_file_with_mistakes_is_explained_line_by_line(
    signed_in, rosa, team, address, upload
):
    response = signed_in(rosa).post(address("scoring-team", team[0].key), upload("0,5"))
    assert response.status_code == 400
    assert "Line 2: The row has 3 cells, but the first row has 2." in text(response)
    assert not team[0].attempts.exists()


def test_a_large_upload_is_refused(signed_in, rosa, team, address, upload, settings):
    settings.UPLOAD_MAX_BYTES = 20
    response = signed_in(rosa).post(address("scoring-team", team[0].key), upload())
    assert "Compress it with gzip" in text(response)


def test_a_token_is_replaced_and_a_team_closed(signed_in, rosa, team, address):
    client, (row, token) = signed_in(rosa), team
    page = text(client.post(address("scoring-team-token", row.key)))
    assert "Token of the team (shown only once)" in page
    assert teams.of_token(token) is None
    client.post(address("scoring-team-close", row.key))
    page = text(client.get(address("scoring-team", row.key)))
    assert ("Closed" in page, "Score a file" in page) == (True, False)


def test_the_page_says_that_labels_are_published(signed_in, rosa, team, address, release_with):
    release_with(Embargo.NONE)
    page = text(signed_in(rosa).get(address()))
    assert "A later data release contains these labels" in page
    assert "Add a team" not in page


NAMES = ("study-scoring", "scoring-team", "scoring-scores", "scoring-scores-file",
         "api-study-scores")  # fmt: skip


@pytest.fixture
def scored(signed_in, davi, team, address, upload):
    signed_in(davi).post(address("scoring-team", team[0].key), upload())
    key = team[0].attempts.get().key
    parts = {"scoring-team": 1, "scoring-scores": 2, "scoring-scores-file": 2}
    return {name: address(name, *(team[0].key, key)[: parts.get(name, 0)]) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_reader_sees_no_scores_before_the_lock(
    name, scored, signed_in, rosa, make_batch, make_exam
):
    roles.give(rosa, [Role.RESEARCHER, Role.READER])
    make_batch([make_exam()], [rosa])
    assert signed_in(rosa).get(scored[name]).status_code in {403, 404}


@pytest.mark.parametrize("name", NAMES)
def test_hidden_results_hide_scores(name, scored, signed_in, rosa, study):
    client = signed_in(rosa)
    assert client.get(scored[name]).status_code == 200
    study.batches.update(results_open="study_locked")
    response = client.get(scored[name])
    assert response.status_code in {200, 404, 409}
    assert "Lab" not in text(response)

"""Attempts of teams by API and command: scores, limits, and what does not count."""

from __future__ import annotations

import json
from collections import Counter
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from sklearn import metrics

from annotations.models import AuditEvent, Consensus, Exam, Patient, ScoredPredictions, ScoringTeam
from annotations.services import audit
from annotations.services.scoring import attempts, embargoes, teams
from ecgreview.release.embargo import Embargo
from tests.app.scoring.conftest import AF, ARTIFACT

pytestmark = pytest.mark.django_db

ADDRESS = "/api/scores/"


@pytest.fixture
def truth(read_batch):
    """Whether each exam has atrial fibrillation."""
    rows = Consensus.objects.select_related("exam").prefetch_related("labels__diagnostic_class")
    return {
        row.exam.code: any(label.diagnostic_class.code == AF for label in row.labels.all())
        for row in rows
    }


@pytest.fixture
def values(truth):
    """Probabilities that are wrong in one exam with the class and one without."""
    ranked = sorted(truth, key=lambda code: (truth[code], code))
    by_code = {code: 0.05 * place for place, code in enumerate(ranked, start=1)}
    by_code[ranked[0]], by_code[ranked[-1]] = by_code[ranked[-1]], by_code[ranked[0]]
    return by_code


@pytest.fixture
def file(values):
    return table(values)


def table(values, code=AF):
    rows = "".join(f"{exam},{value:.2f}\n" for exam, value in values.items())
    return f"exam,{code}\n{rows}".encode()


@pytest.fixture
def send(client, team):
    def post(content, token=team[1], query=""):
        headers = {"Authorization": f"Bearer {token}"}
        return client.post(ADDRESS + query, content, content_type="text/csv", headers=headers)

    return post


def code(response):
    return response.json()["type"].partition("#")[2]


def test_a_team_learns_its_scores_and_no_label(send, file, values, truth, client, team):
    response = send(file)
    assert response.status_code == 201
    scores = response.json()["scores"]["classes"][AF]
    expected = metrics.roc_auc_score([truth[code] for code in values], list(values.values()))
    assert scores["auroc"]["estimate"] == round(expected, 2)
    assert (scores["n_present"], scores["n_absent"]) == (6, 6)
    own = client.get(ADDRESS, headers={"Authorization": f"Bearer {team[1]}"}).json()
    assert (own["team"], own["attempts_left"], own["attempts"]) == ("Lab", 1, [response.json()])
    message = json.dumps([own, response.json()])
    assert not any(code in message for code in truth)


def test_the_scoring_is_audited_with_the_digest_of_the_file(send, file):
    digest = send(file).json()["sha256"]
    event = AuditEvent.objects.get(action=audit.Action.PREDICTIONS_SCORED)
    assert (event.actor, digest in event.after) == (None, True)


def test_the_number_of_attempts_is_limited_over_all_versions(send, values, release_with):
    assert send(table(values)).status_code == 201
    release_with(Embargo.ALL)
    better = {code: value / 2 for code, value in values.items()}
    assert send(table(better)).json()["version"] == "1.1"
    refused = send(table({code: value / 3 for code, value in values.items()}))
    assert (refused.status_code, code(refused)) == (409, "no-attempts-left")
    assert ScoredPredictions.objects.count() == 2


def test_the_same_file_is_scored_once(send, file):
    first, again = send(file), send(file)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert ScoredPredictions.objects.count() == 1


def test_the_same_file_is_answered_after_the_last_attempt(send, values, team, davi, now):
    first = send(table(values))
    send(table({code: value / 2 for code, value in values.items()}))
    teams.close(team=team[0], actor=davi, now=now)
    assert send(table(values)).json() == first.json()


def test_a_file_that_cannot_be_scored_is_no_attempt(send, file, team):
    response = send(file + b"E999,0.5\n")
    assert (response.status_code, code(response)) == (400, "predictions-unreadable")
    (mistake,) = response.json()["errors"]["body"]
    assert mistake.startswith("Line 14, column 1: “E999” is not an exam")
    assert not ScoredPredictions.objects.exists()
    assert code(send(b"")) == "predictions-unreadable"


def test_other_versions_can_be_scored_by_name(send, file, release_with):
    release_with(Embargo.ALL)
    assert send(file, query="?version=1.0").json()["version"] == "1.0"
    assert code(send(file, query="?version=2.0")) == "nothing-embargoed"


@pytest.mark.parametrize("token", ["", "wrong", "ecgteam_wrong", "ecgteam_wrong extra", "\xff"])
def test_other_tokens_are_refused(send, file, token):
    response = send(file, token=token)
    assert (response.status_code, code(response)) == (401, "unknown-team")
    assert response["WWW-Authenticate"] == "Bearer"


def test_the_token_opens_nothing_else(client, team, study):
    headers = {"Authorization": f"Bearer {team[1]}"}
    assert client.get("/api/studies/", headers=headers).status_code == 401
    address = reverse("api-study-scores", args=[study.slug])
    assert client.get(address, headers=headers).status_code == 401


def test_a_replaced_token_stops_working(send, file, team, davi, now):
    fresh = teams.replace_token(team=team[0], actor=davi, now=now)
    assert send(file).status_code == 401
    assert send(file, token=fresh).status_code == 201


def test_a_closed_team_is_not_scored(send, file, team, davi, now):
    teams.close(team=team[0], actor=davi, now=now)
    assert code(send(file)) == "team-closed"
    with pytest.raises(teams.TeamClosed):
        teams.replace_token(team=team[0], actor=davi, now=now)


def test_nothing_is_scored_once_the_labels_are_published(send, file, release_with):
    release_with(Embargo.NONE)
    assert code(send(file)) == "embargo-lifted"


def test_nothing_is_scored_while_results_are_hidden(send, file, study, client, team):
    study.batches.update(results_open="study_locked")
    assert code(send(file)) == "results-hidden"
    own = client.get(ADDRESS, headers={"Authorization": f"Bearer {team[1]}"})
    assert code(own) == "results-hidden"


def test_a_class_without_enough_patients_is_refused_with_the_reason(send, values):
    scores = send(table(values, ARTIFACT)).json()["scores"]["classes"][ARTIFACT]
    assert (scores["auroc"]["estimate"], scores["auroc"]["reason"]) == (None, "few_cases")


def test_a_team_cannot_send_file_after_file(send, settings):
    settings.API_PREDICTIONS_PER_MINUTE = 2
    assert [send(b"no table").status_code for _ in range(3)] == [400, 400, 429]


def test_large_bodies_are_refused(send, settings):
    settings.UPLOAD_MAX_BYTES = 100
    assert send(b"0" * 101).status_code == 413


def test_exams_of_a_patient_are_one_unit(read_batch, release_with):
    patient = Patient.objects.create(dataset=Exam.objects.all()[0].dataset, pseudonym="p")
    Exam.objects.filter(pk__in=Exam.objects.values("pk")[:3]).update(patient=patient)
    labels = embargoes.labels_of(release_with(Embargo.ALL))
    assert sorted(Counter(labels.patients.tolist()).values()) == [1] * 9 + [3]


def test_teams_have_different_names(team, study, davi, now):
    with pytest.raises(teams.TeamNameTaken):
        teams.create(study=study, name="LAB", max_attempts=1, actor=davi, now=now)


def test_a_team_needs_embargoed_labels(read_batch, study, davi, now):
    with pytest.raises(embargoes.NothingEmbargoed):
        teams.create(study=study, name="Lab", max_attempts=1, actor=davi, now=now)


def test_concurrent_attempts_are_counted_again(team, file, now, monkeypatch):
    scored = attempts._scores

    def overtaken(release, content):
        monkeypatch.setattr(attempts, "_scores", scored)
        for end in (b"\n", b"\n\n"):
            attempts.score(team=team[0], content=file + end, actor=None, now=now)
        return scored(release, content)

    monkeypatch.setattr(attempts, "_scores", overtaken)
    with pytest.raises(attempts.NoAttemptsLeft):
        attempts.score(team=team[0], content=file, actor=None, now=now)
    assert team[0].attempts.count() == 2


def run(*arguments):
    out = StringIO()
    call_command("score_predictions", *map(str, arguments), stdout=out, stderr=StringIO())
    return out.getvalue()


def test_the_command_creates_a_team_and_scores_its_file(embargoed, study, file, tmp_path):
    path = tmp_path / "predictions.csv"
    path.write_bytes(file)
    token = run(study.slug, "Lab", "--new-team", "--attempts", 1).strip()
    assert teams.of_token(token) == ScoringTeam.objects.get(max_attempts=1)
    assert "attempt 1 of 1, version 1.0" in run(study.slug, "lab", path)
    assert json.loads(run(study.slug, "lab", path, "--format", "json"))["threshold"] == 0.5
    path.write_bytes(file + b"\n")
    with pytest.raises(CommandError, match="no attempts left"):
        run(study.slug, "Lab", path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Lab"], "Give a file"),
        (["Nobody", __file__], "no team Nobody"),
        (["Lab", "/nowhere.csv"], "cannot be read"),
        (["Lab", __file__], "is not a class|must be named exam"),
    ],
)
def test_the_command_says_what_is_wrong(team, study, arguments, message):
    with pytest.raises(CommandError, match=message):
        run(study.slug, *arguments)

"""Violations of the constraints on teams and scores."""

from __future__ import annotations

from typing import Any

from annotations.models import ScoredPredictions, ScoringTeam
from tests.app.constraints.acts import DIGEST, ready_release, update_row

OTHER_DIGEST = "1" * 64


def _team(fixture, **changes: Any):
    values = {
        "study": fixture("study"),
        "name": "Lab",
        "max_attempts": 2,
        "token_digest": DIGEST,
        "created_at": fixture("now"),
        **changes,
    }
    return ScoringTeam.objects.create(**values)


def _attempt(fixture, **changes: Any):
    values = {
        "number": 1,
        "scored_at": fixture("now"),
        "digest": DIGEST,
        "n_bytes": 2,
        "scores": {"threshold": 0.5},
        **changes,
    }
    if "team" not in values:
        values["team"] = _team(fixture)
    if "release" not in values:
        values["release"] = ready_release(fixture, embargo="all")
    return ScoredPredictions.objects.create(**values)


def scoring_team_key_once(fixture):
    team = _team(fixture)
    _team(fixture, name="Other", token_digest=OTHER_DIGEST, key=team.key)


def scoring_team_name_once(fixture):
    _team(fixture)
    _team(fixture, name="LAB", token_digest=OTHER_DIGEST)


def scoring_team_token_once(fixture):
    _team(fixture)
    _team(fixture, name="Other")


def scoring_team_has_a_name(fixture):
    _team(fixture, name="")


def scoring_team_has_attempts(fixture):
    _team(fixture, max_attempts=0)


def scoring_team_token_is_digested(fixture):
    _team(fixture, token_digest="secret")


def scored_predictions_key_once(fixture):
    row = _attempt(fixture)
    same = {"team": row.team, "release": row.release, "key": row.key}
    _attempt(fixture, number=2, digest=OTHER_DIGEST, **same)


def scored_predictions_number_once(fixture):
    row = _attempt(fixture)
    _attempt(fixture, team=row.team, release=row.release, digest=OTHER_DIGEST)


def scored_predictions_file_once(fixture):
    row = _attempt(fixture)
    _attempt(fixture, team=row.team, release=row.release, number=2)


def scored_predictions_number_from_one(fixture):
    _attempt(fixture, number=0)


def scored_predictions_file_is_digested(fixture):
    _attempt(fixture, digest="secret")


def scored_predictions_have_scores(fixture):
    _attempt(fixture, scores={})


def scored_predictions_are_immutable(fixture):
    update_row(_attempt(fixture), scores={"threshold": 0.9})


def scored_predictions_within_limit(fixture):
    _attempt(fixture, number=3)


def scored_predictions_of_an_embargo(fixture):
    _attempt(fixture, release=ready_release(fixture))


def scored_predictions_of_an_open_team(fixture):
    _attempt(fixture, team=_team(fixture, closed_at=fixture("now")))


def scoring_team_keeps_its_limit(fixture):
    update_row(_team(fixture), max_attempts=3)


def scoring_team_stays_closed(fixture):
    update_row(_team(fixture, closed_at=fixture("now")), closed_at=None)

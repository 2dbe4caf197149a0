"""Teams that predict embargoed labels, and the scores of their attempts."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from .release import Release
from .study import Study

_SHA256 = "^[0-9a-f]{64}$"

DEFAULT_ATTEMPTS = 5
MAX_ATTEMPTS = 100


class ScoringTeam(models.Model):
    """Who may have predictions scored: a group outside the site, identified by a token.

    The attempts of a team count over all releases of a study, because these share embargoed labels.
    Only the owner of the tables can select these rows and the scores.

    Attributes:
        token_digest: SHA-256 of the token, which is random and stored nowhere.
        closed_at: since when nothing of the team is scored.
    """

    key = models.UUIDField(default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="scoring_teams")
    name = models.CharField(max_length=80)
    max_attempts = models.PositiveSmallIntegerField()
    token_digest = models.CharField(max_length=64)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+",
        help_text="Nobody if a command created it.",
    )  # fmt: skip
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="scoring_team_key_once", fields=["key"]),
            models.UniqueConstraint("study", Lower("name"), name="scoring_team_name_once"),
            models.UniqueConstraint(name="scoring_team_token_once", fields=["token_digest"]),
            models.CheckConstraint(name="scoring_team_has_a_name", condition=~Q(name="")),
            models.CheckConstraint(
                name="scoring_team_has_attempts",
                condition=Q(max_attempts__gte=1, max_attempts__lte=MAX_ATTEMPTS),
            ),
            models.CheckConstraint(
                name="scoring_team_token_is_digested", condition=Q(token_digest__regex=_SHA256)
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ScoredPredictions(models.Model):
    """An attempt of a team: what was scored, and the scores.

    Triggers (migrations 0056 and 0057) refuse attempts of closed teams or beyond the team's limit,
    releases of other studies or without embargo, and any change or deletion.

    Attributes:
        number: 1 for the first attempt of the team.
        scored_by: the user who uploaded the file; None if the team or a command did.
        digest: SHA-256 of the file, which is not kept.
        scores: as returned by ``ecgreview.scoring.scores.Scores.to_json``.
    """

    key = models.UUIDField(default=uuid.uuid4, editable=False)
    team = models.ForeignKey(ScoringTeam, on_delete=models.PROTECT, related_name="attempts")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField()
    scored_at = models.DateTimeField()
    scored_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    digest = models.CharField(max_length=64)
    n_bytes = models.PositiveIntegerField()
    scores = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="scored_predictions_key_once", fields=["key"]),
            models.UniqueConstraint(
                name="scored_predictions_number_once", fields=["team", "number"]
            ),
            models.UniqueConstraint(
                name="scored_predictions_file_once", fields=["team", "release", "digest"]
            ),
            models.CheckConstraint(
                name="scored_predictions_number_from_one", condition=Q(number__gte=1)
            ),
            models.CheckConstraint(
                name="scored_predictions_file_is_digested", condition=Q(digest__regex=_SHA256)
            ),
            models.CheckConstraint(name="scored_predictions_have_scores", condition=~Q(scores={})),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.team}"

"""Score the predictions of teams, with a limited number of attempts."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from django.db import transaction

from annotations import row_security
from annotations.models import Release, ScoredPredictions, ScoringTeam, User
from annotations.services import audit
from annotations.services.refusals import Refusal
from annotations.services.releases import choices
from annotations.services.scoring import embargoes
from annotations.services.scoring.teams import TeamClosed
from ecgreview.scoring import predictions, scores


class NoAttemptsLeft(Refusal):
    code = "no-attempts-left"


def score(
    *,
    team: ScoringTeam,
    content: bytes,
    actor: User | None,
    now: datetime,
    version: str = "",
) -> tuple[ScoredPredictions, bool]:
    """Score the predictions in a file against embargoed labels, as the next attempt of ``team``.

    Return the attempt, and whether it is new.

    The same file is scored once: sending it again returns the first result, so a retry after a lost
    response does not use an attempt. Neither does a file that cannot be scored.

    Args:
        team: whose predictions they are.
        content: see ``predictions.read``.
        actor: the user who uploads them; None if the team or a command does.
        now: recorded.
        version: of the release; by default the newest one with embargoed labels.

    Raises:
        TeamClosed: nothing more of the team is scored.
        NothingEmbargoed, EmbargoLifted and others: see ``embargoes.release_to_score``.
        NoAttemptsLeft: the team has used its attempts.
        predictions.UnreadablePredictions: the file cannot be scored.
    """
    with row_security.as_owner():
        release = embargoes.release_to_score(team.study, version)
        digest = hashlib.sha256(content).hexdigest()
        if earlier := _earlier_or_refuse(team, release, digest):
            return earlier, False
        result = _scores(release, content)
        return _stored(team, release, actor, now, digest, len(content), result)


def _scores(release: Release, content: bytes) -> dict[str, object]:
    embargoed = embargoes.labels_of(release)
    predicted = predictions.read(content, exams=embargoed.exams, codes=embargoed.codes)
    columns = [embargoed.codes.index(code) for code in predicted.codes]
    return scores.score(
        predicted.values, embargoed.labels[:, columns], predicted.codes, embargoed.patients
    ).to_json()


@transaction.atomic
def _stored(
    team: ScoringTeam,
    release: Release,
    actor: User | None,
    now: datetime,
    digest: str,
    n_bytes: int,
    result: dict[str, object],
) -> tuple[ScoredPredictions, bool]:
    # Race: concurrent attempts of the team wait here, and are counted again.
    row = ScoringTeam.objects.select_for_update().get(pk=team.pk)
    if earlier := _earlier_or_refuse(row, release, digest):
        return earlier, False
    attempt = ScoredPredictions.objects.create(
        team=row, release=release, number=row.attempts.count() + 1, scored_at=now, scored_by=actor,
        digest=digest, n_bytes=n_bytes, scores=result,
    )  # fmt: skip
    audit.record(
        actor=actor, action=audit.Action.PREDICTIONS_SCORED, study=team.study, target=attempt,
        after={"team": row.name, "attempt": attempt.number, "version": release.version,
               "digest": digest},
        now=now,
    )  # fmt: skip
    return attempt, True


def _earlier_or_refuse(
    team: ScoringTeam, release: Release, digest: str
) -> ScoredPredictions | None:
    """Return the result of this file if it was scored before, or refuse a further attempt."""
    rows = team.attempts.select_related("release", "team").defer("release__index")
    if row := rows.filter(release=release, digest=digest).first():
        return row
    if team.closed_at is not None:
        raise TeamClosed
    if team.attempts.count() >= team.max_attempts:
        raise NoAttemptsLeft(limit=team.max_attempts)
    return None


def own_scores(team: ScoringTeam) -> list[ScoredPredictions]:
    """Return the attempts of ``team`` to the team itself.

    Raises:
        choices.NothingToRelease, choices.ResultsHidden: see ``embargoes.release_to_score``.
    """
    with row_security.as_owner():
        choices.refuse_hidden(team.study)
    return of_team(team)


def of_team(team: ScoringTeam) -> list[ScoredPredictions]:
    """Return the attempts of ``team``, newest first."""
    with row_security.as_owner():
        rows = ScoredPredictions.objects.filter(team=team).select_related("release", "scored_by")
        return list(rows.defer("release__index").order_by("-number"))


def find(*, team: ScoringTeam, key: UUID) -> ScoredPredictions:
    """Return the attempt of ``team`` with this key.

    Raises:
        ScoredPredictions.DoesNotExist: there is none.
    """
    with row_security.as_owner():
        rows = ScoredPredictions.objects.select_related("team", "release").defer("release__index")
        return rows.get(team=team, key=key)

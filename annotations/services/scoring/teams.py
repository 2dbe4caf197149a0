"""Teams that may have predictions scored, and their tokens."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Count

from annotations import row_security
from annotations.models import ScoringTeam, Study, User
from annotations.models.scoring import MAX_ATTEMPTS
from annotations.services import audit
from annotations.services.refusals import Refusal
from annotations.services.scoring import embargoes

# Tokens start with this, so that people and secret scanners recognize them.
PREFIX = "ecgteam_"


class UnknownTeam(Refusal):
    """A request has no token, or that of no team."""

    code = "unknown-team"


class TeamNameTaken(Refusal):
    code = "team-name-taken"


class BadAttempts(Refusal):
    """The number of attempts is less than 1 or too large."""

    code = "bad-attempts"


class TeamClosed(Refusal):
    code = "team-closed"


@transaction.atomic
def create(
    *, study: Study, name: str, max_attempts: int, actor: User | None, now: datetime
) -> tuple[ScoringTeam, str]:
    """Create a team and return it with its token, which cannot be shown again.

    The caller must check first that ``actor`` may export the study.

    Raises:
        NothingEmbargoed, EmbargoLifted and others: see ``embargoes.release_to_score``.
        BadAttempts: ``max_attempts`` is out of range.
        TeamNameTaken: a team of the study has this name.
    """
    if not 1 <= max_attempts <= MAX_ATTEMPTS:
        raise BadAttempts(limit=MAX_ATTEMPTS)
    with row_security.as_owner():
        embargoes.release_to_score(study)
        # Race: of two requests for the same name, the second waits here and is refused.
        Study.objects.select_for_update(no_key=True).get(pk=study.pk)
        if ScoringTeam.objects.filter(study=study, name__iexact=name).exists():
            raise TeamNameTaken(name=name)
        token = _new_token()
        team = ScoringTeam.objects.create(
            study=study, name=name, max_attempts=max_attempts, token_digest=_digest(token),
            created_by=actor, created_at=now,
        )  # fmt: skip
    _record(team, audit.Action.SCORING_TEAM_CREATED, actor, now)
    return team, token


@transaction.atomic
def replace_token(*, team: ScoringTeam, actor: User, now: datetime) -> str:
    """Return a new token for ``team``; the old one stops working.

    Raises:
        TeamClosed: it is closed.
    """
    with row_security.as_owner():
        row = ScoringTeam.objects.select_for_update().get(pk=team.pk)
        if row.closed_at is not None:
            raise TeamClosed
        token = _new_token()
        row.token_digest = _digest(token)
        row.save(update_fields=["token_digest"])
    _record(row, audit.Action.SCORING_TEAM_TOKEN_REPLACED, actor, now)
    return token


@transaction.atomic
def close(*, team: ScoringTeam, actor: User, now: datetime) -> None:
    """Score nothing of ``team`` from now on. Its scores stay."""
    with row_security.as_owner():
        row = ScoringTeam.objects.select_for_update().get(pk=team.pk)
        if row.closed_at is not None:
            return
        row.closed_at = now
        row.save(update_fields=["closed_at"])
    _record(row, audit.Action.SCORING_TEAM_CLOSED, actor, now)


def of_study(study: Study) -> list[ScoringTeam]:
    """Return the teams of ``study`` by name, each with ``n_attempts``."""
    with row_security.as_owner():
        rows = ScoringTeam.objects.filter(study=study).annotate(n_attempts=Count("attempts"))
        return list(rows.order_by("name"))


def find(*, study: Study, key: UUID) -> ScoringTeam:
    """Return the team of ``study`` with this key.

    Raises:
        ScoringTeam.DoesNotExist: there is none.
    """
    with row_security.as_owner():
        return ScoringTeam.objects.select_related("study").get(study=study, key=key)


def of_token(token: str) -> ScoringTeam | None:
    """Return the team with this token, or None."""
    if not token.startswith(PREFIX):
        return None
    with row_security.as_owner():
        teams = ScoringTeam.objects.select_related("study__taxonomy")
        return teams.filter(token_digest=_digest(token)).first()


def _new_token() -> str:
    return f"{PREFIX}{secrets.token_urlsafe(32)}"


def _digest(token: str) -> str:
    # A random token of 256 bits cannot be guessed, so that a slow hash would gain nothing.
    return hashlib.sha256(token.encode()).hexdigest()


def _record(team: ScoringTeam, action: audit.Action, actor: User | None, now: datetime) -> None:
    after = {"name": team.name, "max_attempts": team.max_attempts}
    audit.record(actor=actor, action=action, study=team.study, target=team, after=after, now=now)

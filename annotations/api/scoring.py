"""Scores of predictions: for teams, who sign in with a token of their own, and for managers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.api import shapes, throttling
from annotations.api.base import ApiView, UserRequest
from annotations.api.parsers import CsvFileParser
from annotations.api.releases import exported_study
from annotations.desk_payloads import Payload
from annotations.models import ScoredPredictions, ScoringTeam
from annotations.services.blinding import results_seen
from annotations.services.scoring import attempts, teams


class TeamAuthentication(BaseAuthentication):
    """Authenticate teams by ``Authorization: Bearer TOKEN``; ``request.auth`` is the team."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ScoringTeam] | None:
        """Return the team with the token, or None."""
        words = get_authorization_header(request).split()
        if len(words) != 2 or words[0].lower() != b"bearer":
            return None
        team = teams.of_token(words[1].decode("ascii", "replace"))
        return (AnonymousUser(), team) if team else None


class TeamTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "annotations.api.scoring.TeamAuthentication"
    name = "team"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "Token of a team."}


class IsTeam(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return true.

        Raises:
            UnknownTeam: the request is not from a team. Raised here and not by the authentication,
                so that the request was counted toward the limit of its address.
        """
        if not isinstance(request.auth, ScoringTeam):
            raise teams.UnknownTeam
        return True


class MeasureShape(shapes.Shape):
    """A score with its 95% interval."""

    estimate = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField(help_text="Exams counted; for means, classes.")
    reason = serializers.CharField(
        allow_blank=True, help_text="Code: why there is no score, or no interval."
    )
    method = serializers.CharField(allow_blank=True)


class ClassScoresShape(shapes.Shape):
    """Scores of one class."""

    n_present = serializers.IntegerField(
        allow_null=True, help_text="Null if the class is not scored."
    )
    n_absent = serializers.IntegerField(
        allow_null=True, help_text="Null if the class is not scored."
    )
    decimals = serializers.IntegerField(help_text="Decimals to which scores are rounded.")
    auroc = MeasureShape()
    average_precision = MeasureShape()
    sensitivity = MeasureShape()
    specificity = MeasureShape()
    precision = MeasureShape()
    f1 = MeasureShape()


class MacroScoresShape(shapes.Shape):
    """Means over the classes that are scored."""

    decimals = serializers.IntegerField(help_text="Decimals to which means are rounded.")
    auroc = MeasureShape()
    average_precision = MeasureShape()


class ScoresShape(shapes.Shape):
    """Scores per class and on average."""

    threshold = serializers.FloatField(help_text="Probabilities from here on count as present.")
    classes = serializers.DictField(child=ClassScoresShape())
    macro = MacroScoresShape()


class AttemptShape(shapes.Shape):
    """One scored file."""

    number = serializers.IntegerField()
    version = serializers.CharField(help_text="Of the release.")
    scored_at = serializers.DateTimeField()
    sha256 = serializers.CharField(help_text="Of the file.")
    scores = ScoresShape()


class TeamShape(shapes.Shape):
    """A team, its attempts left and its scores, newest first."""

    study = serializers.CharField()
    team = serializers.CharField()
    is_closed = serializers.BooleanField()
    max_attempts = serializers.IntegerField()
    attempts_left = serializers.IntegerField()
    attempts = AttemptShape(many=True)


class TeamScores(ApiView):
    """Endpoint for teams, who are not users of the site."""

    authentication_classes = (TeamAuthentication,)
    permission_classes = (IsTeam,)
    parser_classes = (CsvFileParser,)
    parameters = frozenset({"version"})

    def perform_authentication(self, request: Request) -> None:
        """Authenticate. A team is no user, so row-level security keeps its role for strangers."""
        _ = request.auth

    @extend_schema(operation_id="team_scores", responses=TeamShape)
    def get(self, request: Request) -> Response:
        """Return your scores and the number of attempts left."""
        team = _own_team(request)
        return Response(_team_payload(team, attempts.own_scores(team)))

    @extend_schema(
        operation_id="team_score",
        request={"text/csv": OpenApiTypes.BINARY},
        responses={
            201: AttemptShape,
            200: OpenApiResponse(AttemptShape, "The file was scored before."),
        },
        parameters=[
            OpenApiParameter(
                "version",
                description="Version of the data release; by default the newest one with embargoed"
                " labels.",
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Have predictions scored.

        The body is a CSV file, plain or compressed with gzip: the column `exam`, then a column for
        each predicted class, and a row for each embargoed exam with probabilities from 0 to 1. A
        file that cannot be scored does not count as an attempt, and neither does the same file sent
        again.
        """
        team = _own_team(request)
        throttling.refuse_busy_team(team.pk)
        attempt, is_new = attempts.score(
            team=team,
            content=_content(request),
            actor=None,
            now=timezone.now(),
            version=request.query_params.get("version", ""),
        )
        # A file that was scored before does not count as another attempt.
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Response(_payload(attempt), status=code)


class StudyScores(ApiView):
    required_permissions = {"GET": "export_study"}

    @extend_schema(operation_id="study_scores", responses=TeamShape(many=True))
    def get(self, request: UserRequest, slug: str) -> Response:
        """Return the teams of a study with their scores."""
        study = exported_study(request, slug)
        results_seen.results_of_study(study=study, user=request.user, now=timezone.now())
        rows = teams.of_study(study)
        return Response([_team_payload(team, attempts.of_team(team)) for team in rows])


def _own_team(request: Request) -> ScoringTeam:
    return cast("ScoringTeam", request.auth)


def _content(request: Request) -> bytes:
    """Return the body. Without one, DRF does not call the parser."""
    return cast("dict[str, bytes]", request.data).get("content", b"")


def _team_payload(team: ScoringTeam, done: Sequence[ScoredPredictions]) -> Payload:
    return {
        "study": team.study.slug,
        "team": team.name,
        "is_closed": team.closed_at is not None,
        "max_attempts": team.max_attempts,
        "attempts_left": team.max_attempts - len(done),
        "attempts": [_payload(attempt) for attempt in done],
    }


def _payload(attempt: ScoredPredictions) -> Payload:
    return {
        "number": attempt.number,
        "version": attempt.release.version,
        "scored_at": attempt.scored_at,
        "sha256": attempt.digest,
        "scores": attempt.scores,
    }

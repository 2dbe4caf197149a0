"""Who is signed in, and the tokens with which their programs sign in."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.response import Response

from annotations.api import serializers, shapes
from annotations.api.base import ApiView, UserRequest, answer, checked
from annotations.services import tokens


class Me(ApiView):
    """The person who asks."""

    @extend_schema(operation_id="me", responses=shapes.MeShape)
    def get(self, request: UserRequest) -> Response:
        """Tell who is signed in."""
        roles = request.user.groups.order_by("name").values_list("name", flat=True)
        return answer(
            {"username": request.user.username, "name": str(request.user), "roles": list(roles)}
        )


class Tokens(ApiView):
    """One's own tokens; they can be made and revoked by the person, not by a program."""

    # A token that could make tokens would never expire.
    authentication_classes = (SessionAuthentication,)

    @extend_schema(
        operation_id="tokens_create",
        request=serializers.Nothing,
        responses={201: shapes.TokenShape},
    )
    def post(self, request: UserRequest) -> Response:
        """Make a token; it is shown this once and expires after 90 days."""
        checked(serializers.Nothing, request.data)
        me = request.user
        secret, expires_at = tokens.make(user=me, actor=me, now=timezone.now())
        return answer({"token": secret, "expires_at": expires_at}, status=201)

    @extend_schema(operation_id="tokens_revoke", request=None, responses={204: None})
    def delete(self, request: UserRequest) -> Response:
        """Revoke all of one's own tokens."""
        tokens.revoke(user=request.user, now=timezone.now())
        return answer(None, status=204)

"""The signed-in user and their API tokens."""

from __future__ import annotations

from allauth.account.authentication import get_authentication_records
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.response import Response

from annotations.api import serializers, shapes
from annotations.api.base import ApiView, UserRequest, checked
from annotations.desk_payloads import Payload
from annotations.models import TokenGrant, TokenScope
from annotations.services.people import sign_in, tokens


class Me(ApiView):
    @extend_schema(operation_id="me", responses=shapes.MeShape)
    def get(self, request: UserRequest) -> Response:
        """Return the signed-in user and their roles."""
        roles = request.user.groups.order_by("name").values_list("name", flat=True)
        return Response(
            {"username": request.user.username, "name": str(request.user), "roles": list(roles)}
        )


class Tokens(ApiView):
    """The user's tokens. Managing them requires a session."""

    # A token that could create tokens would in effect never expire.
    authentication_classes = (SessionAuthentication,)

    @extend_schema(operation_id="tokens", responses=shapes.OwnTokenShape(many=True))
    def get(self, request: UserRequest) -> Response:
        """List your tokens that have not expired, newest first."""
        return Response([_token(grant) for grant in tokens.of(request.user)])

    @extend_schema(
        operation_id="tokens_create",
        request=serializers.TokenInput,
        responses={201: shapes.TokenShape},
    )
    def post(self, request: UserRequest) -> Response:
        """Create a token. It is shown only once and expires after 90 days."""
        data = checked(serializers.TokenInput, request.data)
        user = request.user
        records = get_authentication_records(request, user)
        sign_in.refuse_unproven(user, [str(record["method"]) for record in records])
        secret, expires_at = tokens.make(
            user=user, actor=user, name=data["name"], scope=TokenScope(data["scope"]),
            now=timezone.now(),
        )  # fmt: skip
        return Response({"token": secret, "expires_at": expires_at, **data}, status=201)

    @extend_schema(operation_id="tokens_revoke", request=None, responses={204: None})
    def delete(self, request: UserRequest) -> Response:
        """Revoke all your tokens."""
        tokens.revoke(user=request.user, now=timezone.now())
        return Response(None, status=204)


class TokenDetail(ApiView):
    authentication_classes = (SessionAuthentication,)

    @extend_schema(operation_id="token_revoke", request=None, responses={204: None})
    def delete(self, request: UserRequest, pk: int) -> Response:
        """Revoke one of your tokens."""
        tokens.revoke(user=request.user, grant_id=pk, now=timezone.now())
        return Response(None, status=204)


def _token(grant: TokenGrant) -> Payload:
    return {
        "id": grant.pk,
        "name": grant.name,
        "scope": grant.scope,
        "created_at": grant.token.created,
        "expires_at": grant.token.expiry,
        "last_used_at": grant.last_used_at,
    }

"""The signed-in person and the tokens of their programs."""

from __future__ import annotations

from allauth.account.authentication import get_authentication_records
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.response import Response

from annotations.api import serializers, shapes
from annotations.api.base import ApiView, UserRequest, answer, checked
from annotations.desk_payloads import Payload
from annotations.models import TokenGrant, TokenScope
from annotations.services.people import sign_in, tokens


class Me(ApiView):
    @extend_schema(operation_id="me", responses=shapes.MeShape)
    def get(self, request: UserRequest) -> Response:
        """Return who is signed in."""
        roles = request.user.groups.order_by("name").values_list("name", flat=True)
        return answer(
            {"username": request.user.username, "name": str(request.user), "roles": list(roles)}
        )


class Tokens(ApiView):
    """Your tokens. Only a session may manage them, not a token."""

    # A token that could create tokens would never expire.
    authentication_classes = (SessionAuthentication,)

    @extend_schema(operation_id="tokens", responses=shapes.TokenOfOwnShape(many=True))
    def get(self, request: UserRequest) -> Response:
        """List your tokens that have not expired, newest first."""
        return answer([_token(grant) for grant in tokens.of(request.user)])

    @extend_schema(
        operation_id="tokens_create",
        request=serializers.TokenInput,
        responses={201: shapes.TokenShape},
    )
    def post(self, request: UserRequest) -> Response:
        """Create a token. It is shown only once and expires after 90 days."""
        said = checked(serializers.TokenInput, request.data)
        me = request.user
        records = get_authentication_records(request, me)
        sign_in.refuse_unproven(me, [str(record["method"]) for record in records])
        secret, expires_at = tokens.make(
            user=me, actor=me, name=said["name"], scope=TokenScope(said["scope"]),
            now=timezone.now(),
        )  # fmt: skip
        return answer({"token": secret, "expires_at": expires_at, **said}, status=201)

    @extend_schema(operation_id="tokens_revoke", request=None, responses={204: None})
    def delete(self, request: UserRequest) -> Response:
        """Revoke all your tokens."""
        tokens.revoke(user=request.user, now=timezone.now())
        return answer(None, status=204)


class TokenDetail(ApiView):
    authentication_classes = (SessionAuthentication,)

    @extend_schema(operation_id="token_revoke", request=None, responses={204: None})
    def delete(self, request: UserRequest, pk: int) -> Response:
        """Revoke one of your tokens."""
        tokens.revoke(user=request.user, grant_id=pk, now=timezone.now())
        return answer(None, status=204)


def _token(grant: TokenGrant) -> Payload:
    return {
        "id": grant.pk,
        "name": grant.name,
        "scope": grant.scope,
        "created_at": grant.token.created,
        "expires_at": grant.token.expiry,
        "last_used_at": grant.last_used_at,
    }

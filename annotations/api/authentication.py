"""Who is asking: the session of a page, or a token of a program."""

from __future__ import annotations

from typing import Any

from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed

from annotations import row_security


class TokenAuthentication(KnoxTokenAuthentication):  # type: ignore[misc]
    """Knox tokens; anything that cannot be one is refused before it reaches the database."""

    def authenticate_credentials(self, token: bytes) -> Any:
        """Return the user and the token.

        Raises:
            AuthenticationFailed: not a token, unknown, expired, or its owner was disabled.
        """
        # Knox would decode any bytes as UTF-8 and ask PostgreSQL for text with NUL: both crash.
        if not token.isalnum():
            raise AuthenticationFailed
        # Nobody knows yet whose token it is, and no role of a request may read tokens.
        with row_security.as_owner():
            return super().authenticate_credentials(token)


class TokenScheme(KnoxTokenScheme):  # type: ignore[no-untyped-call]
    """Tell the schema about our authentication as about knox's own."""

    target_class = "annotations.api.authentication.TokenAuthentication"
    name = "token"


AUTHENTICATION = (TokenAuthentication, SessionAuthentication)
"""Tokens first: their challenge makes an anonymous request end in 401 rather than 403."""

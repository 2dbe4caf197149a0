"""Authentication by the session of a browser or the token of a program."""

from __future__ import annotations

from typing import Any

from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed

from annotations import row_security


class TokenAuthentication(KnoxTokenAuthentication):  # type: ignore[misc]
    """Knox tokens. Malformed ones are refused before they reach the database."""

    def authenticate_credentials(self, token: bytes) -> Any:
        """Return the user and the token.

        Raises:
            AuthenticationFailed: malformed, unknown or expired, or the owner is deactivated.
        """
        # Knox decodes any bytes as UTF-8 and queries PostgreSQL for text with NUL: both crash.
        if not token.isalnum():
            raise AuthenticationFailed
        # No role of a request may read tokens, and the user is not known yet.
        with row_security.as_owner():
            return super().authenticate_credentials(token)


class TokenScheme(KnoxTokenScheme):  # type: ignore[no-untyped-call]
    """Describes our authentication in the schema as knox describes its own."""

    target_class = "annotations.api.authentication.TokenAuthentication"
    name = "token"


AUTHENTICATION = (TokenAuthentication, SessionAuthentication)
"""Tokens first: their challenge turns the answer to anonymous requests from 403 into 401."""

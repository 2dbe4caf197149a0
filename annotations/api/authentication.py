"""Authentication by browser session or by API token."""

from __future__ import annotations

from typing import Any

from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed

from annotations import row_security


class TokenAuthentication(KnoxTokenAuthentication):  # type: ignore[misc]
    """Authenticate knox tokens. Malformed ones are refused before they reach the database."""

    def authenticate_credentials(self, token: bytes) -> Any:
        """Return the user and the token.

        Raises:
            AuthenticationFailed: malformed, unknown or expired, or the owner is deactivated.
        """
        # Knox raises on invalid UTF-8 and PostgreSQL on NUL, which would be a 500 instead of a 401.
        if not token.isalnum():
            raise AuthenticationFailed
        # No database role of a request may read tokens, and the user is not known yet.
        with row_security.as_owner():
            return super().authenticate_credentials(token)


class TokenScheme(KnoxTokenScheme):  # type: ignore[no-untyped-call]
    """Describe ``TokenAuthentication`` in the schema in the same way as knox's own class."""

    target_class = "annotations.api.authentication.TokenAuthentication"
    name = "token"


AUTHENTICATION = (TokenAuthentication, SessionAuthentication)
"""Tokens come first: their challenge makes anonymous requests a 401 instead of a 403."""

"""Base classes of the endpoints: permissions, content types, query parameters, caching."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.permissions import SAFE_METHODS, AllowAny, BasePermission, IsAuthenticated
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from annotations import row_security
from annotations.models import TokenScope, User
from annotations.services.people import sign_in, tokens

from . import throttling
from .authentication import AUTHENTICATION
from .parsers import BoundedJSONParser


class UserRequest(Request):
    """A request from a signed-in user. ``IsAuthenticated`` refuses all others."""

    user: User


class OneContentType(BaseContentNegotiation):
    """Each endpoint has one content type. The Accept header is ignored."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> Any:
        """Return the parser for the content type of the body; None results in a 415."""
        content_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class HasPermission(IsAuthenticated):
    """Require a signed-in user who has the view's permission for the method.

    Token scopes are checked here and nowhere else.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not super().has_permission(request, view):
            return False
        if request.auth is not None and isinstance(view, ApiView):
            is_safe = request.method in SAFE_METHODS
            scope = view.scope_of_get if is_safe else view.scope
            tokens.use(request.auth, needed=scope, now=timezone.now())
        if not isinstance(view, ApiView):
            return True
        permission = view.required_permission(request.method or "")
        return permission is None or request.user.has_perm(f"annotations.{permission}")


class ApiView(APIView):
    """Base class of endpoints for signed-in users."""

    authentication_classes: Sequence[type[BaseAuthentication]] = AUTHENTICATION
    permission_classes: Sequence[type[BasePermission]] = (HasPermission,)
    parser_classes: Sequence[type[BaseParser]] = (BoundedJSONParser,)
    content_negotiation_class = OneContentType
    metadata_class = None

    required_permissions: ClassVar[Mapping[str, str]] = {}
    """The permission that each method requires, if any."""

    scope: ClassVar[TokenScope] = TokenScope.FULL
    """The scope that a token needs for methods other than GET, HEAD and OPTIONS."""

    scope_of_get: ClassVar[TokenScope] = TokenScope.READ
    """The scope for GET, HEAD and OPTIONS; higher where GET records what a reader has seen."""

    parameters: ClassVar[frozenset[str]] = frozenset()
    """Accepted query parameters. Others are refused rather than ignored."""

    @classmethod
    def required_permission(cls, method: str) -> str | None:
        """Return the permission that ``method`` requires; None if signing in is enough.

        HEAD, OPTIONS and unsupported methods require the same as GET, or as the first method of
        an endpoint without GET, so that they reveal nothing to people without that permission.
        """
        if method in cls.required_permissions:
            return cls.required_permissions[method]
        if method != "OPTIONS" and hasattr(cls, method.lower()):
            return None
        if hasattr(cls, "get"):
            return cls.required_permissions.get("GET")
        return next(iter(cls.required_permissions.values()), None)

    def perform_authentication(self, request: Request) -> None:
        """Authenticate, and set the user for row-level security if the request uses a token.

        For sessions the middleware does this.
        """
        super().perform_authentication(request)
        if request.auth is not None:
            row_security.act_as(request.user.pk)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check rate limit, permission, second factor and query parameters."""
        throttling.refuse_flood(request)
        super().initial(request, *args, **kwargs)
        if isinstance(request.user, User):
            sign_in.refuse_without_second_factor(request.user)
        unknown = sorted(set(request.query_params) - self.parameters)
        if unknown:
            raise ValidationError(
                {name: [_("Unknown parameter. Check its name.")] for name in unknown}
            )

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Keep personal data out of caches, unless the endpoint sets another policy."""
        final = super().finalize_response(request, response, *args, **kwargs)
        if "Cache-Control" not in final:
            final["Cache-Control"] = "no-store"
        return final


class PublicView(ApiView):
    """Base class of endpoints that are open to everybody."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


Input = TypeVar("Input", bound="Serializer[Any]")


def checked(serializer_class: type[Input], data: Any) -> dict[str, Any]:
    """Return ``data`` as validated by a serializer.

    Raises:
        ValidationError: with messages by field.
    """
    serializer = serializer_class(data=data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)

"""What all endpoints share: permissions, content types, query parameters, caching."""

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
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from annotations import row_security
from annotations.models import TokenScope, User
from annotations.services.people import sign_in, tokens

from . import throttling
from .authentication import AUTHENTICATION
from .parsers import BoundedJSONParser


class UserRequest(Request):
    """A request of a signed-in user; IsAuthenticated has refused all others."""

    user: User


class OneForm(BaseContentNegotiation):
    """Every endpoint has one content type, whatever the Accept header says."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> Any:
        """Return the parser for the type of the body, or None for the answer 415."""
        content_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((one for one in parsers if one.media_type == content_type), None)

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class MayUse(IsAuthenticated):
    """Signed in, with the permission that the view requires for the method.

    The scope of a token is checked here and nowhere else.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not super().has_permission(request, view):
            return False
        if request.auth is not None and isinstance(view, ApiView):
            is_safe = request.method in SAFE_METHODS
            scope = view.scope_of_get if is_safe else view.scope
            tokens.use(request.auth, needed=scope, now=timezone.now())
        needed = view.needed(request.method or "") if isinstance(view, ApiView) else None
        return needed is None or request.user.has_perm(f"annotations.{needed}")


class ApiView(APIView):
    """An endpoint for signed-in users, unless it says otherwise."""

    authentication_classes: Sequence[type[BaseAuthentication]] = AUTHENTICATION
    permission_classes: Sequence[type[BasePermission]] = (MayUse,)
    parser_classes = (BoundedJSONParser,)
    content_negotiation_class = OneForm
    metadata_class = None

    needs: ClassVar[Mapping[str, str]] = {}
    """The permission that each method requires, if any."""

    scope: ClassVar[TokenScope] = TokenScope.FULL
    """The scope that a token needs for methods that change something."""

    scope_of_get: ClassVar[TokenScope] = TokenScope.READ
    """The same for GET, which changes something where it records that a reader saw something."""

    parameters: ClassVar[frozenset[str]] = frozenset()
    """The query parameters it knows; others are refused rather than ignored."""

    @classmethod
    def needed(cls, method: str) -> str | None:
        """Return the permission that ``method`` requires; None if signing in is enough.

        HEAD, OPTIONS and methods that do not exist require the same as GET, or as the only
        method, so that they reveal nothing to people who may not use it.
        """
        if method in cls.needs:
            return cls.needs[method]
        if method != "OPTIONS" and hasattr(cls, method.lower()):
            return None
        return cls.needs.get("GET") if hasattr(cls, "get") else next(iter(cls.needs.values()), None)

    def perform_authentication(self, request: Request) -> None:
        """Authenticate, and set the user in the database for token requests.

        For sessions the middleware has done so.
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
    """An endpoint that anybody may use without signing in."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


Input = TypeVar("Input", bound="Serializer[Any]")


def checked(kind: type[Input], data: Any) -> dict[str, Any]:
    """Validate ``data`` with the serializer ``kind``.

    Raises:
        ValidationError: with messages by field.
    """
    serializer = kind(data=data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def answer(payload: Any, status: int = 200) -> Response:
    return Response(payload, status=status)

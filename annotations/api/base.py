"""What all endpoints have in common: who may use them, what they understand, how lists end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from django.utils import timezone
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
    """A request of somebody who is signed in: IsAuthenticated has turned away the others."""

    user: User


class OneForm(BaseContentNegotiation):
    """Every endpoint answers in one form, whatever the client says it would accept."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> Any:
        """Return the parser for the body's type, or None: the answer is then 415."""
        content_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((one for one in parsers if one.media_type == content_type), None)

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """Return the only renderer."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class MayUse(IsAuthenticated):
    """Signed in, with the permission that the view names for the method, if it names one.

    A token must have the scope for it too: this is the one place that asks.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tell whether the person may use this method at all, whatever the object."""
        if not super().has_permission(request, view):
            return False
        if request.auth is not None and isinstance(view, ApiView):
            is_safe = request.method in SAFE_METHODS
            scope = view.scope_of_get if is_safe else view.scope
            tokens.use(request.auth, needed=scope, now=timezone.now())
        needed = view.needed(request.method or "") if isinstance(view, ApiView) else None
        return needed is None or request.user.has_perm(f"annotations.{needed}")


class ApiView(APIView):
    """An endpoint that is closed unless it says otherwise."""

    authentication_classes: Sequence[type[BaseAuthentication]] = AUTHENTICATION
    permission_classes: Sequence[type[BasePermission]] = (MayUse,)
    parser_classes = (BoundedJSONParser,)
    content_negotiation_class = OneForm
    metadata_class = None

    needs: ClassVar[Mapping[str, str]] = {}
    """The permission that a method needs beside a signed-in user."""

    scope: ClassVar[TokenScope] = TokenScope.FULL
    """What a token must be allowed for methods that change something."""

    scope_of_get: ClassVar[TokenScope] = TokenScope.READ
    """The same for GET, which changes something where it is noted that a reader saw something."""

    parameters: ClassVar[frozenset[str]] = frozenset()
    """The query parameters it understands; any other is refused rather than ignored."""

    @classmethod
    def needed(cls, method: str) -> str | None:
        """Return the permission that ``method`` needs; None when being signed in is enough.

        HEAD, OPTIONS and methods that the endpoint lacks need the same as GET, or as its only
        method: whoever is refused there learns nothing from asking in another way.
        """
        if method in cls.needs:
            return cls.needs[method]
        if method != "OPTIONS" and hasattr(cls, method.lower()):
            return None
        return cls.needs.get("GET") if hasattr(cls, "get") else next(iter(cls.needs.values()), None)

    def perform_authentication(self, request: Request) -> None:
        """Find out who asks, and let the database know when a token tells."""
        super().perform_authentication(request)
        if request.auth is not None:
            row_security.act_as(request.user.pk)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let in who may use this, asking what it understands and not too often."""
        throttling.refuse_flood(request)
        super().initial(request, *args, **kwargs)
        if isinstance(request.user, User):
            sign_in.refuse_without_second_factor(request.user)
        unknown = sorted(set(request.query_params) - self.parameters)
        if unknown:
            raise ValidationError({name: ["Unknown parameter."] for name in unknown})

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Keep what is personal out of every cache, unless the endpoint has said otherwise."""
        final = super().finalize_response(request, response, *args, **kwargs)
        if "Cache-Control" not in final:
            final["Cache-Control"] = "no-store"
        return final


class PublicView(ApiView):
    """An endpoint open to everybody, and the same for everybody."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


Input = TypeVar("Input", bound="Serializer[Any]")


def checked(kind: type[Input], data: Any) -> dict[str, Any]:
    """Return ``data`` in the shape of ``kind``.

    Raises:
        ValidationError: it has another shape; the messages are by field.
    """
    serializer = kind(data=data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def answer(payload: Any, status: int = 200) -> Response:
    """Return ``payload`` as JSON."""
    return Response(payload, status=status)

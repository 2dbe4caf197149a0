"""Readers as pages name them: with what they are, where that is no person."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotations.models import ReaderKind, User

SHOWN: dict[str, Promise] = {
    ReaderKind.MODEL: gettext_lazy("model"),
    ReaderKind.REFERENCE: gettext_lazy("reference"),
}
"""The kinds that are said beside a name."""


def with_kind(name: str, reader: User) -> str:
    """Return ``name`` of ``reader``, with the kind in brackets where it is not a person."""
    kind = SHOWN.get(reader.kind)
    return name if kind is None else _("%(name)s (%(kind)s)") % {"name": name, "kind": kind}

"""The names under which a user sees readers: real names, pseudonyms or letters."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotations.models import Batch, ReaderKind, Study, User

KIND_LABELS: dict[str, Promise] = {
    ReaderKind.MODEL: gettext_lazy("model"),
    ReaderKind.REFERENCE: gettext_lazy("reference"),
}


@dataclass(frozen=True, slots=True)
class ReaderNames:
    """The names of a study's readers as one user sees them.

    Attributes:
        study: the study, whose exports contain the same pseudonyms.
        are_real: whether the user sees real names.
    """

    study: Study
    are_real: bool

    def of(self, reader: User) -> str:
        return str(reader) if self.are_real else pseudonym(self.study, reader.pk)

    def username_of(self, reader: User) -> str | None:
        """Return the user name of ``reader``, None for users who see pseudonyms."""
        return reader.get_username() if self.are_real else None


def names_for(user: User, study: Study) -> ReaderNames:
    """Return the names of the readers of ``study`` as ``user`` sees them."""
    return ReaderNames(study, sees_real_names(user))


def sees_real_names(user: User) -> bool:
    """Whether ``user`` is a coordinator, who assigns exams and so knows who reads what anyway."""
    return user.has_perm("annotations.close_batch")


def pseudonym(study: Study, reader_id: int) -> str:
    """Return the name of a reader in exports of ``study``: an HMAC under the study's secret seed.

    It is the same in all exports of the study. Without the seed, nobody can link it to an account.
    """
    message = f"reader:{reader_id}".encode()
    return f"reader-{hmac.new(study.seed.encode(), message, hashlib.sha256).hexdigest()[:8]}"


def names_in_batch(batch: Batch, user: User) -> dict[int, str]:
    """Return the names of the readers of ``batch`` by user id, in a stable order.

    Coordinators see real names, everybody else letters.
    """
    return names_of_readers(User.objects.filter(seats__batch=batch), user)


def names_of_readers(readers: QuerySet[User], user: User) -> dict[int, str]:
    """Return the names of ``readers`` by user id: real for coordinators, letters for others."""
    are_real = sees_real_names(user)
    return {
        reader.pk: with_kind(str(reader) if are_real else letter(place), reader)
        for place, reader in enumerate(readers.order_by("pk"))
    }


def letter(place: int) -> str:
    """Return A, B, ..., Z, AA, ... for 0, 1, ..."""
    prefix, last = divmod(place, 26)
    return (letter(prefix - 1) if prefix else "") + chr(ord("A") + last)


def with_kind(name: str, reader: User) -> str:
    """Return ``name``, followed by "(model)" or "(reference)" if the reader is not a person."""
    kind = KIND_LABELS.get(reader.kind)
    return name if kind is None else _("%(name)s (%(kind)s)") % {"name": name, "kind": kind}

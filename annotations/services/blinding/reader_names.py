"""By which name a reader is told of: their own for coordinators, a pseudonym for others."""

from __future__ import annotations

from dataclasses import dataclass

from annotations.models import Study, User
from annotations.services.export import sources


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a study's readers, as somebody is told them.

    Attributes:
        study: whose pseudonyms they have, the same as in its export.
        are_own: whether readers are told by their own names.
    """

    study: Study
    are_own: bool

    def of(self, reader: User) -> str:
        """Return the name of ``reader``."""
        return str(reader) if self.are_own else sources.pseudonym(self.study, reader.pk)

    def username_of(self, reader: User) -> str | None:
        """Return the user name of ``reader``, None when it is not told."""
        return reader.get_username() if self.are_own else None


def told_to(user: User, study: Study) -> Names:
    """Return the names of the readers of ``study`` as ``user`` is told them."""
    return Names(study, are_own_told_to(user))


def are_own_told_to(user: User) -> bool:
    """Tell whether ``user`` hands work out, and is told who does it."""
    return user.has_perm("annotations.close_batch")

"""Who answers for an account, and which accounts people who still read must not come to control.

Whoever reads in a study that is not locked is kept from its results. An account that they invite,
or whose way in they may renew, could be themselves: so they hand out none that sees results, and
those they invited before share their blinding (``User.blinded_with``) until a coordinator who
does not read vouches for them.
"""

from __future__ import annotations

from collections.abc import Iterable

from annotations.models import Role, User
from annotations.models.people import SEES_RESULTS
from annotations.services.blinding import rules


class Blinded(Exception):
    """The person still reads in a study, and the account is shown results."""


def refuse_blinded(actor: User, roles: Iterable[Role]) -> None:
    """Do nothing when ``actor`` may make or renew the way into an account with these roles.

    Raises:
        Blinded: they read, and one of the roles is shown results.
    """
    if any(role in SEES_RESULTS for role in roles) and rules.reads_anywhere(actor):
        raise Blinded


def roles_of(user: User) -> list[Role]:
    """Return the roles of ``user``; one with rights of their own counts as a researcher."""
    named = [
        Role(name) for name in user.groups.values_list("name", flat=True) if name in Role.values
    ]
    return [*named, Role.RESEARCHER] if user.user_permissions.exists() else named

"""Vouching: which accounts a blinded person may not gain control of.

Results of a study are hidden from its readers until it is locked. An account that a reader invites,
or whose password they can reset, could be themselves. So they cannot invite or reset accounts that
see results, and accounts they invited earlier share their blinding (``User.blinded_with``) until a
coordinator who does not read vouches for them.
"""

from __future__ import annotations

from collections.abc import Iterable

from annotations.models import Role, User
from annotations.models.people import SEES_RESULTS
from annotations.services.blinding import rules
from annotations.services.refusals import Refusal


class Blinded(Refusal):
    code = "voucher-blinded"


def refuse_blinded(actor: User, roles: Iterable[Role]) -> None:
    """Raise if ``actor`` may not create or reset an account with these roles.

    Raises:
        Blinded: ``actor`` reads in a study whose results are hidden, and one of the roles may see
            results.
    """
    if any(role in SEES_RESULTS for role in roles) and rules.reads_anywhere(actor):
        raise Blinded


def roles_of(user: User) -> list[Role]:
    """Return the roles of ``user``.

    A user with permissions besides those of their roles also counts as a researcher, because such
    permissions may let them see results.
    """
    named = [
        Role(name) for name in user.groups.values_list("name", flat=True) if name in Role.values
    ]
    return [*named, Role.RESEARCHER] if user.user_permissions.exists() else named

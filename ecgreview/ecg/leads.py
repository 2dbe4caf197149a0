"""The twelve standard leads: their order, their identities and the names they bear in files."""

from __future__ import annotations

LEADS: tuple[str, ...] = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
"""The order of the rows of every signal in this project."""

N_LEADS = len(LEADS)

_ALIASES = {lead.upper(): lead for lead in LEADS} | {"DI": "I", "DII": "II", "DIII": "III"}


class UnknownLead(ValueError):
    """The name is not that of one of the twelve standard leads."""


def canonical(name: str) -> str:
    """Return the standard spelling of a lead ``name`` such as ``AVR``, ``dII`` or ``Lead V1``.

    Raises:
        UnknownLead: ``name`` is no standard lead.
    """
    key = name.strip().upper().removeprefix("LEAD").strip()
    if key not in _ALIASES:
        raise UnknownLead(name)
    return _ALIASES[key]

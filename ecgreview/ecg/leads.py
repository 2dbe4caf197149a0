"""The twelve standard leads: their order, how they are derived, and spellings in files."""

from __future__ import annotations

from collections.abc import Iterable

# The order of the rows of every signal in this project.
LEADS: tuple[str, ...] = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")

N_LEADS = len(LEADS)

# Weights of I and II in the leads derived from them: Einthoven 1908, Goldberger 1942.
LIMB_WEIGHTS: dict[str, tuple[float, float]] = {
    "III": (-1.0, 1.0),
    "aVR": (-0.5, -0.5),
    "aVL": (1.0, -0.5),
    "aVF": (-0.5, 1.0),
}

_ALIASES = {lead.upper(): lead for lead in LEADS} | {"DI": "I", "DII": "II", "DIII": "III"}


class UnknownLead(ValueError):
    """The name is not one of the twelve standard leads."""


def canonical(name: str) -> str:
    """Return the standard spelling of a lead ``name`` such as ``AVR``, ``dII`` or ``Lead V1``.

    Raises:
        UnknownLead: ``name`` is not a standard lead.
    """
    key = _key(name)
    if key not in _ALIASES:
        raise UnknownLead(name)
    return _ALIASES[key]


def standard(names: Iterable[str]) -> tuple[str, ...]:
    """Return the standard leads among ``names``, spelled and ordered as in ``LEADS``."""
    standard_names = {_ALIASES.get(_key(name)) for name in names}
    return tuple(lead for lead in LEADS if lead in standard_names)


def _key(name: str) -> str:
    return name.strip().upper().removeprefix("LEAD").strip()

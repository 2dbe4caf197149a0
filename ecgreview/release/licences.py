"""The licenses under which a release may redistribute what comes from its sources.

This is a table of well-known cases, not legal advice. A license that it does not list is treated as
if it allowed nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ecgreview.release.content import Source

# Grants no rights: for use within the study, until its owners choose a license.
UNLICENSED = "LicenseRef-unlicensed"


@dataclass(frozen=True, slots=True)
class Licence:
    """A license under which a release can be published.

    Attributes:
        identifier: SPDX identifier, or one that starts with ``LicenseRef-``.
        url: address of its text.
        asks: what it asks of recipients beyond naming the authors.
    """

    identifier: str
    name: str
    url: str
    asks: frozenset[str] = frozenset()


SHARE_ALIKE, NON_COMMERCIAL, DATABASE = "share alike", "non-commercial", "open database"

LICENCES: Sequence[Licence] = (
    Licence(
        "CC0-1.0",
        "Creative Commons Zero 1.0",
        "https://creativecommons.org/publicdomain/zero/1.0/",
    ),
    Licence(
        "CC-BY-4.0",
        "Creative Commons Attribution 4.0",
        "https://creativecommons.org/licenses/by/4.0/",
    ),
    Licence(
        "CC-BY-SA-4.0",
        "Creative Commons Attribution-ShareAlike 4.0",
        "https://creativecommons.org/licenses/by-sa/4.0/",
        frozenset({SHARE_ALIKE}),
    ),
    Licence(
        "CC-BY-NC-4.0",
        "Creative Commons Attribution-NonCommercial 4.0",
        "https://creativecommons.org/licenses/by-nc/4.0/",
        frozenset({NON_COMMERCIAL}),
    ),
    Licence(
        "CC-BY-NC-SA-4.0",
        "Creative Commons Attribution-NonCommercial-ShareAlike 4.0",
        "https://creativecommons.org/licenses/by-nc-sa/4.0/",
        frozenset({NON_COMMERCIAL, SHARE_ALIKE}),
    ),
    Licence(
        "ODbL-1.0",
        "Open Data Commons Open Database License 1.0",
        "https://opendatacommons.org/licenses/odbl/1-0/",
        frozenset({SHARE_ALIKE, DATABASE}),
    ),
    Licence("ODC-By-1.0", "Open Data Commons Attribution License 1.0",
            "https://opendatacommons.org/licenses/by/1-0/"),
    Licence(UNLICENSED, "No license: for use within the study", ""),
)  # fmt: skip

IDENTIFIERS = tuple(licence.identifier for licence in LICENCES)

# Licenses that allow sharing copies, each with the licenses that the copies may have. A release
# without a license is not shared, so every source with a known license may be part of it.
_ATTRIBUTION = (
    "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "ODC-By-1.0", "ODbL-1.0",
)  # fmt: skip
REDISTRIBUTION: dict[str, Sequence[str]] = {
    "CC0-1.0": (*IDENTIFIERS,),
    "PDDL-1.0": (*IDENTIFIERS,),
    "CC-BY-4.0": (*_ATTRIBUTION, UNLICENSED),
    "CC-BY-3.0": (*_ATTRIBUTION, UNLICENSED),
    "ODC-By-1.0": (*_ATTRIBUTION, UNLICENSED),
    "CC-BY-SA-4.0": ("CC-BY-SA-4.0", UNLICENSED),
    "CC-BY-NC-4.0": ("CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", UNLICENSED),
    "CC-BY-NC-SA-4.0": ("CC-BY-NC-SA-4.0", UNLICENSED),
    "ODbL-1.0": ("ODbL-1.0", UNLICENSED),
    UNLICENSED: (UNLICENSED,),
}

# Other spellings, in lower case without punctuation.
_ALIASES = {
    "cc0": "CC0-1.0",
    "ccby40": "CC-BY-4.0",
    "creativecommonsattribution40international": "CC-BY-4.0",
    "creativecommonsattribution40internationalpubliclicense": "CC-BY-4.0",
    "opendatacommonsattributionlicensev10": "ODC-By-1.0",
    "odcby": "ODC-By-1.0",
    "odbl": "ODbL-1.0",
    "opendatacommonsopendatabaselicensev10": "ODbL-1.0",
}


class Problem(StrEnum):
    """Why a source may not be part of a release."""

    MISSING = "missing"  # no license was stated at import
    UNKNOWN = "unknown"  # not in the table
    INCOMPATIBLE = "incompatible"  # does not allow copies under the license of the release


@dataclass(frozen=True, slots=True)
class Objection:
    """A source that may not be part of a release, and why."""

    source: Source
    problem: Problem


def identifier(text: str) -> str:
    """Return the SPDX identifier of a license as written at import, or "" if it is unknown."""
    plain = _plain(text)
    if plain in _ALIASES:
        return _ALIASES[plain]
    return next((known for known in REDISTRIBUTION if _plain(known) == plain), "")


def licence(name: str) -> Licence | None:
    """Return the license with this identifier, or None if releases cannot have it."""
    return next((known for known in LICENCES if known.identifier == name), None)


def objections(
    sources: Iterable[Source], *, released_under: str, has_signals: bool
) -> list[Objection]:
    """Return the sources that forbid a release under this license.

    Labels are the work of the study's readers, so sources of which nothing else is released may
    have any license. Signals are a copy of the source.
    """
    if not has_signals:
        return []
    problems = ((source, _problem(source.licence, released_under)) for source in sources)
    return [Objection(source, problem) for source, problem in problems if problem]


def allowed(sources: Sequence[Source], *, has_signals: bool) -> list[Licence]:
    """Return the licenses under which these sources can be released, freest first."""
    return [
        known
        for known in LICENCES
        if not objections(sources, released_under=known.identifier, has_signals=has_signals)
    ]


def _problem(of_source: str, released_under: str) -> Problem | None:
    if not of_source.strip():
        return Problem.MISSING
    known = identifier(of_source)
    if not known:
        return Problem.UNKNOWN
    return None if released_under in REDISTRIBUTION[known] else Problem.INCOMPATIBLE


def _plain(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())

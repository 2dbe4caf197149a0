"""Which license of a source allows which release."""

from __future__ import annotations

import pytest

from ecgreview.release import licences
from ecgreview.release.content import Source
from ecgreview.release.licences import UNLICENSED, Problem


def source(licence: str) -> Source:
    return Source("Ward 3", licence, "", is_synthetic=False)


def problems(licence: str, released_under: str, *, has_signals: bool = True) -> list[Problem]:
    found = licences.objections(
        [source(licence)], released_under=released_under, has_signals=has_signals
    )
    return [objection.problem for objection in found]


@pytest.mark.parametrize(
    ("licence", "released_under", "expected"),
    [
        ("CC0-1.0", "CC-BY-4.0", []),
        ("CC-BY-4.0", "CC-BY-4.0", []),
        ("cc by 4.0", "CC-BY-SA-4.0", []),
        ("ODC-By-1.0", "CC-BY-4.0", []),
        ("CC-BY-4.0", "CC0-1.0", [Problem.INCOMPATIBLE]),
        ("CC-BY-SA-4.0", "CC-BY-4.0", [Problem.INCOMPATIBLE]),
        ("CC-BY-NC-4.0", "CC-BY-4.0", [Problem.INCOMPATIBLE]),
        ("CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", []),
        ("ODbL-1.0", "ODbL-1.0", []),
        ("", "CC-BY-4.0", [Problem.MISSING]),
        (" ", UNLICENSED, [Problem.MISSING]),
        ("CC-BY-ND-4.0", "CC-BY-4.0", [Problem.UNKNOWN]),
        ("Hospital terms", UNLICENSED, [Problem.UNKNOWN]),
    ],
)
def test_signals_need_a_source_that_allows_it(licence, released_under, expected):
    assert problems(licence, released_under) == expected


@pytest.mark.parametrize("licence", ["", "Hospital terms", "CC-BY-NC-4.0"])
def test_labels_without_signals_need_no_licence_of_the_source(licence):
    assert problems(licence, "CC-BY-4.0", has_signals=False) == []


def test_every_rule_names_licences_of_releases():
    assert {name for allowed in licences.REDISTRIBUTION.values() for name in allowed} == set(
        licences.IDENTIFIERS
    )


def test_every_known_source_can_at_least_stay_within_the_study():
    assert all(UNLICENSED in allowed for allowed in licences.REDISTRIBUTION.values())


def test_no_rule_lifts_what_a_source_asks_for():
    by_name = {item.identifier: item for item in licences.LICENCES}
    for name, allowed in licences.REDISTRIBUTION.items():
        if name in by_name and name != UNLICENSED:
            for released_under in set(allowed) - {UNLICENSED}:
                assert by_name[name].asks <= by_name[released_under].asks, (name, released_under)

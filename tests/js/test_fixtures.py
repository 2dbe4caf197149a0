"""The classes that the JavaScript tests use are those of the taxonomy."""

from __future__ import annotations

import json
from pathlib import Path

from ecgreview import taxonomy

FIXTURE = Path(__file__).parent / "fixtures" / "classes.json"


def test_the_scripts_are_tested_on_the_classes_of_the_taxonomy():
    known = {one["code"]: one for one in json.loads(FIXTURE.read_text(encoding="utf-8"))}
    classes = taxonomy.load().classes
    assert list(known) == [one.code for one in classes]
    for one in classes:
        fixture = known[one.code]
        assert (one.abbreviation, one.name, one.name_pt) == (
            fixture["abbreviation"],
            fixture["name"],
            fixture["name_pt"],
        )

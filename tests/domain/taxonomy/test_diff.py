"""Differences between two versions of a taxonomy."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from ecgreview import taxonomy
from ecgreview.taxonomy import DiagnosticClass, ExternalCode, Relation, Taxonomy, difference

from .lists import taxonomy_of

OLD = taxonomy_of(["a", "b", "c"])


def changed(code: str, **values: Any) -> Taxonomy:
    rows = (replace(row, **values) if row.code == code else row for row in OLD.classes)
    return replace(OLD, version="2", classes=tuple(rows))


def test_a_version_has_no_difference_from_itself():
    published = taxonomy.load()
    assert taxonomy.diff(published, published).is_empty


def test_classes_are_added_or_removed_by_their_codes():
    result = taxonomy.diff(OLD, taxonomy_of(["a", "d", "c", "e"], version="2"))
    assert [row.code for row in result.added] == ["d", "e"]
    assert [row.code for row in result.removed] == ["b"]
    assert result.changes == ()
    assert (result.old, result.new) == ("small 1", "small 2")


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("renamed", {"name": "B!"}),
        ("renamed", {"name_pt": "B!"}),
        ("renamed", {"abbreviation": "BB"}),
        ("redefined", {"definition": "B!"}),
        ("redefined", {"definition_pt": "B!"}),
        ("regrouped", {"group": "others"}),
        ("reflagged", {"is_exclusive": True}),
        ("reflagged", {"evidence": "A"}),
        ("others", {"note": "B!"}),
        ("others", {"sources": ("PTB",)}),
        ("others", {"codes": {"scp": (ExternalCode("NORM", "exact"),)}}),
    ],
)
def test_each_change_has_its_kind(kind, values):
    result = taxonomy.diff(OLD, changed("b", **values))
    (change,) = result.changes
    assert (change.code, change.key) == ("b", *values)
    kinds = ("renamed", "redefined", "regrouped", "reflagged", "others")
    assert [item for item in kinds if getattr(result, item)] == [kind]
    assert len(result.lines()) == 1


def test_a_new_relation_is_a_change_of_its_class():
    new = replace(OLD, relations=(Relation("a", "b", "implies"),))
    (change,) = taxonomy.diff(OLD, new).reflagged
    assert (change.code, change.key, change.before, change.after) == ("a", "implies", "", "b")


def test_the_order_of_codes_is_not_a_difference():
    first, second = (ExternalCode(code, "exact") for code in "12")
    old, new = (changed("b", codes={"scp": codes}) for codes in ((first, second), (second, first)))
    assert taxonomy.diff(old, new).is_empty


def test_moving_in_the_list_is_not_a_difference():
    assert taxonomy.diff(OLD, changed("b", position=9)).is_empty


def test_every_field_of_a_class_is_compared():
    kinds = (
        difference.NAMES,
        difference.DEFINITIONS,
        difference.GROUPS,
        difference.FLAGS,
        difference.OTHERS,
    )
    compared = {key for keys in kinds for key in keys}
    keys = {field.name for field in fields(DiagnosticClass)}
    assert keys - compared == {"code", "position"}


def test_lines_are_ordered_by_severity():
    new = replace(changed("a", name="A!", definition="A?"), classes=OLD.classes[1:])
    new = replace(new, classes=(replace(OLD.classes[1], name="B!", definition="B?"),))
    assert taxonomy.diff(OLD, new).lines() == [
        "removed: a (a)",
        "removed: c (c)",
        "redefined: b: definition 'b' → 'B?'",
        "renamed: b: name 'b' → 'B!'",
    ]


def test_the_reversed_diff_swaps_added_and_removed():
    new = taxonomy_of(["b", "x"], version="2")
    there, back = taxonomy.diff(OLD, new), taxonomy.diff(new, OLD)
    assert there.added == back.removed
    assert there.removed == back.added

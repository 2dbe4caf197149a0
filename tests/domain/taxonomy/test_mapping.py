"""Readings mapped from one version of a taxonomy to the next."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgreview import taxonomy
from ecgreview.taxonomy import (
    MappingsDoNotMeet,
    Step,
    TaxonomyMapping,
    Translation,
    UnknownClass,
)

from .lists import taxonomy_of

OLD = taxonomy_of(["same", "a", "b", "c", "wide", "gone"])
NEW = taxonomy_of(["same", "a2", "bc", "left", "right", "fresh"], version="2")
MAPPING = taxonomy.map_steps(
    (
        Step("rename", ("a",), ("a2",)),
        Step("merge", ("b", "c"), ("bc",)),
        Step("split", ("wide",), ("left", "right")),
        Step("retire", ("gone",), ()),
        Step("add", (), ("fresh",)),
    ),
    OLD,
    NEW,
)


def translated(*codes: str, by: TaxonomyMapping = MAPPING) -> tuple[set[str], set[str], set[str]]:
    result = by.translate(frozenset(codes))
    return set(result.codes), set(result.undecided), set(result.not_asked)


@pytest.mark.parametrize(
    ("given_codes", "present"),
    [
        ((), set()),
        (("same",), {"same"}),
        (("a",), {"a2"}),
        (("b",), {"bc"}),
        (("b", "c"), {"bc"}),
        (("gone",), set()),
        (("gone", "a", "same"), {"a2", "same"}),
    ],
)
def test_findings_are_exact_without_a_split(given_codes, present):
    assert translated(*given_codes) == (present, set(), {"fresh"})


def test_a_split_class_leaves_all_its_targets_undecided():
    assert translated("wide", "a") == ({"a2"}, {"left", "right"}, {"fresh"})


def test_a_split_class_that_was_absent_is_absent_in_all_its_targets():
    assert translated("a") == ({"a2"}, set(), {"fresh"})


def test_only_readings_that_marked_a_split_class_are_read_again():
    assert MAPPING.needs_reread({"wide"})
    assert not MAPPING.needs_reread({"a", "b", "gone"})
    assert not MAPPING.needs_reread(())


def test_classes_never_asked_are_read_again_on_request():
    assert MAPPING.needs_reread((), for_added=True)


def test_classes_affected_by_a_split_are_listed():
    assert MAPPING.split_codes == {"wide"}
    assert MAPPING.added_codes == {"fresh"}


def test_a_class_marked_directly_is_not_undecided():
    mapping = taxonomy.map_steps(
        (Step("split", ("wide",), ("left", "same")),),
        taxonomy_of(["same", "wide"]),
        taxonomy_of(["same", "left"], version="2"),
    )
    assert translated("wide", "same", by=mapping) == ({"same"}, {"left"}, set())
    assert translated("wide", by=mapping) == (set(), {"left", "same"}, set())
    assert translated("same", by=mapping) == ({"same"}, set(), set())


def test_an_unknown_class_is_refused():
    with pytest.raises(UnknownClass):
        MAPPING.translate({"left"})


def test_an_undecided_class_stays_undecided_in_the_next_version():
    later = taxonomy.map_steps(
        (Step("merge", ("left", "right"), ("side",)), Step("retire", ("fresh",), ())),
        NEW,
        taxonomy_of(["same", "a2", "bc", "side"], version="3"),
    )
    assert translated("wide", by=MAPPING.then(later)) == (set(), {"side"}, set())


def test_a_class_never_asked_is_decided_by_merging_with_a_marked_one():
    later = taxonomy.map_steps(
        (Step("merge", ("fresh", "bc"), ("sum",)),),
        NEW,
        taxonomy_of(["same", "a2", "left", "right", "sum"], version="3"),
    )
    both = MAPPING.then(later)
    assert translated("b", by=both) == ({"sum"}, set(), set())
    assert translated("a", by=both) == ({"a2"}, set(), {"sum"})


def test_mappings_of_unrelated_versions_are_not_joined():
    with pytest.raises(MappingsDoNotMeet, match="small 2 is not small 1"):
        MAPPING.then(MAPPING)


def test_a_version_of_the_same_name_with_other_classes_differs():
    other = taxonomy_of(["same"], version="2")
    with pytest.raises(MappingsDoNotMeet):
        MAPPING.then(taxonomy.map_steps((), other, other))


def test_joined_mappings_lead_from_the_first_version_to_the_last():
    later = taxonomy.map_steps((), NEW, taxonomy_of([row.code for row in NEW.classes], version="3"))
    both = MAPPING.then(later)
    assert (both.old, both.new) == ("small 1", "small 3")
    assert both.steps == MAPPING.steps + later.steps
    assert both.origins == MAPPING.origins


# Properties of any mapping.


@st.composite
def mappings(draw: st.DrawFn, old_codes: Iterable[str], version: int) -> TaxonomyMapping:
    """Draw a mapping from a taxonomy of ``old_codes`` to a new version."""
    remaining = draw(st.permutations(sorted(old_codes)))
    steps: list[Step] = []
    while remaining:
        kind = draw(st.sampled_from(["keep", "rename", "merge", "split", "split", "retire"]))
        n_taken = 2 if kind == "merge" and len(remaining) > 1 else 1
        sources, remaining = tuple(remaining[:n_taken]), remaining[n_taken:]
        fresh = f"{sources[0]}_{version}"
        if kind == "rename":
            steps.append(Step("rename", sources, (fresh,)))
        elif kind == "merge" and n_taken > 1:
            steps.append(Step("merge", sources, (fresh,)))
        elif kind == "split":
            # A split may also lead to a class that another step keeps.
            kept_codes = [item.targets[0] for item in steps if item.kind == "keep"]
            other = draw(st.sampled_from([f"{fresh}b", *kept_codes]))
            steps.append(Step("split", sources, (f"{fresh}a", other)))
        elif kind == "retire":
            steps.append(Step("retire", sources, ()))
        else:
            steps.append(Step("keep", sources, sources))
    if draw(st.booleans()):
        steps.append(Step("add", (), (f"new{version}",)))
    new_codes = dict.fromkeys(code for step in steps for code in step.targets)
    if not new_codes:
        steps.append(Step("add", (), (f"new{version}",)))
        new_codes = {f"new{version}": None}
    old = taxonomy_of(sorted(old_codes), version=str(version))
    return taxonomy.map_steps(tuple(steps), old, taxonomy_of(new_codes, version=str(version + 1)))


CODES = [f"c{n}" for n in range(6)]
READINGS = st.frozensets(st.sampled_from(CODES))


@given(st.data(), READINGS)
def test_a_version_with_the_same_classes_keeps_every_state(data, reading):
    steps = tuple(Step("keep", (code,), (code,)) for code in CODES)
    mapping = taxonomy.map_steps(steps, taxonomy_of(CODES), taxonomy_of(CODES, version="2"))
    assert mapping.translate(reading) == Translation(reading)


@given(st.data(), READINGS)
def test_every_class_of_the_new_version_has_one_state(data, reading):
    mapping = data.draw(mappings(CODES, 1))
    result = mapping.translate(reading)
    parts = (result.codes, result.undecided, result.not_asked)
    assert sum(map(len, parts)) == len(frozenset().union(*parts))
    assert frozenset().union(*parts) <= mapping.origins.keys()


@given(st.data(), READINGS)
def test_every_step_follows_its_kind(data, reading):
    mapping = data.draw(mappings(CODES, 1))
    result = mapping.translate(reading)
    for step in mapping.steps:
        is_given = bool(reading & set(step.sources))
        if step.kind in ("keep", "rename", "merge"):
            assert is_given <= (step.targets[0] in result.codes)
        if step.kind == "split" and is_given:
            assert set(step.targets) <= result.undecided | result.codes
        if step.kind == "add":
            assert set(step.targets) <= result.not_asked


@given(st.data(), READINGS)
def test_only_a_split_requires_rereading(data, reading):
    mapping = data.draw(mappings(CODES, 1))
    if not reading & mapping.split_codes:
        assert not mapping.needs_reread(reading)


@given(st.data(), READINGS)
def test_a_joined_mapping_equals_both_in_sequence(data, reading):
    first = data.draw(mappings(CODES, 1))
    second = data.draw(mappings(first.origins, 2))
    third = data.draw(mappings(second.origins, 3))
    step_by_step = third.carry(second.carry(first.translate(reading)))
    assert first.then(second).then(third).translate(reading) == step_by_step
    assert first.then(second.then(third)).translate(reading) == step_by_step

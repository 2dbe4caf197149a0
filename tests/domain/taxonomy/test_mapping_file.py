"""Mapping files: accepted and refused content."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ecgreview import taxonomy
from ecgreview.taxonomy import BadMapping, Step, TaxonomyMapping

from .lists import taxonomy_of

OLD = taxonomy_of(["normal", "same", "a", "b", "c", "wide", "gone"], alone="normal")
NEW = taxonomy_of(
    ["normal", "same", "a2", "bc", "left", "right", "fresh"], version="2", alone="normal"
)
DOCS = Path(__file__).resolve().parents[3] / "docs"

GOOD = """\
kind,sources,targets
rename,a,a2
merge,b c,bc
split,wide,left right
retire,gone,
add,,fresh
"""

STEPS = (
    Step("rename", ("a",), ("a2",)),
    Step("merge", ("b", "c"), ("bc",)),
    Step("split", ("wide",), ("left", "right")),
    Step("retire", ("gone",), ()),
    Step("add", (), ("fresh",)),
    Step("keep", ("normal",), ("normal",)),
    Step("keep", ("same",), ("same",)),
)


def read(source: str | bytes) -> TaxonomyMapping:
    form = "csv" if source[:1] in ("k", b"k") else "yaml"
    return taxonomy.load_mapping(source, OLD, NEW, form=form)  # type: ignore[arg-type]


def refusal(source: str | bytes) -> list[str]:
    with pytest.raises(BadMapping) as refused:
        read(source)
    return [str(problem) for problem in refused.value.problems]


def without(kind: str, *more: str) -> str:
    lines = [line for line in GOOD.splitlines() if not line.startswith(f"{kind},")]
    return "\n".join([*lines, *more])


def test_a_mapping_is_read_from_csv():
    assert read(GOOD).steps == STEPS


def test_a_mapping_is_read_from_yaml():
    text = """
old: small 1
new: small 2
changes:
  - {kind: rename, sources: [a], targets: [a2]}
  - {kind: merge, sources: [b, c], targets: bc}
  - {kind: split, sources: wide, targets: [left, right]}
  - {kind: retire, sources: gone}
  - {kind: add, targets: [fresh]}
"""
    assert read(text) == read(GOOD)


def test_the_document_reads_back_unchanged():
    mapping = read(GOOD)
    assert read(yaml.safe_dump(mapping.as_document())) == mapping


def test_steps_give_the_same_mapping_as_the_file():
    assert taxonomy.map_steps(STEPS, OLD, NEW) == read(GOOD)


def test_a_step_is_formatted_with_an_arrow():
    problems = [str(step) for step in STEPS[1:5]]
    assert problems == ["merge b c → bc", "split wide → left right", "retire gone", "add fresh"]


def test_a_version_with_the_same_codes_needs_no_changes():
    mapping = taxonomy.load_mapping("changes: []", OLD, OLD)
    assert {step.kind for step in mapping.steps} == {"keep"}


def test_every_class_is_accounted_for():
    mapping = read(GOOD)
    sources = [code for step in mapping.steps for code in step.sources]
    assert sorted(sources) == sorted(row.code for row in OLD.classes)
    assert mapping.origins.keys() == {row.code for row in NEW.classes}
    assert mapping.old_codes == {row.code for row in OLD.classes}


def test_a_split_target_may_be_a_kept_class():
    changes = without("split", "split,wide,left right same")
    assert read(changes).origins["same"].possible == {"wide"}


def test_a_code_may_be_reused_when_stated():
    old, new = taxonomy_of(["a"]), taxonomy_of(["a"], version="2")
    source = "kind,sources,targets\nretire,a,\nadd,,a\n"
    mapping = taxonomy.load_mapping(source, old, new, form="csv")
    assert mapping.added_codes == {"a"}


BREAKS = {
    "line 7, column 1: kind: is 'renam'. Did you mean rename?": without("none", "renam,a,b"),
    "line 6, column 1: rename b c → a2: has 2 sources and 1 targets": without(
        "rename", "rename,b c,a2"
    ),
    "line 6, column 1: merge b → bc: has 1 sources and 1 targets": without("merge", "merge,b,bc"),
    "line 6, column 1: split wide → left: has 1 sources and 1 targets": without(
        "split", "split,wide,left"
    ),
    "line 6, column 1: retire gone → fresh: has 1 sources and 1 targets": without(
        "retire", "retire,gone,fresh"
    ),
    "line 6, column 1: add gone → fresh: has 1 sources and 1 targets": without(
        "add", "add,gone,fresh"
    ),
    "keep same → a2: keeps a class under another code. Use rename.": without(
        "rename", "keep,same,a2"
    ),
    "rename same → same: renames nothing. Use keep": without("none", "rename,same,same"),
    "merge b c b → bc: lists a class twice.": without("merge", "merge,b c b,bc"),
    "rename aa → a2: 'aa' is not a class of the old version.": without("rename", "rename,aa,a2"),
    "rename a → rihgt: 'rihgt' is not a class of the new version. Did you mean right?": without(
        "rename", "rename,a,rihgt"
    ),
    "line 7, column 1: retire a: 'a' is already mapped in line 2.": without("none", "retire,a,"),
    "line 6, column 1: rename a → same: 'same' comes from keep same → same as well": without(
        "rename", "rename,a,same"
    ),
    "line 6, column 1: add fresh same: 'same' comes from keep same → same as well.": (
        without("add", "add,,fresh same")
    ),
    "add fresh left: 'left' comes from split wide → left right as well in line 4": without(
        "add", "add,,fresh left"
    ),
    "gone: the new version has no such class, and no change removes it": without("retire"),
    "fresh: the old version has no such class, and no change adds it": without("add"),
    "line 1: kind: is missing": "keep,sources,targets\n",
}


@pytest.mark.parametrize("message", BREAKS)
def test_a_broken_mapping_is_refused_with_the_reason(message):
    problems = refusal(BREAKS[message])
    assert any(message in item for item in problems), problems


def test_a_contradiction_names_both_lines():
    problems = refusal(without("rename", "rename,a,bc"))
    assert problems[-1].startswith(
        "line 6, column 1: rename a → bc: 'bc' comes from merge b c → bc as well in line 2."
    )


@pytest.mark.parametrize("change", ["rename,a,normal2", "merge,a b c,normal2"])
def test_an_exclusive_class_cannot_replace_one_that_was_not(change):
    old, new = (
        taxonomy_of(["a", "b", "c"]),
        taxonomy_of(["normal2", "b", "c"], version="2", alone="normal2"),
    )
    if change.startswith("merge"):
        new = taxonomy_of(["normal2"], version="2", alone="normal2")
    with pytest.raises(BadMapping, match="'normal2' is exclusive, but 'a' was not"):
        taxonomy.load_mapping(f"kind,sources,targets\n{change}\n", old, new, form="csv")


def test_all_problems_of_changes_are_reported_at_once():
    problems = refusal("kind,sources,targets\nsplit,xx,\nmove,a,b\nretire,b,\nretire,b,\n")
    assert len(problems) == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file has no list of changes"),
        ("changes: 3", "the file has no list of changes"),
        ("changes: [3]", "line 1, column 11: changes[0]: is not a change"),
        ("changes: [{kind: 3}]", "changes[0].kind: is 3"),
        ("changes: [{kind: mrge}]", "changes[0].kind: is 'mrge'. Did you mean merge?"),
        ("changes: [{}]", "changes[0].kind: is None"),
        ("changes: [{kind: add, targets: [3]}]", "changes[0].targets: is not a list of codes"),
        ("changes: [{kind: add, target: [x]}]", "changes[0].target: is not a key of a change."),
        ("changes: []\nnwe: x", "nwe: is not a key of a mapping. Did you mean new?"),
        ("old: small 9\nchanges: []", "line 1, column 6: old: is 'small 9', but the installed"),
        ("new: small 9\nchanges: []", "line 1, column 6: new: is 'small 9', but the installed"),
        ("a: [", "is not valid YAML"),
        (b"changes: \xff", "is not UTF-8"),
        (b"kind,sources,targets\nadd,,\xff", "is not UTF-8"),
    ],
)
def test_a_file_that_is_not_a_mapping_is_refused(text, message):
    problems = refusal(text)
    assert any(message in item for item in problems), problems


CODES = ["normal", "same", "a", "b", "wide", "left", "right", "fresh", "xx"]
ROWS = st.tuples(
    st.sampled_from(["keep", "rename", "merge", "split", "retire", "add"]),
    st.lists(st.sampled_from(CODES), max_size=3).map(tuple),
    st.lists(st.sampled_from(CODES), max_size=3).map(tuple),
)


@given(st.lists(ROWS, max_size=6))
def test_any_changes_account_for_every_class_once_or_are_refused(rows):
    old, new = taxonomy_of(CODES[:5]), taxonomy_of(CODES[3:8], version="2")
    try:
        mapping = taxonomy.map_steps(tuple(Step(*row) for row in rows), old, new)
    except BadMapping:
        return
    sources = [code for step in mapping.steps for code in step.sources]
    assert sorted(sources) == sorted(CODES[:5])
    assert mapping.origins.keys() == set(CODES[3:8])


def test_the_documented_example_is_a_mapping():
    page = (DOCS / "concepts" / "taxonomy-versions.md").read_text(encoding="utf-8")
    old = taxonomy_of(["old_code", "one", "other", "wide", "unused"])
    new = taxonomy_of(["new_code", "both", "left", "right", "brand_new"], version="2")
    text = page.split("```yaml\n")[1].split("```")[0]
    text = text.replace("ecg-review-66 0.1-draft", "small 1").replace("official 1.0", "small 2")
    assert taxonomy.load_mapping(text, old, new).split_codes == {"wide"}


@pytest.mark.parametrize("head", ["kind,sources,targets\n", "changes:\n"])
def test_too_many_changes_are_refused(head):
    row = "add,,x\n" if head.startswith("kind") else "- {kind: add}\n"
    (problems,) = refusal(head + row * 2001)
    assert "more than 2000" in problems


def test_two_thousand_changes_are_accepted():
    (problems, *others) = refusal("changes:\n" + "- {kind: add}\n" * 2000)
    assert "has 0 sources and 0 targets" in problems
    assert len(others) == 1999

"""A protocol as a file: reading, writing, serialization and digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ecgreview import protocol as protocols
from ecgreview.protocol import KEYS, Arm, InvalidProtocol, Protocol, Qualification
from ecgreview.strict_files import Problem

from . import strategies

SMALL = Protocol(name="Atrial flutter", taxonomy="ecg-review-66 0.1-draft")
SEED = "0123456789abcdef" * 4
MINIMAL = "name: Atrial flutter\ntaxonomy: ecg-review-66 0.1-draft\n"


def refusal(text: str | bytes) -> list[str]:
    with pytest.raises(InvalidProtocol) as refused:
        protocols.load(text)
    return [str(problem) for problem in refused.value.problems]


def test_a_name_with_a_taxonomy_is_enough():
    assert protocols.load(MINIMAL) == SMALL


def test_every_key_can_be_set():
    text = """
name: Bundle branch blocks
taxonomy: ecg-review-66 0.1-draft
consensus_rule: union_then_adjudicate
readers_per_exam: 3
results_open: study_locked
clinical_information: full
prior_exam: shown
suggestion_policy: randomised
suggestion_arms:
  - arm: none
    weight: 1
  - {arm: after_commit, weight: 2}
adjudication: masked_then_open
repeat_fraction: 0.05
washout_days: 14
washout_exams: 100
patient_gap: 20
undo_window_s: 0
minimum_reader_level: 2
qualification: {required: true, pass_mark: 1}
frequent_classes: [sinus_tachycardia, atrial_fibrillation]
order_seed: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
"""
    assert protocols.load(text) == Protocol(
        name="Bundle branch blocks",
        taxonomy="ecg-review-66 0.1-draft",
        consensus_rule="union_then_adjudicate",
        readers_per_exam=3,
        results_open="study_locked",
        clinical_information="full",
        prior_exam="shown",
        suggestion_policy="randomised",
        suggestion_arms=(Arm("none", 1), Arm("after_commit", 2)),
        adjudication="masked_then_open",
        repeat_fraction=0.05,
        washout_days=14,
        washout_exams=100,
        patient_gap=20,
        undo_window_s=0,
        minimum_reader_level=2,
        qualification=Qualification(required=True, pass_mark=1.0),
        frequent_classes=("sinus_tachycardia", "atrial_fibrillation"),
        order_seed=SEED,
    )


def test_a_part_of_the_qualification_may_be_left_out():
    read = protocols.load(f"{MINIMAL}qualification: {{required: true}}\n")
    assert read.qualification == Qualification(required=True, pass_mark=0.8)


def test_a_file_is_read_by_its_path(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(MINIMAL, encoding="utf-8")
    assert protocols.load(path) == SMALL


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(InvalidProtocol, match=r"study\.yaml cannot be read"):
        protocols.load(tmp_path / "study.yaml")


def test_all_problems_are_reported_in_line_order():
    text = "nam: x\nreaders_per_exam: two\nname: ''\nwashout_days: -1\nname: y\n"
    assert [problem.split(". ")[0] for problem in refusal(text)] == [
        "taxonomy: is missing",
        "line 1, column 6: nam: is not a key of a protocol",
        "line 2, column 19: readers_per_exam: is 'two', not a whole number from 1 to 1000",
        "line 4, column 15: washout_days: is -1, not a whole number from 0 to 3650",
        "line 5, column 1: name: is repeated; first in line 3",
    ]


def test_an_unknown_key_is_refused_with_a_suggestion():
    (problem,) = refusal(f"{MINIMAL}readers_per_exams: 2\n")
    assert problem.endswith(
        "readers_per_exams: is not a key of a protocol. Did you mean readers_per_exam?"
    )


def test_a_missing_nested_key_is_reported_at_its_parent():
    (problem,) = refusal(
        f"{MINIMAL}suggestion_policy: randomised\nsuggestion_arms:\n  - arm: none\n    weight: 1\n"
        "  - arm: concurrent\n"
    )
    assert problem == "line 7, column 5: suggestion_arms[1].weight: is missing. Add weight."


def test_an_unreadable_value_is_reported_once():
    (problem,) = refusal(f"{MINIMAL}readers_per_exam: 010\n")
    assert "010 is an unusual way to write a number" in problem


@pytest.mark.parametrize("seed", [f"0{'7' * 63}", f"{'7' * 64}", "'abc123'", "[secret7]", "7:30"])
def test_an_invalid_seed_is_refused_without_quoting_it(seed):
    (problem,) = refusal(f"{MINIMAL}order_seed: {seed}\n")
    assert problem.startswith("line 3, column 13: order_seed: must be ")
    assert "7" not in problem
    assert "abc123" not in problem


@pytest.mark.parametrize("text", ["", "just words", "- a\n- b\n", "3"])
def test_a_file_without_keys_is_refused(text):
    assert refusal(text)[0].startswith("line 1: the file has no keys with values.")


@pytest.mark.parametrize(
    "text", ["a: &b [*b]", "[", "a: !!python/none", "x" * 1_000_001, f"a: {[0] * 5000}", b"\xff"]
)
def test_yaml_with_special_features_is_refused(text):
    assert len(refusal(text)) == 1


@given(strategies.protocols())
def test_writing_and_reading_gives_the_same_protocol(protocol):
    assert protocols.load(protocols.dump(protocol)) == protocol


@given(strategies.protocols())
def test_the_written_file_is_ordinary_yaml(protocol):
    assert yaml.safe_load(protocols.dump(protocol)) == protocol.settings()


@given(strategies.protocols())
def test_writing_is_canonical(protocol):
    text = protocols.dump(protocol)
    assert protocols.dump(protocols.load(text)) == text


def test_every_key_is_written_with_a_comment_in_a_fixed_order():
    blocks = protocols.dump(SMALL).strip().split("\n\n")
    assert [block.splitlines()[-1].split(":")[0] for block in blocks] == list(KEYS)
    assert all(block.startswith("# ") for block in blocks)
    assert max(map(len, protocols.dump(SMALL).splitlines())) <= 100


@pytest.mark.parametrize("name", ["no", "null", "1.5", "2020-01-01", "a: b", "# c", "'", "- é 😀"])
def test_a_name_that_yaml_would_misread_is_quoted(name):
    protocol = replace(SMALL, name=name)
    assert protocols.load(protocols.dump(protocol)) == protocol


@given(strategies.protocols())
def test_the_document_is_json(protocol):
    document = protocols.as_document(protocol)
    assert json.loads(json.dumps(document, allow_nan=False)) == document


@given(strategies.protocols())
def test_plain_values_make_the_same_protocol(protocol):
    assert protocols.parse(json.loads(json.dumps(protocol.settings()))) == protocol


def test_the_document_has_a_commitment_instead_of_the_seed():
    document = protocols.as_document(replace(SMALL, order_seed=SEED))
    assert SEED not in json.dumps(document)
    assert "order_seed" not in document
    assert document["order_seed_sha256"] == hashlib.sha256(SEED.encode()).hexdigest()


def test_a_missing_seed_has_no_commitment():
    assert protocols.as_document(SMALL)["order_seed_sha256"] is None


def test_the_seed_is_not_in_the_repr():
    assert SEED not in repr(replace(SMALL, order_seed=SEED))


def test_the_digest_is_that_of_canonical_json():
    canonical = json.dumps(
        protocols.as_document(SMALL), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert protocols.digest(SMALL) == hashlib.sha256(canonical.encode()).hexdigest()


def test_the_digest_is_stable():
    """Studies store the digest, so a change would invalidate every open study."""
    digest = protocols.digest(replace(SMALL, consensus_rule="agreement_then_majority"))
    assert digest == "4fbdfe4804a39ef59bb463df9bd78ae4a7c20063a27ab941f72b261baa1d6851"


def test_a_newer_key_is_in_the_document_only_when_not_default():
    document = protocols.as_document(replace(SMALL, prior_exam="shown"))
    assert "prior_exam" not in protocols.as_document(SMALL)
    assert document["prior_exam"] == "shown"
    assert protocols.complete(protocols.as_document(SMALL))["prior_exam"] == "hidden"
    assert protocols.complete(protocols.as_document(SMALL))["qt_correction"] == "bazett"


@given(strategies.protocols(), strategies.protocols())
def test_digests_are_equal_when_protocols_are(first, second):
    assert (protocols.digest(first) == protocols.digest(second)) == (first == second)


@pytest.mark.parametrize("zero", [0, 0.0, -0.0])
def test_equal_numbers_give_equal_digests(zero):
    assert protocols.digest(replace(SMALL, repeat_fraction=zero)) == protocols.digest(SMALL)


WORDS = st.text("ab c:7", max_size=6)
VALUES = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), WORDS),
    st.lists(WORDS | st.integers() | st.dictionaries(st.sampled_from(["arm", "weight"]), WORDS)),
    st.dictionaries(st.sampled_from(["required", "pass_mark", "x"]), st.integers() | WORDS),
)


def found_in(settings: dict[str, Any]) -> tuple[Problem, ...]:
    try:
        protocols.parse(settings)
    except InvalidProtocol as refused:
        return refused.problems
    return ()


@given(st.dictionaries(st.sampled_from([*KEYS, "other"]), VALUES))
def test_any_values_make_a_protocol_or_problems(settings):
    assert all(problem.reason and problem.code for problem in found_in(settings))

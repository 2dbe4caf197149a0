"""The taxonomy of 66 classes, and the refusal of invalid taxonomies."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecgreview import taxonomy
from ecgreview.taxonomy import BadTaxonomy, Taxonomy, UnknownClass


@pytest.fixture(scope="module")
def classes() -> Taxonomy:
    return taxonomy.load()


def test_there_are_66_classes_in_the_ten_groups_of_code_ii(classes):
    assert len(classes.classes) == 66
    assert len(classes.groups) == 10
    assert {row.group for row in classes.classes} == {group.code for group in classes.groups}


def test_the_summary_counts_classes_by_evidence(classes):
    evidence = Counter(row.evidence for row in classes.classes)
    assert evidence == {"A": 13, "B": 45, "C": 8}
    for banner in (classes.banner, classes.banner_pt):
        assert all(f"{count} " in banner for count in evidence.values())


def test_only_the_normal_ecg_is_exclusive(classes):
    assert [row.code for row in classes.classes if row.is_exclusive] == ["normal_ecg"]


@pytest.mark.parametrize("field", ["name", "name_pt", "definition", "definition_pt"])
def test_no_two_classes_have_the_same_name(classes, field):
    texts = [getattr(row, field) for row in classes.classes]
    assert len(set(texts)) == 66


def test_portuguese_names_use_portuguese_lead_names(classes):
    for row in classes.classes:
        text = re.sub(r"tipo I+", "", row.definition_pt)
        assert not re.search(r"\bI+\b", text), row.code


def test_numbers_are_the_same_in_both_languages(classes):
    def numbers(text: str) -> list[str]:
        return sorted(n.replace(",", ".") for n in re.findall(r"\d+(?:[.,]\d+)?", text))

    for row in classes.classes:
        assert numbers(row.definition) == numbers(row.definition_pt), row.code


def test_a_class_is_found_by_its_code(classes):
    assert classes.by_code("atrial_fibrillation").abbreviation == "AF"


def test_an_unknown_code_is_refused(classes):
    with pytest.raises(UnknownClass):
        classes.by_code("atrial_fibrilation")


@pytest.mark.parametrize(
    ("column", "code"),
    [
        ("1dAVb", "first_degree_av_block"),
        ("RBBB", "right_bundle_branch_block"),
        ("LBBB", "left_bundle_branch_block"),
        ("SB", "sinus_bradycardia"),
        ("AF", "atrial_fibrillation"),
        ("ST", "sinus_tachycardia"),
    ],
)
def test_the_six_columns_of_code_15_have_one_class_each(classes, column, code):
    assert [row.code for row in classes.by_code15(column)] == [code]


@pytest.mark.parametrize(
    "label", ["Normal", "AF", "I-AVB", "LBBB", "RBBB", "PAC", "PVC", "STD", "STE"]
)
def test_the_nine_labels_of_cpsc_2018_have_one_class_each(classes, label):
    assert len(classes.by_cpsc(label)) == 1


def test_a_broad_code_finds_every_class_it_covers(classes):
    result = [row.code for row in classes.by_scp("2AVB")]
    assert result == [
        "mobitz_i_av_block",
        "mobitz_ii_av_block",
        "av_block_2_1",
        "advanced_av_block",
    ]


def test_an_exact_match_comes_first(classes):
    assert classes.by_snomed("164889003")[0].code == "atrial_fibrillation"
    for row in classes.classes:
        for external in row.codes.get("snomed_ct", ()):
            if external.match == "exact":
                assert classes.by_snomed(external.code)[0] == row


def test_an_unlisted_code_finds_nothing(classes):
    assert classes.by_snomed("426783006") == ()  # sinus rhythm is not a class of this taxonomy


def test_frequent_classes_exist_without_the_normal_one(classes):
    frequent = [classes.by_code(code) for code in taxonomy.FREQUENT]
    assert len(set(taxonomy.FREQUENT)) == 9
    assert not any(row.is_exclusive for row in frequent)


def test_relations_are_found_from_both_ends(classes):
    assert "right_axis_deviation" in classes.related("left_axis_deviation", "excludes")
    assert "left_axis_deviation" in classes.related("right_axis_deviation", "excludes")
    assert classes.related("left_anterior_fascicular_block", "implies") == ("left_axis_deviation",)
    # STEMI includes equivalents without ST elevation.
    assert classes.related("stemi", "implies") == ()
    assert classes.related("early_repolarization", "soft_conflict") == ("stemi",)


def test_codes_of_other_vocabularies_are_json(classes):
    codes = classes.by_code("sinus_tachycardia").codes_as_json()
    assert codes["code15"] == [{"code": "ST", "match": "exact"}]
    assert json.loads(json.dumps(codes)) == codes


def test_snomed_codes_marked_cinc_2021_are_in_cinc_2021(classes, shared_data: Path):
    published_codes = set()
    for kind in ("scored", "unscored"):
        table = shared_data / "mappings" / f"cinc2021_dx_mapping_{kind}.csv"
        with table.open(newline="", encoding="utf-8") as lines:
            published_codes |= {row["SNOMEDCTCode"] for row in csv.DictReader(lines)}
    listed = {
        external.code for row in classes.classes for external in row.codes.get("snomed_ct", ())
    }
    assert listed <= published_codes


def test_scp_codes_are_those_of_ptb_xl(classes, shared_data: Path):
    table = shared_data / "mappings" / "scp_statements.csv"
    with table.open(newline="", encoding="utf-8") as lines:
        published_codes = {row[0] for row in csv.reader(lines)}
    listed = {external.code for row in classes.classes for external in row.codes.get("scp", ())}
    assert listed <= published_codes


def _two_classes() -> dict[str, Any]:
    def row(position: int, code: str, **more: Any) -> dict[str, Any]:
        texts = dict.fromkeys(("name", "name_pt", "definition", "definition_pt"), code)
        return {
            "position": position,
            "code": code,
            "abbreviation": code.upper(),
            "group": "rhythm",
            "evidence": "C",
            "sources": ["PTB"],
            **texts,
            **more,
        }

    return {
        "taxonomy": "small",
        "version": "1",
        "status": "for a test",
        "banner": "two classes",
        "banner_pt": "duas classes",
        "sources": {"PTB": "PTB-XL"},
        "groups": [{"code": "rhythm", "name": "Rhythm", "name_pt": "Ritmo"}],
        "classes": [row(1, "slow", excludes=["fast"]), row(2, "fast", excludes=["slow"])],
    }


def test_another_taxonomy_may_have_another_size(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(_two_classes()))
    assert len(taxonomy.load(path).classes) == 2


def _without(data: dict[str, Any], key: str) -> None:
    del data[key]


BREAKS = {
    "banner is missing": lambda data: _without(data, "banner"),
    "version is 1, not a str": lambda data: data.update(version=1),
    "banner is empty": lambda data: data.update(banner=" "),
    "has no class": lambda data: data.update(classes=[]),
    "slow: definition is missing": lambda data: _without(data["classes"][0], "definition"),
    "'exclude' is not part of a class": lambda data: data["classes"][0].update(exclude=["fast"]),
    "position is 3, expected 2": lambda data: data["classes"][1].update(position=3),
    "position is True, not a int": lambda data: data["classes"][0].update(position=True),
    "class code 'slow' is listed 2 times": lambda data: data["classes"][1].update(code="slow"),
    "abbreviation 'SLOW'": lambda data: data["classes"][1].update(abbreviation="SLOW"),
    "group 'pace' does not exist": lambda data: data["classes"][0].update(group="pace"),
    "source 'AHA' does not exist": lambda data: data["classes"][0].update(sources=["AHA"]),
    "evidence is 'D'": lambda data: data["classes"][0].update(evidence="D"),
    "implies 'slower', which does not": lambda data: data["classes"][0].update(implies=["slower"]),
    "slow: implies itself": lambda data: data["classes"][0].update(implies=["slow"]),
    "but fast has no such relation": lambda data: data["classes"][1].update(excludes=[]),
    "excludes it too": lambda data: data["classes"][0].update(implies=["fast"]),
    "is exclusive": lambda data: data["classes"][0].update(is_exclusive=True),
    "relation 'slow excludes fast'": lambda data: data["classes"][0].update(
        excludes=["fast", "fast"]
    ),
    "excludes contains 3, expected text": lambda data: data["classes"][0].update(excludes=[3]),
    "vocabulary is 'icd10'": lambda data: data["classes"][0].update(codes={"icd10": []}),
    "match is 'same'": lambda data: data["classes"][0].update(
        codes={"scp": [{"code": "SBRAD", "match": "same"}]}
    ),
    "a class is not a mapping": lambda data: data.update(classes=["slow"]),
}


@pytest.mark.parametrize("message", BREAKS)
def test_a_broken_list_is_refused_with_the_reason(message, tmp_path):
    data = _two_classes()
    BREAKS[message](data)
    path = tmp_path / "broken.yaml"
    path.write_text(yaml.safe_dump(data))
    with pytest.raises(BadTaxonomy, match=message.replace("(", r"\(")):
        taxonomy.load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"a: [", "not valid YAML"), (b"\xff\xfe\x00", "not UTF-8"), (b"- a\n", "not a mapping")],
)
def test_a_file_that_is_not_a_taxonomy_is_refused(content, message, tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_bytes(content)
    with pytest.raises(BadTaxonomy, match=message):
        taxonomy.load(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(BadTaxonomy, match="cannot be read"):
        taxonomy.load(tmp_path / "nowhere.yaml")

"""Taxonomies as CSV: content, defaults, and refusals."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgreview import taxonomy
from ecgreview.taxonomy import BadTaxonomy, ExternalCode, Relation, Taxonomy

BELOW = "Below 50 beats a minute. " * 10 + "Always."
DOCS = Path(__file__).resolve().parents[3] / "docs"


def read(source: str | bytes, **heading: str) -> Taxonomy:
    return taxonomy.read_csv(source, **{"name": "official", "version": "1", **heading})


def refusal(source: str | bytes, **heading: str) -> list[str]:
    with pytest.raises(BadTaxonomy) as refused:
        read(source, **heading)
    return [str(problem) for problem in refused.value.problems]


def test_a_code_with_a_name_is_enough():
    (row,) = read("code,name\nslow,Slow rhythm\n").classes
    assert (row.code, row.name, row.name_pt, row.abbreviation) == (
        *("slow", "Slow rhythm", "Slow rhythm", "SLOW"),
    )
    assert (row.definition, row.definition_pt) == ("Slow rhythm", "Slow rhythm")
    assert (row.position, row.evidence, row.is_exclusive, row.group) == (1, "C", False, "all")


def test_every_column_can_be_filled():
    result = read(
        "code;abbreviation;name;name_pt;group;group_name;group_name_pt;definition;definition_pt;"
        "is_exclusive;evidence;note;excludes;implies;soft_conflicts;snomed_ct;scp;aha;code15;cpsc2018\n"
        "n;N;Normal;Normal;g;Good;Bom;All well;Tudo bem;sim;a;first;;;;;NORM=exact;;;\n"
        "s;S;Slow;Lento;r;Rhythm;Ritmo;Below 50;Abaixo de 50;não;B;;f;;;1 2=broader;;;;\n"
        "f;F;Fast;Rápido;r;;;Above 100;Acima de 100;;B;;s;;;;;;ST;\n",
        status="official",
        banner="From the network.",
        banner_pt="Da rede.",
    )
    normal, slow, fast = result.classes
    assert (result.status, result.banner, result.banner_pt) == (
        *("official", "From the network.", "Da rede."),
    )
    assert [(group.code, group.name, group.name_pt) for group in result.groups] == [
        ("g", "Good", "Bom"),
        ("r", "Rhythm", "Ritmo"),
    ]
    assert normal.is_exclusive
    assert normal.evidence == "A"
    assert normal.note == "first"
    assert normal.codes == {"scp": (ExternalCode("NORM", "exact"),)}
    assert slow.codes == {"snomed_ct": (ExternalCode("1", "related"), ExternalCode("2", "broader"))}
    assert fast.definition_pt == "Acima de 100"
    assert result.relations == (Relation("s", "f", "excludes"), Relation("f", "s", "excludes"))


def test_a_missing_portuguese_name_defaults_to_the_english_one():
    (row,) = read(f"code,name,definition\na,Slow,{BELOW}\n").classes
    assert (row.name_pt, row.definition_pt) == ("Slow", BELOW)


def test_a_group_without_a_name_is_named_by_its_code():
    (group,) = read("code,name,group\na,A,av_conduction\n").groups
    assert (group.name, group.name_pt) == ("Av conduction", "Av conduction")


def test_a_long_code_is_abbreviated_to_its_initials():
    (row,) = read("code,name\nleft_bundle_branch_block,LBBB\n").classes
    assert row.abbreviation == "LBBB"


def test_abbreviations_that_would_be_the_same_are_numbered():
    rows = read(
        "code,name,abbreviation\nleft_bundle_branch_block,A,\nlow_bow_bad_bend,B,\nx,C,LBBB\n"
    ).classes
    assert [row.abbreviation for row in rows] == ["LBBB2", "LBBB3", "LBBB"]


def test_names_keep_their_accents_in_every_excel_encoding():
    (row,) = read("code,name\na,Sobrecarga átrio\n".encode("utf-8-sig")).classes
    assert row.name == "Sobrecarga átrio"


BREAKS = {
    "line 3, column 1: class code 'a' is listed 2 times.": "code,name\na,A\na,B\n",
    "line 3, column 3: abbreviation 'X' is listed 2 times.": "code,name,abbreviation\na,A,X\nb,B,X",
    "line 2, column 2: a: name is empty.": "code,name\na,\n",
    "line 2, column 1: a class: code is empty.": "code,name\n,A\n",
    "line 2, column 1: a b: code 'a b' has the wrong format.": "code,name\na b,A\n",
    "line 2, column 1: é: code 'é' has the wrong format.": "code,name\né,A\n",
    "line 1, column 3: nome: is not a known column. Did you mean note?": "code,name,nome\na,A,B",
    "line 1: name: is missing.": "code\na\n",
    "line 2, column 3: a: is_exclusive is 'maybe'.": "code,name,is_exclusive\na,A,maybe\n",
    "line 2, column 3: a: evidence is 'D'. One of A, B, C.": "code,name,evidence\na,A,d\n",
    "line 2, column 3: a: implies 'b', which does not exist.": "code,name,implies\na,A,b\n",
    "line 2, column 3: a: excludes b, but b has no such relation to a.": (
        "code,name,excludes\na,A,b\nb,B"
    ),
    "line 2, column 3: a: implies itself. Remove it.": "code,name,implies\na,A,a\n",
    "line 2, column 3: a: relation 'a implies b' is listed twice.": (
        "code,name,implies\na,A,b b\nb,B"
    ),
    "line 2, column 4: a: is exclusive, so it cannot have relations.": (
        "code,name,implies,is_exclusive\na,A,b,x\nb,B,,\n"
    ),
    "line 2, column 3: a: scp: match is 'same'.": "code,name,scp\na,A,NORM=same\n",
    "line 3, column 4: b: group 'g' has two names: 'H' here, 'G' above.": (
        "code,name,group,group_name\na,A,g,G\nb,B,g,H\n"
    ),
    "line 2, column 3: my group: code 'my group' has the wrong format.": (
        "code,name,group\na,A,my group"
    ),
    "line 2, column 3: the row has 3 cells, the header has 2.": "code,name\na,A,B\n",
    "line 2, column 2: a: name has 201 characters, more than 200": f"code,name\na,{'x' * 201}\n",
    "line 2, column 2: a: name 'x\\u202ey' has characters that cannot": "code,name\na,x\u202ey\n",
    "the taxonomy has no class.": "code,name\n",
    "line 1002: there are 1001 rows, more than 1000": "code,name\n"
    + "".join(f"c{n},C\n" for n in range(1001)),
}


@pytest.mark.parametrize("message", BREAKS)
def test_a_broken_list_is_refused_with_position_reason_and_hint(message):
    problems = refusal(BREAKS[message])
    assert len(problems) == 1
    assert message in problems[0]


def test_latin_1_is_refused_with_a_hint():
    (problems,) = refusal("code,name\na,átrio\n".encode("latin-1"))
    assert problems.startswith("line 2, column 3: is not UTF-8 text (it may be Latin-1")
    assert 'spreadsheets call it "CSV UTF-8"' in problems


def test_all_problems_are_reported_in_file_order():
    problems = refusal("code,name,evidence,implies\na,,x,z\nb c,B,,\n,D,,\na,E,,\n")
    assert [item.split(": ")[0] for item in problems] == [
        "line 2, column 2",
        "line 2, column 3",
        "line 2, column 4",
        "line 3, column 1",
        "line 4, column 1",
        "line 5, column 1",
    ]


def test_a_version_is_one_word():
    (problems,) = refusal("code,name\na,A\n", version="1 draft")
    assert problems.startswith("the taxonomy: version '1 draft' has the wrong format")


def test_every_column_is_documented():
    text = (DOCS / "concepts" / "taxonomy-versions.md").read_text(encoding="utf-8")
    assert [column for column in taxonomy.COLUMNS if f"`{column}`" not in text] == []


@given(st.lists(st.text('ab_,;"\n x=', max_size=12), max_size=12))
def test_any_rows_are_read_or_refused(rows):
    try:
        read("code,name,group,implies,scp\n" + "\n".join(rows))
    except BadTaxonomy as refused:
        result = refused.problems
    else:
        return
    assert all(problem.reason for problem in result)


def test_at_most_a_hundred_contradictions_are_reported():
    rows = "".join(f"c{n},C,{' '.join(f'd{m}' for m in range(50))}\n" for n in range(100))
    assert len(refusal(f"code,name,implies\n{rows}")) == 100

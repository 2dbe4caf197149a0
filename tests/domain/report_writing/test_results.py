"""Groups of classes and certainty in a written report."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from ecgreview.agreement import Answers, Cluster
from ecgreview.agreement.reports.certainty import Graded, certainty
from ecgreview.agreement.reports.groups import group_lines
from ecgreview.report_writing import ENGLISH, StudyFacts, Wording, sentences, with_class_names
from ecgreview.report_writing.citations import WORKS
from tests.domain.agreement.strategies import study

from .examples import FACTS, QUICK, agreement, document, three_readers
from .test_document import paragraphs, section, tables
from .texts import texts

CLASSES = tuple(f"Class {place}" for place in range(4))
GROUPS = {"left": CLASSES[:2], "right": CLASSES[2:]}
LEVELS = ("possible", "probable", "definite")


def graded_report(*levels: int) -> dict[str, Any]:
    """Return the certainty of 120 exams of two readers in the last class.

    In 90 exams both draw from ``levels``; in 30 exams one answers absent and the other definite.
    """
    rng = np.random.default_rng(1)
    profiles = []
    for _ in range(90):
        counts = [0, 0, 0, 0]
        for level in rng.choice(levels, 2):
            counts[level] += 1
        profiles.append(Graded(2, ((3, tuple(counts)),)))
    profiles += [Graded(2, ((3, (1, 0, 0, 1)),))] * 30
    units = [Cluster(((place, 1),)) for place in range(len(profiles))]
    return certainty(profiles, units, CLASSES, how=QUICK)


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    ratings = study(1)
    return {
        **agreement(ratings, classes=list(CLASSES)),
        "groups": group_lines(Answers.of(ratings), CLASSES, GROUPS, how=QUICK),
        "certainty": graded_report(1, 2, 3),
    }


def titles(report: Mapping[str, Any]) -> list[str]:
    return [section.title for section in document(report).sections]


def test_groups_have_a_table_with_the_numbers_of_the_report(report):
    (table,) = tables_of(report, sentences.BY_GROUP)
    assert [row[0].split("\u00a0")[0] for row in table.rows] == list(GROUPS)
    line = report["groups"][0]
    assert table.rows[0][2] == str(line["n_positive_any"])
    assert ENGLISH.interval(line["krippendorff_alpha"]) in table.rows[0][-1]


def tables_of(report, title):
    return [
        block
        for block in section(document(report), title).blocks
        if block in tables(document(report))
    ]


def test_certainty_has_a_table_of_the_classes_that_two_gave(report):
    (table,) = tables_of(report, sentences.CERTAINTY)
    (row,) = table.rows
    line = report["certainty"]["classes"][3]
    assert row[:5] == ("Class 3", "90", *(str(line[f"n_{level}"]) for level in LEVELS))
    assert ENGLISH.interval(line["ordinal_alpha"]) in row[6]


def test_the_sources_of_certainty_are_cited(report):
    listed = " ".join(document(report).references)
    assert WORKS["ordinal"] in listed
    assert WORKS["gwet_handbook"] in listed


def test_readers_who_are_always_definite_get_a_sentence_instead_of_a_table(report):
    changed = {**report, "certainty": graded_report(3)}
    assert tables_of(changed, sentences.CERTAINTY) == []
    assert sentences.ALL_DEFINITE in paragraphs(document(changed), "plain")


def test_reports_of_earlier_versions_have_neither_section():
    assert {sentences.BY_GROUP, sentences.CERTAINTY} & set(titles(three_readers())) == set()


def test_classes_not_marked_by_two_readers_have_no_section(report):
    no_certainty = certainty([Graded(2, ())], [Cluster(((0, 1),), 50)], CLASSES, how=QUICK)
    assert sentences.CERTAINTY not in titles({**report, "certainty": no_certainty})


def test_groups_are_shown_by_name(report):
    named = with_class_names(report, {"Class 3": "AF"}, {"left": "Left side"})
    assert [group["class"] for group in named["groups"]] == ["Left side", "right"]
    assert named["certainty"]["classes"][3]["class"] == "AF"
    assert report["certainty"]["classes"][3]["class"] == "Class 3"


def test_every_sentence_is_translated(report):
    def translate_to_upper_case(sentence: str) -> str:
        return re.sub(r"{\w+}|[^{]+", lambda part: _upper(part.group()), sentence)

    upper = with_class_names(
        {**report, "readers": ["A", "B", "C"]},
        dict(zip(CLASSES, "DEFG", strict=True)),
        {"left": "L", "right": "R"},
    )
    facts = StudyFacts(study="X", design=FACTS.design)
    translated = texts(
        document(upper, facts, Wording(translate_to_upper_case, translate_to_upper_case))
    )
    assert [text for text in translated if re.search(r"[a-z]{2}", text)] == []


def _upper(part: str) -> str:
    return part if part.startswith("{") else part.upper()

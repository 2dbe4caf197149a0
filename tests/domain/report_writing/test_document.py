"""The content of a written report, and the parts that it leaves to its author."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from ecgreview.agreement.counts.answers import Answers
from ecgreview.agreement.reports.report import report
from ecgreview.agreement.sampling.resampling import Resampling
from ecgreview.protocol import model
from ecgreview.protocol.model import Protocol
from ecgreview.report_writing import (
    ENGLISH,
    Design,
    OtherVersion,
    StudyFacts,
    Wording,
    conduct,
    has_room_for_pairs,
    sentences,
    with_class_names,
    write,
)
from ecgreview.report_writing.checklist import ITEMS
from ecgreview.report_writing.citations import WORKS, Citations
from ecgreview.report_writing.document import Paragraph, Table
from tests.domain.agreement.strategies import study

from .examples import FACTS, NOTHING_KNOWN, QUICK, agreement, document, three_readers
from .texts import texts


def section(written, title):
    return next(item for item in written.sections if item.title == title)


def tables(written):
    return [block for item in written.sections for block in item.blocks if isinstance(block, Table)]


def paragraphs(written, kind):
    return [
        block.text
        for item in written.sections
        for block in item.blocks
        if isinstance(block, Paragraph) and block.kind == kind
    ]


def test_measures_have_a_fixed_order_however_they_were_stored():
    result = three_readers()
    macro = result["overall"]["macro"]
    stored = {**result, "overall": {**result["overall"], "macro": dict(sorted(macro.items()))}}
    table = next(block for block in tables(document(stored)) if "on whole exams" in block.caption)
    rows = [row[0] for row in table.rows]
    assert rows[2:5] == [
        "Share of readings that mark the class",
        "Percent agreement",
        "Positive agreement",
    ]
    assert rows[-1] == "PABAK"
    assert len(rows) == 2 + len(macro)


def test_each_class_has_raw_counts_before_its_estimates():
    result = three_readers()
    table = next(block for block in tables(document(result)) if "by class" in block.caption)
    line = result["classes"][2]
    counts = (line["n_exams"], line["n_positive_any"], line["n_positive_all"])
    disputed = line["n_positive_any"] - line["n_positive_all"]
    assert table.rows[2][:5] == ("Class 2", *map(str, counts), str(disputed))


def test_every_row_has_a_cell_for_each_column():
    for table in tables(document(three_readers())):
        assert {len(row) for row in table.rows} == {len(table.columns)}


def test_a_rare_class_gets_a_warning():
    warned = paragraphs(document(three_readers()), "warning")
    assert any(text.startswith("Rare classes") for text in warned)


def test_few_disputes_do_not_make_a_class_rare():
    ratings = study(1, n_exams=2000, n_readers=2, n_classes=1)
    ratings[1] = ratings[0]
    result = agreement(ratings)
    written = document(result)
    table = next(block for block in tables(written) if "by class" in block.caption)
    assert result["classes"][0]["n_positive_any"] > 20
    assert table.rows[0][0] == "Class 0\u00a0*"
    assert paragraphs(written, "warning") == []


def test_without_rare_classes_there_is_no_warning():
    result = agreement(study(1, n_exams=2000)[:, :, 2:])
    assert paragraphs(document(result), "warning") == []


def test_an_undefined_result_has_its_reason():
    table = next(block for block in tables(document(three_readers())) if block.notes)
    assert table.rows[1][5] == "\u2013\u00a0a"
    assert "a never_given" in table.notes
    wording = replace(ENGLISH, sentence=lambda code: f"<{code}>")
    table = next(
        block for block in tables(document(three_readers(), wording=wording)) if block.notes
    )
    assert "a <never_given>" in table.notes


@pytest.mark.parametrize(
    ("n_readers", "kappa"), [(2, "Cohen's kappa"), (3, "Light's kappa"), (6, "Fleiss' kappa")]
)
def test_the_kappa_is_one_that_has_an_interval(n_readers, kappa):
    result = agreement(study(1, n_readers=n_readers)[:, :, 2:])
    table = next(block for block in tables(document(result)) if "by class" in block.caption)
    assert table.columns[6].title == kappa
    assert " to " in table.rows[0][6]


def test_the_checklist_has_all_items():
    (table,) = section(document(three_readers()), "Appendix A. GRRAS checklist").blocks
    assert isinstance(table, Table)
    assert [row[1] for row in table.rows] == list(ITEMS)


def test_unknown_facts_are_left_to_the_author():
    gaps = paragraphs(document(three_readers(), NOTHING_KNOWN), "gap")
    assert len(gaps) == 5
    assert all(gap.startswith("The software does not know this: fill in") for gap in gaps)


def test_unknown_facts_are_not_reported():
    prose = " ".join(paragraphs(document(three_readers(), NOTHING_KNOWN), "plain"))
    for claim in (sentences.INDEPENDENT, sentences.ORDER, conduct.NO_REPEATS):
        assert claim not in prose


def test_with_all_facts_only_the_discussion_is_left():
    written = document(three_readers())
    (table,) = section(written, "Appendix A. GRRAS checklist").blocks
    assert isinstance(table, Table)
    remaining = [row[0] for row in table.rows if "fill in" in row[2]]
    assert paragraphs(written, "gap") == []
    assert remaining == ["5", "14"]


def test_a_design_comes_from_the_protocol():
    protocol = Protocol("Blocks", "ecg-review-66 0.1-draft", readers_per_exam=3)
    design = Design.of(protocol)
    assert (design.readers_per_exam, design.is_blinded, design.pass_mark) == (3, True, None)
    prose = set(paragraphs(document(three_readers(), StudyFacts(study="", design=design)), "plain"))
    assert any(sentences.INDEPENDENT in text for text in prose)


@pytest.mark.parametrize(
    ("sentences_by_value", "kind"),
    [
        (sentences.RESULTS_OPEN, model.ResultsOpen),
        (sentences.CLINICAL, model.ClinicalInformation),
        (sentences.PREVIOUS_EXAM, model.PriorExam),
        (conduct.SUGGESTIONS, model.SuggestionPolicy),
    ],
)
def test_every_value_of_a_protocol_has_a_sentence(sentences_by_value, kind):
    assert set(sentences_by_value) == set(get_args(kind))


def test_every_cited_work_is_listed_once():
    written = document(three_readers())
    cited = {
        int(number)
        for text in texts(written)
        for group in re.findall(r"\[([\d,]+)\]", text)
        for number in group.split(",")
    }
    assert cited == set(range(1, len(written.references) + 1))


def test_an_unknown_work_is_not_cited():
    with pytest.raises(KeyError):
        Citations().cite("nobody 2031")


def test_references_are_given_in_full():
    assert all(re.search(r"(19|20)\d\d", work) for work in WORKS.values())


def test_every_sentence_is_translated():
    def translate_to_upper_case(sentence: str) -> str:
        return re.sub(r"\{\w+\}|[^{]+", lambda part: _upper(part.group()), sentence)

    facts = StudyFacts(study="X", design=FACTS.design)
    result = agreement(study(1), readers=["A", "B", "C"], classes=list("DEFG"))
    remaining = [
        text
        for text in texts(document(result, facts, Wording(translate_to_upper_case)))
        if re.search(r"[a-z]{2}", text)
    ]
    assert remaining == []


def _upper(part: str) -> str:
    return part if part.startswith("{") else part.upper()


def test_another_version_is_refused():
    with pytest.raises(OtherVersion):
        write({**three_readers(), "version": "2"}, FACTS)


def test_the_resampled_unit_is_reported():
    ratings = study(1)
    patients = np.arange(ratings.shape[1]) // 2
    result = report(Answers.of(ratings, patients), ["A", "B", "C"], list("DEFG"), how=QUICK)
    prose = " ".join(paragraphs(document(result), "plain"))
    assert "Patients were resampled with all their exams" in prose
    assert "divided by the design effect of patients" in prose
    assert "a Dirichlet posterior" in prose


def test_without_replicates_there_are_no_intervals():
    written = document(agreement(study(1), how=Resampling(n_replicates=0)))
    assert any(sentences.NO_INTERVALS in text for text in paragraphs(written, "plain"))
    assert not any("intervals of" in table.caption for table in tables(written))


@pytest.mark.parametrize(
    ("n_readers", "numbers"), [(20, "Above the diagonal"), (21, "pooled. On the diagonal")]
)
def test_the_caption_of_the_matrix_fits_its_size(n_readers, numbers):
    written = document(agreement(study(1, n_readers=n_readers, n_classes=1)))
    captions = [figure.caption for figure in written.figures()]
    assert numbers in captions[-1]


def test_classes_are_shown_by_name():
    result = with_class_names(three_readers(), {"Class 0": "Atrial fibrillation"})
    written = document(result)
    first = [table.rows[0][0] for table in tables(written) if table.columns[0].title == "Class"]
    assert {name.partition("\u00a0")[0] for name in first} == {"Atrial fibrillation"}


@pytest.mark.parametrize(("n_readers", "n_classes", "room"), [(3, 66, True), (8, 66, False)])
def test_there_is_room_for_few_pairs(n_readers, n_classes, room):
    result = agreement(study(1, n_readers=n_readers, n_classes=n_classes, n_exams=60))
    assert has_room_for_pairs(result) == room


def test_many_pairs_are_left_to_the_files():
    result = agreement(study(1, n_readers=8, n_classes=30))
    prose = [text for text in paragraphs(document(result), "plain") if "CSV and JSON" in text]
    assert len(prose) == 1


@pytest.mark.parametrize(
    "ratings",
    [
        np.zeros((0, 0, 3), np.int8),
        np.zeros((3, 10, 0), np.int8),
        np.zeros((3, 10, 2), np.int8),
        np.ones((1, 10, 2), np.int8),
        np.ones((3, 10, 2), np.int8),
        np.full((2, 1, 1), 2, np.int8),
    ],
    ids=["nobody", "no class", "nothing read", "one reader", "all absent", "one exam"],
)
def test_a_study_without_comparisons_states_that(ratings):
    written = document(agreement(ratings))
    assert not any("nan" in text.casefold().split() for text in texts(written))
    assert written.sections[-1].title.startswith("Appendix D")

"""The methods section describes what was planned and, from counts, what was done."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from ecgreview.report_writing import (
    Counts,
    Dates,
    Design,
    Display,
    Draw,
    Exams,
    Readers,
    Selection,
    Spread,
    StudyFacts,
    Tally,
)

from .examples import FACTS, document, three_readers
from .texts import texts

CLOSED = Dates(closed=date(2026, 9, 30))


@pytest.fixture(scope="module")
def numbers():
    return three_readers()


def methods_text(numbers, facts=FACTS, **changed):
    """Return the methods section of a report with ``facts``, as a single string."""
    written = document(numbers, replace(facts, **changed))
    titles = [section.title for section in written.sections]
    methods = written.sections[: titles.index("Results")]
    return " ".join(texts(replace(written, sections=methods)))


def counts(**changed):
    return replace(FACTS.counts, **changed)


def test_unread_repeats_are_not_claimed(numbers):
    text = methods_text(numbers, counts=counts(repeats=0, repeat_days=None), dates=CLOSED)
    assert "planned to repeat 5% of each reader's exams unannounced" in text
    assert "None of these repeats was read before reading was closed." in text
    assert "Days between" not in text


def test_repeats_may_follow_while_a_batch_is_open(numbers):
    text = methods_text(numbers, counts=counts(repeats=0, repeat_days=None), dates=Dates())
    assert "None of these repeats has been read yet." in text


def test_repeats_read_are_compared_with_the_plan(numbers):
    text = methods_text(numbers)
    assert "Of the 24 repeats planned, 22 were read." in text
    assert "Days between the two readings: 16.5 (quartiles 14 to 21; known for 22)." in text


def test_unplanned_repeats_are_described(numbers):
    design = replace(FACTS.design, repeat_fraction=0.0)
    assert "readers read 22 exams a second time" in methods_text(numbers, design=design)
    text = methods_text(numbers, design=design, counts=counts(repeats=0))
    assert "No reader was given an exam a second time." in text


def test_an_old_version_reports_only_the_plan(numbers):
    text = methods_text(numbers, counts=Counts())
    assert "planned to repeat 5%" in text
    assert "None of these repeats" not in text


def test_readers_of_one_level_have_a_sentence_of_their_own(numbers):
    design = replace(FACTS.design, minimum_reader_level=1)
    readers = Readers(n=3, levels=(Tally("Trainee", 3),))
    text = methods_text(numbers, design=design, readers=readers)
    assert "The protocol admitted trainees, cardiologists and senior cardiologists" in text
    assert "All readers who read at least one exam were of the same level: Trainee (n = 3)." in text


def test_levels_are_those_of_the_readers_who_read(numbers):
    readers = Readers(n=3, levels=(Tally("Trainee", 2), Tally("Cardiologist", 1)), n_qualified=2)
    text = methods_text(numbers, readers=readers)
    assert "Levels of the readers who read at least one exam: Trainee (n = 2); Cardiologist" in text
    assert "Of the 3 readers, 2 had passed." in text


def test_models_and_references_have_no_vote(numbers):
    others = (Tally("model", 2), Tally("reference", 1))
    text = methods_text(numbers, readers=replace(FACTS.readers, others=others))
    assert "The readers are people." in text
    assert "have no vote in the consensus" in text
    assert "model (n = 2); reference (n = 1)" in text
    assert "no vote" not in methods_text(numbers)


def test_readers_who_saw_results_are_counted(numbers):
    text = methods_text(numbers, readers=replace(FACTS.readers, n_saw_results=1))
    assert "viewed results and were given no further exams after that: 1." in text


@pytest.mark.parametrize(
    ("read_by", "sentence"),
    [
        ((Tally("2", 412),), "All exams (n = 412) were read by this number of readers."),
        (
            (Tally("1", 12), Tally("2", 400)),
            "Exams by the number of readers who read them: 1 (n = 12); 2 (n = 400).",
        ),
    ],
)
def test_the_number_of_readers_per_exam_is_reported(numbers, read_by, sentence):
    exams = replace(FACTS.exams, read_by=read_by)
    assert f"read by 2 different readers. {sentence}" in methods_text(numbers, exams=exams)


def test_a_draw_is_described_as_recorded(numbers):
    draws = (
        Draw(
            n=300,
            selection=Selection.DRAWN,
            dataset="CODE-15%",
            n_available=1200,
            stratified_by="source",
            quota="equal",
            per_patient=1,
        ),
        Draw(n=8, selection=Selection.NAMED),
        Draw(n=4),
    )
    text = methods_text(numbers, exams=Exams(draws=draws, n_removed=2))
    assert "300 exams were drawn at random from the 1200 available in CODE-15%" in text
    assert "stratified by source labels. Every stratum contributed the same" in text
    assert "Maximum number of exams drawn from one patient: 1." in text
    assert "Exams selected one by one by the study's coordinators: 8." in text
    assert "Exams whose method of selection was not recorded: 4." in text
    assert "Exams removed before being assigned to any reader: 2." in text
    assert "fill in the population that the data sets represent" in text
    assert "how the exams were sampled" not in text


def test_the_display_is_described_as_recorded(numbers):
    odd_display = Display(
        n=3, arrangement="6x2", speed_mm_per_s=12.5, gain_mm_per_mv=10, filter="odd"
    )
    displays = (*FACTS.counts.displays, odd_display)
    text = methods_text(
        numbers, counts=counts(displays=displays, display_other=2, display_unknown=5)
    )
    assert "3x4+II, 25 mm/s, 10 mm/mV, no filter (n = 820)" in text
    assert "6x2, 12.5 mm/s, 10 mm/mV, odd (n = 3)" in text
    assert "Readings made with other settings: 2." in text
    assert "Readings for which no display settings were recorded: 5." in text


def test_a_display_that_no_reading_recorded_is_left_to_the_author(numbers):
    text = methods_text(numbers, counts=counts(displays=()))
    assert "fill in how the tracings were displayed" in text


@pytest.mark.parametrize(
    ("n_shown", "sentence"),
    [
        (310, "Readings for which suggestions were shown: 310."),
        (0, "No suggestion was shown for any of these readings."),
    ],
)
def test_suggestions_shown_are_counted(numbers, n_shown, sentence):
    assert sentence in methods_text(numbers, counts=counts(suggestions_shown=n_shown))


def test_an_imported_study_makes_no_claims(numbers):
    facts = StudyFacts(study="Imported", design=Design(), counts=Counts(read=9, repeats=0))
    text = methods_text(numbers, facts)
    assert "protocol" not in text.casefold()
    assert "repeats" not in text


def test_spreads_state_the_number_of_known_values(numbers):
    text = methods_text(numbers, counts=counts(repeat_days=Spread(14, 14, 14, 1)))
    assert "14 (quartiles 14 to 14; known for 1)" in text

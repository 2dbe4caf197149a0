"""The stored comparison of rules: what it contains, when it is current, and who computes it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command

from annotations.models import Consensus, RuleComparison, Study
from annotations.services.consensus import adjudications, comparisons, labels
from ecgreview.consensus import RULES
from tests.app import published
from tests.app.adjudicating import decide

pytestmark = pytest.mark.django_db

AVB, LVH = "first_degree_av_block", "left_ventricular_hypertrophy"


@pytest.fixture
def compared(study, davi, now):
    """Return the comparison as shown, and whether it is current."""

    def make(of=study):
        row, is_current = comparisons.latest(study=of, actor=davi, now=now)
        return row and comparisons.results_of(row), is_current

    return make


def imported(folder: Path) -> Study:
    call_command("import_readings", "--format", "codetest", "--study", "Published", str(folder),
                 stdout=io.StringIO())  # fmt: skip
    return Study.objects.get(slug="published")


def by_rule(comparison):
    return {of.rule: of.outcomes[of.chosen] for of in comparison.rules if of.outcomes}


def test_it_agrees_with_the_stored_consensus_of_two_cardiologists(
    shared_data, tmp_path, compared, now
):
    study = imported(published.two_cardiologists(shared_data, tmp_path))
    labels.compute(study=study, now=now)
    comparison, is_current = compared(study)
    assert is_current
    own = by_rule(comparison)[study.consensus_rule]
    rows = Consensus.objects.filter(study=study)
    assert own.n_exams_disputed == rows.filter(outcome="disputed").count() == 5
    assert sum(own.present) == sum(row.labels.filter(is_present=True).count() for row in rows)
    assert own.n_different == 0
    assert comparison.n_exams == rows.count() == 100


def test_a_reference_is_compared_and_counted_in_no_rule(tmp_path, compared, now):
    readers = np.zeros((4, 6), dtype=np.int8)
    readers[0, 0] = 1
    gold = readers.copy()
    gold[0, 0], gold[1, 4] = 0, 1
    model = np.ones_like(readers)
    tables = {"cardiologist1": readers, "cardiologist2": readers, "gold_standard": gold,
              "dnn": model}  # fmt: skip
    study = imported(published.write(tmp_path / "readings", tables))
    comparison, _ = compared(study)
    for outcome in by_rule(comparison).values():
        assert sum(outcome.present) == 1
        (accuracy,) = outcome.accuracy
        assert (accuracy.n_hits, accuracy.n_extra, accuracy.n_missed) == (0, 1, 1)
    assert [(c.is_marked, c.n_votes) for c in comparison.contradictions] == [(False, 2), (True, 2)]
    assert len(comparison.readers) == 2


def test_a_small_study_is_compared_at_once_and_again_after_a_change(
    read, compared, make_exam, amend, ana, bruno
):
    read({ana: [AVB], bruno: [AVB, LVH]})
    first, is_current = compared()
    assert is_current
    assert compared()[0] == first
    assert RuleComparison.objects.count() == 1
    amend(consensus_rule="k_of_n", consensus_k=1)
    second, _ = compared()
    assert by_rule(second)["k_of_n"].n_different == 0
    assert by_rule(first)["k_of_n"].n_different == 1
    read({ana: [], bruno: []}, make_exam(), name="Another")
    third, _ = compared()
    assert (second.n_exams, third.n_exams) == (1, 2)
    assert RuleComparison.objects.count() == 1  # earlier ones are deleted


@pytest.fixture
def large(read, monkeypatch, ana, bruno):
    """A study that counts as large."""
    monkeypatch.setattr(comparisons, "MAX_READINGS", 1)
    read({ana: [AVB], bruno: [AVB, LVH]})


@pytest.mark.usefixtures("large")
class TestALargeStudy:
    def test_is_compared_by_a_worker(self, study, compared, davi, now):
        assert compared() == (None, False)
        row = comparisons.request(study=study, actor=davi, now=now)
        assert comparisons.request(study=study, actor=davi, now=now) == row
        assert comparisons.state_name(row) == "waiting"
        assert comparisons.compute_next(now=now)
        assert not comparisons.compute_next(now=now)
        comparison, is_current = compared()
        assert is_current
        assert [of.rule for of in comparison.rules] == list(RULES)

    def test_shows_that_it_is_out_of_date_after_a_change(self, study, compared, amend, davi, now):
        comparisons.request(study=study, actor=davi, now=now)
        comparisons.compute_next(now=now)
        amend(consensus_rule="unanimous")
        comparison, is_current = compared()
        assert comparison is not None
        assert not is_current

    def test_fails_after_a_number_of_attempts(self, study, davi, now, monkeypatch):
        def fail(*_):
            raise MemoryError

        monkeypatch.setattr(comparisons, "_gathered", fail)
        row = comparisons.request(study=study, actor=davi, now=now)
        for attempt in range(comparisons.MAX_ATTEMPTS):
            with pytest.raises(MemoryError):
                comparisons.compute_next(now=now + attempt**2 * comparisons.RETRY_DELAY)
        row.refresh_from_db()
        assert (comparisons.state_name(row), row.failure) == ("failed", "MemoryError")


def test_the_pace_is_measured_if_there_are_enough_adjudications(
    study, make_batch, submit, close, make_exam, ana, clara, davi, now
):
    assert comparisons.pace_of(study).n_measured == 0
    batch = make_batch([make_exam() for _ in range(comparisons.MIN_ADJUDICATIONS)])
    for assignment in batch.assignments.select_related("reader"):
        submit(assignment, *([AVB] if assignment.reader == ana else []))
    close(batch)
    sent = adjudications.send_disputed(batch_id=batch.pk, readers=[clara], created_by=davi, now=now)
    for assignment in sent.assignments.all():
        decide(assignment, AVB, now=now, active_ms=90_000)
    close(sent)
    pace = comparisons.pace_of(study)
    assert (pace.seconds, pace.n_measured) == (90, comparisons.MIN_ADJUDICATIONS)
    assert pace.hours(40) == 1

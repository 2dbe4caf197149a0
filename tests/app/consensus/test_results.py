"""Agreement, consensus and suggestions are computed when due."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import connection

from annotations.models import (
    AgreementReport,
    Batch,
    Consensus,
    Dataset,
    OpenReason,
    SuggestionFailure,
    SuggestionRun,
    Taxonomy,
    Tracing,
)
from annotations.models.taxonomy import TaxonomyQuerySet
from annotations.services.agreement import refresh, results
from annotations.services.consensus import adjudications
from annotations.services.consensus import labels as consensus_labels
from annotations.services.exams import recordings, suggestion_requests
from annotations.services.suggestions import runs
from ecgreview import criteria
from ecgreview.agreement import pair_lines
from ecgreview.ecg import synth
from ecgreview.ecg.formats import Recording
from tests.app.adjudicating import decide
from tests.app.kept import kept


@pytest.fixture
def read(make_batch, make_exam, submit):
    """Open a batch with these readings: a pair (Ana's codes, Bruno's codes) per exam.

    None instead of codes means not read.
    """

    def make(*exams_read, quality=("good", "good")):
        batch = make_batch([make_exam() for _ in exams_read])
        rows = batch.assignments.order_by("exam", "reader__username")
        codes_read = [codes for pair in exams_read for codes in pair]
        for number, (assignment, codes) in enumerate(zip(rows, codes_read, strict=True)):
            if codes is not None:
                submit(assignment, *codes, quality=quality[number % 2])
        return batch

    return make


AF, FLUTTER = ("atrial_fibrillation",), ("atrial_flutter",)


def test_agreement_counts_the_votes_of_both_readers(read, now, ana, bruno):
    report = refresh.refresh(batch=read((AF, AF), (AF, ()), ((), ())), now=now)
    (pair,) = pair_lines(report.results, classes=AF)
    assert pair["readers"] == [str(ana.pk), str(bruno.pk)]
    assert (pair["n11"], pair["n10"], pair["n01"], pair["n00"]) == (1, 1, 0, 1)


def test_an_exam_read_by_only_one_is_not_compared(read, now):
    report = refresh.refresh(batch=read((AF, AF), (AF, None)), now=now)
    assert (report.results["n_exams_compared"], report.n_readings) == (1, 3)


def test_an_unreadable_exam_is_not_compared(read, now):
    report = refresh.refresh(batch=read((AF, ()), quality=("good", "unreadable")), now=now)
    assert report.results["n_exams_compared"] == 0


def test_an_unread_batch_has_an_empty_report(make_batch, now):
    assert refresh.refresh(batch=make_batch(), now=now).results["n_exams_compared"] == 0


def test_due_agreement_is_computed_once(read, now):
    read((AF, AF))
    assert [refresh.refresh_next(now=now), refresh.refresh_next(now=now)] == [True, False]


def test_a_second_refresh_adds_no_version(read, now):
    batch = read((AF, AF))
    refresh.refresh(batch=batch, now=now)
    refresh.refresh(batch=batch, now=now)
    assert AgreementReport.objects.count() == 1


def test_a_reading_submitted_during_a_refresh_leaves_it_due(read, now, submit, monkeypatch):
    batch = read((AF, None))
    bruno = batch.assignments.get(readings=None)
    original = results.coefficients

    def submit_then_compute(*args):
        submit(bruno, *AF)
        return original(*args)

    monkeypatch.setattr(results, "coefficients", submit_then_compute)
    refresh.refresh_next(now=now)
    assert Batch.objects.get(pk=batch.pk).agreement_is_due


def consensus_of(batch, close, now):
    close(batch)
    while consensus_labels.refresh_next(now=now):
        pass
    rows = Consensus.objects.order_by("exam")
    return [
        (
            row.outcome,
            sorted(item.diagnostic_class.code for item in row.labels.filter(is_present=True)),
        )
        for row in rows
    ]


def test_each_class_is_decided_by_its_own_votes(read, close, now):
    batch = read((AF, AF), (AF, (*AF, "artifact")), (AF, FLUTTER), ((), ()))
    assert consensus_of(batch, close, now) == [
        ("agreement", ["atrial_fibrillation"]),
        ("disputed", ["atrial_fibrillation"]),
        ("disputed", []),
        ("agreement", []),
    ]


def test_an_exam_unreadable_to_both_is_unreadable(read, close, now):
    batch = read(((), ()), quality=("unreadable", "unreadable"))
    assert consensus_of(batch, close, now) == [("unreadable", [])]


def test_readability_can_be_disputed(read, close, now):
    batch = read((AF, ()), quality=("good", "unreadable"))
    assert consensus_of(batch, close, now) == [("disputed", [])]
    row = Consensus.objects.get()
    assert (row.reason, row.n_unreadable) == (OpenReason.READABILITY_DISPUTED, 1)


def test_an_unread_exam_is_incomplete(read, close, now):
    assert consensus_of(read((None, None)), close, now) == [("incomplete", [])]


def test_an_open_batch_has_no_consensus(read, study, now):
    read((AF, AF))
    consensus_labels.compute(study=study, now=now)
    assert not Consensus.objects.exists()


def test_the_adjudicator_decides(read, close, clara, davi, now):
    batch = close(read((AF, FLUTTER)))
    sent = adjudications.send_disputed(batch_id=batch.pk, readers=[clara], created_by=davi, now=now)
    decide(sent.assignments.get(), *AF, now=now)
    assert consensus_of(sent, close, now) == [("majority", ["atrial_fibrillation"])]


def test_votes_are_stored_with_the_labels(read, close, now):
    consensus_of(read((AF, FLUTTER)), close, now)
    labels = Consensus.objects.get().labels.values_list(
        "diagnostic_class__code", "n_positive", "n_readings", "is_present"
    )
    assert sorted(labels) == [
        ("atrial_fibrillation", 1, 2, False),
        ("atrial_flutter", 1, 2, False),
    ]


def test_due_consensus_is_computed_once(read, close, now):
    close(read((AF, AF)))
    assert [consensus_labels.refresh_next(now=now), consensus_labels.refresh_next(now=now)] == [
        True,
        False,
    ]


@kept
def bradycardia(db, taxonomy, now):
    """A synthetic exam at 40 to 47 beats per minute with a pending suggestion run."""
    synthetic = synth.synthesize("sinus_bradycardia", np.random.default_rng(1))
    dataset = Dataset.objects.create(name="Drawn", created_at=now)
    recording = Recording(synthetic.signal, "1", None, 70.0, "F", ())
    (exam,) = recordings.store(dataset=dataset, recordings=[recording], now=now)
    suggestion_requests.request(exams=[exam], now=now)
    return exam


def test_a_suggestion_has_evidence(bradycardia, now):
    runs.run_next(now=now)
    suggestion = SuggestionRun.objects.get().suggestions.get(
        diagnostic_class__code="sinus_bradycardia"
    )
    assert "50" in suggestion.evidence


def test_each_class_of_the_model_has_a_stored_verdict(bradycardia, now):
    runs.run_next(now=now)
    states = {
        verdict["class"]: verdict["state"] for verdict in SuggestionRun.objects.get().verdicts
    }
    assert set(states) == set(criteria.COVERED)
    assert (states["sinus_bradycardia"], states["sinus_tachycardia"]) == ("suggested", "not_met")


def test_the_measurements_are_stored(bradycardia, now):
    runs.run_next(now=now)
    assert 38 < SuggestionRun.objects.get().measurements["heart_rate_bpm"]["value"] < 49


def test_a_run_is_computed_once(bradycardia, now):
    assert [runs.run_next(now=now), runs.run_next(now=now)] == [True, False]


def test_requesting_suggestions_again_changes_nothing(bradycardia, now):
    runs.run_next(now=now)
    suggestion_requests.request(exams=[bradycardia], now=now)
    assert not runs.run_next(now=now)


def test_an_invalid_tracing_fails_with_a_reason(bradycardia, now, caplog):
    Tracing.objects.update(packed=b"no packet")
    runs.run_next(now=now)
    run = SuggestionRun.objects.get()
    assert run.finished_at == now
    assert run.failure == SuggestionFailure.NOT_COMPUTED
    assert "BadPacket" in caplog.text


def test_a_failure_does_not_stop_the_next_exam(bradycardia, make_exam, now):
    Tracing.objects.update(packed=b"no packet")
    suggestion_requests.request(exams=[make_exam()], now=now)
    while runs.run_next(now=now):
        pass
    assert not SuggestionRun.objects.due().exists()


class WorkerLost(BaseException):
    """Simulates a signal that kills the worker; the service must not catch it."""


@pytest.fixture
def killer_exam(bradycardia, monkeypatch):
    """An exam, first in the queue, that kills every worker that computes it."""
    original = runs._examine

    def examine(exam, formula):
        if exam == bradycardia:
            raise WorkerLost
        return original(exam, formula)

    monkeypatch.setattr(runs, "_examine", examine)
    return bradycardia


def test_an_exam_that_kills_workers_does_not_block_others(killer_exam, make_exam, now):
    suggestion_requests.request(exams=[make_exam()], now=now)
    with pytest.raises(WorkerLost):
        runs.run_next(now=now)
    runs.run_next(now=now)
    assert [run.exam for run in SuggestionRun.objects.due()] == [killer_exam]


def test_an_exam_that_kills_workers_is_given_up_after_some_attempts(killer_exam, now):
    for _ in range(runs.MAX_ATTEMPTS):
        with pytest.raises(WorkerLost):
            runs.run_next(now=now)
    assert runs.run_next(now=now)
    assert SuggestionRun.objects.get().failure == SuggestionFailure.GIVEN_UP
    assert not runs.run_next(now=now)


def test_an_exam_finished_by_another_worker_is_left_alone(bradycardia, taxonomy, now, monkeypatch):
    def finish_elsewhere(_taxonomies):
        SuggestionRun.objects.update(finished_at=now)
        return taxonomy

    monkeypatch.setattr(TaxonomyQuerySet, "newest", finish_elsewhere)
    assert runs.run_next(now=now)
    assert not SuggestionRun.objects.get().suggestions.exists()


def test_without_a_taxonomy_no_attempt_is_counted(make_exam, now):
    suggestion_requests.request(exams=[make_exam()], now=now)
    with pytest.raises(Taxonomy.DoesNotExist):
        runs.run_next(now=now)
    assert SuggestionRun.objects.get().n_attempts == 0


def test_tracings_are_stored_out_of_line_uncompressed(bradycardia):
    with connection.cursor() as cursor:
        cursor.execute(
            "select attstorage from pg_attribute"
            " where attrelid = 'annotations_tracing'::regclass and attname = 'packed'"
        )
        assert cursor.fetchone() == ("e",)

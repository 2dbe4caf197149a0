"""Agreement, consensus and suggestions: computed when due, from what is there."""

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


@pytest.fixture
def read(make_batch, make_exam, submit):
    """Open a batch in which each exam gets these readings: (Ana's codes, Bruno's codes)."""

    def make(*exams_read, quality=("good", "good")):
        batch = make_batch([make_exam() for _ in exams_read])
        rows = batch.assignments.order_by("exam", "reader__username")
        said = [codes for pair in exams_read for codes in pair]
        for number, (assignment, codes) in enumerate(zip(rows, said, strict=True)):
            if codes is not None:
                submit(assignment, *codes, quality=quality[number % 2])
        return batch

    return make


AF, FLUTTER = ("atrial_fibrillation",), ("atrial_flutter",)


def test_the_agreement_counts_what_both_gave(read, now, ana, bruno):
    report = refresh.refresh(batch=read((AF, AF), (AF, ()), ((), ())), now=now)
    (pair,) = pair_lines(report.results, classes=AF)
    assert pair["readers"] == [str(ana.pk), str(bruno.pk)]
    assert (pair["n11"], pair["n10"], pair["n01"], pair["n00"]) == (1, 1, 0, 1)


def test_an_exam_not_read_by_both_is_not_compared(read, now):
    report = refresh.refresh(batch=read((AF, AF), (AF, None)), now=now)
    assert (report.results["n_exams_compared"], report.n_readings) == (1, 3)


def test_who_could_not_read_it_says_nothing(read, now):
    report = refresh.refresh(batch=read((AF, ()), quality=("good", "unreadable")), now=now)
    assert report.results["n_exams_compared"] == 0


def test_a_batch_nobody_has_read_has_a_report_too(make_batch, now):
    assert refresh.refresh(batch=make_batch(), now=now).results["n_exams_compared"] == 0


def test_what_was_due_is_done_once(read, now):
    read((AF, AF))
    assert [refresh.refresh_next(now=now), refresh.refresh_next(now=now)] == [True, False]


def test_a_second_look_replaces_the_first(read, now):
    batch = read((AF, AF))
    refresh.refresh(batch=batch, now=now)
    refresh.refresh(batch=batch, now=now)
    assert AgreementReport.objects.count() == 1


def test_a_reading_that_comes_in_meanwhile_stays_due(read, now, submit, monkeypatch):
    batch = read((AF, None))
    bruno = batch.assignments.get(readings=None)
    real = results.coefficients

    def meanwhile(*args):
        submit(bruno, *AF)
        return real(*args)

    monkeypatch.setattr(results, "coefficients", meanwhile)
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


def test_what_two_readers_cannot_read_is_unreadable(read, close, now):
    batch = read(((), ()), quality=("unreadable", "unreadable"))
    assert consensus_of(batch, close, now) == [("unreadable", [])]


def test_one_readable_reading_of_two_is_a_dispute_about_that(read, close, now):
    batch = read((AF, ()), quality=("good", "unreadable"))
    assert consensus_of(batch, close, now) == [("disputed", [])]
    row = Consensus.objects.get()
    assert (row.reason, row.n_unreadable) == (OpenReason.READABILITY_DISPUTED, 1)


def test_an_exam_nobody_has_read_is_incomplete(read, close, now):
    assert consensus_of(read((None, None)), close, now) == [("incomplete", [])]


def test_an_open_batch_has_no_consensus(read, study, now):
    read((AF, AF))
    consensus_labels.compute(study=study, now=now)
    assert not Consensus.objects.exists()


def test_the_adjudicators_reading_decides(read, close, submit, clara, davi, now):
    batch = close(read((AF, FLUTTER)))
    sent = adjudications.send_disputed(batch_id=batch.pk, readers=[clara], created_by=davi, now=now)
    submit(sent.assignments.get(), *AF)
    assert consensus_of(sent, close, now) == [("majority", ["atrial_fibrillation"])]


def test_every_vote_is_kept(read, close, now):
    consensus_of(read((AF, FLUTTER)), close, now)
    labels = Consensus.objects.get().labels.values_list(
        "diagnostic_class__code", "n_positive", "n_readings", "is_present"
    )
    assert sorted(labels) == [
        ("atrial_fibrillation", 1, 2, False),
        ("atrial_flutter", 1, 2, False),
    ]


def test_consensus_that_was_due_is_done_once(read, close, now):
    close(read((AF, AF)))
    assert [consensus_labels.refresh_next(now=now), consensus_labels.refresh_next(now=now)] == [
        True,
        False,
    ]


@pytest.fixture
def bradycardia(db, taxonomy, now):
    """A synthetic exam at 40 to 47 beats a minute that waits for its suggestions."""
    drawn = synth.synthesise("sinus_bradycardia", np.random.default_rng(1))
    dataset = Dataset.objects.create(name="Drawn", created_at=now)
    recording = Recording(drawn.signal, "1", None, 70.0, "F", ())
    (exam,) = recordings.store(dataset=dataset, recordings=[recording], now=now)
    suggestion_requests.request(exams=[exam], now=now)
    return exam


def test_a_suggestion_gives_its_evidence(bradycardia, now):
    runs.run_next(now=now)
    found = SuggestionRun.objects.get().suggestions.get(diagnostic_class__code="sinus_bradycardia")
    assert "50" in found.evidence


def test_each_class_of_the_model_has_a_stored_verdict(bradycardia, now):
    runs.run_next(now=now)
    states = {one["class"]: one["state"] for one in SuggestionRun.objects.get().verdicts}
    assert set(states) == set(criteria.COVERED)
    assert (states["sinus_bradycardia"], states["sinus_tachycardia"]) == ("suggested", "not_met")


def test_the_measurements_are_stored(bradycardia, now):
    runs.run_next(now=now)
    assert 38 < SuggestionRun.objects.get().measurements["heart_rate_bpm"]["value"] < 49


def test_a_run_is_finished_once(bradycardia, now):
    assert [runs.run_next(now=now), runs.run_next(now=now)] == [True, False]


def test_asking_again_for_suggestions_changes_nothing(bradycardia, now):
    runs.run_next(now=now)
    suggestion_requests.request(exams=[bradycardia], now=now)
    assert not runs.run_next(now=now)


def test_a_tracing_that_cannot_be_measured_fails_with_a_reason(bradycardia, now, caplog):
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
    """Stands for a signal that kills the worker: nothing in the service may catch it."""


@pytest.fixture
def deadly(bradycardia, monkeypatch):
    """An exam that ends every worker that looks at it, first in the row."""
    real = runs._look_at

    def look_at(exam, formula):
        if exam == bradycardia:
            raise WorkerLost
        return real(exam, formula)

    monkeypatch.setattr(runs, "_look_at", look_at)
    return bradycardia


def test_an_exam_that_kills_workers_lets_the_others_pass(deadly, make_exam, now):
    suggestion_requests.request(exams=[make_exam()], now=now)
    with pytest.raises(WorkerLost):
        runs.run_next(now=now)
    runs.run_next(now=now)
    assert [run.exam for run in SuggestionRun.objects.due()] == [deadly]


def test_an_exam_that_kills_workers_is_given_up(deadly, now):
    for _ in range(runs.MAX_ATTEMPTS):
        with pytest.raises(WorkerLost):
            runs.run_next(now=now)
    assert runs.run_next(now=now)
    assert SuggestionRun.objects.get().failure == SuggestionFailure.GIVEN_UP
    assert not runs.run_next(now=now)


def test_an_exam_that_another_worker_takes_meanwhile_is_left_to_it(
    bradycardia, taxonomy, now, monkeypatch
):
    def taken(_taxonomies):
        SuggestionRun.objects.update(finished_at=now)
        return taxonomy

    monkeypatch.setattr(TaxonomyQuerySet, "newest", taken)
    assert runs.run_next(now=now)
    assert not SuggestionRun.objects.get().suggestions.exists()


def test_without_a_taxonomy_no_attempt_is_counted(make_exam, now):
    suggestion_requests.request(exams=[make_exam()], now=now)
    with pytest.raises(Taxonomy.DoesNotExist):
        runs.run_next(now=now)
    assert SuggestionRun.objects.get().n_attempts == 0


def test_tracings_are_kept_outside_the_row_as_they_are(bradycardia):
    with connection.cursor() as cursor:
        cursor.execute(
            "select attstorage from pg_attribute"
            " where attrelid = 'annotations_tracing'::regclass and attname = 'packed'"
        )
        assert cursor.fetchone() == ("e",)

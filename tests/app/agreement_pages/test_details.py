"""Details stored with a report version: study facts, reader profiles, suggestion effect."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from annotations.models import (
    AgreementReport,
    AgreementRun,
    Batch,
    Consensus,
    DetailKind,
    ReaderLevel,
    RunStage,
    Scope,
)
from annotations.services.agreement import (
    details,
    inputs,
    refresh,
    results,
    study_facts,
)
from annotations.services.agreement.inputs import OpenReadings
from annotations.services.consensus import labels
from annotations.services.counts import runs
from annotations.services.studies import lifecycle, protocols
from ecgreview.agreement.accuracy import reader_profiles
from ecgreview.agreement.accuracy.reader_profiles import Against
from ecgreview.report_writing import Tally
from tests.app.agreement_pages.pages import address
from tests.app.builders import NOW

pytestmark = pytest.mark.django_db


def run_pending_work(now):
    """Compute all agreement and consensus that is due."""
    while refresh.work_next(now=now) or labels.refresh_next(now=now):
        pass


@pytest.fixture(scope="module")
def settled_batch(module_db, closed_batch):
    """The closed batch, after everything that depends on its consensus is computed."""
    with module_db():
        run_pending_work(NOW + timedelta(hours=1))
        return closed_batch


@pytest.fixture
def settled(db, settled_batch):
    return Batch.objects.get(pk=settled_batch)


@pytest.fixture
def promoted(settled, ana):
    """Ana, whose level has changed since the last version."""
    ana.level = ReaderLevel.SENIOR
    ana.save(update_fields=["level"])
    return ana


def newest(batch):
    return AgreementReport.objects.filter(batch=batch).order_by("number").last()


def gathered(batch):
    return inputs.gather(Scope(batch.study_id, batch.pk), software="")


def facts(report, user):
    stored = details.facts_of(report, user)
    assert stored
    return stored


def delete_labels(batch):
    """Delete the consensus labels of one exam of the study, and make its row due."""
    consensus = Consensus.objects.filter(study=batch.study).first()
    assert consensus
    consensus.labels.all().delete()
    consensus.class_states = {}
    consensus.inputs = consensus.digest = ""
    consensus.save(update_fields=["class_states", "inputs", "digest"])


def digests(report):
    rows = report.details.values_list("kind", "reader", "inputs_digest")
    return {(kind, reader): digest for kind, reader, digest in rows}


def add_version_without_details(report):
    """Store the next version without details, as earlier releases did."""
    return AgreementReport.objects.create(
        study=report.study, batch=report.batch, number=report.number + 1, taxonomy=report.taxonomy,
        protocol_version=report.protocol_version, method_version=report.method_version,
        inputs_digest=report.inputs_digest, computed_at=report.computed_at,
        checked_at=report.checked_at, n_readings=report.n_readings, results=report.results,
    )  # fmt: skip


# -- Versions -----------------------------------------------------------------------------------


def test_each_reader_has_a_stored_profile(settled, ana, bruno, carla):
    profiles = newest(settled).details.filter(kind=DetailKind.READER)
    assert set(profiles.values_list("reader", flat=True)) == {ana.pk, bruno.pk, carla.pk}


def test_a_stored_profile_equals_the_computed_one(settled, ana, davi):
    readings = gathered(settled).readings
    assert isinstance(readings, OpenReadings)
    stored = details.reader_of(newest(settled), davi, ana.pk)
    assert stored
    for against in Against:
        computed = reader_profiles.profile(
            readings.references, ana.pk, readings.times[ana.pk], against=against
        )
        assert stored.profiles[against] == computed.without_unused_classes()


def test_a_stored_suggestion_effect_equals_the_computed_one(settled, davi):
    assert details.arms_of(newest(settled), davi) == gathered(settled).trial


def test_unchanged_inputs_make_no_new_version(settled, now):
    before = newest(settled)
    assert refresh.refresh(batch=settled, now=now + timedelta(hours=1)) == before


def test_a_changed_consensus_makes_a_new_version_with_the_same_coefficients(settled, now):
    before = newest(settled)
    delete_labels(settled)
    after = refresh.refresh(batch=settled, now=now)
    assert after.number == before.number + 1
    assert after.results == before.results
    assert digests(after).keys() == digests(before).keys()


def test_a_version_keeps_the_profiles_of_its_consensus(settled, ana, davi, now):
    before = newest(settled)
    profile = details.reader_of(before, davi, ana.pk)
    delete_labels(settled)
    refresh.refresh(batch=settled, now=now)
    assert details.reader_of(before, davi, ana.pk) == profile
    assert details.reader_of(newest(settled), davi, ana.pk) != profile


def test_a_changed_consensus_requests_runs(settled, now):
    delete_labels(settled)
    assert not AgreementRun.objects.unfinished().exists()
    labels.compute(study=settled.study, now=now)
    requested = AgreementRun.objects.unfinished().values_list("batch", flat=True)
    assert set(requested) == {settled.pk, None}


def test_an_unchanged_consensus_requests_no_run(settled, now):
    labels.compute(study=settled.study, now=now)
    assert not AgreementRun.objects.unfinished().filter(batch=settled).exists()


def test_details_of_unchanged_inputs_are_reused(settled, promoted, now, monkeypatch):
    before = newest(settled)
    monkeypatch.setattr(reader_profiles, "profile", None)
    after = refresh.refresh(batch=settled, now=now)
    kinds = {kind for (kind, _), digest in digests(after).items() - digests(before).items()}
    assert (after.number, kinds) == (before.number + 1, {"facts"})


def test_a_detail_reused_twice_is_stored_once(settled, promoted, ana, davi, now):
    first = newest(settled)
    refresh.refresh(batch=settled, now=now)
    promoted.level = ReaderLevel.TRAINEE
    promoted.save(update_fields=["level"])
    third = refresh.refresh(batch=settled, now=now)
    third_detail = third.details.get(reader=ana)
    assert (third_detail.results, third_detail.taken_from) == (None, first.details.get(reader=ana))
    profiles = [details.reader_of(report, davi, ana.pk) for report in (first, third)]
    assert profiles[0] == profiles[1] is not None


def test_a_run_can_be_canceled_between_two_readers(settled, davi, now, monkeypatch):
    original = results.reader_detail

    def cancel_then_compute(*args):
        run = AgreementRun.objects.unfinished().get()
        assert (run.stage, run.n_total) == (RunStage.COMPARING, 4)
        runs.cancel(run_id=run.pk, actor=davi, now=now)
        return original(*args)

    monkeypatch.setattr(results, "reader_detail", cancel_then_compute)
    with pytest.raises(runs.Canceled):
        refresh.refresh(batch=settled, now=now)
    assert AgreementRun.objects.latest("pk").report is None


# -- Study facts --------------------------------------------------------------------------------


def test_an_old_version_keeps_its_study_facts(settled, promoted, davi, now):
    before = newest(settled)
    after = refresh.refresh(batch=settled, now=now)
    levels = [facts(report, davi).readers.levels for report in (before, after)]
    assert levels == [(Tally("2", 3),), (Tally("2", 2), Tally("3", 1))]


def test_a_new_software_version_makes_no_new_report_version(settled, now, settings):
    before = newest(settled)
    settings.VERSION = "99"
    assert refresh.refresh(batch=settled, now=now) == before


def test_stored_facts_are_localized_when_shown(settled, davi):
    report = newest(settled)
    stored = facts(report, davi)
    assert [tally.name for tally in stored.readers.levels] == ["2"]
    localized = study_facts.localized(stored, report)
    assert [tally.name for tally in localized.readers.levels] == ["Cardiologist"]


def test_a_version_without_facts_shows_that_none_are_stored(settled, signed_in, davi):
    add_version_without_details(newest(settled))
    text = signed_in(davi).get(address("batch", "report", settled)).content.decode()
    assert "This version has no stored study facts" in text


def test_a_version_without_facts_uses_its_protocol_version(settled, study, davi, now):
    report = add_version_without_details(newest(settled))
    rules = protocols.protocol_of(study)
    amended = replace(rules, minimum_reader_level=3)
    lifecycle.amend(study_id=study.pk, protocol=amended, reason="Seniors.", actor=davi, now=now)
    design = study_facts.of_report(report).design
    assert design.minimum_reader_level == rules.minimum_reader_level


@pytest.mark.parametrize("part", ["reader", "suggestions"])
def test_a_version_without_details_shows_that_none_are_stored(settled, signed_in, davi, part):
    add_version_without_details(newest(settled))
    text = signed_in(davi).get(address("batch", part, settled)).content.decode()
    assert re.search(r"This version .*\. Newer versions (do|have)", text)

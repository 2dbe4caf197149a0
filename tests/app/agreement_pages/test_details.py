"""What is stored with a version beside its coefficients: facts, profiles, suggestions."""

from __future__ import annotations

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
from tests.app.conftest import NOW

pytestmark = pytest.mark.django_db


def settle(now):
    """Let the workers finish all that is due."""
    while refresh.work_next(now=now) or labels.refresh_next(now=now):
        pass


@pytest.fixture(scope="module")
def settled_batch(module_db, closed_batch):
    """The closed batch, when all that follows from its consensus is computed too."""
    with module_db():
        settle(NOW + timedelta(hours=1))
        return closed_batch


@pytest.fixture
def settled(db, settled_batch):
    return Batch.objects.get(pk=settled_batch)


@pytest.fixture
def promoted(settled, ana):
    """What is known of Ana has changed since the last version."""
    ana.level = ReaderLevel.SENIOR
    ana.save(update_fields=["level"])
    return ana


def newest(batch):
    return AgreementReport.objects.filter(batch=batch).order_by("number").last()


def gathered(batch):
    return inputs.gather(Scope(batch.study_id, batch.pk), software="")


def facts(report, user):
    found = details.facts_of(report, user)
    assert found
    return found


def lose_labels(batch):
    """Take the labels from one consensus of the study."""
    one = Consensus.objects.filter(study=batch.study).first()
    assert one
    one.labels.all().delete()
    one.class_states = {}
    one.save(update_fields=["class_states"])


def digests(report):
    rows = report.details.values_list("kind", "reader", "inputs_digest")
    return {(kind, reader): digest for kind, reader, digest in rows}


def without_details(report):
    """Return the next version of the same scope as an earlier product stored it."""
    return AgreementReport.objects.create(
        study=report.study, batch=report.batch, number=report.number + 1, taxonomy=report.taxonomy,
        protocol_version=report.protocol_version, method_version=report.method_version,
        inputs_digest=report.inputs_digest, computed_at=report.computed_at,
        checked_at=report.checked_at, n_readings=report.n_readings, results=report.results,
    )  # fmt: skip


# -- Versions -----------------------------------------------------------------------------------


def test_each_reader_has_a_profile_in_the_version(settled, ana, bruno, carla):
    found = newest(settled).details.filter(kind=DetailKind.READER)
    assert set(found.values_list("reader", flat=True)) == {ana.pk, bruno.pk, carla.pk}


def test_a_stored_profile_is_the_computed_one(settled, ana, davi):
    readings = gathered(settled).readings
    assert isinstance(readings, OpenReadings)
    stored = details.reader_of(newest(settled), davi, ana.pk)
    assert stored
    for against in Against:
        made = reader_profiles.profile(
            readings.references, ana.pk, readings.times[ana.pk], against=against
        )
        assert stored.profiles[against] == made.of_classes_met()


def test_stored_arms_are_the_computed_ones(settled, davi):
    assert details.arms_of(newest(settled), davi) == gathered(settled).trial


def test_nothing_new_makes_no_new_version(settled, now):
    before = newest(settled)
    assert refresh.refresh(batch=settled, now=now + timedelta(hours=1)) == before


def test_another_consensus_is_another_version_of_the_same_numbers(settled, now):
    before = newest(settled)
    lose_labels(settled)
    after = refresh.refresh(batch=settled, now=now)
    assert after.number == before.number + 1
    assert after.results == before.results
    assert digests(after).keys() == digests(before).keys()


def test_a_version_keeps_the_profiles_of_its_consensus(settled, ana, davi, now):
    before = newest(settled)
    told = details.reader_of(before, davi, ana.pk)
    lose_labels(settled)
    refresh.refresh(batch=settled, now=now)
    assert details.reader_of(before, davi, ana.pk) == told
    assert details.reader_of(newest(settled), davi, ana.pk) != told


def test_a_new_consensus_asks_for_a_new_version(settled, now):
    lose_labels(settled)
    assert not AgreementRun.objects.unfinished().exists()
    labels.compute(study=settled.study, now=now)
    asked = AgreementRun.objects.unfinished().values_list("batch", flat=True)
    assert set(asked) == {settled.pk, None}


def test_the_same_consensus_asks_for_no_new_version_of_a_batch(settled, now):
    labels.compute(study=settled.study, now=now)
    assert not AgreementRun.objects.unfinished().filter(batch=settled).exists()


def test_what_is_made_from_the_same_is_taken_over(settled, promoted, now, monkeypatch):
    before = newest(settled)
    monkeypatch.setattr(reader_profiles, "profile", None)
    after = refresh.refresh(batch=settled, now=now)
    kinds = {kind for (kind, _), digest in digests(after).items() - digests(before).items()}
    assert (after.number, kinds) == (before.number + 1, {"facts"})


def test_what_is_taken_over_twice_is_held_once(settled, promoted, ana, davi, now):
    first = newest(settled)
    refresh.refresh(batch=settled, now=now)
    promoted.level = ReaderLevel.TRAINEE
    promoted.save(update_fields=["level"])
    third = refresh.refresh(batch=settled, now=now)
    mine = third.details.get(reader=ana)
    assert (mine.results, mine.taken_from) == (None, first.details.get(reader=ana))
    told = [details.reader_of(one, davi, ana.pk) for one in (first, third)]
    assert told[0] == told[1] is not None


def test_a_run_is_cancelled_between_two_readers(settled, davi, now, monkeypatch):
    made = results.reader_detail

    def cancel_then_make(*args):
        run = AgreementRun.objects.unfinished().get()
        assert (run.stage, run.n_total) == (RunStage.COMPARING, 4)
        runs.cancel(run_id=run.pk, actor=davi, now=now)
        return made(*args)

    monkeypatch.setattr(results, "reader_detail", cancel_then_make)
    with pytest.raises(runs.Cancelled):
        refresh.refresh(batch=settled, now=now)
    assert AgreementRun.objects.latest("pk").report is None


# -- Facts --------------------------------------------------------------------------------------


def test_an_old_version_tells_what_was_so_then(settled, promoted, davi, now):
    before = newest(settled)
    after = refresh.refresh(batch=settled, now=now)
    levels = [facts(one, davi).readers.levels for one in (before, after)]
    assert levels == [(Tally("2", 3),), (Tally("2", 2), Tally("3", 1))]


def test_other_software_makes_no_other_version(settled, now, settings):
    before = newest(settled)
    settings.VERSION = "99"
    assert refresh.refresh(batch=settled, now=now) == before


def test_facts_speak_the_language_of_who_reads_them(settled, davi):
    report = newest(settled)
    stored = facts(report, davi)
    assert [one.name for one in stored.readers.levels] == ["2"]
    told = study_facts.localized(stored, report)
    assert [one.name for one in told.readers.levels] == ["Cardiologist"]


def test_a_version_without_facts_says_so(settled, signed_in, davi):
    without_details(newest(settled))
    text = signed_in(davi).get(address("batch", "report", settled)).content.decode()
    assert "This version has no stored study facts" in text


def test_a_version_without_facts_tells_the_rules_it_names(settled, study, davi, now):
    report = without_details(newest(settled))
    rules = protocols.protocol_of(study)
    wanted = replace(rules, minimum_reader_level=3)
    lifecycle.amend(study_id=study.pk, protocol=wanted, reason="Seniors.", actor=davi, now=now)
    design = study_facts.of_report(report).design
    assert design.minimum_reader_level == rules.minimum_reader_level


@pytest.mark.parametrize("part", ["reader", "suggestions"])
def test_a_version_without_details_says_so(settled, signed_in, davi, part):
    without_details(newest(settled))
    text = signed_in(davi).get(address("batch", part, settled)).content.decode()
    assert "This version has no" in text

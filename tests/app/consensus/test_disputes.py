"""Disputed and incomplete exams are distinguished in pages, exports and the API."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest
from django.core.management import call_command
from django.urls import reverse
from rest_framework.test import APIClient

from annotations import tasks
from annotations.models import Batch, Consensus, Role, StudyReader
from annotations.services.assignment import batches, leases, pool_slots
from annotations.services.consensus import adjudications, labels
from annotations.services.export import jobs
from annotations.services.studies import roster
from annotations.views.studies.forms import QUICK_RULES
from ecgreview.consensus import DEFAULT_RULE, RULES
from ecgreview.protocol import Protocol
from tests.app.adjudicating import decide
from tests.app.kept import kept

AF, AVB, LVH = "atrial_fibrillation", "first_degree_av_block", "left_ventricular_hypertrophy"
RBBB = "right_bundle_branch_block"
ABSTAINED = {"outcome": "abstained", "quality": ""}


@pytest.fixture(autouse=True)
def no_broker(monkeypatch):
    monkeypatch.setattr(tasks, "nudge", lambda task: None)


@kept
def carla(make_user):
    """A third reader."""
    return make_user("Carla", Role.READER)


@pytest.fixture
def adjudicate(close, clara, davi, now):
    """Send the disputed exam of a batch to Clara, who decides it; close her batch."""

    def make(batch, *codes):
        sent = adjudications.send_disputed(
            batch_id=batch.pk, readers=[clara], created_by=davi, now=now
        )
        decide(sent.assignments.get(), *codes, now=now)
        return close(sent)

    return make


def states_in_zip(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (name,) = [path for path in archive.namelist() if path.endswith("consensus.csv")]
        return states_in_table(archive.read(name).decode())


def states_in_table(text):
    (row,) = csv.DictReader(io.StringIO(text))
    return {code: row[code] for code in (AVB, LVH, AF)}


def states_in_every_export(study, rosa, folder, now):
    api = APIClient()
    api.force_login(rosa, backend="django.contrib.auth.backends.ModelBackend")
    requested = jobs.request(study=study, actor=rosa, now=now)
    jobs.make_next(now=now)
    page = api.get(reverse("study-export-file", args=[study.slug, requested.key]))
    archive = api.get(f"/api/studies/{study.slug}/export/")
    call_command("export_consensus", study.slug, str(folder), stdout=io.StringIO())
    (row,) = api.get(f"/api/studies/{study.slug}/consensus/").json()["results"]
    return {
        "page": states_in_zip(b"".join(page)),
        "API archive": states_in_zip(b"".join(archive)),
        "export_consensus": states_in_table((folder / "consensus.csv").read_text()),
        "API": {code: row["class_states"].get(code, row["rest_state"]) for code in (AVB, LVH, AF)},
    }


@pytest.mark.parametrize("address", ["/batches/{}/adjudication/", "/api/batches/{}/adjudication/"])
def test_with_many_readings_adjudication_waits_for_the_worker(
    study, read, ana, bruno, clara, davi, signed_in, now, monkeypatch, address
):
    batch = read({ana: [AVB, LVH], bruno: [LVH]})
    labels.compute(study=study, now=now)
    Batch.objects.filter(pk=batch.pk).update(consensus_is_due=True)
    monkeypatch.setattr(adjudications, "MAX_READINGS_IN_REQUEST", 1)

    def send():
        if "api" in address:
            options = {"data": {"readers": [clara.username]}, "content_type": "application/json"}
        else:
            options = {"data": {"readers": [clara.pk]}}
        return client.post(address.format(batch.pk), **options)

    client = signed_in(davi)
    response = send()
    assert (response.status_code, Batch.objects.count()) == (409, 1)
    assert "Try again in a minute" in response.content.decode()
    assert Batch.objects.get().consensus_is_due

    labels.compute(study=study, now=now)
    assert send().status_code in {201, 302}


def test_a_disputed_class_is_undecided_in_every_export_until_adjudication(
    study, read, adjudicate, ana, bruno, clara, davi, rosa, signed_in, now, tmp_path
):
    batch = read({ana: [AVB, LVH], bruno: [LVH]})
    labels.compute(study=study, now=now)
    row = Consensus.objects.get()
    assert (row.outcome, row.state(AVB), row.state(LVH)) == ("disputed", "undecided", "present")

    page = signed_in(davi).get(f"/batches/{batch.pk}/")
    assert page.context["n_disputed"] == 1
    assert "Send to adjudication" in page.content.decode()
    for name, states in states_in_every_export(study, rosa, tmp_path, now).items():
        assert states == {AVB: "undecided", LVH: "present", AF: "absent"}, name

    adjudicate(batch, AVB)
    labels.compute(study=study, now=now)
    for name, states in states_in_every_export(study, rosa, tmp_path, now).items():
        assert states == {AVB: "present", LVH: "present", AF: "absent"}, name
    row = Consensus.objects.get()
    assert (row.outcome, row.adjudicated) == ("majority", [AVB])


def test_an_adjudicator_votes_only_on_the_disputed_class(
    study, read, adjudicate, outcome, ana, bruno, now
):
    adjudicate(read({ana: [AVB, LVH], bruno: [LVH]}))
    votes = outcome().labels.values_list("diagnostic_class__code", "n_positive", "n_readings")
    assert {code: (n, of) for code, n, of in votes} == {AVB: (1, 3), LVH: (2, 2)}


def test_the_page_marks_the_disputed_class(study, read, outcome, ana, bruno, davi, signed_in):
    read({ana: [AVB, LVH], bruno: [LVH]})
    outcome()
    page = signed_in(davi).get(f"/studies/{study.slug}/consensus/")
    (line,) = page.context["lines"]
    states = {vote.label.diagnostic_class.code: vote.state for vote in line.votes}
    assert (line.short, states) == ("In dispute", {AVB: "undecided", LVH: "present"})
    assert "in dispute</span>" in page.content.decode()


class TestExamWithoutEnoughReadings:
    """The exam is incomplete, not disputed, so it is not offered for adjudication."""

    @pytest.fixture
    def batch(self, read, outcome, ana, bruno):
        batch = read({ana: [AF], bruno: None})
        outcome()
        return batch

    def test_is_incomplete(self, batch):
        row = Consensus.objects.get()
        assert (row.outcome, row.reason, row.state(AF)) == (
            "incomplete", "readings_missing", "incomplete",
        )  # fmt: skip

    def test_is_not_sent_to_adjudicators(self, batch, clara, davi, now):
        with pytest.raises(adjudications.NothingDisputed):
            adjudications.send_disputed(
                batch_id=batch.pk, readers=[clara], created_by=davi, now=now
            )

    def test_is_listed_separately_on_the_page_of_its_batch(self, batch, clara, davi, signed_in):
        page = signed_in(davi).get(f"/batches/{batch.pk}/")
        assert (page.context["n_disputed"], page.context["n_short"]) == (0, 1)
        assert "1 exam lacks readings" in page.content.decode()
        assert "Send to adjudication" not in page.content.decode()

    def test_is_counted_separately_on_the_page_of_its_study(self, batch, davi, signed_in, study):
        page = signed_in(davi).get(f"/studies/{study.slug}/")
        assert [
            (outcome_count.value, outcome_count.n) for outcome_count in page.context["outcomes"]
        ] == [("incomplete", 1)]

    def test_prefills_the_form_of_a_new_batch(self, batch, davi, signed_in, study):
        address = f"/studies/{study.slug}/batches/new/?lacking={batch.pk}"
        form = signed_in(davi).get(address).context["form"]
        assert form["codes"].value() == Consensus.objects.get().exam.code

    def test_is_hidden_from_a_coordinator_who_reads_in_the_study(
        self, batch, davi, signed_in, study, now
    ):
        StudyReader.objects.create(study=study, user=davi, status_since=now, added_at=now)
        address = f"/studies/{study.slug}/batches/new/?lacking={batch.pk}"
        assert signed_in(davi).get(address).context["form"]["codes"].value() == ""


class TestReadingsNeeded:
    """The number of readings an exam needs before it can be disputed instead of incomplete."""

    def test_come_from_the_protocol_version_of_the_batch(
        self, read, outcome, amend, ana, bruno, carla
    ):
        amend(readers_per_exam=3)
        read({ana: [AF], bruno: []})
        row = outcome()
        assert (row.outcome, row.n_wanted) == ("incomplete", 3)

    def test_do_not_change_with_a_later_protocol_version(self, read, outcome, amend, ana, bruno):
        read({ana: [AF], bruno: []})
        amend(readers_per_exam=3)
        row = outcome()
        assert (row.outcome, row.n_wanted) == ("disputed", 2)

    def test_are_the_maximum_over_batches(self, read, outcome, amend, make_exam, ana, bruno, carla):
        exam = make_exam()
        read({ana: [AF], bruno: []}, exam)
        amend(readers_per_exam=3, consensus_rule="majority_per_class")
        read({carla: [AF]}, exam)
        row = outcome()
        assert (row.outcome, row.n_wanted, row.state(AF)) == ("majority", 3, "present")

    def test_do_not_grow_with_extra_readers(self, read, outcome, ana, bruno, carla):
        read({ana: [AF], bruno: [], carla: None})
        row = outcome()
        assert (row.outcome, row.n_wanted) == ("disputed", 2)

    def test_are_at_least_two(self, read, outcome, amend, ana):
        amend(readers_per_exam=1)
        read({ana: [AF]})
        assert outcome().outcome == "incomplete"

    def test_are_the_slots_of_a_pool(
        self, study, make_exam, submit, close, outcome, ana, bruno, carla, davi, now
    ):
        planned = pool_slots.create_pool(
            study=study, name="Pool", exams=[make_exam()], readers=[ana, bruno, carla],
            readers_per_exam=3, lease_minutes=30, created_by=davi, now=now,
        )  # fmt: skip
        pool = batches.release(batch_id=planned.pk, actor=davi, now=now)
        for reader, codes in ((ana, [AF]), (bruno, [])):
            submit(leases.take(batch_id=pool.pk, reader=reader, now=now), *codes)
        close(pool)
        row = outcome()
        assert (row.outcome, row.n_wanted, row.n_readings) == ("incomplete", 3, 2)

    def test_an_untaken_exam_of_a_pool_is_incomplete(
        self, study, make_exam, close, outcome, ana, bruno, davi, now
    ):
        planned = pool_slots.create_pool(
            study=study, name="Pool", exams=[make_exam()], readers=[ana, bruno],
            lease_minutes=30, created_by=davi, now=now,
        )  # fmt: skip
        close(batches.release(batch_id=planned.pk, actor=davi, now=now))
        row = outcome()
        assert (row.outcome, row.n_readings) == ("incomplete", 0)

    def test_a_withdrawn_reader_leaves_a_reading_missing(
        self, make_batch, study, submit, close, outcome, ana, bruno, davi, now
    ):
        batch = make_batch()
        submit(batch.assignments.get(reader=ana), AF)
        roster.withdraw(study=study, user=bruno, reason="Moved.", actor=davi, now=now)
        close(batch)
        assert outcome().outcome == "incomplete"

    def test_readings_of_a_withdrawn_reader_count(
        self, read, study, outcome, ana, bruno, davi, now
    ):
        read({ana: [AF], bruno: [AF]})
        roster.withdraw(study=study, user=bruno, reason="Moved.", actor=davi, now=now)
        assert outcome().outcome == "agreement"

    def test_an_abstention_leaves_a_reading_missing_until_another_batch(
        self, make_batch, read, submit, close, outcome, ana, bruno, carla
    ):
        batch = make_batch()
        submit(batch.assignments.get(reader=ana), AF)
        submit(batch.assignments.get(reader=bruno), **ABSTAINED)
        close(batch)
        assert outcome().outcome == "incomplete"
        read({carla: [AF]}, batch.assignments.first().exam)
        assert outcome().outcome == "agreement"


class TestConsensusRule:
    def test_adjudicates_every_disagreement_by_default(self, study):
        rules = {DEFAULT_RULE, Protocol(name="A", taxonomy="b 1").consensus_rule}
        assert rules | {study.consensus_rule} == {"union_then_adjudicate"}

    def test_is_that_of_the_protocol(self, read, outcome, amend, ana, bruno):
        amend(consensus_rule="agreement_then_majority")
        read({ana: [AVB, LVH], bruno: [LVH]})
        row = outcome()
        assert (row.rule, row.outcome, row.state(AVB)) == (
            "agreement_then_majority 2", "majority", "absent",
        )  # fmt: skip

    def test_of_an_amendment_applies_to_closed_batches_at_once(self, read, amend, ana, bruno):
        batch = read({ana: [AVB], bruno: []})
        Batch.objects.update(consensus_is_due=False)
        amend(patient_gap=3)
        assert not Batch.objects.get(pk=batch.pk).consensus_is_due
        amend(consensus_rule="k_of_n")
        assert Batch.objects.get(pk=batch.pk).consensus_is_due

    def test_of_two_votes_is_named_on_the_page(
        self, read, outcome, amend, study, ana, bruno, davi, signed_in
    ):
        amend(consensus_rule="agreement_then_majority")
        read({ana: [AVB, LVH], bruno: [LVH]})
        outcome()
        page = signed_in(davi).get(f"/studies/{study.slug}/consensus/")
        assert [outcome_count.short for outcome_count in page.context["outcomes"]] == [
            "At least two votes"
        ]
        (line,) = page.context["lines"]
        assert line.short == "At least two votes"

    @pytest.mark.parametrize(
        ("address", "choices"),
        [("/studies/new/", QUICK_RULES), ("/studies/draft/setup/reading/", RULES)],
    )
    def test_can_be_chosen_in_both_forms(self, davi, signed_in, make_study, address, choices):
        make_study(name="Draft", is_open=False)
        field = signed_in(davi).get(address).context["form"]["consensus_rule"]
        assert [value for value, _ in field.field.choices] == list(choices)
        assert field.value() == DEFAULT_RULE


class TestVotes:
    """Only readings of closed batches of the study vote."""

    def test_readings_of_another_study_do_not_vote(
        self, read, outcome, make_study, make_exam, submit, close, ana, bruno, carla, davi, now
    ):
        exam = make_exam()
        read({ana: [AF], bruno: [AF]}, exam)
        other_batch = batches.create(
            study=make_study(name="Evening list"), name="Batch 1", exams=[exam],
            readers=[carla], created_by=davi, now=now,
        )  # fmt: skip
        submit(other_batch.assignments.get(), RBBB)
        close(other_batch)
        row = outcome()
        assert (row.outcome, row.n_readings) == ("agreement", 2)

    def test_readings_of_an_open_batch_do_not_vote(
        self, read, outcome, make_batch, make_exam, submit, ana, bruno, carla
    ):
        exam = make_exam()
        read({ana: [AF], bruno: [AF]}, exam)
        submit(make_batch([exam], [carla]).assignments.get(), RBBB)
        row = outcome()
        assert (row.outcome, row.n_readings) == ("agreement", 2)


def test_an_adjudicator_of_another_study_votes_as_a_reader(
    read, adjudicate, outcome, make_study, make_exam, submit, close, ana, bruno, clara, davi, now
):
    exam = make_exam()
    other = make_study(name="Evening list")
    planned = batches.create(
        study=other, name="Batch 1", exams=[exam], readers=[bruno, clara], created_by=davi, now=now
    )
    for assignment in planned.assignments.all():
        submit(assignment, LVH)
    adjudicate(read({ana: [AF], bruno: []}, exam), AF)
    close(planned)
    labels.compute(study=other, now=now)
    assert Consensus.objects.get(study=other).outcome == "agreement"


def test_no_batch_stays_due(read, outcome, ana, bruno):
    read({ana: [AF], bruno: []})
    outcome()
    assert not Batch.objects.filter(consensus_is_due=True).exists()

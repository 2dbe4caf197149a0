"""Suggestions stay hidden until the reader's blind reading, except in the concurrent arm."""

from __future__ import annotations

import pytest
from django.urls import reverse

from annotations.models import Arm, Assignment, AuditEvent, Exposure, SuggestionModel, SuggestionRun
from annotations.services.assignment import batches, handout
from annotations.services.reading import corrections
from annotations.services.studies import protocols
from tests.app.kept import kept


@kept
def suggested_exam(make_exam, now):
    """An exam with a finished suggestion run."""
    exam = make_exam()
    model = SuggestionModel.objects.create(
        name="probe", version="1", covered_classes=[], created_at=now
    )
    SuggestionRun.objects.create(exam=exam, model=model, requested_at=now, finished_at=now)
    return exam


def sees_suggestions(reader):
    return SuggestionRun.objects.visible_to(reader).exists()


def test_suggestions_are_hidden_before_the_reading(assign, suggested_exam, ana):
    assign(ana, suggested_exam)
    assert not sees_suggestions(ana)


def test_suggestions_are_visible_after_the_reading(assign, suggested_exam, ana, submit):
    submit(assign(ana, suggested_exam), "artifact")
    assert sees_suggestions(ana)


def test_suggestions_are_hidden_while_another_reading_is_due(assign, suggested_exam, ana, submit):
    submit(assign(ana, suggested_exam), "artifact")
    assign(ana, suggested_exam)
    assert not sees_suggestions(ana)


def test_an_unread_assignment_of_a_closed_batch_shows_no_suggestions(
    assign, suggested_exam, ana, submit, close, signed_in
):
    unread = assign(ana, suggested_exam)
    close(unread.batch)
    submit(assign(ana, suggested_exam), "artifact")
    address = reverse("api-assignment-suggestions", args=[unread.pk])
    assert signed_in(ana).get(address).status_code == 404


# -- The arms of a study ------------------------------------------------------------------------

POLICIES = {
    "none": {"suggestion_policy": "none"},
    "after_commit": {"suggestion_policy": "after_commit"},
    "concurrent": {"suggestion_policy": "concurrent"},
}
ARMS = [{"arm": "none", "weight": 1}, {"arm": "concurrent", "weight": 1}]


@pytest.fixture
def assign_under(make_study, davi, now):
    """Assign an exam to a reader in a study with this suggestion policy."""

    def make(policy, reader, exam, name="One policy"):
        study = make_study(name=f"{name}: {policy}", **POLICIES[policy])
        return batches.create(
            study=study, name="Batch 1", exams=[exam], readers=[reader], created_by=davi, now=now
        ).assignments.get()

    return make


def request_suggestions(client, assignment):
    return client.get(reverse("api-assignment-suggestions", args=[assignment.pk])).status_code


@pytest.mark.parametrize(
    ("policy", "before", "after"),
    [("none", 404, 404), ("after_commit", 404, 200), ("concurrent", 200, 200)],
)
def test_the_endpoint_follows_the_policy(
    assign_under, suggested_exam, ana, submit, signed_in, policy, before, after
):
    assignment = assign_under(policy, ana, suggested_exam)
    client = signed_in(ana)
    first = request_suggestions(client, assignment)
    submit(assignment, "artifact")
    assert (first, request_suggestions(client, assignment)) == (before, after)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_queryset_follows_the_policy(assign_under, suggested_exam, ana, submit, policy):
    assignment = assign_under(policy, ana, suggested_exam)
    assert sees_suggestions(ana) == (policy == "concurrent")
    submit(assignment, "artifact")
    assert sees_suggestions(ana) == (policy != "none")


def test_a_blind_reading_due_in_one_study_hides_suggestions_in_another(
    assign_under, suggested_exam, ana, signed_in
):
    concurrent = assign_under("concurrent", ana, suggested_exam)
    assign_under("after_commit", ana, suggested_exam)
    assert request_suggestions(signed_in(ana), concurrent) == 404


def test_opening_a_submitted_exam_shows_no_suggestions_and_keeps_it_correctable(
    assign_under, suggested_exam, ana, submit, signed_in, now
):
    """Suggestions are only offered. The reading becomes final when the reader requests them."""
    assignment = assign_under("after_commit", ana, suggested_exam)
    client = signed_in(ana)
    address = reverse("api-assignment", args=[assignment.pk])
    payloads = [client.get(address).json()]
    reading = submit(assignment, "artifact")
    page = client.get(reverse("desk", args=[assignment.pk]))
    payloads.append(client.get(address).json())
    assert not Exposure.objects.exists()
    assert corrections.until(reading, now=reading.submitted_at) is not None
    assert page.context["assignment"]["suggestions"] == "offered"
    request_suggestions(client, assignment)
    payloads.append(client.get(address).json())
    assert [payload["suggestions"] for payload in payloads] == ["none", "offered", "shown"]
    assert payloads[-1]["undo_until"] is None


def test_a_study_without_suggestions_offers_none(
    assign_under, suggested_exam, ana, submit, signed_in
):
    assignment = assign_under("none", ana, suggested_exam)
    submit(assignment, "artifact")
    payload = signed_in(ana).get(reverse("api-assignment", args=[assignment.pk])).json()
    assert payload["suggestions"] == "none"


def test_showing_suggestions_is_audited_once(assign_under, suggested_exam, ana, signed_in):
    assignment = assign_under("concurrent", ana, suggested_exam)
    client = signed_in(ana)
    assert [request_suggestions(client, assignment) for _ in range(3)] == [200] * 3
    assert Exposure.objects.get().arm == "concurrent"
    assert AuditEvent.objects.filter(action="suggestion.shown", actor=ana).count() == 1


def test_refused_suggestions_are_not_recorded_as_shown(
    assign_under, suggested_exam, ana, signed_in
):
    request_suggestions(signed_in(ana), assign_under("after_commit", ana, suggested_exam))
    assert not Exposure.objects.exists()


def test_the_audit_event_states_that_the_exam_was_read(
    assign_under, suggested_exam, ana, submit, signed_in
):
    assignment = assign_under("after_commit", ana, suggested_exam)
    submit(assignment)
    request_suggestions(signed_in(ana), assignment)
    assert '"state":"read"' in AuditEvent.objects.get(action="suggestion.shown").after


def test_suggestions_of_another_readers_assignment_are_not_found(
    assign_under, suggested_exam, ana, bruno, signed_in
):
    assignment_of_bruno = assign_under("concurrent", bruno, suggested_exam)
    assert request_suggestions(signed_in(ana), assignment_of_bruno) == 404


@kept
def randomized(make_study):
    """A study that shows suggestions during half of the readings, at random."""
    return make_study(name="Randomized", suggestion_policy="randomised", suggestion_arms=ARMS)


def test_arms_are_drawn_per_assignment_and_stored(randomized, make_exam, ana, bruno, davi, now):
    batch = batches.create(
        study=randomized, name="Batch 1", exams=[make_exam() for _ in range(20)],
        readers=[ana, bruno], created_by=davi, now=now,
    )  # fmt: skip
    arms = list(batch.assignments.values_list("reader", "exam", "arm"))
    assert {arm for *_, arm in arms} == {Arm.NONE, Arm.CONCURRENT}
    rules = protocols.protocol_of(randomized)
    expected = [handout.arm_of(rules, randomized.seed, *pair) for *pair, _ in arms]
    assert expected == [x for *_, x in arms]


def test_suggestions_follow_the_arm_of_the_assignment(
    randomized, make_exam, ana, davi, now, signed_in
):
    # With fewer exams, all could be drawn into the same arm.
    exams = [make_exam() for _ in range(40)]
    model = SuggestionModel.objects.create(
        name="probe", version="1", covered_classes=[], created_at=now
    )
    SuggestionRun.objects.bulk_create(
        SuggestionRun(exam=exam, model=model, requested_at=now, finished_at=now) for exam in exams
    )
    batch = batches.create(
        study=randomized, name="Batch 1", exams=exams, readers=[ana], created_by=davi, now=now
    )
    client = signed_in(ana)
    statuses = {
        assignment.arm: request_suggestions(client, assignment)
        for assignment in batch.assignments.order_by("arm").distinct("arm")
    }
    assert statuses == {Arm.NONE: 404, Arm.CONCURRENT: 200}


def test_the_arm_of_an_assignment_is_hidden_from_its_reader(
    assign_under, suggested_exam, ana, signed_in
):
    """The payloads of assignments in two different arms have the same fields."""
    fields = []
    for policy in ("none", "after_commit"):
        assignment = assign_under(policy, ana, suggested_exam)
        payload = signed_in(ana).get(reverse("api-assignment", args=[assignment.pk])).json()
        fields.append(set(payload))
        assert "arm" not in payload
    assert fields[0] == fields[1]
    assert Assignment.objects.count() == 2

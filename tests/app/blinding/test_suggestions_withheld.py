"""A model is a reader too: nobody sees what it says before their own blind reading is signed."""

from __future__ import annotations

import pytest
from django.urls import reverse

from annotations.models import Arm, Assignment, AuditEvent, Exposure, SuggestionModel, SuggestionRun
from annotations.services.assignment import batches, handout
from annotations.services.reading import corrections
from annotations.services.studies import protocols


@pytest.fixture
def suggested(make_exam, now):
    """An exam that a model has finished with."""
    exam = make_exam()
    model = SuggestionModel.objects.create(
        name="probe", version="1", covered_classes=[], created_at=now
    )
    SuggestionRun.objects.create(exam=exam, model=model, requested_at=now, finished_at=now)
    return exam


def sees(reader):
    return SuggestionRun.objects.visible_to(reader).exists()


def test_nobody_sees_them_before_they_have_read(assign, suggested, ana):
    assign(ana, suggested)
    assert not sees(ana)


def test_who_has_read_sees_them(assign, suggested, ana, submit):
    submit(assign(ana, suggested), "artifact")
    assert sees(ana)


def test_who_is_to_read_the_exam_again_does_not(assign, suggested, ana, submit):
    submit(assign(ana, suggested), "artifact")
    assign(ana, suggested)
    assert not sees(ana)


def test_an_assignment_that_was_never_read_shows_none(
    assign, suggested, ana, submit, close, signed_in
):
    missed = assign(ana, suggested)
    close(missed.batch)
    submit(assign(ana, suggested), "artifact")
    address = reverse("api-assignment-suggestions", args=[missed.pk])
    assert signed_in(ana).get(address).status_code == 404


# -- The arms of a study ------------------------------------------------------------------------

POLICIES = {
    "none": {"suggestion_policy": "none"},
    "after_commit": {"suggestion_policy": "after_commit"},
    "concurrent": {"suggestion_policy": "concurrent"},
}
ARMS = [{"arm": "none", "weight": 1}, {"arm": "concurrent", "weight": 1}]


@pytest.fixture
def under(make_study, davi, now):
    """Give a reader an exam under a policy."""

    def make(policy, reader, exam, name="One policy"):
        study = make_study(name=f"{name}: {policy}", **POLICIES[policy])
        return batches.create(
            study=study, name="Batch 1", exams=[exam], readers=[reader], created_by=davi, now=now
        ).assignments.get()

    return make


def ask(client, assignment):
    return client.get(reverse("api-assignment-suggestions", args=[assignment.pk])).status_code


@pytest.mark.parametrize(
    ("policy", "before", "after"),
    [("none", 404, 404), ("after_commit", 404, 200), ("concurrent", 200, 200)],
)
def test_the_server_shows_what_the_policy_allows(
    under, suggested, ana, submit, signed_in, policy, before, after
):
    assignment = under(policy, ana, suggested)
    client = signed_in(ana)
    first = ask(client, assignment)
    submit(assignment, "artifact")
    assert (first, ask(client, assignment)) == (before, after)


@pytest.mark.parametrize("policy", POLICIES)
def test_rows_follow_the_same_rule_as_the_endpoint(under, suggested, ana, submit, policy):
    assignment = under(policy, ana, suggested)
    assert sees(ana) == (policy == "concurrent")
    submit(assignment, "artifact")
    assert sees(ana) == (policy != "none")


def test_what_is_still_to_be_read_blind_hides_what_another_study_shows(
    under, suggested, ana, signed_in
):
    shown = under("concurrent", ana, suggested)
    under("after_commit", ana, suggested)
    assert ask(signed_in(ana), shown) == 404


def test_opening_a_submitted_exam_shows_none_and_leaves_it_open_to_correction(
    under, suggested, ana, submit, signed_in, now
):
    """What a desk is told of them, before and after they were asked for."""
    assignment = under("after_commit", ana, suggested)
    client = signed_in(ana)
    address = reverse("api-assignment", args=[assignment.pk])
    told = [client.get(address).json()]
    reading = submit(assignment, "artifact")
    page = client.get(reverse("desk", args=[assignment.pk]))
    told.append(client.get(address).json())
    assert not Exposure.objects.exists()
    assert corrections.until(reading, now=reading.submitted_at) is not None
    assert page.context["assignment"]["suggestions"] == "offered"
    ask(client, assignment)
    told.append(client.get(address).json())
    assert [one["suggestions"] for one in told] == ["none", "offered", "shown"]
    assert told[-1]["undo_until"] is None


def test_a_study_that_shows_none_offers_none(under, suggested, ana, submit, signed_in):
    assignment = under("none", ana, suggested)
    submit(assignment, "artifact")
    told = signed_in(ana).get(reverse("api-assignment", args=[assignment.pk])).json()
    assert told["suggestions"] == "none"


def test_what_was_shown_is_logged_once(under, suggested, ana, signed_in):
    assignment = under("concurrent", ana, suggested)
    client = signed_in(ana)
    assert [ask(client, assignment) for _ in range(3)] == [200] * 3
    assert Exposure.objects.get().arm == "concurrent"
    assert AuditEvent.objects.filter(action="suggestion.shown", actor=ana).count() == 1


def test_what_was_not_shown_is_not_logged(under, suggested, ana, signed_in):
    ask(signed_in(ana), under("after_commit", ana, suggested))
    assert not Exposure.objects.exists()


def test_the_log_says_whether_the_blind_reading_was_in(under, suggested, ana, submit, signed_in):
    assignment = under("after_commit", ana, suggested)
    submit(assignment)
    ask(signed_in(ana), assignment)
    assert '"state":"read"' in AuditEvent.objects.get(action="suggestion.shown").after


def test_anothers_arm_is_no_way_in(under, suggested, ana, bruno, signed_in):
    theirs = under("concurrent", bruno, suggested)
    assert ask(signed_in(ana), theirs) == 404


@pytest.fixture
def randomised(make_study):
    """A study in which one half of the readings is made with the model in sight."""
    return make_study(name="By chance", suggestion_policy="randomised", suggestion_arms=ARMS)


def test_arms_are_drawn_for_each_reading_and_kept(randomised, make_exam, ana, bruno, davi, now):
    made = batches.create(
        study=randomised, name="Batch 1", exams=[make_exam() for _ in range(20)],
        readers=[ana, bruno], created_by=davi, now=now,
    )  # fmt: skip
    drawn = list(made.assignments.values_list("reader", "exam", "arm"))
    assert {arm for *_, arm in drawn} == {Arm.NONE, Arm.CONCURRENT}
    rules = protocols.protocol_of(randomised)
    expected = [handout.arm_of(rules, randomised.seed, *pair) for *pair, _ in drawn]
    assert expected == [x for *_, x in drawn]


def test_each_reading_is_shown_what_its_arm_allows(
    randomised, make_exam, ana, davi, now, signed_in
):
    exams = [make_exam() for _ in range(12)]
    model = SuggestionModel.objects.create(
        name="probe", version="1", covered_classes=[], created_at=now
    )
    for exam in exams:
        SuggestionRun.objects.create(exam=exam, model=model, requested_at=now, finished_at=now)
    made = batches.create(
        study=randomised, name="Batch 1", exams=exams, readers=[ana], created_by=davi, now=now
    )
    client = signed_in(ana)
    found = {one.arm: ask(client, one) for one in made.assignments.all()}
    assert found == {Arm.NONE: 404, Arm.CONCURRENT: 200}


def test_the_arm_of_an_assignment_is_told_to_nobody_who_reads(under, suggested, ana, signed_in):
    """What is drawn must not be seen before it shows: two arms, one answer."""
    answers = []
    for policy in ("none", "after_commit"):
        assignment = under(policy, ana, suggested)
        told = signed_in(ana).get(reverse("api-assignment", args=[assignment.pk])).json()
        answers.append(set(told))
        assert "arm" not in told
    assert answers[0] == answers[1]
    assert Assignment.objects.count() == 2

"""Adjudicators decide the classes in dispute, and a decision never changes."""

from __future__ import annotations

import uuid

import pytest
from django.db import IntegrityError, transaction

from annotations.models import Adjudication, AssignmentState, AuditEvent, Reading
from annotations.services.adjudication import decisions
from annotations.services.adjudication.decisions import AnswerIn, AuditForm
from annotations.services.assignment.guards import AlreadySubmitted, BatchClosed, DecidedByClass
from annotations.services.consensus import adjudications
from annotations.services.reading.content import ExclusiveClass, UnknownClass
from annotations.services.reading.signing import KeyReused
from ecgreview import hash_chain
from tests.app.adjudicating import decide
from tests.app.adjudication.conftest import AF, AVB, LVH

pytestmark = pytest.mark.django_db

NORMAL = "normal_ecg"


@pytest.fixture
def given(send, clara):
    """Clara's assignment in masked mode."""
    return send()[clara]


def state(assignment):
    assignment.refresh_from_db()
    return assignment.state


class TestDecision:
    def test_it_decides_the_class_in_dispute(self, given, close, recompute, now):
        decide(given, AVB, now=now)
        close(given.batch)
        row = recompute()
        assert (row.state(AVB), row.basis(AVB), row.adjudicated) == (
            "present",
            "adjudication",
            [AVB],
        )

    def test_only_the_class_in_dispute_is_asked(self, given):
        case = given.batch.cases.get()
        assert (case.asked, case.agreed) == ([AVB], [LVH])

    def test_not_decidable_ends_the_dispute(self, given, close, recompute, now):
        decide(given, undecidable=[AVB], now=now)
        close(given.batch)
        row = recompute()
        assert (row.outcome, row.state(AVB), row.basis(AVB)) == (
            "majority", "not_assessed", "not_decidable",
        )  # fmt: skip

    def test_an_agreement_is_overruled_with_a_reason(self, given, close, recompute, now):
        decide(given, overruling={LVH: "Voltage only in V5"}, now=now)
        close(given.batch)
        row = recompute()
        assert (row.state(LVH), row.basis(LVH)) == ("absent", "overruled")

    def test_a_class_that_nobody_marked_becomes_present(self, given, close, recompute, now):
        decide(given, AF, overruling={AF: "No P waves"}, now=now)
        close(given.batch)
        assert recompute().state(AF) == "present"

    def test_it_ends_the_assignment(self, given, now):
        decide(given, now=now)
        assert state(given) == AssignmentState.READ

    def test_a_repeated_request_stores_it_once(self, given, now):
        key = uuid.uuid4()
        first = decide(given, AVB, now=now, key=key, stage="masked")
        again = decide(given, AVB, now=now, key=key, stage="masked")
        assert (again.is_repeat, again.adjudication) == (True, first.adjudication)

    def test_a_key_cannot_be_used_for_another_decision(self, given, now):
        key = uuid.uuid4()
        decide(given, AVB, now=now, key=key, stage="masked")
        with pytest.raises(KeyReused):
            decide(given, now=now, key=key, stage="masked")

    def test_the_audit_trail_has_mode_and_digest_but_no_label(self, given, now):
        stored = decide(given, AVB, now=now).adjudication
        event = AuditEvent.objects.get(action="reading.adjudicated")
        assert event.after == hash_chain.canonical_json(decisions.record_of(stored))
        assert '"mode":"masked"' in event.after
        assert AVB not in event.after


class TestRefusals:
    @pytest.mark.parametrize(
        ("answers", "refusal"),
        [
            ([], decisions.DecisionsMissing),
            ([AnswerIn(AVB, "absent"), AnswerIn(LVH, "present")], decisions.NotDisputed),
            ([AnswerIn(AVB, "absent"), AnswerIn(AF, "absent", "Why not")], decisions.NotDisputed),
            ([AnswerIn(AVB, "absent"), AnswerIn(LVH, "absent", " ")],
             decisions.OverrulingReasonMissing),
            ([AnswerIn(AVB, "absent"), AnswerIn("unheard_of", "present")], UnknownClass),
            ([AnswerIn(AVB, "absent"), AnswerIn(NORMAL, "present", "Clean")], ExclusiveClass),
        ],
    )  # fmt: skip
    def test_answers_that_do_not_fit_are_refused(self, given, answers, refusal, now):
        with pytest.raises(refusal):
            decide(given, now=now, answers=answers)
        assert not Adjudication.objects.exists()

    def test_readability_that_is_not_in_dispute(self, given, now):
        with pytest.raises(decisions.ReadabilityNotAsked):
            decide(given, now=now, is_unreadable=True)

    def test_an_exam_that_is_decided(self, given, now):
        decide(given, now=now)
        with pytest.raises(AlreadySubmitted):
            decide(given, now=now, stage="masked")

    def test_a_closed_batch(self, given, close, now):
        close(given.batch)
        given.batch.refresh_from_db()
        with pytest.raises(BatchClosed):
            decide(given, now=now)

    def test_a_reading_of_the_whole_exam(self, given, submit):
        with pytest.raises(DecidedByClass):
            submit(given, AVB)
        assert not Reading.objects.filter(assignment=given).exists()


class TestUnreadable:
    @pytest.fixture
    def given(self, amend, make_batch, submit, close, ana, bruno, clara, davi, now):
        batch = make_batch(None, [ana, bruno])
        submit(batch.assignments.get(reader=ana), AVB)
        submit(batch.assignments.get(reader=bruno), quality="unreadable")
        sent = adjudications.send_disputed(
            batch_id=close(batch).pk, readers=[clara], created_by=davi, now=now
        )
        return sent.assignments.get()

    def test_the_adjudicator_decides_whether_it_is_readable(self, given, close, recompute, now):
        decide(given, now=now, is_unreadable=True)
        close(given.batch)
        assert recompute().outcome == "unreadable"

    def test_the_classes_of_a_readable_exam_are_decided_too(self, given, close, recompute, now):
        decide(given, AVB, now=now)
        close(given.batch)
        assert recompute().state(AVB) == "present"


class TestMaskedThenOpen:
    def test_both_decisions_are_kept_and_the_second_counts(
        self, send, clara, close, recompute, now
    ):
        given = send("masked_then_open")[clara]
        decide(given, AVB, now=now)
        assert state(given) == AssignmentState.WAITING
        decide(given, now=now)
        assert state(given) == AssignmentState.READ
        assert [row.stage for row in given.adjudications.order_by("pk")] == ["masked", "open"]
        close(given.batch)
        assert recompute().state(AVB) == "absent"

    def test_a_first_decision_counts_if_there_is_no_second(
        self, send, clara, close, recompute, now
    ):
        given = send("masked_then_open")[clara]
        decide(given, AVB, now=now)
        close(given.batch)
        assert recompute().state(AVB) == "present"

    def test_another_stage_than_the_due_one_is_refused(self, send, clara, now):
        given = send("masked_then_open")[clara]
        with pytest.raises(decisions.OtherStage):
            decide(given, now=now, stage="open")


class TestAuditForm:
    FORM = AuditForm("report_1", would_change_conduct=True, error_types=["missed"])

    def test_it_is_stored_with_the_decision(self, send, clara, now):
        given = send("open", has_audit_form=True)[clara]
        stored = decide(given, now=now, audit_form=self.FORM).adjudication
        stored.refresh_from_db()
        assert (stored.better_report, stored.would_change_conduct) == ("report_1", True)

    def test_it_is_required_where_two_reports_are_shown(self, send, clara, now):
        given = send("open", has_audit_form=True)[clara]
        with pytest.raises(decisions.AuditFormMissing):
            decide(given, now=now)

    def test_it_is_refused_where_no_report_is_shown(self, send, clara, now):
        given = send("masked", has_audit_form=True)[clara]
        with pytest.raises(decisions.AuditFormMissing):
            decide(given, now=now, audit_form=self.FORM)


@pytest.mark.parametrize("change", [{"comment": "Later"}, None])
def test_an_adjudication_never_changes(given, now, change):
    stored = decide(given, AVB, now=now).adjudication
    rows = Adjudication.objects.filter(pk=stored.pk)
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        rows.update(**change) if change else rows.delete()


def test_pages_and_api_show_why_an_agreement_was_overruled(
    given, close, recompute, study, rosa, signed_in, now
):
    decide(given, overruling={LVH: "Voltage only in V5"}, now=now)
    close(given.batch)
    recompute()
    client = signed_in(rosa)
    page = client.get(f"/studies/{study.slug}/consensus/").content.decode()
    assert "LVH absent: “Voltage only in V5”" in page
    (row,) = client.get(f"/api/studies/{study.slug}/consensus/").json()["results"]
    (adjudication,) = row["adjudications"]
    assert adjudication["answers"][1] == {
        "class": LVH, "answer": "absent", "overrules": True, "reason": "Voltage only in V5",
    }  # fmt: skip

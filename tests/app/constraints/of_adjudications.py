"""Violations of the constraints on adjudications, their cases and committee sessions."""

from __future__ import annotations

import uuid
from datetime import timedelta

from annotations.models import (
    Adjudication,
    AdjudicationCase,
    AdjudicationDecision,
    Batch,
    CommitteeSession,
    Purpose,
)
from tests.app.constraints.acts import check_constraints, insert_copy, update_row


def _batch(fixture):
    batch = fixture("make_batch")(readers=[fixture("clara")])
    update_row(batch, purpose=Purpose.ADJUDICATION, adjudication_mode="masked")
    return batch


def _row(fixture, batch=None, **changes):
    given = (batch or _batch(fixture)).assignments.get()
    values = {
        "assignment": given, "adjudicator": given.reader, "mode": "masked", "stage": "masked",
        "key": uuid.uuid4(), "n_decisions": 0, "submitted_at": fixture("now"), **changes,
    }  # fmt: skip
    return Adjudication.objects.create(**values)


def _decision(fixture, **changes):
    row = _row(fixture, n_decisions=1)
    artifact = fixture("taxonomy").classes.get(code="artifact")
    values = {"answer": "present", **changes}
    return AdjudicationDecision.objects.create(
        adjudication=row, diagnostic_class=artifact, **values
    )


def _session(fixture, **changes):
    return CommitteeSession.objects.create(
        batch=_batch(fixture), opened_by=fixture("davi"), opened_at=fixture("now"), **changes
    )


def batch_adjudication_mode_is_known(fixture):
    update_row(fixture("make_batch")(), adjudication_mode="masked")


def batch_of_extra_readings_shows_no_votes(fixture):
    update_row(fixture("make_batch")(), purpose=Purpose.EXTRA, adjudication_mode="open")


def case_once(fixture):
    batch = _batch(fixture)
    exam = batch.assignments.get().exam
    insert_copy(AdjudicationCase.objects.create(batch=batch, exam=exam, readings=[]))


def adjudication_once_per_stage(fixture):
    insert_copy(_row(fixture), key=uuid.uuid4())


def adjudication_key_once(fixture):
    row = _row(fixture, mode="masked_then_open")
    insert_copy(row, stage="open")


def adjudication_mode_is_known(fixture):
    _row(fixture, mode="blindfolded", stage="discussed")


def adjudication_stage_is_of_its_mode(fixture):
    _row(fixture, mode="masked", stage="open")


def adjudication_of_the_unreadable_is_empty(fixture):
    _row(fixture, is_unreadable=True, n_decisions=1)


def adjudication_better_report_is_known(fixture):
    _row(fixture, better_report="mine", would_change_conduct=True)


def adjudication_audit_form_is_whole(fixture):
    _row(fixture, better_report="both")


def adjudication_error_types_are_known(fixture):
    _row(fixture, better_report="both", would_change_conduct=True, error_types=["typo"])


def adjudication_decision_once(fixture):
    insert_copy(_decision(fixture))


def adjudication_answer_is_known(fixture):
    _decision(fixture, answer="perhaps")


def adjudication_overruling_gives_its_reason(fixture):
    _decision(fixture, overrules=True)


def adjudication_is_immutable(fixture):
    update_row(_row(fixture), comment="Later")


def adjudication_is_by_its_adjudicator(fixture):
    _row(fixture, adjudicator=fixture("ana"))


def adjudication_is_in_an_open_batch(fixture):
    batch = _batch(fixture)
    fixture("close")(Batch.objects.get(pk=batch.pk))
    _row(fixture, batch)


def adjudication_has_all_its_decisions(fixture):
    _row(fixture, n_decisions=1)
    check_constraints()


def committee_session_open_once(fixture):
    insert_copy(_session(fixture))


def committee_session_ends_after_it_begins(fixture):
    _session(fixture, closed_at=fixture("now") - timedelta(hours=1))

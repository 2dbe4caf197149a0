"""Phases of a study: draft, opening, amendments, lock, release and breaking the glass."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from annotations.models import (
    AuditEvent,
    Batch,
    Draft,
    ProtocolVersion,
    Reading,
    Role,
    Study,
    StudyReader,
    User,
)
from annotations.services.assignment import (
    batches,
    guards,
    handout,
    leases,
    pool_slots,
    reassignment,
)
from annotations.services.consensus import labels
from annotations.services.reading import drafts
from annotations.services.refusals import NameTaken
from annotations.services.studies import lifecycle, protocols, roster
from ecgreview import protocol
from tests.app import signing
from tests.app.kept import kept

EMPTY = {"findings": [], "not_assessable": [], "problems": [], "quality": "good", "comment": ""}


@kept
def draft(make_study):
    return make_study(is_open=False)


@pytest.fixture
def amend(davi, now):
    def make(study, reason="The first month showed it.", **changes):
        amended = replace(protocols.protocol_of(study), **changes)
        return lifecycle.amend(
            study_id=study.pk, protocol=amended, reason=reason, actor=davi, now=now
        )

    return make


@pytest.fixture
def lock(davi, now):
    def make(study, at=now):
        return lifecycle.lock(study_id=study.pk, actor=davi, now=at)

    return make


def reloaded(row):
    return type(row).objects.get(pk=row.pk)


def test_a_new_study_is_a_draft(draft):
    assert (draft.phase, draft.opened_at) == ("draft", None)


def test_a_draft_accepts_another_protocol(draft, davi, now):
    changed = replace(protocols.protocol_of(draft), readers_per_exam=3)
    lifecycle.rewrite(study_id=draft.pk, protocol=changed, actor=davi, now=now)
    assert protocols.protocol_of(reloaded(draft)) == changed


def test_a_draft_cannot_be_given_the_name_of_another_study(draft, make_study, davi, now):
    make_study(name="Evening list")
    changed = replace(protocols.protocol_of(draft), name="Evening list")
    with pytest.raises(NameTaken):
        lifecycle.rewrite(study_id=draft.pk, protocol=changed, actor=davi, now=now)


def test_an_open_study_cannot_be_rewritten(study, davi, now):
    changed = replace(protocols.protocol_of(study), readers_per_exam=3)
    with pytest.raises(lifecycle.NotThisPhase):
        lifecycle.rewrite(study_id=study.pk, protocol=changed, actor=davi, now=now)


def test_the_protocol_of_a_draft_has_no_versions_yet(draft, signed_in, davi):
    page = signed_in(davi).get(f"/studies/{draft.slug}/protocol/")
    assert page.status_code == 200
    assert "The first version is saved when the study is opened." in page.content.decode()


def test_a_draft_refuses_batches(draft, make_exam, ana, davi, now):
    with pytest.raises(lifecycle.NotOpen):
        batches.create(
            study=draft, name="Batch 1", exams=[make_exam()], readers=[ana], created_by=davi,
            now=now,
        )  # fmt: skip


def test_a_refused_batch_adds_nobody_to_the_roster(draft, make_exam, ana, davi, now):
    with pytest.raises(lifecycle.NotOpen):
        batches.create(
            study=draft, name="Batch 1", exams=[make_exam()], readers=[ana], created_by=davi,
            now=now,
        )  # fmt: skip
    assert not StudyReader.objects.exists()


def test_opening_stores_the_protocol(study):
    recorded = ProtocolVersion.objects.get()
    assert recorded.document == protocol.as_document(protocols.protocol_of(study))
    assert recorded.digest == protocol.digest(protocols.protocol_of(study))


def test_the_stored_protocol_does_not_contain_the_seed(study):
    assert study.seed not in str(ProtocolVersion.objects.get().document)


def test_opening_twice_is_refused(study, davi, now):
    with pytest.raises(lifecycle.NotThisPhase):
        lifecycle.open_study(study_id=study.pk, actor=davi, now=now)


def test_opening_with_too_few_readers_is_refused(draft, ana, davi, now):
    roster.join(study=draft, readers=[ana], actor=davi, now=now)
    with pytest.raises(protocol.InvalidProtocol, match="needs 2 readers, but there are 1"):
        lifecycle.open_study(study_id=draft.pk, actor=davi, now=now)
    assert reloaded(draft).is_draft


def test_the_api_names_the_setting_with_too_few_readers(draft, ana, davi, now):
    roster.join(study=draft, readers=[ana], actor=davi, now=now)
    client = APIClient()
    client.force_login(davi, backend="django.contrib.auth.backends.ModelBackend")
    refusal = client.post(f"/api/studies/{draft.slug}/opening/", {})
    assert (refusal.status_code, list(refusal.json()["errors"])) == (400, ["readers_per_exam"])


# -- Amendments ---------------------------------------------------------------------------------


def test_an_amendment_is_a_new_version_with_its_reason(study, amend):
    amend(study, patient_gap=5)
    latest = ProtocolVersion.objects.get(version=2)
    assert (latest.document["patient_gap"], latest.reason) == (5, "The first month showed it.")
    assert (reloaded(study).protocol_version, reloaded(study).patient_gap) == (2, 5)


def test_an_amendment_keeps_the_first_version(study, amend):
    amend(study, patient_gap=5)
    assert ProtocolVersion.objects.get(version=1).document["patient_gap"] == 10


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_an_amendment_needs_a_reason(study, amend, reason):
    with pytest.raises(lifecycle.ReasonMissing):
        amend(study, reason, patient_gap=5)


def test_an_amendment_without_changes_is_refused(study, amend):
    with pytest.raises(protocol.InvalidProtocol, match="nothing has changed"):
        amend(study)


def test_an_amendment_cannot_rename_the_study(study, amend):
    with pytest.raises(protocol.InvalidProtocol, match="cannot change once"):
        amend(study, name="Evening list")
    assert not ProtocolVersion.objects.filter(version=2).exists()


def test_an_amendment_cannot_change_the_seed(study, amend):
    amend(study, patient_gap=5, order_seed="0" * 64)
    assert reloaded(study).seed == study.seed


def test_an_invalid_amendment_is_refused(study, amend):
    with pytest.raises(protocol.InvalidProtocol, match="is not a consensus rule"):
        amend(study, consensus_rule="loudest_voice")


def test_a_draft_cannot_be_amended(draft, amend):
    with pytest.raises(lifecycle.NotThisPhase):
        amend(draft, patient_gap=5)


def test_a_locked_study_cannot_be_amended(study, lock, amend):
    lock(study)
    with pytest.raises(lifecycle.NotThisPhase):
        amend(study, patient_gap=5)


def test_an_amendment_keeps_the_settings_of_existing_batches(study, make_batch, amend):
    batch = make_batch()
    amend(study, clinical_information="none", results_open="study_locked")
    stored = reloaded(batch)
    assert (stored.clinical_information, stored.results_open) == ("age_and_sex", "batch_closed")


@kept
def old_pool(study, make_exam, ana, davi, now):
    """A pool released before the study is amended; its arm is ``after_commit``."""
    pool = pool_slots.create_pool(
        study=study, name="Pool", exams=[make_exam()], readers=[ana], readers_per_exam=1,
        created_by=davi, now=now,
    )  # fmt: skip
    return batches.release(batch_id=pool.pk, actor=davi, now=now)


def test_a_pool_keeps_its_suggestion_arm_after_an_amendment(old_pool, study, ana, amend, now):
    amend(study, suggestion_policy="concurrent")
    assignment = leases.take(batch_id=old_pool.pk, reader=ana, now=now)
    assert assignment.arm == "after_commit"


def test_a_reassigned_exam_keeps_its_suggestion_arm(
    study, make_batch, ana, bruno, amend, davi, now
):
    batch = make_batch(readers=[ana])
    amend(study, suggestion_policy="none")
    reassignment.reassign(
        study=study, reader=ana, to=[bruno], actor=davi, reason="on leave", now=now
    )
    assert batch.assignments.get(reader=bruno).arm == "after_commit"


def test_a_batch_created_after_the_amendment_follows_it(study, make_exam, ana, amend, davi, now):
    amend(study, clinical_information="none", suggestion_policy="none")
    later = batches.create(
        study=reloaded(study), name="Later", exams=[make_exam()], readers=[ana], created_by=davi,
        now=now,
    )  # fmt: skip
    assert (later.protocol_version, later.clinical_information) == (2, "none")
    assert later.assignments.get().arm == "none"


def test_a_reading_stores_its_protocol_version(study, make_batch, amend, submit):
    batch = make_batch()
    amend(study, patient_gap=5)
    assert submit(batch.assignments.first()).protocol_version == 1


def test_an_amendment_is_in_the_audit_trail_with_before_and_after(study, amend, davi):
    amend(study, patient_gap=5)
    event = AuditEvent.objects.get(action="study.amended")
    assert (event.actor, event.reason) == (davi, "The first month showed it.")
    assert ('"patient_gap":10' in event.before, '"patient_gap":5' in event.after) == (True, True)


# -- Locking and releasing ----------------------------------------------------------------------


def sign(assignment, now):
    return signing.submit_reading(
        assignment_id=assignment.pk, reader=assignment.reader, based_on=0, findings=[],
        quality="good", comment="", idempotency_key=uuid.uuid4(), active_ms=0, display={}, now=now,
    )  # fmt: skip


def test_locking_closes_open_batches(study, make_batch, lock, davi):
    batch = make_batch()
    lock(study)
    assert (reloaded(batch).closed_by, reloaded(study).phase) == (davi, "locked")


def test_a_submission_after_the_lock_is_refused(study, assign, ana, lock, now):
    assignment = assign(ana)
    lock(study)
    with pytest.raises(guards.StudyNotOpen):
        sign(assignment, now)
    assert not Reading.objects.exists()


def test_drafts_are_kept_when_the_study_is_locked(study, assign, ana, lock, now):
    assignment = assign(ana)
    drafts.save(assignment_id=assignment.pk, reader=ana, based_on=0, content=EMPTY, now=now)
    lock(study)
    with pytest.raises(guards.StudyNotOpen):
        sign(assignment, now)
    assert Draft.objects.get().content == EMPTY


def test_the_api_refuses_drafts_after_the_lock(study, assign, ana, lock):
    assignment = assign(ana)
    lock(study)
    client = APIClient()
    client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    refusal = client.put(
        f"/api/assignments/{assignment.pk}/draft/", {"based_on": 0, "content": EMPTY}
    )
    assert (refusal.status_code, refusal.json()["type"][-12:]) == (409, "study-locked")


def test_locking_twice_is_refused(study, lock):
    lock(study)
    with pytest.raises(lifecycle.NotThisPhase):
        lock(study)


def test_a_locked_study_refuses_batches(study, make_batch, lock):
    lock(study)
    study.refresh_from_db()
    with pytest.raises(lifecycle.NotOpen):
        make_batch()


def test_a_locked_study_refuses_to_release_a_plan(study, make_exam, ana, lock, davi, now):
    roster.join(study=study, readers=[ana], actor=davi, now=now)
    row = handout.Row(ana.pk, make_exam().pk, 1)
    planned = batches.make(study=study, name="Later", rows=[row], created_by=davi, now=now)
    lock(study)
    with pytest.raises(lifecycle.NotOpen):
        batches.release(batch_id=planned.pk, actor=davi, now=now)


def test_only_a_locked_study_can_be_released(study, davi, now):
    with pytest.raises(lifecycle.NotThisPhase):
        lifecycle.release(study_id=study.pk, actor=davi, now=now)


def test_a_release_needs_the_consensus(study, make_batch, lock, davi, now):
    make_batch()
    lock(study)
    with pytest.raises(lifecycle.ConsensusPending):
        lifecycle.release(study_id=study.pk, actor=davi, now=now)
    labels.compute(study=study, now=now)
    assert lifecycle.release(study_id=study.pk, actor=davi, now=now).phase == "released"


# -- Breaking the glass -------------------------------------------------------------------------


@kept
def closed_batch(make_batch, submit, close):
    """A closed batch, read by Ana and Bruno."""
    batch = make_batch()
    for assignment in batch.assignments.all():
        submit(assignment, "artifact")
    return close(batch)


@kept
def gil(make_user, study, davi, now):
    """A coordinator on the roster of the study."""
    gil = make_user("Gil", Role.READER, Role.COORDINATOR)
    roster.join(study=study, readers=[gil], actor=davi, now=now)
    return gil


@kept
def broken_glass(study, gil, now):
    """The record of Gil breaking the glass of the study."""
    return lifecycle.break_glass(study=study, user=gil, reason="A patient was harmed.", now=now)


def sees_readings(user):
    return Reading.objects.visible_to(User.objects.get(pk=user.pk)).exists()


def test_a_coordinator_on_the_roster_sees_no_results(closed_batch, gil):
    assert not sees_readings(gil)


def test_breaking_the_glass_shows_results(closed_batch, broken_glass, gil):
    assert sees_readings(gil)


def test_breaking_the_glass_withdraws_the_reader(study, broken_glass, gil):
    assert StudyReader.objects.get(study=study, user=gil).status == "withdrawn"


def test_a_reader_who_broke_the_glass_gets_no_more_exams(broken_glass, make_batch, make_exam, gil):
    with pytest.raises(roster.HasLeft, match="Gil"):
        make_batch([make_exam()], [gil])


def test_breaking_the_glass_needs_a_reason(study, gil, now):
    with pytest.raises(lifecycle.ReasonMissing):
        lifecycle.break_glass(study=study, user=gil, reason=" ", now=now)


def test_breaking_the_glass_is_in_the_audit_trail(broken_glass, gil):
    event = AuditEvent.objects.get(action="study.glass_broken")
    assert (event.actor, event.reason) == (gil, "A patient was harmed.")


def test_breaking_the_glass_twice_is_recorded_once(study, broken_glass, gil, now):
    again = lifecycle.break_glass(study=study, user=gil, reason="Once more.", now=now)
    assert (again, again.reason) == (broken_glass, "A patient was harmed.")
    assert AuditEvent.objects.filter(action="study.glass_broken").count() == 1


def test_a_locked_study_refuses_breaking_the_glass(study, gil, lock, now):
    lock(study)
    with pytest.raises(lifecycle.NotThisPhase):
        lifecycle.break_glass(study=reloaded(study), user=gil, reason="Curious.", now=now)


# -- A clock that was set back ------------------------------------------------------------------


@kept
def earlier(now):
    """One day before ``now``, as reported by a clock that was set back."""
    return now - timedelta(days=1)


def test_a_study_opens_no_earlier_than_it_was_created(draft, davi, earlier, now):
    assert lifecycle.open_study(study_id=draft.pk, actor=davi, now=earlier).opened_at == now


def test_a_study_is_locked_no_earlier_than_it_was_opened(study, lock, earlier, now):
    assert lock(study, at=earlier).locked_at == now


def test_a_study_is_released_no_earlier_than_it_was_locked(study, lock, davi, earlier, now):
    lock(study)
    assert lifecycle.release(study_id=study.pk, actor=davi, now=earlier).released_at == now


def test_a_batch_is_closed_no_earlier_than_it_was_created(make_batch, davi, earlier, now):
    closed = batches.close(batch_id=make_batch().pk, closed_by=davi, now=earlier)
    assert closed.closed_at == now


def test_a_batch_is_released_no_earlier_than_it_was_created(
    study, make_exam, ana, davi, earlier, now
):
    roster.join(study=study, readers=[ana], actor=davi, now=now)
    row = handout.Row(ana.pk, make_exam().pk, 1)
    planned = batches.make(study=study, name="Later", rows=[row], created_by=davi, now=now)
    released = batches.release(batch_id=planned.pk, actor=davi, now=earlier)
    assert released.released_at == now


@pytest.mark.parametrize("action", ["pause", "withdraw"])
def test_a_reader_cannot_leave_before_joining(study, gil, davi, action, earlier, now):
    line = getattr(roster, action)(study=study, user=gil, reason="Ill.", actor=davi, now=earlier)
    assert line.status_since == now


def test_a_reading_submitted_before_its_batch_was_created_is_accepted(assign, ana, earlier):
    assert sign(assign(ana), earlier).reading.submitted_at == earlier


def test_breaking_the_glass_stores_the_time_of_the_clock(study, gil, earlier):
    broken_glass = lifecycle.break_glass(study=study, user=gil, reason="Harm.", now=earlier)
    assert broken_glass.broken_at == earlier


def test_an_amendment_is_accepted_at_an_earlier_time(study, davi, earlier):
    amended = replace(protocols.protocol_of(study), patient_gap=5)
    lifecycle.amend(study_id=study.pk, protocol=amended, reason="Why not.", actor=davi, now=earlier)
    assert Study.objects.get().protocol_version == 2
    assert not Batch.objects.exists()

"""The database chains audit events, and verification finds tampering."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from annotations.models import AuditEvent, AuditLink, Reading, Study
from annotations.services import audit
from annotations.services.audit import events as audit_events
from annotations.services.audit import signed_content
from annotations.services.verification import trail as verification_trail
from annotations.services.verification.trail import Position, verify
from ecgreview.hash_chain import GENESIS, START, Head, Kind, link_digest
from tests.app.constraints.acts import check_constraints

N_EVENTS = 12


def run(sql, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def fault_found(**options):
    """Return the fault of a verification that must find one."""
    fault = verify(**options).fault
    assert fault is not None
    return fault


def scalar(sql, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchone()[0]


@pytest.fixture
def record(davi, study, now):
    """Record an action of Davi in the study and chain it, as a commit would."""
    check_constraints()

    def make(reason="", **changes):
        event = audit.record(
            actor=davi,
            action=audit.Action.STUDY_AMENDED,
            study=study,
            target=study,
            now=now,
            **{"before": {"due": None}, "after": {"due": "2026-04-01"}, **changes},
            reason=reason,
        )
        check_constraints()
        return event

    return make


@pytest.fixture
def trail(record):
    """Record twelve events and return the sequence numbers of their links."""
    events = [record(f"Reason {number}") for number in range(1, N_EVENTS + 1)]
    return [event.link.seq for event in events]


@pytest.fixture
def unguarded(trail):
    """The trail with its triggers disabled; a database owner is able to do that."""
    for table in ("annotations_auditevent", "annotations_auditlink"):
        run(f"alter table {table} disable trigger user")
    return trail


@pytest.mark.django_db
class TestChain:
    def test_begins_at_one(self, trail):
        first = AuditLink.objects.get(seq=1)
        assert first.previous == GENESIS

    def test_has_no_gap(self, trail):
        seqs = list(AuditLink.objects.order_by("seq").values_list("seq", flat=True))
        assert seqs == list(range(1, len(seqs) + 1))

    def test_has_the_same_digests_in_database_and_domain(self, record):
        record(reason="Ünicode, 心电图: 'a'\n\\x00", before=None, after={})
        for entry in verification_trail.entries():
            assert entry.link is not None
            assert entry.event is not None
            assert link_digest(entry.link, entry.event) == entry.link.digest

    def test_distinguishes_years_before_christ(self, record, unguarded):
        run("update annotations_auditevent set at = '2026-03-02 09:00+00 BC' where reason <> ''")
        assert fault_found().kind == Kind.ALTERED_EVENT

    def test_accepts_an_infinite_time(self, record, unguarded):
        run("update annotations_auditevent set at = 'infinity' where reason <> ''")
        assert fault_found().kind == Kind.ALTERED_EVENT

    def test_verifies(self, trail):
        result = verify()
        assert result.holds
        assert result.n_events == trail[-1]
        assert result.head == Head(trail[-1], AuditLink.objects.get(seq=trail[-1]).digest)

    def test_has_no_event_of_a_transaction_rolled_back(self, record, trail):
        with transaction.atomic():
            record("Undone")
            transaction.set_rollback(True)
        record("Done")
        assert verify().n_events == trail[-1] + 1

    def test_leaves_no_event_unchained(self, trail):
        assert scalar("select count(*) from audit_unchained") == 0

    @pytest.mark.parametrize("table", ["annotations_auditevent", "annotations_auditlink"])
    def test_cannot_be_truncated(self, trail, table):
        for name in ("event", "link"):
            run(f"alter table annotations_audit{name} enable trigger audit_{name}_stays")
        with pytest.raises(IntegrityError, match=r"stays written|never changes"):
            run(f"truncate {table} cascade")

    def test_cannot_be_deleted(self, trail):
        for rows in (AuditLink.objects.all(), AuditEvent.objects.all()):
            with pytest.raises(IntegrityError), transaction.atomic():
                rows.filter(pk__gt=0)._raw_delete("default")


TAMPERINGS = {
    "at": "update annotations_auditevent set at = at - interval '1 day' where id = {event}",
    "actor": "update annotations_auditevent set actor_id = {other_person} where id = {event}",
    "no actor": "update annotations_auditevent set actor_id = null where id = {event}",
    "actor_name": "update annotations_auditevent set actor_name = 'ana' where id = {event}",
    "action": "update annotations_auditevent set action = 'study.locked' where id = {event}",
    "study": "update annotations_auditevent set study_id = null where id = {event}",
    "object_type": "update annotations_auditevent set object_type = 'batch' where id = {event}",
    "object_id": "update annotations_auditevent set object_id = '0' where id = {event}",
    "before": "update annotations_auditevent set before = '' where id = {event}",
    "after": "update annotations_auditevent set after = '{{}}' where id = {event}",
    "reason": "update annotations_auditevent set reason = 'Another' where id = {event}",
    "a letter moved": "update annotations_auditevent set reason = substr(reason, 2),"
    " after = after || left(reason, 1) where id = {event}",
    "chained_at": "update annotations_auditlink set chained_at = now() where seq = {seq}",
    "previous": "update annotations_auditlink set previous = repeat('f', 64) where seq = {seq}",
    "digest": "update annotations_auditlink set digest = repeat('f', 64) where seq = {seq}",
    "event without its guard": "alter table annotations_auditlink drop constraint {fk};"
    " delete from annotations_auditevent where id = {event}",
    "link alone": "delete from annotations_auditlink where seq = {seq}",
    "both": "delete from annotations_auditlink where seq = {seq};"
    " delete from annotations_auditevent where id = {event}",
    "both, and renumbered": "delete from annotations_auditlink where seq = {seq};"
    " delete from annotations_auditevent where id = {event};"
    " update annotations_auditlink set seq = seq + 1000 where seq > {seq};"
    " update annotations_auditlink set seq = seq - 1001 where seq > 1000",
    "swapped events": "alter table annotations_auditlink drop constraint {unique};"
    " update annotations_auditlink set event_id = case seq when {seq} then {last_event}"
    " else {event} end where seq in ({seq}, {last})",
    "swapped places": "update annotations_auditlink set seq = case seq when {seq} then 2000"
    " else 1000 end where seq in ({seq}, {last});"
    " update annotations_auditlink set seq = case seq when 2000 then {last} else {seq} end"
    " where seq in (1000, 2000)",
    "swapped words": "update annotations_auditevent e set reason = o.reason"
    " from annotations_auditevent o where (e.id, o.id) in (({event}, {last_event}),"
    " ({last_event}, {event}))",
    "replaced": "update annotations_auditevent set reason = 'Another' where id = {event};"
    " update annotations_auditlink l set digest = audit_digest(l, e)"
    " from annotations_auditevent e where e.id = l.event_id and l.seq = {seq}",
}
"""SQL with which a database owner could tamper with the middle of the trail."""


@pytest.fixture
def places(unguarded, ana):
    """Values for the placeholders of ``TAMPERINGS``."""
    constraint = (
        "select conname from pg_constraint"
        " where conrelid = 'annotations_auditlink'::regclass and contype = %s"
    )
    middle, last = unguarded[N_EVENTS // 2], unguarded[-1]
    return {
        "seq": middle,
        "last": last,
        "event": AuditLink.objects.get(seq=middle).event_id,
        "last_event": AuditLink.objects.get(seq=last).event_id,
        "other_person": ana.pk,
        "fk": scalar(constraint, "f"),
        "unique": scalar(constraint, "u"),
    }


@pytest.mark.django_db
class TestTampering:
    @pytest.mark.parametrize("name", TAMPERINGS)
    def test_is_found_at_its_row(self, places, name):
        run(TAMPERINGS[name].format(**places))
        fault = fault_found()
        assert fault is not None
        assert fault.seq == places["seq"], str(fault)

    def test_by_a_swap_names_where_the_row_belongs(self, places):
        run(TAMPERINGS["swapped events"].format(**places))
        fault = fault_found()
        assert (fault.kind, fault.other) == (Kind.MOVED, places["last"])

    def test_by_an_unchained_event_is_found(self, unguarded, davi, now):
        forged = AuditEvent.objects.create(at=now, actor=davi, action="study.locked")
        fault = fault_found()
        assert (fault.kind, fault.event) == (Kind.UNLINKED_EVENT, str(forged.pk))

    def test_by_a_forged_link_is_found(self, unguarded, davi, now):
        forged = AuditEvent.objects.create(at=now, actor=davi, action="study.locked")
        last = AuditLink.objects.get(seq=unguarded[-1])
        AuditLink.objects.create(
            seq=last.seq + 1, event=forged, chained_at=now, previous=last.digest, digest="f" * 64
        )
        assert fault_found().seq == last.seq + 1

    def test_by_truncation_is_found_with_a_head(self, unguarded):
        head = verify().head
        run("delete from annotations_auditlink where seq >= %s", unguarded[-3])
        run(
            "delete from annotations_auditevent"
            " where reason in ('Reason 10', 'Reason 11', 'Reason 12')"
        )
        assert verify().holds
        fault = fault_found(expected=head)
        assert (fault.kind, fault.seq) == (Kind.TRUNCATED, unguarded[-3])
        assert fault_found(after=head).kind == Kind.TRUNCATED

    def test_by_rebuilding_the_chain_is_found_with_a_head(self, unguarded):
        head = verify().head
        run("update annotations_auditevent set reason = 'Another' where reason = 'Reason 3'")
        for seq in range(unguarded[0], unguarded[-1] + 1):
            run(
                "update annotations_auditlink l set previous = p.digest"
                " from annotations_auditlink p where l.seq = %s and p.seq = %s",
                *(seq, seq - 1),
            )
            run(
                "update annotations_auditlink l set digest = audit_digest(l, e)"
                " from annotations_auditevent e where e.id = l.event_id and l.seq = %s",
                seq,
            )
        assert verify().holds
        assert fault_found(expected=head).kind == Kind.REWRITTEN
        assert fault_found(after=head).kind == Kind.REWRITTEN

    def test_after_a_head_is_found_from_there(self, places):
        first = AuditLink.objects.get(seq=places["seq"] - 2)
        run(TAMPERINGS["reason"].format(**places))
        result = verify(after=Head(first.seq, first.digest))
        assert result.n_events == 1
        assert result.fault is not None
        assert result.fault.seq == places["seq"]

    def test_by_replacing_database_functions_is_found(self, places):
        run("create or replace function audit_moment(moment timestamptz) returns text"
            " language sql stable return '2026-03-02T09:00:00.000000Z'")  # fmt: skip
        run(TAMPERINGS["at"].format(**places))
        assert fault_found().seq == places["seq"]


@pytest.fixture
def reading(assign, ana, submit):
    submitted = submit(assign(ana), "atrial_fibrillation", comment="Irregular")
    check_constraints()
    return submitted


EDITS = {
    "quality": "update annotations_reading set quality = 'poor'",
    "comment": "update annotations_reading set comment = ''",
    "stage": "alter table annotations_reading drop constraint reading_revision_gives_its_reason;"
    " update annotations_reading set stage = 'revised'",
    "reason": "alter table annotations_reading drop constraint reading_revision_gives_its_reason;"
    " update annotations_reading set reason = 'slip'",
    "n_decisions": "update annotations_reading set n_decisions = 1",
    "submitted_at": "update annotations_reading set submitted_at = now()",
    "active_ms": "update annotations_reading set active_ms = 1",
    "display": "update annotations_reading set display = '{\"gain\": 20}'",
    "key": "update annotations_reading set idempotency_key = gen_random_uuid()",
    "certainty": "update annotations_finding set certainty = 'possible'",
    "class": "update annotations_finding f set diagnostic_class_id = c.id"
    " from annotations_diagnosticclass c where c.code = 'artifact'",
    "finding": "delete from annotations_finding",
    "localization": "update annotations_finding set localisations = '[{\"tracing\": 1}]'",
    "measurement": "update annotations_finding set measurements = '[{\"value\": 200}]'",
    "outcome": "alter table annotations_reading drop constraint reading_of_who_abstained_is_empty;"
    " update annotations_reading set outcome = 'abstained'",
    "supersedes": "update annotations_reading set supersedes_id = id",
    "problems": 'update annotations_reading set problems = \'[{"kind": "noise"}]\'',
    "idle_ms": "update annotations_reading set idle_ms = 1",
    "tools": "update annotations_reading set tools = '{\"calipers\": 1}'",
    "n_not_assessable": "update annotations_reading set n_not_assessable = 1",
    "not_assessable": "insert into annotations_notassessable (reading_id, diagnostic_class_id)"
    " select r.id, c.id from annotations_reading r, annotations_diagnosticclass c"
    " where c.code = 'artifact'",
}


@pytest.mark.django_db
class TestReadings:
    def test_verify_as_submitted(self, reading):
        result = verify()
        assert (result.holds, result.n_readings) == (True, 1)

    def test_have_the_same_digest_when_reloaded(self, reading):
        assert signed_content.reading_digest(reading) == signed_content.reading_digest(
            Reading.objects.get()
        )

    @pytest.mark.parametrize("name", EDITS)
    def test_that_were_edited_are_found(self, reading, name):
        run("alter table annotations_reading disable trigger user")
        run("alter table annotations_finding disable trigger user")
        run("alter table annotations_notassessable disable trigger user")
        run(EDITS[name])
        fault = fault_found()
        assert (fault.kind, fault.other) == (Kind.READING_ALTERED, reading.pk)

    def test_that_were_deleted_are_found(self, reading):
        run("alter table annotations_reading disable trigger user")
        run("alter table annotations_finding disable trigger user")
        run("delete from annotations_finding")
        run("delete from annotations_reading")
        fault = fault_found()
        assert (fault.kind, fault.other) == (Kind.READING_MISSING, reading.pk)

    def test_without_a_submission_event_are_found(self, reading):
        for table in ("event", "link"):
            run(f"alter table annotations_audit{table} disable trigger user")
        event = AuditEvent.objects.get(action=audit.Action.READING_SUBMITTED)
        run("delete from annotations_auditlink where seq >= %s", event.link.seq)
        run("delete from annotations_auditevent where id >= %s", event.pk)
        fault = fault_found()
        assert (fault.kind, fault.other) == (Kind.READING_UNRECORDED, reading.pk)

    def test_from_before_the_trail_are_recorded_by_the_migrations(self, reading):
        for table in ("event", "link"):
            run(f"alter table annotations_audit{table} disable trigger user")
        run("delete from annotations_auditlink")
        run("delete from annotations_auditevent")
        for table in ("event", "link"):
            run(f"alter table annotations_audit{table} enable trigger user")
        migration = import_module("annotations.migrations.0007_audit_chain")
        migration.record_earlier_readings(apps, None)
        check_constraints()
        assert fault_found().kind == Kind.READING_UNBOUND
        import_module("annotations.migrations.0034_recorded_as_it_stands").record(apps, None)
        check_constraints()
        result = verify()
        assert (result.fault, result.n_readings) == (None, 1)
        assert AuditEvent.objects.filter(action=audit.Action.AUDIT_RECORDED).count() > 1

    @pytest.mark.parametrize("column", ["arm = 'concurrent'", "occurrence = 2"])
    def test_from_before_the_upgrade_are_bound_to_their_assignment(self, reading, column):
        for table in ("event", "link"):
            run(f"alter table annotations_audit{table} disable trigger user")
        run("delete from annotations_auditlink")
        run("delete from annotations_auditevent")
        for table in ("event", "link"):
            run(f"alter table annotations_audit{table} enable trigger user")
        import_module("annotations.migrations.0007_audit_chain").record_earlier_readings(apps, None)
        import_module("annotations.migrations.0034_recorded_as_it_stands").record(apps, None)
        check_constraints()
        run("alter table annotations_assignment disable trigger user")
        run(f"update annotations_assignment set {column}")  # noqa: S608
        assert fault_found().kind == Kind.ASSIGNMENT_ALTERED

    def test_that_are_recorded_twice_are_found(self, reading, ana, now):
        audit.record(
            actor=ana, action=audit.Action.READING_SUBMITTED, target=reading, after={}, now=now
        )
        check_constraints()
        assert fault_found().kind == Kind.READING_RECORDED_TWICE

    def test_that_were_forged_with_their_event_are_found(self, reading):
        event = AuditEvent.objects.get(action=audit.Action.READING_SUBMITTED)
        run("alter table annotations_auditevent disable trigger user")
        run("alter table annotations_auditlink disable trigger user")
        run("update annotations_auditevent set after = '[]' where id = %s", event.pk)
        run(
            "update annotations_auditlink l set digest = audit_digest(l, e)"
            " from annotations_auditevent e where e.id = l.event_id and e.id = %s",
            event.pk,
        )
        run("delete from annotations_auditlink where seq > %s", event.link.seq)
        run("delete from annotations_auditevent where id > %s", event.pk)
        assert fault_found().kind == Kind.READING_ALTERED


@pytest.mark.django_db
class TestVerifyingInSlices:
    @pytest.fixture(autouse=True)
    def short_slices(self, monkeypatch):
        monkeypatch.setattr(verification_trail, "EVENTS_PER_SLICE", 5)
        monkeypatch.setattr(verification_trail, "READINGS_PER_SLICE", 2)

    def slices(self):
        position, result, n_slices = Position(), None, 0
        while result is None:
            position, result = verification_trail.step(position)
            n_slices += 1
        return result, n_slices

    def test_gives_the_same_result_as_at_once(self, make_exam, make_batch, submit, ana, trail):
        for assignment in make_batch([make_exam() for _ in range(5)], [ana]).assignments.all():
            submit(assignment)
        check_constraints()
        result, n_slices = self.slices()
        assert result == verify()
        assert result.n_readings == 5
        assert n_slices > 4

    def test_finds_an_altered_event(self, places):
        run(TAMPERINGS["reason"].format(**places))
        result, _ = self.slices()
        assert result.fault.seq == places["seq"]


def record_events(davi, barrier, number):
    """Record two events in each of twenty transactions on this thread's connection."""
    try:
        barrier.wait(10)
        for turn in range(20):
            with transaction.atomic():
                for half in ("first", "second"):
                    audit.record(
                        actor=davi,
                        action=audit.Action.RESULTS_SEEN,
                        reason=f"{number}.{turn} {half}",
                        now=datetime(2026, 3, 2, tzinfo=UTC),
                    )
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
class TestConcurrentCommits:
    def test_are_chained_without_a_gap(self, davi):
        barrier = threading.Barrier(8)
        before = verify()
        with ThreadPoolExecutor(8) as pool:
            for future in [
                pool.submit(record_events, davi, barrier, number) for number in range(8)
            ]:
                future.result()
        result = verify(after=before.head)
        assert (result.fault, result.n_events) == (None, 8 * 20 * 2)

    def test_keep_the_events_of_a_transaction_together(self, davi):
        barrier = threading.Barrier(4)
        with ThreadPoolExecutor(4) as pool:
            for future in [
                pool.submit(record_events, davi, barrier, number) for number in range(4)
            ]:
                future.result()
        reasons = AuditEvent.objects.filter(action=audit.Action.RESULTS_SEEN)
        ordered = list(reasons.order_by("link__seq").values_list("reason", flat=True))
        pairs = zip(ordered[::2], ordered[1::2], strict=True)
        assert all(first.split()[0] == second.split()[0] for first, second in pairs)

    def test_do_not_deadlock_on_the_chain_lock(self, davi, study, make_batch, now):
        """One transaction holds the study's row lock; the other inserts an event that refers to it.

        If the chain were locked before the foreign key is checked, they would deadlock.
        """
        locked, inserted = threading.Event(), threading.Event()

        def lock_study_then_record():
            try:
                with transaction.atomic():
                    Study.objects.select_for_update().get(pk=study.pk)
                    locked.set()
                    assert inserted.wait(10)
                    wait_until_blocking()
                    audit.record(actor=davi, action=audit.Action.STUDY_LOCKED, now=now)
            finally:
                connection.close()

        def record_twice():
            try:
                assert locked.wait(10)
                with transaction.atomic():
                    audit.record(actor=davi, action=audit.Action.RESULTS_SEEN, now=now)
                    audit.record(actor=davi, action=audit.Action.STUDY_LOCKED, study=study, now=now)
                    inserted.set()
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            for future in [pool.submit(lock_study_then_record), pool.submit(record_twice)]:
                future.result()
        assert verify().holds


def wait_until_blocking():
    """Return once another session waits for a lock of this connection."""
    waiting = """
        select count(*) from pg_stat_activity
         where pg_backend_pid() = any(pg_blocking_pids(pid))
    """
    pause = threading.Event()
    for _ in range(1000):
        if scalar(waiting):
            return
        pause.wait(0.01)
    raise AssertionError


class TestRecording:
    @pytest.mark.django_db(transaction=True)
    def test_needs_a_transaction(self, now):
        with pytest.raises(audit_events.NotInTransaction):
            audit.record(actor=None, action=audit.Action.EXAMS_IMPORTED, now=now)

    @pytest.mark.django_db
    def test_refuses_an_unknown_action(self, now):
        with pytest.raises(audit_events.UnknownAction):
            audit.record(actor=None, action="coffee.made", now=now)

    @pytest.mark.django_db
    def test_starts_verification_at_the_first_event(self):
        assert Position().head == START

"""The database chains what is recorded, and whoever tampers with it is found."""

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
from tests.app.constraints.acts import commit

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
    """Record a deed of Davi's in the study, and chain it as at a commit."""
    commit()

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
        commit()
        return event

    return make


@pytest.fixture
def trail(record):
    """Return the seqs of twelve links; what was recorded before the test comes before them."""
    events = [record(f"Reason {number}") for number in range(1, N_EVENTS + 1)]
    return [event.link.seq for event in events]


@pytest.fixture
def disarmed(trail):
    """The database's owner puts every guard of the trail out of action."""
    for table in ("annotations_auditevent", "annotations_auditlink"):
        run(f"alter table {table} disable trigger user")
    return trail


@pytest.mark.django_db
class TestTheChain:
    def test_begins_at_one(self, trail):
        first = AuditLink.objects.get(seq=1)
        assert first.previous == GENESIS

    def test_has_no_gap(self, trail):
        seqs = list(AuditLink.objects.order_by("seq").values_list("seq", flat=True))
        assert seqs == list(range(1, len(seqs) + 1))

    def test_is_digested_alike_by_the_database_as_by_the_domain(self, record):
        record(reason="Ünicode, 心电图: 'a'\n\\x00", before=None, after={})
        for entry in verification_trail.entries():
            assert entry.link is not None
            assert entry.event is not None
            assert link_digest(entry.link, entry.event) == entry.link.digest

    def test_tells_years_before_christ_apart(self, record, disarmed):
        run("update annotations_auditevent set at = '2026-03-02 09:00+00 BC' where reason <> ''")
        assert fault_found().kind == Kind.ALTERED_EVENT

    def test_takes_a_time_that_never_ends(self, record, disarmed):
        run("update annotations_auditevent set at = 'infinity' where reason <> ''")
        assert fault_found().kind == Kind.ALTERED_EVENT

    def test_verifies(self, trail):
        found = verify()
        assert found.holds
        assert found.n_events == trail[-1]
        assert found.head == Head(trail[-1], AuditLink.objects.get(seq=trail[-1]).digest)

    def test_leaves_no_event_of_a_deed_that_was_undone(self, record, trail):
        with transaction.atomic():
            record("Undone")
            transaction.set_rollback(True)
        record("Done")
        assert verify().n_events == trail[-1] + 1

    def test_leaves_nothing_waiting(self, trail):
        assert scalar("select count(*) from audit_unchained") == 0

    @pytest.mark.parametrize("table", ["annotations_auditevent", "annotations_auditlink"])
    def test_is_not_truncated(self, trail, table):
        for name in ("event", "link"):
            run(f"alter table annotations_audit{name} enable trigger audit_{name}_stays")
        with pytest.raises(IntegrityError, match=r"stays written|never changes"):
            run(f"truncate {table} cascade")

    def test_is_not_deleted(self, trail):
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
"""What an owner may try in SQL with the row in the middle of the trail."""


@pytest.fixture
def places(disarmed, ana):
    """Names of rows for the statements above."""
    constraint = (
        "select conname from pg_constraint"
        " where conrelid = 'annotations_auditlink'::regclass and contype = %s"
    )
    middle, last = disarmed[N_EVENTS // 2], disarmed[-1]
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

    def test_of_a_swap_tells_where_the_row_belongs(self, places):
        run(TAMPERINGS["swapped events"].format(**places))
        fault = fault_found()
        assert (fault.kind, fault.other) == (Kind.MOVED, places["last"])

    def test_by_an_event_past_the_chain_is_found(self, disarmed, davi, now):
        forged = AuditEvent.objects.create(at=now, actor=davi, action="study.locked")
        fault = fault_found()
        assert (fault.kind, fault.event) == (Kind.UNLINKED_EVENT, str(forged.pk))

    def test_by_a_link_that_is_made_up_is_found(self, disarmed, davi, now):
        forged = AuditEvent.objects.create(at=now, actor=davi, action="study.locked")
        last = AuditLink.objects.get(seq=disarmed[-1])
        AuditLink.objects.create(
            seq=last.seq + 1, event=forged, chained_at=now, previous=last.digest, digest="f" * 64
        )
        assert fault_found().seq == last.seq + 1

    def test_by_cutting_off_the_end_is_found_with_a_head(self, disarmed):
        head = verify().head
        run("delete from annotations_auditlink where seq >= %s", disarmed[-3])
        run(
            "delete from annotations_auditevent"
            " where reason in ('Reason 10', 'Reason 11', 'Reason 12')"
        )
        assert verify().holds
        fault = fault_found(expected=head)
        assert (fault.kind, fault.seq) == (Kind.TRUNCATED, disarmed[-3])
        assert fault_found(after=head).kind == Kind.TRUNCATED

    def test_by_chaining_all_anew_is_found_with_a_head(self, disarmed):
        head = verify().head
        run("update annotations_auditevent set reason = 'Another' where reason = 'Reason 3'")
        for seq in range(disarmed[0], disarmed[-1] + 1):
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
        found = verify(after=Head(first.seq, first.digest))
        assert found.n_events == 1
        assert found.fault is not None
        assert found.fault.seq == places["seq"]

    def test_does_not_deceive_by_functions_of_its_own(self, places):
        run("create or replace function audit_moment(moment timestamptz) returns text"
            " language sql stable return '2026-03-02T09:00:00.000000Z'")  # fmt: skip
        run(TAMPERINGS["at"].format(**places))
        assert fault_found().seq == places["seq"]


@pytest.fixture
def reading(assign, ana, submit):
    found = submit(assign(ana), "atrial_fibrillation", comment="Irregular")
    commit()
    return found


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
    "localisation": "update annotations_finding set localisations = '[{\"tracing\": 1}]'",
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
    def test_are_as_they_were_submitted(self, reading):
        found = verify()
        assert (found.holds, found.n_readings) == (True, 1)

    def test_have_a_digest_of_what_is_stored(self, reading):
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

    def test_that_are_gone_are_found(self, reading):
        run("alter table annotations_reading disable trigger user")
        run("alter table annotations_finding disable trigger user")
        run("delete from annotations_finding")
        run("delete from annotations_reading")
        fault = fault_found()
        assert (fault.kind, fault.other) == (Kind.READING_MISSING, reading.pk)

    def test_whose_submission_was_cut_off_are_found(self, reading):
        for table in ("event", "link"):
            run(f"alter table annotations_audit{table} disable trigger user")
        event = AuditEvent.objects.get(action=audit.Action.READING_SUBMITTED)
        run("delete from annotations_auditlink where seq >= %s", event.link.seq)
        run("delete from annotations_auditevent where id >= %s", event.pk)
        fault = fault_found()
        assert (fault.kind, fault.other) == (Kind.READING_UNRECORDED, reading.pk)

    def test_of_before_the_trail_are_recorded_when_it_begins(self, reading):
        for table in ("event", "link"):
            run(f"alter table annotations_audit{table} disable trigger user")
        run("delete from annotations_auditlink")
        run("delete from annotations_auditevent")
        for table in ("event", "link"):
            run(f"alter table annotations_audit{table} enable trigger user")
        migration = import_module("annotations.migrations.0007_audit_chain")
        migration.record_earlier_readings(apps, None)
        commit()
        assert fault_found().kind == Kind.READING_UNBOUND
        import_module("annotations.migrations.0034_recorded_as_it_stands").record(apps, None)
        commit()
        found = verify()
        assert (found.fault, found.n_readings) == (None, 1)
        assert AuditEvent.objects.filter(action=audit.Action.AUDIT_RECORDED).count() > 1

    @pytest.mark.parametrize("column", ["arm = 'concurrent'", "occurrence = 2"])
    def test_of_before_the_upgrade_are_bound_to_what_they_were_of_then(self, reading, column):
        for table in ("event", "link"):
            run(f"alter table annotations_audit{table} disable trigger user")
        run("delete from annotations_auditlink")
        run("delete from annotations_auditevent")
        for table in ("event", "link"):
            run(f"alter table annotations_audit{table} enable trigger user")
        import_module("annotations.migrations.0007_audit_chain").record_earlier_readings(apps, None)
        import_module("annotations.migrations.0034_recorded_as_it_stands").record(apps, None)
        commit()
        run("alter table annotations_assignment disable trigger user")
        run(f"update annotations_assignment set {column}")  # noqa: S608
        assert fault_found().kind == Kind.ASSIGNMENT_ALTERED

    def test_that_are_recorded_twice_are_found(self, reading, ana, now):
        audit.record(
            actor=ana, action=audit.Action.READING_SUBMITTED, target=reading, after={}, now=now
        )
        commit()
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
class TestVerifyingInBites:
    @pytest.fixture(autouse=True)
    def short_slices(self, monkeypatch):
        monkeypatch.setattr(verification_trail, "EVENTS_PER_SLICE", 5)
        monkeypatch.setattr(verification_trail, "READINGS_PER_SLICE", 2)

    def slices(self):
        position, found, n_slices = Position(), None, 0
        while found is None:
            position, found = verification_trail.step(position)
            n_slices += 1
        return found, n_slices

    def test_finds_the_same_as_in_one_go(self, make_exam, make_batch, submit, ana, trail):
        for assignment in make_batch([make_exam() for _ in range(5)], [ana]).assignments.all():
            submit(assignment)
        commit()
        found, n_slices = self.slices()
        assert found == verify()
        assert found.n_readings == 5
        assert n_slices > 4

    def test_finds_an_altered_event(self, places):
        run(TAMPERINGS["reason"].format(**places))
        found, _ = self.slices()
        assert found.fault.seq == places["seq"]


def events_of(davi, barrier, number):
    """Record two deeds in each of twenty transactions, from a connection of this thread."""
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
class TestWhoeverCommitsAtOnce:
    def test_is_chained_without_a_gap(self, davi):
        barrier = threading.Barrier(8)
        before = verify()
        with ThreadPoolExecutor(8) as pool:
            for done in [pool.submit(events_of, davi, barrier, number) for number in range(8)]:
                done.result()
        found = verify(after=before.head)
        assert (found.fault, found.n_events) == (None, 8 * 20 * 2)

    def test_finds_the_events_of_a_transaction_side_by_side(self, davi):
        barrier = threading.Barrier(4)
        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(events_of, davi, barrier, number) for number in range(4)]:
                done.result()
        reasons = AuditEvent.objects.filter(action=audit.Action.RESULTS_SEEN)
        ordered = list(reasons.order_by("link__seq").values_list("reason", flat=True))
        pairs = zip(ordered[::2], ordered[1::2], strict=True)
        assert all(one.split()[0] == other.split()[0] for one, other in pairs)

    def test_waits_for_nobody_while_holding_the_chain(self, davi, study, make_batch, now):
        """One has an event, then a row that refers to a study; the other has locked the study.

        If the chain were locked before the foreign key is checked, each would wait for the other.
        """
        locked, inserted = threading.Event(), threading.Event()

        def keeper():
            try:
                with transaction.atomic():
                    Study.objects.select_for_update().get(pk=study.pk)
                    locked.set()
                    assert inserted.wait(10)
                    wait_for_a_waiter()
                    audit.record(actor=davi, action=audit.Action.STUDY_LOCKED, now=now)
            finally:
                connection.close()

        def writer():
            try:
                assert locked.wait(10)
                with transaction.atomic():
                    audit.record(actor=davi, action=audit.Action.RESULTS_SEEN, now=now)
                    audit.record(actor=davi, action=audit.Action.STUDY_LOCKED, study=study, now=now)
                    inserted.set()
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(keeper), pool.submit(writer)]:
                done.result()
        assert verify().holds


def wait_for_a_waiter():
    """Return once another session waits for a lock of this one."""
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
    def test_knows_what_is_recorded(self, now):
        with pytest.raises(audit_events.UnknownAction):
            audit.record(actor=None, action="coffee.made", now=now)

    @pytest.mark.django_db
    def test_starts_the_verification_at_the_start(self):
        assert Position().head == START

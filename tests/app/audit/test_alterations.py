"""A database owner bypasses all triggers and alters rows; verification reports the fault.

These are the 42 alterations of the security review, plus further ones. The history is built once;
each test alters it in a transaction that is rolled back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import override_settings

from annotations.models import (
    AgreementReport,
    Assignment,
    AuditLink,
    Consensus,
    ReaderKind,
    Reading,
    Role,
    StudyReader,
    Tracing,
)
from annotations.services import audit
from annotations.services.agreement import refresh
from annotations.services.assignment import batches
from annotations.services.blinding import results_seen
from annotations.services.consensus import labels
from annotations.services.people import accounts
from annotations.services.studies import roster
from annotations.services.taxonomy import versions
from annotations.services.verification import heads, trail
from ecgreview.ecg import wire
from ecgreview.hash_chain import Kind
from tests.app import builders
from tests.app.constraints.acts import check_constraints

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
AF = "atrial_fibrillation"

EVENT = "update annotations_auditevent set {} where id = %(event)s"
LINK = "update annotations_auditlink set {} where seq = %(seq)s"
READING = "update annotations_reading set {} where id = %(reading)s"
FINDING = "update annotations_finding set {} where reading_id = %(reading)s"
ASSIGNMENT = "update annotations_assignment set {} where id = %(assignment)s"


@dataclass(frozen=True)
class Alteration:
    """The SQL of an alteration and the fault that verification must report.

    Attributes:
        place: key in ``ids`` of the number that the fault must report; "seq" and "last" are
            positions in the chain.
    """

    sql: str
    kind: Kind
    place: str


CHAIN = {
    "actor": Alteration(EVENT.format("actor_id = %(rosa)s"), Kind.ALTERED_EVENT, "seq"),
    "time by a microsecond": Alteration(
        EVENT.format("at = at + interval '1 microsecond'"), Kind.ALTERED_EVENT, "seq"
    ),
    "reason": Alteration(EVENT.format("reason = 'another'"), Kind.ALTERED_EVENT, "seq"),
    "event deleted": Alteration(
        "delete from annotations_auditevent where id = %(event)s", Kind.MISSING_EVENT, "seq"
    ),
    "event and link deleted": Alteration(
        "delete from annotations_auditlink where seq = %(seq)s;"
        "delete from annotations_auditevent where id = %(event)s",
        Kind.MISSING_LINK,
        "seq",
    ),
    "event and link deleted, the rest renumbered": Alteration(
        "delete from annotations_auditlink where seq = %(seq)s;"
        "delete from annotations_auditevent where id = %(event)s;"
        "update annotations_auditlink set seq = seq + 10000 where seq > %(seq)s;"
        "update annotations_auditlink set seq = seq - 10001 where seq > 10000",
        Kind.MOVED,
        "seq",
    ),
    "events swapped between links": Alteration(
        "update annotations_auditlink set event_id = case seq when %(seq)s then %(last_event)s"
        " else %(event)s end where seq in (%(seq)s, %(last)s)",
        Kind.MOVED,
        "seq",
    ),
    "links swapped": Alteration(
        "update annotations_auditlink set seq = case seq when %(seq)s then 20000 else 10000 end"
        " where seq in (%(seq)s, %(last)s);"
        "update annotations_auditlink set seq = case seq when 20000 then %(last)s"
        " else %(seq)s end where seq in (10000, 20000)",
        Kind.MOVED,
        "seq",
    ),
    "event without a link": Alteration(
        "insert into annotations_auditevent (at, actor_name, action, object_type, object_id,"
        " before, after, reason) values (now(), '', 'study.locked', '', '', '', '', '')",
        Kind.UNLINKED_EVENT,
        "",
    ),
    "digest": Alteration(LINK.format("digest = repeat('f', 64)"), Kind.ALTERED_LINK, "seq"),
    "previous": Alteration(LINK.format("previous = repeat('f', 64)"), Kind.ALTERED_LINK, "seq"),
    "chained_at": Alteration(LINK.format("chained_at = now()"), Kind.ALTERED_EVENT, "seq"),
}
READINGS = {
    "quality": Alteration(READING.format("quality = 'poor'"), Kind.READING_ALTERED, "reading"),
    "comment": Alteration(READING.format("comment = 'x'"), Kind.READING_ALTERED, "reading"),
    "active_ms": Alteration(READING.format("active_ms = 1"), Kind.READING_ALTERED, "reading"),
    "submitted_at": Alteration(
        READING.format("submitted_at = now()"), Kind.READING_ALTERED, "reading"
    ),
    "reader of a reading": Alteration(
        READING.format("reader_id = %(rosa)s"), Kind.READING_ALTERED, "reading"
    ),
    "certainty": Alteration(
        FINDING.format("certainty = 'possible'"), Kind.READING_ALTERED, "reading"
    ),
    "finding moved": Alteration(
        FINDING.format("diagnostic_class_id = %(other_class)s"), Kind.READING_ALTERED, "reading"
    ),
    "finding deleted with its count": Alteration(
        "delete from annotations_finding where reading_id = %(reading)s;"
        "update annotations_reading set n_findings = 0 where id = %(reading)s",
        Kind.READING_ALTERED,
        "reading",
    ),
    "finding added": Alteration(
        "insert into annotations_finding (reading_id, diagnostic_class_id, certainty,"
        " localisations, measurements)"
        " values (%(reading)s, %(other_class)s, 'definite', '[]', '[]')",
        Kind.READING_ALTERED,
        "reading",
    ),
    "reading deleted": Alteration(
        "delete from annotations_finding where reading_id = %(reading)s;"
        "delete from annotations_reading where id = %(reading)s",
        Kind.READING_MISSING,
        "reading",
    ),
    "reading inserted": Alteration(
        "insert into annotations_reading select (jsonb_populate_record(null::annotations_reading,"
        " to_jsonb(r) || jsonb_build_object('id', 999999, 'assignment_id', %(waiting)s,"
        " 'idempotency_key', gen_random_uuid()))).* from annotations_reading r"
        " where r.id = %(reading)s",
        Kind.READING_UNRECORDED,
        "inserted",
    ),
    "code of a class": Alteration(
        "update annotations_diagnosticclass set code = 'x' where id = %(class)s",
        Kind.READING_ALTERED,
        "first_reading",
    ),
    "two codes swapped": Alteration(
        "update annotations_diagnosticclass set code = 'x' where id = %(class)s;"
        "update annotations_diagnosticclass set code = 'atrial_fibrillation'"
        " where id = %(other_class)s",
        Kind.READING_ALTERED,
        "first_reading",
    ),
}
SIGNED_CONTENT = {
    "exam of a signed assignment": Alteration(
        ASSIGNMENT.format("exam_id = %(other_exam)s"), Kind.ASSIGNMENT_ALTERED, "assignment"
    ),
    "its batch": Alteration(
        ASSIGNMENT.format("batch_id = %(other_batch)s"), Kind.ASSIGNMENT_ALTERED, "assignment"
    ),
    "its arm": Alteration(
        ASSIGNMENT.format("arm = 'concurrent'"), Kind.ASSIGNMENT_ALTERED, "assignment"
    ),
    "its reader": Alteration(
        ASSIGNMENT.format("reader_id = %(rosa)s"), Kind.ASSIGNMENT_ALTERED, "assignment"
    ),
    "samples of a tracing": Alteration(
        "update annotations_tracing set packed = %(other_samples)s where id = %(tracing)s",
        Kind.TRACING_ALTERED,
        "tracing",
    ),
    "age of an exam": Alteration(
        "update annotations_exam set age_years = 30 where id = %(exam)s",
        Kind.EXAM_ALTERED,
        "exam",
    ),
    "name of a class": Alteration(
        "update annotations_diagnosticclass set name = 'Something else' where id = %(class)s",
        Kind.TAXONOMY_ALTERED,
        "taxonomy",
    ),
}
RECORDS = {
    "protocol document": Alteration(
        "update annotations_protocolversion set document = document || '{\"readers_per_exam\": 3}'"
        " where study_id = %(study)s",
        Kind.PROTOCOL_ALTERED,
        "version",
    ),
    "consensus rule": Alteration(
        "update annotations_study set consensus_rule = 'unanimous' where id = %(study)s",
        Kind.STUDY_ALTERED,
        "study",
    ),
    "consensus outcome": Alteration(
        "update annotations_consensus set outcome = 'incomplete' where id = %(consensus)s",
        Kind.CONSENSUS_ALTERED,
        "study",
    ),
    "consensus label": Alteration(
        'update annotations_consensus set class_states = \'{"atrial_fibrillation": "absent"}\''
        " where id = %(consensus)s",
        Kind.CONSENSUS_ALTERED,
        "study",
    ),
    "agreement report": Alteration(
        "update annotations_agreementreport set results = results || '{\"x\": 1}'"
        " where id = %(report)s",
        Kind.REPORT_ALTERED,
        "report",
    ),
    "superuser flag": Alteration(
        "update annotations_user set is_superuser = true where id = %(rosa)s",
        Kind.ACCOUNT_ALTERED,
        "rosa",
    ),
    "role": Alteration(
        "insert into annotations_user_groups (user_id, group_id) select %(rosa)s, id"
        " from auth_group where name = 'coordinator'",
        Kind.ACCOUNT_ALTERED,
        "rosa",
    ),
    "results seen deleted": Alteration(
        "delete from annotations_resultsseen where user_id = %(rosa)s",
        Kind.RESULTS_SEEN_MISSING,
        "batch",
    ),
    "status of a reader": Alteration(
        "update annotations_studyreader set status = 'active' where id = %(line)s",
        Kind.STUDY_READER_ALTERED,
        "bruno",
    ),
}
FURTHER_ALTERATIONS = {
    "protocol version of a reading": Alteration(
        "update annotations_reading set protocol_version = 7 where id = %(reading)s",
        Kind.READING_ALTERED,
        "reading",
    ),
    "samples swapped with their hash": Alteration(
        "update annotations_tracing t set packed = o.packed, content_hash = o.content_hash"
        " from annotations_tracing o where t.id = %(tracing)s and o.exam_id = %(other_exam)s",
        Kind.EXAM_ALTERED,
        "exam",
    ),
    "phase of a study": Alteration(
        "update annotations_study set phase = 'locked', locked_at = now() where id = %(study)s",
        Kind.STUDY_ALTERED,
        "study",
    ),
    "seed of a study": Alteration(
        "update annotations_study set seed = repeat('0', 64) where id = %(study)s",
        Kind.STUDY_ALTERED,
        "study",
    ),
    "reader removed from the roster": Alteration(
        "delete from annotations_studyreader where id = %(line)s",
        Kind.STUDY_READER_ALTERED,
        "bruno",
    ),
    "report deleted": Alteration(
        "delete from annotations_agreementreport where id = %(report)s",
        Kind.REPORT_ALTERED,
        "report",
    ),
    "consensus deleted": Alteration(
        "delete from annotations_consensuslabel; delete from annotations_consensus",
        Kind.CONSENSUS_ALTERED,
        "study",
    ),
    "account inserted": Alteration(
        "insert into annotations_user (username, password, first_name, last_name, email, is_active,"
        " is_staff, is_superuser, date_joined, level, kind)"
        " values ('ghost', '!', '', '', '', true, true, true, now(), 2, 'person')",
        Kind.ACCOUNT_ALTERED,
        "",
    ),
    "access restored": Alteration(
        "update annotations_user set is_active = false where id = %(rosa)s",
        Kind.ACCOUNT_ALTERED,
        "rosa",
    ),
    "kind of a reader, who no longer votes": Alteration(
        "update annotations_user set kind = 'reference', is_active = false where id = %(bruno)s",
        Kind.ACCOUNT_ALTERED,
        "bruno",
    ),
    "kind of a model, which votes now": Alteration(
        "update annotations_user set kind = 'person' where id = %(model)s",
        Kind.ACCOUNT_ALTERED,
        "model",
    ),
    "permission of a role": Alteration(
        "insert into auth_group_permissions (group_id, permission_id) select g.id, p.id"
        " from auth_group g, auth_permission p"
        " where g.name = 'reader' and p.codename = 'view_closed_readings'",
        Kind.ROLE_ALTERED,
        "",
    ),
}
ALTERATIONS = {**CHAIN, **READINGS, **SIGNED_CONTENT, **RECORDS}
"""The alterations of the review except truncation, which is found only with a recorded head."""


@pytest.fixture(scope="module")
def ids(module_db):
    """Build the history once and drop the guards; return the ids that alterations use."""
    with module_db():
        numbers = _build_history()
        _drop_guards()
        return numbers


def _build_history():
    """Create two readers and two batches; one is closed, and Rosa has seen its results."""
    taxonomy = versions.install(now=NOW)
    ana, bruno = builders.person("Ana", Role.READER), builders.person("Bruno", Role.READER)
    model = accounts.create_without_access(
        username="model", name="A model", kind=ReaderKind.MODEL, now=NOW
    )
    davi, rosa = builders.person("Davi", Role.COORDINATOR), builders.person("Rosa", Role.RESEARCHER)
    dataset = builders.dataset(now=NOW)
    exams = [builders.exam(dataset, number, now=NOW) for number in range(1, 5)]
    study = builders.study(taxonomy, davi, now=NOW)
    closed = builders.batch(study, "One", exams[:2], [ana, bruno], by=davi, now=NOW)
    for assignment in closed.assignments.order_by("pk").select_related("reader"):
        builders.submit(assignment, AF, now=NOW + timedelta(minutes=assignment.pk % 7))
    batches.close(batch_id=closed.pk, closed_by=davi, now=NOW)
    open_batch = builders.batch(study, "Two", exams[2:3], [ana, bruno], by=davi, now=NOW)
    roster.pause(study=study, user=bruno, reason="ill", actor=davi, now=NOW)
    labels.compute(study=study, now=NOW)
    while refresh.refresh_next(now=NOW + timedelta(hours=1)):
        pass
    results_seen.results_of_study(study=study, user=rosa, now=NOW)
    audit.record(actor=davi, action=audit.Action.STUDY_CHANGED, reason="the last", now=NOW)
    check_constraints()
    return {**_ids(study, closed, open_batch, exams, rosa, bruno), "model": model.pk}


def _ids(study, closed, open_batch, exams, rosa, bruno):
    """Return the ids of all rows that are altered."""
    last = AuditLink.objects.latest("seq")
    middle = AuditLink.objects.get(seq=last.seq // 2)
    readings = Reading.objects.order_by("pk")
    reading = readings[1]
    of_classes = dict(study.taxonomy.classes.values_list("code", "pk"))
    exam = reading.assignment.exam
    return {
        "seq": middle.seq, "event": middle.event_id,
        "last": last.seq, "last_event": last.event_id,
        "rosa": rosa.pk, "bruno": bruno.pk,
        "reading": reading.pk, "first_reading": readings[0].pk, "inserted": 999_999,
        "assignment": reading.assignment_id,
        "waiting": Assignment.objects.filter(batch=open_batch)[0].pk,
        "class": of_classes[AF], "other_class": of_classes["atrial_flutter"],
        "taxonomy": study.taxonomy_id,
        "exam": exam.pk, "other_exam": exams[3].pk,
        "tracing": Tracing.objects.get(exam=exam).pk,
        "other_samples": wire.pack(builders.small_signal(99)),
        "batch": closed.pk, "other_batch": open_batch.pk,
        "study": study.pk, "version": study.protocol_versions.get().pk,
        "consensus": Consensus.objects.get(exam=exam).pk,
        "report": AgreementReport.objects.order_by("pk")[0].pk,
        "line": StudyReader.objects.get(study=study, user=bruno).pk,
    }  # fmt: skip


def _drop_guards():
    """Disable our triggers and drop the constraints that would refuse an alteration."""
    with connection.cursor() as cursor:
        cursor.execute("select tablename from pg_tables where schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f"alter table {table} disable trigger user")
        cursor.execute(
            "select conrelid::regclass, conname from pg_constraint"
            " where connamespace = 'public'::regnamespace and (contype in ('f', 'u')"
            " or conrelid = 'annotations_consensus'::regclass and contype = 'c')"
            " order by contype = 'u'"
        )
        for table, name in cursor.fetchall():
            cursor.execute(f"alter table {table} drop constraint {name}")


def alter(sql, numbers):
    with connection.cursor() as cursor:
        for statement in sql.split(";"):
            cursor.execute(statement, numbers)


def test_an_unaltered_trail_verifies(ids):
    result = trail.verify()
    assert result.fault is None, str(result.fault)
    assert result.n_readings == 4


def test_there_are_42_alterations():
    assert len(ALTERATIONS) + len(["the end cut off"]) == 42


@pytest.mark.parametrize("name", [*ALTERATIONS, *FURTHER_ALTERATIONS])
def test_an_alteration_is_found_and_named(ids, name):
    alteration = {**ALTERATIONS, **FURTHER_ALTERATIONS}[name]
    alter(alteration.sql, ids)
    fault = trail.verify().fault
    assert fault is not None, name
    assert fault.kind == alteration.kind, str(fault)
    if alteration.place:
        named = fault.seq if alteration.place in {"seq", "last"} else fault.other
        assert named == ids[alteration.place], str(fault)


def test_truncation_is_found_with_the_head_of_the_last_verification(ids, tmp_path):
    with override_settings(AUDIT_HEADS_FILE=str(tmp_path / "heads.txt")):
        call_command("verify_audit", verbosity=0)
        alter(
            "delete from annotations_auditlink where seq = %(last)s;"
            "delete from annotations_auditevent where id = %(last_event)s",
            ids,
        )
        assert trail.verify().holds  # the database alone does not show the truncation
        result = heads.verify()
        assert result is not None
        assert result.fault is not None
        assert (result.fault.kind, result.fault.seq) == (Kind.TRUNCATED, ids["last"])
        with pytest.raises(SystemExit):
            call_command("verify_audit", verbosity=0)


def test_verification_in_slices_finds_the_same_fault(ids):
    alter(RECORDS["role"].sql, ids)
    position, result = trail.Position(), None
    while result is None:
        position, result = trail.step(position)
    assert result.fault == trail.verify().fault
    assert result.n_readings == 4

"""Hundreds of thousands of readings, in an open and a closed batch of one study."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from annotations.models import Batch, Study, Taxonomy, User

N_WAITING, FINDINGS_EACH = 200, 2


def fill(
    coordinator: User, readers: Sequence[User], taxonomy: Taxonomy, *, n_exams: int, now: datetime
) -> None:
    """Create an open and a closed batch of all exams, each read by half of ``readers``.

    The readers' user names must start with ``reader``. In the open batch, each reader has
    ``N_WAITING`` exams left.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into annotations_dataset (name, licence, attribution, is_synthetic, created_at)"
            " values ('bench', '', '', true, now())"
        )
    study = open_study(coordinator, taxonomy, now)
    for reader in readers:
        study.readers.create(user=reader, status_since=now, added_at=now)
    for name in ("open", "closed"):
        Batch.objects.create(
            study=study, name=name, created_by=coordinator, created_at=now, taxonomy=taxonomy,
            released_at=now, closed_at=now if name == "closed" else None,
            closed_by=coordinator if name == "closed" else None,
        )  # fmt: skip
    with connection.cursor() as cursor:
        for statement in _statements(n_exams):
            cursor.execute(statement)


def open_study(coordinator: User, taxonomy: Taxonomy, now: datetime) -> Study:
    """Create an open study, with the protocol version that a trigger requires."""
    study = Study.objects.create(
        name="bench", slug="bench", taxonomy=taxonomy, created_by=coordinator, created_at=now
    )
    study.protocol_versions.create(
        version=1, document={}, digest="", created_by=coordinator, created_at=now
    )
    Study.objects.update(phase="open", opened_at=now)
    study.refresh_from_db()
    return study


def _statements(n_exams: int) -> list[str]:
    """Return the SQL that stores exams, assignments and readings.

    Triggers are disabled, because a million rows would take an hour with them.
    """
    script = f"""
set statement_timeout = 0;
alter table annotations_assignment disable trigger user;
alter table annotations_reading disable trigger user;
alter table annotations_finding disable trigger user;

insert into annotations_exam (dataset_id, code, source_key, content_hash, source_labels,
                              imported_at)
select d.id, 'E' || n, n::text, n::text, '{{}}', now()
  from annotations_dataset d, generate_series(1, {n_exams}) n;

insert into annotations_tracing (exam_id, position, sampling_rate_hz, n_samples, missing_leads,
                                 remarks, content_hash, packed)
select id, 1, 400, 1, '[]', '[]', code, '' from annotations_exam;

insert into annotations_assignment (id, batch_id, exam_id, reader_id, occurrence, position,
                                    order_key, arm, state)
select r.id * 1000000 + e.n, b.id, e.id, r.id, 1, e.n, md5(r.id || ':' || e.id), 'after_commit',
       case when e.n > {n_exams - N_WAITING} and b.closed_at is null then 'waiting' else 'read' end
  from (select id, row_number() over (order by id) as n from annotations_exam) e
  cross join (select id, row_number() over (order by id) % 2 as half
                from annotations_user where username like 'reader%') r
  join (select id, closed_at, row_number() over (order by id) % 2 as half
          from annotations_batch) b using (half);

insert into annotations_seat (batch_id, reader_id, n_assigned, n_read)
select batch_id, reader_id, count(*), count(*) filter (where state = 'read')
  from annotations_assignment group by 1, 2;

insert into annotations_reading (assignment_id, reader_id, protocol_version, stage, taxonomy_id,
                                 outcome, quality, problems, comment, n_findings,
                                 n_not_assessable, n_decisions, reason, submitted_at,
                                 idempotency_key, active_ms, idle_ms, display, tools)
select a.id, a.reader_id, 1, 'blind', t.id, 'read', 'good', '[]', '', {FINDINGS_EACH}, 0, 0, '',
       now(), gen_random_uuid(), 0, 0, '{{}}', '{{}}'
  from annotations_assignment a, annotations_taxonomy t where a.state = 'read';

insert into annotations_finding (reading_id, diagnostic_class_id, certainty, localisations,
                                 measurements)
select r.id, c.id, 'definite', '[]', '[]' from annotations_reading r
 cross join (select id from annotations_diagnosticclass order by id limit {FINDINGS_EACH}) c;

alter table annotations_assignment enable trigger user;
alter table annotations_reading enable trigger user;
alter table annotations_finding enable trigger user;
vacuum analyze;
"""  # noqa: S608 - inserts only numbers
    return script.strip().rstrip(";").split(";\n")

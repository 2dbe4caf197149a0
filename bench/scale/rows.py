"""The statements that fill a large database, in order.

All randomness is a hash of ids, so the same size gives the same database. ``u`` returns a number
from 0 to 1 for a row and a purpose.
"""

from __future__ import annotations

# Tables whose triggers count and check each row. With them, filling would take an hour.
TRIGGERED = (
    *("annotations_assignment", "annotations_reading", "annotations_finding"),
    *("annotations_notassessable", "annotations_decision", "annotations_auditevent"),
    *("annotations_auditlink", "annotations_exam"),
)

U = """
create or replace function pg_temp.u(a bigint, b bigint) returns float8 language sql immutable as
$$ select (hashint8extended(a * 1009 + b, 7) & 1048575) / 1048576.0 $$
"""

# One row per exam of a study: its batch and the places of its two readers. ``patient_day`` numbers
# the exams without gaps, unlike ids.
PLAN = """
create temp table plan as
select s.study_id, s.n_readers, b.batch_id, b.is_closed, b.arm_share, e.exam_id,
       mod(e.n, s.n_readers) as first_place,
       mod(e.n + 1 + mod(e.n / s.n_readers, s.n_readers - 1), s.n_readers) as second_place
  from bench_study s
  join lateral (select id as exam_id, row_number() over (order by id) - 1 as n
                  from annotations_exam
                 where dataset_id = %(dataset)s and patient_day > s.first_exam
                   and patient_day <= s.first_exam + s.n_exams) e on true
  join bench_batch b on b.study_id = s.study_id
   and b.place = mod(e.n, s.n_batches)
"""

FILL: dict[str, str] = {
    "patients": """
insert into annotations_patient (dataset_id, pseudonym)
select %(dataset)s, 'p' || n from generate_series(1, %(n_exams)s / 3 + 1) n
""",
    "exams": """
insert into annotations_exam (dataset_id, patient_id, patient_day, code, source_key, content_hash,
                              source_labels, imported_at, age_years, sex)
select %(dataset)s, p.id, n, lpad(upper(to_hex(n)), 8, '0'), 'records/' || n, 'hash-' || n, '{}',
       now(), 20 + mod(n, 75), case mod(n, 2) when 0 then 'F' else 'M' end
  from generate_series(1, %(n_exams)s) n
  join annotations_patient p on p.dataset_id = %(dataset)s and p.pseudonym = 'p' || (n / 3 + 1)
""",
    "tracings": """
insert into annotations_tracing (exam_id, position, sampling_rate_hz, n_samples, missing_leads,
                                 remarks, content_hash, packed)
select id, 1, 400, 4000, '[]', '[]', content_hash, %(packed)s
  from annotations_exam where dataset_id = %(dataset)s
""",
    "plan": PLAN,
    "studyexams": """
insert into annotations_studyexam (study_id, exam_id, stratum, is_anchor)
select study_id, exam_id, 'stratum ' || mod(exam_id, 5), false from plan
""",
    "assignments": """
insert into annotations_assignment (id, batch_id, exam_id, reader_id, occurrence, position,
                                    order_key, arm, state)
select (p.batch_id << 32) + 2 * p.exam_id + w.which, p.batch_id, p.exam_id, r.user_id, 1,
       row_number() over (partition by p.batch_id, r.user_id
                          order by hashint8extended(p.exam_id, 1)),
       md5(p.exam_id || ':' || r.user_id),
       case when pg_temp.u(2 * p.exam_id + w.which, 1) < p.arm_share then 'after_commit'
            else 'none' end,
       case when p.is_closed or pg_temp.u(p.exam_id, 2) < 0.5 then 'read' else 'waiting' end
  from plan p cross join (values (0), (1)) w (which)
  join bench_reader r on r.study_id = p.study_id
   and r.place = case w.which when 0 then p.first_place else p.second_place end
""",
    "seats": """
insert into annotations_seat (batch_id, reader_id, n_assigned, n_read)
select batch_id, reader_id, count(*), count(*) filter (where state = 'read')
  from annotations_assignment where batch_id in (select batch_id from plan) group by 1, 2
""",
    "answers": """
create temp table answers as
select a.id as assignment_id, a.batch_id, a.exam_id, a.reader_id, c.class_id,
       case when pg_temp.u(a.id, 100 + c.place) < 0.004 then 0 else 2 end as state
  from annotations_assignment a
 cross join bench_class c
 where a.state = 'read' and a.batch_id in (select batch_id from bench_batch)
   and pg_temp.u(a.id, 3) >= 0.005
   and pg_temp.u(a.id, 200 + c.place)
       < case when pg_temp.u(a.exam_id, 300 + c.place) < c.prevalence then 0.85
              else c.prevalence / 10 end
""",
    "index of answers": "create index on answers (assignment_id); analyze answers",
    "readings": """
insert into annotations_reading (assignment_id, reader_id, protocol_version, stage, taxonomy_id,
                                 outcome, quality, problems, comment, n_findings,
                                 n_not_assessable, n_decisions, reason, submitted_at,
                                 idempotency_key, active_ms, idle_ms, display, tools)
select a.id, a.reader_id, 1, 'blind', %(taxonomy)s, 'read',
       case when pg_temp.u(a.id, 3) < 0.005 then 'unreadable'
            when pg_temp.u(a.id, 4) < 0.2 then 'acceptable' else 'good' end, '[]',
       case when pg_temp.u(a.id, 5) < 0.1 then 'A comment of ordinary length about the exam.'
            else '' end,
       coalesce(n.positive, 0), coalesce(n.not_assessable, 0), 0, '',
       now() - interval '90 days' + pg_temp.u(a.id, 6) * interval '80 days', gen_random_uuid(),
       (20000 + 60000 * pg_temp.u(a.id, 7))::int, 1000,
       '{"layout": "3x4", "speed": 25, "gain": 10}', '{"calipers": 1}'
  from annotations_assignment a
  left join (select assignment_id, count(*) filter (where state = 2) as positive,
                    count(*) filter (where state = 0) as not_assessable
               from answers group by 1) n on n.assignment_id = a.id
 where a.state = 'read' and a.batch_id in (select batch_id from bench_batch)
""",
    "findings": """
insert into annotations_finding (reading_id, diagnostic_class_id, certainty, localisations,
                                 measurements)
select r.id, s.class_id,
       case when pg_temp.u(r.id, 400 + s.class_id) < 0.8 then 'definite'
            when pg_temp.u(r.id, 400 + s.class_id) < 0.95 then 'probable' else 'possible' end,
       case when pg_temp.u(r.id, 8) < 0.05
            then '[{"tracing": 1, "leads": ["V1"], "from_s": 1.0, "to_s": 2.0}]'::jsonb
            else '[]' end,
       case when pg_temp.u(r.id, 9) < 0.05
            then '[{"kind": "interval", "tracing": 1, "lead": "II", "from_s": 1.0, "to_s": 1.2,
                    "value": 200, "n_cycles": 1}]'::jsonb else '[]' end
  from answers s join annotations_reading r on r.assignment_id = s.assignment_id where s.state = 2
""",
    "not assessable": """
insert into annotations_notassessable (reading_id, diagnostic_class_id)
select r.id, s.class_id
  from answers s join annotations_reading r on r.assignment_id = s.assignment_id where s.state = 0
""",
    "drafts": """
insert into annotations_draft (assignment_id, version, content, saved_at)
select id, 1, '{"findings": [], "quality": "good", "comment": ""}', now()
  from annotations_assignment
 where state = 'waiting' and batch_id in (select batch_id from plan) and mod(id, 5) = 0
""",
    "suggestion runs": """
insert into annotations_suggestionrun (exam_id, model_id, requested_at, finished_at, n_attempts,
                                       verdicts, measurements, failure)
select id, %(model)s, now(), now(), 1, '[]', '{"heart_rate_bpm": 71}', ''
  from annotations_exam where dataset_id = %(dataset)s
""",
    "suggestions": """
insert into annotations_suggestion (run_id, diagnostic_class_id, strength, evidence, marks)
select r.id, c.class_id, round(pg_temp.u(r.id, 500 + c.place)::numeric, 2), 'PR 212 ms', '{}'
  from annotations_suggestionrun r cross join bench_class c
 where r.model_id = %(model)s and pg_temp.u(r.exam_id, 300 + c.place) < c.prevalence
""",
    "results seen": """
insert into annotations_exposure (assignment_id, run_id, arm, first_shown_at)
select a.id, r.id, 'after_commit', now()
  from annotations_assignment a
  join annotations_suggestionrun r on r.exam_id = a.exam_id and r.model_id = %(model)s
 where a.arm = 'after_commit' and a.state = 'read' and a.batch_id in (select batch_id from plan)
""",
    "viewings": """
insert into annotations_viewing (exposure_id, key, shown_ms, told_at)
select id, gen_random_uuid(), 4000, now() from annotations_exposure
""",
    "revisions": """
insert into annotations_reading (assignment_id, reader_id, protocol_version, stage, taxonomy_id,
                                 outcome, quality, problems, comment, n_findings,
                                 n_not_assessable, n_decisions, reason, submitted_at,
                                 idempotency_key, active_ms, idle_ms, display, tools)
select r.assignment_id, r.reader_id, 1, 'revised', r.taxonomy_id, 'read', r.quality, '[]', '', 0,
       0, 0, 'suggestion', r.submitted_at + interval '20 seconds', gen_random_uuid(), 0, 0,
       r.display, '{}'
  from annotations_exposure e join annotations_reading r on r.assignment_id = e.assignment_id
 where mod(e.id, 10) = 0
""",
    "slots": """
insert into annotations_slot (batch_id, exam_id, ordinal, order_key)
select b.id, e.id, o, md5(e.id || ':' || o)
  from annotations_batch b
  join bench_study s on s.study_id = b.study_id
  join annotations_exam e on e.dataset_id = %(dataset)s and e.patient_day > s.first_exam
   and e.patient_day <= s.first_exam + s.n_exams and mod(e.id, 10) = 0
 cross join (values (1), (2)) x (o)
 where b.handout = 'pooled'
""",
    "patterns of batches": """
insert into annotations_exampattern (study_id, batch_id, exam_id, taxonomy_id, readers, states,
                                     n_unreadable, n_abstained)
select b.study_id, b.id, r.exam_id, %(taxonomy)s, r.readers, coalesce(p.states, '{}'),
       r.n_unreadable, 0
  from (select a.batch_id, a.exam_id,
               coalesce(array_agg(a.reader_id order by a.reader_id)
                        filter (where g.quality <> 'unreadable'), '{}') as readers,
               count(*) filter (where g.quality = 'unreadable') as n_unreadable
          from annotations_reading g join annotations_assignment a on a.id = g.assignment_id
         where g.stage = 'blind' group by 1, 2) r
  join bench_batch bb on bb.batch_id = r.batch_id
  join annotations_batch b on b.id = r.batch_id
  left join (
    select d.batch_id, d.exam_id, jsonb_object_agg(c.code, d.digits) as states
      from (select k.batch_id, k.exam_id, k.class_id,
                   string_agg(coalesce(s.state, 1)::text, '' order by a.reader_id) as digits
              from (select distinct batch_id, exam_id, class_id from answers) k
              join annotations_assignment a on a.batch_id = k.batch_id and a.exam_id = k.exam_id
              join annotations_reading g on g.assignment_id = a.id and g.stage = 'blind'
               and g.quality <> 'unreadable'
              left join answers s on s.assignment_id = a.id and s.class_id = k.class_id
             group by 1, 2, 3) d
      join annotations_diagnosticclass c on c.id = d.class_id group by 1, 2
  ) p on p.batch_id = r.batch_id and p.exam_id = r.exam_id
""",
    "patterns of studies": """
insert into annotations_exampattern (study_id, batch_id, exam_id, taxonomy_id, readers, states,
                                     n_unreadable, n_abstained)
select study_id, null, exam_id, taxonomy_id, readers, states, n_unreadable, n_abstained
  from annotations_exampattern where batch_id in (select batch_id from bench_batch)
""",
    "sets of readers": """
insert into annotations_readersetcount (study_id, batch_id, taxonomy_id, readers, n_exams)
select study_id, batch_id, taxonomy_id, readers, count(*) from annotations_exampattern
 where readers <> '{}' group by 1, 2, 3, 4
""",
    "pattern counts": """
insert into annotations_patterncount (study_id, batch_id, diagnostic_class_id, readers, pattern,
                                      n_exams)
select p.study_id, p.batch_id, c.id, p.readers, s.value, count(*)
  from annotations_exampattern p cross join jsonb_each_text(p.states) s
  join annotations_diagnosticclass c on c.code = s.key and c.taxonomy_id = p.taxonomy_id
 group by 1, 2, 3, 4, 5
""",
    "events": """
insert into annotations_auditevent (at, actor_id, actor_name, action, study_id, object_type,
                                    object_id, before, after, reason)
select r.submitted_at, r.reader_id, 'reader', 'reading.submitted', b.study_id, 'reading',
       r.id::text, '', '{"content":"0000"}', ''
  from annotations_reading r join annotations_assignment a on a.id = r.assignment_id
  join annotations_batch b on b.id = a.batch_id where b.id in (select batch_id from bench_batch)
""",
    "links": """
insert into annotations_auditlink (seq, event_id, chained_at, previous, digest)
select last.seq + row_number() over (order by e.id), e.id, e.at, repeat('0', 64), repeat('0', 64)
  from annotations_auditevent e
 cross join (select coalesce(max(seq), 0) as seq from annotations_auditlink) last
 where e.action = 'reading.submitted'
   and not exists (select from annotations_auditlink l where l.event_id = e.id)
""",
    "notices": """
insert into annotations_notice (user_id, kind, data, created_at, mail_is_due, n_attempts)
select r.user_id, 'batch_due', jsonb_build_object('study', 's', 'batch', 'b', 'n', 1), now(),
       false, 0
  from bench_reader r cross join generate_series(1, 20) n
""",
}

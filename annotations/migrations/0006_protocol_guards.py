"""Triggers on protocols and assignments, and values for existing studies.

Each trigger raises an integrity error that carries a constraint name, like any other constraint:
study_protocol_is_frozen, study_phase_goes_forward, study_protocol_is_recorded,
protocol_version_is_immutable, assignment_order_is_kept, assignment_read_stays,
reading_is_by_its_reader. Tests break each of them.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

# Existing studies have been open since they were created; their orders do not change.
FILL = """
alter table annotations_reading disable trigger reading_is_immutable;

update annotations_assignment a set position = ranked.place
  from (select id, row_number() over (partition by batch_id, reader_id
                                      order by order_key, id) as place
          from annotations_assignment) ranked
 where ranked.id = a.id;

update annotations_assignment a set state = 'read'
  from annotations_reading r where r.assignment_id = a.id;

update annotations_assignment a set arm = 'none'
  from annotations_batch b join annotations_study s on s.id = b.study_id
 where b.id = a.batch_id and s.suggestion_policy = 'none';

update annotations_reading r set reader_id = a.reader_id
  from annotations_assignment a where a.id = r.assignment_id;

update annotations_batch b
   set released_at = b.created_at, taxonomy_id = s.taxonomy_id,
       clinical_information = s.clinical_information, results_open = s.results_open
  from annotations_study s where s.id = b.study_id;

update annotations_study set phase = 'open', opened_at = created_at;

insert into annotations_studyreader (study_id, user_id, status, status_since, status_reason,
                                     qualified_at, added_at, max_exams)
select b.study_id, a.reader_id, 'active', min(b.created_at), '', null, min(b.created_at), null
  from annotations_assignment a join annotations_batch b on b.id = a.batch_id
 group by b.study_id, a.reader_id;

insert into annotations_seat (batch_id, reader_id, n_assigned, n_read)
select batch_id, reader_id, count(*), count(*) filter (where state = 'read')
  from annotations_assignment group by batch_id, reader_id;

insert into annotations_protocolversion (study_id, version, document, digest, reason,
                                         created_by_id, created_at)
select id, 1, document, encode(sha256(convert_to(document::text, 'UTF8')), 'hex'), '',
       created_by_id, created_at
  from (select s.*, jsonb_build_object(
            'name', s.name, 'taxonomy', t.name || ' ' || t.version,
            'consensus_rule', s.consensus_rule, 'suggestion_policy', s.suggestion_policy,
            'clinical_information', s.clinical_information,
            'frequent_classes', to_jsonb(s.frequent_classes)) as document
          from annotations_study s join annotations_taxonomy t on t.id = s.taxonomy_id) described;

alter table annotations_reading enable trigger reading_is_immutable;
set constraints all immediate;
set constraints all deferred;
"""

STUDY_GUARDS = """
create function study_check_update() returns trigger language plpgsql as $$
declare
    phases constant text[] := array['draft', 'open', 'locked', 'released'];
begin
    if array_position(phases, new.phase::text) < array_position(phases, old.phase::text) then
        raise exception 'study % cannot go back from % to %', old.id, old.phase, new.phase
            using errcode = 'check_violation', constraint = 'study_phase_goes_forward';
    end if;
    if old.phase <> 'draft' and new.protocol_version <> old.protocol_version + 1
       and (to_jsonb(new) - study_unbound()) <> (to_jsonb(old) - study_unbound()) then
        raise exception 'the protocol of study % is frozen: amend it', old.id
            using errcode = 'check_violation', constraint = 'study_protocol_is_frozen';
    end if;
    if old.phase <> 'draft' and (new.seed, new.slug) is distinct from (old.seed, old.slug) then
        raise exception 'the order of study % is frozen for good', old.id
            using errcode = 'check_violation', constraint = 'study_protocol_is_frozen';
    end if;
    return new;
end $$;

create function study_check_record() returns trigger language plpgsql as $$
begin
    if exists (select from annotations_study s
                where s.id = new.id and s.phase <> 'draft' and not exists (
                      select from annotations_protocolversion v
                       where v.study_id = s.id and v.version = s.protocol_version)) then
        raise exception 'no record of the protocol of study %', new.id
            using errcode = 'check_violation', constraint = 'study_protocol_is_recorded';
    end if;
    return null;
end $$;

create trigger study_protocol_is_frozen before update on annotations_study
    for each row execute function study_check_update();

create constraint trigger study_protocol_is_recorded after insert or update on annotations_study
    deferrable initially deferred for each row execute function study_check_record();

create function protocol_version_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'a recorded protocol never changes'
        using errcode = 'check_violation', constraint = 'protocol_version_is_immutable';
end $$;

create trigger protocol_version_is_immutable
    before update or delete on annotations_protocolversion
    for each row execute function protocol_version_refuse_change();
"""

# Columns of a study that are not part of its protocol.
UNBOUND = """
create function study_unbound() returns text[] language sql immutable as $$
    select array['phase', 'opened_at', 'locked_at', 'released_at', 'protocol_version']
$$;
"""

UNDO_STUDY_GUARDS = """
drop trigger protocol_version_is_immutable on annotations_protocolversion;
drop trigger study_protocol_is_recorded on annotations_study;
drop trigger study_protocol_is_frozen on annotations_study;
drop function protocol_version_refuse_change();
drop function study_check_record();
drop function study_check_update();
drop function study_unbound();
"""

ASSIGNMENT_GUARDS = """
create function assignment_check_update() returns trigger language plpgsql as $$
begin
    if (new.batch_id, new.exam_id, new.reader_id, new.occurrence, new.position, new.order_key,
        new.arm, new.id)
       is distinct from
       (old.batch_id, old.exam_id, old.reader_id, old.occurrence, old.position, old.order_key,
        old.arm, old.id) then
        raise exception 'assignment % stays as it was given', old.id
            using errcode = 'check_violation', constraint = 'assignment_order_is_kept';
    end if;
    if old.state = 'read' and new.state <> 'read' then
        raise exception 'assignment % has been read', old.id
            using errcode = 'check_violation', constraint = 'assignment_read_stays';
    end if;
    return new;
end $$;

create trigger assignment_order_is_kept before update on annotations_assignment
    for each row execute function assignment_check_update();
"""

UNDO_ASSIGNMENT_GUARDS = """
drop trigger assignment_order_is_kept on annotations_assignment;
drop function assignment_check_update();
"""

# The counters of seats, updated once per statement, in the order of the readers: 100,000 new rows
# cost one pass, and two coordinators cannot deadlock.
SEATS = """
create function seat_after_insert() returns trigger language plpgsql
    security definer set search_path = pg_catalog, public as $$
begin
    insert into annotations_seat as seat (batch_id, reader_id, n_assigned, n_read)
    select batch_id, reader_id, count(*) filter (where state in ('waiting', 'read')),
           count(*) filter (where state = 'read')
      from added group by reader_id, batch_id order by reader_id, batch_id
        on conflict (reader_id, batch_id) do update
       set n_assigned = seat.n_assigned + excluded.n_assigned,
           n_read = seat.n_read + excluded.n_read;
    return null;
end $$;

create function seat_after_update() returns trigger language plpgsql
    security definer set search_path = pg_catalog, public as $$
begin
    perform 1 from annotations_seat seat
      join (select distinct batch_id, reader_id from added) changed using (batch_id, reader_id)
     order by seat.reader_id, seat.batch_id for no key update of seat;
    update annotations_seat seat
       set n_assigned = seat.n_assigned + change.n_assigned, n_read = seat.n_read + change.n_read
      from (select added.batch_id, added.reader_id,
                   count(*) filter (where added.state in ('waiting', 'read'))
                   - count(*) filter (where gone.state in ('waiting', 'read')) as n_assigned,
                   count(*) filter (where added.state = 'read')
                   - count(*) filter (where gone.state = 'read') as n_read
              from added join gone using (id) group by added.batch_id, added.reader_id) change
     where seat.batch_id = change.batch_id and seat.reader_id = change.reader_id
       and (change.n_assigned, change.n_read) <> (0, 0);
    return null;
end $$;

create function seat_after_delete() returns trigger language plpgsql
    security definer set search_path = pg_catalog, public as $$
begin
    update annotations_seat seat
       set n_assigned = seat.n_assigned - gone_by.n_assigned, n_read = seat.n_read - gone_by.n_read
      from (select batch_id, reader_id,
                   count(*) filter (where state in ('waiting', 'read')) as n_assigned,
                   count(*) filter (where state = 'read') as n_read
              from gone group by batch_id, reader_id) gone_by
     where seat.batch_id = gone_by.batch_id and seat.reader_id = gone_by.reader_id;
    return null;
end $$;

create trigger seat_after_insert after insert on annotations_assignment
    referencing new table as added for each statement execute function seat_after_insert();

create trigger seat_after_update after update on annotations_assignment
    referencing old table as gone new table as added
    for each statement execute function seat_after_update();

create trigger seat_after_delete after delete on annotations_assignment
    referencing old table as gone for each statement execute function seat_after_delete();
"""

UNDO_SEATS = """
drop trigger seat_after_delete on annotations_assignment;
drop trigger seat_after_update on annotations_assignment;
drop trigger seat_after_insert on annotations_assignment;
drop function seat_after_delete();
drop function seat_after_update();
drop function seat_after_insert();
"""

READINGS = """
create function reading_check_reader() returns trigger language plpgsql as $$
begin
    if not exists (select from annotations_assignment a
                    where a.id = new.assignment_id and a.reader_id = new.reader_id) then
        raise exception 'the reading of assignment % is not by its reader', new.assignment_id
            using errcode = 'check_violation', constraint = 'reading_is_by_its_reader';
    end if;
    return new;
end $$;

create function reading_ends_waiting() returns trigger language plpgsql
    security definer set search_path = pg_catalog, public as $$
begin
    update annotations_assignment set state = 'read', lease_expires_at = null
     where id = new.assignment_id and state <> 'read';
    -- The hidden repeat, if there is one, may come when the first reading is washed out.
    update annotations_assignment again
       set not_before = new.submitted_at + make_interval(days => s.washout_days)
      from annotations_assignment read
      join annotations_batch b on b.id = read.batch_id
      join annotations_study s on s.id = b.study_id
     where read.id = new.assignment_id and read.occurrence = 1
       and again.batch_id = read.batch_id and again.exam_id = read.exam_id
       and again.reader_id = read.reader_id and again.occurrence = 2 and again.state = 'waiting';
    return null;
end $$;

create trigger reading_is_by_its_reader before insert on annotations_reading
    for each row execute function reading_check_reader();

create trigger reading_ends_waiting after insert on annotations_reading
    for each row when (new.stage = 'blind') execute function reading_ends_waiting();
"""

UNDO_READINGS = """
drop trigger reading_ends_waiting on annotations_reading;
drop trigger reading_is_by_its_reader on annotations_reading;
drop function reading_ends_waiting();
drop function reading_check_reader();
"""


class Migration(migrations.Migration):
    dependencies = [("annotations", "0005_protocol_and_assignments")]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="assignment",
            name="position",
            field=models.PositiveIntegerField(),
        ),
        migrations.AlterField(
            model_name="batch",
            name="taxonomy",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="batches",
                to="annotations.taxonomy",
            ),
        ),
        migrations.AlterField(
            model_name="reading",
            name="reader",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="readings",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=models.UniqueConstraint(
                fields=("reader", "batch", "position"), name="assignment_position_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="study",
            constraint=models.CheckConstraint(
                name="study_phase_matches_its_dates",
                condition=Q(phase="draft", opened_at=None)
                | Q(phase="open", opened_at__isnull=False, locked_at=None)
                | Q(phase="locked", locked_at__gte=F("opened_at"), released_at=None)
                | Q(phase="released", released_at__gte=F("locked_at")),
            ),
        ),
        migrations.RunSQL(UNBOUND + STUDY_GUARDS, UNDO_STUDY_GUARDS),
        migrations.RunSQL(ASSIGNMENT_GUARDS, UNDO_ASSIGNMENT_GUARDS),
        migrations.RunSQL(SEATS, UNDO_SEATS),
        migrations.RunSQL(READINGS, UNDO_READINGS),
    ]

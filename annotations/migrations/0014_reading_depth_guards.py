"""Triggers on the details of readings, and rights to their tables.

Each trigger raises an integrity error that carries a constraint name, like any other constraint:
reading_class_has_one_state, reading_supersedes_its_own, reading_blind_stage_is_final, and those of
migration 0002, now also for classes that are not assessable. Tests break each of them.
"""

from django.db import migrations

READER, MANAGER = "ecg_reader", "ecg_manager"
BOTH = f"{READER}, {MANAGER}"

ME = "(select nullif(current_setting('app.user_id', true), '')::bigint)"

CHECK_CLASSES = """
create or replace function reading_check_findings(wanted bigint) returns void
    language plpgsql as $$
declare
    n_expected integer;
    n_found integer;
    n_exclusive integer;
    n_foreign integer;
    n_not_expected integer;
    n_not_found integer;
    n_twice integer;
begin
    select r.n_findings, count(f.id), count(f.id) filter (where c.is_exclusive),
           count(f.id) filter (where c.taxonomy_id <> r.taxonomy_id)
      into n_expected, n_found, n_exclusive, n_foreign
      from annotations_reading r
      left join annotations_finding f on f.reading_id = r.id
      left join annotations_diagnosticclass c on c.id = f.diagnostic_class_id
     where r.id = wanted
     group by r.id;
    select r.n_not_assessable, count(n.id), n_foreign + count(n.id) filter (
               where c.taxonomy_id <> r.taxonomy_id),
           count(n.id) filter (where exists (
               select from annotations_finding f
                where f.reading_id = wanted and f.diagnostic_class_id = n.diagnostic_class_id))
      into n_not_expected, n_not_found, n_foreign, n_twice
      from annotations_reading r
      left join annotations_notassessable n on n.reading_id = r.id
      left join annotations_diagnosticclass c on c.id = n.diagnostic_class_id
     where r.id = wanted
     group by r.id;
    if n_found <> n_expected then
        raise exception 'reading % has % findings, not the % it was signed with',
            wanted, n_found, n_expected
            using errcode = 'check_violation', constraint = 'reading_has_all_its_findings';
    end if;
    if n_not_found <> n_not_expected then
        raise exception 'reading % has % classes not assessable, not the % it was signed with',
            wanted, n_not_found, n_not_expected
            using errcode = 'check_violation', constraint = 'reading_has_all_not_assessable';
    end if;
    if n_exclusive > 0 and n_found > 1 then
        raise exception 'reading % gives an exclusive class beside others', wanted
            using errcode = 'check_violation', constraint = 'reading_normal_stands_alone';
    end if;
    if n_foreign > 0 then
        raise exception 'reading % gives classes of another taxonomy', wanted
            using errcode = 'check_violation', constraint = 'reading_uses_the_shown_taxonomy';
    end if;
    if n_twice > 0 then
        raise exception 'reading % gives a class and calls it not assessable', wanted
            using errcode = 'check_violation', constraint = 'reading_class_has_one_state';
    end if;
end $$;

create trigger not_assessable_is_immutable before update or delete on annotations_notassessable
    for each row execute function reading_refuse_change();

create constraint trigger not_assessable_was_signed after insert on annotations_notassessable
    deferrable initially deferred for each row execute function finding_check_reading();
"""

UNDO_CHECK_CLASSES = """
drop trigger not_assessable_was_signed on annotations_notassessable;
drop trigger not_assessable_is_immutable on annotations_notassessable;

create or replace function reading_check_findings(wanted bigint) returns void
    language plpgsql as $$
declare
    n_expected integer;
    n_found integer;
    n_exclusive integer;
    n_foreign integer;
begin
    select r.n_findings, count(f.id), count(f.id) filter (where c.is_exclusive),
           count(f.id) filter (where c.taxonomy_id <> r.taxonomy_id)
      into n_expected, n_found, n_exclusive, n_foreign
      from annotations_reading r
      left join annotations_finding f on f.reading_id = r.id
      left join annotations_diagnosticclass c on c.id = f.diagnostic_class_id
     where r.id = wanted
     group by r.id;
    if n_found <> n_expected then
        raise exception 'reading % has % findings, not the % it was signed with',
            wanted, n_found, n_expected
            using errcode = 'check_violation', constraint = 'reading_has_all_its_findings';
    end if;
    if n_exclusive > 0 and n_found > 1 then
        raise exception 'reading % gives an exclusive class beside others', wanted
            using errcode = 'check_violation', constraint = 'reading_normal_stands_alone';
    end if;
    if n_foreign > 0 then
        raise exception 'reading % gives classes of another taxonomy', wanted
            using errcode = 'check_violation', constraint = 'reading_uses_the_shown_taxonomy';
    end if;
end $$;
"""

# Suggestions make a reading final, except those that the concurrent arm showed before it was
# submitted. The same as corrections.is_final; a test compares them.
SUPERSEDING = """
create function reading_check_superseded() returns trigger language plpgsql as $$
begin
    if not exists (select from annotations_reading earlier
                    where earlier.id = new.supersedes_id and earlier.assignment_id = new.assignment_id
                      and earlier.stage = new.stage) then
        raise exception 'a reading of assignment % supersedes one of another assignment or stage',
            new.assignment_id
            using errcode = 'check_violation', constraint = 'reading_supersedes_its_own';
    end if;
    if new.stage = 'blind' and exists (
            select from annotations_exposure e
              join annotations_assignment shown on shown.id = e.assignment_id
              join annotations_assignment own on own.exam_id = shown.exam_id
                                             and own.reader_id = shown.reader_id
              join annotations_reading earlier on earlier.id = new.supersedes_id
             where own.id = new.assignment_id
               and (e.first_shown_at >= earlier.submitted_at
                    or (shown.id = own.id and own.arm <> 'concurrent'))) then
        raise exception 'the blind reading of assignment % is final: suggestions were shown',
            new.assignment_id
            using errcode = 'check_violation', constraint = 'reading_blind_stage_is_final';
    end if;
    return new;
end $$;

create trigger reading_supersedes_its_own before insert on annotations_reading
    for each row when (new.supersedes_id is not null)
    execute function reading_check_superseded();
"""

UNDO_SUPERSEDING = """
drop trigger reading_supersedes_its_own on annotations_reading;
drop function reading_check_superseded();
"""

VISIBLE_READING = "exists (select from annotations_reading r where r.id = reading_id)"
OWN_READING = f"""exists (
    select from annotations_reading r where r.id = reading_id and r.reader_id = {ME})"""

RIGHTS = f"""
grant update (deferred_at) on annotations_assignment to {READER};
grant select, insert on annotations_notassessable to {BOTH};
alter table annotations_notassessable enable row level security;
create policy not_assessable_both_select on annotations_notassessable
    for select to {BOTH} using ({VISIBLE_READING});
create policy not_assessable_both_insert on annotations_notassessable
    for insert to {BOTH} with check ({OWN_READING});
"""

UNDO_RIGHTS = f"""
drop policy not_assessable_both_insert on annotations_notassessable;
drop policy not_assessable_both_select on annotations_notassessable;
alter table annotations_notassessable disable row level security;
revoke all on annotations_notassessable from {BOTH};
revoke update (deferred_at) on annotations_assignment from {READER};
"""


class Migration(migrations.Migration):
    dependencies = [("annotations", "0013_readings_in_depth")]

    operations = [
        migrations.RunSQL(CHECK_CLASSES, UNDO_CHECK_CLASSES),
        migrations.RunSQL(SUPERSEDING, UNDO_SUPERSEDING),
        migrations.RunSQL(RIGHTS, UNDO_RIGHTS),
    ]

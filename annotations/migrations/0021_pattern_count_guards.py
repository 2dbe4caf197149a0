"""Triggers that queue exams for counting, and policies of counts and reports.

The triggers run as the owner, because a reader who submits has no right to the queue. They only
insert and never read, so transactions do not wait for each other. The trigger on reports raises
``agreement_report_stays``.
"""

from django.db import migrations

OF_STUDIES = "('data', 'reread')"
NO_DATA = "('practice', 'qualification')"

UNCOUNTED = f"""
create function uncounted_after_reading() returns trigger language plpgsql
    security definer set search_path = pg_catalog, public as $$
begin
    insert into annotations_uncountedexam (batch_id, exam_id)
    select a.batch_id, a.exam_id
      from annotations_assignment a join annotations_batch b on b.id = a.batch_id
     where a.id = new.assignment_id and a.occurrence = 1 and b.purpose not in {NO_DATA};
    return null;
end $$;

create trigger uncounted_after_reading after insert on annotations_reading
    for each row when (new.stage = 'blind') execute function uncounted_after_reading();

-- Under other classes the readings of a study say something else.
create function uncounted_add_study(study bigint) returns void language sql
    set search_path = pg_catalog, public as $$
    insert into annotations_uncountedexam (batch_id, exam_id)
    select distinct a.batch_id, a.exam_id
      from annotations_batch b join annotations_assignment a on a.batch_id = b.id
     where b.study_id = study and b.purpose in {OF_STUDIES}
       and a.occurrence = 1 and a.state = 'read'
$$;

create function uncounted_after_amendment() returns trigger language plpgsql
    security definer set search_path = pg_catalog, public as $$
begin
    perform uncounted_add_study(new.id);
    return null;
end $$;

create trigger uncounted_after_amendment after update of taxonomy_id on annotations_study
    for each row when (new.taxonomy_id <> old.taxonomy_id)
    execute function uncounted_after_amendment();

-- A new mapping may lead from the classes of a batch to those in force on a shorter way.
create function uncounted_after_mapping() returns trigger language plpgsql
    security definer set search_path = pg_catalog, public as $$
begin
    perform uncounted_add_study(s.id) from annotations_study s
     where exists (select from annotations_batch b
                    where b.study_id = s.id and b.purpose in {OF_STUDIES}
                      and b.taxonomy_id <> s.taxonomy_id);
    return null;
end $$;

create trigger uncounted_after_mapping after insert on annotations_taxonomychange
    for each statement execute function uncounted_after_mapping();

revoke execute on function uncounted_add_study(bigint) from public;
"""

UNDO_UNCOUNTED = """
drop trigger uncounted_after_mapping on annotations_taxonomychange;
drop trigger uncounted_after_amendment on annotations_study;
drop trigger uncounted_after_reading on annotations_reading;
drop function uncounted_after_mapping();
drop function uncounted_after_amendment();
drop function uncounted_add_study(bigint);
drop function uncounted_after_reading();
"""

STAYS = """
create function agreement_report_refuse_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and (to_jsonb(new) - 'checked_at') = (to_jsonb(old) - 'checked_at') then
        return new;
    end if;
    raise exception 'a version of the agreement never changes'
        using errcode = 'check_violation', constraint = 'agreement_report_stays';
end $$;

create trigger agreement_report_stays before update or delete on annotations_agreementreport
    for each row execute function agreement_report_refuse_change();
"""

UNDO_STAYS = """
drop trigger agreement_report_stays on annotations_agreementreport;
drop function agreement_report_refuse_change();
"""

# The same as AgreementReport.objects.visible_to(): a test compares them. A report of a whole study
# is open when all batches in it are.
OPEN_STUDIES = f"""
create function row_security_open_study_agreement() returns bigint[] language sql stable
    security definer set search_path = pg_catalog, public as $$
    select coalesce(array_agg(study_id), '{{}}') from (
        select b.study_id from annotations_batch b where b.purpose in {OF_STUDIES}
         group by b.study_id
        having bool_and(b.id = any ((select row_security_open_agreement())::bigint[]))) whole
$$;

revoke execute on function row_security_open_study_agreement() from public;
grant execute on function row_security_open_study_agreement() to ecg_manager;
"""

OPEN = """case when batch_id is null
       then study_id = any ((select row_security_open_study_agreement())::bigint[])
       else batch_id = any ((select row_security_open_agreement())::bigint[]) end"""
MINE = "requested_by_id = (select nullif(current_setting('app.user_id', true), '')::bigint)"

SHOWN = ("agreementreport", "agreementrun", "patterncount", "readersetcount")
NOBODYS = ("exampattern", "uncountedexam")
"""Counts of single exams reveal their labels, so only workers can see them."""

PROTECT = "".join(
    f"""
alter table annotations_{table} enable row level security;"""
    for table in (*SHOWN, *NOBODYS)
) + "".join(
    f"""
grant select on annotations_{table} to ecg_manager;
create policy counts_ecg_manager_select on annotations_{table}
    for select to ecg_manager using ({OPEN});"""
    for table in SHOWN
) + f"""
grant insert, update (requested_at, requested_by_id, cancelled_at, cancelled_by_id, stage,
                      finished_at) on annotations_agreementrun to ecg_manager;
create policy counts_ecg_manager_insert on annotations_agreementrun
    for insert to ecg_manager with check ({MINE} and {OPEN});
create policy counts_ecg_manager_update on annotations_agreementrun
    for update to ecg_manager using ({OPEN}) with check ({OPEN});
"""

UNDO_PROTECT = """
drop policy counts_ecg_manager_update on annotations_agreementrun;
drop policy counts_ecg_manager_insert on annotations_agreementrun;
""" + "".join(
    f"""
drop policy counts_ecg_manager_select on annotations_{table};"""
    for table in SHOWN
) + """
drop function row_security_open_study_agreement();
"""

# Count everything once, and compute all reports again.
FILL = f"""
insert into annotations_uncountedexam (batch_id, exam_id)
select distinct a.batch_id, a.exam_id
  from annotations_batch b join annotations_assignment a on a.batch_id = b.id
 where b.purpose not in {NO_DATA} and a.occurrence = 1 and a.state = 'read';

update annotations_batch b set agreement_is_due = true
 where b.closed_at is not null
    or exists (select from annotations_assignment a where a.batch_id = b.id and a.state = 'read');

set constraints all immediate;
set constraints all deferred;
"""


class Migration(migrations.Migration):
    dependencies = [("annotations", "0020_pattern_counts")]

    operations = [
        migrations.RunSQL(UNCOUNTED, UNDO_UNCOUNTED),
        migrations.RunSQL(STAYS, UNDO_STAYS),
        migrations.RunSQL(OPEN_STUDIES + PROTECT, UNDO_PROTECT),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]

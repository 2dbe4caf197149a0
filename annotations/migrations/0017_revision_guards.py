"""Triggers on revisions and decisions on suggestions, and rights to their tables.

Each trigger raises an integrity error that carries a constraint name, like any other constraint:
reading_revises_what_was_shown, reading_has_all_its_decisions, decision_is_on_what_was_shown, and
reading_is_immutable, now also for decisions. Tests break each of them. They run as the owner,
because the user who writes a row may not see the rows that it is checked against.
"""

from django.db import migrations

READER, MANAGER = "ecg_reader", "ecg_manager"
BOTH = f"{READER}, {MANAGER}"

ME = "(select nullif(current_setting('app.user_id', true), '')::bigint)"

DEFINER = "language plpgsql security definer set search_path = pg_catalog, public"

REVISIONS = f"""
create function reading_check_revised() returns trigger {DEFINER} as $$
begin
    if not exists (
            select from annotations_exposure e
              join annotations_reading r on r.assignment_id = e.assignment_id
             where e.assignment_id = new.assignment_id and e.arm = 'after_commit'
               and r.stage = 'blind' and r.outcome = 'read'
               and not exists (select from annotations_reading l where l.supersedes_id = r.id)) then
        raise exception 'assignment % has no signed reading that a suggestion followed',
            new.assignment_id
            using errcode = 'check_violation', constraint = 'reading_revises_what_was_shown';
    end if;
    return new;
end $$;

create trigger reading_revises_what_was_shown before insert on annotations_reading
    for each row when (new.stage = 'revised') execute function reading_check_revised();
"""

UNDO_REVISIONS = """
drop trigger reading_revises_what_was_shown on annotations_reading;
drop function reading_check_revised();
"""

DECISIONS = f"""
create function reading_check_decisions(wanted bigint) returns void {DEFINER} as $$
declare
    n_expected integer;
    n_found integer;
begin
    select r.n_decisions, (select count(*) from annotations_decision d where d.reading_id = r.id)
      into n_expected, n_found from annotations_reading r where r.id = wanted;
    if n_found <> n_expected then
        raise exception 'reading % has % decisions, not the % it was signed with',
            wanted, n_found, n_expected
            using errcode = 'check_violation', constraint = 'reading_has_all_its_decisions';
    end if;
end $$;

create function reading_check_own_decisions() returns trigger language plpgsql as $$
begin
    perform reading_check_decisions(new.id);
    return null;
end $$;

create function decision_check_reading() returns trigger language plpgsql as $$
begin
    perform reading_check_decisions(new.reading_id);
    return null;
end $$;

create constraint trigger reading_has_all_its_decisions after insert on annotations_reading
    deferrable initially deferred for each row when (new.n_decisions > 0)
    execute function reading_check_own_decisions();

create constraint trigger decision_was_signed after insert on annotations_decision
    deferrable initially deferred for each row execute function decision_check_reading();

create trigger decision_is_immutable before update or delete on annotations_decision
    for each row execute function reading_refuse_change();

-- A blind reading has decisions only where suggestions are shown while reading.
create function decision_check_shown() returns trigger {DEFINER} as $$
begin
    if not exists (
            select from annotations_reading r
              join annotations_exposure e on e.assignment_id = r.assignment_id
              join annotations_suggestion s on s.run_id = e.run_id
             where r.id = new.reading_id and e.run_id = new.run_id
               and s.diagnostic_class_id = new.diagnostic_class_id
               and (r.stage = 'revised' or e.arm = 'concurrent')) then
        raise exception 'reading % decides on a suggestion that its reader was not shown',
            new.reading_id
            using errcode = 'check_violation', constraint = 'decision_is_on_what_was_shown';
    end if;
    return new;
end $$;

create trigger decision_is_on_what_was_shown before insert on annotations_decision
    for each row execute function decision_check_shown();
"""

UNDO_DECISIONS = """
drop trigger decision_is_on_what_was_shown on annotations_decision;
drop trigger decision_is_immutable on annotations_decision;
drop trigger decision_was_signed on annotations_decision;
drop trigger reading_has_all_its_decisions on annotations_reading;
drop function decision_check_shown();
drop function decision_check_reading();
drop function reading_check_own_decisions();
drop function reading_check_decisions(bigint);
"""

# A revision does not change when the exam may be shown again, because it follows the reading.
ENDS_WAITING = """
create or replace function reading_ends_waiting() returns trigger language plpgsql
    security definer set search_path = pg_catalog, public as $$
begin
    if new.stage <> 'blind' then
        return null;
    end if;
    update annotations_assignment
       set state = 'read', lease_expires_at = null, is_abstained = (new.outcome = 'abstained')
     where id = new.assignment_id
       and (state <> 'read' or is_abstained <> (new.outcome = 'abstained'));
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
"""

UNDO_ENDS_WAITING = ENDS_WAITING.replace(
    """    if new.stage <> 'blind' then
        return null;
    end if;
""",
    "",
)

VISIBLE_READING = "exists (select from annotations_reading r where r.id = reading_id)"
OWN_READING = f"""exists (
    select from annotations_reading r where r.id = reading_id and r.reader_id = {ME})"""
VISIBLE_EXPOSURE = "exists (select from annotations_exposure e where e.id = exposure_id)"
OWN_EXPOSURE = f"""exists (
    select from annotations_exposure e join annotations_assignment a on a.id = e.assignment_id
     where e.id = exposure_id and a.reader_id = {ME})"""

RIGHTS = f"""
grant select, insert on annotations_decision, annotations_viewing to {BOTH};
alter table annotations_decision enable row level security;
alter table annotations_viewing enable row level security;
create policy decision_both_select on annotations_decision
    for select to {BOTH} using ({VISIBLE_READING});
create policy decision_both_insert on annotations_decision
    for insert to {BOTH} with check ({OWN_READING});
create policy viewing_both_select on annotations_viewing
    for select to {BOTH} using ({VISIBLE_EXPOSURE});
create policy viewing_both_insert on annotations_viewing
    for insert to {BOTH} with check ({OWN_EXPOSURE});
"""

UNDO_RIGHTS = f"""
drop policy viewing_both_insert on annotations_viewing;
drop policy viewing_both_select on annotations_viewing;
drop policy decision_both_insert on annotations_decision;
drop policy decision_both_select on annotations_decision;
alter table annotations_viewing disable row level security;
alter table annotations_decision disable row level security;
revoke all on annotations_decision, annotations_viewing from {BOTH};
"""


class Migration(migrations.Migration):
    dependencies = [("annotations", "0016_revisions")]

    operations = [
        migrations.RunSQL(REVISIONS, UNDO_REVISIONS),
        migrations.RunSQL(DECISIONS, UNDO_DECISIONS),
        migrations.RunSQL(ENDS_WAITING, UNDO_ENDS_WAITING),
        migrations.RunSQL(RIGHTS, UNDO_RIGHTS),
    ]

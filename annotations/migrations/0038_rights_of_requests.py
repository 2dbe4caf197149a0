"""Rights of requests to accounts, and the complete blinding rule in the database.

The roles of requests lose their rights to data for signing in: passwords, sessions, tokens, second
factors, addresses, and who has which role. Code that needs them runs as the owner, in few places
(``row_security.as_owner``; a test lists them). Readers can read neither the seed of a study nor
whether an agreement report is due.

A column that a later migration adds to a table of ``WITHHELD`` is closed to the roles until that
migration grants it: ``grant select (x) on annotations_user to ecg_reader, ecg_manager``.
"""

from django.db import migrations

READER, MANAGER = "ecg_reader", "ecg_manager"
BOTH = f"{READER}, {MANAGER}"

ME = "(select nullif(current_setting('app.user_id', true), '')::bigint)"

# -- Accounts ---------------------------------------------------------------------------------

CLOSED = (
    *("account_emailaddress", "account_emailconfirmation", "django_session"),
    *("knox_authtoken", "mfa_authenticator", "usersessions_usersession"),
)
"""Closed to both roles; requests use these tables only as the owner."""

WITHHELD = {
    ("annotations_user", READER): ("password", "last_login", "email"),
    ("annotations_user", MANAGER): ("password",),
    ("annotations_study", READER): ("seed",),
    ("annotations_batch", READER): ("agreement_is_due",),
}
"""Columns that a role may not read, though it may read the others of the table."""

GRANT_COLUMNS = """
do $$ begin
    execute (
        select format('revoke select on {table} from {role};'
                      'grant select (%s) on {table} to {role}',
                      string_agg(quote_ident(column_name), ', '))
          from information_schema.columns
         where table_schema = 'public' and table_name = '{table}'
           and column_name <> all (array[{withheld}]));
end $$;
"""

RIGHTS = f"""
revoke all on {", ".join(CLOSED)} from {BOTH};
revoke insert, update on annotations_user from {BOTH};
revoke insert, update, delete on annotations_user_groups from {BOTH};
alter table annotations_user_groups enable row level security;
alter table annotations_user_user_permissions enable row level security;
create policy groups_of_oneself on annotations_user_groups
    for select to {READER} using (user_id = {ME});
create policy groups_of_people on annotations_user_groups
    for select to {MANAGER} using (true);
create policy permissions_of_oneself on annotations_user_user_permissions
    for select to {READER} using (user_id = {ME});
create policy permissions_of_people on annotations_user_user_permissions
    for select to {MANAGER} using (true);
""" + "".join(
    GRANT_COLUMNS.format(table=table, role=role, withheld=", ".join(f"'{name}'" for name in names))
    for (table, role), names in WITHHELD.items()
)

UNDO_RIGHTS = f"""
drop policy groups_of_oneself on annotations_user_groups;
drop policy groups_of_people on annotations_user_groups;
drop policy permissions_of_oneself on annotations_user_user_permissions;
drop policy permissions_of_people on annotations_user_user_permissions;
alter table annotations_user_groups disable row level security;
alter table annotations_user_user_permissions disable row level security;
grant select, insert, update, delete on {", ".join(CLOSED)} to {BOTH};
grant select, update on annotations_user to {BOTH};
grant insert on annotations_user to {MANAGER};
grant insert, update, delete on annotations_user_groups to {MANAGER};
grant select on annotations_study, annotations_batch to {READER};
"""

# -- The user ---------------------------------------------------------------------------------

IS_MANAGER = """exists (
                select from public.annotations_user u
                 where u.id = person and u.is_superuser
            ) or exists (
                select from public.annotations_user_groups ug
                  join public.auth_group_permissions gp on gp.group_id = ug.group_id
                  join public.auth_permission p on p.id = gp.permission_id
                 where ug.user_id = person and p.codename in ('view_study', 'view_closed_readings')
            ) or exists (
                select from public.annotations_user_user_permissions up
                  join public.auth_permission p on p.id = up.permission_id
                 where up.user_id = person and p.codename in ('view_study', 'view_closed_readings')
            )"""

# It runs as the owner, because users cannot see other people's groups. It returns the role, so that
# the application can leave out columns that the role may not read.
ACT = f"""
drop function row_security_act(bigint);
create function row_security_act(person bigint) returns text language plpgsql as $$
declare
    acting text;
begin
    perform set_config('role', 'none', true);
    acting := case when {IS_MANAGER} then '{MANAGER}' else '{READER}' end;
    perform set_config('role', acting, true),
            set_config('app.user_id', coalesce(person::text, ''), true);
    return acting;
end $$;
"""

UNDO_ACT = f"""
drop function row_security_act(bigint);
create function row_security_act(person bigint) returns void language plpgsql as $$
begin
    perform set_config('role', case when {IS_MANAGER} then '{MANAGER}' else '{READER}' end, true),
            set_config('app.user_id', coalesce(person::text, ''), true);
end $$;
"""

# -- The rule of blinding ---------------------------------------------------------------------

DEFINER = "stable security definer set search_path = pg_catalog, public"

# The same as User.blinded_with.
EYES = f"""
create function row_security_eyes() returns bigint[] language sql {DEFINER} as $$
    select coalesce(array_agg(id), '{{}}')
      from (select id from annotations_user where id = {ME}
            union select vouched_by_id from annotations_user
             where id = {ME} and vouched_by_id is not null) eyes
$$;
revoke execute on function row_security_eyes() from public;
grant execute on function row_security_eyes() to {MANAGER};
"""

# The studies that Batch.not_read_by() leaves out: studies in progress in which the user reads, and
# every study with an exam that they read there or with another exam of the same recording. It
# proceeds in steps, because most users read in no study, and for them it ends with the first step.
BLINDING = f"""
create or replace function row_security_blinding() returns bigint[] language plpgsql {DEFINER} as $$
declare
    eyes bigint[] := row_security_eyes();
    own bigint[];
    exams bigint[];
    touched bigint[];
begin
    select coalesce(array_agg(distinct s.id), '{{}}') into own
      from annotations_study s join annotations_studyreader line on line.study_id = s.id
     where line.user_id = any (eyes) and s.phase in ('draft', 'open')
       and not exists (select from annotations_breakglass glass
                        where glass.study_id = s.id and glass.user_id = line.user_id);
    if cardinality(own) = 0 then
        return own;
    end if;
    with assigned as (
        select a.exam_id from annotations_assignment a
          join annotations_batch b on b.id = a.batch_id
         where a.reader_id = any (eyes) and b.study_id = any (own)),
    recorded as (
        select exam_id as id from assigned
         union select e.duplicate_of_id from annotations_exam e
                where e.id in (select exam_id from assigned) and e.duplicate_of_id is not null)
    select coalesce(array_agg(id), '{{}}') into exams
      from (select id from recorded
             union select e.id from annotations_exam e
                    where e.duplicate_of_id in (select id from recorded)) same;
    select coalesce(array_agg(distinct b.study_id), '{{}}') into touched
      from annotations_batch b join annotations_assignment a on a.batch_id = b.id
     where a.exam_id = any (exams);
    return own || touched;
end $$;
"""

UNDO_BLINDING = f"""
create or replace function row_security_blinding() returns bigint[] language sql {DEFINER} as $$
    select coalesce(array_agg(s.id), '{{}}')
      from annotations_study s join annotations_studyreader line on line.study_id = s.id
     where line.user_id = {ME} and s.phase in ('draft', 'open')
       and not exists (select from annotations_breakglass glass
                        where glass.study_id = s.id and glass.user_id = {ME})
$$;
drop function row_security_eyes();
"""

# A consensus is computed from all closed batches of a study, so one hidden batch hides it.
OPEN_STUDIES = f"""
create or replace function row_security_open_studies() returns bigint[] language sql {DEFINER} as $$
    select coalesce(array_agg(distinct b.study_id), '{{}}') from annotations_batch b
     where b.id = any ((select row_security_open_results())::bigint[])
       and not exists (
           select from annotations_batch hidden join annotations_study s on s.id = hidden.study_id
            where hidden.study_id = b.study_id and hidden.closed_at is not null
              and hidden.results_open = 'study_locked' and s.phase in ('draft', 'open')
              and hidden.purpose not in ('practice', 'qualification'))
$$;
"""

UNDO_OPEN_STUDIES = f"""
create or replace function row_security_open_studies() returns bigint[] language sql {DEFINER} as $$
    select coalesce(array_agg(distinct b.study_id), '{{}}') from annotations_batch b
     where b.id = any ((select row_security_open_results())::bigint[])
$$;
"""

MY_EYES = "any ((select row_security_eyes())::bigint[])"
BLIND = "(select row_security_blinding())::bigint[]"


def _not_waiting(who):
    return f"""not exists (
    select from annotations_assignment a
     where a.exam_id = annotations_suggestionrun.exam_id and a.reader_id = {who}
       and a.state = 'waiting' and a.arm <> 'concurrent')"""


def _not_in_batch(who):
    return f"""not exists (
    select from annotations_seat seat
     where seat.batch_id = annotations_reference.batch_id and seat.reader_id = {who})"""


# Table, command, old condition, new condition. Readers of any study see no events, as in
# AuditEvent.objects.visible_to().
CHANGED = [
    ("suggestionrun", "SELECT", _not_waiting(f"{ME}"), _not_waiting(MY_EYES)),
    ("reference", "ALL", _not_in_batch(f"{ME}"), _not_in_batch(MY_EYES)),
    ("auditevent", "SELECT", f"(study_id = any ({BLIND})) is not true", f"cardinality({BLIND}) = 0"),
]

ALTER_POLICY = """
do $$ begin
    execute (select format('alter policy %I on annotations_{table} using ({condition}){check}',
                           policyname)
               from pg_policies
              where tablename = 'annotations_{table}' and cmd = '{command}'
                and roles = '{{{manager}}}');
end $$;
"""


def _altered(table, command, condition):
    literal = condition.replace("'", "''").replace("%", "%%")
    return ALTER_POLICY.format(
        table=table, command=command, condition=literal, manager=MANAGER,
        check=f" with check ({literal})" if command == "ALL" else "",
    )  # fmt: skip


POLICIES = "".join(_altered(table, command, new) for table, command, _, new in CHANGED)
UNDO_POLICIES = "".join(_altered(table, command, old) for table, command, old, _ in CHANGED)


class Migration(migrations.Migration):
    dependencies = [("annotations", "0037_kinds_recorded")]

    operations = [
        migrations.RunSQL(RIGHTS, UNDO_RIGHTS),
        migrations.RunSQL(ACT, UNDO_ACT),
        migrations.RunSQL(EYES + BLINDING, UNDO_BLINDING),
        migrations.RunSQL(OPEN_STUDIES, UNDO_OPEN_STUDIES),
        migrations.RunSQL(POLICIES, UNDO_POLICIES),
    ]

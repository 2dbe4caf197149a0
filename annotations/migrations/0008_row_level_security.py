"""Row-level security: the database itself enforces who sees which rows.

A web request acts as ``ecg_reader`` or ``ecg_manager`` (``annotations.row_security``), which can
see other people's work only through the policies below and have only the rights granted below. The
owner of the tables bypasses the policies: migrations, workers and commands. Both roles have no
access to a table that is not named here, so forgetting a new table causes an error.

Every policy compares with ``(select ...)``, so PostgreSQL looks up the user once per statement and
not once per row. Several policies of a role for one command would be joined by OR, which cannot use
an index, so there is only one of each.
"""

from django.db import migrations

READER, MANAGER = "ecg_reader", "ecg_manager"
ROLES = (READER, MANAGER)
BOTH = ", ".join(ROLES)

ME = "(select nullif(current_setting('app.user_id', true), '')::bigint)"

# -- Grants ----------------------------------------------------------------------------------

SELECT, WRITE = "select", "select, insert, update, delete"

# Rights by table: those of readers, then those of managers.
PEOPLE = {
    "account_emailaddress": (WRITE, WRITE),
    "account_emailconfirmation": (WRITE, WRITE),
    "annotations_user": ("select, update", "select, insert, update"),
    "annotations_user_groups": (SELECT, WRITE),
    "annotations_user_user_permissions": (SELECT, SELECT),
    "auth_group": (SELECT, SELECT),
    "auth_group_permissions": (SELECT, SELECT),
    "auth_permission": (SELECT, SELECT),
    "django_admin_log": ("", SELECT),
    "django_content_type": (SELECT, SELECT),
    "django_migrations": (SELECT, SELECT),
    "django_session": (WRITE, WRITE),
    "knox_authtoken": (WRITE, WRITE),
    "mfa_authenticator": (WRITE, WRITE),
    "usersessions_usersession": (WRITE, WRITE),
}

STUDIES = {
    "batch": ("select, update (agreement_is_due)", "select, insert, update"),
    "breakglass": (SELECT, "select, insert"),
    "classrelation": (SELECT, SELECT),
    "dataset": ("", SELECT),
    "diagnosticclass": (SELECT, SELECT),
    "diagnosticgroup": (SELECT, SELECT),
    "exam": (SELECT, SELECT),
    "importissue": ("", SELECT),
    "importrun": ("", SELECT),
    "patient": ("", SELECT),
    "protocolversion": (SELECT, "select, insert"),
    "study": (SELECT, "select, insert, update"),
    "studyexam": ("", WRITE),
    "studyreader": (SELECT, "select, insert, update"),
    "suggestionmodel": (SELECT, "select, insert"),
    "taxonomy": (SELECT, SELECT),
    "taxonomychange": (SELECT, SELECT),
    "tracing": (SELECT, SELECT),
}

# Tables with row-level security. Locking a row needs the right to update a column.
ROWS = {
    "agreementreport": ("", SELECT),
    "assignment": ("select, update (lease_expires_at)", WRITE),
    "auditevent": ("", SELECT),
    "auditlink": ("", SELECT),
    "consensus": ("", SELECT),
    "consensuslabel": ("", SELECT),
    "draft": (WRITE, WRITE),
    "exposure": ("select, insert", "select, insert"),
    "finding": ("select, insert", "select, insert"),
    "notice": ("select, insert, update (seen_at)", "select, insert, update (seen_at)"),
    "reading": ("select, insert", "select, insert"),
    "reference": ("", WRITE),
    "resultsseen": ("select, insert", "select, insert"),
    "seat": (SELECT, SELECT),
    "slot": ("", WRITE),
    "suggestion": (SELECT, SELECT),
    "suggestionrun": (SELECT, "select, insert"),
}

# Only triggers that run as the owner use these.
NOBODYS = ("audit_unchained",)

# -- Rows that a study's protocol opens to people who do not read in it -------------------------

# The same as Batch.with_open_results() and with_open_agreement(), without the studies of
# Study.blinding(user); a test compares them. It runs as the owner, because the roles cannot see the
# lists of readers.
OPENED = f"""
create function row_security_blinding() returns bigint[] language sql stable
    security definer set search_path = pg_catalog, public as $$
    select coalesce(array_agg(s.id), '{{}}')
      from annotations_study s join annotations_studyreader line on line.study_id = s.id
     where line.user_id = {ME} and s.phase in ('draft', 'open')
       and not exists (select from annotations_breakglass glass
                        where glass.study_id = s.id and glass.user_id = {ME})
$$;

create function row_security_open_results() returns bigint[] language sql stable
    security definer set search_path = pg_catalog, public as $$
    select coalesce(array_agg(b.id), '{{}}')
      from annotations_batch b join annotations_study s on s.id = b.study_id
     where ((b.closed_at is not null and b.results_open <> 'study_locked')
            or s.phase in ('locked', 'released'))
       and s.id <> all ((select row_security_blinding())::bigint[])
$$;

create function row_security_open_agreement() returns bigint[] language sql stable
    security definer set search_path = pg_catalog, public as $$
    select coalesce(array_agg(b.id), '{{}}')
      from annotations_batch b join annotations_study s on s.id = b.study_id
     where ((b.closed_at is not null and b.results_open <> 'study_locked')
            or b.results_open = 'live' or s.phase in ('locked', 'released'))
       and s.id <> all ((select row_security_blinding())::bigint[])
$$;

create function row_security_open_studies() returns bigint[] language sql stable
    security definer set search_path = pg_catalog, public as $$
    select coalesce(array_agg(distinct b.study_id), '{{}}') from annotations_batch b
     where b.id = any ((select row_security_open_results())::bigint[])
$$;
"""

FUNCTIONS = (
    "row_security_open_studies",
    "row_security_open_agreement",
    "row_security_open_results",
    "row_security_blinding",
)

BLINDING = "((select row_security_blinding())::bigint[])"
OPEN_RESULTS = "((select row_security_open_results())::bigint[])"
OPEN_AGREEMENT = "((select row_security_open_agreement())::bigint[])"
OPEN_STUDIES = "((select row_security_open_studies())::bigint[])"

# Sets the role for the rest of the transaction. It runs with the caller's rights, because
# PostgreSQL does not let a SECURITY DEFINER function change roles. As a function it is planned once
# per connection; planning it as a statement costs more than all the rest of row-level security.
ACT = """
create function row_security_act(person bigint) returns void language plpgsql as $$
begin
    perform set_config('role', case when exists (
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
            ) then 'ecg_manager' else 'ecg_reader' end, true),
            set_config('app.user_id', coalesce(person::text, ''), true);
end $$;
"""

# -- Which rows -------------------------------------------------------------------------------

OWN_ASSIGNMENT = f"""exists (
    select from annotations_assignment a where a.id = assignment_id and a.reader_id = {ME})"""

OPEN_ASSIGNMENT = f"""exists (
    select from annotations_assignment a
     where a.id = assignment_id and a.batch_id = any {OPEN_RESULTS})"""

# The parts of a row follow the policy of the row.
VISIBLE_READING = "exists (select from annotations_reading r where r.id = reading_id)"
VISIBLE_RUN = "exists (select from annotations_suggestionrun run where run.id = run_id)"
VISIBLE_CONSENSUS = "exists (select from annotations_consensus c where c.id = consensus_id)"
VISIBLE_EVENT = "exists (select from annotations_auditevent e where e.id = event_id)"
OWN_READING = f"""exists (
    select from annotations_reading r where r.id = reading_id and r.reader_id = {ME})"""

SHOWN_RUN = f"""exists (
    select from annotations_assignment a
     where a.exam_id = annotations_suggestionrun.exam_id and a.reader_id = {ME}
       and (a.state = 'read' or a.arm = 'concurrent'))"""
NOT_WAITING = f"""not exists (
    select from annotations_assignment a
     where a.exam_id = annotations_suggestionrun.exam_id and a.reader_id = {ME}
       and a.state = 'waiting' and a.arm <> 'concurrent')"""
NOT_IN_BATCH = f"""not exists (
    select from annotations_seat seat
     where seat.batch_id = annotations_reference.batch_id and seat.reader_id = {ME})"""

OWN = f"reader_id = {ME}"
MINE = f"user_id = {ME}"
ALL = "true"

# Table, role, command, condition. Rows that are written must meet the condition, too. Managers see
# who reads what, which contains no label.
POLICIES = [
    ("assignment", READER, "all", OWN),
    ("assignment", MANAGER, "all", ALL),
    ("seat", READER, "select", OWN),
    ("seat", MANAGER, "select", ALL),
    ("studyreader", READER, "select", MINE),
    ("studyreader", MANAGER, "all", ALL),
    ("breakglass", READER, "select", MINE),
    ("breakglass", MANAGER, "select", ALL),
    ("breakglass", MANAGER, "insert", MINE),
    ("draft", BOTH, "all", OWN_ASSIGNMENT),
    ("reading", READER, "select", OWN),
    ("reading", MANAGER, "select", f"{OWN} or {OPEN_ASSIGNMENT}"),
    ("reading", BOTH, "insert", f"{OWN} and {OWN_ASSIGNMENT}"),
    ("finding", BOTH, "select", VISIBLE_READING),
    ("finding", BOTH, "insert", OWN_READING),
    ("exposure", READER, "select", OWN_ASSIGNMENT),
    ("exposure", MANAGER, "select", f"{OWN_ASSIGNMENT} or {OPEN_ASSIGNMENT}"),
    ("exposure", BOTH, "insert", OWN_ASSIGNMENT),
    ("suggestionrun", READER, "select", SHOWN_RUN),
    ("suggestionrun", MANAGER, "select", NOT_WAITING),
    ("suggestionrun", MANAGER, "insert", ALL),
    ("suggestion", BOTH, "select", VISIBLE_RUN),
    ("agreementreport", MANAGER, "select", f"batch_id = any {OPEN_AGREEMENT}"),
    ("consensus", MANAGER, "select", f"study_id = any {OPEN_STUDIES}"),
    ("consensuslabel", MANAGER, "select", VISIBLE_CONSENSUS),
    ("reference", MANAGER, "all", NOT_IN_BATCH),
    ("slot", MANAGER, "all", ALL),
    ("resultsseen", READER, "all", MINE),
    ("resultsseen", MANAGER, "select", ALL),
    ("resultsseen", MANAGER, "insert", MINE),
    ("notice", READER, "all", MINE),
    ("notice", MANAGER, "select", ALL),
    ("notice", MANAGER, "insert", ALL),
    ("notice", MANAGER, "update", MINE),
    ("auditevent", MANAGER, "select", f"(study_id = any {BLINDING}) is not true"),
    ("auditlink", MANAGER, "select", VISIBLE_EVENT),
]

PROTECTED = sorted({table for table, *_ in POLICIES})


def _clauses(command, condition):
    if command == "select":
        return f"using ({condition})"
    if command == "insert":
        return f"with check ({condition})"
    return f"using ({condition}) with check ({condition})"


def _policy(number, table, role, command, condition):
    name = f"blinding_{number}_{role if role != BOTH else 'both'}_{command}"
    return f"""
create policy {name} on annotations_{table}
    for {command} to {role} {_clauses(command, condition)};"""


GRANTS = "\n".join(
    f"grant {right} on {table} to {role};"
    for table, rights in [
        *PEOPLE.items(),
        *((f"annotations_{name}", rights) for name, rights in {**STUDIES, **ROWS}.items()),
    ]
    for role, right in zip(ROLES, rights, strict=True)
    if right
)

PROTECT = "".join(
    f"\nalter table annotations_{table} enable row level security;" for table in PROTECTED
) + "".join(_policy(number, *policy) for number, policy in enumerate(POLICIES, start=1))

CLOSE_FUNCTIONS = "".join(
    f"\nrevoke execute on function {name}() from public;"
    f"\ngrant execute on function {name}() to {MANAGER};"
    for name in FUNCTIONS
)

UNDO = (
    "".join(
        f"\ndrop policy {_policy(number, *policy).split()[2]} on annotations_{policy[0]};"
        for number, policy in enumerate(POLICIES, start=1)
    )
    + "".join(f"\nalter table annotations_{table} disable row level security;" for table in PROTECTED)
    + "".join(f"\ndrop function {name}();" for name in FUNCTIONS)
    + "\ndrop function row_security_act(bigint);"
    + f"\nrevoke all on all tables in schema public from {BOTH};"
    + f"\nrevoke usage on schema public from {BOTH};"
)

# -- The roles --------------------------------------------------------------------------------


class RolesMissing(Exception):
    """The roles that web requests act as are missing, or could bypass the policies."""


ROLES_ARE_SAFE = """
select count(*) from pg_roles
 where rolname = any(%s) and not rolsuper and not rolbypassrls
   and pg_has_role(current_user, oid, 'SET')
"""

HOW_TO_MAKE_THEM = """
The database has no roles ecg_reader and ecg_manager that "{owner}" may act as.
Let the database's superuser make them once, then migrate again:

    CREATE ROLE ecg_reader NOLOGIN NOSUPERUSER NOBYPASSRLS;
    CREATE ROLE ecg_manager NOLOGIN NOSUPERUSER NOBYPASSRLS;
    GRANT ecg_reader, ecg_manager TO "{owner}" WITH INHERIT FALSE, SET TRUE;

With Docker: docker compose exec postgres sh /docker-entrypoint-initdb.d/10-role.sh
"""


def refuse_without_roles(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(ROLES_ARE_SAFE, [list(ROLES)])
        (n_safe,) = cursor.fetchone()
        cursor.execute("select current_user")
        (owner,) = cursor.fetchone()
    if n_safe < len(ROLES):
        raise RolesMissing(HOW_TO_MAKE_THEM.format(owner=owner))


class Migration(migrations.Migration):
    dependencies = [
        ("annotations", "0007_audit_chain"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("knox", "0009_extend_authtoken_field"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("sessions", "0001_initial"),
        ("usersessions", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(refuse_without_roles, migrations.RunPython.noop),
        migrations.RunSQL(
            f"grant usage on schema public to {BOTH};\n{GRANTS}\n{OPENED}{ACT}"
            f"{CLOSE_FUNCTIONS}{PROTECT}",
            UNDO,
        ),
    ]

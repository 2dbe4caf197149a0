"""Row-level security: the database limits users to their rows even if a filter is missing."""

from __future__ import annotations

import importlib
import uuid
from itertools import product

import pytest
from django.apps import apps
from django.db import DatabaseError, OperationalError, connection, transaction
from django.http import HttpResponse, JsonResponse
from django.urls import path
from knox.models import AuthToken
from rest_framework.response import Response
from rest_framework.test import APIClient

from annotations import row_security
from annotations.api.base import ApiView
from annotations.models import (
    Assignment,
    Batch,
    BreakGlass,
    Draft,
    Finding,
    NotAssessable,
    Notice,
    NoticeKind,
    Phase,
    ProtocolVersion,
    Reading,
    ResultsOpen,
    Seat,
    Study,
    StudyReader,
)
from annotations.models.reading import ReadingQuerySet
from annotations.models.study import SETTLED
from annotations.services.agreement import refresh
from annotations.services.consensus import adjudications, labels
from annotations.services.reading import drafts
from ecgreview import urls as site
from ecgreview.local_services.places import REPOSITORY
from tests.app.kept import kept

migration = importlib.import_module("annotations.migrations.0008_row_level_security")

OWN_ROWS = [Assignment, Seat, Draft, Reading, Finding, NotAssessable, Notice, StudyReader]
"""Models of which a reader sees only their own rows."""

LATER_TABLES = {
    "annotations_accountmail",
    "annotations_goldexam",
    "annotations_tokengrant",
    "annotations_confirmation",
    *("annotations_archive", "annotations_archivechunk"),
    *("annotations_adjudication", "annotations_adjudicationcase"),
    *("annotations_adjudicationdecision", "annotations_committeesession"),
    "annotations_committeesession_attendees",
    *("annotations_release", "annotations_releasechunk"),
    *("annotations_rulecomparison", "annotations_consensusscope"),
    *("annotations_scoringteam", "annotations_scoredpredictions"),
    *("annotations_decision", "annotations_notassessable", "annotations_viewing"),
    *("annotations_agreementdetail", "annotations_agreementrun"),
    *("annotations_exampattern", "annotations_patterncount"),
    *("annotations_readersetcount", "annotations_uncountedexam"),
    "annotations_queuedcase",
}
"""Tables from later migrations, which define the policies of their tables themselves."""

USES_OWNER = {
    "annotations/admin.py",
    "annotations/api/authentication.py",
    "annotations/services/people/members.py",
    "annotations/services/people/sign_in.py",
    "annotations/views/account/pages.py",
    "annotations/views/account/adapter.py",
    "annotations/views/account/sign_in.py",
    "annotations/services/audit/events.py",
    "annotations/services/consensus/adjudications.py",
    "annotations/services/consensus/comparisons.py",
    "annotations/services/consensus/extra_readers.py",
    "annotations/services/agreement/drilldown.py",
    "annotations/services/export/jobs.py",
    "annotations/services/adjudication/decisions.py",
    "annotations/services/adjudication/desk.py",
    "annotations/services/adjudication/history.py",
    "annotations/services/adjudication/sessions.py",
    "annotations/services/adjudication/stages.py",
    "annotations/services/agreement/gold_accuracy.py",
    "annotations/services/assignment/batches.py",
    "annotations/services/assignment/gold_mixing.py",
    "annotations/services/assignment/gold_set.py",
    "annotations/services/assignment/reassignment.py",
    "annotations/services/studies/exam_pool.py",
    "annotations/services/assignment/plans.py",
    "annotations/services/assignment/qualification_feedback.py",
    "annotations/services/assignment/leases.py",
    "annotations/services/assignment/qualification.py",
    "annotations/services/studies/reading_log.py",
    "annotations/services/studies/roster.py",
    "annotations/services/mail/queue.py",
    "annotations/services/assignment/pool_slots.py",
    "annotations/services/people/tokens.py",
    "annotations/services/releases/comparison.py",
    "annotations/services/releases/jobs.py",
    "annotations/services/releases/preview.py",
    "annotations/services/own_results/results.py",
    "annotations/services/scoring/attempts.py",
    "annotations/services/scoring/embargoes.py",
    "annotations/services/scoring/teams.py",
}
"""Modules that use ``row_security.as_owner``. A new one needs a careful review."""

IDENTITY = "select current_user, current_setting('role'), current_setting('app.user_id', true)"


def current_identity():
    """Return current user, role and person ID of the connection."""
    with connection.cursor() as cursor:
        cursor.execute(IDENTITY)
        current, role, person = cursor.fetchone()
    return current, role, person or ""


def execute(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


# -- A site whose views do not filter by user ----------------------------------------------------


def without_filter(_request):
    return JsonResponse({"readers": sorted(Reading.objects.values_list("reader", flat=True))})


def show_identity(_request):
    return JsonResponse({"identity": current_identity()})


def failing(_request):
    Notice.objects.count()
    raise RuntimeError("a defect")


def breaking(_request):
    execute("select 1 / 0")
    return HttpResponse("never")


def catching(_request):
    try:
        execute("select 1 / 0")
    except DatabaseError:
        return HttpResponse("Sorry.", status=400)
    return HttpResponse("never")


def create_notice(request, status):
    """Create a notice and respond with ``status``, or raise RuntimeError for 999."""
    Notice.objects.create(user=request.user, kind=NoticeKind.BATCH_DUE, created_at=CREATED_AT)
    if status == 999:
        raise RuntimeError("a defect")
    return HttpResponse("done", status=status)


def on_commit(_request):
    transaction.on_commit(lambda: IDENTITIES_ON_COMMIT.append(current_identity()), robust=True)
    return HttpResponse("later")


class ApiWithoutFilter(ApiView):
    def get(self, _request):
        return Response({"readers": sorted(Reading.objects.values_list("reader", flat=True))})


CREATED_AT = "2026-03-02T09:00:00Z"
IDENTITIES_ON_COMMIT: list[tuple[str, str, str]] = []

urlpatterns = [
    path("unfiltered/", without_filter),
    path("api/unfiltered/", ApiWithoutFilter.as_view()),
    path("identity/", show_identity),
    path("api/identity/", show_identity),
    path("failing/", failing),
    path("breaking/", breaking),
    path("catching/", catching),
    path("notice/<int:status>/", create_notice),
    path("on-commit/", on_commit),
    *site.urlpatterns,
]
site_without_filters = pytest.mark.urls(__name__)


def browser(user=None):
    client = APIClient(raise_request_exception=False)
    if user is not None:
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def program(user):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {AuthToken.objects.create(user)[1]}")
    return client


@kept
def read_batch(make_batch, submit, make_exam):
    """An open batch of two exams, each read by Ana and Bruno with one finding."""
    batch = make_batch([make_exam(), make_exam()])
    for assignment in batch.assignments.select_related("reader"):
        submit(assignment, "atrial_fibrillation", not_assessable=["artifact"])
    return batch


# -- The roles ----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_no_role_of_the_application_bypasses_the_policies():
    rights = "select rolname from pg_roles where (rolsuper or rolbypassrls) and rolname = any(%s)"
    (owner,) = execute("select current_user")[0]
    assert execute(rights, [owner, *migration.ROLES]) == []


@pytest.mark.django_db
@pytest.mark.parametrize("role", migration.ROLES)
def test_acting_roles_cannot_log_in(role):
    assert execute("select rolcanlogin from pg_roles where rolname = %s", role) == [(False,)]


@pytest.mark.django_db
@pytest.mark.parametrize("role", migration.ROLES)
def test_the_owner_does_not_inherit_from_acting_roles(role):
    has = "select pg_has_role(current_user, %s, 'SET'), pg_has_role(current_user, %s, 'USAGE')"
    assert execute(has, role, role) == [(True, False)]


@pytest.mark.django_db
@pytest.mark.parametrize("role", migration.ROLES)
def test_acting_roles_create_and_own_nothing(role):
    owned = "select count(*) from pg_class where relowner = %s::regrole"
    assert execute(owned, role) == [(0,)]
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        row_security.acting_as(None),
    ):
        execute("create table public.mine (n int)")


@pytest.mark.django_db
def test_the_migration_refuses_a_database_without_the_roles(monkeypatch):
    monkeypatch.setattr(migration, "ROLES", ("ecg_reader", "ecg_nobody_made"))
    with (
        pytest.raises(migration.RolesMissing, match="CREATE ROLE ecg_reader NOLOGIN"),
        connection.schema_editor() as editor,
    ):
        migration.refuse_without_roles(apps, editor)


@pytest.mark.django_db
def test_every_table_has_a_decision():
    named = set(migration.PEOPLE)
    named |= set(migration.NOBODYS)
    named |= {f"annotations_{table}" for table in {**migration.STUDIES, **migration.ROWS}}
    named |= LATER_TABLES
    tables = execute("select tablename from pg_tables where schemaname = 'public'")
    assert {table for (table,) in tables} == named


@pytest.mark.django_db
def test_a_role_has_at_most_one_policy_per_table_and_command():
    """PostgreSQL joins two permissive policies by OR, which prevents the use of indexes."""
    policies = execute("select tablename, unnest(roles), cmd from pg_policies")
    spread = [
        (table, role, single_command)
        for table, role, command in policies
        for single_command in (
            ["SELECT", "INSERT", "UPDATE", "DELETE"] if command == "ALL" else [command]
        )
    ]
    assert len(spread) == len(set(spread))


@pytest.mark.django_db
def test_acting_roles_cannot_change_signed_rows():
    grants = """
        select t, p from unnest(%s::text[]) t, unnest(%s::text[]) r,
               unnest(array['UPDATE', 'DELETE', 'TRUNCATE']) p
         where has_table_privilege(r, 'annotations_' || t, p)
            or p = 'UPDATE' and has_any_column_privilege(r, 'annotations_' || t, p)"""
    signed = ["reading", "finding", "notassessable", "exposure", "protocolversion"]
    signed += ["auditevent", "auditlink"]
    assert execute(grants, signed, list(migration.ROLES)) == []


def test_the_modules_that_act_as_the_owner_are_known():
    files = [*(REPOSITORY / "annotations").rglob("*.py"), *(REPOSITORY / "ecgreview").rglob("*.py")]
    users = {
        str(file.relative_to(REPOSITORY))
        for file in files
        if "as_owner(" in file.read_text(encoding="utf-8") and file.name != "row_security.py"
    }
    assert users == USES_OWNER


# -- Reading rows -------------------------------------------------------------------------------


@site_without_filters
@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/unfiltered/", "/api/unfiltered/"])
def test_a_reader_sees_only_own_readings_without_the_filter(address, read_batch, ana):
    assert browser(ana).get(address).json() == {"readers": [ana.pk] * 2}


@site_without_filters
@pytest.mark.django_db
def test_the_policies_apply_to_tokens(read_batch, bruno):
    assert program(bruno).get("/api/unfiltered/").json() == {"readers": [bruno.pk] * 2}


@site_without_filters
@pytest.mark.django_db
def test_a_token_takes_precedence_over_a_session(read_batch, ana, bruno):
    client = browser(ana)
    client.credentials(HTTP_AUTHORIZATION=f"Token {AuthToken.objects.create(bruno)[1]}")
    assert client.get("/api/unfiltered/").json() == {"readers": [bruno.pk] * 2}


@site_without_filters
@pytest.mark.django_db
def test_a_manager_sees_nothing_of_an_open_batch(read_batch, davi):
    assert browser(davi).get("/unfiltered/").json() == {"readers": []}


@site_without_filters
@pytest.mark.django_db
def test_a_manager_sees_open_results(read_batch, close, davi):
    close(read_batch)
    assert len(browser(davi).get("/unfiltered/").json()["readers"]) == 4


@site_without_filters
@pytest.mark.django_db
def test_a_manager_on_the_roster_sees_no_open_results(read_batch, close, study, davi, now):
    StudyReader.objects.create(study=study, user=davi, status_since=now, added_at=now)
    close(read_batch)
    assert browser(davi).get("/unfiltered/").json() == {"readers": []}


@site_without_filters
@pytest.mark.django_db
def test_tokens_of_managers_see_open_results(read_batch, close, rosa):
    close(read_batch)
    assert len(program(rosa).get("/api/unfiltered/").json()["readers"]) == 4


@site_without_filters
@pytest.mark.django_db
def test_anonymous_requests_see_nothing(read_batch):
    assert browser().get("/unfiltered/").json() == {"readers": []}


@pytest.mark.django_db
def test_without_a_user_all_tables_are_empty(read_batch, close, now):
    close(read_batch)
    while refresh.refresh_next(now=now) or labels.refresh_next(now=now):
        pass
    rows = []
    with row_security.acting_as(None):
        for table in migration.PROTECTED:
            name = f"annotations_{table}"
            if execute("select has_table_privilege(%s, 'SELECT')", name)[0][0]:
                rows += execute(f"select 1 from {name}")  # noqa: S608
    assert rows == []


@pytest.mark.django_db
@pytest.mark.parametrize("model", OWN_ROWS)
def test_each_of_two_readers_sees_half_of_the_rows(model, read_batch, assign, ana, bruno, now):
    for reader in (ana, bruno):
        assignment = assign(reader)
        drafts.save(assignment_id=assignment.pk, reader=reader, based_on=0, content={}, now=now)
        Notice.objects.create(user=reader, kind=NoticeKind.BATCH_DUE, created_at=now)
    with row_security.acting_as(ana.pk):
        hers = model.objects.count()
    with row_security.acting_as(bruno.pk):
        his = model.objects.count()
    assert hers == his == model.objects.count() / 2 > 0


@pytest.mark.django_db
def test_a_manager_sees_assignments_and_no_drafts(assign, ana, davi, now):
    assignment = assign(ana)
    drafts.save(assignment_id=assignment.pk, reader=ana, based_on=0, content={}, now=now)
    with row_security.acting_as(davi.pk):
        assert (Assignment.objects.count(), Draft.objects.count()) == (1, 0)


@kept
def every_kind_of_batch(davi, taxonomy, now):
    """Studies in all phases with batches of all results policies; Davi reads in half of them."""
    for phase, reads in product(Phase.values, (True, False)):
        study = Study.objects.create(
            name=f"{phase} {reads}", slug=f"{phase}-{reads}", taxonomy=taxonomy, created_by=davi,
            created_at=now, phase=phase, opened_at=None if phase == Phase.DRAFT else now,
            locked_at=now if phase in SETTLED else None,
            released_at=now if phase == Phase.RELEASED else None,
        )  # fmt: skip
        ProtocolVersion.objects.create(
            study=study, version=1, document={}, digest="", created_by=davi, created_at=now
        )
        if reads:
            StudyReader.objects.create(study=study, user=davi, status_since=now, added_at=now)
        for results_open, is_closed in product(ResultsOpen.values, (True, False)):
            Batch.objects.create(
                study=study, name=f"{results_open} {is_closed}", created_by=davi, created_at=now,
                taxonomy=taxonomy, results_open=results_open,
                closed_at=now if is_closed else None, closed_by=davi if is_closed else None,
            )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("has_broken_the_glass", [True, False])
def test_database_and_application_open_the_same_batches(
    every_kind_of_batch, has_broken_the_glass, davi, now
):
    if has_broken_the_glass:
        study = Study.objects.get(slug="open-True")
        BreakGlass.objects.create(study=study, user=davi, reason="A recall.", broken_at=now)
    allowed = Batch.objects.exclude(study__in=Study.objects.all().blinding(davi))
    by_rule = [
        set(rows.values_list("pk", flat=True))
        for rows in (allowed.with_open_results(), allowed.with_open_agreement())
    ]
    with row_security.acting_as(davi.pk):
        opened = execute("select row_security_open_results(), row_security_open_agreement()")[0]
    assert [set(ids) for ids in opened] == by_rule
    assert 0 < len(by_rule[0]) < len(by_rule[1]) < allowed.count()


# -- Writing rows -------------------------------------------------------------------------------

SIGNED = [
    "update annotations_reading set comment = 'mine now'",
    "delete from annotations_reading",
    "update annotations_finding set certainty = 'possible'",
    "delete from annotations_finding",
    "update annotations_auditevent set reason = ''",
    "delete from annotations_auditlink",
    "truncate annotations_draft",
    "alter table annotations_reading disable row level security",
    "drop policy blinding_1_ecg_reader_all on annotations_assignment",
]


@pytest.mark.django_db
@pytest.mark.parametrize("statement", SIGNED)
@pytest.mark.parametrize("name", ["ana", "davi"])
def test_signed_rows_and_policies_cannot_be_changed(statement, name, read_batch, request):
    person = request.getfixturevalue(name)
    with (
        pytest.raises(DatabaseError, match=r"permission denied|must be owner"),
        transaction.atomic(),
        row_security.acting_as(person.pk),
    ):
        execute(statement)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["ana", "davi"])
def test_nobody_can_sign_for_another_reader(name, assign, bruno, taxonomy, now, request):
    person, his = request.getfixturevalue(name), assign(bruno)
    for reader in (person, bruno):
        reading = Reading(
            assignment=his, reader=reader, taxonomy=taxonomy, quality="good", n_findings=0,
            submitted_at=now, idempotency_key=uuid.uuid4(),
        )  # fmt: skip
        with (
            pytest.raises(DatabaseError, match=r"row-level security|not by its reader"),
            transaction.atomic(),
            row_security.acting_as(person.pk),
        ):
            reading.save()


@pytest.mark.django_db
def test_nobody_can_change_drafts_of_another_reader(assign, ana, bruno, now):
    his = assign(bruno)
    draft = drafts.save(assignment_id=his.pk, reader=bruno, based_on=0, content={}, now=now)
    with row_security.acting_as(ana.pk):
        assert Draft.objects.filter(pk=draft.pk).update(version=9) == 0
        assert Draft.objects.filter(pk=draft.pk).delete()[0] == 0
    assert Draft.objects.get().version == 1


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["ana", "davi"])
def test_requests_cannot_insert_audit_events(name, request, now):
    person = request.getfixturevalue(name)
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        row_security.acting_as(person.pk),
    ):
        execute("insert into annotations_auditevent (at, action) values (now(), 'forged')")


@pytest.mark.django_db
def test_the_key_of_another_readers_submission_is_treated_as_new(
    assign, submit, ana, bruno, taxonomy
):
    key = uuid.uuid4()
    submit(assign(bruno), "atrial_fibrillation", key=key)
    reading = {"based_on": 0, "findings": [], "quality": "good", "comment": ""}
    answer = browser(ana).post(
        f"/api/assignments/{assign(ana).pk}/reading/", reading,
        headers={"Idempotency-Key": str(key)},
    )  # fmt: skip
    assert answer.status_code == 201
    assert browser(ana).get(f"/api/readings/{key}/").json()["reader"] == "me"
    assert Reading.objects.filter(idempotency_key=key).count() == 2


@pytest.mark.django_db
def test_adjudicators_who_read_the_exam_are_refused_even_if_results_are_hidden(
    make_batch, submit, close, ana, clara, davi, now
):
    batch = make_batch(readers=[ana, clara])
    for assignment in batch.assignments.select_related("reader"):
        submit(assignment, "atrial_fibrillation" if assignment.reader == ana else "artifact")
    close(batch)
    Batch.objects.filter(pk=batch.pk).update(results_open=ResultsOpen.STUDY_LOCKED)
    with row_security.acting_as(davi.pk), pytest.raises(adjudications.AlreadyRead):
        adjudications.send_disputed(batch_id=batch.pk, readers=[clara], created_by=davi, now=now)


# -- Application and database enforce blinding independently ---------------------------------------


@pytest.mark.django_db
def test_the_database_blinds_without_the_application(read_batch, ana, monkeypatch):
    monkeypatch.setattr(ReadingQuerySet, "visible_to", lambda self, user: self)
    assert {row["reader"] for row in listed_readings(ana)} == {"me"}


@pytest.mark.django_db
def test_the_application_blinds_without_the_database(read_batch, ana, monkeypatch):
    monkeypatch.setattr(row_security, "act_as", lambda user_id: None)
    assert {row["reader"] for row in listed_readings(ana)} == {"me"}


@pytest.mark.django_db
def test_without_both_the_readings_leak(read_batch, ana, monkeypatch):
    monkeypatch.setattr(ReadingQuerySet, "visible_to", lambda self, user: self)
    monkeypatch.setattr(row_security, "act_as", lambda user_id: None)
    assert {row["reader"] for row in listed_readings(ana)} != {"me"}


def listed_readings(user):
    return browser(user).get("/api/readings/").json()["results"]


# -- The transaction of a request ---------------------------------------------------------------

ENDS = [
    ("/identity/", 200), ("/nowhere/", 404), ("/notice/409/", 409), ("/notice/503/", 503),
    ("/failing/", 500), ("/breaking/", 500), ("/catching/", 400),
]  # fmt: skip


@site_without_filters
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("address", "status"), ENDS)
def test_the_role_ends_with_the_request(address, status, ana):
    owner = current_identity()
    assert browser(ana).get(address).status_code == status
    assert current_identity() == owner
    assert not connection.in_atomic_block


@site_without_filters
@pytest.mark.django_db
@pytest.mark.parametrize(("address", "status"), ENDS)
def test_the_role_ends_with_the_request_inside_another_transaction(address, status, ana):
    owner = current_identity()
    assert browser(ana).get(address).status_code == status
    assert current_identity() == owner


@site_without_filters
@pytest.mark.django_db(transaction=True)
def test_a_connection_carries_no_identity_into_the_next_request(ana, davi):
    identities = [browser(user).get("/identity/").json()["identity"] for user in (davi, ana, None)]
    assert identities == [
        ["ecg_manager", "ecg_manager", str(davi.pk)],
        ["ecg_reader", "ecg_reader", str(ana.pk)],
        ["ecg_reader", "ecg_reader", ""],
    ]


@site_without_filters
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("status", "n_kept"), [(200, 1), (302, 1), (409, 1), (500, 0), (503, 0), (999, 0)]
)
def test_a_server_error_rolls_the_request_back(status, n_kept, ana):
    browser(ana).get(f"/notice/{status}/")
    assert Notice.objects.count() == n_kept


@site_without_filters
@pytest.mark.django_db(transaction=True)
def test_on_commit_functions_run_as_the_owner(ana):
    IDENTITIES_ON_COMMIT.clear()
    assert browser(ana).get("/on-commit/").status_code == 200
    assert [current_identity()] == IDENTITIES_ON_COMMIT


@site_without_filters
@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/api/identity/", "/identity/"])
def test_a_failed_role_switch_answers_503(address, ana, monkeypatch):
    def down(_user_id):
        raise OperationalError("connection to server at 10.0.0.7 failed")

    client = browser(ana)
    monkeypatch.setattr(row_security, "act_as", down)
    response = client.get(address)
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "10.0.0.7" not in response.content.decode()


@pytest.mark.django_db
def test_the_health_check_runs_no_query(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/livez").status_code == 200


class TestAsOwner:
    pytestmark = pytest.mark.django_db

    def test_switches_to_the_owner_and_back(self, ana, read_batch):
        with row_security.acting_as(ana.pk):
            before = current_identity()
            with row_security.as_owner():
                assert Reading.objects.count() == 4
            assert current_identity() == before
            assert Reading.objects.count() == 2

    def test_switches_back_after_an_exception(self, ana):
        with row_security.acting_as(ana.pk):
            before = current_identity()
            with pytest.raises(LookupError), row_security.as_owner():
                raise LookupError
            assert current_identity() == before

    def test_switches_back_after_a_database_error(self, ana):
        with row_security.acting_as(ana.pk):
            before = current_identity()
            with pytest.raises(DatabaseError), transaction.atomic(), row_security.as_owner():
                execute("select 1 / 0")
            assert current_identity() == before

    def test_changes_nothing_outside_a_request(self):
        before = current_identity()
        with row_security.as_owner():
            assert current_identity() == before
        assert current_identity() == before


@pytest.mark.django_db(transaction=True)
def test_the_owners_role_does_not_stay_on_the_connection():
    with row_security.as_owner():
        pass
    assert current_identity()[1] == "none"

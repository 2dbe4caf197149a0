"""Database privileges of requests on accounts and secrets, in case a view lacks its checks."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import DatabaseError, connection, transaction
from knox.models import AuthToken

from annotations import row_security
from annotations.models import Batch, ReaderLevel, Role, Study, User
from annotations.models.withheld import NotReadable, withheld_columns
from annotations.services.people import members

pytestmark = pytest.mark.django_db

SECRET_TABLES = (
    *("account_emailaddress", "account_emailconfirmation", "django_session"),
    *("knox_authtoken", "annotations_tokengrant", "annotations_accountmail"),
    *("mfa_authenticator", "usersessions_usersession"),
)
"""Tables that hold credentials and sessions."""

REFUSED = [
    "update annotations_user set is_superuser = true",
    "update annotations_user set password = 'x'",
    "update annotations_user set last_login = null",
    "update annotations_user set vouched_by_id = null",
    "insert into annotations_user (username) values ('ghost')",
    "delete from annotations_user",
    "select password from annotations_user",
    "select * from annotations_user",
    "select id from annotations_user where password like 'argon2%'",
    "insert into annotations_user_groups (user_id, group_id) values (1, 1)",
    "delete from annotations_user_groups",
    "insert into annotations_user_user_permissions (user_id, permission_id) values (1, 1)",
    "insert into auth_group_permissions (group_id, permission_id) values (1, 1)",
]
REFUSED_TO_READERS = [
    "select email from annotations_user",
    "select last_login from annotations_user",
    "select seed from annotations_study",
    "select agreement_is_due from annotations_batch",
    "select id from annotations_batch where agreement_is_due",
]

ROLES = (row_security.READER, row_security.MANAGER)

HOW_TO_GRANT = """This column has no grant and is not withheld on purpose. In the migration that
adds it: grant select (column) on table to ecg_reader, ecg_manager"""


def not_refused(user, statements):
    """Return the statements that the database permits in a request of ``user``."""
    return [statement for statement in statements if not is_refused(user, statement)]


def is_refused(user, statement):
    try:
        with transaction.atomic(), row_security.acting_as(user.pk), connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError as refusal:
        return str(refusal).startswith("permission denied")
    return False


def fetch_all(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def test_no_request_reads_or_changes_credentials_and_roles(ana, davi):
    assert not_refused(ana, REFUSED) == not_refused(davi, REFUSED) == []


def test_readers_cannot_select_contacts_seed_and_due_flags(ana, davi):
    assert not_refused(ana, REFUSED_TO_READERS) == []
    assert not_refused(davi, REFUSED_TO_READERS) == REFUSED_TO_READERS


def test_sessions_tokens_and_second_factors_are_closed_to_requests():
    grants = """
        select t, r, p from unnest(%s::text[]) t, unnest(%s::text[]) r,
               unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) p
         where has_table_privilege(r, t, p)
            or p in ('SELECT', 'INSERT', 'UPDATE') and has_any_column_privilege(r, t, p)"""
    assert fetch_all(grants, list(SECRET_TABLES), list(ROLES)) == []


def test_a_reader_sees_only_their_own_roles(ana, davi, otto):
    with row_security.acting_as(ana.pk):
        assert [user for (user,) in User.groups.through.objects.values_list("user")] == [ana.pk]
    with row_security.acting_as(davi.pk):
        assert User.groups.through.objects.count() == 3


class TestWithheldColumns:
    @pytest.fixture
    def batch(self, make_batch, bruno):
        """A batch of Bruno, who has a password."""
        bruno.set_password("sinus rhythm at dawn")
        bruno.email = "bruno@example.org"
        bruno.save()
        return make_batch(readers=[bruno])

    def rows(self, batch, bruno):
        seat = batch.seats.select_related("reader__vouched_by", "batch__study").get(reader=bruno)
        return [seat.reader, seat.batch, seat.batch.study, Study.objects.get(pk=batch.study_id)]

    @pytest.mark.parametrize("name", ["bruno", "davi"])
    def test_are_deferred(self, name, request, batch, bruno):
        person = request.getfixturevalue(name)
        role = row_security.READER if name == "bruno" else row_security.MANAGER
        with row_security.acting_as(person.pk):
            for row in self.rows(batch, bruno):
                assert row.get_deferred_fields() == withheld_columns(row.__class__, role)

    def test_raise_when_accessed(self, batch, bruno):
        with row_security.acting_as(bruno.pk):
            reader, batch, study, _ = self.rows(batch, bruno)
            for row, name in ((reader, "password"), (batch, "agreement_is_due"), (study, "seed")):
                with pytest.raises(NotReadable, match=name):
                    getattr(row, name)

    def test_are_loaded_for_the_owner_and_not_changed_by_a_save(self, batch, bruno, davi):
        with row_security.acting_as(davi.pk):
            loaded = User.objects.get(pk=bruno.pk)
            with row_security.as_owner():
                loaded.first_name = "Brunello"
                loaded.save()
                assert loaded.password == bruno.password
        assert User.objects.get(pk=bruno.pk).password == bruno.password

    @pytest.mark.parametrize(
        "query",
        [
            lambda: User.objects.filter(password__startswith="argon2").exists(),
            lambda: list(User.objects.values_list("password")),
            lambda: list(Study.objects.values("seed")),
            lambda: list(Batch.objects.order_by("agreement_is_due")),
        ],
    )
    def test_cannot_be_filtered_ordered_or_selected(self, query, batch, ana):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            row_security.acting_as(ana.pk),
        ):
            query()
        assert row_security.role() is None
        assert Study.objects.get(pk=batch.study_id).seed

    def test_are_the_only_columns_without_a_grant(self):
        for model in (User, Study, Batch):
            for role in ROLES:
                closed = fetch_all(
                    "select column_name from information_schema.columns"
                    " where table_schema = 'public' and table_name = %s"
                    " and not has_column_privilege(%s, table_name, column_name, 'SELECT')",
                    model._meta.db_table,
                    role,
                )
                assert {name for (name,) in closed} == withheld_columns(model, role), HOW_TO_GRANT


def test_the_people_list_does_not_load_password_hashes(davi, now, signed_in):
    invitation = members.invite(
        actor=davi, username="mira", email="", first_name="Mira", last_name="", role=Role.READER,
        level=ReaderLevel.CARDIOLOGIST, now=now,
    )  # fmt: skip
    Authenticator.objects.create(user=davi, type=Authenticator.Type.TOTP, data={})
    with row_security.acting_as(davi.pk):
        accounts = {person.person: person for person in members.accounts()}
    assert [person for person in accounts if accounts[person].is_invited] == [invitation.user]
    assert [person for person in accounts if accounts[person].has_second_factor] == [davi]
    assert all("password" in person.get_deferred_fields() for person in accounts)
    assert signed_in(davi).get("/people/").status_code == 200


def test_switching_roles_inside_acting_as_ends_with_it(ana, davi):
    with row_security.acting_as(davi.pk):
        with row_security.as_owner():
            assert row_security.role() is None
        row_security.act_as(ana.pk)
        assert row_security.role() == row_security.READER
    assert row_security.role() is None
    assert AuthToken.objects.count() == UserSession.objects.count() == 0

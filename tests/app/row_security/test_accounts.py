"""What a request could do with accounts and secrets if the views forgot every check."""

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

SIGNS_IN = (
    *("account_emailaddress", "account_emailconfirmation", "django_session"),
    *("knox_authtoken", "annotations_tokengrant", "annotations_accountmail"),
    *("mfa_authenticator", "usersessions_usersession"),
)
"""Tables with what signs people in."""

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
TO_READERS = [
    "select email from annotations_user",
    "select last_login from annotations_user",
    "select seed from annotations_study",
    "select agreement_is_due from annotations_batch",
    "select id from annotations_batch where agreement_is_due",
]

ROLES = (row_security.READER, row_security.MANAGER)

HOW_TO_GRANT = """A column without a right, beside those that are withheld on purpose. Let the
migration that adds it say: grant select (column) on table to ecg_reader, ecg_manager"""


def not_refused(user, statements):
    """Return the statements that a request of ``user`` may send."""
    return [statement for statement in statements if not is_refused(user, statement)]


def is_refused(user, statement):
    try:
        with transaction.atomic(), row_security.acting_as(user.pk), connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError as refusal:
        return str(refusal).startswith("permission denied")
    return False


def asked(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def test_no_request_reads_or_changes_what_signs_people_in(ana, davi):
    assert not_refused(ana, REFUSED) == not_refused(davi, REFUSED) == []


def test_no_reader_learns_where_colleagues_are_the_seed_or_what_is_due(ana, davi):
    assert not_refused(ana, TO_READERS) == []
    assert not_refused(davi, TO_READERS) == TO_READERS


def test_sessions_tokens_and_second_factors_are_closed_to_requests():
    may = """
        select t, r, p from unnest(%s::text[]) t, unnest(%s::text[]) r,
               unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) p
         where has_table_privilege(r, t, p)
            or p in ('SELECT', 'INSERT', 'UPDATE') and has_any_column_privilege(r, t, p)"""
    assert asked(may, list(SIGNS_IN), list(ROLES)) == []


def test_a_reader_sees_their_own_roles_alone(ana, davi, otto):
    with row_security.acting_as(ana.pk):
        assert [user for (user,) in User.groups.through.objects.values_list("user")] == [ana.pk]
    with row_security.acting_as(davi.pk):
        assert User.groups.through.objects.count() == 3


class TestWithheldColumns:
    @pytest.fixture
    def batch(self, make_batch, bruno):
        """A batch of Bruno's, who has a password."""
        bruno.set_password("sinus rhythm at dawn")
        bruno.email = "bruno@example.org"
        bruno.save()
        return make_batch(readers=[bruno])

    def rows(self, batch, bruno):
        seat = batch.seats.select_related("reader__vouched_by", "batch__study").get(reader=bruno)
        return [seat.reader, seat.batch, seat.batch.study, Study.objects.get(pk=batch.study_id)]

    @pytest.mark.parametrize("name", ["bruno", "davi"])
    def test_are_not_loaded_with_the_others(self, name, request, batch, bruno):
        person = request.getfixturevalue(name)
        role = row_security.READER if name == "bruno" else row_security.MANAGER
        with row_security.acting_as(person.pk):
            for row in self.rows(batch, bruno):
                assert row.get_deferred_fields() == withheld_columns(row.__class__, role)

    def test_are_told_apart_from_empty_ones(self, batch, bruno):
        with row_security.acting_as(bruno.pk):
            reader, batch, study, _ = self.rows(batch, bruno)
            for row, name in ((reader, "password"), (batch, "agreement_is_due"), (study, "seed")):
                with pytest.raises(NotReadable, match=name):
                    getattr(row, name)

    def test_are_loaded_for_the_owner_and_left_alone_by_a_save(self, batch, bruno, davi):
        with row_security.acting_as(davi.pk):
            loaded = User.objects.get(pk=bruno.pk)
            with row_security.as_owner():
                loaded.first_name = "Brunello"
                loaded.save()
                assert loaded.password == bruno.password
        assert User.objects.get(pk=bruno.pk).password == bruno.password

    @pytest.mark.parametrize(
        "ask",
        [
            lambda: User.objects.filter(password__startswith="argon2").exists(),
            lambda: list(User.objects.values_list("password")),
            lambda: list(Study.objects.values("seed")),
            lambda: list(Batch.objects.order_by("agreement_is_due")),
        ],
    )
    def test_are_neither_a_condition_nor_a_value(self, ask, batch, ana):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            row_security.acting_as(ana.pk),
        ):
            ask()
        assert row_security.role() is None
        assert Study.objects.get(pk=batch.study_id).seed

    def test_are_the_only_ones_without_a_right(self):
        for model in (User, Study, Batch):
            for role in ROLES:
                closed = asked(
                    "select column_name from information_schema.columns"
                    " where table_schema = 'public' and table_name = %s"
                    " and not has_column_privilege(%s, table_name, column_name, 'SELECT')",
                    model._meta.db_table,
                    role,
                )
                assert {name for (name,) in closed} == withheld_columns(model, role), HOW_TO_GRANT


def test_the_list_of_people_needs_no_hashes(davi, now, signed_in):
    made = members.invite(
        actor=davi, username="mira", email="", first_name="Mira", last_name="", role=Role.READER,
        level=ReaderLevel.CARDIOLOGIST, now=now,
    )  # fmt: skip
    Authenticator.objects.create(user=davi, type=Authenticator.Type.TOTP, data={})
    with row_security.acting_as(davi.pk):
        found = {one.person: one for one in members.accounts()}
    assert [one for one in found if found[one].is_invited] == [made.user]
    assert [one for one in found if found[one].has_second_factor] == [davi]
    assert all("password" in one.get_deferred_fields() for one in found)
    assert signed_in(davi).get("/people/").status_code == 200


def test_a_role_ends_everywhere_at_once(ana, davi):
    with row_security.acting_as(davi.pk):
        with row_security.as_owner():
            assert row_security.role() is None
        row_security.act_as(ana.pk)
        assert row_security.role() == row_security.READER
    assert row_security.role() is None
    assert AuthToken.objects.count() == UserSession.objects.count() == 0

"""Columns that the roles of web requests may not read, and that stay deferred while one acts.

Django selects every column of a row that it loads. For one column without a right to it (migration
0038) PostgreSQL would refuse the whole statement, so while such a role acts, NULL is selected in
its place and the field is deferred: saving the row leaves it alone, and reading the attribute as
the owner of the tables (``row_security.as_owner``) loads it then. Named in a condition or in
``values()`` the column stays as it is, and PostgreSQL refuses the statement.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models.query_utils import DeferredAttribute

from annotations import row_security
from annotations.row_security import MANAGER, READER


class NotReadable(PermissionError):
    """The role that a request acts as may not read this column."""


class WithheldAttribute(DeferredAttribute):
    """Loads a deferred value where the role may read it, and says so where it may not."""

    field: Withheld

    def __get__(self, instance: models.Model | None, cls: Any = None) -> Any:
        """Return the value.

        Raises:
            NotReadable: it was not loaded, and the role that acts may not read it.
        """
        field = self.field
        if instance is not None and field.attname not in instance.__dict__ and field.is_withheld():
            raise NotReadable(f"{field.model.__name__}.{field.name}")
        return super().__get__(instance, cls)


class Withheld(models.Field):  # type: ignore[type-arg]
    """Mixed into a field: some roles of requests may not read its column."""

    withheld_from: ClassVar[Collection[str]] = ()
    descriptor_class = WithheldAttribute

    def is_withheld(self) -> bool:
        """Tell whether the role that acts at this moment may not read the column."""
        return row_security.role() in self.withheld_from

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        """Return what is selected: the column, or NULL of its type where a row is loaded."""
        if self.is_withheld() and compiler.query.default_cols:
            return f"null::{self.db_type(compiler.connection)}", ()
        return sql, params

    def deconstruct(self) -> Any:
        """Tell migrations of the plain field: what is withheld is a matter of rights."""
        name, _, args, kwargs = super().deconstruct()
        plain = next(base for base in type(self).__mro__[1:] if not issubclass(base, Withheld))
        return name, f"django.db.models.{plain.__name__}", args, kwargs


class PasswordField(Withheld, models.CharField):  # type: ignore[type-arg]
    """The hash of a password: what signs people in works with the rights of the owner."""

    withheld_from = frozenset({READER, MANAGER})


class AddressField(Withheld, models.EmailField):  # type: ignore[type-arg]
    """Where somebody gets mail: nothing that their colleagues read shows it."""

    withheld_from = frozenset({READER})


class LastLoginField(Withheld, models.DateTimeField):  # type: ignore[type-arg]
    """When somebody last signed in, which tells their colleagues when they work."""

    withheld_from = frozenset({READER})


class SeedField(Withheld, models.CharField):  # type: ignore[type-arg]
    """The secret that readers' orders and arms follow from."""

    withheld_from = frozenset({READER})


class DueField(Withheld, models.BooleanField):  # type: ignore[type-arg]
    """Whether something came in since a report was made: it tells what colleagues do."""

    withheld_from = frozenset({READER})


class HasWithheld(models.Model):
    """A model with such fields."""

    class Meta:
        abstract = True

    @classmethod
    def from_db(
        cls, db: str | None, field_names: Collection[str], values: Collection[Any], **more: Any
    ) -> Self:
        """Return the row, with what was not selected deferred."""
        role = row_security.role()
        if role is not None and (withheld := withheld_columns(cls, role)):
            values = [
                models.DEFERRED if name in withheld else value
                for name, value in zip(field_names, values, strict=True)
            ]
        return super().from_db(db, field_names, values, **more)


@cache
def withheld_columns(model: type[models.Model], role: str) -> frozenset[str]:
    """Return the names of the fields of ``model`` that ``role`` may not read."""
    return frozenset(
        field.attname
        for field in model._meta.concrete_fields
        if isinstance(field, Withheld) and role in field.withheld_from
    )

"""Columns that the database roles of web requests may not read.

Django selects every column of a row it loads. If the role may not read one of them (migration
0038), PostgreSQL rejects the whole statement. So while such a role is active, we select NULL
instead and defer the field: saving the row does not write the column, and accessing the attribute
as the owner of the tables (``row_security.as_owner``) loads it. In conditions and in ``values()``
the column is used unchanged, and PostgreSQL rejects the statement.
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
    """The active role may not read this column."""


class WithheldAttribute(DeferredAttribute):
    """Loads a deferred value if the active role may read it, and raises otherwise."""

    field: Withheld

    def __get__(self, instance: models.Model | None, cls: Any = None) -> Any:
        """Return the value.

        Raises:
            NotReadable: the value is not loaded, and the active role may not read it.
        """
        field = self.field
        if instance is not None and field.attname not in instance.__dict__ and field.is_withheld():
            raise NotReadable(f"{field.model.__name__}.{field.name}")
        return super().__get__(instance, cls)


class Withheld(models.Field):  # type: ignore[type-arg]
    """Mixin for a field whose column some request roles may not read."""

    withheld_from: ClassVar[Collection[str]] = ()
    descriptor_class = WithheldAttribute

    def is_withheld(self) -> bool:
        """Return whether the active role may not read the column."""
        return row_security.role() in self.withheld_from

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        """Return the SQL that selects the column.

        A withheld column is replaced by a typed NULL when Django loads whole rows.
        """
        if self.is_withheld() and compiler.query.default_cols:
            return f"null::{self.db_type(compiler.connection)}", ()
        return sql, params

    def deconstruct(self) -> Any:
        """Describe the field to migrations without the mixin, which does not affect the schema."""
        name, _, args, kwargs = super().deconstruct()
        field = next(base for base in type(self).__mro__[1:] if not issubclass(base, Withheld))
        return name, f"django.db.models.{field.__name__}", args, kwargs


class PasswordField(Withheld, models.CharField):  # type: ignore[type-arg]
    """A password hash. Sign-in reads it with the rights of the owner."""

    withheld_from = frozenset({READER, MANAGER})


class AddressField(Withheld, models.EmailField):  # type: ignore[type-arg]
    """An e-mail address, which pages for colleagues never show."""

    withheld_from = frozenset({READER})


class LastLoginField(Withheld, models.DateTimeField):  # type: ignore[type-arg]
    """The last sign-in, which would reveal to colleagues when somebody works."""

    withheld_from = frozenset({READER})


class SeedField(Withheld, models.CharField):  # type: ignore[type-arg]
    """The secret that determines readers' orders, arms and pseudonyms."""

    withheld_from = frozenset({READER})


class DueField(Withheld, models.BooleanField):  # type: ignore[type-arg]
    """Whether readings arrived since the last report, which would reveal colleagues' activity."""

    withheld_from = frozenset({READER})


class HasWithheld(models.Model):
    """Base class of models with withheld fields."""

    class Meta:
        abstract = True

    @classmethod
    def from_db(
        cls, db: str | None, field_names: Collection[str], values: Collection[Any], **more: Any
    ) -> Self:
        """Create the instance; defer the fields that the active role may not read."""
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

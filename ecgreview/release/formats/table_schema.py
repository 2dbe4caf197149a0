"""Descriptions of CSV files in Table Schema, for data packages.

Source:
    https://specs.frictionlessdata.io/tabular-data-package/
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Type: TypeAlias = Literal["string", "integer", "number", "boolean"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a CSV file.

    Attributes:
        type: its type in Table Schema.
        enum: the only values it has, besides missing ones.
        null: whether values can be missing, which is an empty cell.
    """

    name: str
    description: str
    type: Type = "string"
    enum: Sequence[str] = ()
    null: bool = False

    def field(self) -> dict[str, Any]:
        """Return the field descriptor."""
        constraints: dict[str, Any] = {} if self.null else {"required": True}
        if self.enum:
            constraints["enum"] = list(self.enum)
        described = {"name": self.name, "type": self.type, "description": self.description}
        return {**described, "constraints": constraints} if constraints else described


def resource(
    name: str, description: str, columns: Sequence[Column], key: Sequence[str]
) -> dict[str, Any]:
    """Return the descriptor of ``name``.csv; ``key`` are the columns that identify a row."""
    schema: dict[str, Any] = {
        "fields": [column.field() for column in columns],
        "missingValues": [""],
    }
    if key:
        schema["primaryKey"] = list(key)
    if name != "exams" and any(column.name == "exam" for column in columns):
        schema["foreignKeys"] = [
            {"fields": "exam", "reference": {"resource": "exams", "fields": "exam"}}
        ]
    return {
        "name": name,
        "path": f"{name}.csv",
        "profile": "tabular-data-resource",
        "description": description,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": schema,
    }

"""Convert dataclasses to JSON values and back; compute digests of dataclasses and arrays."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


class NotStorable(TypeError):
    """``dump`` or ``load`` does not support this type."""


def dump(value: object) -> Any:
    """Return the JSON form of ``value``.

    Raises:
        NotStorable: the type of ``value``, or of a value inside it, is not supported.
    """
    if is_dataclass(value):
        return {field.name: dump(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(dump(key)): dump(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [dump(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):  # includes datetime
        return value.isoformat()
    if value is None or isinstance(value, str | int | float):
        return value
    raise NotStorable(type(value))


def load(type_: type[T], stored: Any) -> T:
    """Rebuild a value of ``type_`` from its JSON form.

    Fields that are not stored, because the value is from an earlier version of the software, get
    their defaults. Stored keys that match no field are ignored.

    Raises:
        NotStorable: ``type_`` has parts of an unsupported type.
        TypeError: a field without a default is missing.
    """
    value: T = _load(type_, stored)
    return value


def digest(*parts: object) -> str:
    """Return the SHA-256 of arrays and of values that ``dump`` supports, in hexadecimal."""
    total = hashlib.sha256()
    for part in parts:
        content = _bytes(part)
        total.update(f"{len(content)}:".encode() + content)
    return total.hexdigest()


def _bytes(part: object) -> bytes:
    if isinstance(part, np.ndarray):
        array: NDArray[Any] = np.ascontiguousarray(part)
        return f"{array.dtype.str}{array.shape}".encode() + array.tobytes()
    return json.dumps(dump(part), sort_keys=True).encode()


def _load(type_: Any, stored: Any) -> Any:
    origin, inner = get_origin(type_), get_args(type_)
    if origin in {Union, UnionType}:
        (other,) = (part for part in inner if part is not NoneType)
        return None if stored is None else _load(other, stored)
    if origin is tuple:
        types = [inner[0]] * len(stored) if inner[1:] == (...,) else list(inner)
        return tuple(_load(part, item) for part, item in zip(types, stored, strict=True))
    if origin is not None and issubclass(origin, Mapping):
        return {_load(inner[0], key): _load(inner[1], stored[key]) for key in stored}
    return _load_single(type_, stored)


def _load_single(type_: Any, stored: Any) -> Any:
    if is_dataclass(type_):
        return _load_dataclass(type_, stored)
    if issubclass(type_, date):
        return type_.fromisoformat(stored)
    if issubclass(type_, Enum | str | int | float):
        return type_(stored)
    raise NotStorable(type_)


def _load_dataclass(type_: Any, stored: Mapping[str, Any]) -> Any:
    types = _field_types(type_)
    return type_(**{name: _load(types[name], stored[name]) for name in types if name in stored})


@cache
def _field_types(type_: Any) -> dict[str, Any]:
    hints = get_type_hints(type_)
    return {field.name: hints[field.name] for field in fields(type_)}

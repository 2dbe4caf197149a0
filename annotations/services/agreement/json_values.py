"""Values of dataclasses as plain values that a row can hold, and back."""

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
    """There is no way of holding a value of this type in a row."""


def dump(value: object) -> Any:
    """Return ``value`` as JSON holds it.

    Raises:
        NotStorable: it, or a part of it, is of a type that is not known here.
    """
    if is_dataclass(value):
        return {one.name: dump(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(dump(key)): dump(one) for key, one in value.items()}
    if isinstance(value, tuple):
        return [dump(one) for one in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):  # and moments, which are days too
        return value.isoformat()
    if value is None or isinstance(value, str | int | float):
        return value
    raise NotStorable(type(value))


def load(kind: type[T], told: Any) -> T:
    """Return the value of type ``kind`` that ``plain`` made ``told`` of.

    What an earlier version of the product did not store has the default of its field; what a
    later one stored beside is left out.

    Raises:
        NotStorable: the type has parts that are not known here.
        TypeError: a field without a default is missing.
    """
    found: T = _restored(kind, told)
    return found


def digest(*parts: object) -> str:
    """Return SHA-256, in hexadecimal digits, of arrays and of values that can be stored."""
    whole = hashlib.sha256()
    for part in parts:
        content = _bytes(part)
        whole.update(f"{len(content)}:".encode() + content)
    return whole.hexdigest()


def _bytes(part: object) -> bytes:
    if isinstance(part, np.ndarray):
        array: NDArray[Any] = np.ascontiguousarray(part)
        return f"{array.dtype.str}{array.shape}".encode() + array.tobytes()
    return json.dumps(dump(part), sort_keys=True).encode()


def _restored(kind: Any, told: Any) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        (known,) = (one for one in inner if one is not NoneType)
        return None if told is None else _restored(known, told)
    if origin is tuple:
        kinds = [inner[0]] * len(told) if inner[1:] == (...,) else list(inner)
        return tuple(_restored(one, value) for one, value in zip(kinds, told, strict=True))
    if origin is not None and issubclass(origin, Mapping):
        return {_restored(inner[0], key): _restored(inner[1], told[key]) for key in told}
    return _single(kind, told)


def _single(kind: Any, told: Any) -> Any:
    if is_dataclass(kind):
        return _value(kind, told)
    if issubclass(kind, date):
        return kind.fromisoformat(told)
    if issubclass(kind, Enum | str | int | float):
        return kind(told)
    raise NotStorable(kind)


def _value(kind: Any, told: Mapping[str, Any]) -> Any:
    known = _hints(kind)
    return kind(**{name: _restored(known[name], told[name]) for name in known if name in told})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    known = get_type_hints(kind)
    return {one.name: known[one.name] for one in fields(kind)}

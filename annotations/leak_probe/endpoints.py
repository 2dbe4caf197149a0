"""The endpoints of the site, taken from the URL resolver, so that new ones are probed too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from django.urls import URLPattern, URLResolver, get_resolver, reverse

# URL names that would end the session of the probed person.
LEFT_OUT = frozenset({"sign-out", "account_logout"})


class UnknownParameter(LookupError):
    """The probe has no example for a URL parameter. Add one to ``World.values``."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint, with all addresses to request.

    Attributes:
        addresses: one for each combination of example values, which are the person's own, other
            people's, or nonexistent.
    """

    name: str
    addresses: tuple[str, ...]


def endpoints(values: Mapping[str, Mapping[str, Sequence[object]]]) -> list[Endpoint]:
    """Return every named endpoint, except ``LEFT_OUT`` and admin pages with parameters.

    Args:
        values: examples for each parameter, keyed by a prefix of the URL name. The longest
            matching prefix applies; "" matches every name.

    Raises:
        UnknownParameter: a parameter has no example.
    """
    return [
        Endpoint(name, tuple(_addresses(name, parameters, values)))
        for name, parameters in _walk(get_resolver(), [], [])
        if name not in LEFT_OUT and not (parameters and name.startswith("admin:"))
    ]


def _addresses(
    name: str,
    parameters: Sequence[str],
    values: Mapping[str, Mapping[str, Sequence[object]]],
) -> Iterator[str]:
    examples = [_examples(name, parameter, values) for parameter in parameters]
    for chosen in product(*examples):
        yield reverse(name, kwargs=dict(zip(parameters, chosen, strict=True)))


def _examples(
    name: str, parameter: str, values: Mapping[str, Mapping[str, Sequence[object]]]
) -> Sequence[object]:
    fitting = sorted((key for key in values if name.startswith(key)), key=len, reverse=True)
    for key in fitting:
        if parameter in values[key]:
            return values[key][parameter]
    raise UnknownParameter(f"{name} takes {parameter}")


def _walk(
    resolver: URLResolver, spaces: list[str], outer: list[str]
) -> Iterator[tuple[str, list[str]]]:
    for entry in resolver.url_patterns:
        inner = [*outer, *entry.pattern.regex.groupindex]
        if isinstance(entry, URLPattern):
            if entry.name:
                yield ":".join([*spaces, str(entry.name)]), inner
        else:
            yield from _walk(entry, [*spaces, *filter(None, [entry.namespace])], inner)

"""The experiment: the same session in two worlds, one after the other, both undone afterwards."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from unittest import mock

from django.db import connection, transaction
from django.test import Client
from django.test.utils import override_settings
from django.utils import timezone

from annotations.leak_probe.actions import ACTIONS
from annotations.leak_probe.differences import Difference, differences
from annotations.leak_probe.observations import Observation, Recorder, Step
from annotations.leak_probe.sessions import Session
from annotations.leak_probe.world import World

SUBMITTED = frozenset({200, 201})
FORGETFUL = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
"""Limits of how often somebody may try are no part of the experiment, and outlive a world."""

WARMING = tuple(Step("GET", address) for address in ("/worklist/", "/api/assignments/", "/admin/"))
"""Asked first: whoever comes first fills the caches of the process."""

OF_AN_EXAM = re.compile(r"/(?:api/assignments|read)/(\d+)/")

SUBMITTED_STATE = re.compile(r'"state": ?"submitted"')
OFFER = re.compile(r'(?<="suggestions":)( ?)"(?:none|offered)"')
"""Whether a model has suggestions. After submitting, a reader may know that."""

BACKEND = "django.contrib.auth.backends.ModelBackend"


@dataclass(slots=True)
class Outcome:
    """What came out of a number of sessions.

    Attributes:
        requests: how many were sent in each world, by "method status" of their answer.
        addresses: how often each address was asked for, queries apart.
        n_allowed: how many answers were about an exam that the person had submitted by then, and
            had asked what a model suggests of it: the policy of the study lets it be shown, so
            they are not compared.
        leaks: every difference that was found.
    """

    person: str
    n_allowed: int = 0
    n_sessions: int = 0
    n_actions: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    addresses: Counter[str] = field(default_factory=Counter)
    leaks: list[Difference] = field(default_factory=list)

    @property
    def n_requests(self) -> int:
        """How many requests were sent in each of the two worlds."""
        return self.requests.total()

    def count(
        self, session: Session, seen: Iterable[Observation], leaks: Iterable[Difference]
    ) -> None:
        """Add one session."""
        self.n_sessions += 1
        self.n_actions += sum(not isinstance(one, Step) for one in session)
        self.leaks += leaks
        for one in seen:
            self.requests[f"{one.step.method} {one.status}"] += 1
            self.addresses[one.step.address.partition("?")[0]] += 1


class _Undo(Exception):
    """Takes a world back to where both began."""


def probe(world: World, person: str, sessions: Iterable[Session]) -> Outcome:
    """Play each of ``sessions`` as ``person`` in both worlds and compare what they saw.

    Args:
        world: the world as it is stored now; it is left as it was.
        person: one of ``world.PEOPLE``.
        sessions: sessions; their actions are done in the second world only.
    """
    outcome = Outcome(person)
    _play(world, person, WARMING, is_busy=False)
    for session in sessions:
        quiet = _play(world, person, session, is_busy=False)
        busy = _play(world, person, session, is_busy=True)
        allowed = _allowed(quiet) & _allowed(busy)
        outcome.n_allowed += len(allowed)
        kept = (_but(_without_offers(answers), allowed) for answers in (quiet, busy))
        outcome.count(session, quiet, differences(*kept))
    return outcome


def _without_offers(seen: Iterable[Observation]) -> Iterator[Observation]:
    """Mask whether a model offers suggestions, in answers about an exam that was submitted."""
    for one in seen:
        if SUBMITTED_STATE.search(one.body) and OFFER.search(one.body):
            headers = tuple(pair for pair in one.headers if pair[0] != "Content-Length")
            yield replace(one, body=OFFER.sub(r'\1"offer"', one.body), headers=headers)
        else:
            yield one


def _allowed(seen: Sequence[Observation]) -> frozenset[int]:
    """Return the places of answers that the policy lets depend on a model.

    Its suggestions for an exam once the reading is submitted, and from then on whether that
    reading can be taken back: seeing suggestions makes it final. The exam's own answers say so and,
    while it is the last one submitted, so does every page of the desk.
    """
    submitted: set[str] = set()
    asked: set[str] = set()
    found = set()
    last = ""
    for place, one in enumerate(seen):
        base, _, what = one.step.address.partition("?")[0].removesuffix("/").rpartition("/")
        exam = _exam(one.step.address)
        if one.step.method == "POST" and what == "reading" and one.status in SUBMITTED:
            submitted.add(base)
            last = exam
        elif what == "suggestions" and base in submitted:
            asked.add(exam)
            found.add(place)
        if (exam and exam in asked) or (last in asked and one.step.address.startswith("/read/")):
            found.add(place)
    return frozenset(found)


def _exam(address: str) -> str:
    """Return the id of the assignment that ``address`` is about, or nothing."""
    match = OF_AN_EXAM.match(address)
    return match[1] if match else ""


def _but(seen: Iterable[Observation], left_out: Container[int]) -> list[Observation]:
    return [one for place, one in enumerate(seen) if place not in left_out]


def _play(world: World, person: str, session: Session, *, is_busy: bool) -> list[Observation]:
    seen: list[Observation] = []
    with _still(world.now), _undone(), override_settings(CACHES=FORGETFUL):
        client = Client(raise_request_exception=False)
        client.force_login(world.people[person], backend=BACKEND)
        recorder = Recorder(client, world.known_ids())
        for one in session:
            if isinstance(one, Step):
                seen.append(recorder.see(one))
            elif is_busy:
                ACTIONS[one](world, person)
    return seen


@contextmanager
def _still(now: datetime) -> Iterator[None]:
    """Stop the clock: both worlds live through the same instant."""
    with mock.patch.object(timezone, "now", return_value=now):
        yield


@contextmanager
def _undone() -> Iterator[None]:
    """Undo everything afterwards, the counters included: both worlds draw the same numbers."""
    counters = _counters()
    try:
        with transaction.atomic():
            yield
            raise _Undo
    except _Undo:
        _restore(counters)


def _counters() -> dict[str, int | None]:
    with connection.cursor() as cursor:
        cursor.execute("select sequencename, last_value from pg_sequences order by 1")
        return dict(cursor.fetchall())


def _restore(counters: dict[str, int | None]) -> None:
    with connection.cursor() as cursor:
        for name, value in counters.items():
            cursor.execute(
                "select setval(quote_ident(%s), %s, %s)", [name, value or 1, value is not None]
            )

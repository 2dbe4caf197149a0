"""The experiment: play a session in each of two worlds, and roll both back afterwards."""

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
# A dummy cache, because counts for rate limits would not be rolled back with the world.
NO_CACHE = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}

# Requested first, because the first request of a process fills its caches.
WARM_UP = tuple(Step("GET", address) for address in ("/worklist/", "/api/assignments/", "/admin/"))

OF_AN_EXAM = re.compile(r"/(?:api/assignments|read)/(\d+)/")

SUBMITTED_STATE = re.compile(r'"state": ?"submitted"')
# The field that says whether a model has suggestions, which a reader may know after submitting.
OFFER = re.compile(r'(?<="suggestions":)( ?)"(?:none|offered)"')

BACKEND = "django.contrib.auth.backends.ModelBackend"


@dataclass(slots=True)
class Outcome:
    """The result of one person's sessions.

    Attributes:
        requests: how many were sent in each world, by method and status, such as "GET 200".
        addresses: how often each address was requested, without its query string.
        n_allowed: how many responses were not compared, because the person had submitted the exam
            and requested its suggestions, which the policy of the study lets them see.
        leaks: every difference found.
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
        """The number of requests sent in each of the two worlds."""
        return self.requests.total()

    def count(
        self, session: Session, observations: Iterable[Observation], leaks: Iterable[Difference]
    ) -> None:
        self.n_sessions += 1
        self.n_actions += sum(not isinstance(observation, Step) for observation in session)
        self.leaks += leaks
        for observation in observations:
            self.requests[f"{observation.step.method} {observation.status}"] += 1
            self.addresses[observation.step.address.partition("?")[0]] += 1


class _Undo(Exception):
    """Raised at the end of a session to roll the world back."""


def probe(world: World, person: str, sessions: Iterable[Session]) -> Outcome:
    """Play each session as ``person`` in both worlds, and compare the observations.

    Args:
        world: the world as it is stored now; it is left unchanged.
        person: one of ``world.PEOPLE``.
        sessions: requests, which are sent in both worlds, and actions, which run in the second.
    """
    outcome = Outcome(person)
    _play(world, person, WARM_UP, is_busy=False)
    for session in sessions:
        quiet = _play(world, person, session, is_busy=False)
        busy = _play(world, person, session, is_busy=True)
        allowed = _allowed(quiet) & _allowed(busy)
        outcome.n_allowed += len(allowed)
        compared = (_without(_without_offers(answers), allowed) for answers in (quiet, busy))
        outcome.count(session, quiet, differences(*compared))
    return outcome


def _without_offers(observations: Iterable[Observation]) -> Iterator[Observation]:
    """Mask whether a model offers suggestions, in responses about a submitted exam."""
    for observation in observations:
        if SUBMITTED_STATE.search(observation.body) and OFFER.search(observation.body):
            headers = tuple(pair for pair in observation.headers if pair[0] != "Content-Length")
            yield replace(
                observation, body=OFFER.sub(r'\1"offer"', observation.body), headers=headers
            )
        else:
            yield observation


def _allowed(observations: Sequence[Observation]) -> frozenset[int]:
    """Return the indexes of responses that the policy allows to depend on a model.

    These are its suggestions for an exam whose reading is submitted, and from then on whether
    that reading can be taken back, because seeing suggestions makes it final. The exam's own
    responses show this and, while it is the last one submitted, so does every page of the desk.
    """
    submitted: set[str] = set()
    suggested: set[str] = set()
    allowed = set()
    last = ""
    for place, observation in enumerate(observations):
        base, _, last_part = (
            observation.step.address.partition("?")[0].removesuffix("/").rpartition("/")
        )
        exam = _exam(observation.step.address)
        if (
            observation.step.method == "POST"
            and last_part == "reading"
            and observation.status in SUBMITTED
        ):
            submitted.add(base)
            last = exam
        elif last_part == "suggestions" and base in submitted:
            suggested.add(exam)
            allowed.add(place)
        if (exam and exam in suggested) or (
            last in suggested and observation.step.address.startswith("/read/")
        ):
            allowed.add(place)
    return frozenset(allowed)


def _exam(address: str) -> str:
    """Return the ID of the assignment in ``address``, or an empty string."""
    match = OF_AN_EXAM.match(address)
    return match[1] if match else ""


def _without(observations: Iterable[Observation], left_out: Container[int]) -> list[Observation]:
    return [observation for place, observation in enumerate(observations) if place not in left_out]


def _play(world: World, person: str, session: Session, *, is_busy: bool) -> list[Observation]:
    observations: list[Observation] = []
    with _frozen_clock(world.now), _undone(), override_settings(CACHES=NO_CACHE):
        client = Client(raise_request_exception=False)
        client.force_login(world.people[person], backend=BACKEND)
        recorder = Recorder(client, world.known_ids())
        for step in session:
            if isinstance(step, Step):
                observations.append(recorder.send(step))
            elif is_busy:
                ACTIONS[step](world, person)
    return observations


@contextmanager
def _frozen_clock(now: datetime) -> Iterator[None]:
    """Freeze the clock, so that both worlds run at the same instant."""
    with mock.patch.object(timezone, "now", return_value=now):
        yield


@contextmanager
def _undone() -> Iterator[None]:
    """Roll everything back afterwards, including sequences, so both worlds get the same IDs."""
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

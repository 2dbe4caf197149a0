"""What a reader does in a session, and when the others do what must not be noticed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import TypeAlias
from urllib.parse import urlencode

from annotations.leak_probe.actions import actions_hidden_from
from annotations.leak_probe.endpoints import Endpoint, endpoints
from annotations.leak_probe.observations import Step
from annotations.leak_probe.world import FINDING, INVITED_BY_GIL, NOT_ASSESSABLE, PEOPLE, World
from annotations.models import Assignment, Role

Session: TypeAlias = Sequence[Step | str]
"""Requests of the person who probes, and names of actions, which are done in one world only."""

QUERIES = (
    *("", "", "", "?limit=1", "?limit=200", "?state=open", "?limit=0", "?after=WzFd"),
    *("?page=2", "?outcome=majority", "?ordering=-reader", "?reader__password__startswith=a"),
    *("?status=closed", "?study=1", "?actor=bruno", "?q=a", "?format=csv"),
)
BLOCKED = {"findings": [{"class": "no_such_class", "certainty": "definite"}]}
SAFE = ("GET", "GET", "GET", "GET", "HEAD", "OPTIONS")
CHANGING = ("POST", "PUT", "PATCH", "DELETE")
PEOPLE_DOORS = ("account", "mfa", "usersessions", "sign", "link", "person", "people", "language")
"""Doors that deal with the person alone: they are looked at, not pushed."""


def fixed_session(world: World, person: str) -> Session:
    """Return one's own work, while the others do theirs, and every endpoint with every example.

    What a model suggests comes last: from then on it is known to whoever asks.
    """
    addresses = [address for endpoint in _doors(world, person) for address in endpoint.addresses]
    every = [Step("GET", address) for address in sorted(addresses, key=_is_suggestion)]
    work = [step for assignment in world.own(person)[:2] for step in _work(assignment)]
    actions = actions_hidden_from(person)
    if Role.COORDINATOR not in PEOPLE[person]:
        return [*actions, *work, *actions, *every]
    return [*actions, *work, *actions, *every, *_inviting(world), *_planning(world)]


def _inviting(world: World) -> Iterator[Step]:
    """Try to get a second pair of eyes: invite somebody who sees results, renew who does."""
    form = (("Content-Type", "application/x-www-form-urlencoded"),)
    for role in (Role.RESEARCHER, Role.AUDITOR, Role.READER):
        wanted = {"first_name": "Pup", "username": "pup", "role": role.value, "level": "1"}
        yield Step("POST", "/people/new/", urlencode(wanted), form)
    for name in INVITED_BY_GIL:
        for act in ("link", "second-factor", "vouch"):
            yield Step("POST", f"/people/{world.people[name].pk}/{act}/")
    yield Step("GET", "/people/")


def _planning(world: World) -> Iterator[Step]:
    """Plan what nobody has yet, once more when nothing is left, and look at the plans."""
    plans = f"/api/studies/{world.study.slug}/plans/"
    for name in ("Planned", "Planned again"):
        yield Step("POST", plans, json.dumps({"name": name}))
    yield Step("GET", f"/studies/{world.study.slug}/plan/")
    yield Step("GET", "/api/batches/")


def _is_suggestion(address: str) -> bool:
    return address.endswith("/suggestions/")


def random_session(world: World, person: str, chance: Random, length: int) -> Session:
    """Return ``length`` requests drawn by ``chance``, with actions before and among them."""
    found: list[Step | str] = [chance.choice(actions_hidden_from(person))]
    all_doors, own = _doors(world, person), world.own(person)
    others = world.others()
    while sum(isinstance(one, Step) for one in found) < length:
        dice = chance.random()
        if dice < 0.06:
            found.append(chance.choice(actions_hidden_from(person)))
        elif dice < 0.40 and own:
            assignment = chance.choice(own)
            found += _bit_of_work(assignment, chance, can_correct=assignment not in own[:2])
        elif dice < 0.46:
            found += _bit_of_work(chance.choice(others), chance, can_correct=True)
        else:
            found.append(_visit(chance.choice(all_doors), chance))
    return found


def _doors(world: World, person: str) -> list[Endpoint]:
    return endpoints(world.values(person))


def _visit(endpoint: Endpoint, chance: Random) -> Step:
    """Return a request at a endpoint: mostly a look, now and then a push."""
    address = chance.choice(endpoint.addresses)
    is_push = chance.random() < 0.12
    if is_push and not endpoint.name.startswith(PEOPLE_DOORS):
        return Step(chance.choice(CHANGING), address, json.dumps({}))
    if endpoint.name.startswith(PEOPLE_DOORS):  # a HEAD has no secret in it that could be masked
        return Step("GET", address + chance.choice(QUERIES))
    return Step(chance.choice(SAFE), address + chance.choice(QUERIES))


def _work(assignment: Assignment) -> Iterator[Step]:
    """Put off, save a draft, submit, submit again as after a lost answer, and correct it.

    Now and then revise it, which nobody can before they were shown something.
    """
    base = f"/api/assignments/{assignment.pk}/"
    content = {"findings": [], "quality": "good", "comment": "mine"}
    reading = json.dumps({"based_on": 1, **content})
    key, other = _key(uuid.UUID(int=assignment.pk)), _key(uuid.UUID(int=1))
    corrected = {**content, "supersedes": str(uuid.UUID(int=assignment.pk)), "based_on": 0}
    abstained = {**content, "quality": "", "outcome": "abstained", "based_on": 0}
    revision = json.dumps({**content, "reason": "suggestion", "decisions": []})
    decisions = [{"class": FINDING, "verdict": "rejected"}]
    judged = json.dumps({**content, "reason": "suggestion", "decisions": decisions})
    yield Step("POST", f"{base}deferral/", "{}")
    yield Step("POST", f"{base}deferral/", "{}")
    yield Step("POST", f"{base}revision/", revision, other)
    yield Step("POST", f"{base}viewing/", json.dumps({"shown_ms": 5}), other)
    yield Step("PUT", f"{base}draft/", json.dumps({"based_on": 0, "content": content}))
    yield Step("PUT", f"{base}draft/", json.dumps({"based_on": 7, "content": content}))
    yield Step("GET", base)
    yield Step("POST", f"{base}reading/", reading, key)
    yield Step("POST", f"{base}reading/", reading, key)
    yield Step("POST", f"{base}reading/", reading, other)
    yield Step("GET", base)
    third = _key(uuid.UUID(int=assignment.pk + 2))
    yield Step("POST", f"{base}reading/", json.dumps(corrected), third)
    yield Step("POST", f"{base}reading/", json.dumps(corrected), third)
    yield Step("POST", f"{base}reading/", json.dumps(abstained), other)
    yield Step("POST", f"{base}confirmation/", json.dumps({"class": FINDING}), other)
    yield Step("POST", f"{base}revision/", judged, other)
    yield Step("POST", f"{base}viewing/", json.dumps({"shown_ms": 5}), other)
    yield Step("GET", f"/api/readings/{uuid.UUID(int=assignment.pk)}/")
    yield Step("GET", f"/api/readings/{uuid.UUID(int=assignment.pk + 2)}/")


def _bit_of_work(assignment: Assignment, chance: Random, *, can_correct: bool) -> list[Step]:
    """Return one or two requests about an assignment, valid ones and others.

    Nobody corrects a reading of an exam of which they ask what a model suggests: whether they
    still may then depends on its word, and so does all that follows.
    """
    base = f"/api/assignments/{assignment.pk}/"
    content = {
        "findings": chance.choice([[], [{"class": FINDING, "certainty": "definite"}]]),
        "quality": chance.choice(["good", "poor", "unreadable"]),
        "comment": chance.choice(["", "mine"]),
        "not_assessable": chance.choice([[], [], [NOT_ASSESSABLE]]),
        "problems": chance.choice([[], [{"kind": "noise", "leads": ["V1"]}]]),
    }
    earlier = str(uuid.UUID(int=assignment.pk))
    reading = {"outcome": chance.choice(["read", "read", "abstained"])}
    correction = {**content, **reading, **({"supersedes": earlier} if can_correct else {})}
    ask = Step("GET", base if can_correct else f"{base}suggestions/")
    based_on = chance.choice([0, 0, 0, 1, 2])
    key = _key(uuid.UUID(int=assignment.pk + chance.choice([0, 0, 1])))
    return chance.choice(
        [
            [Step("GET", f"/read/{assignment.pk}/")],
            [Step("GET", base)],
            [Step("GET", f"{base}tracings/1/", headers=chance.choice([(), _cached("x")]))],
            [Step("GET", f"{base}prior/tracings/1/")],
            [ask],
            [Step("POST", f"{base}deferral/", "{}"), Step("GET", base)],
            [_submission(base, based_on, correction, key), Step("GET", base)],
            [_submission(base, based_on, {**content, **reading}, key), Step("GET", base)],
            [Step("PUT", f"{base}draft/", json.dumps({"based_on": based_on, "content": content}))],
            [_submission(base, based_on, content, key), Step("GET", "/worklist/")],
            [_submission(base, based_on, content, key), ask],
            [_submission(base, based_on, {**content, **BLOCKED}, key)],
        ]
    )


def _submission(
    base: str, based_on: int, content: Mapping[str, object], key: tuple[tuple[str, str], ...]
) -> Step:
    return Step("POST", f"{base}reading/", json.dumps({"based_on": based_on, **content}), key)


def _key(key: uuid.UUID) -> tuple[tuple[str, str], ...]:
    return (("Idempotency-Key", str(key)),)


def _cached(tag: str) -> tuple[tuple[str, str], ...]:
    return (("If-None-Match", f'"{tag}"'), ("Accept-Encoding", "gzip"))

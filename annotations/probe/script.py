"""What a reader does in a session, and when the others do what must not be noticed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import TypeAlias

from annotations.models import Assignment

from .clinic import FINDING, Clinic
from .deeds import deeds_kept_from
from .doors import Door, doors
from .seen import Step

Script: TypeAlias = Sequence[Step | str]
"""Requests of the person who probes, and names of deeds, which are done in one world only."""

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


def scripted(clinic: Clinic, person: str) -> Script:
    """Return one's own work, while the others do theirs, and every door with every example."""
    every = [Step("GET", address) for door in _doors(clinic, person) for address in door.addresses]
    work = [step for assignment in clinic.own(person)[:2] for step in _work(assignment)]
    deeds = deeds_kept_from(person)
    return [*deeds, *work, *deeds, *every]


def written(clinic: Clinic, person: str, chance: Random, length: int) -> Script:
    """Return ``length`` requests drawn by ``chance``, with deeds before and among them."""
    found: list[Step | str] = [chance.choice(deeds_kept_from(person))]
    all_doors, own = _doors(clinic, person), clinic.own(person)
    others = clinic.others()
    while sum(isinstance(one, Step) for one in found) < length:
        dice = chance.random()
        if dice < 0.06:
            found.append(chance.choice(deeds_kept_from(person)))
        elif dice < 0.40:
            found += _bit_of_work(chance.choice(own), chance)
        elif dice < 0.46:
            found += _bit_of_work(chance.choice(others), chance)
        else:
            found.append(_visit(chance.choice(all_doors), chance))
    return found


def _doors(clinic: Clinic, person: str) -> list[Door]:
    return doors(clinic.values(person))


def _visit(door: Door, chance: Random) -> Step:
    """Return a request at a door: mostly a look, now and then a push."""
    address = chance.choice(door.addresses)
    is_push = chance.random() < 0.12
    if is_push and not door.name.startswith(PEOPLE_DOORS):
        return Step(chance.choice(CHANGING), address, json.dumps({}))
    if door.name.startswith(PEOPLE_DOORS):  # a HEAD has no secret in it that could be masked
        return Step("GET", address + chance.choice(QUERIES))
    return Step(chance.choice(SAFE), address + chance.choice(QUERIES))


def _work(assignment: Assignment) -> Iterator[Step]:
    """Save a draft, submit, and submit again as after a lost answer."""
    base = f"/api/assignments/{assignment.pk}/"
    content = {"findings": [], "quality": "good", "comment": "mine"}
    reading = json.dumps({"based_on": 1, **content})
    key, other = _key(uuid.UUID(int=assignment.pk)), _key(uuid.UUID(int=1))
    yield Step("PUT", f"{base}draft/", json.dumps({"based_on": 0, "content": content}))
    yield Step("PUT", f"{base}draft/", json.dumps({"based_on": 7, "content": content}))
    yield Step("GET", base)
    yield Step("POST", f"{base}reading/", reading, key)
    yield Step("POST", f"{base}reading/", reading, key)
    yield Step("POST", f"{base}reading/", reading, other)
    yield Step("GET", f"/api/readings/{uuid.UUID(int=assignment.pk)}/")
    yield Step("GET", f"{base}suggestions/")


def _bit_of_work(assignment: Assignment, chance: Random) -> list[Step]:
    """Return one or two requests about an assignment, valid ones and others."""
    base = f"/api/assignments/{assignment.pk}/"
    content = {
        "findings": chance.choice([[], [{"class": FINDING, "certainty": "definite"}]]),
        "quality": chance.choice(["good", "poor", "unreadable"]),
        "comment": chance.choice(["", "mine"]),
    }
    based_on = chance.choice([0, 0, 0, 1, 2])
    key = _key(uuid.UUID(int=assignment.pk + chance.choice([0, 0, 1])))
    return chance.choice(
        [
            [Step("GET", f"/read/{assignment.pk}/")],
            [Step("GET", base)],
            [Step("GET", f"{base}tracings/1/", headers=chance.choice([(), _cached("x")]))],
            [Step("GET", f"{base}suggestions/")],
            [Step("PUT", f"{base}draft/", json.dumps({"based_on": based_on, "content": content}))],
            [_submission(base, based_on, content, key), Step("GET", "/worklist/")],
            [_submission(base, based_on, content, key), Step("GET", f"{base}suggestions/")],
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

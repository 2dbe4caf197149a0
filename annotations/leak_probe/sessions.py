"""The requests of a reader in a session, and when the others act."""

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

# Requests of the probed person, and names of actions, which run in one world only.
Session: TypeAlias = Sequence[Step | str]

QUERIES = (
    *("", "", "", "?limit=1", "?limit=200", "?state=open", "?limit=0", "?after=WzFd"),
    *("?page=2", "?outcome=majority", "?ordering=-reader", "?reader__password__startswith=a"),
    *("?status=closed", "?study=1", "?actor=bruno", "?q=a", "?format=csv"),
)
BLOCKED = {"findings": [{"class": "no_such_class", "certainty": "definite"}]}
SAFE = ("GET", "GET", "GET", "GET", "HEAD", "OPTIONS")
CHANGING = ("POST", "PUT", "PATCH", "DELETE")
# Endpoints about accounts. Random sessions request them only with GET.
ACCOUNT_ENDPOINTS = (
    "account",
    "mfa",
    "usersessions",
    "sign",
    "link",
    "person",
    "people",
    "language",
)


def fixed_session(world: World, person: str) -> Session:
    """Return a session in which the person works while the others act, then requests every address.

    Suggestions are requested last, because responses may depend on them from then on.
    """
    addresses = [
        address for endpoint in _endpoints(world, person) for address in endpoint.addresses
    ]
    every = [Step("GET", address) for address in sorted(addresses, key=_is_suggestion)]
    work = [step for assignment in world.own(person)[:2] for step in _work(assignment)]
    actions = actions_hidden_from(person)
    if Role.COORDINATOR not in PEOPLE[person]:
        return [*actions, *work, *actions, *every]
    return [*actions, *work, *actions, *every, *_inviting(world), *_planning(world)]


def _inviting(world: World) -> Iterator[Step]:
    """Try to get around blinding by inviting or renewing an account that sees results."""
    form = (("Content-Type", "application/x-www-form-urlencoded"),)
    for role in (Role.RESEARCHER, Role.AUDITOR, Role.READER):
        fields = {"first_name": "Pup", "username": "pup", "role": role.value, "level": "1"}
        yield Step("POST", "/people/new/", urlencode(fields), form)
    for name in INVITED_BY_GIL:
        for act in ("link", "second-factor", "vouch"):
            yield Step("POST", f"/people/{world.people[name].pk}/{act}/")
    yield Step("GET", "/people/")


def _planning(world: World) -> Iterator[Step]:
    """Plan batches, try again when no exams are left, and request pages that show plans."""
    plans = f"/api/studies/{world.study.slug}/plans/"
    for name in ("Planned", "Planned again"):
        yield Step("POST", plans, json.dumps({"name": name}))
    yield Step("GET", f"/studies/{world.study.slug}/plan/")
    yield Step("GET", "/api/batches/")


def _is_suggestion(address: str) -> bool:
    return address.endswith("/suggestions/")


def random_session(world: World, person: str, chance: Random, length: int) -> Session:
    """Return at least ``length`` random requests, with actions before and between them."""
    steps: list[Step | str] = [chance.choice(actions_hidden_from(person))]
    all_endpoints, own = _endpoints(world, person), world.own(person)
    others = world.others()
    while sum(isinstance(step, Step) for step in steps) < length:
        dice = chance.random()
        if dice < 0.06:
            steps.append(chance.choice(actions_hidden_from(person)))
        elif dice < 0.40 and own:
            assignment = chance.choice(own)
            steps += _some_work(assignment, chance, can_correct=assignment not in own[:2])
        elif dice < 0.46:
            steps += _some_work(chance.choice(others), chance, can_correct=True)
        else:
            steps.append(_visit(chance.choice(all_endpoints), chance))
    return steps


def _endpoints(world: World, person: str) -> list[Endpoint]:
    return endpoints(world.values(person))


def _visit(endpoint: Endpoint, chance: Random) -> Step:
    """Return a request to an endpoint: usually with a safe method, sometimes with another."""
    address = chance.choice(endpoint.addresses)
    is_changing = chance.random() < 0.12
    if is_changing and not endpoint.name.startswith(ACCOUNT_ENDPOINTS):
        return Step(chance.choice(CHANGING), address, json.dumps({}))
    if endpoint.name.startswith(
        ACCOUNT_ENDPOINTS
    ):  # the response to HEAD has no body in which secrets could be masked
        return Step("GET", address + chance.choice(QUERIES))
    return Step(chance.choice(SAFE), address + chance.choice(QUERIES))


def _work(assignment: Assignment) -> Iterator[Step]:
    """Skip, save a draft, submit, repeat the submission, correct, abstain, and revise.

    The repetition imitates a client that got no response. The revision is refused unless the person
    was shown suggestions.
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


def _some_work(assignment: Assignment, chance: Random, *, can_correct: bool) -> list[Step]:
    """Return one or two requests about an assignment, valid or invalid.

    For one assignment, a random session either corrects readings or requests suggestions. If
    it did both, the criteria model's result would decide whether a correction is refused, and with
    it every later response of the session.
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

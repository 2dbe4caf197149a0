"""The report for an auditor: how the experiment was run, what it covered, and what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from random import Random
from typing import Any

from annotations.leak_probe.actions import ACTIONS
from annotations.leak_probe.observations import MASKS, SECRETS
from annotations.leak_probe.runner import Outcome, probe
from annotations.leak_probe.sessions import Session, fixed_session, random_session
from annotations.leak_probe.world import INVITED_BY_GIL, World

# The minimum number of requests in one random session.
REQUESTS_PER_SESSION = 60

# A reader, an adjudicator, a coordinator who reads, and the accounts that he invited.
PROBED = ("ana", "clara", "gil", "pia", "pablo")

MAX_LEAKS = 50


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of an experiment. Anybody can repeat it with the same seed."""

    began_at: datetime
    seed: int
    outcomes: Sequence[Outcome]

    @property
    def n_requests(self) -> int:
        return sum(outcome.n_requests for outcome in self.outcomes)

    @property
    def n_leaks(self) -> int:
        """The number of response parts that differ between the two worlds."""
        return sum(len(outcome.leaks) for outcome in self.outcomes)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as values that can be dumped to JSON."""
        return {
            "began_at": self.began_at.isoformat(),
            "seed": self.seed,
            "requests_in_each_world": self.n_requests,
            "leaks": self.n_leaks,
            "actions_of_others": {name: action.__doc__ for name, action in ACTIONS.items()},
            "masked": [name for _, name in (*MASKS, *SECRETS)],
            "people": [_of_person(outcome) for outcome in self.outcomes],
        }

    def as_text(self) -> str:
        return "\n".join(_lines(self))


def conduct(
    world: World,
    *,
    n_requests: int,
    seed: int,
    on_progress: Callable[[str], None] = lambda text: None,
) -> Report:
    """Probe ``world`` with every endpoint and with random sessions.

    Args:
        world: the world before the others act.
        n_requests: number of random requests in each world, divided evenly among ``PROBED`` and
            rounded up to whole sessions. People without assignments do not send their share.
        seed: random seed; the same seed draws the same sessions.
        on_progress: progress callback.
    """
    outcomes = []
    for person in PROBED:
        sessions = _scripts(world, person, n_requests // len(PROBED), seed, on_progress)
        outcomes.append(probe(world, person, sessions))
    return Report(world.now, seed, outcomes)


def _scripts(
    world: World, person: str, n_requests: int, seed: int, on_progress: Callable[[str], None]
) -> Iterator[Session]:
    yield fixed_session(world, person)
    if person in INVITED_BY_GIL:  # no assignments to work on
        return
    n_sessions = -(-n_requests // REQUESTS_PER_SESSION)
    for number in range(n_sessions):
        if number % 10 == 0:
            on_progress(f"{person}: session {number} of {n_sessions}")
        yield random_session(
            world, person, _chance(f"{seed} {person} {number}"), REQUESTS_PER_SESSION
        )


def _chance(seed: str) -> Random:
    return Random(seed)  # noqa: S311 - the sessions must be reproducible, not secret


def _of_person(outcome: Outcome) -> dict[str, Any]:
    return {
        "person": outcome.person,
        "sessions": outcome.n_sessions,
        "actions": outcome.n_actions,
        "requests": dict(outcome.requests.most_common()),
        "addresses": len(outcome.addresses),
        "allowed_by_policy": outcome.n_allowed,
        "leaks": [asdict(leak) for leak in outcome.leaks[:MAX_LEAKS]],
    }


def _lines(report: Report) -> Iterator[str]:
    yield "Leak probe: does anything a reader receives depend on others' work?"
    yield ""
    yield "Two worlds differ only in other people's work. The same session runs in both, and every"
    yield "response is compared byte for byte: status, headers (with ETag and length), body, order"
    yield "and SQL statements."
    yield ""
    yield f"Started {report.began_at:%Y-%m-%d %H:%M} UTC, seed {report.seed}."
    yield f"Requests in each world: {report.n_requests}."
    for outcome in report.outcomes:
        yield (
            f"  {outcome.person}: {outcome.n_requests} requests to {len(outcome.addresses)} "
            f"addresses in {outcome.n_sessions} sessions, {outcome.n_actions} actions by others; "
            f"{outcome.n_allowed} responses with model suggestions for submitted exams were not "
            "compared, because the policy allows them."
        )
    yield ""
    yield "What the others did:"
    for name, action in ACTIONS.items():
        yield f"  {name}: {action.__doc__}"
    yield ""
    yield "Masked, because they are generated for each response: " + ", ".join(
        name for _, name in (*MASKS, *SECRETS)
    )
    yield ""
    yield f"Differences: {report.n_leaks}."
    for outcome in report.outcomes:
        for leak in outcome.leaks[:MAX_LEAKS]:
            yield f"  LEAK as {outcome.person}: {leak}"
            yield from (f"    {line}" for line in leak.lines)

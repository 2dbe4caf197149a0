"""The leak probe: a reader must see the same thing whether or not the others have worked.

It tests rule 1 of blinding (docs/concepts/blinding.md) as an experiment. Everything a reader can
observe (body, headers, status, order, ETag, length, and the SQL statements that ran) is compared
byte for byte between a world in which the others did nothing and one in which they did everything
they can. Only values generated for each response, such as secrets, are masked. The tests run it,
and ``manage.py leak_probe`` runs it on any site, in a separate database.
"""

from __future__ import annotations

from annotations.leak_probe.differences import Difference, differences
from annotations.leak_probe.endpoints import Endpoint, UnknownParameter, endpoints
from annotations.leak_probe.observations import MASKS, Observation, Step
from annotations.leak_probe.report import PROBED, Report, conduct
from annotations.leak_probe.runner import Outcome, probe
from annotations.leak_probe.sessions import Session, fixed_session, random_session
from annotations.leak_probe.world import INVITED_BY_GIL, World, build

__all__ = [
    "INVITED_BY_GIL",
    "MASKS",
    "PROBED",
    "Difference",
    "Endpoint",
    "Observation",
    "Outcome",
    "Report",
    "Session",
    "Step",
    "UnknownParameter",
    "World",
    "build",
    "conduct",
    "differences",
    "endpoints",
    "fixed_session",
    "probe",
    "random_session",
]

"""The leak probe: two worlds that differ only in others' work must look the same to a reader.

Rule 1 of blinding as an experiment (docs/concepts/blinding.md): whatever a reader can get - body,
header, status, order, tag, length, and the statements that the database was asked - is compared
byte for byte between a world in which the others did nothing and one in which they did all they
can. The tests run it, and ``manage.py leak_probe`` runs it at any site, in a database of its own.
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

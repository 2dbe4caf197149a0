"""The leak probe: two worlds that differ only in others' work must look the same to a reader.

Rule 1 of blinding as an experiment (docs/concepts/blinding.md): whatever a reader can get - body,
header, status, order, tag, length, and the statements that the database was asked - is compared
byte for byte between a world in which the others did nothing and one in which they did all they
can. The tests run it, and ``manage.py leak_probe`` runs it at any site, in a database of its own.
"""

from __future__ import annotations

from .clinic import OF_GIL, Clinic, build
from .differences import Difference, differences
from .doors import Door, UnknownParameter, doors
from .report import PROBED, Report, conduct
from .run import Outcome, probe
from .script import Script, scripted, written
from .seen import MASKS, Seen, Step

__all__ = [
    "MASKS",
    "OF_GIL",
    "PROBED",
    "Clinic",
    "Difference",
    "Door",
    "Outcome",
    "Report",
    "Script",
    "Seen",
    "Step",
    "UnknownParameter",
    "build",
    "conduct",
    "differences",
    "doors",
    "probe",
    "scripted",
    "written",
]

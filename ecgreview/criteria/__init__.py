"""The criteria model: apply published criteria to measurements, and give the evidence."""

from __future__ import annotations

from .engine import examine, propose, suggest
from .marks import Marks
from .rules import COVERED, NAME, VERSION, QtFormula, version_of
from .verdicts import Check, Outcome, Proposal, Reason, State, Verdict

__all__ = [
    "COVERED",
    "NAME",
    "VERSION",
    "Check",
    "Marks",
    "Outcome",
    "Proposal",
    "QtFormula",
    "Reason",
    "State",
    "Verdict",
    "examine",
    "propose",
    "suggest",
    "version_of",
]

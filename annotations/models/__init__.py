"""The models, one file per aggregate."""

from .agreement import AgreementReport
from .consensus import Consensus, ConsensusLabel, Outcome
from .exam import Dataset, Exam, ImportIssue, ImportRun, Patient, Sex, Tracing
from .people import Role, User
from .reading import Certainty, Draft, Finding, Quality, Reading, Stage
from .study import Assignment, Batch, ClinicalInformation, Study, SuggestionPolicy
from .suggestion import Suggestion, SuggestionModel, SuggestionRun
from .taxonomy import (
    ClassRelation,
    DiagnosticClass,
    DiagnosticGroup,
    Evidence,
    RelationKind,
    Taxonomy,
)

__all__ = [
    "AgreementReport",
    "Assignment",
    "Batch",
    "Certainty",
    "ClassRelation",
    "ClinicalInformation",
    "Consensus",
    "ConsensusLabel",
    "Dataset",
    "DiagnosticClass",
    "DiagnosticGroup",
    "Draft",
    "Evidence",
    "Exam",
    "Finding",
    "ImportIssue",
    "ImportRun",
    "Outcome",
    "Patient",
    "Quality",
    "Reading",
    "RelationKind",
    "Role",
    "Sex",
    "Stage",
    "Study",
    "Suggestion",
    "SuggestionModel",
    "SuggestionPolicy",
    "SuggestionRun",
    "Taxonomy",
    "Tracing",
    "User",
]

"""The models, one file per aggregate."""

from .agreement import AgreementReport
from .assignment import Assignment, AssignmentState, Occurrence, Slot, code_of
from .audit import AuditEvent, AuditLink
from .batch import NO_DATA, Batch, Handout, Purpose, Reference, ResultsSeen, Seat
from .consensus import Consensus, ConsensusLabel, Outcome
from .exam import Dataset, Exam, ImportIssue, ImportRun, Patient, Sex, Tracing
from .notice import Notice, NoticeKind
from .people import ReaderLevel, Role, User
from .protocol import (
    Adjudication,
    Arm,
    BreakGlass,
    ClinicalInformation,
    Phase,
    ProtocolVersion,
    ResultsOpen,
    StudyExam,
    StudyReader,
    StudyReaderStatus,
    SuggestionPolicy,
)
from .reading import Certainty, Draft, Finding, Quality, Reading, Stage
from .study import Study
from .suggestion import Exposure, Suggestion, SuggestionModel, SuggestionRun
from .taxonomy import (
    ChangeKind,
    ClassRelation,
    DiagnosticClass,
    DiagnosticGroup,
    Evidence,
    RelationKind,
    Taxonomy,
    TaxonomyChange,
)

__all__ = [
    "NO_DATA",
    "Adjudication",
    "AgreementReport",
    "Arm",
    "Assignment",
    "AssignmentState",
    "AuditEvent",
    "AuditLink",
    "Batch",
    "BreakGlass",
    "Certainty",
    "ChangeKind",
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
    "Exposure",
    "Finding",
    "Handout",
    "ImportIssue",
    "ImportRun",
    "Notice",
    "NoticeKind",
    "Occurrence",
    "Outcome",
    "Patient",
    "Phase",
    "ProtocolVersion",
    "Purpose",
    "Quality",
    "ReaderLevel",
    "Reading",
    "Reference",
    "RelationKind",
    "ResultsOpen",
    "ResultsSeen",
    "Role",
    "Seat",
    "Sex",
    "Slot",
    "Stage",
    "Study",
    "StudyExam",
    "StudyReader",
    "StudyReaderStatus",
    "Suggestion",
    "SuggestionModel",
    "SuggestionPolicy",
    "SuggestionRun",
    "Taxonomy",
    "TaxonomyChange",
    "Tracing",
    "User",
    "code_of",
]

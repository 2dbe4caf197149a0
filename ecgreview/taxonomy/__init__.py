"""The diagnostic classes that readers can mark: validated data with relations and lookups."""

from __future__ import annotations

from ecgreview.strict_files import Problem

from .consistency import BadTaxonomy
from .difference import ClassChange, TaxonomyDiff, diff
from .mapping import (
    Kind,
    MappingsDoNotMeet,
    Origin,
    Step,
    TaxonomyMapping,
    Translation,
)
from .mapping_file import BadMapping, load_mapping, map_steps
from .model import (
    ClassGroup,
    DiagnosticClass,
    Evidence,
    ExternalCode,
    Match,
    Relation,
    RelationKind,
    Taxonomy,
    UnknownClass,
)
from .source import BUILT_IN, BUILT_IN_MAPPINGS, label, load, read_yaml
from .spreadsheet import COLUMNS, read_csv

# The classes on the number keys 1-9 of a new study, most frequent in CODE-II first.

# The first seven have a printed CODE-II prevalence (13.3% down to 1.8%); the last two complete
# the six classes of CODE-15, and no CODE-II figure is printed for them. Normal has its own key.
FREQUENT: tuple[str, ...] = (
    "nonspecific_st_t_abnormality",
    "left_atrial_enlargement",
    "left_ventricular_hypertrophy",
    "sinus_tachycardia",
    "left_bundle_branch_block",
    "atrial_fibrillation",
    "right_bundle_branch_block",
    "first_degree_av_block",
    "sinus_bradycardia",
)

__all__ = [
    "BUILT_IN",
    "BUILT_IN_MAPPINGS",
    "COLUMNS",
    "FREQUENT",
    "BadMapping",
    "BadTaxonomy",
    "ClassChange",
    "ClassGroup",
    "DiagnosticClass",
    "Evidence",
    "ExternalCode",
    "Kind",
    "MappingsDoNotMeet",
    "Match",
    "Origin",
    "Problem",
    "Relation",
    "RelationKind",
    "Step",
    "Taxonomy",
    "TaxonomyDiff",
    "TaxonomyMapping",
    "Translation",
    "UnknownClass",
    "diff",
    "label",
    "load",
    "load_mapping",
    "map_steps",
    "read_csv",
    "read_yaml",
]

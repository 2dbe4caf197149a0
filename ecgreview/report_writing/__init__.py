"""Reports for publication: methods, results and figures, as Markdown, HTML, PDF and SVG."""

from __future__ import annotations

from . import conduct, forest, matrix
from .document import Document
from .facts import (
    Counts,
    Dates,
    Design,
    Display,
    Draw,
    Exams,
    Provenance,
    Readers,
    Selection,
    Spread,
    StudyFacts,
    Tally,
)
from .markdown import markdown
from .names import has_room_for_pairs, with_class_names
from .pdf import figure_pdf, pdf
from .report import OtherVersion, write
from .webpage import html
from .wording import ENGLISH, Translate, Wording, brazilian

__all__ = [
    "ENGLISH",
    "Counts",
    "Dates",
    "Design",
    "Display",
    "Document",
    "Draw",
    "Exams",
    "OtherVersion",
    "Provenance",
    "Readers",
    "Selection",
    "Spread",
    "StudyFacts",
    "Tally",
    "Translate",
    "Wording",
    "brazilian",
    "conduct",
    "figure_pdf",
    "forest",
    "has_room_for_pairs",
    "html",
    "markdown",
    "matrix",
    "pdf",
    "with_class_names",
    "write",
]

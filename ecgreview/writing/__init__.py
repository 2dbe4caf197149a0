"""Reports for people to publish: methods, results and figures, as Markdown, HTML, PDF and SVG."""

from __future__ import annotations

from . import forest, matrix
from .document import Document
from .facts import Counts, Dates, Design, Exams, Provenance, Readers, Spread, StudyFacts, Tally
from .markdown import markdown
from .pdf import figure_pdf, pdf
from .report import OtherVersion, write
from .webpage import html
from .wording import ENGLISH, Translate, Wording, brazilian

__all__ = [
    "ENGLISH",
    "Counts",
    "Dates",
    "Design",
    "Document",
    "Exams",
    "OtherVersion",
    "Provenance",
    "Readers",
    "Spread",
    "StudyFacts",
    "Tally",
    "Translate",
    "Wording",
    "brazilian",
    "figure_pdf",
    "forest",
    "html",
    "markdown",
    "matrix",
    "pdf",
    "write",
]

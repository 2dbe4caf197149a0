"""What every part of a report is written from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ecgreview.agreement.reports.everyone import MANY_READERS

from . import sentences
from .citations import Citations
from .document import Figure, Paragraph, Table
from .facts import StudyFacts
from .wording import Wording

_TWO = 2


@dataclass(slots=True)
class Context:
    """The numbers, the facts and the language of one report, and what it has counted so far.

    Attributes:
        report: the agreement of readers, of a version that is read here.
        pairs: its lines for pairs of readers and classes.
        repeats: its lines for readers and classes read twice.
    """

    report: Mapping[str, Any]
    facts: StudyFacts
    wording: Wording
    pairs: Sequence[Mapping[str, Any]] = ()
    repeats: Sequence[Mapping[str, Any]] = ()
    citations: Citations = field(default_factory=Citations)
    n_tables: int = 0
    n_figures: int = 0

    @property
    def classes(self) -> Sequence[Mapping[str, Any]]:
        """The lines of the classes."""
        found: Sequence[Mapping[str, Any]] = self.report["classes"]
        return found

    @property
    def kappa(self) -> str:
        """The kappa that stands beside alpha: one that has an interval with so many readers."""
        n_readers = self.report["n_readers"]
        return "light_kappa" if n_readers < MANY_READERS else "fleiss_kappa"

    @property
    def kappa_name(self) -> str:
        """How that kappa is called; of two readers it is Cohen's."""
        name = "cohen_kappa" if self.report["n_readers"] == _TWO else self.kappa
        return self.say(sentences.MEASURES[name])

    @property
    def has_intervals(self) -> bool:
        """Whether intervals were computed at all."""
        return bool(self.report["method"]["n_replicates"])

    @property
    def confidence(self) -> str:
        """The confidence of the intervals, in per cent."""
        return self.wording.percent(self.report["method"]["confidence"])

    def say(self, sentence: str, **values: object) -> str:
        """Return a sentence in the language of the report."""
        return self.wording.say(sentence, **values)

    def told(self, sentence: str, **values: object) -> Paragraph:
        """Return a sentence as a paragraph."""
        return Paragraph(self.say(sentence, **values))

    def gap(self, what: str) -> Paragraph:
        """Return a paragraph that asks the author for ``what``."""
        return Paragraph(self.say(sentences.FILL_IN_WHAT, what=self.say(what)), "gap")

    def empty(self, why: str) -> Paragraph:
        """Return the paragraph in place of a table or figure without content.

        Args:
            why: in the language of the report.
        """
        return Paragraph(self.say(sentences.NOTHING, why=why))

    def captioned(self, with_intervals: str, without: str) -> str:
        """Return a caption that tells the confidence, or one that does not, as there is one."""
        if self.has_intervals:
            return self.say(with_intervals, confidence=self.confidence)
        return self.say(without)

    def table(self, caption: str, table: Table) -> Table:
        """Return ``table`` with its number and ``caption``."""
        self.n_tables += 1
        whole = self.say(sentences.TABLE, number=self.n_tables, caption=caption)
        return Table(whole, table.columns, table.rows, table.notes)

    def figure(self, caption: str, svg: str, alt: str) -> Figure:
        """Return a figure with its number."""
        self.n_figures += 1
        whole = self.say(sentences.FIGURE, number=self.n_figures, caption=caption)
        return Figure(f"figure-{self.n_figures}", whole, svg, alt)


def has_posterior(line: Mapping[str, Any]) -> bool:
    """Return whether the intervals of a class are those of a posterior, for want of exams."""
    return any(isinstance(one, Mapping) and one.get("method") == POSTERIOR for one in line.values())


POSTERIOR = "dirichlet"
"""The ``method`` of a measure whose interval is that of a posterior."""

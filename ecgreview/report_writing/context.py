"""State shared by all parts of a report while it is being written."""

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
    """The numbers, facts and language of one report, with running table and figure numbers.

    Attributes:
        report: the agreement report, of a version in ``VERSIONS``.
        pairs: its lines per class and pair of readers.
        repeats: its lines per class and reader with repeated readings.
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
        lines: Sequence[Mapping[str, Any]] = self.report["classes"]
        return lines

    @property
    def kappa(self) -> str:
        """Key of the kappa shown next to alpha; it has an interval for this number of readers."""
        n_readers = self.report["n_readers"]
        return "light_kappa" if n_readers < MANY_READERS else "fleiss_kappa"

    @property
    def kappa_name(self) -> str:
        """Display name of ``kappa``, which is Cohen's kappa if there are two readers."""
        name = "cohen_kappa" if self.report["n_readers"] == _TWO else self.kappa
        return self.say(sentences.MEASURES[name])

    @property
    def has_intervals(self) -> bool:
        return bool(self.report["method"]["n_replicates"])

    @property
    def confidence(self) -> str:
        """The confidence level of the intervals, in percent."""
        return self.wording.percent(self.report["method"]["confidence"])

    def say(self, sentence: str, **values: object) -> str:
        return self.wording.say(sentence, **values)

    def paragraph(self, sentence: str, **values: object) -> Paragraph:
        return Paragraph(self.say(sentence, **values))

    def gap(self, what: str) -> Paragraph:
        """Return a paragraph that asks the author to fill in ``what``."""
        return Paragraph(self.say(sentences.FILL_IN_WHAT, what=self.say(what)), "gap")

    def empty(self, why: str) -> Paragraph:
        """Return the paragraph that replaces an empty table or figure.

        Args:
            why: the reason, in the language of the report.
        """
        return Paragraph(self.say(sentences.NOTHING, why=why))

    def captioned(self, with_intervals: str, without: str) -> str:
        """Return the caption of a table that may have intervals.

        Args:
            with_intervals: sentence with the confidence level, used if the report has intervals.
            without: sentence used otherwise.
        """
        if self.has_intervals:
            return self.say(with_intervals, confidence=self.confidence)
        return self.say(without)

    def table(self, caption: str, table: Table) -> Table:
        self.n_tables += 1
        numbered = self.say(sentences.TABLE, number=self.n_tables, caption=caption)
        return Table(numbered, table.columns, table.rows, table.notes)

    def figure(self, caption: str, svg: str, alt: str) -> Figure:
        self.n_figures += 1
        numbered = self.say(sentences.FIGURE, number=self.n_figures, caption=caption)
        return Figure(f"figure-{self.n_figures}", numbered, svg, alt)


def has_posterior(line: Mapping[str, Any]) -> bool:
    """Return whether intervals of a class come from a posterior because the class is rare."""
    return any(
        isinstance(value, Mapping) and value.get("method") == POSTERIOR for value in line.values()
    )


# ``method`` of a measure whose interval comes from a posterior.
POSTERIOR = "dirichlet"

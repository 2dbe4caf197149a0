"""Compose a written report from the agreement numbers and the facts of a study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from . import sentences
from .appendices import appendices
from .context import Context
from .document import Document
from .facts import StudyFacts
from .methods import methods
from .results import results
from .wording import ENGLISH, Wording

# Versions of agreement reports that this package reads. The oldest have no groups or certainty.
VERSIONS = ("3", "4", "5", "6", "7")


class OtherVersion(ValueError):
    """This package does not read the version of the agreement report."""


def write(
    report: Mapping[str, Any],
    facts: StudyFacts,
    wording: Wording = ENGLISH,
    *,
    pairs: Sequence[Mapping[str, Any]] = (),
    repeats: Sequence[Mapping[str, Any]] = (),
) -> Document:
    """Return the written report of a study or batch.

    Args:
        report: result of ``ecgreview.agreement.report``.
        facts: everything else; unknown facts become gaps for the author to fill in.
        wording: language and number format.
        pairs: result of ``pair_lines``; if empty, the report has no table of pairs.
        repeats: result of ``repeat_lines``; if empty, the report has no table of repeats.

    Raises:
        OtherVersion: the version of ``report`` is not in ``VERSIONS``.
    """
    if report["version"] not in VERSIONS:
        raise OtherVersion(report["version"])
    context = Context(report, facts, wording, pairs, repeats)
    sections = (*methods(context), *results(context), *appendices(context))
    return Document(
        language=wording.language,
        title=context.say(sentences.TITLE, study=facts.study),
        byline=tuple(_byline(context)),
        sections=sections,
        references_title=context.say(sentences.REFERENCES),
        references=context.citations.listed(),
    )


def _byline(context: Context) -> Iterator[str]:
    facts, provenance = context.facts, context.facts.provenance
    if facts.scope:
        yield context.say(sentences.SCOPE_BATCH, batch=facts.scope)
    else:
        yield context.say(sentences.SCOPE_STUDY)
    if provenance.written_at:
        day = context.wording.day(provenance.written_at.date())
        if provenance.software:
            yield context.say(sentences.WRITTEN, day=day, software=provenance.software)
        else:
            yield context.say(sentences.WRITTEN_ON, day=day)
    if provenance.digest:
        yield context.say(sentences.REPORT_DIGEST, digest=provenance.digest)

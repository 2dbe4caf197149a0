"""The methods section: design, reading and statistics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ecgreview.agreement.reports.everyone import MANY_READERS

from . import conduct, sentences
from .context import Context
from .document import Block, Paragraph, Section


def methods(context: Context) -> Iterator[Section]:
    """Yield the sections on methods; unknown facts are left out or become gaps."""
    say = context.say
    yield Section(say(sentences.METHODS), 1, (_guideline(context),))
    yield Section(say(sentences.DESIGN), 2, tuple(_design(context)))
    yield Section(say(sentences.SAMPLE), 2, tuple(conduct.sample(context)))
    yield Section(say(sentences.READERS), 2, tuple(conduct.readers(context)))
    yield Section(say(sentences.READING), 2, tuple(_reading(context)))
    yield Section(say(sentences.INCOMPLETE), 2, (context.paragraph(sentences.EXCLUSIONS),))
    yield Section(say(sentences.STATISTICS), 2, tuple(_statistics(context)))


def _guideline(context: Context) -> Paragraph:
    return context.paragraph(sentences.GUIDELINE, grras=context.citations.cite("grras"))


def _design(context: Context) -> Iterator[Block]:
    facts, integer = context.facts, context.wording.integer
    parts = [context.say(sentences.CLASSES, n=integer(len(context.classes)))]
    if facts.taxonomy:
        version = facts.taxonomy_version or "?"
        parts.append(context.say(sentences.TAXONOMY, taxonomy=facts.taxonomy, version=version))
    parts += conduct.readings_per_exam(context)
    parts += conduct.repeats(context)
    yield Paragraph(" ".join(parts))
    if facts.sample_size:
        yield Paragraph(facts.sample_size)
    else:
        yield context.gap(sentences.SAMPLE_SIZE)


def _reading(context: Context) -> Iterator[Block]:
    design, integer = context.facts.design, context.wording.integer
    if design.is_blinded:
        opened = _chosen(context, sentences.RESULTS_OPEN, design.results_open)
        yield Paragraph(" ".join([context.say(sentences.INDEPENDENT), *opened]))
    else:
        yield context.gap(sentences.BLINDING)
    sentences_ = [
        *_chosen(context, sentences.CLINICAL, design.clinical_information),
        *_chosen(context, sentences.PREVIOUS_EXAM, design.prior_exam),
        *conduct.suggestions(context),
    ]
    if sentences_:
        yield Paragraph(" ".join(sentences_))
    course = [context.say(sentences.ORDER)] if design.is_order_random else []
    if design.patient_gap:
        course.append(context.say(sentences.PATIENT_GAP, n=integer(design.patient_gap)))
    if design.undo_window_s:
        course.append(context.say(sentences.UNDO, n=integer(design.undo_window_s)))
    if course:
        yield Paragraph(" ".join(course))
    yield from conduct.display(context)


def _chosen(context: Context, among: Mapping[str, str], value: str) -> list[str]:
    return [context.say(among[value])] if value in among else []


def _statistics(context: Context) -> Iterator[Block]:
    cite = context.citations.cite
    yield context.paragraph(
        sentences.HEADLINE,
        specific=cite("specific", "specific_many"),
        kappa=_kappa(context),
        alpha=cite("krippendorff"),
    )
    yield context.paragraph(
        sentences.PARADOX,
        gwet=cite("gwet"),
        pabak=cite("byrt", "brennan_prediger"),
        paradox=cite("paradox"),
    )
    yield context.paragraph(sentences.ON_EXAMS, jaccard=cite("jaccard"))
    yield Paragraph(" ".join(_intervals(context)))
    if context.report["pairs"]:
        yield context.paragraph(
            sentences.PAIR_STATISTICS,
            cohen=cite("cohen"),
            mcnemar=cite("mcnemar"),
        )
    paragraph = [context.say(sentences.LEAVE_ONE_OUT)] if has_ranges(context) else []
    yield Paragraph(" ".join([*paragraph, context.say(sentences.UNDEFINED)]))
    if context.facts.provenance.software:
        yield context.paragraph(sentences.SOFTWARE, software=context.facts.provenance.software)


def _kappa(context: Context) -> str:
    n_readers, cite = context.report["n_readers"], context.citations.cite
    if n_readers >= MANY_READERS:
        return context.say(sentences.KAPPA_FLEISS, fleiss=cite("fleiss"))
    if n_readers > 2:
        return context.say(sentences.KAPPA_LIGHT, light=cite("light"))
    return context.say(sentences.KAPPA_COHEN, cohen=cite("cohen"))


def _intervals(context: Context) -> Iterator[str]:
    if not context.has_intervals:
        yield context.say(sentences.NO_INTERVALS)
        return
    method, cite, integer = (
        context.report["method"],
        context.citations.cite,
        context.wording.integer,
    )
    yield context.say(
        sentences.BOOTSTRAP,
        confidence=context.confidence,
        n=integer(method["n_replicates"]),
        bootstrap=cite("bootstrap"),
        zapf=cite("zapf"),
    )
    if method["unit"] == "patient":
        cited = {"clusters": cite("clusters"), "effect": cite("effect")}
        yield context.say(sentences.UNIT_PATIENT, **cited)
    else:
        yield context.say(sentences.UNIT_EXAM)
    rare = integer(method["rare_below"])
    yield context.say(sentences.POSTERIOR, rare=rare, jeffreys=cite("jeffreys"))


def has_ranges(context: Context) -> bool:
    """Return whether the report has leave-one-reader-out ranges."""
    return any(line["without_one_reader"] for line in context.classes)

"""What a person chooses for a data release, and what a study allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from annotations.models import Assignment, Batch, Dataset, Exam, Release, Slot, Study, Tracing
from annotations.models.exam import ExamQuerySet
from annotations.services.export.sources import opened
from annotations.services.refusals import Refusal
from ecgreview.release import folds, licences
from ecgreview.release.content import Source
from ecgreview.release.embargo import Embargo
from ecgreview.release.formats import registry
from ecgreview.release.licences import Licence, Objection


class NothingToRelease(Refusal):
    """No data batch of the study is closed."""

    code = "nothing-to-release"


class ResultsHidden(Refusal):
    """The study's policy hides the results of a closed batch until the study is locked."""

    code = "results-hidden"


class LicenceUnknown(Refusal):
    code = "licence-unknown"


class LicenceForbids(Refusal):
    """The license of a source does not allow this release, or is not known."""

    code = "licence-forbids"

    def __init__(self, objections: Sequence[Objection]) -> None:
        super().__init__(sources="; ".join(map(_told, objections)))
        self.objections = objections


class NoSignals(Refusal):
    """Signals were asked for, but only readings were imported."""

    code = "no-signals"


class FormatUnavailable(Refusal):
    """A format does not exist, needs signals, or a library that is not installed."""

    code = "format-unavailable"


class BadFolds(Refusal):
    code = "bad-folds"


class EmbargoWithoutFolds(Refusal):
    """The labels of the last fold cannot be embargoed, because there are no folds."""

    code = "embargo-without-folds"


class LabelsPublished(Refusal):
    """An earlier release contains labels of exams that the embargo would cover."""

    code = "labels-published"


@dataclass(frozen=True, slots=True)
class Choices:
    """What to release, and how.

    Attributes:
        formats: names of formats; empty for all that are possible.
        licence: SPDX identifier; see ``licences.LICENCES``.
        authors: names in order of citation.
        has_signals: whether to include the tracings.
        n_folds: number of folds, 0 for none.
        embargo: of which exams labels and readings are withheld.
    """

    licence: str
    formats: Sequence[str] = ()
    authors: Sequence[str] = ()
    has_signals: bool = False
    n_folds: int = folds.DEFAULT_FOLDS
    embargo: Embargo = Embargo.NONE

    @property
    def written(self) -> list[str]:
        """The names of the formats to write, in the order of the registry."""
        possible = registry.possible(has_signals=self.has_signals)
        wanted = set(self.formats)
        return [entry.name for entry in possible if not wanted or entry.name in wanted]


def refuse(study: Study, choices: Choices) -> None:
    """Raise unless ``study`` can be released as in ``choices``.

    Raises:
        NothingToRelease, ResultsHidden: see ``refuse_hidden``.
        LicenceUnknown: releases cannot have this license.
        LicenceForbids: a source does not allow it.
        NoSignals: there are no signals to include.
        FormatUnavailable: a format cannot be written.
        BadFolds: the number of folds is 1, or too large.
        EmbargoWithoutFolds, LabelsPublished: see ``refuse_embargo``.
    """
    refuse_hidden(study)
    if choices.licence not in licences.IDENTIFIERS:
        raise LicenceUnknown(known=", ".join(licences.IDENTIFIERS))
    if choices.has_signals and not has_tracings(study):
        raise NoSignals
    objections = licences.objections(
        sources_of(study), released_under=choices.licence, has_signals=choices.has_signals
    )
    if objections:
        raise LicenceForbids(objections)
    possible = {entry.name for entry in registry.possible(has_signals=choices.has_signals)}
    if unavailable := sorted(set(choices.formats) - possible):
        raise FormatUnavailable(formats=", ".join(unavailable))
    if choices.n_folds and not 2 <= choices.n_folds <= folds.MAX_FOLDS:
        raise BadFolds(limit=folds.MAX_FOLDS)
    refuse_embargo(study, choices)


def refuse_embargo(study: Study, choices: Choices) -> None:
    """Raise unless the labels can be embargoed as in ``choices``.

    Raises:
        EmbargoWithoutFolds: there are no folds.
        LabelsPublished: an earlier release contains some of the labels, perhaps because its folds
            are others.
    """
    if choices.embargo == Embargo.LAST_FOLD and not choices.n_folds:
        raise EmbargoWithoutFolds
    for release in Release.objects.ready().filter(study=study).newest_first().defer("index"):
        is_kept = choices.embargo.keeps(
            release.embargo_choice, n_folds=choices.n_folds, n_earlier_folds=release.n_folds
        )
        if not is_kept:
            raise LabelsPublished(version=release.version)


def refuse_hidden(study: Study) -> None:
    """Raise unless the study has closed data batches and the results of all of them are open.

    Raises:
        NothingToRelease, ResultsHidden: it has none, or hides one.
    """
    closed = Batch.objects.filter(study=study).closed().of_data()
    if not closed.exists():
        raise NothingToRelease
    if closed.exclude(pk__in=opened(study).values("pk")).exists():
        raise ResultsHidden


def exams_of(study: Study) -> ExamQuerySet:
    """Return the exams of a release: those of the study's closed batches."""
    batches = opened(study)
    assigned = Assignment.objects.filter(batch__in=batches).values("exam")
    pooled = Slot.objects.filter(batch__in=batches).values("exam")
    return Exam.objects.filter(Q(pk__in=assigned) | Q(pk__in=pooled))


def has_tracings(study: Study) -> bool:
    """Whether an exam of the study has a tracing."""
    return Tracing.objects.filter(exam__in=exams_of(study)).exists()


def sources_of(study: Study) -> list[Source]:
    """Return the data sets of the exams to release, by name."""
    used = Dataset.objects.filter(pk__in=exams_of(study).values("dataset"))
    return sorted(
        (Source(row.name, row.licence, row.attribution, row.is_synthetic) for row in used),
        key=lambda source: source.name,
    )


def licences_for(study: Study, *, has_signals: bool) -> list[Licence]:
    """Return the licenses under which the study can be released."""
    return licences.allowed(sources_of(study), has_signals=has_signals)


def _told(objection: Objection) -> str:
    source = objection.source
    return f"{source.name} ({source.licence or _('no license stated')})"

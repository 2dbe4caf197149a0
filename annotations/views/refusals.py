"""Refusals of the services that set studies up, as sentences for the coordinator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotations.models import Exam, User
from annotations.services.assignment import batches, plans, pool_slots, reassignment
from annotations.services.consensus import adjudications
from annotations.services.exams.same_recordings import SameRecording
from annotations.services.studies import exam_pool, lifecycle, roster, strata
from annotations.services.taxonomy import mappings
from ecgreview import design
from ecgreview.design import DesignRefused


def message(refusal: Exception) -> str:
    """Return what to tell the coordinator.

    Raises:
        KeyError: nobody has a sentence for this refusal.
    """
    for kind in type(refusal).__mro__:
        if kind in SENTENCES:
            return SENTENCES[kind](refusal)
    raise KeyError(type(refusal).__name__) from refusal


def _too_few_readers(refusal: Any) -> str:
    return _(
        "Each exam needs %(needed)d readers, and %(available)d may read: add readers, resume those "
        "who are paused, or let fewer people read each exam."
    ) % {"needed": refusal.needed, "available": refusal.available}


def _nobody_left(refusal: Any) -> str:
    code = Exam.objects.filter(pk=refusal.exam).values_list("code", flat=True).first()
    return _(
        "Exam %(exam)s needs %(needed)d more readers, and only %(available)d can read it: others "
        "had it before, know what others found in it, or have reached their limit."
    ) % {"exam": code, "needed": refusal.needed, "available": refusal.available}


def _caps_too_small(refusal: Any) -> str:
    return _(
        "The exams need %(needed)d readings and the readers' limits leave %(available)d: raise "
        "limits, add readers, or plan fewer exams."
    ) % {"needed": refusal.needed, "available": refusal.available}


def _cap_below_anchors(refusal: Any) -> str:
    reader = User.objects.filter(pk=refusal.reader).first()
    return _(
        "%(reader)s has %(needed)d exams to read that everybody reads, and a limit that leaves "
        "%(available)d: raise the limit, or choose fewer such exams."
    ) % {"reader": reader, "needed": refusal.needed, "available": refusal.available}


def _washout_too_long(refusal: Any) -> str:
    reader = User.objects.filter(pk=refusal.reader).first()
    return _(
        "%(reader)s would have %(longest)d exams in a batch, too few to put %(exams)d others "
        "between an exam and its hidden repeat: make fewer and larger batches, or amend the "
        "protocol."
    ) % {
        "reader": reader,
        "longest": refusal.longest,
        "exams": refusal.washout_exams - 1,
    }


def _quota_unmet(refusal: Any) -> str:
    return _("Of %(kind)s %(wanted)d exams are wanted and %(available)d can be had.") % {
        "kind": refusal.stratum or _("no kind"),
        "wanted": refusal.wanted,
        "available": refusal.available,
    }


def _already_given(refusal: Any) -> str:
    n = int(str(refusal))
    return ngettext(
        "Readers already have %(n)d such exam; it stays.",
        "Readers already have %(n)d such exams; they stay.",
        n,
    ) % {"n": n}


def _said(sentence: Callable[[], str]) -> Callable[[Exception], str]:
    return lambda refusal: sentence() % {"names": refusal}


SENTENCES: dict[type[Exception], Callable[[Any], str]] = {
    design.TooFewReaders: _too_few_readers,
    design.NobodyLeft: _nobody_left,
    design.CapsTooSmall: _caps_too_small,
    design.CapBelowAnchors: _cap_below_anchors,
    design.WashoutTooLong: _washout_too_long,
    design.QuotaUnmet: _quota_unmet,
    DesignRefused: _said(lambda: _("This cannot be planned: %(names)s")),
    plans.NothingToPlan: _said(lambda: _("Every exam of the study has its readers.")),
    plans.TooManyBatches: _said(lambda: _("There are fewer exams than batches.")),
    exam_pool.AlreadyGiven: _already_given,
    exam_pool.NothingToAdd: _said(lambda: _("No exam is left for this.")),
    exam_pool.PoolTooLarge: _said(lambda: _("A study has at most %(names)s exams.")),
    strata.StrataHidden: _said(
        lambda: _("You read in this study: let somebody else choose exams by what they show.")
    ),
    pool_slots.TooFewReaders: _said(lambda: _("Each exam wants more readers than may read.")),
    batches.NoReaders: _said(lambda: _("Nobody may read now: add readers, or resume some.")),
    SameRecording: _said(
        lambda: _("These exams hold the same recording. Keep one of each: %(names)s.")
    ),
    batches.NoTracings: _said(
        lambda: _("These exams have no tracings, so nobody can read them: %(names)s.")
    ),
    batches.TooManyReadings: _said(
        lambda: _("Too many readings at once (%(names)s): plan fewer exams at a time.")
    ),
    batches.NameTaken: _said(lambda: _("This study already has a batch of this name.")),
    batches.DueBeforeToday: _said(lambda: _("Choose today or a later day.")),
    batches.MixedWithData: _said(
        lambda: _("These exams are practised with in this study and cannot be data: %(names)s.")
    ),
    roster.KnowsResults: _said(
        lambda: _(
            "%(names)s was shown what others found in some of these exams and cannot read them "
            "blind."
        )
    ),
    batches.AlreadyReleased: _said(lambda: _("This batch was released before.")),
    batches.AlreadyClosed: _said(lambda: _("This batch had been closed before.")),
    adjudications.AlreadyRead: _said(
        lambda: _("%(names)s read some of these exams already: nobody judges themselves.")
    ),
    adjudications.BatchStillOpen: _said(
        lambda: _("Close the batch first: whether readers disagree is known only then.")
    ),
    adjudications.NothingDisputed: _said(
        lambda: _("The readers disagree about no exam of this batch.")
    ),
    mappings.NoMapping: _said(
        lambda: _(
            "No mapping of classes leads from one version to the other (%(names)s): whoever runs "
            "the server installs it."
        )
    ),
    roster.NotAReader: _said(lambda: _("%(names)s cannot be given exams to read here.")),
    roster.LevelTooLow: _said(
        lambda: _("%(names)s: less experienced than the protocol of this study asks.")
    ),
    roster.HasLeft: _said(lambda: _("%(names)s: withdrawn from this study, for good.")),
    reassignment.NothingWaits: _said(lambda: _("Nothing waits that could be given away.")),
    reassignment.NobodyToReadThem: _said(
        lambda: _("None of them can read these exams: they have them, know them, or are full.")
    ),
    reassignment.SameReader: _said(lambda: _("Choose somebody else.")),
    reassignment.Paused: _said(lambda: _("%(names)s: paused. Resume them first.")),
    roster.StatusUnchanged: _said(lambda: _("This was done before.")),
    roster.StudyHasBegun: _said(
        lambda: _("The study is open: withdraw the reader, with a reason.")
    ),
    lifecycle.NameTaken: _said(lambda: _("Another study has this name. Choose a different one.")),
    lifecycle.ReasonMissing: _said(lambda: _("Say why: it is written into the audit trail.")),
    lifecycle.ConsensusPending: _said(
        lambda: _("Consensus is still being computed. Try again in a minute.")
    ),
    lifecycle.NotOpen: _said(lambda: _("The study is not open.")),
    lifecycle.NotThisPhase: _said(lambda: _("The study is in a phase that does not allow this.")),
}

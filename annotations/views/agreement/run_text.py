"""How far a computation of agreement is, in words, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotations.models import AgreementRun, RunStage


@dataclass(frozen=True, slots=True)
class RunStatus:
    """What a page says of the work on the next version.

    Attributes:
        lead: what is going on.
        text: how far it is; empty when it is over.
        n_done: so many of ``n_total`` are done, where that can be told.
        is_over: nothing is going on any more.
        is_newer: there is a version that the page does not show yet.
    """

    lead: str
    text: str = ""
    n_done: int = 0
    n_total: int = 0
    is_over: bool = False
    is_newer: bool = False


def of(run: AgreementRun, *, is_newer: bool = False) -> RunStatus:
    """Return what is told of an unfinished run."""
    if run.requested_by_id:
        lead = _("A new version is being computed.")
    else:
        lead = _("The data have changed. New results follow shortly.")
    parts = [str(RunStage(run.stage).label)]
    if run.failure:
        n = run.n_attempts
        parts.append(ngettext("%(n)s attempt failed", "%(n)s attempts failed", n) % {"n": n})
    if run.cancelled_at:
        parts.append(_("stopping"))
    return RunStatus(lead, " · ".join(parts), run.n_done, run.n_total, is_newer=is_newer)


def over(newest: int | None, shown: int) -> RunStatus:
    """Return what is told when nothing is computed any more.

    Args:
        newest: the number of the newest version, None when there is none.
        shown: the one that the page shows, 0 when it shows none.
    """
    if newest is not None and newest > shown:
        lead = _("Version %(n)s has been computed.") % {"n": newest}
        return RunStatus(lead, is_over=True, is_newer=True)
    return RunStatus(_("The computation has finished. There are no newer results."), is_over=True)

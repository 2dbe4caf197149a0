"""Texts about a running or finished computation of an agreement report."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotations.models import AgreementRun, RunStage


@dataclass(frozen=True, slots=True)
class RunStatus:
    """Progress of a computation, as shown on a page.

    Attributes:
        lead: what is happening.
        text: the stage; empty after the end.
        n_done: number of completed steps.
        n_total: number of steps; 0 if unknown.
        is_over: nothing is running anymore.
        is_newer: there is a newer version than the displayed one.
    """

    lead: str
    text: str = ""
    n_done: int = 0
    n_total: int = 0
    is_over: bool = False
    is_newer: bool = False


def of(run: AgreementRun, *, is_newer: bool = False) -> RunStatus:
    """Describe an unfinished run."""
    if run.requested_by_id:
        lead = _("A new version is being computed.")
    else:
        lead = _("The data have changed. New results will be available shortly.")
    parts = [str(RunStage(run.stage).label)]
    if run.failure:
        n = run.n_attempts
        parts.append(ngettext("%(n)s attempt failed", "%(n)s attempts failed", n) % {"n": n})
    if run.cancelled_at:
        parts.append(_("stopping"))
    return RunStatus(lead, " · ".join(parts), run.n_done, run.n_total, is_newer=is_newer)


def over(newest: int | None, shown_version: int) -> RunStatus:
    """Describe the end of a run.

    Args:
        newest: number of the newest version, or None if there is none.
        shown_version: number of the displayed version, 0 for none.
    """
    if newest is not None and newest > shown_version:
        lead = _("Version %(n)s has been computed.") % {"n": newest}
        return RunStatus(lead, is_over=True, is_newer=True)
    return RunStatus(_("The computation has finished. There are no newer results."), is_over=True)

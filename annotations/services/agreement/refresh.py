"""The agreement of a batch or of a whole study, computed from its counts whenever it is due."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from annotations.models import (
    OF_STUDIES,
    AgreementReport,
    AgreementRun,
    Batch,
    RunStage,
    Scope,
    Study,
)
from annotations.services.agreement import details, precision, study_facts, versions
from annotations.services.counts import groups as counts_groups
from annotations.services.counts import live, load, runs, table_statistics
from annotations.services.counts import repeats as counts_repeats
from annotations.services.counts.load import PatternRows
from annotations.services.counts.runs import RunContext
from ecgreview import agreement
from ecgreview.agreement.latent.report import latent_report
from ecgreview.agreement.reports import design_effects
from ecgreview.agreement.reports.groups import group_lines
from ecgreview.agreement.reports.measured import measured


def work_next(*, now: datetime) -> bool:
    """Make one report that is ripe, or count what is uncounted; return False for neither.

    Reports come first: an exam that cannot be counted must not keep all studies from theirs.
    """
    return refresh_due(now=now) or live.count_next(now=now)


def refresh_due(*, now: datetime) -> bool:
    """Bring one report up to date whose counts have come to rest; return False without one."""
    return _refresh_one(runs.due(now=now), now)


def refresh_next(*, now: datetime) -> bool:
    """Bring the report of one batch that is due up to date at once; return False without one."""
    return _refresh_one(runs.due_for_batches(now=now), now)


def refresh(*, batch: Batch, now: datetime) -> AgreementReport:
    """Count what is uncounted in ``batch`` and return its report as of now."""
    return _refresh(Scope(batch.study_id, batch.pk), now)


def refresh_study(*, study: Study, now: datetime) -> AgreementReport:
    """Count what is uncounted in ``study`` and return the report of the whole study."""
    return _refresh(Scope(study.pk), now)


@transaction.atomic
def refresh_closed(*, study: Study, now: datetime) -> None:
    """Bring the reports of all closed batches of ``study`` that are due up to date.

    Everything is claimed before anything is counted: who works on a batch may be waiting for the
    counts, which stay ours until this is committed.
    """
    due = list(study.batches.closed().filter(agreement_is_due=True).order_by("pk"))
    for batch in due:
        with runs.exclusive(Scope(study.pk, batch.pk), waits=True):
            pass  # claimed until the commit
    if due:
        live.lock(study.pk)
    for batch in due:
        refresh(batch=batch, now=now)


@transaction.atomic
def inputs(scope: Scope) -> PatternRows:
    """Return all that is counted of ``scope``, as of one moment."""
    live.lock(scope.study_id, is_shared=True)
    return load.load(scope)


def _refresh_one(waiting: Iterable[AgreementRun], now: datetime) -> bool:
    """Work on the first of these runs that nobody else has; return False when there is none."""
    for run in waiting:
        with runs.exclusive(run.scope, waits=False) as is_ours:
            if is_ours and runs.begin(run, now=now):
                _attempt(run, now)
                return True
    return False


def _attempt(run: AgreementRun, now: datetime) -> None:
    try:
        if run.batch is None:
            refresh_study(study=run.study, now=now)
        else:
            refresh(batch=run.batch, now=now)
    except runs.Cancelled:
        return


def _refresh(scope: Scope, now: datetime) -> AgreementReport:
    with (
        runs.exclusive(scope, waits=True),
        runs.RunContext(scope, now=now) as work,
    ):
        work.count(0, 0)
        table_statistics.keep_up()
        live.count_all(scope, now=now, told=work.count)
        work.reach(RunStage.COMPUTING)
        found = _found(scope)
        facts = study_facts.gather(scope, found.rows.readers, software=settings.VERSION)
        before = versions.last(scope)
        same = before if versions.is_of(before, found.rows) else None
        results = same.results if same else _results(found.rows)
        parts = details.make(scope, facts, found.rows.readers, before, told=work.compare)
        work.reach(RunStage.STORING)
        with transaction.atomic():
            if same and details.are_stored(same, parts):
                report = versions.check(same, now=now)
            else:
                version = facts.provenance.protocol_version or 0
                report = versions.store(
                    scope, found.rows, results, protocol_version=version, now=now
                )
                details.store(report, parts, before)
            _settle(work, report, found, now)
        return report


@dataclass(frozen=True, slots=True)
class _Found:
    """What a report is made of, as of one moment.

    Attributes:
        n_repeats: readings of hidden repeats that were ever signed.
        n_changes: those noted on the run.
        rows: all that is counted.
    """

    n_repeats: int
    n_changes: int
    rows: PatternRows


@transaction.atomic
def _found(scope: Scope) -> _Found:
    n_repeats = counts_repeats.n_signed(scope)
    live.lock(scope.study_id, is_shared=True)
    # Before all that may change without this lock: who changes a consensus notes it with it.
    n_changes = runs.n_changes(scope)
    return _Found(n_repeats, n_changes, inputs(scope))


def _results(rows: PatternRows) -> dict[str, Any]:
    """Return the report; its readers are primary keys, for pages to name or to leave unnamed."""
    answers = agreement.Answers.from_profiles(
        rows.profiles, rows.clusters, n_readers=len(rows.readers), n_classes=len(rows.classes)
    )
    names = [str(reader) for reader in rows.readers]
    repeats = counts_repeats.tables(
        rows.repeats, n_readers=len(rows.readers), n_classes=len(rows.classes)
    )
    patterns = load.counted(rows)
    found = agreement.report(
        answers, names, rows.classes, repeats=repeats, patterns=patterns, n_voters=rows.n_people
    )
    people = answers.of_first(rows.n_people)
    if people is not answers:
        patterns = people.count().occurring()
    groups = counts_groups.members(rows.taxonomy_id)
    return {
        **found,
        "kinds": list(rows.kinds),
        "groups": group_lines(people, rows.classes, groups),
        "certainty": rows.grades.report(rows.classes),
        "measured": measured(rows.measured, rows.classes),
        "cells": precision.kept(patterns.cells()),
        "latent": latent_report(patterns, effects=design_effects.largest(found["classes"])),
        "n_exams_given": rows.n_exams,
        "n_unreadable": rows.n_unreadable,
        "n_abstained": rows.n_abstained,
    }


def _settle(work: RunContext, report: AgreementReport, found: _Found, now: datetime) -> None:
    """End the run, and take the mark from the batch unless other readings count by now.

    Whoever submits holds the batch's row until their reading is committed, so under this lock no
    reading can be on its way unseen. A hidden repeat changes no count: only the batch that it is
    of is marked, and tells the whole study.
    """
    is_current = work.finish(report, n_changes=found.n_changes, now=now)
    batch = report.batch
    if batch is None:
        return
    if found.n_repeats and report.computed_at == now and batch.purpose in OF_STUDIES:
        live.lock(report.study_id)
        runs.note_change(Scope(report.study_id), now=now)
    locked = Batch.objects.select_for_update(no_key=True).get(pk=batch.pk)
    is_current = is_current and found.n_repeats == counts_repeats.n_signed(report.scope)
    if is_current and not live.uncounted(report.scope).exists():
        locked.agreement_is_due = False
        locked.save(update_fields=["agreement_is_due"])

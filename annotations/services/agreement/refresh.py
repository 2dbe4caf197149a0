"""Refresh the report of a batch or of a whole study: gather its inputs, compute, store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import transaction

from annotations import table_statistics
from annotations.models import (
    OF_STUDIES,
    AgreementReport,
    AgreementRun,
    Batch,
    RunStage,
    Scope,
    Study,
)
from annotations.services.agreement import inputs, results, versions
from annotations.services.agreement.inputs import Inputs
from annotations.services.counts import live, load, runs
from annotations.services.counts.runs import RunContext


def work_next(*, now: datetime) -> bool:
    """Refresh one report that is due, or else count some exams; return False if nothing is due.

    Reports come first: an exam that cannot be counted must not block the reports of all studies.
    """
    return refresh_due(now=now) or live.count_next(now=now)


def refresh_due(*, now: datetime) -> bool:
    """Refresh one report that ``runs.due`` returns; return False if there is none."""
    return _refresh_one(runs.due(now=now), now)


def refresh_next(*, now: datetime) -> bool:
    """Refresh the report of one batch whose run is unfinished; return False if there is none.

    Unlike ``refresh_due``, does not wait until the counts of the batch have settled.
    """
    return _refresh_one(runs.due_for_batches(now=now), now)


def refresh(*, batch: Batch, now: datetime) -> AgreementReport:
    """Count the uncounted exams of ``batch`` and return its current report."""
    return _refresh(Scope(batch.study_id, batch.pk), now)


def refresh_study(*, study: Study, now: datetime) -> AgreementReport:
    """Count the uncounted exams of ``study`` and return the report of the whole study."""
    return _refresh(Scope(study.pk), now)


@transaction.atomic
def refresh_closed(*, study: Study, now: datetime) -> None:
    """Refresh the reports of all closed batches of ``study`` that are due.

    All batches are claimed before anything is counted, to avoid a deadlock: a worker that holds a
    batch may be waiting for the counts, which we keep locked until we commit.
    """
    due = list(study.batches.closed().filter(agreement_is_due=True).order_by("pk"))
    for batch in due:
        with runs.exclusive(Scope(study.pk, batch.pk), waits=True):
            pass  # claimed until the commit
    if due:
        live.lock(study.pk)
    for batch in due:
        refresh(batch=batch, now=now)


def _refresh_one(waiting: Iterable[AgreementRun], now: datetime) -> bool:
    """Work on the first of these runs that no other worker holds; return False if there is none."""
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
    except runs.Canceled:
        return


def _refresh(scope: Scope, now: datetime) -> AgreementReport:
    with (
        runs.exclusive(scope, waits=True),
        runs.RunContext(scope, now=now) as run,
    ):
        run.count(0, 0)
        table_statistics.keep_up()
        live.count_all(scope, now=now, progress=run.count)
        run.reach(RunStage.COMPUTING)
        gathered = inputs.gather(scope, software=settings.VERSION)
        before = versions.last(scope)
        stored = versions.detail_digests(before)
        same = before if versions.is_of(before, gathered.counts) else None
        coefficients = (
            same.results if same else results.coefficients(gathered.counts, gathered.groups)
        )
        details = list(
            results.details(
                gathered,
                stored,
                progress=run.compare,
                gather_reader=partial(inputs.gather_reader, scope),
            )
        )
        run.reach(RunStage.STORING)
        with transaction.atomic():
            if same and stored == {detail.key: detail.digest for detail in details}:
                report = versions.check(same, now=now)
            else:
                version = gathered.facts.provenance.protocol_version or 0
                report = versions.store(
                    scope, gathered.counts, coefficients, details, before,
                    protocol_version=version, now=now,
                )  # fmt: skip
            _settle(run, report, gathered, now)
        return report


def _settle(run: RunContext, report: AgreementReport, gathered: Inputs, now: datetime) -> None:
    """Finish the run. Mark the batch as no longer due, unless readings have arrived meanwhile.

    Race: a submission locks the batch's row until its reading is committed, so no reading can
    arrive unnoticed while we hold that lock.

    A reading of a hidden repeat changes no count and marks only its batch as due. So the run of
    the batch requests a run of the whole study.
    """
    is_current = run.finish(report, n_changes=gathered.n_changes, now=now)
    batch = report.batch
    if batch is None:
        return
    if gathered.n_repeats and report.computed_at == now and batch.purpose in OF_STUDIES:
        live.lock(report.study_id)
        runs.note_change(Scope(report.study_id), now=now)
    locked = Batch.objects.select_for_update(no_key=True).get(pk=batch.pk)
    is_current = is_current and gathered.n_repeats == load.n_signed_repeats(report.scope)
    if is_current and not live.uncounted(report.scope).exists():
        locked.agreement_is_due = False
        locked.save(update_fields=["agreement_is_due"])

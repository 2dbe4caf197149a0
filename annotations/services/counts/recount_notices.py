"""Notices to coordinators about the recount: counts were repaired, or a recount failed.

Coordinators who are blinded to the study get none, because such a notice depends on other
people's readings.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q

from annotations.models import (
    AgreementRun,
    Batch,
    Notice,
    NoticeKind,
    Role,
    Scope,
    Study,
    User,
)
from annotations.services.blinding import rules
from annotations.services.notices import delivery


def repaired(run: AgreementRun, *, now: datetime) -> None:
    """Notify the coordinators that counts were repaired before ``run``, once per run.

    A later repair updates the number in the notice. The counts of the scope must be locked, so that
    two workers cannot send the same notice.
    """
    data = {**_of(run.scope), "run_id": run.pk, "n_repaired": run.n_repaired}
    notices = Notice.objects.filter(kind=NoticeKind.COUNTS_REPAIRED, data__run_id=run.pk)
    if not notices.update(data=data):
        delivery.notify(_coordinators(run.study), NoticeKind.COUNTS_REPAIRED, data, now=now)


def failed(scope: Scope, *, now: datetime) -> None:
    """Notify the coordinators that the recount of ``scope`` failed.

    Skips those who have not yet seen an earlier notice about this scope.
    """
    data = _of(scope)
    notices = Notice.objects.unseen().filter(kind=NoticeKind.RECOUNT_FAILED, data=data)
    notified = set(notices.values_list("user", flat=True))
    people = _coordinators(Study.objects.get(pk=scope.study_id))
    delivery.notify(
        [person for person in people if person.pk not in notified],
        NoticeKind.RECOUNT_FAILED,
        data,
        now=now,
    )


def _coordinators(study: Study) -> list[User]:
    """Return the coordinators and superusers who may see the results of ``study``."""
    manages = Q(groups__name=Role.COORDINATOR) | Q(is_superuser=True)
    coordinators = User.objects.filter(manages, is_active=True).distinct().order_by("pk")
    return [person for person in coordinators if not rules.is_blinded_to(study, person)]


def _of(scope: Scope) -> dict[str, Any]:
    study = Study.objects.get(pk=scope.study_id)
    batch = Batch.objects.get(pk=scope.batch_id) if scope.batch_id else None
    return {
        "study": study.name,
        "slug": study.slug,
        "batch": batch and batch.name,
        "batch_id": batch and batch.pk,
    }

"""Record who was shown results, because they can no longer read those exams blind."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from annotations.models import Batch, ResultsSeen, Study, User
from annotations.models.batch import BatchQuerySet
from annotations.services import audit


def results_of_study(*, study: Study, user: User, now: datetime) -> None:
    """Record that ``user`` is shown the open results of ``study``."""
    opened = Batch.objects.all().with_open_results().filter(study=study)
    results(batches=opened, user=user, now=now)


@transaction.atomic
def results(*, batches: BatchQuerySet, user: User, now: datetime) -> None:
    """Record that ``user`` is shown results of ``batches``, once for each batch."""
    recorded = ResultsSeen.objects.filter(user=user).values("batch")
    for batch in batches.exclude(pk__in=recorded).select_related("study").order_by("pk"):
        _, is_new = ResultsSeen.objects.get_or_create(
            user=user, batch=batch, defaults={"first_seen_at": now}
        )
        if is_new:
            audit.record(
                actor=user, action=audit.Action.RESULTS_SEEN, study=batch.study, target=batch,
                now=now,
            )  # fmt: skip

"""The license and citation of a data set, and what releases may contain of it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from annotations.models import Dataset, User
from annotations.services import audit

STATED = ("licence", "attribution", "allows_source_keys")


@transaction.atomic
def change(*, dataset: Dataset, actor: User | None, now: datetime, **stated: str | bool) -> Dataset:
    """Change some of the fields ``STATED`` of ``dataset``.

    Existing data releases keep the old values.
    """
    row = Dataset.objects.select_for_update().get(pk=dataset.pk)
    before = {name: getattr(row, name) for name in STATED}
    after = {**before, **{name: stated[name] for name in STATED if name in stated}}
    changed = [name for name in STATED if before[name] != after[name]]
    if not changed:
        return row
    for name in changed:
        setattr(row, name, after[name])
    row.save(update_fields=changed)
    audit.record(
        actor=actor,
        action=audit.Action.DATASET_CHANGED,
        target=row,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
        now=now,
    )
    return row

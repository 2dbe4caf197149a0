"""The license, citation and splits of a data set, and what releases may contain of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from annotations.models import Dataset, User
from annotations.services import audit
from annotations.services.refusals import Refusal
from ecgreview import hash_chain

STATED = ("licence", "attribution", "allows_source_keys")

# Unknown exams that a refusal names.
MAX_NAMED = 5


class UnknownExamNames(Refusal):
    """Some names are of no exam of the data set."""

    code = "unknown-exam-names"


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


@transaction.atomic
def set_splits(
    *, dataset: Dataset, splits: Mapping[str, str], actor: User | None, now: datetime
) -> int:
    """Set the official split of exams by their name in the source; return how many changed.

    Exams that ``splits`` does not name keep theirs. Existing data releases do not change.

    Raises:
        UnknownExamNames: the data set has no exam with one of the names; nothing was changed.
    """
    row = Dataset.objects.select_for_update().get(pk=dataset.pk)
    stored = dict(row.exams.values_list("source_key", "official_split"))
    if unknown := sorted(splits.keys() - stored.keys()):
        raise UnknownExamNames(n=len(unknown), names=", ".join(unknown[:MAX_NAMED]))
    changed: dict[str, list[str]] = defaultdict(list)
    for key, split in splits.items():
        if stored[key] != split:
            changed[split].append(key)
    if not changed:
        return 0
    for split, keys in changed.items():
        row.exams.filter(source_key__in=keys).update(official_split=split)
    after = {**stored, **splits}
    audit.record(
        actor=actor,
        action=audit.Action.DATASET_CHANGED,
        target=row,
        before={"splits": Counter(stored.values())},
        after={
            "splits": Counter(after.values()),
            "splits_digest": hash_chain.content_digest({"splits": after}),
        },
        now=now,
    )
    return sum(map(len, changed.values()))

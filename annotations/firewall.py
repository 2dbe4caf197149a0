"""The firewall between reading in a study and looking at its results, for people who do both."""

from __future__ import annotations

from annotations.models import Batch, Study, User


class StillReading(Exception):
    """The person still has a batch of the study to read."""


def is_still_reading(study: Study, user: User) -> bool:
    """Tell whether the results of ``study`` must be kept from ``user`` for now."""
    batches = Batch.objects.filter(study=study)
    return batches.exists() and not batches.not_read_by(user).exists()


def refuse_readers(study: Study, user: User) -> None:
    """Do nothing when ``user`` may look at results of ``study``.

    Raises:
        StillReading: not before their reading is over.
    """
    if is_still_reading(study, user):
        raise StillReading(study)

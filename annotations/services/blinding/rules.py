"""The blinding rules: from whom the results of a study are kept, and until when.

The rule itself is ``StudyQuerySet.blinding``: a person reads in a study from joining its roster
until it is locked or they leave. Services, pages and API ask it only through this module.
"""

from __future__ import annotations

from annotations.models import Batch, Study, User
from annotations.services.refusals import Refusal


class ReaderStillBlinded(Refusal):
    """The person reads in the study, or one of its exams elsewhere; names the study."""

    code = "still-reading"


def reads_in(study: Study, user: User) -> bool:
    """Whether ``user`` is a reader of ``study``, which is not locked yet.

    The weaker question: it decides about plans and strata, which tell nothing about other studies.
    Ask ``is_blinded_to`` about results.
    """
    return Study.objects.all().blinding(user).filter(pk=study.pk).exists()


def is_blinded_to(study: Study, user: User) -> bool:
    """Whether the results of ``study`` are kept from ``user`` for now.

    They are if ``user`` reads in it, or if they read one of its exams in another study.
    """
    if reads_in(study, user):
        return True
    batches = Batch.objects.filter(study=study)
    return batches.exists() and not batches.not_read_by(user).exists()


def reads_anywhere(user: User) -> bool:
    """Whether ``user`` is a reader of any study that is not locked yet."""
    return Study.objects.all().blinding(user).exists()


def refuse_readers(study: Study, user: User) -> None:
    """Raise ``ReaderStillBlinded`` while the results of ``study`` are kept from ``user``."""
    if is_blinded_to(study, user):
        raise ReaderStillBlinded


def refuse_readers_of_any_study(user: User) -> None:
    """Raise ``ReaderStillBlinded`` while ``user`` reads in any study."""
    if Study.objects.all().blinding(user).exists():
        raise ReaderStillBlinded

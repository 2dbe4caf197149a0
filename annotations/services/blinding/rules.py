"""The blinding rules: from whom the results of a study are hidden, and until when.

The main rule is in ``StudyQuerySet.blinding``: results are hidden from a person from the day they
join the roster until the study is locked, unless they break the glass.
"""

from __future__ import annotations

from django.db.models import Exists

from annotations.models import Batch, Study, User
from annotations.services.refusals import Refusal


class ReaderStillBlinded(Refusal):
    """The person reads in the study, or reads one of its exams in another study."""

    code = "still-reading"


def reads_in(study: Study, user: User) -> bool:
    """Whether ``user`` reads in ``study``, and it is not locked yet.

    Use this for plans and strata, which reveal nothing about other studies. For results, use
    ``is_blinded_to``.
    """
    return Study.objects.all().blinding(user).filter(pk=study.pk).exists()


def is_blinded_to(study: Study, user: User) -> bool:
    """Whether the results of ``study`` are hidden from ``user`` for now.

    They are if ``user`` reads in it, or if they read one of its exams in another study.
    """
    if reads_in(study, user):
        return True
    batches = Batch.objects.filter(study=study)
    # One statement instead of two. It must not depend on a row of the study, which row-level
    # security may hide: no row means that there is no batch, so nothing to hide.
    is_any_open = Exists(batches.not_read_by(user))
    return batches.values_list(is_any_open, flat=True).first() is False


def reads_anywhere(user: User) -> bool:
    """Whether ``user`` reads in any study that is not locked yet."""
    return Study.objects.all().blinding(user).exists()


def refuse_readers(study: Study, user: User) -> None:
    """Raise ``ReaderStillBlinded`` while the results of ``study`` are hidden from ``user``."""
    if is_blinded_to(study, user):
        raise ReaderStillBlinded


def refuse_readers_of_any_study(user: User) -> None:
    """Raise ``ReaderStillBlinded`` while ``user`` reads in any study."""
    if Study.objects.all().blinding(user).exists():
        raise ReaderStillBlinded

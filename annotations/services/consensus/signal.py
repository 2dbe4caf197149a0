"""The agreement of readers on the signal, from the consensus of their exams."""

from __future__ import annotations

from django.db.models import Count

from annotations.models.consensus import ConsensusQuerySet
from ecgreview.consensus import ItemAgreement, SignalVotes, signal_agreement


def agreement(rows: ConsensusQuerySet) -> list[ItemAgreement]:
    """Return the agreement on the quality, then on each problem, in the exams of ``rows``.

    Empty without exams that two readers read. Rows that were computed before the signal had a
    consensus are left out. The caller chooses rows that may be shown.
    """
    same = rows.exclude(quality="").order_by().values_list("quality_votes", "problem_votes")
    return signal_agreement(SignalVotes(*row) for row in same.annotate(n=Count("pk")))

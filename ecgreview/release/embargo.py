"""Of which exams a release withholds labels and readings, so that they can test models."""

from __future__ import annotations

from enum import StrEnum


class Embargo(StrEnum):
    """The choices. Values are stored in the database and in manifests.

    Under ``LAST_FOLD`` the exams are those of the last fold. Patients keep their folds in later
    releases with as many folds, so their labels stay embargoed.
    """

    NONE = "none"
    LAST_FOLD = "last_fold"
    ALL = "all"

    def covers(self, *, fold: int, n_folds: int) -> bool:
        """Whether the labels of an exam in ``fold`` of ``n_folds`` are embargoed; 0 is no fold."""
        return self == Embargo.ALL or (self == Embargo.LAST_FOLD and 0 < fold == n_folds)

    def keeps(self, earlier: Embargo, *, n_folds: int, n_earlier_folds: int) -> bool:
        """Whether an earlier release withheld the labels of all exams that this embargo covers.

        Otherwise the embargo is void: the labels are published already.
        """
        match self:
            case Embargo.NONE:
                return True
            case Embargo.LAST_FOLD if earlier == Embargo.LAST_FOLD:
                return n_folds == n_earlier_folds
        return earlier == Embargo.ALL

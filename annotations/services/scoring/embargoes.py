"""The release against whose embargoed labels predictions are scored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotations import row_security
from annotations.models import Release, Study
from annotations.services.refusals import Refusal
from annotations.services.releases import choices
from ecgreview.release import index
from ecgreview.release.content import LabelState
from ecgreview.release.embargo import Embargo


class NothingEmbargoed(Refusal):
    """The study has no release with embargoed labels, or not in this version."""

    code = "nothing-embargoed"


class EmbargoLifted(Refusal):
    """A later release contains the labels."""

    code = "embargo-lifted"


@dataclass(frozen=True, slots=True, eq=False)
class EmbargoedLabels:
    """The labels that a release withholds.

    Attributes:
        exams: codes of the exams.
        codes: codes of the classes.
        labels: shape (n_exams, n_classes); 1 present, 0 absent, NaN neither.
        patients: shape (n_exams,); index of the patient, or of exams that must be in one fold.
    """

    exams: list[str]
    codes: list[str]
    labels: NDArray[np.float64]
    patients: NDArray[np.intp]


def release_to_score(study: Study, version: str = "") -> Release:
    """Return the newest release with embargoed labels, or the one with this version.

    Raises:
        NothingEmbargoed: there is none.
        EmbargoLifted: the labels are published.
        choices.NothingToRelease, choices.ResultsHidden: a batch was opened again, and readers must
            not learn about its results.
    """
    choices.refuse_hidden(study)
    ready = list(Release.objects.ready().filter(study=study).newest_first().defer("index"))
    embargoed = [row for row in ready if row.embargo_choice != Embargo.NONE]
    release = next((row for row in embargoed if version in ("", row.version)), None)
    if release is None:
        raise NothingEmbargoed
    for later in ready[: ready.index(release)]:
        is_kept = release.embargo_choice.keeps(
            later.embargo_choice, n_folds=release.n_folds, n_earlier_folds=later.n_folds
        )
        if not is_kept:
            raise EmbargoLifted(version=later.version)
    return release


def of_study(study: Study) -> Release | None:
    """Return the release that predictions are scored against now, or None.

    Raises:
        choices.NothingToRelease, choices.ResultsHidden: see ``release_to_score``.
    """
    with row_security.as_owner():
        try:
            return release_to_score(study)
        except (NothingEmbargoed, EmbargoLifted):
            return None


def labels_of(release: Release) -> EmbargoedLabels:
    """Return what ``release`` withholds."""
    packed = bytes(release.index)
    values = {LabelState.PRESENT: 1.0, LabelState.ABSENT: 0.0}
    of_letter = {letter: values.get(state, np.nan) for state, letter in index.LETTERS.items()}
    lines = [line for line in index.lines(packed) if release.embargoes(line.fold)]
    groups: dict[str, int] = {}
    return EmbargoedLabels(
        exams=[line.exam for line in lines],
        codes=index.codes(packed),
        labels=np.array(
            [[of_letter[letter] for letter in line.states] for line in lines], dtype=np.float64
        ).reshape(len(lines), -1),
        patients=np.array(
            [groups.setdefault(line.group, len(groups)) for line in lines], dtype=np.intp
        ),
    )

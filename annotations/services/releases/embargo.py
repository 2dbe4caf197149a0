"""Whether the exams of a release fit its embargo, and those of earlier releases."""

from __future__ import annotations

from collections.abc import Iterable

from annotations.models import Release
from annotations.services.refusals import Refusal
from annotations.services.releases import gathering
from annotations.services.releases.choices import LabelsPublished
from ecgreview.release import index
from ecgreview.release.content import ReleasedExam
from ecgreview.release.embargo import Embargo


class EmptyEmbargo(Refusal):
    """The embargo covers no exam: there are fewer patients than folds."""

    code = "embargo-empty"


class EmbargoBroken(Refusal):
    """An exam has left the last fold, so the release would publish its labels."""

    code = "embargo-broken"


def refuse(release: Release, exams: Iterable[ReleasedExam]) -> None:
    """Raise if ``exams`` do not fit the embargo of ``release`` or of an earlier one.

    ``choices.refuse_embargo`` compares the choices; this compares the exams. Patients keep their
    folds, but two patients may turn out to be one person.

    Raises:
        EmptyEmbargo: it covers no exam.
        LabelsPublished: an earlier release contains embargoed labels.
        EmbargoBroken: the release contains labels that an equal embargo covered before.
    """
    if release.embargo_choice == Embargo.NONE:
        return
    covered = {exam.code: exam.is_embargoed for exam in exams}
    if not any(covered.values()):
        raise EmptyEmbargo
    for earlier in gathering.before(release):
        is_equal = (earlier.embargo, earlier.n_folds) == (release.embargo, release.n_folds)
        for line in index.lines(bytes(earlier.index)):
            was_covered = earlier.embargoes(line.fold)
            is_covered = covered.get(line.exam, was_covered)
            if is_covered and not was_covered:
                raise LabelsPublished(version=earlier.version)
            if is_equal and was_covered and not is_covered:
                raise EmbargoBroken

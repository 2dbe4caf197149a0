"""What the next data release of a study would contain, and what it would leave out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from annotations import row_security
from annotations.models import Batch, Reading, Study
from annotations.services.export.sources import opened
from annotations.services.releases import choices, deidentification, jobs
from ecgreview.release.content import Source
from ecgreview.release.licences import Licence


@dataclass(frozen=True, slots=True)
class Preview:
    """Counts of the next release.

    Attributes:
        version: its default version.
        n_open_batches: batches with readings that are not included, because they are not closed.
        has_tracings: whether there are signals that could be included.
        sources: the data sets of the exams.
        with_signals: licenses under which signals may be included.
        withheld: how many values of each field are left out or replaced.
    """

    version: str
    n_exams: int
    n_readings: int
    n_readers: int
    n_open_batches: int
    has_tracings: bool
    sources: Sequence[Source]
    with_signals: Sequence[Licence]
    withheld: dict[str, int]


def of(study: Study) -> Preview:
    """Return the preview. The caller must check that the user may export the study.

    Raises:
        choices.NothingToRelease, choices.ResultsHidden: see ``choices.refuse_hidden``.
    """
    choices.refuse_hidden(study)
    with row_security.as_owner():
        counted = Reading.objects.counted().filter(assignment__batch__in=opened(study))
        major, minor = jobs.next_version(study)
        return Preview(
            version=f"{major}.{minor}",
            n_exams=choices.exams_of(study).count(),
            n_readings=counted.count(),
            n_readers=counted.order_by().values("reader").distinct().count(),
            n_open_batches=Batch.objects.filter(study=study).open().released().of_data().count(),
            has_tracings=choices.has_tracings(study),
            sources=choices.sources_of(study),
            with_signals=choices.licences_for(study, has_signals=True),
            withheld=deidentification.withheld(study),
        )

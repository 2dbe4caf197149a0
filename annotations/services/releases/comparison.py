"""The difference between a data release and the one that it supersedes."""

from __future__ import annotations

from annotations import row_security
from annotations.models import Release
from annotations.services.releases import gathering
from ecgreview.release import difference
from ecgreview.release.difference import Difference, Labels


def with_previous(release: Release) -> tuple[Release, Difference] | None:
    """Return the previous release and what changed since; None if there is none before.

    The caller must check that the user may export the study, and that ``release`` is ready.
    """
    with row_security.as_owner():
        before = gathering.previous_of(release)
        if before is None:
            return None
        return before, difference.between(_labels(before), _labels(release))


def _labels(release: Release) -> Labels:
    return Labels(release.manifest, bytes(release.index))

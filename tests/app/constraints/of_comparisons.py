"""Violations of the constraints on comparisons of rules."""

from __future__ import annotations

from annotations.models import RuleComparison
from tests.app.constraints.acts import update_row


def _comparison(fixture):
    return RuleComparison.objects.create(
        study=fixture("study"), requested_by=fixture("davi"), requested_at=fixture("now")
    )


def comparison_unfinished_once(fixture):
    _comparison(fixture)
    _comparison(fixture)


def comparison_ready_is_whole(fixture):
    update_row(_comparison(fixture), finished_at=fixture("now"))


def comparison_does_what_there_is(fixture):
    update_row(_comparison(fixture), n_done=1)

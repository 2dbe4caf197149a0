"""How far an assignment is: not opened, begun, or submitted."""

from __future__ import annotations

from django.db.models import Case, CharField, Exists, OuterRef, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from annotations.models import Draft, Reading
from annotations.models.study import AssignmentQuerySet

TODO = "todo"
DRAFT = "draft"
SUBMITTED = "submitted"

LABELS: dict[str, Promise] = {
    TODO: _("Not started"),
    DRAFT: _("Begun"),
    SUBMITTED: _("Submitted"),
}


def with_state(assignments: AssignmentQuerySet) -> AssignmentQuerySet:
    """Annotate ``state``: one of the three above."""
    state = Case(
        When(
            Exists(Reading.objects.blind().filter(assignment=OuterRef("pk"))), then=Value(SUBMITTED)
        ),
        When(Exists(Draft.objects.filter(assignment=OuterRef("pk"))), then=Value(DRAFT)),
        default=Value(TODO),
        output_field=CharField(),
    )
    return assignments.annotate(state=state)

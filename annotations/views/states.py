"""How far an assignment is: not opened, begun, or submitted."""

from __future__ import annotations

from django.db.models import Case, CharField, Exists, OuterRef, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from annotations.models import AssignmentState, Draft

TODO = "todo"
DRAFT = "draft"
SUBMITTED = "submitted"

LABELS: dict[str, Promise] = {
    TODO: _("Not started"),
    DRAFT: _("Begun"),
    SUBMITTED: _("Submitted"),
}


def state() -> Case:
    """Return the expression to annotate assignments with: one of the three above."""
    draft = Draft.objects.filter(assignment=OuterRef("pk"))
    return Case(
        When(state=AssignmentState.READ, then=Value(SUBMITTED)),
        When(Exists(draft), then=Value(DRAFT)),
        default=Value(TODO),
        output_field=CharField(),
    )

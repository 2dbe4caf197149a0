"""Look up studies and batches; respond with 404 if the user may not see them."""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from annotations.models import Batch, Study, User


def study(user: User, slug: str) -> Study:
    """Return the study with this slug.

    Raises:
        Http404: there is no such study, or ``user`` may not see it.
    """
    visible = Study.objects.visible_to(user).select_related("taxonomy", "created_by")
    return get_object_or_404(visible, slug=slug)


def batch(user: User, pk: int) -> Batch:
    """Return the batch with this ID, with its study.

    Raises:
        Http404: there is no such batch, or ``user`` may not see it.
    """
    visible = Batch.objects.visible_to(user).select_related("study__taxonomy", "closed_by")
    return get_object_or_404(visible, pk=pk)

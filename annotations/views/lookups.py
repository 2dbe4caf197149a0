"""Look up studies and batches; respond with 404 if the user may not see them."""

from __future__ import annotations

from django.http import Http404
from django.shortcuts import get_object_or_404

from annotations.models import Batch, Study, User
from annotations.services.blinding.rules import is_blinded_to
from annotations.services.refusals import Refusal
from annotations.services.releases import choices


def study(user: User, slug: str) -> Study:
    """Return the study with this slug.

    Raises:
        Http404: there is no such study, or ``user`` may not see it.
    """
    visible = Study.objects.visible_to(user).select_related("taxonomy", "created_by")
    return get_object_or_404(visible, slug=slug)


def study_to_export(user: User, slug: str) -> Study:
    """Return the study with this slug if its results are open, and not hidden from ``user``.

    Raises:
        Http404: there is no such study, or results are hidden.
    """
    found = study(user, slug)
    if is_blinded_to(found, user):
        raise Http404
    try:
        choices.refuse_hidden(found)
    except Refusal as hidden:
        raise Http404 from hidden
    return found


def batch(user: User, pk: int) -> Batch:
    """Return the batch with this ID, with its study.

    Raises:
        Http404: there is no such batch, or ``user`` may not see it.
    """
    visible = Batch.objects.visible_to(user).select_related("study__taxonomy", "closed_by")
    return get_object_or_404(visible, pk=pk)

"""Violations of the constraints on notices."""

from __future__ import annotations

from annotations.models import Notice
from tests.app.constraints.acts import update_row


def notice_kind_is_known(fixture):
    notice = Notice.objects.create(
        user=fixture("ana"), kind="study_locked", created_at=fixture("now")
    )
    update_row(notice, kind="gossip")

"""What people are told."""

from __future__ import annotations

from annotations.models import Notice
from tests.app.constraints.acts import change


def notice_kind_is_known(the):
    notice = Notice.objects.create(user=the("ana"), kind="study_locked", created_at=the("now"))
    change(notice, kind="gossip")

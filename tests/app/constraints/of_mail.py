"""Mails about accounts, and tokens."""

from __future__ import annotations

from datetime import timedelta

from knox.models import get_token_model

from annotations.models import AccountMail, TokenGrant
from tests.app.constraints.acts import change


def _mail(the, **changes):
    said = {"user": the("ana"), "kind": "new_password", "language": "en"}
    times = {"created_at": the("now"), "due_at": the("now")}
    return AccountMail.objects.create(**{**said, **times, **changes})


def account_mail_kind_is_known(the):
    change(_mail(the), kind="gossip")


def account_mail_fails_for_a_reason(the):
    _mail(the, failed_at=the("now"))


def account_mail_ends_once(the):
    _mail(the, accepted_at=the("now"), failed_at=the("now"), failure="refused")


def account_mail_has_a_person_or_an_address(the):
    _mail(the, user=None)


def token_grant_scope_is_known(the):
    token, _ = get_token_model().objects.create(the("ana"), expiry=timedelta(days=1))
    TokenGrant.objects.create(token=token, scope="everything")

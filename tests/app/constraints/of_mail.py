"""Violations of the constraints on account e-mails and API tokens."""

from __future__ import annotations

from datetime import timedelta

from knox.models import get_token_model

from annotations.models import AccountMail, TokenGrant
from tests.app.constraints.acts import update_row


def _mail(fixture, **changes):
    fields = {"user": fixture("ana"), "kind": "new_password", "language": "en"}
    times = {"created_at": fixture("now"), "due_at": fixture("now")}
    return AccountMail.objects.create(**{**fields, **times, **changes})


def account_mail_kind_is_known(fixture):
    update_row(_mail(fixture), kind="gossip")


def account_mail_fails_for_a_reason(fixture):
    _mail(fixture, failed_at=fixture("now"))


def account_mail_ends_once(fixture):
    _mail(fixture, accepted_at=fixture("now"), failed_at=fixture("now"), failure="refused")


def account_mail_has_a_person_or_an_address(fixture):
    _mail(fixture, user=None)


def token_grant_scope_is_known(fixture):
    token, _ = get_token_model().objects.create(fixture("ana"), expiry=timedelta(days=1))
    TokenGrant.objects.create(token=token, scope="everything")

"""Pages for coordinators: the list of people, invitations, and ending access."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations import tasks
from annotations.models import Role, User
from annotations.services.blinding import rules
from annotations.services.mail import links, queue
from annotations.services.people import members, vouching
from annotations.services.refusals import Refusal
from annotations.views.access import SignedInRequest, needs, posted
from annotations.views.people.forms import InviteForm
from annotations.views.refusals import refusal_as_message, refusal_on_form

FIELDS: dict[type[Exception], str] = {
    members.UserNameTaken: "username",
    members.EmailTaken: "email",
}


class NotMailed(Refusal):
    """The inviter still reads and must not see the link, but it could not be e-mailed."""

    code = "link-not-mailed"


@dataclass(frozen=True, slots=True)
class Line:
    person: User
    roles: list[str]
    is_reader: bool
    is_invited: bool
    has_second_factor: bool
    is_manageable: bool


@never_cache
@needs("invite_user")
@require_safe
def person_list(request: SignedInRequest) -> HttpResponse:
    """List all accounts by name."""
    return render(request, "people/list.html", {"lines": _lines()})


@never_cache
@needs("invite_user")
@require_http_methods(["GET", "HEAD", "POST"])
def person_invite(request: SignedInRequest) -> HttpResponse:
    """Create an account, and show its link once.

    An inviter who still reads never sees the link. If it cannot be e-mailed, no account is created.
    """
    is_blinded = rules.reads_anywhere(request.user)
    form = InviteForm(posted(request), is_blinded=is_blinded)
    if form.is_valid():
        with refusal_on_form(form, FIELDS):
            return _invite(request, form, is_blinded=is_blinded)
    status = 400 if form.is_bound else 200
    context = {"form": form, "is_blinded": is_blinded}
    return render(request, "people/invite.html", context, status=status)


@never_cache
@needs("invite_user")
@require_safe
def person_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a person and the actions available for their account."""
    line = next((row for row in _lines() if row.person.pk == pk and row.is_manageable), None)
    if line is None:
        raise Http404
    context = {
        "line": line,
        "person": line.person,
        "mail": queue.latest_to(line.person),
        "may_hand_out": _may_hand_out(request.user, line.person),
        "voucher_reads": line.person.vouched_by and rules.reads_anywhere(line.person.vouched_by),
    }
    return render(request, "people/detail.html", context)


@never_cache
@needs("invite_user")
@require_POST
def person_link(request: SignedInRequest, pk: int) -> HttpResponse:
    """Create a new link for an invited person; e-mail a password link to anybody else.

    The password link is never shown, because a coordinator could use it to sign in as that person.
    """
    with refusal_as_message(request):
        try:
            return _invite_again(request, pk)
        except members.NotInvited:
            _mail_password_link(request, pk)
    return redirect("person", pk=pk)


@needs("invite_user")
@require_POST
def person_end(request: SignedInRequest, pk: int) -> HttpResponse:
    """End a person's access. Their readings are kept."""
    return _act(request, pk, members.deactivate, _("Access ended."))


@needs("invite_user")
@require_POST
def person_second_factor(request: SignedInRequest, pk: int) -> HttpResponse:
    """Remove the second factor of a person who lost access to it."""
    success = _(
        "The second factor was removed. This person can now sign in without it and set up another."
    )
    return _act(request, pk, members.reset_second_factor, success)


@needs("invite_user")
@require_POST
def person_vouch(request: SignedInRequest, pk: int) -> HttpResponse:
    """Let the user vouch for an account in place of its inviter."""
    return _act(request, pk, members.vouch, _("You now vouch for this account."))


def _invite(request: SignedInRequest, form: InviteForm, *, is_blinded: bool) -> HttpResponse:
    """Invite a person. If the link must be e-mailed but cannot be, nothing is stored."""
    with transaction.atomic():
        invitation = members.invite(actor=request.user, **form.cleaned_data, now=timezone.now())
        return _hand_over(request, invitation, is_blinded=is_blinded)


def _invite_again(request: SignedInRequest, pk: int) -> HttpResponse:
    """Create a new link. If it must be e-mailed but cannot be, the old one stays valid."""
    try:
        with transaction.atomic():
            invitation = members.invite_again(actor=request.user, user_id=pk, now=timezone.now())
            return _hand_over(request, invitation, is_blinded=rules.reads_anywhere(request.user))
    except User.DoesNotExist as nobody:
        raise Http404 from nobody


def _may_hand_out(actor: User, person: User) -> bool:
    try:
        vouching.refuse_blinded(actor, vouching.roles_of(person))
    except vouching.Blinded:
        return False
    return True


def _act(
    request: SignedInRequest, pk: int, action: Callable[..., User], success: str
) -> HttpResponse:
    try:
        with refusal_as_message(request):
            action(actor=request.user, user_id=pk, now=timezone.now())
            messages.success(request, success)
    except User.DoesNotExist as nobody:
        raise Http404 from nobody
    return redirect("person", pk=pk)


def _lines() -> list[Line]:
    labels = {role.value: str(role.label) for role in Role}
    readers = {Role.READER.value, Role.ADJUDICATOR.value}
    manageable = set(members.manageable().values_list("pk", flat=True))
    lines = []
    for account in members.accounts():
        lines.append(
            Line(
                account.person,
                roles=[labels.get(name, name) for name in account.roles],
                is_reader=bool(readers & {*account.roles}),
                is_invited=account.is_invited,
                has_second_factor=account.has_second_factor,
                is_manageable=account.person.pk in manageable,
            )
        )
    return lines


def _hand_over(
    request: HttpRequest, invitation: members.Invitation, *, is_blinded: bool
) -> HttpResponse:
    """Queue the e-mail with the link, and show the link unless the inviter still reads.

    Raises:
        NotMailed: no e-mail can be sent to the person, and the link must not be shown.
    """
    mail = queue.invitation(invitation, now=timezone.now())
    if mail is not None:
        tasks.nudge(tasks.mail_accounts)
    elif is_blinded:
        raise NotMailed
    context = {
        "person": invitation.user,
        "address": None if is_blinded else links.invitation(invitation),
        "is_queued": mail is not None,
        "invitation": invitation,
    }
    return render(request, "people/link.html", context)


def _mail_password_link(request: SignedInRequest, pk: int) -> None:
    """Queue an e-mail with a link for a new password, and show whether that was possible."""
    now = timezone.now()
    try:
        person = members.send_to_new_password(actor=request.user, user_id=pk, now=now)
    except User.DoesNotExist:  # their access was ended
        mail = None
    else:
        mail = queue.new_password(person, now=now)
    if mail is None:
        messages.error(
            request, _("No e-mail can be sent to this person. Ask the server administrator.")
        )
        return
    tasks.nudge(tasks.mail_accounts)
    messages.success(request, _("An e-mail with a password link is queued."))

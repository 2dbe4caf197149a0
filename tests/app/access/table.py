"""The access table: the expected HTTP status of every address, for every method and role.

The tests fail if the site has an address or a method that is missing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ROLES = ("anonymous", "eva", "ana", "bruno", "clara", "davi", "rosa", "otto", "caio", "root")
"""Ana has the assignment in the address, Bruno reads the same exam, Clara adjudicates, Davi
coordinates, Rosa does research, Otto audits, Eva has no role. Caio coordinates and reads in the
open study. root is the superuser."""

Statuses = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Cell:
    """Status per role for a well-formed request to one address with one method."""

    statuses: Statuses
    body: Any = None
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def row(default: int, anonymous: int | None = None, **others: int) -> Statuses:
    """Return the status of each role: ``default``, except for the roles named.

    Unless named, Caio gets Davi's status. The superuser gets it too, or Otto's if Davi gets 403.
    """
    base = dict.fromkeys(ROLES, default)
    base |= {"anonymous": default if anonymous is None else anonymous, **others}
    davi, otto = base["davi"], base["otto"]
    return {**base, "caio": davi, "root": otto if davi == 403 else davi, **others}


def public() -> Statuses:
    return row(200)


def api(default: int, **others: int) -> Statuses:
    """Statuses of an API endpoint: 401 when not signed in."""
    return row(default, anonymous=401, **others)


def page(default: int, **others: int) -> Statuses:
    """Statuses of a page: redirects to sign-in when not signed in."""
    return row(default, anonymous=302, **others)


MANAGERS = ("davi", "rosa", "otto")
MANAGERS_ONLY = dict.fromkeys(MANAGERS, 200)
"""Coordinators, researchers and auditors may see studies and results."""

RESULTS = {**MANAGERS_ONLY, "caio": 403}
"""Managers get results, unless they still read in the study."""

FINDINGS = {"findings": [], "quality": "good", "comment": ""}
KEY = {"Idempotency-Key": "0d6f6a3c-54a7-4d3c-9f5e-0d7f0c1c2b11"}

API: dict[str, dict[str, Cell]] = {
    "api-nowhere": {"GET": Cell(row(404))},
    "api-schema": {"GET": Cell(api(200))},
    "api-docs": {"GET": Cell(page(200))},
    "api-classes": {"GET": Cell(public())},
    "api-taxonomies": {"GET": Cell(public())},
    "api-me": {"GET": Cell(api(200))},
    "api-tokens": {
        "POST": Cell(api(201), body={}),
        "GET": Cell(api(200)),
        "DELETE": Cell(api(204)),
    },
    # There is no token with the ID in the address.
    "api-token": {"DELETE": Cell(api(404))},
    "api-assignments": {"GET": Cell(api(200))},
    "api-notices": {"GET": Cell(api(200))},
    "api-notices-seen": {"POST": Cell(api(200), body={})},
    # The batch in the address is not a pool.
    "api-lease": {"POST": Cell(api(404), body={})},
    "api-assignment": {"GET": Cell(api(404, ana=200))},
    "api-draft": {
        "PUT": Cell(api(404, ana=200), body={"based_on": 0, "content": FINDINGS}),
    },
    "api-reading-create": {
        "POST": Cell(api(404, ana=201), body={"based_on": 0, **FINDINGS}, headers=KEY),
    },
    # Nobody adjudicates the exam in the address.
    "api-adjudication": {
        "GET": Cell(api(404)),
        "POST": Cell(api(404), body={"stage": "masked"}, headers=KEY),
    },
    "api-deferral": {"POST": Cell(api(404, ana=200), body={})},
    # Ana has not submitted her blind reading yet, so even she gets no suggestions.
    "api-assignment-suggestions": {"GET": Cell(api(404))},
    "api-viewing": {"POST": Cell(api(404), body={"shown_ms": 1}, headers=KEY)},
    "api-revision": {
        "POST": Cell(api(404, ana=409), body={**FINDINGS, "reason": "slip"}, headers=KEY),
    },
    "api-confirmation": {
        "POST": Cell(api(404, ana=409), body={"class": "atrial_fibrillation"}),
    },
    "api-assignment-tracing": {"GET": Cell(api(404, ana=200))},
    "api-prior-tracing": {"GET": Cell(api(404, ana=200))},
    # Addressed by exam code, which readers never see.
    "api-tracing": {"GET": Cell(api(403, **MANAGERS_ONLY, caio=404))},
    "api-readings": {"GET": Cell(api(200))},
    # Bruno's reading in an open batch: hidden from everyone else, whatever their role.
    "api-reading": {"GET": Cell(api(404, bruno=200))},
    "api-datasets": {"GET": Cell(api(403, **MANAGERS_ONLY))},
    "api-exams": {"GET": Cell(api(403, **MANAGERS_ONLY))},
    "api-exam": {"GET": Cell(api(403, **MANAGERS_ONLY, caio=404))},
    "api-studies": {
        "GET": Cell(api(403, **MANAGERS_ONLY)),
        "POST": Cell(api(403, davi=201), body={"name": "Another study"}),
    },
    "api-study": {"GET": Cell(api(403, **MANAGERS_ONLY))},
    "api-study-batches": {
        "GET": Cell(api(403, **MANAGERS_ONLY)),
        "POST": Cell(
            api(403, davi=201),
            body={"name": "Another batch", "exams": ["{code}"], "readers": ["ana"]},
        ),
    },
    # Davi has the permission, but the study in the address is already open.
    "api-study-opening": {"POST": Cell(api(403, davi=409), body={})},
    "api-study-locking": {"POST": Cell(api(403, davi=200), body={})},
    "api-study-consensus": {"GET": Cell(api(403, **RESULTS))},
    # The study is open.
    "api-own-results": {"GET": Cell(api(404))},
    # The exam has no consensus yet, so it is not sent.
    "api-study-disputes": {
        "GET": Cell(api(403, **RESULTS)),
        "POST": Cell(
            api(403, davi=400, caio=403),
            body={"name": "Second look", "readers": ["clara"], "exams": ["{code}"]},
        ),
    },
    # No batch is closed, so there is nothing to compare.
    "api-study-consensus-rules": {
        "GET": Cell(api(403, **dict.fromkeys(MANAGERS, 409), caio=403)),
    },
    # 202: a worker builds the archive.
    "api-study-export": {"GET": Cell(api(403, davi=202, rosa=202, caio=403))},
    "api-study-archives": {"POST": Cell(api(403, davi=202, rosa=202, caio=403), body={})},
    # There is no archive with the key in the address.
    "api-study-archive": {"GET": Cell(api(403, davi=404, rosa=404, caio=403))},
    "api-study-archive-file": {"GET": Cell(api(403, davi=404, rosa=404, caio=403))},
    # Davi and Rosa have the permission, but no batch of the study in the address is closed.
    "api-study-releases": {
        "GET": Cell(api(403, davi=200, rosa=200, caio=403)),
        "POST": Cell(api(403, davi=202, rosa=202, caio=403), body={"licence": "CC0-1.0"}),
    },
    # There is no release with the key in the address.
    "api-study-release": {"GET": Cell(api(403, davi=404, rosa=404, caio=403))},
    "api-study-release-cancellation": {
        "POST": Cell(api(403, davi=404, rosa=404, caio=403), body={}),
    },
    "api-study-release-file": {"GET": Cell(api(403, davi=404, rosa=404, caio=403))},
    "api-study-scores": {"GET": Cell(api(403, davi=200, rosa=200, caio=403))},
    # For teams, who have a token and no account.
    "api-team-scores": {"GET": Cell(row(401)), "POST": Cell(row(401))},
    "api-batch": {"GET": Cell(api(403, **MANAGERS_ONLY))},
    "api-batch-closing": {"POST": Cell(api(403, davi=200), body={})},
    "api-batch-progress": {"GET": Cell(api(403, **RESULTS))},
    "api-batch-adjudication": {
        # Davi has the permission, but the batch in the address is still open.
        "POST": Cell(api(403, davi=409, caio=403), body={"readers": ["clara"]}),
    },
    "api-batch-extra-readings": {
        "POST": Cell(api(403, davi=409, caio=403), body={"readers": ["clara"]}),
    },
    "api-audit": {"GET": Cell(api(403, otto=200))},
    "api-audit-export": {"GET": Cell(api(403, otto=200))},
    "api-batch-agreement": {"GET": Cell(api(403, **RESULTS))},
    "api-batch-agreement-pairs": {"GET": Cell(api(403, **RESULTS))},
    "api-batch-agreement-errors": {"GET": Cell(api(403, **RESULTS))},
    "api-study-agreement-errors": {"GET": Cell(api(403, **RESULTS))},
    "api-study-agreement": {"GET": Cell(api(403, **RESULTS))},
    "api-study-agreement-pairs": {"GET": Cell(api(403, **RESULTS))},
}

PAGES: dict[str, dict[str, Cell]] = {
    # Redirects signed-in users to their next task.
    "home": {"GET": Cell(row(302, anonymous=200))},
    "language": {"POST": Cell(row(302))},
    "taxonomy": {"GET": Cell(public())},
    "livez": {"GET": Cell(public())},
    "readyz": {"GET": Cell(public())},
    "worklist": {"GET": Cell(page(200))},
    # The batch in the address is neither a pool nor a qualification set.
    "take-next": {"POST": Cell(page(404))},
    "feedback": {"GET": Cell(page(404))},
    # The study is open, so its readers see no results yet.
    "own-results": {"GET": Cell(page(404))},
    "own-results-file": {"GET": Cell(page(404))},
    "notices": {"GET": Cell(page(200)), "POST": Cell(page(302))},
    "desk": {"GET": Cell(page(404, ana=200))},
    "studies": {"GET": Cell(page(403, **MANAGERS_ONLY))},
    "study-new": {"GET": Cell(page(403, davi=200)), "POST": Cell(page(403, davi=400))},
    "study": {"GET": Cell(page(403, **MANAGERS_ONLY))},
    "study-consensus": {"GET": Cell(page(403, **MANAGERS_ONLY))},
    "study-disputes": {"GET": Cell(page(403, **MANAGERS_ONLY))},
    "study-disputes-file": {"GET": Cell(page(403, **RESULTS))},
    "study-disputes-assign": {
        "GET": Cell(page(403, davi=200, caio=403)),
        "POST": Cell(page(403, davi=400, caio=403)),
    },
    "study-explorer": {
        "GET": Cell(page(403, **MANAGERS_ONLY)),
        "POST": Cell(page(403, **dict.fromkeys(MANAGERS, 302))),
    },
    "study-explorer-progress": {"GET": Cell(page(403, **dict.fromkeys(MANAGERS, 404)))},
    "study-explorer-file": {"GET": Cell(page(403, **dict.fromkeys(MANAGERS, 404)))},
    "study-export": {
        "GET": Cell(page(403, davi=200, rosa=200, caio=403)),
        "POST": Cell(page(403, davi=302, rosa=302, caio=403)),
    },
    "study-export-progress": {"GET": Cell(page(403, davi=404, rosa=404))},
    "study-export-file": {"GET": Cell(page(403, davi=404, rosa=404, caio=403))},
    "study-releases": {
        "GET": Cell(page(403, davi=200, rosa=200, caio=403)),
        "POST": Cell(page(403, davi=400, rosa=400, caio=403)),
    },
    "study-release-progress": {"GET": Cell(page(403, davi=404, rosa=404))},
    "study-release-cancel": {"POST": Cell(page(403, davi=404, rosa=404))},
    "study-release-difference": {"GET": Cell(page(403, davi=404, rosa=404))},
    "study-release-file": {"GET": Cell(page(403, davi=404, rosa=404))},
    "study-scoring": {
        "GET": Cell(page(403, davi=200, rosa=200, caio=403)),
        # No label is embargoed, so there is nothing for a team to predict.
        "POST": Cell(
            page(403, davi=400, rosa=400, caio=403), body={"name": "Lab", "max_attempts": 3}
        ),
    },
    # There is no team with the key in the address.
    "scoring-team": {
        "GET": Cell(page(403, davi=404, rosa=404)),
        "POST": Cell(page(403, davi=404, rosa=404)),
    },
    "scoring-team-token": {"POST": Cell(page(403, davi=404, rosa=404))},
    "scoring-team-close": {"POST": Cell(page(403, davi=404, rosa=404))},
    "scoring-scores": {"GET": Cell(page(403, davi=404, rosa=404))},
    "scoring-scores-file": {"GET": Cell(page(403, davi=404, rosa=404))},
    "batch-new": {"GET": Cell(page(403, davi=200)), "POST": Cell(page(403, davi=400))},
    "batch": {"GET": Cell(page(403, **MANAGERS_ONLY))},
    "batch-close": {"POST": Cell(page(403, davi=302))},
    # The adjudicators of the batch in the address are not a committee.
    "session-begin": {"POST": Cell(page(403, davi=302, caio=403))},
    "session-end": {"POST": Cell(page(403, davi=302))},
    "batch-adjudicate": {"POST": Cell(page(403, davi=400, caio=403))},
    "batch-extra": {"POST": Cell(page(403, davi=400, caio=403))},
    "audit": {"GET": Cell(page(403, otto=200))},
    "audit-export": {"GET": Cell(page(403, otto=200))},
    "audit-event": {"GET": Cell(page(403, otto=200))},
    "datasets": {"GET": Cell(page(403, **MANAGERS_ONLY))},
    "dataset": {"GET": Cell(page(403, **MANAGERS_ONLY))},
}

SIGN_IN: dict[str, dict[str, Cell]] = {
    "sign-in": {"GET": Cell(row(302, anonymous=200)), "POST": Cell(row(302, anonymous=400))},
    "account_login": {"GET": Cell(row(302, anonymous=200)), "POST": Cell(row(302, anonymous=400))},
    # Redirects: the password step is still missing, or the user is signed in already.
    "mfa_authenticate": {"GET": Cell(row(302)), "POST": Cell(row(302))},
    "mfa_login_webauthn": {"GET": Cell(row(302)), "POST": Cell(row(302))},
    "sign-out": {"POST": Cell(row(302))},
    "account_logout": {"POST": Cell(row(302))},
    # A link without a token is invalid for everyone.
    "link": {"GET": Cell(row(403)), "POST": Cell(row(403))},
    "invitation": {"GET": Cell(row(403)), "POST": Cell(row(403))},
    "account_reset_password": {"GET": Cell(public()), "POST": Cell(row(400))},
    "account_reset_password_done": {"GET": Cell(public())},
    "account_reset_password_from_key": {"GET": Cell(public()), "POST": Cell(row(400))},
    "account_reset_password_from_key_done": {"GET": Cell(public())},
}

ACCOUNT: dict[str, dict[str, Cell]] = {
    "mfa_index": {"GET": Cell(page(200))},
    # None of these users has a password: they are redirected to set one, without confirming.
    "account_change_password": {"GET": Cell(page(302)), "POST": Cell(page(302))},
    "account_set_password": {"GET": Cell(page(200)), "POST": Cell(page(400))},
    "account_reauthenticate": {"GET": Cell(page(403)), "POST": Cell(page(403))},
    "mfa_reauthenticate": {"GET": Cell(page(403)), "POST": Cell(page(403))},
    "mfa_reauthenticate_webauthn": {"GET": Cell(page(403)), "POST": Cell(page(403))},
    "mfa_activate_totp": {"GET": Cell(page(200)), "POST": Cell(page(400))},
    # None of these users has a second factor to view or remove.
    "mfa_deactivate_totp": {"GET": Cell(page(404)), "POST": Cell(page(404))},
    "mfa_view_recovery_codes": {"GET": Cell(page(404))},
    "mfa_generate_recovery_codes": {"GET": Cell(page(200)), "POST": Cell(page(400))},
    "mfa_list_webauthn": {"GET": Cell(page(200))},
    "mfa_add_webauthn": {"GET": Cell(page(200)), "POST": Cell(page(400))},
    "mfa_edit_webauthn": {"GET": Cell(page(404)), "POST": Cell(page(404))},
    "mfa_remove_webauthn": {"GET": Cell(page(404)), "POST": Cell(page(404))},
    "usersessions_list": {"GET": Cell(page(200)), "POST": Cell(page(302))},
}

OWN_TOKENS: dict[str, dict[str, Cell]] = {
    "account-tokens": {"GET": Cell(page(200)), "POST": Cell(page(400))},
    "account-token-end": {"POST": Cell(page(404))},
}

PEOPLE: dict[str, dict[str, Cell]] = {
    "people": {"GET": Cell(page(403, davi=200))},
    "person-invite": {"GET": Cell(page(403, davi=200)), "POST": Cell(page(403, davi=400))},
    "person": {"GET": Cell(page(403, davi=200))},
    "person-link": {"POST": Cell(page(403, davi=302))},
    "person-vouch": {"POST": Cell(page(403, davi=302))},
    "person-end": {"POST": Cell(page(403, davi=302))},
    "person-second-factor": {"POST": Cell(page(403, davi=302))},
}

SETUP: dict[str, dict[str, Cell]] = {
    "study-start": {"GET": Cell(page(403, davi=200)), "POST": Cell(page(403, davi=400))},
    # The study in the address is open already, so setup is over.
    "study-setup-name": {"GET": Cell(page(403, davi=302)), "POST": Cell(page(403, davi=302))},
    "study-setup-reading": {"GET": Cell(page(403, davi=302)), "POST": Cell(page(403, davi=302))},
    "study-setup-check": {"GET": Cell(page(403, davi=302))},
    "study-open": {"POST": Cell(page(403, davi=302))},
    "study-lock": {"POST": Cell(page(403, davi=302))},
    "study-release": {"POST": Cell(page(403, davi=302))},
    "study-protocol": {"GET": Cell(page(403, **MANAGERS_ONLY))},
    "study-protocol-file": {"GET": Cell(page(403, **MANAGERS_ONLY))},
    "study-amend": {"GET": Cell(page(403, davi=200)), "POST": Cell(page(403, davi=400))},
    # Only a coordinator who reads in the study (Caio) has to break the glass.
    "study-break-glass": {
        "GET": Cell(page(403, davi=302, caio=200)),
        "POST": Cell(page(403, davi=302, caio=400)),
    },
    "study-readers": {
        "GET": Cell(page(403, **MANAGERS_ONLY)),
        "POST": Cell(page(403, davi=400)),
    },
    "study-reader": {"GET": Cell(page(403, davi=200)), "POST": Cell(page(403, davi=400))},
    "study-reassign": {"POST": Cell(page(403, davi=400, caio=403))},
    "study-exams": {"GET": Cell(page(403, davi=200)), "POST": Cell(page(403, davi=400))},
    "study-gold": {
        "GET": Cell(page(403, davi=200)),
        "POST": Cell(page(403, davi=400, caio=403)),
    },
    "study-plan": {"GET": Cell(page(403, davi=200)), "POST": Cell(page(403, davi=400))},
    "study-progress": {"GET": Cell(page(403, **MANAGERS_ONLY))},
    "study-progress-file": {"GET": Cell(page(403, **RESULTS))},
    "batch-release": {"POST": Cell(page(403, davi=302))},
    "batch-due": {"POST": Cell(page(403, davi=302))},
    "batch-discard": {"POST": Cell(page(403, davi=302))},
    "api-study-readers": {"GET": Cell(api(403, **MANAGERS_ONLY))},
    # All exams are planned, and the batch in the address is released.
    "api-study-plans": {"POST": Cell(api(403, davi=409), body={"name": "Another"})},
    "api-study-progress": {"GET": Cell(api(403, **RESULTS))},
    "api-batch-release": {"POST": Cell(api(403, davi=409), body={})},
    "api-batch-plan": {"DELETE": Cell(api(403, davi=409))},
}

# The batch in the address is open: its agreement is hidden and nothing is computed.
AGREEMENT_PARTS: dict[str, dict[str, Cell]] = {
    "": {"GET": Cell(page(403, **MANAGERS_ONLY))},
    "-readers": {"GET": Cell(page(403, **MANAGERS_ONLY))},
    "-reader": {"GET": Cell(page(403, **MANAGERS_ONLY))},
    "-suggestions": {"GET": Cell(page(403, **MANAGERS_ONLY))},
    "-certainty": {"GET": Cell(page(403, **MANAGERS_ONLY))},
    "-precision": {"GET": Cell(page(403, **MANAGERS_ONLY))},
    "-pair": {"GET": Cell(page(403, **MANAGERS_ONLY))},
    "-exams": {"GET": Cell(page(403, **MANAGERS_ONLY))},
    "-exam": {"GET": Cell(page(403, **MANAGERS_ONLY))},
    "-file": {"GET": Cell(page(403, **dict.fromkeys(MANAGERS, 404)))},
    "-report": {"GET": Cell(page(403, **MANAGERS_ONLY))},
    "-run": {"GET": Cell(page(403, **MANAGERS_ONLY))},
    "-computing": {"POST": Cell(page(403, davi=302))},
    "-cancelling": {"POST": Cell(page(403, davi=302))},
}
AGREEMENT: dict[str, dict[str, Cell]] = {
    f"{scope}-agreement{part}": methods
    for scope in ("batch", "study")
    for part, methods in AGREEMENT_PARTS.items()
}

SIGN_IN_AND_PEOPLE = {**SIGN_IN, **ACCOUNT, **OWN_TOKENS, **PEOPLE}
ADDRESSES = {**AGREEMENT, **SETUP, **API, **PAGES, **SIGN_IN_AND_PEOPLE}

METHOD_COMES_FIRST = {*SIGN_IN, *ACCOUNT, "language", "api-nowhere"}
"""Addresses that refuse an unknown method (405) before they check permissions."""

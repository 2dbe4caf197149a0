"""HTTP status of each refusal. The texts are in ``annotations.sentences.refusals``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404
from psycopg.errors import QueryCanceled
from rest_framework import exceptions, status

from annotations.api import parsers
from annotations.sentences import refusals as sentences
from annotations.sentences.refusals import Explanation
from annotations.services.refusals import Refusal

TYPE_BASE = "/api/docs/#"
"""Problem types are this address and the code; the docs page has an anchor for each code."""

INVALID = status.HTTP_400_BAD_REQUEST
FORBIDDEN = status.HTTP_403_FORBIDDEN
CONFLICT = status.HTTP_409_CONFLICT


@dataclass(frozen=True, slots=True)
class Problem:
    """The response to a refusal.

    Attributes:
        field: the field of the request that caused it.
        challenge: for a 401, the scheme of the header ``Authorization`` that is expected.
    """

    status: int
    field: str | None = None
    challenge: str = "Token"


PROBLEMS: Mapping[str, Problem] = {
    # Reading
    "stale-draft": Problem(CONFLICT, "based_on"),
    "already-submitted": Problem(CONFLICT),
    "batch-closed": Problem(CONFLICT),
    "study-locked": Problem(CONFLICT),
    "withdrawn": Problem(CONFLICT),
    "not-served": Problem(CONFLICT),
    "nothing-served": Problem(CONFLICT),
    "no-exam-now": Problem(CONFLICT),
    "key-reused": Problem(CONFLICT, "Idempotency-Key"),
    "decided-by-class": Problem(CONFLICT),
    "not-disputed": Problem(INVALID, "answers"),
    "decisions-missing": Problem(INVALID, "answers"),
    "overruling-reason-missing": Problem(INVALID, "answers"),
    "readability-not-asked": Problem(INVALID, "is_unreadable"),
    "audit-form-missing": Problem(INVALID, "audit_form"),
    "other-stage": Problem(CONFLICT),
    "waits-for-committee": Problem(CONFLICT),
    "unknown-class": Problem(INVALID, "findings"),
    "repeated-class": Problem(INVALID, "findings"),
    "exclusive-class": Problem(INVALID, "findings"),
    "unreadable-with-findings": Problem(INVALID, "findings"),
    "two-states": Problem(INVALID, "not_assessable"),
    "unknown-tracing": Problem(INVALID, "findings"),
    "abstained-with-findings": Problem(INVALID, "outcome"),
    "abstained-from-unreadable": Problem(INVALID, "outcome"),
    "quality-missing": Problem(INVALID, "quality"),
    "unknown-suggestion": Problem(INVALID, "decisions"),
    "accepted-not-found": Problem(INVALID, "decisions"),
    "nothing-to-revise": Problem(CONFLICT),
    "nothing-shown": Problem(CONFLICT),
    "already-revised": Problem(CONFLICT),
    "not-the-latest": Problem(CONFLICT, "supersedes"),
    "reading-final": Problem(CONFLICT, "supersedes"),
    "still-reading": Problem(FORBIDDEN),
    # Studies
    "name-taken": Problem(INVALID, "name"),
    "study-not-open": Problem(CONFLICT),
    "not-this-phase": Problem(CONFLICT),
    "reason-missing": Problem(INVALID, "reason"),
    "consensus-due": Problem(CONFLICT),
    "nothing-to-compare": Problem(CONFLICT),
    "invalid-protocol": Problem(INVALID),
    "not-a-reader": Problem(INVALID, "readers"),
    "level-too-low": Problem(INVALID, "readers"),
    "has-left": Problem(INVALID, "readers"),
    "knows-results": Problem(INVALID, "readers"),
    "status-unchanged": Problem(CONFLICT),
    "study-has-begun": Problem(CONFLICT),
    "nothing-to-add": Problem(CONFLICT),
    "already-in-study": Problem(CONFLICT),
    "pool-too-large": Problem(CONFLICT),
    "already-given": Problem(CONFLICT),
    "strata-hidden": Problem(FORBIDDEN),
    # Batches
    "design-refused": Problem(INVALID),
    "mixed-with-data": Problem(INVALID, "exams"),
    "same-recording": Problem(INVALID, "exams"),
    "reference-file-unreadable": Problem(INVALID),
    "reference-columns": Problem(INVALID),
    "reference-line": Problem(INVALID),
    "reference-twice": Problem(INVALID),
    "is-gold": Problem(INVALID, "exams"),
    "gold-in-use": Problem(CONFLICT),
    "no-unused-gold": Problem(CONFLICT),
    "too-few-gold": Problem(CONFLICT),
    "gold-with-pool": Problem(CONFLICT),
    "no-tracings": Problem(INVALID, "exams"),
    "due-before-today": Problem(INVALID, "due_on"),
    "already-released": Problem(CONFLICT),
    "already-closed": Problem(CONFLICT),
    "no-exams": Problem(INVALID, "exams"),
    "no-readers": Problem(INVALID, "readers"),
    "too-few-readers": Problem(INVALID, "readers"),
    "too-many-readings": Problem(INVALID, "exams"),
    "nothing-to-plan": Problem(CONFLICT),
    "too-many-batches": Problem(INVALID, "n_batches"),
    "already-read": Problem(INVALID, "readers"),
    "already-sent": Problem(INVALID, "readers"),
    "readings-incomplete": Problem(INVALID, "exams"),
    "not-a-committee": Problem(INVALID, "readers"),
    "not-a-member": Problem(INVALID, "attendees"),
    "session-running": Problem(CONFLICT),
    "no-session": Problem(CONFLICT),
    "nothing-to-draw": Problem(INVALID, "exams"),
    "batch-still-open": Problem(CONFLICT),
    "nothing-undecided": Problem(CONFLICT),
    "rule-ignores-adjudication": Problem(CONFLICT),
    "rule-takes-no-extra-readers": Problem(CONFLICT),
    "extra-reading-open": Problem(CONFLICT),
    "adjudication-open": Problem(CONFLICT),
    "extra-readers-missing": Problem(INVALID, "readers"),
    "no-mapping": Problem(CONFLICT),
    "nothing-waits": Problem(CONFLICT),
    "nobody-to-read-them": Problem(INVALID),
    "same-reader": Problem(INVALID),
    "reader-paused": Problem(INVALID),
    "unknown-exams": Problem(INVALID),
    "unknown-reference-classes": Problem(INVALID),
    "contradictory-reference": Problem(INVALID),
    "knows-answers": Problem(INVALID),
    "seen-before": Problem(INVALID),
    "unknown-source-keys": Problem(INVALID),
    "already-compared": Problem(CONFLICT),
    "nothing-to-reread": Problem(CONFLICT),
    "mapping-exists": Problem(CONFLICT),
    # People
    "user-name-taken": Problem(INVALID),
    "email-taken": Problem(INVALID),
    "not-invitable": Problem(INVALID),
    "not-a-person": Problem(INVALID),
    "voucher-blinded": Problem(FORBIDDEN),
    "link-not-mailed": Problem(FORBIDDEN),
    "second-factor-missing": Problem(FORBIDDEN),
    "second-factor-not-shown": Problem(FORBIDDEN),
    "out-of-scope": Problem(FORBIDDEN),
    "too-many-tokens": Problem(CONFLICT),
    # Results
    "run-finished": Problem(CONFLICT),
    "archive-not-ready": Problem(CONFLICT),
    "nothing-to-release": Problem(CONFLICT),
    "results-hidden": Problem(CONFLICT),
    "licence-unknown": Problem(INVALID, "licence"),
    "licence-forbids": Problem(INVALID, "licence"),
    "no-signals": Problem(INVALID, "has_signals"),
    "format-unavailable": Problem(INVALID, "formats"),
    "bad-folds": Problem(INVALID, "n_folds"),
    "embargo-without-folds": Problem(INVALID, "embargo"),
    "labels-published": Problem(CONFLICT, "embargo"),
    "embargo-empty": Problem(CONFLICT),
    "embargo-broken": Problem(CONFLICT),
    "nothing-embargoed": Problem(CONFLICT),
    "embargo-lifted": Problem(CONFLICT),
    "unknown-team": Problem(status.HTTP_401_UNAUTHORIZED, challenge="Bearer"),
    "team-name-taken": Problem(CONFLICT),
    "bad-attempts": Problem(INVALID),
    "team-closed": Problem(CONFLICT),
    "no-attempts-left": Problem(CONFLICT),
    "predictions-unreadable": Problem(INVALID),
    "release-in-progress": Problem(CONFLICT),
    "version-taken": Problem(CONFLICT),
    "release-not-ready": Problem(CONFLICT),
    "release-finished": Problem(CONFLICT),
    "release-inputs-changed": Problem(CONFLICT),
    "archive-outdated": Problem(CONFLICT),
    "too-many-events": Problem(INVALID),
    # Imports
    "unknown-exam-names": Problem(INVALID),
    "nothing-to-import": Problem(INVALID),
    "not-an-import": Problem(CONFLICT),
    "other-number": Problem(CONFLICT),
    "other-name": Problem(CONFLICT),
    "readings-differ": Problem(CONFLICT),
    "too-many-imported": Problem(INVALID),
    "two-kinds": Problem(INVALID),
    "unknown-reader": Problem(INVALID),
    # Requests
    "invalid": Problem(INVALID),
    "not-json": Problem(INVALID),
    "not-authenticated": Problem(status.HTTP_401_UNAUTHORIZED),
    "forbidden": Problem(FORBIDDEN),
    "not-found": Problem(status.HTTP_404_NOT_FOUND),
    "method-not-allowed": Problem(status.HTTP_405_METHOD_NOT_ALLOWED),
    "too-large": Problem(status.HTTP_413_REQUEST_ENTITY_TOO_LARGE),
    "unsupported-media-type": Problem(status.HTTP_415_UNSUPPORTED_MEDIA_TYPE),
    "throttled": Problem(status.HTTP_429_TOO_MANY_REQUESTS),
    "unavailable": Problem(status.HTTP_503_SERVICE_UNAVAILABLE),
    "timed-out": Problem(status.HTTP_503_SERVICE_UNAVAILABLE),
}

FRAMEWORK: Mapping[type[Exception], str] = {
    parsers.TooLarge: "too-large",
    RequestDataTooBig: "too-large",
    exceptions.ValidationError: "invalid",
    exceptions.ParseError: "not-json",
    exceptions.UnsupportedMediaType: "unsupported-media-type",
    exceptions.MethodNotAllowed: "method-not-allowed",
    exceptions.AuthenticationFailed: "not-authenticated",
    exceptions.NotAuthenticated: "not-authenticated",
    exceptions.Throttled: "throttled",
    exceptions.PermissionDenied: "forbidden",
    PermissionDenied: "forbidden",
    exceptions.NotFound: "not-found",
    Http404: "not-found",
    ObjectDoesNotExist: "not-found",
    OperationalError: "unavailable",
}
"""Codes of the exceptions that Django and its REST framework raise.

Only the parser's messages are passed on. Others could reveal what exists or where the database is.
"""


def explain(error: Exception) -> Explanation | None:
    """Return the explanation of ``error`` for clients; None if it is unexpected (HTTP 500)."""
    if isinstance(error, (Refusal, *sentences.DOMAIN)):
        return sentences.explain(error)
    if is_timeout(error):
        return sentences.of_code("timed-out")
    code = next((FRAMEWORK[base] for base in type(error).__mro__ if base in FRAMEWORK), None)
    return sentences.of_code(code, {"reason": error}) if code else None


def is_timeout(error: Exception) -> bool:
    """Whether PostgreSQL canceled the query because of its statement timeout."""
    return isinstance(error, OperationalError) and isinstance(error.__cause__, QueryCanceled)

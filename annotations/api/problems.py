"""The one table from refusals to HTTP: what a client is told about each, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404
from psycopg.errors import QueryCanceled
from rest_framework import exceptions, status

from annotations.api import parsers
from annotations.services.assignment import batches, guards, leases, plans
from annotations.services.audit import browse
from annotations.services.blinding import rules
from annotations.services.consensus import adjudications
from annotations.services.exams.same_recordings import SameRecording
from annotations.services.export import jobs
from annotations.services.people import sign_in, tokens
from annotations.services.reading import (
    content,
    corrections,
    drafts,
    revisions,
    signing,
    suggestion_decisions,
)
from annotations.services.studies import lifecycle, roster
from annotations.services.taxonomy import mappings
from ecgreview import design, protocol

TYPE_BASE = "/api/docs/#"
"""The docs page has a section for each type of problem."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What a client is told about one kind of refusal; the docs page lists them all."""

    status: int
    slug: str
    title: str
    hint: str
    field: str | None = None


INVALID = Problem(
    status.HTTP_400_BAD_REQUEST,
    "invalid",
    "The request has fields that cannot be accepted.",
    "Correct the fields named in errors and send the request again.",
)
NOT_FOUND = Problem(
    status.HTTP_404_NOT_FOUND,
    "not-found",
    "There is no such object, or it is not yours to see.",
    "Check the address; ask a coordinator if you expected to have this object.",
)
FORBIDDEN = Problem(
    status.HTTP_403_FORBIDDEN,
    "forbidden",
    "Your role does not allow this.",
    "Ask a coordinator, or sign in as somebody who may do this.",
)
TOO_LARGE = Problem(
    status.HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    "too-large",
    "The body is too large.",
    "Send less at once.",
)
UNAVAILABLE = Problem(
    status.HTTP_503_SERVICE_UNAVAILABLE,
    "unavailable",
    "The database does not answer.",
    "Nothing was changed. Send the same request again in a few seconds.",
)
TIMED_OUT = Problem(
    status.HTTP_503_SERVICE_UNAVAILABLE,
    "timed-out",
    "The database needed too long for this request and gave it up.",
    "Nothing was changed. Wait as long as Retry-After says and ask for less at once: a smaller "
    "limit, or one batch instead of a study. If it stays, tell whoever runs the server.",
)

PROBLEMS: dict[type[Exception], Problem] = {
    drafts.StaleDraft: Problem(
        status.HTTP_409_CONFLICT,
        "stale-draft",
        "The draft was changed elsewhere in the meantime.",
        "Compare your version with the draft in this answer and save on top of its version.",
        "based_on",
    ),
    guards.AlreadySubmitted: Problem(
        status.HTTP_409_CONFLICT,
        "already-submitted",
        "This exam has been submitted; a submitted reading never changes.",
        "Go on with the next exam.",
    ),
    guards.BatchClosed: Problem(
        status.HTTP_409_CONFLICT,
        "batch-closed",
        "The batch is closed and takes no more readings.",
        "Ask the coordinator of the study.",
    ),
    signing.KeyReused: Problem(
        status.HTTP_409_CONFLICT,
        "key-reused",
        "This idempotency key belongs to another submission.",
        "Send a fresh random UUID as Idempotency-Key.",
        "Idempotency-Key",
    ),
    content.UnknownClass: Problem(
        status.HTTP_400_BAD_REQUEST,
        "unknown-class",
        "A class is not in the taxonomy of the study.",
        "Use the codes of /api/classes/.",
        "findings",
    ),
    content.RepeatedClass: Problem(
        status.HTTP_400_BAD_REQUEST,
        "repeated-class",
        "A class is given more than once.",
        "Give each class once, with one certainty.",
        "findings",
    ),
    content.ExclusiveClass: Problem(
        status.HTTP_400_BAD_REQUEST,
        "exclusive-class",
        "A class that stands alone was given beside others.",
        "Remove the other classes, or this one.",
        "findings",
    ),
    content.UnreadableWithFindings: Problem(
        status.HTTP_400_BAD_REQUEST,
        "unreadable-with-findings",
        "An unreadable exam has no findings.",
        "Remove the findings, or choose another quality.",
        "findings",
    ),
    content.TwoStates: Problem(
        status.HTTP_400_BAD_REQUEST,
        "two-states",
        "A class is given as present and as not assessable.",
        "Say one of the two of each class.",
        "not_assessable",
    ),
    content.UnknownTracing: Problem(
        status.HTTP_400_BAD_REQUEST,
        "unknown-tracing",
        "Something is marked in a tracing that the exam does not have.",
        "Use the positions of the exam's tracings.",
        "findings",
    ),
    content.AbstainedWithFindings: Problem(
        status.HTTP_400_BAD_REQUEST,
        "abstained-with-findings",
        "An abstention cannot include findings.",
        "Remove the findings and what is not assessable, or do not abstain.",
        "outcome",
    ),
    content.AbstainedFromUnreadable: Problem(
        status.HTTP_400_BAD_REQUEST,
        "abstained-from-unreadable",
        "That an exam is unreadable is a reading, and no abstention.",
        "Submit it as unreadable, or leave the quality out.",
        "outcome",
    ),
    content.QualityMissing: Problem(
        status.HTTP_400_BAD_REQUEST,
        "quality-missing",
        "The quality of the signal is not said.",
        "Say how well the signal can be read.",
        "quality",
    ),
    suggestion_decisions.UnknownSuggestion: Problem(
        status.HTTP_400_BAD_REQUEST,
        "unknown-suggestion",
        "A decision is on something that was not suggested to you.",
        "Decide on the suggestions that the study showed you for this exam.",
        "decisions",
    ),
    suggestion_decisions.AcceptedWithoutFinding: Problem(
        status.HTTP_400_BAD_REQUEST,
        "accepted-not-found",
        "A suggestion is accepted, and its class is not among the findings.",
        "Add the finding, or decide otherwise.",
        "decisions",
    ),
    revisions.NothingToRevise: Problem(
        status.HTTP_409_CONFLICT,
        "nothing-to-revise",
        "There is no reading of yours that could be revised.",
        "Submit your reading first.",
    ),
    revisions.NothingShown: Problem(
        status.HTTP_409_CONFLICT,
        "nothing-shown",
        "Nothing was suggested to you after your reading.",
        "Look at the suggestions first, where the study shows them.",
    ),
    revisions.AlreadyRevised: Problem(
        status.HTTP_409_CONFLICT,
        "already-revised",
        "This reading has been revised; that is done once.",
        "Go on with the next exam.",
    ),
    corrections.NotTheLatest: Problem(
        status.HTTP_409_CONFLICT,
        "not-the-latest",
        "The reading that is to be corrected does not stand any more.",
        "It was corrected elsewhere: open the exam again and look at what stands.",
        "supersedes",
    ),
    corrections.ReadingFinal: Problem(
        status.HTTP_409_CONFLICT,
        "reading-final",
        "The reading can no longer be taken back.",
        "What was submitted stands.",
        "supersedes",
    ),
    guards.Withdrawn: Problem(
        status.HTTP_409_CONFLICT,
        "withdrawn",
        "This exam is no longer yours to read.",
        "What you entered is kept. Ask the coordinator of the study.",
    ),
    guards.StudyNotOpen: Problem(
        status.HTTP_409_CONFLICT,
        "study-locked",
        "The study is locked and takes no more readings.",
        "What you entered is kept. Ask the coordinator of the study.",
    ),
    protocol.InvalidProtocol: Problem(
        status.HTTP_400_BAD_REQUEST,
        "invalid-protocol",
        "The study cannot be run under this protocol.",
        "Correct the settings named in errors; docs/reference/protocol.md explains each.",
    ),
    lifecycle.NotOpen: Problem(
        status.HTTP_409_CONFLICT,
        "study-not-open",
        "The study is not open.",
        "Open a draft first; nothing is read any more in a study that is locked.",
    ),
    lifecycle.NotThisPhase: Problem(
        status.HTTP_409_CONFLICT,
        "not-this-phase",
        "The study is in a phase that does not allow this.",
        "Look at its phase: draft, open, locked, released; it only goes forward.",
    ),
    lifecycle.ReasonMissing: Problem(
        status.HTTP_400_BAD_REQUEST,
        "reason-missing",
        "This needs a reason.",
        "Say why: it is written into the audit trail.",
        "reason",
    ),
    lifecycle.ConsensusPending: Problem(
        status.HTTP_409_CONFLICT,
        "consensus-due",
        "The consensus of the study is still being computed.",
        "Try again in a minute.",
    ),
    roster.LevelTooLow: Problem(
        status.HTTP_400_BAD_REQUEST,
        "level-too-low",
        "Somebody named is less experienced than the protocol asks.",
        "Name more experienced readers, or amend the protocol.",
        "readers",
    ),
    roster.HasLeft: Problem(
        status.HTTP_400_BAD_REQUEST,
        "has-left",
        "Somebody named was withdrawn from the study.",
        "Name other readers.",
        "readers",
    ),
    roster.StatusUnchanged: Problem(
        status.HTTP_409_CONFLICT,
        "status-unchanged",
        "The reader has this status already, or has left for good.",
        "Nothing needs to be done.",
    ),
    batches.MixedWithData: Problem(
        status.HTTP_400_BAD_REQUEST,
        "mixed-with-data",
        "Some of these exams are practised with and read as data in one study.",
        "Choose other exams: practice never mixes with data.",
        "exams",
    ),
    SameRecording: Problem(
        status.HTTP_400_BAD_REQUEST,
        "same-recording",
        "Some of these exams hold one recording, or one that the study has already.",
        "Keep one exam of each recording: a reader would read it twice without knowing.",
        "exams",
    ),
    batches.NoTracings: Problem(
        status.HTTP_400_BAD_REQUEST,
        "no-tracings",
        "Some of these exams have no tracings: only readings of them were imported.",
        "Choose exams that can be read.",
        "exams",
    ),
    batches.DueBeforeToday: Problem(
        status.HTTP_400_BAD_REQUEST,
        "due-before-today",
        "The day by which the batch is due is over.",
        "Choose today or a later day.",
        "due_on",
    ),
    batches.AlreadyReleased: Problem(
        status.HTTP_409_CONFLICT,
        "already-released",
        "The batch was released before.",
        "Nothing needs to be done.",
    ),
    design.DesignRefused: Problem(
        status.HTTP_400_BAD_REQUEST,
        "design-refused",
        "The exams cannot be dealt among the readers as the protocol says.",
        "Add readers, raise their limits, or plan fewer or larger batches; detail says which.",
    ),
    plans.NothingToPlan: Problem(
        status.HTTP_409_CONFLICT,
        "nothing-to-plan",
        "Every exam of the study has its readers.",
        "Add exams to the study first.",
    ),
    plans.TooManyBatches: Problem(
        status.HTTP_400_BAD_REQUEST,
        "too-many-batches",
        "There are fewer exams than batches.",
        "Ask for fewer batches.",
        "n_batches",
    ),
    lifecycle.NameTaken: Problem(
        status.HTTP_400_BAD_REQUEST,
        "name-taken",
        "A study of this name exists.",
        "Choose another name.",
        "name",
    ),
    batches.NameTaken: Problem(
        status.HTTP_400_BAD_REQUEST,
        "name-taken",
        "The study has a batch of this name.",
        "Choose another name.",
        "name",
    ),
    batches.NoExams: Problem(
        status.HTTP_400_BAD_REQUEST,
        "no-exams",
        "A batch needs at least one exam.",
        "Name exams by their codes, see /api/exams/.",
        "exams",
    ),
    batches.NoReaders: Problem(
        status.HTTP_400_BAD_REQUEST,
        "no-readers",
        "A batch needs at least one reader.",
        "Name readers by their user names.",
        "readers",
    ),
    batches.TooManyReadings: Problem(
        status.HTTP_400_BAD_REQUEST,
        "too-many-readings",
        "Exams times readers is more than one batch holds.",
        "Open several batches.",
        "exams",
    ),
    roster.NotAReader: Problem(
        status.HTTP_400_BAD_REQUEST,
        "not-a-reader",
        "Somebody named is not allowed to read this.",
        "Name people who have the role of a reader or adjudicator.",
        "readers",
    ),
    adjudications.AlreadyRead: Problem(
        status.HTTP_400_BAD_REQUEST,
        "already-read",
        "Somebody named has read some of these exams: nobody judges themselves.",
        "Name adjudicators who did not read in this batch.",
        "readers",
    ),
    roster.KnowsResults: Problem(
        status.HTTP_400_BAD_REQUEST,
        "knows-results",
        "Somebody named was shown what others found in some of these exams.",
        "Name people who have not looked at results of batches with these exams.",
        "readers",
    ),
    batches.AlreadyClosed: Problem(
        status.HTTP_409_CONFLICT,
        "already-closed",
        "The batch was closed before.",
        "Nothing needs to be done.",
    ),
    adjudications.BatchStillOpen: Problem(
        status.HTTP_409_CONFLICT,
        "batch-still-open",
        "The batch still takes readings.",
        "Close the batch first.",
    ),
    adjudications.NothingDisputed: Problem(
        status.HTTP_409_CONFLICT,
        "nothing-undecided",
        "The readers disagree about no exam of this batch.",
        "Nothing needs to be done.",
    ),
    browse.TooManyEvents: Problem(
        status.HTTP_400_BAD_REQUEST,
        "too-many-events",
        "More events are asked for than are handed out at once.",
        "Ask for a shorter span of time, or run manage.py export_audit on the server.",
    ),
    mappings.NoMapping: Problem(
        status.HTTP_409_CONFLICT,
        "no-mapping",
        "No mapping leads from the classes of earlier readings to those of the study.",
        "Install the mapping on the server with manage.py import_taxonomy.",
    ),
    leases.NothingAvailable: Problem(
        status.HTTP_409_CONFLICT,
        "nothing-served",
        "Nothing is handed out to you in this study for now.",
        "Your reading is paused, or a qualification comes first: ask the coordinator.",
    ),
    guards.ReaderNotEligible: Problem(
        status.HTTP_409_CONFLICT,
        "not-served",
        "This exam is not handed out to you now.",
        "Your reading is paused, or its qualification comes first. What you entered is kept.",
    ),
    rules.ReaderStillBlinded: Problem(
        status.HTTP_403_FORBIDDEN,
        "still-reading",
        "You read in this study, so its results are hidden from you.",
        "Come back when the study is locked.",
    ),
    sign_in.SecondFactorMissing: Problem(
        status.HTTP_403_FORBIDDEN,
        "second-factor-missing",
        "Your role needs a second factor, and you have none yet.",
        "Sign in on the site and set one up; then send the same request again.",
    ),
    sign_in.SecondFactorNotShown: Problem(
        status.HTTP_403_FORBIDDEN,
        "second-factor-not-shown",
        "This session began without your second factor.",
        "Sign out, sign in with it, and send the same request again.",
    ),
    tokens.OutOfScope: Problem(
        status.HTTP_403_FORBIDDEN,
        "out-of-scope",
        "This token may not do that, though you may.",
        "Make a token with a larger scope under My account.",
    ),
    tokens.TooManyTokens: Problem(
        status.HTTP_409_CONFLICT,
        "too-many-tokens",
        "You have five tokens, as many as one may have.",
        "Revoke your tokens with DELETE, or wait until one has expired.",
    ),
    parsers.TooLarge: TOO_LARGE,
    RequestDataTooBig: TOO_LARGE,
    exceptions.ValidationError: INVALID,
    exceptions.ParseError: Problem(
        status.HTTP_400_BAD_REQUEST,
        "not-json",
        "The body is not JSON.",
        "Send UTF-8 JSON with Content-Type: application/json.",
    ),
    exceptions.UnsupportedMediaType: Problem(
        status.HTTP_415_UNSUPPORTED_MEDIA_TYPE,
        "unsupported-media-type",
        "Only JSON is accepted.",
        "Send Content-Type: application/json.",
    ),
    exceptions.MethodNotAllowed: Problem(
        status.HTTP_405_METHOD_NOT_ALLOWED,
        "method-not-allowed",
        "This address does not have this method.",
        "The methods it has are in the header Allow.",
    ),
    exceptions.AuthenticationFailed: Problem(
        status.HTTP_401_UNAUTHORIZED,
        "not-authenticated",
        "The token is not valid.",
        "Make a new token; tokens expire after 90 days.",
    ),
    exceptions.NotAuthenticated: Problem(
        status.HTTP_401_UNAUTHORIZED,
        "not-authenticated",
        "You are not signed in.",
        "Sign in, or send Authorization: Token followed by your token.",
    ),
    jobs.NotReady: Problem(
        status.HTTP_409_CONFLICT,
        "archive-not-ready",
        "The archive is not ready.",
        "Ask for its status until it says ready; if it says failed, ask for a new one.",
    ),
    jobs.Outdated: Problem(
        status.HTTP_409_CONFLICT,
        "archive-outdated",
        "The archive holds results that are no longer open.",
        "Ask for a new one with POST to the study's archives.",
    ),
    exceptions.Throttled: Problem(
        status.HTTP_429_TOO_MANY_REQUESTS,
        "throttled",
        "Too many requests.",
        "Wait as long as the header Retry-After says.",
    ),
    exceptions.PermissionDenied: FORBIDDEN,
    PermissionDenied: FORBIDDEN,
    exceptions.NotFound: NOT_FOUND,
    Http404: NOT_FOUND,
    ObjectDoesNotExist: NOT_FOUND,
    OperationalError: UNAVAILABLE,
}

SILENT = frozenset({NOT_FOUND, UNAVAILABLE, TIMED_OUT})
"""Their messages could tell what exists, or where the database is."""


def problem_of(error: Exception) -> Problem | None:
    """Return what a client is told about ``error``; None for a defect of ours (HTTP 500)."""
    if is_timeout(error):
        return TIMED_OUT
    return next((PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS), None)


def is_timeout(error: Exception) -> bool:
    """Tell whether the database gave a statement up because it took too long."""
    return isinstance(error, OperationalError) and isinstance(error.__cause__, QueryCanceled)

"""What each refusal says: the one catalog for pages, API, desk and commands, translated.

Each has two sentences: the first says what is wrong and is the same every time; the second says
what to do and names what it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from annotations.models import Exam, User
from annotations.sentences import protocols
from annotations.services.refusals import Refusal
from ecgreview import design, protocol, published_readings
from ecgreview.strict_files import Problem


@dataclass(frozen=True, slots=True)
class Explanation:
    """A refusal as one person reads it, in the language in use."""

    code: str
    title: str
    hint: str

    def __str__(self) -> str:
        return f"{self.title} {self.hint}"


NOTHING_TO_DO = _("Nothing needs to be done.")
NEXT_EXAM = _("Continue with the next exam.")
ASK_COORDINATOR = _("Ask the coordinator of the study.")
KEPT = _("What you entered is kept. Ask the coordinator of the study.")
OTHER_NAME = _("Choose a name other than %(name)s.")
OTHER_EXAMS = _("Choose other exams instead of %(exams)s.")
OTHER_READERS = _("Choose other readers instead of %(readers)s.")

Sentences = Mapping[str, tuple[Promise, Promise | str]]

READING: Sentences = {
    "stale-draft": (
        _("This draft was changed in another window or on another device."),
        _("Compare your version with the stored one, then save again."),
    ),
    "already-submitted": (
        _("You have already submitted this exam, and a submitted reading does not change."),
        NEXT_EXAM,
    ),
    "batch-closed": (
        _("The batch is closed and takes no more readings."),
        ASK_COORDINATOR,
    ),
    "study-locked": (
        _("The study is locked and takes no more readings."),
        KEPT,
    ),
    "withdrawn": (_("This exam is no longer assigned to you."), KEPT),
    "not-served": (
        _("You cannot read this exam right now."),
        _(
            "Your reading is paused, or you need to pass a qualification first. What you entered"
            " is kept."
        ),
    ),
    "nothing-served": (
        _("This study has no exams for you right now."),
        _(
            "Your reading is paused, or you need to pass a qualification first: ask the"
            " coordinator."
        ),
    ),
    "no-exam-now": (
        _("No exam of this batch is free for you right now."),
        _("Look again later."),
    ),
    "key-reused": (
        _("This idempotency key belongs to another submission."),
        _("Send a new random UUID as Idempotency-Key."),
    ),
    "unknown-class": (
        _("Some of these classes are not in the study's list."),
        _("Choose classes of the study instead of %(codes)s."),
    ),
    "repeated-class": (
        _("A class is given more than once."),
        _("Give %(codes)s only once."),
    ),
    "exclusive-class": (
        _("A class that excludes all others is given together with others."),
        _("Remove %(codes)s, or remove the other classes."),
    ),
    "unreadable-with-findings": (
        _("An unreadable exam cannot have findings."),
        _("Remove %(codes)s, or choose another signal quality."),
    ),
    "two-states": (
        _("A class is marked as present and as not assessable."),
        _("Choose one of the two for %(codes)s."),
    ),
    "unknown-tracing": (
        _("A mark or measurement is in a tracing that this exam does not have."),
        _("Remove it from %(codes)s, or use the number of one of the exam's tracings."),
    ),
    "abstained-with-findings": (
        _("An abstention cannot include findings."),
        _("Remove your findings before abstaining: %(codes)s."),
    ),
    "abstained-from-unreadable": (
        _("Marking an exam unreadable counts as a reading; it is not an abstention."),
        _("Submit it as unreadable, or clear the signal quality to abstain."),
    ),
    "quality-missing": (
        _("The signal quality is missing."),
        _("Choose how well the signal can be read."),
    ),
    "unknown-suggestion": (
        _("You decided on something that was not suggested to you."),
        _("Remove your decision on %(codes)s."),
    ),
    "accepted-not-found": (
        _("You accepted a suggestion that is not among your findings."),
        _("Add %(codes)s to your findings, or change your decision."),
    ),
    "nothing-to-revise": (
        _("You have no reading of this exam that you could revise."),
        _("Submit your reading first."),
    ),
    "nothing-shown": (
        _("You have not seen any suggestions since you submitted your reading."),
        _("Look at the suggestions first, if the study shows them."),
    ),
    "already-revised": (
        _("You have already revised this reading, which can be done only once."),
        NEXT_EXAM,
    ),
    "not-the-latest": (
        _("The reading that you want to correct has been replaced by another."),
        _("Open the exam again to see the current reading."),
    ),
    "reading-final": (
        _("This reading can no longer be taken back."),
        _("It stays as you submitted it."),
    ),
    "still-reading": (
        _("You read in this study, so its results are hidden from you."),
        _("Come back when the study is locked."),
    ),
}

STUDIES: Sentences = {
    "name-taken": (_("This name is already taken."), OTHER_NAME),
    "study-not-open": (
        _("The study is not open."),
        _("Open the study if it is a draft. A locked study cannot be opened again."),
    ),
    "not-this-phase": (
        _("The study's current phase does not allow this."),
        _("Its phase is: %(phase)s. A study goes from draft to open, locked and released."),
    ),
    "reason-missing": (
        _("The reason is missing."),
        _("Say why you do this: the reason is recorded in the audit trail."),
    ),
    "consensus-due": (
        _("The consensus of the study is still being computed."),
        _("Try again in a minute."),
    ),
    "invalid-protocol": (
        _("The study cannot be run under this protocol."),
        _("Correct these settings: %(problems)s"),
    ),
    "not-a-reader": (
        _("Some of the people you chose cannot be given exams here."),
        _("Choose people with an active account and a role that reads instead of %(readers)s."),
    ),
    "level-too-low": (
        _("Some readers are less experienced than the protocol requires."),
        _("Choose more experienced readers instead of %(readers)s, or amend the protocol."),
    ),
    "has-left": (
        _("Some of the people you chose have been withdrawn from the study for good."),
        OTHER_READERS,
    ),
    "knows-results": (
        _("Some readers have seen results of these exams and cannot read them blind."),
        OTHER_READERS,
    ),
    "status-unchanged": (
        _("The reader has this status already, or has left the study for good."),
        NOTHING_TO_DO,
    ),
    "study-has-begun": (
        _("The study has begun, so nobody can be taken off its list of readers."),
        _("Withdraw the reader and say why."),
    ),
    "nothing-to-add": (
        _("Not enough exams are left for this."),
        _("Choose other exams, or fewer."),
    ),
    "pool-too-large": (
        _("The study would have too many exams."),
        _("Choose fewer: a study can have at most %(limit)s exams."),
    ),
    "already-given": (
        _("Readers already have more of the exams that everybody reads."),
        _("Choose at least %(n)s."),
    ),
    "strata-hidden": (
        _("You read in this study, so you cannot choose exams by what they show."),
        _("Ask a coordinator who does not read in it."),
    ),
}

BATCHES: Sentences = {
    "mixed-with-data": (
        _("In one study, the same exam cannot be used for practice and as data."),
        OTHER_EXAMS,
    ),
    "same-recording": (
        _("Some of these exams hold the same recording, or one that the study already has."),
        _("Keep one of each, or somebody would read a recording twice: %(exams)s."),
    ),
    "no-tracings": (
        _("Some of these exams have no tracings, so nobody can read them."),
        OTHER_EXAMS,
    ),
    "due-before-today": (
        _("The due date has passed."),
        _("Choose today or a later day."),
    ),
    "already-released": (
        _("The batch has already been released."),
        _("Its readers have it. Close it if nobody should read it any more."),
    ),
    "already-closed": (_("The batch has already been closed."), NOTHING_TO_DO),
    "no-exams": (_("A batch needs at least one exam."), _("Choose exams by their codes.")),
    "no-readers": (
        _("A batch needs at least one reader."),
        _("Add readers to the study, or resume some who are paused."),
    ),
    "too-few-readers": (
        _("Each exam needs more readers than there are."),
        _(
            "Add readers, or let fewer people read each exam: %(needed)s are needed, %(available)s"
            " may read."
        ),
    ),
    "too-many-readings": (
        _("These are more readings than one batch can hold."),
        _("Plan fewer exams at a time: %(n)s readings, and at most %(limit)s are possible."),
    ),
    "nothing-to-plan": (
        _("Every exam of the study already has its readers."),
        _("Add exams to the study first."),
    ),
    "too-many-batches": (
        _("There are fewer exams than batches."),
        _("Plan fewer than %(n)s batches."),
    ),
    "already-read": (
        _("Some of the adjudicators have read some of these exams in this study."),
        _("Nobody judges their own readings: choose others instead of %(readers)s."),
    ),
    "batch-still-open": (
        _("The batch still takes readings."),
        _("Close it first: only then is it known where its readers disagree."),
    ),
    "nothing-undecided": (
        _("The readers disagree about no exam of this batch."),
        NOTHING_TO_DO,
    ),
    "no-mapping": (
        _("There is no mapping from the classes of earlier readings to those of the study."),
        _("Ask the operator of the server to install one from %(old)s to %(new)s."),
    ),
    "nothing-waits": (
        _("This reader has no exams that could be given to somebody else."),
        _("Include exams that the reader has begun, if there are any."),
    ),
    "nobody-to-read-them": (
        _("None of the people you chose can read these exams."),
        _(
            "They have these exams already, know their results, or have reached their limits:"
            " choose others instead of %(readers)s."
        ),
    ),
    "same-reader": (
        _("Exams cannot be given to the reader they are taken from."),
        _("Choose somebody else."),
    ),
    "reader-paused": (
        _("Some of the people you chose are paused."),
        _("Resume %(readers)s first, or choose others."),
    ),
    "unknown-exams": (_("Some of these exams do not exist."), _("Check these codes: %(exams)s.")),
    "unknown-reference-classes": (
        _("Some reference answers name classes that the study's list does not have."),
        _("Check these codes: %(codes)s."),
    ),
    "contradictory-reference": (
        _("A reference answer gives a class that excludes all others together with others."),
        _("Correct the answers for %(exams)s."),
    ),
    "knows-answers": (
        _("Whoever makes a set with reference answers knows the answers and cannot read it."),
        _("Take %(reader)s off its readers."),
    ),
    "seen-before": (
        _("Some readers have read some of these exams before."),
        OTHER_READERS,
    ),
    "unknown-source-keys": (
        _("The data set does not have some of these exams."),
        _("Check these keys: %(keys)s."),
    ),
    "already-compared": (
        _("Readers were given some of these exams with the previous exam, so it cannot change."),
        _("Leave out the patients of %(exams)s."),
    ),
    "nothing-to-reread": (_("No reading uses a class that was split."), NOTHING_TO_DO),
    "mapping-exists": (
        _("The two versions already have a mapping, which may have been used."),
        _("Give the new list another version: %(old)s to %(new)s is installed."),
    ),
}

DESIGN: Mapping[type[design.DesignRefused], tuple[Promise, Callable[[Any], Mapping[str, object]]]]
DESIGN = {
    design.TooFewReaders: (
        _(
            "Each exam needs %(needed)s readers, and %(available)s may read: add readers, resume"
            " those who are paused, or let fewer people read each exam."
        ),
        lambda one: {"needed": one.needed, "available": one.available},
    ),
    design.NobodyLeft: (
        _(
            "Exam %(exam)s needs %(needed)s more readers, and only %(available)s can read it: the"
            " others had it before, know its results, or have reached their limits. Add readers."
        ),
        lambda one: {
            "exam": Exam.objects.filter(pk=one.exam).values_list("code", flat=True).first(),
            "needed": one.needed,
            "available": one.available,
        },
    ),
    design.CapsTooSmall: (
        _(
            "The exams need %(needed)s readings, and the readers' limits leave %(available)s: raise"
            " limits, add readers, or plan fewer exams."
        ),
        lambda one: {"needed": one.needed, "available": one.available},
    ),
    design.CapBelowAnchors: (
        _(
            "%(reader)s has %(needed)s exams to read that everybody reads, and a limit that leaves"
            " %(available)s: raise the limit, or choose fewer such exams."
        ),
        lambda one: {
            "reader": _name(one.reader),
            "needed": one.needed,
            "available": one.available,
        },
    ),
    design.WashoutTooLong: (
        _(
            "%(reader)s would have %(longest)s exams in a batch, too few to put %(exams)s others"
            " between an exam and its hidden repeat: plan fewer and larger batches, or amend the"
            " protocol."
        ),
        lambda one: {
            "reader": _name(one.reader),
            "longest": one.longest,
            "exams": one.washout_exams - 1,
        },
    ),
    design.QuotaUnmet: (
        _(
            "%(wanted)s exams of the stratum %(stratum)s are wanted and %(available)s are left:"
            " lower the number, or choose from more exams."
        ),
        lambda one: {
            "stratum": one.stratum or _("no stratum"),
            "wanted": one.requested,
            "available": one.available,
        },
    ),
}
"""What a plan lacks. A ``BadDesign`` names an argument of ours: people never cause one."""

PEOPLE: Sentences = {
    "user-name-taken": (
        _("Somebody already has this user name."),
        _("Choose a user name other than %(name)s."),
    ),
    "email-taken": (
        _("Somebody already has this e-mail address."),
        _("Enter another address."),
    ),
    "not-invitable": (
        _("This role cannot be given on the site."),
        _("Ask the operator of the server to give it."),
    ),
    "not-a-person": (
        _("The account is that of a model or a reference, which has no role and never signs in."),
        _("Choose a person instead of %(name)s."),
    ),
    "voucher-blinded": (
        _("You read in a study that is not locked, and this account is shown results."),
        _("Ask a coordinator who does not read to do this."),
    ),
    "link-not-mailed": (
        _(
            "You read in a study that is not locked, so the link is mailed and not shown to you,"
            " and no mail could be sent."
        ),
        _("Ask a coordinator who does not read to invite them."),
    ),
    "second-factor-missing": (
        _("Your role requires a second factor, and you have not set one up."),
        _("Sign in on the site and set one up, then try again."),
    ),
    "second-factor-not-shown": (
        _("This session began without your second factor."),
        _("Sign out, sign in with it, and try again."),
    ),
    "out-of-scope": (
        _("This token does not allow this, although you may do it."),
        _("Create a token with a larger scope under My account."),
    ),
    "too-many-tokens": (
        _("No more tokens can be created."),
        _("Revoke one first, or wait until one expires: a person can have %(limit)s."),
    ),
}

RESULTS: Sentences = {
    "run-finished": (_("Nothing is being computed."), NOTHING_TO_DO),
    "archive-not-ready": (
        _("The archive is not ready."),
        _("Ask for its status until it is ready. If it failed, request a new one."),
    ),
    "archive-outdated": (
        _("The archive holds results that are no longer open."),
        _("Request a new archive of the study."),
    ),
    "too-many-events": (
        _("These are too many events for one download."),
        _(
            "Choose a shorter period, or ask the operator to run manage.py export_audit: a"
            " download has at most %(limit)s events."
        ),
    ),
}

IMPORTS: Sentences = {
    "nothing-to-import": (
        _("There is nothing to import."),
        _("Name a file or folder with .hea, .h5 or .hdf5 files instead of %(path)s."),
    ),
    "not-an-import": (
        _("The study of this name was not made by an import of readings."),
        OTHER_NAME,
    ),
    "other-number": (
        _("The study has another number of exams than the files."),
        _("Import into another study: this one has %(stored)s exams, the files have %(given)s."),
    ),
    "other-name": (
        _("A reader's name differs only in case from one that the study has."),
        _("Rename the file of %(reader)s."),
    ),
    "readings-differ": (
        _("A stored reading differs from the file, and stored readings never change."),
        _(
            "Give the file another name, or import it into another study: %(reader)s, row %(row)s,"
            " %(column)s."
        ),
    ),
    "too-many-imported": (
        _("These are more readings than one study can hold."),
        _("Import fewer readers: %(n)s readings, and at most %(limit)s are possible."),
    ),
    "two-kinds": (
        _("A reader is named as two kinds."),
        _("Name %(reader)s once: as a person, a model or a reference."),
    ),
    "unknown-reader": (
        _("The folder does not have some of the readers you named."),
        _("Replace %(names)s. There are: %(readers)s."),
    ),
}

REQUESTS: Sentences = {
    "invalid": (
        _("Some fields of the request cannot be accepted."),
        _("Correct the fields named in errors and send the request again."),
    ),
    "not-found": (
        _("This does not exist, or you may not see it."),
        _("Check the address. If you expected to have access, ask a coordinator."),
    ),
    "forbidden": (
        _("Your role does not allow this."),
        _("Ask a coordinator, or sign in as somebody who may do this."),
    ),
    "too-large": (_("The body of the request is too large."), _("Send less at once.")),
    "not-json": (
        _("The body of the request is not JSON."),
        _("Send UTF-8 JSON with Content-Type: application/json (%(reason)s)."),
    ),
    "unsupported-media-type": (
        _("Only JSON is accepted."),
        _("Send Content-Type: application/json."),
    ),
    "method-not-allowed": (
        _("This address does not support this method."),
        _("Use one of the methods named in the header Allow."),
    ),
    "not-authenticated": (
        _("You are not signed in, or your token is not valid."),
        _("Sign in, or send Authorization: Token followed by your token, which lasts 90 days."),
    ),
    "throttled": (
        _("You sent too many requests."),
        _("Wait for as long as the header Retry-After says."),
    ),
    "unavailable": (
        _("The database does not answer."),
        _("Nothing was changed. Send the same request again in a few seconds."),
    ),
    "timed-out": (
        _("The database needed too long for this request and gave up."),
        _(
            "Nothing was changed. Wait for as long as the header Retry-After says, then ask for"
            " less at once: a smaller limit, or one batch instead of a study. If it happens again,"
            " tell the operator of the server."
        ),
    ),
    "design-refused": (
        _("The exams cannot be assigned to the readers as the protocol requires."),
        "%(reason)s",
    ),
}

SENTENCES: Sentences = {
    **READING, **STUDIES, **BATCHES, **PEOPLE, **RESULTS, **IMPORTS, **REQUESTS
}  # fmt: skip

Described = Callable[[Any], Mapping[str, object]]

DOMAIN: Mapping[type[Exception], tuple[str, Described]] = {
    design.DesignRefused: ("design-refused", lambda refusal: {"reason": _design(refusal)}),
    protocol.InvalidProtocol: (
        "invalid-protocol",
        lambda refusal: {"problems": " ".join(map(_setting, refusal.problems))},
    ),
    published_readings.TwoKinds: ("two-kinds", lambda refusal: {"reader": str(refusal)}),
    published_readings.UnknownReader: (
        "unknown-reader",
        lambda refusal: {"names": ", ".join(refusal.names), "readers": ", ".join(refusal.readers)},
    ),
}
"""Refusals of the domain, which knows nothing of this catalog: their codes and their details."""


def explain(refusal: Exception) -> Explanation:
    """Return what ``refusal`` says.

    Raises:
        KeyError: it is neither a ``Refusal`` nor one of ``DOMAIN``.
    """
    if isinstance(refusal, Refusal):
        return of_code(refusal.code, refusal.details)
    for kind in type(refusal).__mro__:
        if kind in DOMAIN:
            code, describe = DOMAIN[kind]
            return of_code(code, describe(refusal))
    raise KeyError(type(refusal).__name__) from refusal


def message(refusal: Exception) -> str:
    """Return both sentences of ``refusal``, for a page or a terminal."""
    return str(explain(refusal))


def of_code(code: str, details: Mapping[str, object] | None = None) -> Explanation:
    title, hint = SENTENCES[code]
    return Explanation(code, str(title), _filled(hint, details or {}))


def _filled(sentence: Promise | str, details: Mapping[str, object]) -> str:
    return str(sentence) % {name: _shown(value) for name, value in details.items()}


def _shown(value: object) -> str:
    return number_format(value, force_grouping=True) if isinstance(value, int) else str(value)


def _setting(problem: Problem) -> str:
    sentence = protocols.sentence(problem)
    return sentence if not problem.key or problem.key in sentence else f"{problem.key}: {sentence}"


def _design(refusal: design.DesignRefused) -> str:
    if type(refusal) not in DESIGN:
        return str(refusal)
    sentence, describe = DESIGN[type(refusal)]
    return _filled(sentence, describe(refusal))


def _name(reader: int) -> str:
    return str(User.objects.filter(pk=reader).first())

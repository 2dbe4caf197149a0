"""The translated text of every refusal, for pages, API, desk and commands.

Each has a title, which says what is wrong and never varies, and a hint, which says what to do and
names the exams, readers or other things concerned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from annotations.models import Exam, User
from annotations.sentences import predictions, protocols
from annotations.services.refusals import Refusal
from ecgreview import design, protocol, published_readings
from ecgreview.scoring.predictions import UnreadablePredictions
from ecgreview.strict_files import Problem


@dataclass(frozen=True, slots=True)
class Explanation:
    """A refusal explained in the active language."""

    code: str
    title: str
    hint: str

    def __str__(self) -> str:
        return f"{self.title} {self.hint}"


NOTHING_TO_DO = _("Nothing needs to be done.")
CHECK_STATUS = _("Check its status until it is ready. If it failed, request a new one.")
NEXT_EXAM = _("Continue with the next exam.")
ASK_COORDINATOR = _("Ask the coordinator of the study.")
RELOAD = _("Reload the page.")
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
    "decided-by-class": (
        _("In this exam, you decide only the classes in dispute."),
        RELOAD,
    ),
    "not-disputed": (
        _("The readers agree on some of these classes, so there is nothing to decide."),
        _("Leave out %(codes)s, or overrule the readers and give a reason."),
    ),
    "decisions-missing": (
        _("Some classes in dispute are not decided yet."),
        _("Decide %(codes)s."),
    ),
    "overruling-reason-missing": (
        _("To overrule the readers, give a reason."),
        _("Write why you decide %(codes)s differently."),
    ),
    "readability-not-asked": (
        _("The exam cannot be called unreadable here."),
        _("Decide each class. If the tracing does not allow it, answer “not decidable”."),
    ),
    "audit-form-missing": (
        _("The audit form is required when two reports are shown, and only then."),
        _("Say which report is right and whether management would change."),
    ),
    "other-stage": (
        _("This exam has been decided in another window."),
        RELOAD,
    ),
    "waits-for-committee": (
        _("The second vote comes after the discussion."),
        _("Wait for a session of the committee, and for the first votes of the others."),
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
            "Your reading is paused, or you need to pass a qualification first. Ask the "
            "coordinator."
        ),
    ),
    "no-exam-now": (
        _("No exam of this batch is available to you right now."),
        _("Check again later."),
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
        _("A class is listed more than once."),
        _("List each class only once: %(codes)s."),
    ),
    "exclusive-class": (
        _("A class that excludes all others is combined with other classes."),
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
        _("A mark or measurement refers to a tracing that this exam does not have."),
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
        _("Choose the signal quality."),
    ),
    "unknown-suggestion": (
        _("You decided on a class that was not suggested to you."),
        _("Remove your decision on %(codes)s."),
    ),
    "accepted-not-found": (
        _("You accepted a suggestion that is not among your findings."),
        _("Add %(codes)s to your findings, or change your decision."),
    ),
    "nothing-to-revise": (
        _("You have no reading of this exam to revise."),
        _("Submit your reading first."),
    ),
    "nothing-shown": (
        _("You have not seen any suggestions since you submitted your reading."),
        _("View the suggestions first, if the study shows them."),
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
        _("Enter a reason for the audit trail."),
    ),
    "consensus-due": (
        _("The consensus of the study is still being computed."),
        _("Try again in a minute."),
    ),
    "nothing-to-compare": (
        _("There are no results to compare yet."),
        _(
            "Rules are compared on closed batches, once their consensus is computed and their "
            "results are open."
        ),
    ),
    "invalid-protocol": (
        _("The study cannot be run under this protocol."),
        _("Correct these settings: %(problems)s"),
    ),
    "not-a-reader": (
        _("Some of the people you chose cannot be assigned exams."),
        _(
            "Instead of %(readers)s, choose people with an active account who are readers or "
            "adjudicators. Only adjudicators can adjudicate."
        ),
    ),
    "level-too-low": (
        _("Some readers are less experienced than the protocol requires."),
        _("Choose more experienced readers instead of %(readers)s, or amend the protocol."),
    ),
    "has-left": (
        _("Some of the people you chose have been withdrawn from the study permanently."),
        OTHER_READERS,
    ),
    "knows-results": (
        _("Some readers have seen results of these exams and cannot read them blind."),
        OTHER_READERS,
    ),
    "status-unchanged": (
        _("The reader already has this status, or has left the study permanently."),
        NOTHING_TO_DO,
    ),
    "study-has-begun": (
        _(
            "The study has started, or the reader already has exams in it, so the reader cannot "
            "be removed from the list."
        ),
        _("Withdraw the reader instead, and enter a reason."),
    ),
    "nothing-to-add": (
        _("There are not enough unassigned exams left to add."),
        _("Choose fewer, or first add exams of another data set."),
    ),
    "already-in-study": (
        _("The study already has all of these exams."),
        _("Enter the codes of other exams."),
    ),
    "pool-too-large": (
        _("The study would have too many exams."),
        _("Choose fewer: a study can have at most %(limit)s exams."),
    ),
    "already-given": (
        _("Readers already have more anchor exams than this."),
        _("Choose at least %(n)s."),
    ),
    "strata-hidden": (
        _("You read in this study, so you cannot choose exams by stratum."),
        _("Ask a coordinator who does not read in this study."),
    ),
}

BATCHES: Sentences = {
    "mixed-with-data": (
        _("In one study, the same exam cannot be used for practice and as data."),
        OTHER_EXAMS,
    ),
    "same-recording": (
        _("Some of these exams contain the same recording, or one that the study already has."),
        _("Keep only one of each, so that nobody reads a recording twice: %(exams)s."),
    ),
    "reference-file-unreadable": (
        _("The file cannot be read."),
        _("Save it as CSV in UTF-8 with the columns exam,codes."),
    ),
    "reference-columns": (
        _("The first line of the file must be exam,codes."),
        _("Then write one exam per line: its code, and its classes separated by semicolons."),
    ),
    "reference-line": (
        _("Each line of the file needs one exam and its classes."),
        _("Check line %(line)s. Separate classes by semicolons."),
    ),
    "reference-twice": (
        _("The file lists an exam twice."),
        _("Check line %(line)s: %(exam)s is already listed."),
    ),
    "is-gold": (
        _("Some of these exams are gold exams of this study, so they cannot be used as data."),
        OTHER_EXAMS,
    ),
    "gold-in-use": (
        _("The study already uses some of these exams for another purpose."),
        OTHER_EXAMS,
    ),
    "no-unused-gold": (
        _("There are no unused gold exams to remove."),
        NOTHING_TO_DO,
    ),
    "too-few-gold": (
        _("There are not enough gold exams."),
        _(
            "Gold exams that are new to %(reader)s: %(needed)s needed, %(available)s available. "
            "Add gold exams, plan fewer exams, or reduce the share in the protocol."
        ),
    ),
    "gold-with-pool": (
        _("Pools cannot contain hidden gold exams."),
        _("Give each reader their own list of exams, or set the share of gold exams to 0."),
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
        _("Its readers already have it. Close it if nobody should read it anymore."),
    ),
    "already-closed": (_("The batch has already been closed."), NOTHING_TO_DO),
    "no-exams": (_("A batch needs at least one exam."), _("Choose exams by their codes.")),
    "no-readers": (
        _("A batch needs at least one reader."),
        _("Add readers to the study, or resume readers who are paused."),
    ),
    "too-few-readers": (
        _("There are not enough readers for each exam."),
        _(
            "Each exam needs %(needed)s readers, but only %(available)s can read. Add readers, or "
            "let fewer people read each exam."
        ),
    ),
    "too-many-readings": (
        _("These are more readings than one batch can hold."),
        _(
            "Plan fewer exams at a time. These are %(n)s readings, and at most %(limit)s are "
            "possible."
        ),
    ),
    "nothing-to-plan": (
        _("Every exam of the study already has its readers."),
        _("Add exams to the study first."),
    ),
    "too-many-batches": (
        _("There are too many batches."),
        _("Plan fewer than %(n)s batches."),
    ),
    "already-read": (
        _("Some of the adjudicators have read some of these exams in this study."),
        _(
            "Adjudicators cannot decide exams that they have read. Choose others instead of "
            "%(readers)s."
        ),
    ),
    "already-sent": (
        _("Some of these exams are already assigned to some of the adjudicators."),
        _("Choose others instead of %(readers)s, or leave out exams that are already assigned."),
    ),
    "readings-incomplete": (
        _("Some of these exams lack readings, so it is not known what is in dispute."),
        _("Leave out the exams that lack readings or are not in a closed batch (%(n)s)."),
    ),
    "not-a-committee": (
        _("A committee needs several members who all decide the same exams."),
        _("Choose at least %(n)s adjudicators, and do not divide the exams among them."),
    ),
    "not-a-member": (
        _("Only members of the committee can attend its sessions."),
        _("Leave out %(readers)s."),
    ),
    "session-running": (
        _("A session of this committee is already running."),
        _("End it before you begin another one."),
    ),
    "no-session": (
        _("No session of this committee is running."),
        NOTHING_TO_DO,
    ),
    "nothing-to-draw": (
        _("Some of these exams have no tracings, so no adjudicator can read them."),
        _(
            "Only their readings were imported. Choose exams with tracings; %(n)s of those you "
            "chose have none."
        ),
    ),
    "batch-still-open": (
        _("The batch still takes readings."),
        _("Close it first. Until then, it is not known which exams its readers disagree about."),
    ),
    "nothing-undecided": (
        _("The readers do not disagree about any exam in this batch."),
        NOTHING_TO_DO,
    ),
    "rule-ignores-adjudication": (
        _("Under the consensus rule of this study, adjudication changes nothing."),
        _("Amend the study with another rule first."),
    ),
    "rule-takes-no-extra-readers": (
        _("Under the consensus rule of this study, one more reader cannot settle a dispute."),
        _("Send the exams to adjudication, or amend the study with another rule first."),
    ),
    "extra-reading-open": (
        _("Extra readers are reading some of these exams."),
        _("Close their batch first: their votes may settle the %(n)s exams."),
    ),
    "adjudication-open": (
        _("Adjudicators are deciding some of these exams."),
        _("Close their batch first: it has %(n)s of these exams."),
    ),
    "extra-readers-missing": (
        _("The chosen readers cannot take all of these exams."),
        _(
            "%(n)s would lack a reader, because the readers have read them, know their results, or "
            "reach their maximum number of exams. Choose more readers, or raise a maximum."
        ),
    ),
    "no-mapping": (
        _("There is no mapping from the classes of earlier readings to those of the study."),
        _("Ask the server administrator to install one from %(old)s to %(new)s."),
    ),
    "nothing-waits": (
        _("This reader has no exams that can be reassigned."),
        _("Include exams that the reader has started, if there are any."),
    ),
    "nobody-to-read-them": (
        _("None of the people you chose can read these exams."),
        _(
            "They already have these exams, know their results, or have reached their limits. "
            "Choose others instead of %(readers)s."
        ),
    ),
    "same-reader": (
        _("Exams cannot be reassigned to the reader who has them now."),
        _("Choose somebody else."),
    ),
    "reader-paused": (
        _("Some of the people you chose are paused."),
        _("Resume %(readers)s first, or choose others."),
    ),
    "unknown-exams": (_("Some of these exams do not exist."), _("Check these codes: %(exams)s.")),
    "unknown-reference-classes": (
        _("Some reference answers use classes that are not in the study's list."),
        _("Check these codes: %(codes)s."),
    ),
    "contradictory-reference": (
        _("A reference answer combines a class that excludes all others with other classes."),
        _("Correct the answers for %(exams)s."),
    ),
    "knows-answers": (
        _("The person who creates a set with reference answers cannot read it."),
        _("Remove %(reader)s from the readers of the set."),
    ),
    "seen-before": (
        _("Some readers have read some of these exams before."),
        OTHER_READERS,
    ),
    "unknown-source-keys": (
        _("Some of these exams are not in the data set."),
        _("Check these keys: %(keys)s."),
    ),
    "already-compared": (
        _(
            "These exams are assigned in batches that show the previous exam, so the previous "
            "exam cannot change."
        ),
        _("Leave out the patients of %(exams)s."),
    ),
    "nothing-to-reread": (
        _("No exam is left to reread for a class that was split."),
        NOTHING_TO_DO,
    ),
    "mapping-exists": (
        _("The two versions already have a mapping, which may have been used."),
        _(
            "Change the version of the new list. A mapping from %(old)s to %(new)s is already "
            "installed."
        ),
    ),
}

DESIGN: Mapping[type[design.DesignRefused], tuple[Promise, Callable[[Any], Mapping[str, object]]]]
DESIGN = {
    design.TooFewReaders: (
        _(
            "Each exam needs %(needed)s readers, but only %(available)s can read. Add readers, "
            "resume those who are paused, or let fewer people read each exam."
        ),
        lambda one: {"needed": one.needed, "available": one.available},
    ),
    design.NobodyLeft: (
        _(
            "Exam %(exam)s has too few readers (still needed: %(needed)s; available: "
            "%(available)s). The others have already had it, have seen its results, or have "
            "reached their limits. Add readers."
        ),
        lambda one: {
            "exam": Exam.objects.filter(pk=one.exam).values_list("code", flat=True).first(),
            "needed": one.needed,
            "available": one.available,
        },
    ),
    design.CapsTooSmall: (
        _(
            "The exams need %(needed)s readings, but the readers' limits leave only %(available)s. "
            "Raise limits, add readers, or plan fewer exams."
        ),
        lambda one: {"needed": one.needed, "available": one.available},
    ),
    design.CapBelowAnchors: (
        _(
            "The limit of %(reader)s is too low for the anchor exams (needed: %(needed)s; left: "
            "%(available)s). Raise the limit, or choose fewer anchors."
        ),
        lambda one: {
            "reader": _name(one.reader),
            "needed": one.needed,
            "available": one.available,
        },
    ),
    design.WashoutTooLong: (
        _(
            "%(reader)s would have too few exams in a batch (exams: %(longest)s; required between "
            "an exam and its hidden repeat: %(exams)s). Plan fewer, larger batches, or amend the "
            "protocol."
        ),
        lambda one: {
            "reader": _name(one.reader),
            "longest": one.longest,
            "exams": one.washout_exams - 1,
        },
    ),
    design.QuotaUnmet: (
        _(
            "A stratum has too few exams left: %(stratum)s (requested: %(wanted)s; left: "
            "%(available)s). Lower the number, or choose from more exams."
        ),
        lambda one: {
            "stratum": one.stratum or _("no stratum"),
            "wanted": one.requested,
            "available": one.available,
        },
    ),
}
"""Why a plan is impossible. Only a bug can cause a ``BadDesign``, so it has no sentence."""

PEOPLE: Sentences = {
    "user-name-taken": (
        _("This user name is already taken."),
        _("Choose a user name other than %(name)s."),
    ),
    "email-taken": (
        _("This e-mail address is already in use."),
        _("Enter another address."),
    ),
    "not-invitable": (
        _("This role cannot be assigned on the site."),
        _("Ask the server administrator to assign it."),
    ),
    "not-a-person": (
        _("This account belongs to a model or a reference. It has no role and cannot sign in."),
        _("Choose a person instead of %(name)s."),
    ),
    "voucher-blinded": (
        _("You read in a study that is not locked, and this account has access to results."),
        _("Ask a coordinator who does not read to do this."),
    ),
    "link-not-mailed": (
        _(
            "You read in a study that is not locked, so the link is sent by e-mail and not shown "
            "to you, but no e-mail could be sent."
        ),
        _("Ask a coordinator who does not read to invite them."),
    ),
    "second-factor-missing": (
        _("Your role requires a second factor, and you have not set one up."),
        _("Sign in on the site and set one up, then try again."),
    ),
    "second-factor-not-shown": (
        _("You signed in without your second factor."),
        _("Sign out, sign in with it, and try again."),
    ),
    "out-of-scope": (
        _("This token's scope does not allow this."),
        _("Create a token with a larger scope under My account."),
    ),
    "too-many-tokens": (
        _("No more tokens can be created."),
        _("Revoke one first, or wait until one expires: a person can have at most %(limit)s."),
    ),
}

RESULTS: Sentences = {
    "run-finished": (_("Nothing is being computed."), NOTHING_TO_DO),
    "archive-not-ready": (
        _("The archive is not ready."),
        CHECK_STATUS,
    ),
    "archive-outdated": (
        _("The archive contains results that are no longer visible."),
        _("Request a new archive of the study."),
    ),
    "nothing-to-release": (
        _("There is nothing to release."),
        _("Close a batch first. Practice and qualification do not count."),
    ),
    "results-hidden": (
        _("The study still hides results."),
        _(
            "Under its protocol, the results of closed batches become visible when the study is "
            "locked. Release the data after that."
        ),
    ),
    "licence-unknown": (
        _("Data releases cannot have this license."),
        _("Choose one of these: %(known)s."),
    ),
    "licence-forbids": (
        _("The license of a data set does not allow this release."),
        _(
            "Leave out the signals, choose another license, or state the license with "
            "manage.py change_dataset. Data sets: %(sources)s."
        ),
    ),
    "no-signals": (
        _("The study has no signals to release."),
        _("Only readings were imported. Leave out the signals."),
    ),
    "format-unavailable": (
        _("A format cannot be written."),
        _("It needs signals or a library that is not installed: %(formats)s."),
    ),
    "bad-folds": (
        _("This number of folds is not possible."),
        _("Enter 0 for none, or a number from 2 to %(limit)s."),
    ),
    "embargo-without-folds": (
        _("There are no folds, so there is no last fold to embargo."),
        _("Enter at least 2 folds, or embargo the labels of all exams."),
    ),
    "labels-published": (
        _("Some of these labels are already published."),
        _(
            "Version %(version)s contains them. Choose no embargo. If that version embargoed its "
            "last fold, you can also choose the last fold with the same number of folds."
        ),
    ),
    "embargo-empty": (
        _("The last fold is empty, because there are fewer patients than folds."),
        _("Create the release again with fewer folds."),
    ),
    "embargo-broken": (
        _("An exam with embargoed labels is no longer in the last fold."),
        _(
            "Two patients turned out to be the same person, and only one of them was in the last "
            "fold. Create the release without an embargo, which publishes all labels."
        ),
    ),
    "nothing-embargoed": (
        _("There are no embargoed labels to score predictions against."),
        _("Create a data release that embargoes labels, or check the version."),
    ),
    "embargo-lifted": (
        _("Predictions can no longer be scored."),
        _("The labels were published in version %(version)s."),
    ),
    "unknown-team": (
        _("No team has this token."),
        _("Send Authorization: Bearer followed by the token of the team."),
    ),
    "team-name-taken": (_("The study already has a team with this name."), OTHER_NAME),
    "bad-attempts": (
        _("This number of attempts is not possible."),
        _("Enter a number from 1 to %(limit)s."),
    ),
    "team-closed": (
        _("The team is closed."),
        _("Its files are no longer scored. Earlier scores are still available."),
    ),
    "no-attempts-left": (
        _("The team has no attempts left."),
        _("All %(limit)s attempts are used. Earlier scores are still available."),
    ),
    "predictions-unreadable": (
        _("The file cannot be scored. It does not count as an attempt."),
        _("Correct the file and send it again. %(problems)s"),
    ),
    "release-in-progress": (
        _("A data release of this study is being created."),
        _("Wait until it is ready, or cancel it."),
    ),
    "version-taken": (
        _("The study already has this version or a later one."),
        _("The next version is %(next)s."),
    ),
    "release-not-ready": (
        _("The data release is not ready."),
        CHECK_STATUS,
    ),
    "release-finished": (
        _("The data release is not being created."),
        NOTHING_TO_DO,
    ),
    "release-inputs-changed": (
        _("This version can no longer be rebuilt."),
        _(
            "The study or the program has changed since version %(version)s. Its file can still be "
            "downloaded. Create a new version for the changes."
        ),
    ),
    "too-many-events": (
        _("There are too many events for one download."),
        _(
            "A download has at most %(limit)s events. Choose a shorter period, or ask the server "
            "administrator to run manage.py export_audit."
        ),
    ),
}

IMPORTS: Sentences = {
    "unknown-exam-names": (
        _("The data set does not have some of these exams."),
        _("Unknown: %(n)s, such as %(names)s. Use the names of the files that were imported."),
    ),
    "nothing-to-import": (
        _("There is nothing to import."),
        _(
            "%(path)s does not exist or contains no recordings. Choose a .hea, .h5 or .hdf5 file, "
            "or a folder with such files."
        ),
    ),
    "not-an-import": (
        _("The study with this name was not created by an import of readings."),
        OTHER_NAME,
    ),
    "other-number": (
        _("The study and the files have different numbers of exams."),
        _("Import into another study. Exams in this one: %(stored)s; in the files: %(given)s."),
    ),
    "other-name": (
        _("A reader's name differs only in capitalization from a name in the study."),
        _("Rename the file of %(reader)s."),
    ),
    "readings-differ": (
        _("A stored reading differs from the file, and stored readings never change."),
        _("Rename the file, or import it into another study: %(reader)s, row %(row)s, %(column)s."),
    ),
    "too-many-imported": (
        _("These are more readings than one study can hold."),
        _("Import fewer readers. These are %(n)s readings, and at most %(limit)s are possible."),
    ),
    "two-kinds": (
        _("A reader is listed as more than one kind."),
        _("List %(reader)s only once: as a person, a model or a reference."),
    ),
    "unknown-reader": (
        _("Some of the readers you listed are not in the folder."),
        _("Replace %(names)s. The folder has: %(readers)s."),
    ),
}

REQUESTS: Sentences = {
    "invalid": (
        _("Some fields of the request are not valid."),
        _("Correct the fields listed in errors and send the request again."),
    ),
    "not-found": (
        _("This does not exist, or you may not see it."),
        _("Check the address. If you expected to have access, ask a coordinator."),
    ),
    "forbidden": (
        _("Your role does not allow this."),
        _("Ask a coordinator, or sign in with an account that may do this."),
    ),
    "too-large": (_("The body of the request is too large."), _("Send less at a time.")),
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
        _("Use one of the methods in the Allow header."),
    ),
    "not-authenticated": (
        _("You are not signed in, or your token is not valid."),
        _("Sign in, or send Authorization: Token followed by your token, which lasts 90 days."),
    ),
    "throttled": (
        _("You sent too many requests."),
        _("Wait for the time in the Retry-After header, then send the request again."),
    ),
    "unavailable": (
        _("The database does not respond."),
        _("Nothing was changed. Send the same request again in a few seconds."),
    ),
    "timed-out": (
        _("The request took too long and was stopped."),
        _(
            "Nothing was changed. Wait for the time in the Retry-After header, then request less "
            "at a time: a smaller limit, or one batch instead of a study. If it happens again, "
            "tell the server administrator."
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
    UnreadablePredictions: (
        "predictions-unreadable",
        lambda refusal: {"problems": " ".join(map(predictions.sentence, refusal.problems))},
    ),
    published_readings.TwoKinds: ("two-kinds", lambda refusal: {"reader": str(refusal)}),
    published_readings.UnknownReader: (
        "unknown-reader",
        lambda refusal: {"names": ", ".join(refusal.names), "readers": ", ".join(refusal.readers)},
    ),
}
"""Code and details of exceptions from domain packages, which do not know this catalog."""


def explain(refusal: Exception) -> Explanation:
    """Return the explanation of ``refusal``.

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
    """Return title and hint of ``refusal``, for a page or a terminal."""
    return str(explain(refusal))


def title(code: str) -> str:
    """Return the title of a refusal from its code; empty if no refusal has it."""
    return str(SENTENCES[code][0]) if code in SENTENCES else ""


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

"""What the other people do in one of the two worlds. Readers must not be able to tell.

Each action can run at any time and more than once in a session; it continues where it left off.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from types import MappingProxyType

from annotations.leak_probe.world import FINDING, PEOPLE, World, model, read
from annotations.models import (
    AdjudicationCase,
    Answer,
    Assignment,
    Batch,
    Exam,
    GoldExam,
    NoticeKind,
    Occurrence,
    Purpose,
    Reading,
    Role,
    StudyReader,
    Suggestion,
    SuggestionRun,
)
from annotations.services.adjudication import decisions, sessions, stages
from annotations.services.adjudication.decisions import AnswerIn, Given
from annotations.services.agreement import refresh
from annotations.services.assignment import batches, deferrals
from annotations.services.consensus import adjudications, comparisons, extra_readers, labels
from annotations.services.notices import delivery
from annotations.services.reading import drafts
from annotations.services.releases import jobs
from annotations.services.releases.choices import Choices
from annotations.services.scoring import attempts, embargoes, teams
from annotations.services.studies import roster
from ecgreview.release.embargo import Embargo

# Runs the action in the world. The second argument is the probed person, who must not act.
Action = Callable[[World, str], None]


def _unread_of_others(world: World, person: str) -> list[Assignment]:
    waiting = Assignment.objects.waiting().filter(
        batch__closed_at=None, batch__purpose=Purpose.DATA
    )
    unread = waiting.exclude(reader=world.people[person]).filter(draft=None)
    return list(unread.select_related("reader").order_by("batch_id", "reader_id", "position"))


def submit(world: World, person: str) -> None:
    """Read two exams, with findings and a comment."""
    for assignment in _unread_of_others(world, person)[:2]:
        read(assignment, assignment.pk % 10**12, FINDING, world.now)


def submit_all(world: World, person: str) -> None:
    """Read every waiting exam that has no draft."""
    for assignment in _unread_of_others(world, person):
        read(assignment, assignment.pk % 10**12, "normal_ecg", world.now)


def correct(world: World, person: str) -> None:
    """Take back a submission and submit a corrected reading."""
    readings = Reading.objects.blind().effective().exclude(reader=world.people[person])
    in_open = readings.filter(assignment__batch__closed_at=None).select_related(
        "assignment__reader"
    )
    for reading in in_open.order_by("-pk")[:1]:
        number = reading.pk % 10**9 + 10**9
        read(reading.assignment, number, "atrial_flutter", world.now,
             supersedes=reading.idempotency_key)  # fmt: skip


def abstain(world: World, person: str) -> None:
    """Abstain from an exam for lack of competence."""
    nothing = {"findings": [], "not_assessable": [], "quality": "", "outcome": "abstained"}
    for assignment in _unread_of_others(world, person)[:1]:
        read(assignment, assignment.pk % 10**12, FINDING, world.now, **nothing)


def defer(world: World, person: str) -> None:
    """Skip an exam for now."""
    for assignment in _unread_of_others(world, person)[:1]:
        deferrals.defer(assignment_id=assignment.pk, reader=assignment.reader, now=world.now)


def draft(world: World, person: str) -> None:
    """Start an exam without submitting it."""
    for assignment in _unread_of_others(world, person)[-1:]:
        content = {"findings": [], "quality": "poor", "comment": "not sure"}
        drafts.save(
            assignment_id=assignment.pk, reader=assignment.reader, based_on=0, content=content,
            now=world.now,
        )  # fmt: skip


def suggest(world: World, person: str) -> None:
    """Store a model's suggestions for every exam that the person hasn't read."""
    waiting = Assignment.objects.filter(reader=world.people[person]).waiting()
    diagnostic_class = world.study.taxonomy.classes.get(code=FINDING)
    for exam in Exam.objects.filter(assignments__in=waiting).distinct().order_by("pk"):
        run, is_new = SuggestionRun.objects.get_or_create(
            exam=exam, model=model(world.now),
            defaults={"requested_at": world.now, "finished_at": world.now},
        )  # fmt: skip
        if is_new:
            Suggestion.objects.create(
                run=run, diagnostic_class=diagnostic_class, strength=0.9, evidence="irregular RR"
            )


def compute_results(world: World, person: str) -> None:
    """Compute the agreement and consensus that are due."""
    del person
    while refresh.refresh_next(now=world.now):
        pass
    while labels.refresh_next(now=world.now):
        pass


def pause(world: World, person: str) -> None:
    """Pause Bruno, or resume his reading."""
    del person
    line = StudyReader.objects.get(study=world.study, user=world.people["bruno"])
    davi = world.people["davi"]
    if line.status == "active":
        roster.pause(study=world.study, user=line.user, reason="ill", actor=davi, now=world.now)
    elif line.status == "paused":
        roster.resume(study=world.study, user=line.user, actor=davi, now=world.now)


def close_other(world: World, person: str) -> None:
    """Close the batch of the second study, in which Ana doesn't read."""
    del person
    if Batch.objects.open().filter(pk=world.second_batch.pk).exists():
        batches.close(batch_id=world.second_batch.pk, closed_by=world.people["davi"], now=world.now)


def hide_gold(world: World, person: str) -> None:
    """Make an exam of the open batch a gold exam, as if it had been one from the start.

    ``World.build`` leaves it out of the exam pool, because a gold exam is in no pool.
    """
    del person
    GoldExam.objects.get_or_create(
        study=world.study,
        exam=world.maybe_gold,
        defaults={
            "codes": [FINDING],
            "named_by": world.people["davi"],
            "named_at": world.now,
        },
    )
    given = Assignment.objects.waiting().filter(batch=world.open_batch, exam=world.maybe_gold)
    # A trigger rejects changes of an assignment, so we create it again with the same ID.
    rows = list(given.filter(draft=None))
    Assignment.objects.filter(pk__in=[row.pk for row in rows]).delete()
    for row in rows:
        row.occurrence = Occurrence.GOLD
    Assignment.objects.bulk_create(rows)


def adjudicate(world: World, person: str) -> None:
    """Send the disputes of the closed batch to Carlos, who decides the next one."""
    compute_results(world, person)
    carlos, davi = world.people["carlos"], world.people["davi"]
    if not Batch.objects.filter(study=world.study, purpose=Purpose.ADJUDICATION).exists():
        adjudications.send_disputed(
            batch_id=world.closed_batch.pk, readers=[carlos], created_by=davi, now=world.now
        )
    of_study = Assignment.objects.waiting().filter(batch__study=world.study, reader=carlos)
    for assignment in of_study.order_by("pk")[:1]:
        _decide(world, assignment, Answer.PRESENT)


def _decide(world: World, assignment: Assignment, finding: Answer) -> None:
    """Decide a case as its adjudicator or extra reader, with ``finding`` on ``FINDING``."""
    case = AdjudicationCase.objects.get(batch=assignment.batch, exam=assignment.exam)
    answers = [
        AnswerIn(code, finding if code == FINDING else Answer.ABSENT, "a secret reason")
        for code in case.asked
    ]
    given = Given(
        stages.progress(assignment).due or "", uuid.uuid4(), answers, comment="a secret comment"
    )
    decisions.submit(
        assignment_id=assignment.pk, adjudicator=assignment.reader, given=given, now=world.now
    )


def ask_extra_reader(world: World, person: str) -> None:
    """Ask Fabio about the disputes of the third study; he cannot decide them."""
    compute_results(world, person)
    study, davi, now = world.split_batch.study, world.people["davi"], world.now
    if study.batches.exclude(purpose=Purpose.DATA).exists():
        return
    asked = extra_readers.ask(
        batch_id=world.split_batch.pk, readers=[world.people["fabio"]], created_by=davi, now=now
    )
    for assignment in asked.assignments.select_related("batch", "reader").order_by("pk"):
        _decide(world, assignment, Answer.NOT_DECIDABLE)
    batches.close(batch_id=asked.pk, closed_by=davi, now=now)
    compute_results(world, person)


def hold_committee(world: World, person: str) -> None:
    """Send what is still in dispute to a committee, which votes, discusses and votes again."""
    compute_results(world, person)
    study, davi, now = world.split_batch.study, world.people["davi"], world.now
    if study.batches.filter(purpose=Purpose.ADJUDICATION).exists():
        return
    members = [world.people["carlos"], world.people["dora"]]
    sent = adjudications.send_disputed(
        batch_id=world.split_batch.pk, readers=members, created_by=davi, now=now, is_committee=True
    )
    votes = list(sent.assignments.select_related("batch", "reader").order_by("pk"))
    for assignment in votes:
        _decide(world, assignment, Answer.ABSENT)
    sessions.begin(batch_id=sent.pk, attendees=members, actor=davi, now=now)
    for assignment in votes:
        _decide(world, assignment, Answer.PRESENT)
    sessions.end(batch_id=sent.pk, actor=davi, now=now)
    batches.close(batch_id=sent.pk, closed_by=davi, now=now)
    compute_results(world, person)


def compare_rules(world: World, person: str) -> None:
    """Compare the consensus rules on the readings of both studies."""
    compute_results(world, person)
    for study in (world.study, world.second_study, world.split_batch.study):
        comparisons.request(study=study, actor=world.people["davi"], now=world.now)
    while comparisons.compute_next(now=world.now):
        pass


def release(world: World, person: str) -> None:
    """Release the second study with embargoed labels once its batch is closed, and score a file."""
    compute_results(world, person)
    if Batch.objects.open().filter(study=world.second_study).exists():
        return
    study, davi, now = world.second_study, world.people["davi"], world.now
    choices = Choices(licence="CC-BY-4.0", n_folds=2, formats=("csv",), embargo=Embargo.ALL)
    made = jobs.request(study=study, choices=choices, actor=davi, now=now)
    jobs.make_next(now=now)
    made.refresh_from_db()
    exams = embargoes.labels_of(made).exams
    file = "".join(["exam,atrial_fibrillation\n", *(f"{exam},0.5\n" for exam in exams)])
    team, _token = teams.create(
        study=study, name=f"Secret team {made.version}", max_attempts=3, actor=davi, now=now
    )
    attempts.score(team=team, content=file.encode(), actor=davi, now=now)


def notify(world: World, person: str) -> None:
    """Send Bruno a notice."""
    del person
    delivery.notify([world.people["bruno"]], NoticeKind.BATCH_DUE, {}, now=world.now)


# In the order of a session: after ``submit_all`` nobody can abstain or skip.
ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        "hide_gold": hide_gold,
        "submit": submit,
        "correct": correct,
        "abstain": abstain,
        "defer": defer,
        "draft": draft,
        "submit_all": submit_all,
        "suggest": suggest,
        "compute_results": compute_results,
        "pause": pause,
        "close_other": close_other,
        "adjudicate": adjudicate,
        "ask_extra_reader": ask_extra_reader,
        "hold_committee": hold_committee,
        "compare_rules": compare_rules,
        "release": release,
        "notify": notify,
    }
)

# Coordinators, researchers and auditors may see these actions; readers may not.
COORDINATOR_ACTIONS = frozenset(
    {
        "pause", "close_other", "adjudicate", "ask_extra_reader", "hold_committee", "compare_rules",
        "release",
    }
)  # fmt: skip


def actions_hidden_from(person: str) -> tuple[str, ...]:
    """Return the names of the actions that ``person`` must not be able to detect."""
    if {Role.COORDINATOR, Role.RESEARCHER, Role.AUDITOR} & {*PEOPLE[person]}:
        return tuple(name for name in ACTIONS if name not in COORDINATOR_ACTIONS)
    if person == "clara":  # she reads in the second study, so she may know that its batch closed
        return tuple(name for name in ACTIONS if name != "close_other")
    return tuple(ACTIONS)

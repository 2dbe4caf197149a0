"""The database knows the same rule of blinding as the application, in every situation.

One world of closed and locked studies whose results are computed; one unsettled study in which
somebody reads, in every way that matters; and for each the rows that the application would show
next to those that PostgreSQL shows when no filter of the application stands in front of it.
"""

from __future__ import annotations

import pytest
from django.db import transaction

from annotations import row_security
from annotations.models import (
    AgreementReport,
    AgreementRun,
    AuditEvent,
    Batch,
    BreakGlass,
    Consensus,
    Exam,
    Finding,
    Reading,
    ResultsOpen,
    Role,
    Study,
    StudyReader,
    User,
)
from annotations.services.agreement import refresh
from annotations.services.assignment import batches
from annotations.services.consensus import labels
from annotations.services.studies import lifecycle
from tests.app import props

pytestmark = pytest.mark.django_db

MODELS = (Reading, Consensus, AgreementReport, AgreementRun)


def vouched(user, by):
    User.objects.filter(pk=user.pk).update(vouched_by=by)
    return User.objects.get(pk=user.pk)


@pytest.fixture
def gil(make_user):
    """A coordinator who reads."""
    return make_user("Gil", Role.READER, Role.COORDINATOR)


@pytest.fixture
def people(make_user, gil, rosa, ana):
    """The viewers: Gil, the accounts that Gil invited, and people unrelated to Gil."""
    pia = vouched(make_user("Pia", Role.READER, Role.RESEARCHER), gil)
    return {
        "gil": gil,
        "pia": pia,
        "ugo": vouched(make_user("Ugo", Role.AUDITOR), gil),
        "kim": vouched(make_user("Kim", Role.RESEARCHER), pia),
        "rosa": rosa,
        "ana": ana,
    }


@pytest.fixture
def exams(make_exam):
    """Four exams, of which three are one recording."""
    made = {name: make_exam() for name in ("original", "copy", "second copy", "other")}
    copies = [made["copy"].pk, made["second copy"].pk]
    Exam.objects.filter(pk__in=copies).update(duplicate_of=made["original"])
    return made


@pytest.fixture
def read_studies(make_study, exams, submit, ana, bruno, davi, now):
    """A study of each exam, its results computed: open, hidden until the lock, live and locked.

    The live one has an open batch too, and a closed one that an amendment keeps hidden.
    """
    policies = ("batch_closed", "study_locked", "live", "batch_closed")
    for (name, exam), policy in zip(exams.items(), policies, strict=True):
        study = make_study(name=f"Of the {name}", results_open=policy)
        for kind in ("closed", "open", "hidden") if policy == "live" else ("closed",):
            batch = props.batch(study, kind, [exam], [ana, bruno], by=davi, now=now)
            for assignment in batch.assignments.select_related("reader"):
                submit(assignment, "artifact", now=now)
            if kind != "open":
                batches.close(batch_id=batch.pk, closed_by=davi, now=now)
            if kind == "hidden":
                Batch.objects.filter(pk=batch.pk).update(results_open=ResultsOpen.STUDY_LOCKED)
    while refresh.refresh_next(now=now) or labels.refresh_next(now=now):
        pass
    lifecycle.lock(study_id=Study.objects.get(name="Of the other").pk, actor=davi, now=now)
    while refresh.refresh_next(now=now) or labels.refresh_next(now=now):
        pass


@pytest.fixture
def evening(make_study):
    """The study that somebody reads in, not settled yet."""
    return make_study(name="Evening list")


def shown_by_the_application(user):
    shown = {model: model.objects.visible_to(user) for model in MODELS}
    return {model: set(rows.values_list("pk", flat=True)) for model, rows in shown.items()}


def shown_by_the_database(user):
    with row_security.acting_as(user.pk):
        if row_security.role() == row_security.READER:
            return {Reading: set(Reading.objects.values_list("pk", flat=True))}
        return {model: set(model.objects.values_list("pk", flat=True)) for model in MODELS}


# Who reads, what they read, how far their study is, and who broke its glass.
SITUATIONS = [
    ("gil", None, "open", None),
    *(
        (reader, what, "open", None)
        for reader in ("gil", "pia")
        for what in ("listed", "original", "copy", "other")
    ),
    *((reader, "original", "locked", None) for reader in ("gil", "pia")),
    *((reader, "copy", "open", glass) for reader in ("gil", "pia") for glass in ("gil", "pia")),
]


def test_the_database_shows_what_the_application_shows(
    read_studies, evening, exams, people, gil, davi, now
):
    differing, n_rows = {}, {}
    for situation in SITUATIONS:
        reader, what, phase, glass = situation
        with transaction.atomic():
            take_up(evening, people[reader], what, exams, davi, now)
            if glass:
                BreakGlass.objects.create(
                    study=evening, user=people[glass], reason="A recall.", broken_at=now
                )
            if phase == "locked":
                lifecycle.lock(study_id=evening.pk, actor=davi, now=now)
            for name, person in people.items():
                user = User.objects.get(pk=person.pk)
                ours, theirs = shown_by_the_application(user), shown_by_the_database(user)
                n_rows[name, *situation] = len(theirs[Reading])
                for model, rows in theirs.items():
                    if rows != ours[model]:
                        differing[name, *situation, model.__name__] = (ours[model], rows)
            transaction.set_rollback(True)
    assert differing == {}
    assert n_rows["gil", "gil", "copy", "open", None] == 2  # of the other recording alone
    assert n_rows["gil", "gil", "other", "open", None] == 4
    assert n_rows["pia", "gil", "copy", "open", None] == 2
    assert n_rows["kim", "gil", "copy", "open", None] == n_rows["rosa", "gil", None, "open", None]


def take_up(study, reader, what, exams, by, now):
    """Put ``reader`` on the list of ``study``, and give them an exam unless ``what`` is none."""
    if what is None:
        return
    if what == "listed":
        StudyReader.objects.create(study=study, user=reader, status_since=now, added_at=now)
        return
    props.batch(study, "One", [exams[what]], [reader], by=by, now=now)


@pytest.mark.parametrize("name", ["ugo", "otto"])
def test_no_event_of_the_trail_is_there_for_who_reads(name, people, otto, gil, evening, now):
    person = people.get(name, otto)
    reader = gil if name == "ugo" else otto
    with row_security.acting_as(person.pk):
        assert AuditEvent.objects.exists()
    StudyReader.objects.create(study=evening, user=reader, status_since=now, added_at=now)
    with row_security.acting_as(person.pk):
        assert not AuditEvent.objects.exists()


def test_what_belongs_to_a_reading_that_is_kept_is_kept_too(
    read_studies, evening, exams, people, gil, davi, now
):
    take_up(evening, gil, "original", exams, davi, now)
    for name in ("gil", "pia"):
        with row_security.acting_as(people[name].pk):
            kept = Finding.objects.exclude(reading__in=Reading.objects.all())
            assert (Finding.objects.count(), kept.count()) == (2, 0)


def test_nobody_is_shown_the_answers_of_a_set_that_their_voucher_sits(
    make_study, exams, people, gil, davi, now
):
    batch = props.batch(make_study(), "Set", [exams["other"]], [gil], by=davi, now=now)
    batch.references.create(exam=exams["other"], codes=["artifact"])
    for name, n_shown in (("gil", 0), ("pia", 0), ("rosa", 1)):
        with row_security.acting_as(people[name].pk):
            assert Batch.objects.get(pk=batch.pk).references.count() == n_shown

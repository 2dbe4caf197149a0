"""Database and application apply the same blinding rules in every situation.

There are several studies with results, and one more study. A situation says who reads in that
study, whether it is locked, and who broke its glass. In each situation, the tests compare the rows
that the application's filters show with the rows that row-level security shows without them.
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
from tests.app import builders
from tests.app.kept import kept

pytestmark = pytest.mark.django_db

MODELS = (Reading, Consensus, AgreementReport, AgreementRun)


def vouched_by(user, by):
    User.objects.filter(pk=user.pk).update(vouched_by=by)
    return User.objects.get(pk=user.pk)


@kept
def gil(make_user):
    """A coordinator who reads."""
    return make_user("Gil", Role.READER, Role.COORDINATOR)


@kept
def people(make_user, gil, rosa, ana):
    """Gil, accounts that Gil vouched for (Kim through Pia), and two unrelated people."""
    pia = vouched_by(make_user("Pia", Role.READER, Role.RESEARCHER), gil)
    return {
        "gil": gil,
        "pia": pia,
        "ugo": vouched_by(make_user("Ugo", Role.AUDITOR), gil),
        "kim": vouched_by(make_user("Kim", Role.RESEARCHER), pia),
        "rosa": rosa,
        "ana": ana,
    }


@kept
def exams(make_exam):
    """Four exams; three of them are the same recording."""
    exams_by_name = {name: make_exam() for name in ("original", "copy", "second copy", "other")}
    copies = [exams_by_name["copy"].pk, exams_by_name["second copy"].pk]
    Exam.objects.filter(pk__in=copies).update(duplicate_of=exams_by_name["original"])
    return exams_by_name


@kept
def read_studies(make_study, exams, submit, ana, bruno, davi, now):
    """One study per exam, with results.

    Their results policies are batch_closed, study_locked, live and batch_closed; the last one is
    locked.

    The live study also has an open batch and a closed one with hidden results.
    """
    policies = ("batch_closed", "study_locked", "live", "batch_closed")
    for (name, exam), policy in zip(exams.items(), policies, strict=True):
        study = make_study(name=f"Of the {name}", results_open=policy)
        for kind in ("closed", "open", "hidden") if policy == "live" else ("closed",):
            batch = builders.batch(study, kind, [exam], [ana, bruno], by=davi, now=now)
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


@kept
def evening_study(make_study):
    """The study that the situations change. It starts open, without readers."""
    return make_study(name="Evening list")


def visible_by_application(user):
    querysets = {model: model.objects.visible_to(user) for model in MODELS}
    return {model: set(rows.values_list("pk", flat=True)) for model, rows in querysets.items()}


def visible_by_database(user):
    with row_security.acting_as(user.pk):
        if row_security.role() == row_security.READER:
            return {Reading: set(Reading.objects.values_list("pk", flat=True))}
        return {model: set(model.objects.values_list("pk", flat=True)) for model in MODELS}


# (Reader; exam, or "listed" for the roster only; phase of the study; who broke the glass.)
SITUATIONS = [
    ("gil", None, "open", None),
    *(
        (reader, exam_name, "open", None)
        for reader in ("gil", "pia")
        for exam_name in ("listed", "original", "copy", "other")
    ),
    *((reader, "original", "locked", None) for reader in ("gil", "pia")),
    *((reader, "copy", "open", glass) for reader in ("gil", "pia") for glass in ("gil", "pia")),
]


def test_database_and_application_show_the_same_rows(
    read_studies, evening_study, exams, people, gil, davi, now
):
    differing, n_rows = {}, {}
    for situation in SITUATIONS:
        reader, exam_name, phase, glass = situation
        with transaction.atomic():
            start_reading(evening_study, people[reader], exam_name, exams, davi, now)
            if glass:
                BreakGlass.objects.create(
                    study=evening_study, user=people[glass], reason="A recall.", broken_at=now
                )
            if phase == "locked":
                lifecycle.lock(study_id=evening_study.pk, actor=davi, now=now)
            for name, person in people.items():
                user = User.objects.get(pk=person.pk)
                by_application, by_database = (
                    visible_by_application(user),
                    visible_by_database(user),
                )
                n_rows[name, *situation] = len(by_database[Reading])
                for model, rows in by_database.items():
                    if rows != by_application[model]:
                        differing[name, *situation, model.__name__] = (by_application[model], rows)
            transaction.set_rollback(True)
    assert differing == {}
    assert n_rows["gil", "gil", "copy", "open", None] == 2  # the readings of the other recording
    assert n_rows["gil", "gil", "other", "open", None] == 4
    assert n_rows["pia", "gil", "copy", "open", None] == 2
    assert n_rows["kim", "gil", "copy", "open", None] == n_rows["rosa", "gil", None, "open", None]


def start_reading(study, reader, exam_name, exams, by, now):
    """Assign the exam of this name to ``reader``.

    With "listed", only add them to the roster; with None, do nothing.
    """
    if exam_name is None:
        return
    if exam_name == "listed":
        StudyReader.objects.create(study=study, user=reader, status_since=now, added_at=now)
        return
    builders.batch(study, "One", [exams[exam_name]], [reader], by=by, now=now)


@pytest.mark.parametrize("name", ["ugo", "otto"])
def test_auditors_who_read_or_are_vouched_for_by_a_reader_see_no_events(
    name, people, otto, gil, evening_study, now
):
    person = people.get(name, otto)
    reader = gil if name == "ugo" else otto
    with row_security.acting_as(person.pk):
        assert AuditEvent.objects.exists()
    StudyReader.objects.create(study=evening_study, user=reader, status_since=now, added_at=now)
    with row_security.acting_as(person.pk):
        assert not AuditEvent.objects.exists()


def test_findings_are_hidden_with_their_readings(
    read_studies, evening_study, exams, people, gil, davi, now
):
    start_reading(evening_study, gil, "original", exams, davi, now)
    for name in ("gil", "pia"):
        with row_security.acting_as(people[name].pk):
            orphans = Finding.objects.exclude(reading__in=Reading.objects.all())
            assert (Finding.objects.count(), orphans.count()) == (2, 0)


def test_reference_answers_are_hidden_from_accounts_of_the_candidate(
    make_study, exams, people, gil, davi, now
):
    batch = builders.batch(make_study(), "Set", [exams["other"]], [gil], by=davi, now=now)
    batch.references.create(exam=exams["other"], codes=["artifact"])
    for name, n_shown in (("gil", 0), ("pia", 0), ("rosa", 1)):
        with row_security.acting_as(people[name].pk):
            assert Batch.objects.get(pk=batch.pk).references.count() == n_shown

"""Importing published readings into a study of their own, so that their readers can be compared.

The readers are accounts that can never sign in: people, models or a published reference. Their
exams have no tracings.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from annotations import table_statistics
from annotations.models import Batch, Dataset, ReaderKind, Scope, Study, StudyReader, User
from annotations.services import audit
from annotations.services.assignment import batches
from annotations.services.assignment.handout import Row
from annotations.services.counts import live, runs
from annotations.services.exams import recordings
from annotations.services.imports import reading_rows
from annotations.services.people import accounts, members
from annotations.services.refusals import Refusal
from annotations.services.studies import lifecycle
from annotations.services.taxonomy import versions
from ecgreview import published_readings as published
from ecgreview import taxonomy
from ecgreview.protocol import Protocol
from ecgreview.published_readings import Kind, Readings

# Recorded as the actor of an import without ``--by``.
IMPORTER = "import:command-line"

# Enough for all 46 readers of the 8,475 exams of CODE-II-test.
MAX_READINGS = 500_000

BATCH = "Imported readings"
DIGITS = len(str(published.MAX_EXAMS))


class NotAnImport(Refusal):
    code = "not-an-import"


class OtherNumber(Refusal):
    code = "other-number"


class OtherName(Refusal):
    code = "other-name"


class TooManyImported(Refusal):
    code = "too-many-imported"


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of an import.

    Attributes:
        study: the study with the readings.
        new: names of the readers whose readings were stored.
        known: names of the readers whose readings had been stored before.
        kinds: the ``ReaderKind`` of each reader, by name.
        changed: names of known readers whose kind has changed.
        are_patients_used: whether the exams were created with ages, sexes and patients from the
            patient table. This requires new exams and a table with one row per exam.
    """

    study: Study
    new: tuple[str, ...]
    known: tuple[str, ...]
    kinds: Mapping[str, str]
    changed: tuple[str, ...] = ()
    are_patients_used: bool = False


@transaction.atomic
def store(
    *,
    name: str,
    readings: Readings,
    actor: User | None,
    now: datetime,
    stated: Mapping[Kind, Collection[str]] | None = None,
) -> Imported:
    """Store ``readings`` as blind readings of the study called ``name``, creating it if needed.

    Each reader becomes an account without access. The exams of the new readers form a closed data
    batch. The study stays open, so that later imports can add readers.

    Args:
        name: name of the study: a new one, or one that an earlier import created.
        readings: all readings of the files; readers that are stored already are skipped.
        actor: who imports; None if unknown.
        now: time of the import.
        stated: the readers of each kind. Of those who are not listed, new readers get the kind that
            their name suggests, and stored readers keep theirs.

    Raises:
        published.UnknownReader, published.TwoKinds: see ``published.kinds_of``.
        NotAnImport: the study of that name was not created by such an import.
        OtherNumber: the study and the files have different numbers of exams.
        OtherName: a reader's name differs from another only in case.
        Differs: the readings of a stored reader differ from those in the files.
        TooManyImported: there are more than ``MAX_READINGS``.
        InvalidProtocol: the name is not valid for a study.
        lifecycle.NotOpen: the study is locked, and some readers are new or change their kind.
    """
    kinds = published.kinds_of(readings.readers, stated)
    if (n_readings := len(readings.readers) * readings.n_exams) > MAX_READINGS:
        raise TooManyImported(n=n_readings, limit=MAX_READINGS)
    by = actor or _importer(now)
    study = _study(name, kinds, by, now)
    rows, are_patients_used = _exams(study, readings, now)
    stored = _stored_readers(study)
    reading_rows.refuse_changed(rows, readings, stored)
    named = {name for names in (stated or {}).values() for name in names}
    changed = {
        stored[name]: kinds[name]
        for name in readings.readers
        if name in stored and name in named and stored[name].kind != kinds[name]
    }
    if changed:
        _change_kinds(study, changed, by, now)
    new = {reader: kind for reader, kind in kinds.items() if reader not in stored}
    if new:
        _add(study, rows, new, readings, by, now)
        table_statistics.keep_up()
    return Imported(
        study,
        new=tuple(new),
        known=tuple(name for name in readings.readers if name in stored),
        kinds={**{name: stored[name].kind for name in stored}, **new},
        changed=tuple(name for name in readings.readers if stored.get(name) in changed),
        are_patients_used=are_patients_used,
    )


def _importer(now: datetime) -> User:
    stored = User.objects.filter(username=IMPORTER).first()
    return stored or accounts.create_without_access(
        username=IMPORTER, name="Import on the command line", now=now
    )


def _change_kinds(study: Study, kinds: Mapping[User, str], by: User, now: datetime) -> None:
    """Change the kind of readers, which decides whether they vote.

    Raises:
        lifecycle.NotOpen: the study is locked.
    """
    if not study.is_open:
        raise lifecycle.NotOpen
    for reader, kind in kinds.items():
        before, reader.kind = reader.kind, kind
        reader.save(update_fields=["kind"])
        audit.record(
            actor=by, action=audit.Action.PEOPLE_CHANGED, study=study, target=reader,
            before={"kind": str(before)}, after={"kind": str(kind)}, now=now,
        )  # fmt: skip
    closed = study.batches.closed()
    closed.update(agreement_is_due=True, consensus_is_due=True)
    live.lock(study.pk)
    runs.note_change(Scope(study.pk), now=now)


def _study(name: str, kinds: Mapping[str, str], by: User, now: datetime) -> Study:
    """Return the study called ``name`` with its row locked, or create and open it."""
    stored = Study.objects.select_for_update(no_key=True).filter(slug=lifecycle.slug_for(name))
    if study := stored.first():
        return study
    classes = versions.install(taxonomy=published.code_test(), now=now)
    settings = Protocol(
        name=name,
        taxonomy=str(classes),
        readers_per_exam=max(1, list(kinds.values()).count(ReaderKind.PERSON)),
        clinical_information="none",
        suggestion_policy="none",
        frequent_classes=published.CLASSES,
    )
    draft = lifecycle.create(protocol=settings, created_by=by, now=now)
    Dataset.objects.create(name=_dataset_name(draft), created_at=now)
    return lifecycle.open_study(study_id=draft.pk, actor=by, now=now)


def _dataset_name(study: Study) -> str:
    return f"Exams without tracings: {study.slug}"


def _exams(study: Study, readings: Readings, now: datetime) -> tuple[Sequence[int], bool]:
    """Return the ids of the study's exams, creating the exams if it has none.

    Returns:
        Exam ids in the order of the rows, and whether the patient table was used.

    Raises:
        NotAnImport: the study was not created by such an import.
        OtherNumber: the study and ``readings`` have different numbers of exams.
    """
    dataset = Dataset.objects.filter(name=_dataset_name(study)).first()
    if dataset is None or str(study.taxonomy) != taxonomy.label(published.code_test()):
        raise NotAnImport(name=study.name)
    stored = list(dataset.exams.order_by("source_key").values_list("pk", flat=True))
    if not stored:
        keys = [f"{number:0{DIGITS}d}" for number in range(1, readings.n_exams + 1)]
        patients = readings.patients
        if patients is not None and patients.n_exams != readings.n_exams:
            patients = None
        exams = recordings.store_without_tracings(
            dataset=dataset, source_keys=keys, patients=patients, now=now
        )
        return [exam.pk for exam in exams], patients is not None
    if len(stored) != readings.n_exams:
        raise OtherNumber(stored=len(stored), given=readings.n_exams)
    return stored, False


def _username(study: Study, reader: str) -> str:
    """Return the user name of an imported reader. Forms reject colons, so nobody else has it."""
    return f"import:{study.slug}:{reader}"


def _stored_readers(study: Study) -> Mapping[str, User]:
    """Return the imported readers of the study by the names they have in the files."""
    lines = StudyReader.objects.filter(study=study).select_related("user")
    start = _username(study, "")
    return {
        line.user.username.removeprefix(start): line.user
        for line in lines
        if line.user.username.startswith(start)
    }


def _add(
    study: Study,
    rows: Sequence[int],
    kinds: Mapping[str, str],
    readings: Readings,
    by: User,
    now: datetime,
) -> None:
    """Store the readings of the readers in ``kinds`` as a closed batch."""
    if not study.is_open:
        raise lifecycle.NotOpen
    readers = {name: _join(study, name, kind, by, now) for name, kind in kinds.items()}
    plan = [
        Row(reader.pk, exam, position)
        for reader in readers.values()
        for position, exam in enumerate(rows, start=1)
    ]
    draft = batches.make(study=study, name=_free_name(study), rows=plan, created_by=by, now=now)
    batch = batches.release(batch_id=draft.pk, actor=by, now=now)
    reading_rows.store(batch, rows, readings, readers, actor=by, now=now)
    audit.record(
        actor=by, action=audit.Action.READINGS_IMPORTED, study=study, target=batch,
        after={
            "readers": list(kinds),
            "n_exams": len(rows),
            **{kind: names for kind, names in _not_people(kinds).items() if names},
        },
        now=now,
    )  # fmt: skip
    batches.close(batch_id=batch.pk, closed_by=by, now=now)


def _not_people(kinds: Mapping[str, str]) -> dict[str, list[str]]:
    return {
        f"{kind}s": [name for name, own in kinds.items() if own == kind]
        for kind in (ReaderKind.MODEL.value, ReaderKind.REFERENCE.value)
    }


def _join(study: Study, name: str, kind: str, by: User, now: datetime) -> User:
    """Add a new reader to ``study`` directly, because imported readers have no role."""
    try:
        reader = accounts.create_without_access(
            username=_username(study, name), name=name, kind=ReaderKind(kind), now=now
        )
    except members.UserNameTaken as taken:
        raise OtherName(reader=name) from taken
    StudyReader.objects.create(study=study, user=reader, status_since=now, added_at=now)
    audit.record(actor=by, action=audit.Action.READER_ADDED, study=study, target=reader, now=now)
    return reader


def _free_name(study: Study) -> str:
    """Return "Imported readings", or with a number appended if a batch already has that name."""
    names = set(Batch.objects.filter(study=study).values_list("name", flat=True))
    number, name = 1, BATCH
    while name in names:
        number += 1
        name = f"{BATCH} {number}"
    return name

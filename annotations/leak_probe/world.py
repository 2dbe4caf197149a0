"""A small world in which readers have exams to read, before the others act."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction

from annotations.models import (
    Assignment,
    Batch,
    Dataset,
    Exam,
    Reading,
    Role,
    Study,
    SuggestionModel,
    User,
)
from annotations.services.assignment import batches
from annotations.services.assignment.handout import Row
from annotations.services.exams import previous_exams, recordings, suggestion_requests
from annotations.services.people import members, roles
from annotations.services.reading import content, submissions
from annotations.services.reading.content import Content
from annotations.services.reading.signing import Effort, Signed
from annotations.services.studies import exam_pool, lifecycle, roster
from annotations.services.taxonomy import versions
from ecgreview.ecg.formats import Recording
from ecgreview.ecg.signal import Signal
from ecgreview.ecg.visits import Visit
from ecgreview.protocol import Protocol

N_EXAMS = 14
FINDING = "atrial_fibrillation"
NOT_ASSESSABLE = "artifact"
PLACE = {"tracing": 1, "leads": ["II"], "from_s": 0.1, "to_s": 0.9}
PR = {
    "kind": "interval", "tracing": 1, "lead": "II", "from_s": 0.2, "to_s": 0.4, "value": 200.0,
}  # fmt: skip

# Ana, Clara, Gil, Pia and Pablo are probed. Gil coordinates and reads. He invited Pia and Pablo
# before he began to read, so Gil himself may be using their accounts.
PEOPLE: Mapping[str, tuple[Role, ...]] = {
    "ana": (Role.READER,),
    "bruno": (Role.READER,),
    "clara": (Role.ADJUDICATOR,),
    "davi": (Role.COORDINATOR,),
    "gil": (Role.READER, Role.COORDINATOR),
    "eva": (),
    "lia": (Role.READER,),
    "carlos": (Role.ADJUDICATOR,),
    "dora": (Role.ADJUDICATOR,),
    "fabio": (Role.READER,),
    "pia": (Role.RESEARCHER,),
    "pablo": (Role.AUDITOR,),
}

INVITED_BY_GIL = ("pia", "pablo")


@dataclass(frozen=True, slots=True)
class World:
    """The people, the studies and the assignments.

    Attributes:
        open_batch: its exams wait for Ana, Bruno and Gil; one is a hidden repeat for Ana.
        maybe_gold: an exam of the open batch that the action ``hide_gold`` makes a gold exam.
        closed_batch: read by Bruno, Clara and Lia, who disagree on two exams, then closed.
        second_study: assigns some of the same exams to Bruno and Clara.
        split_batch: closed in a third study; Bruno and Lia disagree on exams of the open batch.
        reading: one of Bruno's readings.
    """

    people: Mapping[str, User]
    study: Study
    second_study: Study
    open_batch: Batch
    maybe_gold: Exam
    closed_batch: Batch
    second_batch: Batch
    split_batch: Batch
    dataset: Dataset
    reading: Reading
    now: datetime

    def own(self, person: str) -> list[Assignment]:
        """Return the waiting assignments that a person can see, in order."""
        assignments = Assignment.objects.visible_to(self.people[person])
        return list(assignments.unread().in_reading_order())

    def others(self) -> list[Assignment]:
        """Return Bruno's waiting assignments."""
        his = Assignment.objects.filter(reader=self.people["bruno"]).waiting()
        return list(his.order_by("batch_id", "position"))

    def known_ids(self) -> frozenset[str]:
        """Return the IDs of all assignments as text."""
        return frozenset(map(str, Assignment.objects.values_list("pk", flat=True)))

    def values(self, person: str) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return examples of URL parameters: the person's own, others', and nonexistent ones."""
        own_assignments, other_assignments = self.own(person), self.others()
        held_back = Assignment.objects.held_back().filter(reader=self.people[person])
        own = [assignment.pk for assignment in own_assignments[:2]]
        ids = [*own, other_assignments[0].pk, *held_back.values_list("pk", flat=True)[:1], 1]
        batch_ids = [self.open_batch.pk, self.closed_batch.pk, self.second_batch.pk, 999_999]
        people_ids = [user.pk for user in self.people.values()]
        first = (own_assignments or other_assignments)[0].exam.code
        codes = [first, self.reading.assignment.exam.code, "NOSUCH22"]
        of_assignments = {"pk": ids}
        return {
            "": {
                "pk": batch_ids,
                "slug": [self.study.slug, self.second_study.slug, "nowhere"],
                "code": codes,
                "position": [1, 2],
                "place": [1, 99],
                "key": [self.reading.idempotency_key, uuid.UUID(int=7)],
                "attempt": [uuid.UUID(int=7)],
                "rest": ["no/such/place"],
                "uidb36": ["1"],
                "version": [1, 2],
                "user_pk": people_ids[:3],
                "event": [1, 999_999],
            },
            "desk": of_assignments,
            "api-assignment": of_assignments,
            "api-draft": of_assignments,
            "api-deferral": of_assignments,
            "api-reading-create": of_assignments,
            "api-revision": of_assignments,
            "api-prior-tracing": of_assignments,
            "api-viewing": of_assignments,
            "dataset": {"pk": [self.dataset.pk, 999_999]},
            "person": {"pk": people_ids[:3]},
            "audit": {"pk": [1, 2, 999_999], "seq": [1, 2, 999_999]},
            "api-audit": {"pk": [1, 2, 999_999], "seq": [1, 2, 999_999]},
            "notice": {"pk": [1, 2, 999_999]},
            "api-notice": {"pk": [1, 2, 999_999]},
            "account": {"key": ["1-abc"]},
        }


@transaction.atomic
def build(now: datetime) -> World:
    """Build the world through the services, in an otherwise empty database."""
    roles.sync()
    people = {
        name: members.create(username=name, roles=own_roles) for name, own_roles in PEOPLE.items()
    }
    davi = people["davi"]
    User.objects.filter(username__in=INVITED_BY_GIL).update(vouched_by=people["gil"])
    taxonomy = versions.install(now=now)
    dataset, stored = _exams(now)
    protocol = Protocol(
        name="Probed study", taxonomy=str(taxonomy), prior_exam="shown", readers_per_exam=3
    )
    study = _open(protocol, davi, now)
    second = _open(Protocol(name="Second study", taxonomy=str(taxonomy)), davi, now)
    closed = batches.create(
        study=study, name="Closed", exams=stored[:4],
        readers=[people[name] for name in ("bruno", "clara", "lia")], created_by=davi, now=now,
    )  # fmt: skip
    in_dispute = {exam.pk for exam in stored[:2]}
    for number, assignment in enumerate(closed.assignments.order_by("order_key")):
        is_normal = assignment.reader == people["clara"] and assignment.exam_id in in_dispute
        read(assignment, number, "normal_ecg" if is_normal else FINDING, now)
    reading = Reading.objects.filter(reader=people["bruno"]).order_by("pk").first()
    batches.close(batch_id=closed.pk, closed_by=davi, now=now)
    opened = _open_batch(
        study, stored[4:12], [people[x] for x in ("ana", "bruno", "gil")], davi, now
    )
    again = batches.create(
        study=second, name="Again", exams=stored[4:8], readers=[people["bruno"], people["clara"]],
        created_by=davi, now=now,
    )  # fmt: skip
    disputing = Protocol(
        name="Third study", taxonomy=str(taxonomy), consensus_rule="majority_per_class"
    )
    split = _split_batch(disputing, stored[4:6], [people["bruno"], people["lia"]], davi, now)
    suggestion_requests.request(exams=stored, now=now)
    maybe_gold = stored[11]
    pool = [exam for exam in stored if exam != maybe_gold]
    exam_pool.add(study=study, exams=pool, actor=davi, now=now)
    if reading is None:
        raise AssertionError(closed)
    return World(
        people, study, second, opened, maybe_gold, closed, again, split, dataset, reading, now
    )  # fmt: skip


def _split_batch(
    protocol: Protocol, exams: Sequence[Exam], readers: Sequence[User], davi: User, now: datetime
) -> Batch:
    """Return a closed batch, the only one of its study, in which all exams are in dispute."""
    batch = batches.create(
        study=_open(protocol, davi, now), name="Split", exams=exams, readers=readers,
        created_by=davi, now=now,
    )  # fmt: skip
    for assignment in batch.assignments.select_related("reader").order_by("order_key"):
        code = FINDING if assignment.reader == readers[0] else "normal_ecg"
        read(assignment, assignment.pk % 10**12 + 10**12, code, now)
    return batches.close(batch_id=batch.pk, closed_by=davi, now=now)


def read(assignment: Assignment, number: int, code: str, now: datetime, **changes: Any) -> Reading:
    """Submit a reading as the assignment's reader. ``number`` determines the idempotency key."""
    supersedes = changes.pop("supersedes", None)
    answers: dict[str, Any] = {
        "findings": [content.FindingIn(code, "possible", [PLACE], [PR])],
        "not_assessable": [NOT_ASSESSABLE],
        "problems": [{"kind": "noise", "leads": ["V1"]}],
        "quality": "poor",
        "comment": "a secret comment",
    }
    return submissions.submit(
        assignment_id=assignment.pk,
        reader=assignment.reader,
        based_on=assignment.draft.version if hasattr(assignment, "draft") else 0,
        signed=Signed(
            Content(**{**answers, **changes}),
            uuid.UUID(int=10**6 + number),
            effort=Effort(1234, 567, {"layout": "12x1"}, {"calipers": 3}),
        ),
        supersedes=supersedes,
        now=now,
    ).reading


def model(now: datetime) -> SuggestionModel:
    """Return the model that ``actions.suggest`` uses, creating it if necessary."""
    row, _ = SuggestionModel.objects.get_or_create(
        name="probe", version="1", defaults={"covered_classes": [FINDING], "created_at": now}
    )
    return row


def _open(protocol: Protocol, davi: User, now: datetime) -> Study:
    draft = lifecycle.create(protocol=protocol, created_by=davi, now=now)
    return lifecycle.open_study(study_id=draft.pk, actor=davi, now=now)


def _open_batch(
    study: Study, exams: Sequence[Exam], readers: Sequence[User], davi: User, now: datetime
) -> Batch:
    """Return a released batch in which Ana, the first of ``readers``, has a hidden repeat."""
    roster.join(study=study, readers=readers, actor=davi, now=now)
    rows = [
        Row(reader.pk, exam.pk, place)
        for reader in readers
        for place, exam in enumerate(exams, start=1)
    ]
    rows.append(Row(readers[0].pk, exams[0].pk, len(exams) + 1, occurrence=2))
    batch = batches.make(study=study, name="Open", rows=rows, created_by=davi, now=now)
    due_on = (now + timedelta(days=7)).date()
    return batches.release(batch_id=batch.pk, actor=davi, now=now, due_on=due_on)


def _exams(now: datetime) -> tuple[Dataset, list[Exam]]:
    dataset = Dataset.objects.create(name="Probed ward", created_at=now)
    stored = recordings.store(
        dataset=dataset, recordings=[_recording(number) for number in range(N_EXAMS)], now=now
    )
    visits = [Visit(exam.source_key, _patient(n), day=n, line=n) for n, exam in enumerate(stored)]
    previous_exams.link(dataset=dataset, visits=visits, actor=None, now=now)
    return dataset, sorted(dataset.exams.all(), key=lambda exam: exam.source_key)


def _patient(number: int) -> str:
    """Return the pseudonym for the patient of an exam. Each patient has two exams."""
    return f"patient {number // 2}"


def _recording(number: int) -> Recording:
    """Return one second of noise. The probe compares responses, not waveforms."""
    rng = np.random.default_rng(number)
    samples = rng.integers(-500, 500, (12, 100), dtype=np.int16)
    return Recording(
        signal=Signal(samples, 100.0, 1.0),
        source_key=f"{number:02d}",
        patient_key=_patient(number),
        age_years=60.0 + number,
        sex="F" if number % 2 else "M",
        warnings=(),
    )

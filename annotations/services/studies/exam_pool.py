"""The exam pool of a study: exams drawn at random, by stratum, or listed by code; and anchors."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q

from annotations import row_security
from annotations.models import (
    NO_DATA,
    Assignment,
    Dataset,
    Exam,
    Slot,
    Study,
    StudyExam,
    User,
)
from annotations.services import audit
from annotations.services.exams import same_recordings
from annotations.services.refusals import Refusal
from annotations.services.studies import lifecycle
from annotations.services.studies import strata as studies_strata
from annotations.services.studies.strata import StratumSource
from ecgreview import design

# More exams than any comparable study had, and few enough to be drawn within a web request.
MAX_POOL = 100_000

EXAMS_AT_ONCE = 5_000


class NothingToAdd(Refusal):
    code = "nothing-to-add"


class AlreadyInStudy(Refusal):
    code = "already-in-study"


class PoolTooLarge(Refusal):
    code = "pool-too-large"


class AlreadyGiven(Refusal):
    code = "already-given"


@dataclass(frozen=True, slots=True)
class DrawRequest:
    """Which exams to draw, and how.

    Attributes:
        dataset: the data set to draw from.
        n_exams: number of exams; None: all there are, or the sum of ``quota``.
        stratify_by: one of ``StratumSource``.
        quota: ``"equal"`` or ``"proportional"`` numbers, or the number for each stratum.
        per_patient: maximum number of exams of one patient; None: no limit.
    """

    dataset: Dataset
    n_exams: int | None = None
    stratify_by: str = StratumSource.NONE
    quota: str | Mapping[str, int] = "proportional"
    per_patient: int | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """How many exams were drawn, in total and by stratum, and how many were available."""

    n_exams: int
    quotas: dict[str, int] = field(default_factory=dict)
    available: dict[str, int] = field(default_factory=dict)


@transaction.atomic
def draw(*, study: Study, request: DrawRequest, actor: User, now: datetime) -> Drawn:
    """Draw exams at random, determined by the study's seed, and add them to its pool.

    Raises:
        lifecycle.NotThisPhase: the study is locked.
        StrataHidden: the request uses strata, but ``actor`` reads in the study.
        NothingToAdd: the data set has no exam left for this study.
        PoolTooLarge: the pool would have more than ``MAX_POOL`` exams.
        QuotaUnmet: a stratum has too few exams.
        design.BadDesign: the numbers contradict each other.
    """
    study = _locked(study)
    if request.stratify_by != StratumSource.NONE:
        studies_strata.refuse_readers(study, actor)
    table = _candidates(study, request, actor)
    if not table:
        raise NothingToAdd
    strata = studies_strata.of_exams(table, request.stratify_by, study)
    chosen = _chosen(study, request, table, strata)
    ids = chosen.exams.tolist()
    kind_of = dict(zip((pk for pk, *_ in table), strata, strict=True))
    details = {
        "dataset": request.dataset.name,
        "n_available": len(table),
        "stratified_by": ""
        if request.stratify_by == StratumSource.NONE
        else str(request.stratify_by),
        "quota": request.quota if isinstance(request.quota, str) else "listed",
        "per_patient": request.per_patient,
    }
    _add(study, {pk: kind_of[pk] for pk in ids}, actor, now, draw=details)
    return Drawn(len(ids), chosen.quotas, chosen.available)


@transaction.atomic
def add(*, study: Study, exams: Sequence[Exam], actor: User, now: datetime) -> int:
    """Add these exams to the pool and return the number of new ones.

    Gold exams of the study are left out without saying so: ``actor`` may be a reader, who must not
    learn which exams they are.

    Raises:
        lifecycle.NotThisPhase: the study is locked.
        AlreadyInStudy: the pool already contains all of them.
        SameRecording: two exams of the study would contain the same recording.
        PoolTooLarge: the pool would have more than ``MAX_POOL`` exams.
    """
    study = _locked(study)
    present = set(study.pool.filter(exam__in=exams).values_list("exam", flat=True))
    present |= _gold(study)
    new = [exam.pk for exam in exams if exam.pk not in present]
    if not new:
        raise AlreadyInStudy
    same_recordings.refuse_duplicates(study, new)
    _add(study, dict.fromkeys(new, ""), actor, now)
    return len(new)


@transaction.atomic
def choose_anchors(*, study: Study, n_anchors: int, actor: User, now: datetime) -> int:
    """Draw anchors, exams that every reader reads, from exams that are in no data batch yet.

    Anchors in data batches stay and count toward ``n_anchors``; the others are drawn again. Returns
    the number of anchors.

    Raises:
        lifecycle.NotThisPhase: the study is locked.
        AlreadyGiven: more than ``n_anchors`` anchors are in data batches.
        NothingToAdd: the pool has too few exams left.
    """
    study = _locked(study)
    assigned = set(exams_in_batches(study))
    rows = list(study.pool.values_list("exam_id", "is_anchor"))
    anchors = [pk for pk, is_anchor in rows if is_anchor and pk in assigned]
    if len(anchors) > n_anchors:
        raise AlreadyGiven(n=len(anchors))
    free = in_drawn_order(study, "anchor", [pk for pk, _ in rows if pk not in assigned])
    if len(free) < n_anchors - len(anchors):
        raise NothingToAdd
    chosen = free[: n_anchors - len(anchors)]
    study.pool.filter(is_anchor=True).exclude(exam__in=assigned).update(is_anchor=False)
    study.pool.filter(exam__in=chosen).update(is_anchor=True)
    audit.record(
        actor=actor, action=audit.Action.STUDY_ANCHORS_CHOSEN, study=study, target=study,
        after={"n_anchors": n_anchors}, now=now,
    )  # fmt: skip
    return n_anchors


@transaction.atomic
def clear(*, study: Study, actor: User, now: datetime) -> int:
    """Remove the exams that are in no data batch from the pool, and return their number.

    Raises:
        lifecycle.NotThisPhase: the study is locked.
    """
    study = _locked(study)
    n_removed, _ = study.pool.exclude(exam__in=exams_in_batches(study)).delete()
    audit.record(
        actor=actor, action=audit.Action.STUDY_EXAMS_REMOVED, study=study, target=study,
        after={"n_exams": n_removed}, now=now,
    )  # fmt: skip
    return n_removed


def exams_in_batches(study: Study) -> models.QuerySet[Exam, int]:
    """Return the ids of the exams that are in data batches of the study."""
    assigned = Assignment.objects.filter(exam=OuterRef("pk"), batch__study=study)
    pooled = Slot.objects.filter(exam=OuterRef("pk"), batch__study=study)
    exams = Exam.objects.filter(
        Exists(assigned.exclude(batch__purpose__in=NO_DATA))
        | Exists(pooled.exclude(batch__purpose__in=NO_DATA))
    )
    return exams.values_list("pk", flat=True)


def in_drawn_order(study: Study, purpose: str, exam_ids: Iterable[int]) -> list[int]:
    """Return ``exam_ids`` in a random order that the study's seed and ``purpose`` determine."""
    seed = study.seed.encode()

    def key(exam_id: int) -> bytes:
        return hmac.new(seed, f"{purpose}:{exam_id}".encode(), hashlib.sha256).digest()

    return sorted(exam_ids, key=key)


def _gold(study: Study) -> set[int]:
    """Return the ids of the study's gold exams, and of other exams with their recordings.

    Never show them to readers of the study.
    """
    with row_security.as_owner():
        gold = Exam.objects.filter(pk__in=study.gold_exams.values("exam"))
        recordings = {original or pk for pk, original in gold.values_list("pk", "duplicate_of")}
        same = Exam.objects.filter(Q(pk__in=recordings) | Q(duplicate_of__in=recordings))
        return set(same.values_list("pk", flat=True))


def _locked(study: Study) -> Study:
    """Return the study with its row locked, so that concurrent changes of the pool take turns."""
    locked = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    if locked.is_settled:
        raise lifecycle.NotThisPhase(phase=locked.get_phase_display())
    return locked


def _candidates(
    study: Study, request: DrawRequest, actor: User
) -> list[tuple[int, int | None, list[str]]]:
    """Return id, patient and source labels of the exams that could be drawn.

    If strata are used, exams that ``actor`` reads in another study are left out, because the
    stratum would reveal what they show.
    """
    exams = Exam.objects.filter(dataset=request.dataset).originals()
    if request.stratify_by != StratumSource.NONE:
        exams = exams.not_read_by(actor)
    practiced = Assignment.objects.filter(batch__study=study, batch__purpose__in=NO_DATA)
    new = exams.exclude(in_studies__study=study).exclude(pk__in=practiced.values("exam"))
    copies = Exam.objects.filter(duplicate_of__isnull=False).filter(
        Q(pk__in=study.pool.values("exam")) | Q(pk__in=practiced.values("exam"))
    )
    new = new.exclude(pk__in=copies.values("duplicate_of")).exclude(pk__in=_gold(study))
    return list(new.order_by("pk").values_list("pk", "patient_id", "source_labels"))


def _chosen(
    study: Study,
    request: DrawRequest,
    table: Sequence[tuple[int, int | None, list[str]]],
    strata: Sequence[str],
) -> design.Sample:
    n_exams = request.n_exams
    if n_exams is None and isinstance(request.quota, str) and request.per_patient is None:
        n_exams = len(table)
    return design.sample(
        seed=study.seed,
        exams=[pk for pk, *_ in table],
        labels=[(stratum,) if stratum else () for stratum in strata],
        n_exams=n_exams,
        quota=request.quota,  # type: ignore[arg-type]  # the form offers these words only
        patients=[design.UNKNOWN if patient is None else patient for _, patient, _ in table],
        per_patient=request.per_patient,
    )


def _add(
    study: Study,
    strata: Mapping[int, str],
    actor: User,
    now: datetime,
    draw: Mapping[str, object] | None = None,
) -> None:
    """Add exams, and record in the audit trail how they were chosen.

    Numbers by stratum are not recorded, because they would reveal what the exams show.
    """
    if study.pool.count() + len(strata) > MAX_POOL:
        raise PoolTooLarge(limit=MAX_POOL)
    StudyExam.objects.bulk_create(
        (
            StudyExam(study=study, exam_id=pk, stratum=stratum)
            for pk, stratum in sorted(strata.items())
        ),
        batch_size=EXAMS_AT_ONCE,
    )
    listed = hashlib.sha256("\n".join(str(pk) for pk in sorted(strata)).encode()).hexdigest()
    audit.record(
        actor=actor, action=audit.Action.STUDY_EXAMS_ADDED, study=study, target=study,
        after={
            "n_exams": len(strata),
            "exams_sha256": listed,
            "selection": "drawn" if draw else "named",
            **({"draw": dict(draw)} if draw else {}),
        },
        now=now,
    )  # fmt: skip

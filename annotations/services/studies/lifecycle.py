"""Studies and their protocol, from draft to release."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from annotations.models import (
    Batch,
    BreakGlass,
    NoticeKind,
    Phase,
    ProtocolVersion,
    Study,
    StudyReader,
    StudyReaderStatus,
    Taxonomy,
    User,
)
from annotations.models.study import new_seed
from annotations.services import audit
from annotations.services.notices import delivery
from annotations.services.refusals import NameTaken, Refusal
from annotations.services.studies import protocols, roster
from annotations.services.studies.protocols import protocol_of
from annotations.services.taxonomy import mappings
from ecgreview import consensus
from ecgreview.protocol import (
    InvalidProtocol,
    Protocol,
    as_document,
    changes,
    check,
    check_amendment,
    digest,
)
from ecgreview.strict_files import Problem
from ecgreview.taxonomy import FREQUENT

# Path segments used by other pages under /studies/.
RESERVED_SLUGS = frozenset({"new"})

# Values of protocol fields that this version of the program does not support yet.
UNAVAILABLE: tuple[tuple[str, object], ...] = (("clinical_information", "full"),)


# Protocol fields that decide how readings become labels. They take effect immediately.
DECIDE_LABELS = frozenset({"consensus_rule", "consensus_k", "consensus_threshold", "taxonomy"})


class NotThisPhase(Refusal):
    code = "not-this-phase"


class NotOpen(NotThisPhase):
    code = "study-not-open"


class ReasonMissing(Refusal):
    code = "reason-missing"


class ConsensusPending(Refusal):
    """The consensus of a closed batch has not been computed yet."""

    code = "consensus-due"


@transaction.atomic
def create(*, protocol: Protocol, created_by: User, now: datetime, is_demo: bool = False) -> Study:
    """Return a new draft study with this protocol.

    Raises:
        InvalidProtocol: this installation does not know its taxonomy, rule or one of its classes,
            or the protocol has other problems.
        NameTaken: there is a study with this name.
    """
    refuse_problems(protocol)
    study = Study(slug=slug_for(protocol.name), created_by=created_by, created_at=now)
    study.is_demo = is_demo
    study.seed = protocol.order_seed or new_seed()
    _write(study, protocol)
    _insert(study)
    audit.record(
        actor=created_by, action=audit.Action.STUDY_CREATED, study=study, target=study,
        after=as_document(protocol_of(study)), now=now,
    )  # fmt: skip
    return study


@transaction.atomic
def rewrite(*, study_id: int, protocol: Protocol, actor: User, now: datetime) -> Study:
    """Replace the protocol of a draft.

    Raises:
        NotThisPhase: the study is not a draft; see ``amend`` for open studies.
        InvalidProtocol: see ``create``.
        NameTaken: another study has the new name.
    """
    study = Study.objects.select_for_update().get(pk=study_id)
    if not study.is_draft:
        raise NotThisPhase(phase=study.get_phase_display())
    refuse_problems(protocol)
    before = as_document(protocol_of(study))
    _write(study, protocol)
    study.slug = slug_for(protocol.name)
    if Study.objects.filter(slug=study.slug).exclude(pk=study.pk).exists():
        raise NameTaken(name=protocol.name)
    study.save()
    audit.record(
        actor=actor, action=audit.Action.STUDY_CHANGED, study=study, target=study,
        before=before, after=as_document(protocol_of(study)), now=now,
    )  # fmt: skip
    return study


@transaction.atomic
def open_study(*, study_id: int, actor: User, now: datetime) -> Study:
    """Freeze the protocol of a draft and open it for reading.

    Raises:
        NotThisPhase: the study is not a draft.
        InvalidProtocol: the roster is not empty but too short, or any of the reasons in ``create``.
    """
    study = Study.objects.select_for_update().get(pk=study_id)
    if not study.is_draft:
        raise NotThisPhase(phase=study.get_phase_display())
    frozen = protocol_of(study)
    n_readers = StudyReader.objects.filter(study=study).count() or None
    refuse_problems(frozen, n_readers=n_readers)
    _record(study, frozen, reason="", actor=actor, now=now)
    study.phase = Phase.OPEN
    study.opened_at = max(now, study.created_at)
    study.save(update_fields=["phase", "opened_at"])
    audit.record(
        actor=actor, action=audit.Action.STUDY_OPENED, study=study, target=study,
        after={"version": 1, "digest": digest(frozen)}, now=now,
    )  # fmt: skip
    return study


@transaction.atomic
def amend(
    *, study_id: int, protocol: Protocol, reason: str, actor: User, now: datetime
) -> ProtocolVersion:
    """Put a new version of the protocol in force for batches created from now on.

    Raises:
        NotThisPhase: the study is not open; see ``rewrite`` for drafts.
        ReasonMissing: ``reason`` is empty.
        InvalidProtocol: nothing differs, a frozen field differs, there is no mapping to the new
            taxonomy from one that earlier batches use, or any of the reasons in ``create``.
    """
    study = Study.objects.select_for_update(no_key=True).get(pk=study_id)
    if not study.is_open:
        raise NotThisPhase(phase=study.get_phase_display())
    if not reason.strip():
        raise ReasonMissing
    before = protocol_of(study)
    protocol = replace(protocol, order_seed=study.seed)
    if refused := check_amendment(before, protocol):
        raise InvalidProtocol(refused)
    refuse_problems(protocol)
    _refuse_unmapped(study, protocol)
    study.protocol_version += 1
    _write(study, protocol)
    version = _record(study, protocol, reason=reason, actor=actor, now=now)
    study.save()
    if DECIDE_LABELS.intersection(change.key for change in changes(before, protocol)):
        study.batches.closed().of_data().update(consensus_is_due=True)
    audit.record(
        actor=actor, action=audit.Action.STUDY_AMENDED, study=study, target=version,
        before=as_document(before), after=version.document, reason=reason, now=now,
    )  # fmt: skip
    return version


@transaction.atomic
def lock(*, study_id: int, actor: User, now: datetime) -> Study:
    """End all reading in a study for good, and close its open batches.

    Waits for submissions in progress. Later ones are refused, but drafts are kept.

    Raises:
        NotThisPhase: the study is not open.
    """
    study = Study.objects.select_for_update(no_key=True).get(pk=study_id)
    if not study.is_open:
        raise NotThisPhase(phase=study.get_phase_display())
    for batch in Batch.objects.open().filter(study=study).select_for_update(no_key=True):
        end_batch(batch, actor, now)
    study.phase = Phase.LOCKED
    study.locked_at = max(now, study.opened_at or now)
    study.save(update_fields=["phase", "locked_at"])
    # Compute again: locking opens hidden results, and reports state the date of locking.
    study.batches.of_data().update(agreement_is_due=True, consensus_is_due=True)
    audit.record(actor=actor, action=audit.Action.STUDY_LOCKED, study=study, target=study, now=now)
    staying = study.readers.exclude(status=StudyReaderStatus.WITHDRAWN)
    users = list(staying.values_list("user", flat=True))
    delivery.notify(users, NoticeKind.STUDY_LOCKED, {"study": study.name}, now=now)
    return study


@transaction.atomic
def release(*, study_id: int, actor: User, now: datetime) -> Study:
    """Declare the results of a locked study final.

    Raises:
        NotThisPhase: the study is not locked.
        ConsensusPending: the consensus of a batch has not been computed yet.
    """
    study = Study.objects.select_for_update(no_key=True).get(pk=study_id)
    if study.phase != Phase.LOCKED:
        raise NotThisPhase(phase=study.get_phase_display())
    if study.batches.filter(consensus_is_due=True).exists():
        raise ConsensusPending
    study.phase = Phase.RELEASED
    study.released_at = max(now, study.locked_at or now)
    study.save(update_fields=["phase", "released_at"])
    audit.record(
        actor=actor, action=audit.Action.STUDY_RELEASED, study=study, target=study, now=now
    )
    return study


@transaction.atomic
def break_glass(*, study: Study, user: User, reason: str, now: datetime) -> BreakGlass:
    """Withdraw ``user`` as a reader of ``study``, and let them see its results.

    After seeing results they cannot read its exams blind, so they get no more of them.

    Raises:
        ReasonMissing: ``reason`` is empty.
        NotThisPhase: the study is locked, so nothing is hidden from them.
    """
    if not reason.strip():
        raise ReasonMissing
    if study.is_settled:
        raise NotThisPhase(phase=study.get_phase_display())
    line = StudyReader.objects.filter(study=study, user=user).first()
    if line and line.status != StudyReaderStatus.WITHDRAWN:
        roster.withdraw(study=study, user=user, reason=reason, actor=user, now=now)
    broken, is_new = BreakGlass.objects.get_or_create(
        study=study, user=user, defaults={"reason": reason, "broken_at": now}
    )
    if is_new:
        audit.record(
            actor=user, action=audit.Action.GLASS_BROKEN, study=study, target=user,
            reason=reason, now=now,
        )  # fmt: skip
    return broken


def slug_for(name: str) -> str:
    """Return the slug for a study name; a hash if no character of the name can be in a slug."""
    slug = slugify(name)[:60].strip("-")
    if not slug:
        return f"study-{hashlib.sha256(name.encode()).hexdigest()[:8]}" if name else ""
    return f"study-{slug}" if slug in RESERVED_SLUGS else slug


def refuse_problems(protocol: Protocol, *, n_readers: int | None = None) -> None:
    """Raise unless this installation can carry out ``protocol``.

    Raises:
        InvalidProtocol: lists every problem.
    """
    if refused := problems(protocol, n_readers=n_readers):
        raise InvalidProtocol(refused)


def problems(
    protocol: Protocol, *, n_readers: int | None = None, n_exams: int | None = None
) -> list[Problem]:
    """Return the problems of carrying out ``protocol`` with these numbers of readers and exams."""
    taxonomies = Taxonomy.objects.prefetch_related("classes")
    codes_by_taxonomy = {
        str(taxonomy): [item.code for item in taxonomy.classes.all()] for taxonomy in taxonomies
    }
    return check(
        protocol,
        known_rules=consensus.RULES,
        known_taxonomies=codes_by_taxonomy,
        n_readers=n_readers,
        n_exams=n_exams,
        unavailable=UNAVAILABLE,
    )


def end_batch(batch: Batch, actor: User, now: datetime) -> None:
    """Close ``batch``, which must be locked and open, and request its agreement and consensus."""
    batch.closed_at = max(now, batch.created_at)  # the clock may have been set back
    batch.closed_by = actor
    batch.agreement_is_due = True
    batch.consensus_is_due = batch.counts
    batch.save(update_fields=["closed_at", "closed_by", "agreement_is_due", "consensus_is_due"])
    audit.record(
        actor=actor, action=audit.Action.BATCH_CLOSED, study=batch.study, target=batch, now=now
    )


def _write(study: Study, protocol: Protocol) -> None:
    settings: dict[str, Any] = protocol.settings()
    for key in protocols.PLAIN:
        setattr(study, key, settings[key])
    study.taxonomy = _taxonomy(protocol)
    study.qualification_required = protocol.qualification.required
    study.pass_mark = protocol.qualification.pass_mark
    study.frequent_classes = _frequent(study.taxonomy, protocol.frequent_classes)


def _refuse_unmapped(study: Study, protocol: Protocol) -> None:
    """Raise if labels of ``study`` could not be translated to the new taxonomy.

    Raises:
        InvalidProtocol: there is no mapping from the taxonomy of one of its batches.
    """
    new = _taxonomy(protocol)
    used = Taxonomy.objects.filter(batches__in=study.batches.of_data()).exclude(pk=new.pk)
    for old in used.distinct().order_by("pk"):
        try:
            mappings.between(old, new)
        except mappings.NoMapping as refusal:
            hint = "Install the mapping first, with manage.py import_taxonomy."
            problem = Problem("taxonomy", f"there is no mapping from {old} to this taxonomy", hint,
                                      code="no_mapping")  # fmt: skip
            raise InvalidProtocol([problem]) from refusal


def _taxonomy(protocol: Protocol) -> Taxonomy:
    name, _, version = protocol.taxonomy.rpartition(" ")
    return Taxonomy.objects.get(name=name, version=version)


def _frequent(taxonomy: Taxonomy, codes: Sequence[str] | None) -> list[str]:
    """Return ``codes``, or by default the classes that are frequent in CODE-II."""
    if codes is not None:
        return list(codes)
    available = set(taxonomy.classes.values_list("code", flat=True))
    return [code for code in FREQUENT if code in available]


def _record(
    study: Study, frozen: Protocol, *, reason: str, actor: User, now: datetime
) -> ProtocolVersion:
    return ProtocolVersion.objects.create(
        study=study,
        version=study.protocol_version,
        document=as_document(frozen),
        digest=digest(frozen),
        reason=reason,
        created_by=actor,
        created_at=now,
    )


def _insert(study: Study) -> None:
    if Study.objects.filter(slug=study.slug).exists():
        raise NameTaken(name=study.name)
    try:
        with transaction.atomic():
            study.save(force_insert=True)
    except IntegrityError as error:
        # Race: another request created a study with this name after our check.
        if Study.objects.filter(slug=study.slug).exists():
            raise NameTaken(name=study.name) from error
        raise

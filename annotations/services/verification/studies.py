"""Verify that taxonomies, protocols, studies, rosters and results seen are as recorded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Exists, F, OuterRef, TextField
from django.db.models.functions import Cast

from annotations.models import (
    AuditEvent,
    Phase,
    ProtocolVersion,
    ResultsSeen,
    Study,
    StudyReader,
    StudyReaderStatus,
    Taxonomy,
)
from annotations.services.audit import Action, digests
from annotations.services.studies import protocols
from annotations.services.verification.readings import state
from ecgreview import protocol
from ecgreview.hash_chain import Fault, Kind
from ecgreview.protocol import InvalidProtocol

PHASES: Mapping[str, Phase] = {
    Action.STUDY_CREATED: Phase.DRAFT,
    Action.STUDY_OPENED: Phase.OPEN,
    Action.STUDY_LOCKED: Phase.LOCKED,
    Action.STUDY_RELEASED: Phase.RELEASED,
}
STATUSES: Mapping[str, StudyReaderStatus | None] = {
    Action.READER_ADDED: StudyReaderStatus.ACTIVE,
    Action.READER_RESUMED: StudyReaderStatus.ACTIVE,
    Action.READER_PAUSED: StudyReaderStatus.PAUSED,
    Action.READER_WITHDRAWN: StudyReaderStatus.WITHDRAWN,
    Action.READER_REMOVED: None,
}


def taxonomy_fault() -> Fault | None:
    """Return a fault for the first taxonomy that differs from what was installed, or None."""
    for taxonomy in Taxonomy.objects.order_by("pk"):
        actions = (Action.TAXONOMY_INSTALLED, Action.AUDIT_RECORDED)
        recorded = {
            state(event).get("digest") for event in _about("taxonomy", taxonomy.pk, actions)
        }
        if recorded - {None} != {digests.of_taxonomy(taxonomy)}:
            return Fault(Kind.TAXONOMY_ALTERED, other=taxonomy.pk, name=str(taxonomy))
    return None


def protocol_fault() -> Fault | None:
    """Return a fault for the first protocol version that differs from the recorded one, or None."""
    for version in ProtocolVersion.objects.select_related("study").order_by("pk"):
        digest = _sha256(version.document)
        if version.digest != digest or digest not in _recorded_digests(version):
            name = f"protocol {version.version} of {version.study.name}"
            return Fault(Kind.PROTOCOL_ALTERED, other=version.pk, name=name)
    return None


def study_fault() -> Fault | None:
    """Return a fault for the first study that differs from its events or its protocol, or None.

    It has a phase that was not recorded, or rules other than those of its protocol.
    """
    for study in Study.objects.select_related("taxonomy").order_by("pk"):
        phases = _about("study", study.pk, tuple(PHASES))
        recorded = [PHASES[event.action] for event in phases]
        is_in_phase = not recorded or recorded[-1] == study.phase
        expected = _expected_rules(study)
        if not is_in_phase or (expected is not None and _rules(study) != expected):
            return Fault(Kind.STUDY_ALTERED, other=study.pk, name=study.name)
    return None


def reader_fault() -> Fault | None:
    """Return a fault for the first reader whose status in a study is not the last recorded one."""
    expected: dict[tuple[int, str], StudyReaderStatus | None] = {}
    events = AuditEvent.objects.filter(action__in=list(STATUSES), object_type="user")
    for event in events.order_by("link__seq").iterator():
        if event.study_id is not None:
            expected[event.study_id, event.object_id] = STATUSES[event.action]
    lines = StudyReader.objects.values_list("study_id", "user_id", "status")
    actual = {(study, str(user)): status for study, user, status in lines}
    for place in sorted(expected):
        if actual.get(place) != expected[place]:
            study, reader = place
            name = f"reader {reader} of study {study}"
            return Fault(Kind.STUDY_READER_ALTERED, other=int(reader), name=name)
    return None


def seen_fault() -> Fault | None:
    """Return a fault for the first event of seeing results without a ``ResultsSeen`` row."""
    noted = ResultsSeen.objects.annotate(known_by=Cast("batch_id", TextField()))
    noted = noted.filter(user=OuterRef("actor"), known_by=OuterRef("object_id"))
    events = AuditEvent.objects.filter(
        action=Action.RESULTS_SEEN, object_type="batch", actor__isnull=False
    )
    event = events.exclude(Exists(noted)).order_by("pk").first()
    if event is None:
        return None
    return Fault(
        Kind.RESULTS_SEEN_MISSING,
        event=str(event.pk),
        other=int(event.object_id),
        name=event.actor_name,
    )


def _about(kind: str, pk: int, actions: tuple[str, ...]) -> Iterator[AuditEvent]:
    events = AuditEvent.objects.filter(object_type=kind, object_id=str(pk), action__in=actions)
    return iter(events.order_by(F("link__seq").asc(nulls_last=True)))


def _recorded_digests(version: ProtocolVersion) -> set[object]:
    """Return the digests of ``version`` in the audit trail."""
    actions = (Action.STUDY_AMENDED, Action.AUDIT_RECORDED)
    digests = set()
    for event in _about("protocolversion", version.pk, actions):
        after = state(event)
        is_amendment = event.action == Action.STUDY_AMENDED
        digests.add(_sha256(after) if is_amendment else after.get("digest"))
    for event in _about("study", version.study_id, (Action.STUDY_OPENED,)):
        after = state(event)
        if after.get("version") == version.version:
            digests.add(after.get("digest"))
    return digests


def _expected_rules(study: Study) -> Mapping[str, Any] | None:
    """Return the protocol that ``study`` must follow: the frozen version, or the draft saved last.

    Returns None for a draft without events.
    """
    if not study.is_draft:
        versions = ProtocolVersion.objects.filter(study=study, version=study.protocol_version)
        document = versions.values_list("document", flat=True).first()
        return {} if document is None else protocol.complete(document)
    events = [*_about("study", study.pk, (Action.STUDY_CREATED, Action.STUDY_CHANGED))]
    return protocol.complete(state(events[-1])) if events else None


def _rules(study: Study) -> Mapping[str, Any]:
    try:
        written = protocol.as_document(protocols.protocol_of(study))
    except InvalidProtocol:
        return {"rules": "invalid protocol"}
    return protocol.complete(json.loads(json.dumps(written)))


def _sha256(document: Mapping[str, Any]) -> str:
    """Return the digest of a protocol document, computed as in ``ecgreview.protocol``."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()

"""Find the protocol that is in force in a study, and the one under which a batch was created."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from annotations.models import Batch, ProtocolVersion, Study
from ecgreview import protocol
from ecgreview.protocol import Protocol
from ecgreview.protocol.document import COMMITMENT

# Keys of a protocol that are fields of the study with the same name.
PLAIN: Sequence[str] = (
    "name",
    "consensus_rule",
    "consensus_k",
    "consensus_threshold",
    "readers_per_exam",
    "results_open",
    "clinical_information",
    "prior_exam",
    "suggestion_policy",
    "suggestion_arms",
    "qt_correction",
    "adjudication",
    "repeat_fraction",
    "gold_fraction",
    "washout_days",
    "washout_exams",
    "patient_gap",
    "undo_window_s",
    "minimum_reader_level",
)


def of_batch(batch: Batch) -> Protocol:
    """Return the protocol under which ``batch`` was created; its study must be selected.

    Amendments apply to later batches only. The seed, which never changes, is left out. A batch
    created while the study was a draft has no frozen protocol; it follows the one in force now.
    """
    stored = frozen(batch.study_id, batch.protocol_version)
    return stored or _in_force(batch.study)


def frozen(study_id: int, version: int) -> Protocol | None:
    """Return a version of a study's protocol without its seed, or None if it was not frozen."""
    versions = ProtocolVersion.objects.filter(study=study_id, version=version)
    document = versions.values_list("document", flat=True).first()
    if document is None:
        return None
    settings = protocol.complete(document)
    return protocol.parse({key: settings[key] for key in settings if key != COMMITMENT})


def protocol_of(study: Study) -> Protocol:
    """Return the protocol in force in ``study``, including its secret seed."""
    return _in_force(study, order_seed=study.seed)


def _in_force(study: Study, **more: Any) -> Protocol:
    return protocol.parse(
        {
            **{key: getattr(study, key) for key in PLAIN},
            "taxonomy": str(study.taxonomy),
            "qualification": {
                "required": study.qualification_required,
                "pass_mark": study.pass_mark,
            },
            "frequent_classes": list(study.frequent_classes),
            **more,
        }
    )


def without_seed(protocol: Protocol) -> Protocol:
    """Return the protocol without its secret seed, so that it can be shown or exported."""
    return replace(protocol, order_seed=None)

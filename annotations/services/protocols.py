"""The protocol that a batch was made under: an amendment holds for later batches."""

from __future__ import annotations

from annotations.models import Batch, ProtocolVersion
from annotations.services import studies
from ecgreview import protocol
from ecgreview.protocol import Protocol
from ecgreview.protocol.document import COMMITMENT


def of_batch(batch: Batch) -> Protocol:
    """Return the protocol under which ``batch``, its study selected, was made.

    Without the secret seed, which no amendment changes and the study holds. Of a batch that was
    made in a draft, whose rules were not frozen yet, the protocol that is in force now.
    """
    versions = ProtocolVersion.objects.filter(study=batch.study_id, version=batch.protocol_version)
    document = versions.values_list("document", flat=True).first()
    if document is None:
        return studies.without_seed(studies.protocol_of(batch.study))
    settings = protocol.complete(document)
    return protocol.parse({key: settings[key] for key in settings if key != COMMITMENT})

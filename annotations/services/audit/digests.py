"""Digests of taxonomies and consensus, which are recorded in the audit trail."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db.models import Field, Model

from annotations.models import (
    ClassRelation,
    Consensus,
    ConsensusLabel,
    DiagnosticClass,
    DiagnosticGroup,
    Study,
    Taxonomy,
)
from ecgreview import hash_chain

ROWS_AT_ONCE = 2000

TAXONOMY = ("name", "version", "status", "banner", "banner_pt")
GROUP = ("code", "name", "name_pt", "position")
CLASS = (
    *("group__code", "code", "abbreviation", "position", "name", "name_pt", "definition"),
    *("definition_pt", "is_exclusive", "codes", "evidence", "sources", "note"),
)
RELATION = ("source__code", "target__code", "kind")


def of_taxonomy(taxonomy: Taxonomy) -> str:
    """Return the SHA-256 of all texts, codes and relations of a taxonomy."""
    groups = DiagnosticGroup.objects.filter(taxonomy=taxonomy).order_by("position")
    classes = DiagnosticClass.objects.filter(taxonomy=taxonomy).order_by("position")
    relations = ClassRelation.objects.filter(source__taxonomy=taxonomy)
    return hash_chain.content_digest(
        {
            "taxonomy": [getattr(taxonomy, name) for name in TAXONOMY],
            "groups": [list(row) for row in groups.values_list(*GROUP)],
            "classes": [list(row) for row in classes.values_list(*CLASS)],
            "relations": [
                list(row) for row in relations.order_by(*RELATION).values_list(*RELATION)
            ],
        }
    )


def consensus_columns() -> dict[str, list[str]]:
    """Return the columns that the digest of a new consensus covers."""
    return {
        "consensus": _columns(Consensus, {"id", "study_id", "exam_id", "computed_at"}),
        "labels": _columns(ConsensusLabel, {"id", "consensus_id", "diagnostic_class_id"}),
    }


def of_consensus(study: Study, columns: dict[str, list[str]]) -> str:
    """Return one SHA-256 of the consensus and the labels of all exams of ``study``.

    ``columns`` are those that ``consensus_columns`` returned when the consensus was computed. Later
    versions of the program may have more columns.
    """
    digest = hashlib.sha256()
    for line in _consensus_lines(study, columns):
        digest.update(hash_chain.canonical_json({"row": line}).encode() + b"\n")
    return digest.hexdigest()


def _consensus_lines(study: Study, columns: dict[str, list[str]]) -> Iterator[Sequence[Any]]:
    rows = Consensus.objects.filter(study=study).order_by("exam__code")
    labels = ConsensusLabel.objects.filter(consensus__study=study).order_by(
        "consensus__exam__code", "diagnostic_class__code"
    )
    of_exams: Iterable[Any] = rows.values_list("exam__code", *columns["consensus"])
    of_labels: Iterable[Any] = labels.values_list(
        "consensus__exam__code", "diagnostic_class__code", *columns["labels"]
    )
    yield from map(list, of_exams.iterator(chunk_size=ROWS_AT_ONCE))  # type: ignore[attr-defined]
    yield from map(list, of_labels.iterator(chunk_size=ROWS_AT_ONCE))  # type: ignore[attr-defined]


def _columns(model: type[Model], left_out: set[str]) -> list[str]:
    fields: Iterable[Field[Any, Any]] = model._meta.concrete_fields
    return sorted(field.attname for field in fields if field.attname not in left_out)

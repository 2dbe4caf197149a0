"""Digests of taxonomies and consensus, which are recorded in the audit trail."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import connection
from django.db.models import Field, Model, QuerySet

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


OF_STORED_CONSENSUS = """
select count(*),
       encode(sha256(convert_to(coalesce(
           string_agg(e.code || ' ' || c.digest || E'\\n', '' order by e.code collate "C"), ''),
           'UTF8')), 'hex')
  from annotations_consensus c join annotations_exam e on e.id = c.exam_id
 where c.study_id = %s
"""


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
    left_out = {"id", "study_id", "exam_id", "computed_at", "digest"}
    # They only order the dispute queue, and are computed after the digest.
    left_out |= {"expected_errors", "n_disputed", "n_cases", "draw"}
    return {
        "consensus": _columns(Consensus, left_out),
        "labels": _columns(ConsensusLabel, {"id", "consensus_id", "diagnostic_class_id"}),
    }


def of_exam(values: Sequence[Any], labels: Iterable[Sequence[Any]]) -> str:
    """Return the SHA-256 of the consensus on one exam.

    Args:
        values: its columns.
        labels: for each of its labels, the code of the class, then its columns; in any order.
    """
    return hash_chain.content_digest({"labels": sorted(map(list, labels)), "row": list(values)})


def of_exams(digests: Iterable[tuple[str, str]]) -> str:
    """Return one SHA-256 of the digests of exams, given as pairs of code and digest."""
    digest = hashlib.sha256()
    for code, of_one in sorted(digests):
        digest.update(f"{code} {of_one}\n".encode())
    return digest.hexdigest()


def of_stored_consensus(study: Study) -> tuple[int, str]:
    """Return the number of rows of the consensus of ``study``, and their digest.

    It is that of ``of_exams`` for the digest that each row carries, computed by the database.
    """
    with connection.cursor() as cursor:
        cursor.execute(OF_STORED_CONSENSUS, [study.pk])
        n_exams, digest = cursor.fetchone()
    return n_exams, digest


def of_consensus(study: Study, columns: dict[str, list[str]]) -> str | None:
    """Return the digest of the consensus of ``study``, computed from the rows and their labels.

    None if a row does not have the digest that it carries: the next consensus would keep that row.

    ``columns`` are those that ``consensus_columns`` returned when the consensus was computed. Later
    versions of the program may have more columns.
    """
    labels_of_row = groupby(_label_rows(study, columns["labels"]), key=itemgetter(0))
    consensus_id, labels = next(labels_of_row, (None, None))
    computed = []
    for pk, code, stored, *values in _rows(study, columns["consensus"]):
        own: list[Sequence[Any]] = []
        if pk == consensus_id:
            own = [values_of_label for _, *values_of_label in labels or ()]
            consensus_id, labels = next(labels_of_row, (None, None))
        computed.append((code, of_exam(values, own)))
        if computed[-1][1] != stored:
            return None
    return of_exams(computed)


def of_consensus_lines(study: Study, columns: dict[str, list[str]]) -> str:
    """Return the digest of a consensus that was computed before rows had digests of their own."""
    digest = hashlib.sha256()
    for line in _consensus_lines(study, columns):
        digest.update(hash_chain.canonical_json({"row": line}).encode() + b"\n")
    return digest.hexdigest()


def _rows(study: Study, columns: Sequence[str]) -> Iterator[Sequence[Any]]:
    rows = Consensus.objects.filter(study=study).order_by("pk")
    yield from _values(rows, "pk", "exam__code", "digest", *columns)


def _label_rows(study: Study, columns: Sequence[str]) -> Iterator[Sequence[Any]]:
    labels = ConsensusLabel.objects.filter(consensus__study=study).order_by("consensus")
    yield from _values(labels, "consensus_id", "diagnostic_class__code", *columns)


def _consensus_lines(study: Study, columns: dict[str, list[str]]) -> Iterator[Sequence[Any]]:
    rows = Consensus.objects.filter(study=study).order_by("exam__code")
    labels = ConsensusLabel.objects.filter(consensus__study=study).order_by(
        "consensus__exam__code", "diagnostic_class__code"
    )
    yield from _values(rows, "exam__code", *columns["consensus"])
    yield from _values(
        labels, "consensus__exam__code", "diagnostic_class__code", *columns["labels"]
    )


def _values(rows: QuerySet[Any], *columns: str) -> Iterator[Sequence[Any]]:
    yield from map(list, rows.values_list(*columns).iterator(chunk_size=ROWS_AT_ONCE))


def _columns(model: type[Model], left_out: set[str]) -> list[str]:
    fields: Iterable[Field[Any, Any]] = model._meta.concrete_fields
    return sorted(field.attname for field in fields if field.attname not in left_out)

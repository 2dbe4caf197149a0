"""The readings of a block of exams as a data release contains them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from annotations.models import Exam, Finding, Reading, Study
from annotations.services.blinding.reader_names import pseudonym
from annotations.services.export.sources import opened
from annotations.services.reading import votes
from annotations.services.reading.votes import Vote
from annotations.services.taxonomy import mappings
from ecgreview.release.content import Area, ReleasedReading
from ecgreview.release.content import Finding as ReleasedFinding
from ecgreview.taxonomy import TaxonomyMapping

# If two marked classes are one class in the taxonomy in force, the more certain mark counts.
CERTAINTIES = ("definite", "probable", "possible")


@dataclass(slots=True)
class Block:
    """The readings of some exams.

    Attributes:
        released: in the order of the exams, then by reader and purpose.
        digested: what the digest of all readings covers, in the same order as ``released``.
    """

    released: list[ReleasedReading] = field(default_factory=list)
    digested: list[tuple[str, str]] = field(default_factory=list)


def of_exams(study: Study, exams: Sequence[Exam], codes: Sequence[str]) -> Block:
    """Return the readings of ``exams`` that count, with classes in the order of ``codes``."""
    counted = Reading.objects.counted().filter(
        assignment__batch__in=opened(study), assignment__exam__in=exams
    )
    rows = list(counted.select_related("assignment__batch", "reader").in_turn())
    by_reading = {vote.reading_id: vote for vote in votes.translated(study, rows)}
    findings = _findings(study, rows)
    places = {code: place for place, code in enumerate(codes)}
    order = {exam.pk: place for place, exam in enumerate(exams)}
    block = Block()
    names = {exam.pk: exam.code for exam in exams}
    entries = []
    for row in rows:
        released = _released(
            row, by_reading[row.pk], findings[row.pk], places,
            exam=names[row.assignment.exam_id], reader=pseudonym(study, row.reader_id),
        )  # fmt: skip
        key = (order[row.assignment.exam_id], released.reader, released.purpose, row.pk)
        entries.append((key, released, (released.exam, str(row.idempotency_key))))
    for _, released, digested in sorted(entries, key=lambda entry: entry[0]):
        block.released.append(released)
        block.digested.append(digested)
    return block


def _released(
    row: Reading,
    vote: Vote,
    marks: Iterable[ReleasedFinding],
    places: Mapping[str, int],
    *,
    exam: str,
    reader: str,
) -> ReleasedReading:
    return ReleasedReading(
        exam=exam,
        reader=reader,
        kind=row.reader.kind,
        purpose=row.assignment.batch.purpose,
        quality=row.quality,
        findings=tuple(sorted(marks, key=lambda mark: places[mark.code])),
        unassessed=vote.unassessed & places.keys(),
        active_ms=row.active_ms,
    )


def _findings(study: Study, rows: Sequence[Reading]) -> Mapping[int, list[ReleasedFinding]]:
    """Return the findings by reading id, in the taxonomy in force."""
    versions = {row.pk: row.taxonomy_id for row in rows}
    others = {row.taxonomy_id: row.taxonomy for row in rows if row.taxonomy_id != study.taxonomy_id}
    carriers = {pk: mappings.between(row, study.taxonomy) for pk, row in others.items()}
    by_reading: dict[int, dict[str, ReleasedFinding]] = defaultdict(dict)
    marked = Finding.objects.filter(reading__in=list(versions)).select_related("diagnostic_class")
    for finding in marked.order_by("pk"):
        found = by_reading[finding.reading_id]
        for code in _translated(finding, carriers.get(versions[finding.reading_id])):
            areas = tuple(map(_area, finding.localisations))
            new = ReleasedFinding(code, finding.certainty, areas)
            found[code] = _joined(found[code], new) if code in found else new
    return defaultdict(list, {pk: list(found.values()) for pk, found in by_reading.items()})


def _translated(finding: Finding, mapping: TaxonomyMapping | None) -> Iterable[str]:
    code = finding.diagnostic_class.code
    return [code] if mapping is None else mapping.translate({code}).codes


def _joined(one: ReleasedFinding, other: ReleasedFinding) -> ReleasedFinding:
    certainty = min(one.certainty, other.certainty, key=CERTAINTIES.index)
    return ReleasedFinding(one.code, certainty, (*one.areas, *other.areas))


def _area(mark: Mapping[str, Any]) -> Area:
    return Area(mark["tracing"], tuple(mark["leads"]), mark["from_s"], mark["to_s"])

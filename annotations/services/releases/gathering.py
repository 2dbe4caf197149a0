"""Gather what a data release contains, in blocks, from one snapshot of the database."""

from __future__ import annotations

import hashlib
import json
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from django.conf import settings
from django.db.models import Count, Prefetch
from django.db.models.functions import Collate

from annotations.models import (
    ClassState,
    Consensus,
    ConsensusLabel,
    Exam,
    ProtocolVersion,
    Release,
    Study,
    Tracing,
)
from annotations.services.audit import digests
from annotations.services.releases import (
    choices,
    deidentification,
    exam_labels,
    released_readings,
)
from annotations.services.releases.spool import Spool
from annotations.services.taxonomy import mappings
from ecgreview.consensus import Parameter
from ecgreview.consensus.rules import RULES
from ecgreview.ecg import wire
from ecgreview.ecg.signal import Signal
from ecgreview.release import folds, index
from ecgreview.release.content import Facts, ReleasedExam, ReleasedReading
from ecgreview.release.embargo import Embargo
from ecgreview.release.folds import Group
from ecgreview.release.formats import streams

Item = TypeVar("Item")

EXAMS_AT_ONCE = 250
SIGNALS_AT_ONCE = 25


class Gathered:
    """The content of a release (``ecgreview.release.content.Content``).

    Exams and readings are in temporary files; signals are read from the database when needed.
    Formats cannot write embargoed labels, because only ``index`` contains them.

    Attributes:
        inputs: SHA-256 of everything the release is made from, by name.
        groups: the group of each exam that must be in one fold, by the exam's code.
    """

    def __init__(
        self,
        *,
        facts: Facts,
        exams: Spool[ReleasedExam],
        readings: Spool[ReleasedReading],
        inputs: Mapping[str, str],
        groups: Mapping[str, Group],
        exam_ids: Sequence[int],
        check: Callable[[], None],
    ) -> None:
        self._facts, self._exams, self._readings = facts, exams, readings
        self._exam_ids, self._check = exam_ids, check
        self.inputs, self.groups = inputs, groups

    @property
    def facts(self) -> Facts:
        return self._facts

    def exams(self) -> Iterator[ReleasedExam]:
        for exam in self._complete():
            yield exam.embargoed() if exam.is_embargoed else exam

    def index(self) -> bytes:
        """Return all labels, including embargoed ones (``ecgreview.release.index``)."""
        codes = [item.code for item in self.facts.taxonomy.classes]
        return index.pack(
            codes, (index.line(exam, self.groups[exam.code]) for exam in self._complete())
        )

    def _complete(self) -> Iterator[ReleasedExam]:
        for block in self._exams.blocks():
            self._check()
            yield from block

    def readings(self) -> Iterator[ReleasedReading]:
        for block in self._readings.blocks():
            self._check()
            yield from block

    def signals(self) -> Iterator[tuple[ReleasedExam, Sequence[Signal]]]:
        if not self.facts.has_signals:
            return
        for exams in streams.batches(self.exams(), SIGNALS_AT_ONCE):
            self._check()
            packed = _packed([self._exam_ids[exam.number - 1] for exam in exams])
            for exam in exams:
                if parts := packed.get(self._exam_ids[exam.number - 1]):
                    yield exam, [wire.unpack(part) for part in parts]


def _packed(exam_ids: Sequence[int]) -> Mapping[int, list[bytes]]:
    by_exam: dict[int, list[bytes]] = defaultdict(list)
    tracings = Tracing.objects.filter(exam__in=exam_ids).order_by("exam", "position")
    for exam_id, packed in tracings.values_list("exam", "packed"):
        by_exam[exam_id].append(bytes(packed))
    return by_exam


def gather(release: Release, work: Path, *, check: Callable[[], None]) -> Gathered:
    """Return the content of ``release``. Its consensus must be up to date.

    Call it and use the result in one snapshot (``export.archive.snapshot``).

    Args:
        release: what was chosen.
        work: an existing folder for temporary files.
        check: called often; may raise an exception to stop.
    """
    return _Gathering(release, work, check).run()


class _Gathering:
    def __init__(self, release: Release, work: Path, check: Callable[[], None]) -> None:
        self._release, self._check = release, check
        self._study: Study = release.study
        self._exams: Spool[ReleasedExam] = Spool(work / "exams.spool")
        self._readings: Spool[ReleasedReading] = Spool(work / "readings.spool")
        self._taxonomy = mappings.as_published(self._study.taxonomy)
        self._codes = [item.code for item in self._taxonomy.classes]
        rows = Consensus.objects.with_open_results().filter(study=self._study)
        ordered = rows.order_by(Collate("exam__code", "C"))
        # The order of the release: codes are random, so it reveals nothing.
        self._rows = array("q", ordered.values_list("pk", flat=True))

    def run(self) -> Gathered:
        groups, contents, exam_ids = self._groups()
        places = self._folds(groups, contents)
        exam_digest, reading_digest = hashlib.sha256(), hashlib.sha256()
        readers: set[str] = set()
        number = n_embargoed = n_readings = 0
        for ids in _parts(self._rows, EXAMS_AT_ONCE):
            self._check()
            block = list(_with_labels(ids))
            readings = released_readings.of_exams(
                self._study, [row.exam for row in block], self._codes
            )
            exams = []
            for row in block:
                number += 1
                fold = places.get(groups[row.exam.code])
                labels = exam_labels.of(row, self._codes)
                exams.append(self._exam(row, number, fold, labels))
            self._exams.add(exams)
            embargoed = {exam.code for exam in exams if exam.is_embargoed}
            n_embargoed += len(embargoed)
            n_readings += len(readings.released)
            self._readings.add([item for item in readings.released if item.exam not in embargoed])
            readers |= {reading.reader for reading in readings.released}
            _update(exam_digest, map(_described, exams))
            _update(reading_digest, readings.digested)
        return Gathered(
            facts=self._facts(len(readers), n_readings, n_embargoed),
            exams=self._exams, readings=self._readings,
            inputs=self._inputs(exam_digest.hexdigest(), reading_digest.hexdigest(), exam_ids),
            groups=groups, exam_ids=exam_ids, check=self._check,
        )  # fmt: skip

    def _groups(self) -> tuple[dict[str, Group], dict[Group, folds.Content], array[int]]:
        """Return the group of each exam, what each group contains, and the exams' ids in order."""
        names: dict[str, Group] = {}
        present: dict[str, Sequence[int]] = {}
        exam_ids = array("q")
        copies: list[tuple[Group, Group]] = []
        places = {code: place for place, code in enumerate(self._codes)}
        has_embargo = self._release.embargo_choice != Embargo.NONE
        for ids in _parts(self._rows, EXAMS_AT_ONCE):
            self._check()
            for row in _rows(ids, "exam__duplicate_of__dataset", "exam__duplicate_of__patient"):
                exam = row.exam
                exam_ids.append(exam.pk)
                names[exam.code] = self._group(exam)
                # Folds that spread classes evenly would tell something about embargoed labels.
                present[exam.code] = () if has_embargo else _present(row, places)
                if exam.duplicate_of:
                    copies.append((names[exam.code], self._group(exam.duplicate_of)))
        merged = folds.merged(copies)
        groups = {code: merged.get(name, name) for code, name in names.items()}
        n_exams: dict[Group, int] = defaultdict(int)
        classes: dict[Group, list[int]] = defaultdict(list)
        for code, name in groups.items():
            n_exams[name] += 1
            classes[name].extend(present[code])
        contents = {name: folds.Content(n, tuple(classes[name])) for name, n in n_exams.items()}
        return groups, contents, exam_ids

    def _group(self, exam: Exam) -> Group:
        return deidentification.patient(self._study, exam) or f"exam-{exam.code}"

    def _folds(
        self, groups: Mapping[str, Group], contents: Mapping[Group, folds.Content]
    ) -> Mapping[Group, int]:
        if not self._release.n_folds:
            return {}
        return folds.assign(
            contents, self._release.n_folds, salt=self._study.slug, earlier=self._earlier(groups)
        )

    def _earlier(self, groups: Mapping[str, Group]) -> Mapping[Group, int]:
        """Return the folds of earlier releases with as many folds; the newest one prevails.

        A group is found by its name and by its exams, because its name may have changed: two
        patients may turn out to be one.
        """
        earlier: dict[Group, int] = {}
        for release in reversed(before(self._release)):
            if release.n_folds != self._release.n_folds:
                continue
            for line in index.lines(bytes(release.index)):
                if line.fold:
                    earlier[line.group] = line.fold
                    earlier[groups.get(line.exam, line.group)] = line.fold
        return earlier

    def _exam(
        self, row: Consensus, number: int, fold: int | None, labels: exam_labels.Labels
    ) -> ReleasedExam:
        exam = row.exam
        age, is_over_89 = deidentification.age_years(exam)
        return ReleasedExam(
            number=number,
            code=exam.code,
            source=exam.dataset.name,
            source_key=deidentification.source_key(self._study, exam),
            patient=deidentification.patient(self._study, exam),
            age_years=age,
            is_over_89=is_over_89,
            sex=exam.sex or "",
            fold=fold,
            split=exam.official_split,
            outcome=row.outcome,
            labels=labels,
            n_readings=row.n_readings,
            n_unreadable=row.n_unreadable,
            tracings=vars(row)["n_tracings"],
            is_embargoed=self._release.embargoes(fold or 0),
        )

    def _facts(self, n_readers: int, n_readings: int, n_embargoed: int) -> Facts:
        study, release = self._study, self._release
        protocol = _protocol(study)
        return Facts(
            study=study.name,
            slug=study.slug,
            version=release.version,
            released_on=release.released_on,
            program_version=program_version(),
            protocol_version=study.protocol_version,
            protocol_digest=protocol.digest if protocol else "",
            rule=study.consensus_choice.name,
            rule_parameters=_parameters(study),
            taxonomy=self._taxonomy,
            licence=release.licence,
            authors=tuple(release.authors),
            sources=choices.sources_of(study),
            has_signals=release.has_signals,
            folds=release.n_folds,
            n_exams=self._exams.n_rows,
            n_readings=n_readings,
            n_readers=n_readers,
            n_embargoed=n_embargoed,
        )

    def _inputs(self, exams: str, readings: str, exam_ids: Sequence[int]) -> dict[str, str]:
        study = self._study
        protocol = _protocol(study)
        return {
            "consensus": self._released_digest(_consensus_digest(study)),
            "exams": exams,
            "protocol": protocol.digest if protocol else "",
            "readings": self._released_digest(readings),
            "taxonomy": digests.of_taxonomy(study.taxonomy),
            "tracings": self._tracings(exam_ids) if self._release.has_signals else "",
        }

    def _released_digest(self, digest: str) -> str:
        """Return a digest that may depend on embargoed labels as it may be released."""
        if self._release.embargo_choice == Embargo.NONE:
            return digest
        # Otherwise everybody could check guesses of these labels against it.
        return deidentification.keyed_digest(self._study, digest)

    def _tracings(self, exam_ids: Sequence[int]) -> str:
        digest = hashlib.sha256()
        for ids in _parts(exam_ids, EXAMS_AT_ONCE):
            self._check()
            rows = Tracing.objects.filter(exam__in=ids).order_by(
                Collate("exam__code", "C"), "position"
            )
            _update(digest, rows.values_list("exam__code", "position", "content_hash"))
        return digest.hexdigest()


def previous_of(release: Release) -> Release | None:
    """Return the newest release of the study before ``release``, or None."""
    return next(iter(before(release)), None)


def before(release: Release) -> list[Release]:
    """Return the releases of the study before ``release``, newest first."""
    ready = Release.objects.ready().filter(study=release.study).newest_first()
    number = (release.major, release.minor)
    return [row for row in ready if (row.major, row.minor) < number]


def program_version() -> str:
    """Return the version of ECG Review."""
    version: str = settings.VERSION
    return version


def _rows(ids: Iterable[int], *related: str) -> Iterator[Consensus]:
    """Return consensus rows with their exams, in the order of ``ids``."""
    rows = Consensus.objects.select_related("exam__dataset", "exam__patient", *related)
    return iter(rows.filter(pk__in=ids).order_by(Collate("exam__code", "C")))


def _with_labels(ids: Sequence[int]) -> Iterator[Consensus]:
    labels = ConsensusLabel.objects.select_related("diagnostic_class").only(
        "consensus", "n_positive", "n_readings", "diagnostic_class__code"
    )
    rows = Consensus.objects.filter(pk__in=ids).select_related("exam__dataset", "exam__patient")
    counted = rows.annotate(n_tracings=Count("exam__tracings"))
    complete = counted.prefetch_related(Prefetch("labels", labels))
    return iter(complete.order_by(Collate("exam__code", "C")))


def _present(row: Consensus, places: Mapping[str, int]) -> tuple[int, ...]:
    if row.rest_state == ClassState.PRESENT:
        return tuple(place for code, place in places.items() if row.state(code) == "present")
    states = row.class_states.items()
    present = (code for code, state in states if state == ClassState.PRESENT)
    return tuple(places[code] for code in present if code in places)


def _described(exam: ReleasedExam) -> Sequence[object]:
    """Return what the digest of all exams covers."""
    return (
        exam.code, exam.source, exam.source_key, exam.patient, exam.age_years, exam.sex, exam.split
    )  # fmt: skip


def _protocol(study: Study) -> ProtocolVersion | None:
    """Return the frozen protocol in force; None while the study is a draft."""
    return study.protocol_versions.filter(version=study.protocol_version).first()


def _parameters(study: Study) -> dict[str, float]:
    choice = study.consensus_choice
    values = {Parameter.K: choice.k, Parameter.THRESHOLD: choice.threshold}
    return {name.value: float(values[name]) for name in RULES[choice.rule].parameters}


def _parts(rows: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _update(digest: hashlib._Hash, rows: Iterable[Sequence[object]]) -> None:
    for row in rows:
        digest.update(json.dumps(list(row), ensure_ascii=False).encode() + b"\n")


def _consensus_digest(study: Study) -> str:
    """Return the digest of the consensus, as in the audit event of its computation."""
    columns = digests.consensus_columns()
    # Rows that were computed before they had digests of their own have only the second one.
    return digests.of_consensus(study, columns) or digests.of_consensus_lines(study, columns)

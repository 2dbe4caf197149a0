"""FHIR R4B Observations as NDJSON: one per reading and one per consensus.

Source:
    https://hl7.org/fhir/R4B/observation.html, https://hl7.org/fhir/R4B/nd-json.html
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ecgreview.release.content import Content, Facts, LabelState, ReleasedExam, ReleasedReading
from ecgreview.taxonomy import DiagnosticClass

from . import files, streams
from .about import About

ABOUT = About(
    title="FHIR R4B Observations",
    files={
        "Observation.ndjson": (
            "one Observation per line: for each exam its consensus, then its readings; each class "
            "is a component with `valueBoolean` or `dataAbsentReason`; the performer is a pseudonym"
        ),
    },
    readers=("fhir.resources",),
    limits=(
        (
            "soft labels, areas and tracings are not included; certainty is the text of a "
            "component's `interpretation`"
        ),
        "no `effective` time, because releases contain no dates",
        "subjects and performers are logical references (identifiers), not resources",
        "checked against the base specification, not against a national profile",
    ),
)

ABSENT_REASONS = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"

# States of a class without a value: the code of HL7, and our term as text.
WITHOUT_VALUE: Mapping[str, str] = {
    "undecided": "unknown",
    "incomplete": "temp-unknown",
    "not_assessable": "unknown",
    "not_assessed": "not-performed",
    "embargoed": "masked",
}


class Fhir:
    name = "fhir"
    needs_signals = False
    extra = ""

    def write(self, content: Content, folder: Path) -> None:
        facts = content.facts
        component = _components(facts)
        with files.text_file(folder / "Observation.ndjson") as file:
            for exam, readings in streams.exams_with_readings(content):
                file.write(f"{_consensus(facts, exam, component)}\n")
                for line in _readings(facts, exam, readings, component):
                    file.write(f"{line}\n")


FORMAT = Fhir()

ComponentText = Callable[[str, str, str], str]


def _components(facts: Facts) -> ComponentText:
    """Return a function from class, state and certainty to a component as JSON.

    There are few different components, and writing each once makes this format five times as fast.
    """
    known: dict[tuple[str, str, str], str] = {}
    classes = {item.code: item for item in facts.taxonomy.classes}

    def component(code: str, state: str, certainty: str) -> str:
        key = (code, state, certainty)
        if key not in known:
            known[key] = files.as_json(_component(facts, classes[code], state, certainty))
        return known[key]

    return component


def _component(facts: Facts, item: DiagnosticClass, state: str, certainty: str) -> dict[str, Any]:
    taxonomy = facts.taxonomy
    own = {
        "system": f"urn:ecg-review:taxonomy:{taxonomy.name}",
        "version": taxonomy.version,
        "code": item.code,
        "display": item.name,
    }
    snomed = [
        {"system": "http://snomed.info/sct", "code": code.code}
        for code in item.codes.get("snomed_ct", ())
        if code.match == "exact"
    ]
    result: dict[str, Any] = {"code": {"coding": [own, *snomed], "text": item.name}}
    if state in WITHOUT_VALUE:
        coding = {"system": ABSENT_REASONS, "code": WITHOUT_VALUE[state]}
        return {**result, "dataAbsentReason": {"coding": [coding], "text": state}}
    result["valueBoolean"] = state == "present"
    return {**result, "interpretation": [{"text": certainty}]} if certainty else result


def _consensus(facts: Facts, exam: ReleasedExam, component: ComponentText) -> str:
    head = {
        **_head(facts, exam, "consensus"),
        "status": "final" if _is_final(exam) else "preliminary",
        "performer": [{"display": "Consensus of the readers"}],
        "method": {"text": f"consensus: {files.rule_of(facts)}"},
    }
    return _line(
        head, [component(code, label.state.value, "") for code, label in exam.labels.items()]
    )


def _is_final(exam: ReleasedExam) -> bool:
    waiting = (LabelState.UNDECIDED, LabelState.INCOMPLETE)
    return all(label.state not in waiting for label in exam.labels.values())


def _readings(
    facts: Facts,
    exam: ReleasedExam,
    readings: Sequence[ReleasedReading],
    component: ComponentText,
) -> Iterator[str]:
    codes = [item.code for item in facts.taxonomy.classes]
    seen: Counter[str] = Counter()
    for reading in readings:
        what = f"{reading.reader} {reading.purpose}"
        seen[what] += 1
        head = {
            **_head(facts, exam, f"{what} {seen[what]}"),
            "status": "final",
            "performer": [_identified(facts, "reader", reading.reader)],
            "method": {"text": f"reading: {reading.kind}, {reading.purpose}"},
            "note": [{"text": f"signal quality: {reading.quality}"}],
        }
        yield _line(
            head,
            [
                component(code, state, certainty or "")
                for code, state, certainty in reading.cells(codes)
            ],
        )


def _head(facts: Facts, exam: ReleasedExam, what: str) -> dict[str, Any]:
    study = {"coding": [{"system": CATEGORIES, "code": "procedure"}]}
    return {
        "resourceType": "Observation",
        "id": hashlib.sha256(f"{facts.slug} {exam.code} {what}".encode()).hexdigest()[:32],
        "identifier": [_identified(facts, "exam", exam.code)["identifier"]],
        "category": [study],
        "code": {
            "coding": [{"system": "http://loinc.org", "code": "11524-6", "display": "EKG study"}],
            "text": "12-lead ECG reading",
        },
        "subject": _identified(facts, "patient", exam.patient or f"of-{exam.code}"),
    }


def _identified(facts: Facts, kind: str, value: str) -> dict[str, Any]:
    return {"identifier": {"system": f"urn:ecg-review:{facts.slug}:{kind}", "value": value}}


def _line(head: Mapping[str, Any], components: Sequence[str]) -> str:
    return f'{files.as_json(head)[:-1]},"component":[{",".join(components)}]}}'

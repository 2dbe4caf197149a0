"""A project for Label Studio: its labeling configuration, and tasks with all readings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from ecgreview.release.content import Content, Facts, ReleasedExam, ReleasedReading

from . import files, streams
from .about import About

ABOUT = About(
    title="Label Studio project",
    files={
        "config.xml": "labeling configuration with one choice per class",
        "tasks.json": (
            "one task per exam; readings of people are annotations, those of models and references "
            "are predictions; `data` has the consensus"
        ),
    },
    readers=("label_studio_sdk",),
    limits=(
        (
            "Label Studio cannot say that a class is absent: a class that is neither chosen under "
            "`present` nor under `not_assessable` was called absent, unless `quality` is unreadable"
        ),
        "certainty, areas, tracings and soft labels are not included",
        "annotations have no author in Label Studio; the pseudonym is in their `meta`",
    ),
)

PRESENT, NOT_ASSESSABLE, QUALITY, EXAM = "present", "not_assessable", "quality", "exam"
QUALITIES = ("good", "acceptable", "poor", "unreadable")


class LabelStudio:
    name = "label_studio"
    needs_signals = False
    extra = ""

    def write(self, content: Content, folder: Path) -> None:
        files.write_text(folder / "config.xml", config(content.facts))
        with files.text_file(folder / "tasks.json") as file:
            separator = "[\n"
            for exam, readings in streams.exams_with_readings(content):
                file.write(separator + files.as_json(_task(content.facts, exam, readings)))
                separator = ",\n"
            file.write("\n]\n" if separator == ",\n" else "[]\n")


FORMAT = LabelStudio()


def config(facts: Facts) -> str:
    classes = [(item.code, item.name) for item in facts.taxonomy.classes]
    qualities = [(quality, quality.capitalize()) for quality in QUALITIES]
    lines = [
        "<View>",
        f'  <Text name="{EXAM}" value="${EXAM}"/>',
        *_choices(QUALITY, "single", qualities),
        *_choices(PRESENT, "multiple", classes),
        *_choices(NOT_ASSESSABLE, "multiple", classes),
        "</View>",
    ]
    return "".join(f"{line}\n" for line in lines)


def _choices(name: str, choice: str, options: Sequence[tuple[str, str]]) -> list[str]:
    return [
        f'  <Choices name="{name}" toName="{EXAM}" choice="{choice}">',
        *(
            f"    <Choice value={quoteattr(value)} html={quoteattr(text)}/>"
            for value, text in options
        ),
        "  </Choices>",
    ]


def _task(facts: Facts, exam: ReleasedExam, readings: Sequence[ReleasedReading]) -> dict[str, Any]:
    return {
        "id": exam.number,
        "data": {
            EXAM: exam.code,
            "source": exam.source,
            "outcome": exam.outcome,
            "consensus": {code: label.state.value for code, label in exam.labels.items()},
        },
        "annotations": [
            {
                "result": _results(facts, exam, place, reading),
                "ground_truth": False,
                "was_cancelled": False,
                "lead_time": reading.active_ms / 1000,
            }
            for place, reading in enumerate(readings)
            if reading.kind == "person"
        ],
        "predictions": [
            {"result": _results(facts, exam, place, reading), "model_version": reading.reader}
            for place, reading in enumerate(readings)
            if reading.kind != "person"
        ],
    }


def _results(
    facts: Facts, exam: ReleasedExam, place: int, reading: ReleasedReading
) -> list[dict[str, Any]]:
    """Return the choices of a reading; controls without a choice are left out."""
    codes = [item.code for item in facts.taxonomy.classes]
    states = reading.states(codes)
    chosen = {
        QUALITY: [reading.quality],
        PRESENT: [code for code in codes if states[code] == "present"],
        NOT_ASSESSABLE: [code for code in codes if states[code] == "not_assessable"],
    }
    return [
        {
            "id": f"{exam.number}-{place}-{name}",
            "from_name": name,
            "to_name": EXAM,
            "type": "choices",
            "value": {"choices": choices},
            "meta": {"text": [reading.reader, reading.purpose]},
        }
        for name, choices in chosen.items()
        if choices
    ]

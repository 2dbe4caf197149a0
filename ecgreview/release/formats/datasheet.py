"""A datasheet for the release, in the sections of Gebru et al.

Source:
    Gebru et al. 2021, Communications of the ACM 64(12):86-92, doi:10.1145/3458723.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ecgreview.release.content import Content, Facts

from . import files
from .about import About

ABOUT = About(
    title="Datasheet for datasets (Gebru et al.)",
    files={"datasheet.md": "the seven sections, answered from the study where it knows the answer"},
    readers=("markdown_it",),
    limits=("answers that only the authors know are marked **To be completed by the authors**",),
)

SECTIONS = (
    "Motivation", "Composition", "Collection process", "Preprocessing, cleaning and labeling",
    "Uses", "Distribution", "Maintenance",
)  # fmt: skip
OPEN = "**To be completed by the authors.**"


class Datasheet:
    name = "datasheet"
    needs_signals = False
    extra = ""

    def write(self, content: Content, folder: Path) -> None:
        lines = _lines(content)
        files.write_text(folder / "datasheet.md", "".join(f"{line}\n" for line in lines))


FORMAT = Datasheet()


def _lines(content: Content) -> Iterator[str]:
    facts = content.facts
    yield f"# Datasheet: {files.title_of(facts)}"
    yield ""
    yield "Questions: Gebru et al., Datasheets for datasets, CACM 2021;64(12):86-92."
    answers = (
        _motivation(), _composition(content), _collection(facts), _labeling(facts), _uses(facts),
        _distribution(facts), _maintenance(facts),
    )  # fmt: skip
    for section, paragraphs in zip(SECTIONS, answers, strict=True):
        yield ""
        yield f"## {section}"
        for question, answer in paragraphs:
            yield ""
            yield f"### {question}"
            yield ""
            yield answer


Answers = list[tuple[str, str]]


def _motivation() -> Answers:
    return [
        ("For what purpose was the dataset created?", OPEN),
        ("Who funded the creation of the dataset?", OPEN),
    ]


def _composition(content: Content) -> Answers:
    facts = content.facts
    n_patients, outcomes, present = _counts(content)
    classes = {item.code: item.name for item in facts.taxonomy.classes}
    table = ["| class | exams with it |", "|---|---|"]
    table += [f"| {name} | {present[code]} |" for code, name in classes.items() if present[code]]
    by_outcome = ", ".join(f"{name} {n}" for name, n in sorted(outcomes.items()))
    folds = f"{facts.folds} patient-disjoint folds." if facts.folds else "No folds."
    return [
        ("What do the instances represent?", files.summary(facts)),
        (
            "How many instances are there?",
            (
                f"{facts.n_exams} exams, of which {n_patients} have a known patient. By outcome: "
                f"{by_outcome or 'none'}."
            ),
        ),
        ("What labels are there?", "\n".join(table)),
        ("Are there recommended splits?", folds + files.embargo_note(facts)),
        (
            "Does it contain data that might be considered confidential?",
            (
                "Age (above 89 pooled) and sex. No dates, names or free text; names of patients "
                "and readers are pseudonyms."
            ),
        ),
    ]


def _counts(content: Content) -> tuple[int, Counter[str], Counter[str]]:
    """Return the number of exams with a patient, and of exams by outcome and present class."""
    n_patients = 0
    outcomes: Counter[str] = Counter()
    present: Counter[str] = Counter()
    for exam in content.exams():
        n_patients += bool(exam.patient)
        outcomes[exam.outcome] += 1
        present.update(exam.present)
    return n_patients, outcomes, present


def _collection(facts: Facts) -> Answers:
    sources = "\n".join(
        f"- {source.name} ({source.licence}). {source.attribution}"
        + (" Synthetic recordings." if source.is_synthetic else "")
        for source in facts.sources
    )
    return [
        ("How were the recordings acquired?", sources or OPEN),
        ("How were the exams sampled?", OPEN),
        ("Were ethical review processes conducted?", OPEN),
    ]


def _labeling(facts: Facts) -> Answers:
    taxonomy = facts.taxonomy
    return [
        (
            "How were the labels made?",
            (
                f"{facts.n_readers} readers made {facts.n_readings} readings in ECG Review "
                f"{facts.program_version}, blind to each other and to suggestions, in the classes "
                f"of {taxonomy.name} {taxonomy.version}. {taxonomy.banner} Consensus rule: "
                f"{files.rule_of(facts)}. Protocol version {facts.protocol_version}, SHA-256 "
                f"`{facts.protocol_digest}`."
            ),
        ),
        (
            "Was the raw data saved in addition to the labels?",
            f"Yes: every reading is included{files.except_embargoed(facts)}."
            + (" So are the tracings." if facts.has_signals else ""),
        ),
    ]


def _uses(facts: Facts) -> Answers:
    has_synthetic = any(source.is_synthetic for source in facts.sources)
    synthetic = " Some recordings are synthetic." if has_synthetic else ""
    return [
        (
            "What could the dataset be used for?",
            "Training and testing of ECG classifiers, and studies of agreement between readers.",
        ),
        (
            "Are there tasks for which the dataset should not be used?",
            "It does not show how a classifier performs in a clinic. Undecided classes are neither "
            "present nor absent: do not use them as negative." + synthetic,
        ),
    ]


def _distribution(facts: Facts) -> Answers:
    url = files.licence_url(facts.licence)
    return [
        ("Under which license is it distributed?", f"{facts.licence}{f' ({url})' if url else ''}")
    ]


def _maintenance(facts: Facts) -> Answers:
    return [
        (
            "Will the dataset be updated?",
            (
                f"This is version {facts.version}. It never changes; corrections are made in a new "
                "version, with a list of the differences."
            ),
        ),
        ("How can the authors be contacted?", OPEN),
    ]

"""The README of a release."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ecgreview.release import licences
from ecgreview.release.content import Facts
from ecgreview.release.formats import registry

WITHHELD = {
    "source_keys": "names of exams in their sources (replaced by a keyed hash)",
    "patients": "names of patients in their sources (replaced by pseudonyms of this study)",
    "ages_over_89": "ages over 89 (pooled)",
    "dates": "dates and times of readings",
    "comments": "comments of readers",
    "patient_days": "days between a patient's exams",
    "source_labels": "labels from the sources",
    "readings_not_counted": "readings that do not count: corrected, revised, repeated, abstained",
}


def text(facts: Facts, manifest: Mapping[str, Any]) -> str:
    """Return the README; ``manifest`` is complete except for the digests of files."""
    return "\n".join(_lines(facts, manifest)) + "\n"


def _lines(facts: Facts, manifest: Mapping[str, Any]) -> Iterator[str]:
    counts = manifest["counts"]
    yield f"# {facts.study}, version {facts.version}"
    yield ""
    yield (
        f"{counts['exams']} ECG exams with labels for {len(facts.taxonomy.classes)} classes, from"
        f" {counts['readings']} readings by {counts['readers']} readers. Released in"
        f" {facts.released_on} with ECG Review {facts.program_version}."
    )
    yield ""
    yield "## Labels"
    yield ""
    yield (
        f"The labels follow the consensus rule `{facts.rule}`{_parameters(facts)}. The classes are"
        f" those of {facts.taxonomy.name} {facts.taxonomy.version}. A class is present, absent,"
        " undecided (readers disagree), incomplete (readings are missing) or not assessed. Only the"
        " first two are labels. Do not treat the others as absent."
    )
    yield ""
    yield "| outcome | exams |"
    yield "|---|---|"
    for outcome, n in counts["outcomes"].items():
        yield f"| {outcome} | {n} |"
    yield ""
    yield from _folds(facts, manifest["folds"])
    yield from _official_splits(manifest["folds"])
    yield from _embargo(facts)
    yield "## Files"
    yield ""
    for name in manifest["formats"]:
        yield f"- `{name}/`: {registry.entry(name).title}"
    if facts.n_embargoed:
        yield "- `predictions_template.csv`: the table to fill with predictions"
    yield "- `manifest.json`: how the release was made, and the SHA-256 of `SHA256SUMS`"
    if manifest["signature"]:
        yield "- `manifest.sig`, `signing_key.pem`: signature of the manifest (Ed25519) and its key"
    yield "- `SHA256SUMS`: checksums of all other files; check them with `sha256sum -c SHA256SUMS`"
    yield ""
    yield from _signature(manifest)
    yield "## Withheld"
    yield ""
    for field, n in manifest["withheld"].items():
        yield f"- {WITHHELD.get(field, field)}: {n}"
    yield ""
    yield from _licence(facts)


def _parameters(facts: Facts) -> str:
    if not facts.rule_parameters:
        return ""
    listed = ", ".join(f"{name} = {value}" for name, value in facts.rule_parameters.items())
    return f" ({listed})"


def _folds(facts: Facts, folds: Mapping[str, Any]) -> Iterator[str]:
    if not facts.folds:
        return
    yield "## Folds"
    yield ""
    yield (
        f"Each exam is in one of {facts.folds} folds. All exams of a patient are in the same fold,"
        f"{_spread(facts)}. Patients in more than one fold:"
        f" {folds['patients_in_several_folds']}. Later releases keep the folds."
    )
    yield ""


def _official_splits(folds: Mapping[str, Any]) -> Iterator[str]:
    if not folds["official_splits"]:
        return
    listed = ", ".join(f"{split} ({n})" for split, n in folds["official_splits"].items())
    yield "## Official splits"
    yield ""
    yield (
        f"Exams have the split of their source in the column `split`: {listed}. Patients in more"
        f" than one of them: {folds['patients_in_several_official_splits']}. Folds do not follow"
        " them."
    )
    yield ""


def _spread(facts: Facts) -> str:
    # Folds that depended on labels would tell something about those that are embargoed.
    return "" if facts.n_embargoed else " and classes are spread evenly"


def _embargo(facts: Facts) -> Iterator[str]:
    if not facts.n_embargoed:
        return
    yield "## Embargoed labels"
    yield ""
    yield (
        f"{facts.n_embargoed} exams are included without labels and readings; their outcome is"
        " `embargoed`. To test a model on them, fill `predictions_template.csv` with a probability"
        " from 0 to 1 for each exam and class (leave out the columns of classes that the model does"
        " not predict) and ask the authors for a team and its token. Each team has a limited number"
        " of attempts. Scores are computed per class; 0.5 or more counts as present."
    )
    yield ""


def _signature(manifest: Mapping[str, Any]) -> Iterator[str]:
    yield "## Signature"
    yield ""
    if not manifest["signature"]:
        yield "This release is not signed."
    else:
        yield "Compare `signing_key.pem` with the key that the authors publish elsewhere, then run:"
        yield ""
        yield (
            "    openssl pkeyutl -verify -rawin -pubin -inkey signing_key.pem"
            " -in manifest.json -sigfile manifest.sig"
        )
    yield ""


def _licence(facts: Facts) -> Iterator[str]:
    licence = licences.licence(facts.licence)
    yield "## License"
    yield ""
    name = licence.name if licence else facts.licence
    yield f"{name} (`{facts.licence}`){'. ' + licence.url if licence and licence.url else ''}"
    yield ""
    if facts.authors:
        yield f"Authors: {'; '.join(facts.authors)}"
        yield ""
    yield "Sources of the exams:"
    yield ""
    for source in facts.sources:
        kind = "synthetic; " if source.is_synthetic else ""
        licence_text = source.licence or "no license stated"
        cited = f". {source.attribution}" if source.attribution else ""
        yield f"- {source.name} ({kind}{licence_text}){cited}"

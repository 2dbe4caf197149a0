"""Write a release to a folder: its formats, README, manifest, signature and checksums."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ecgreview.hash_chain import content_digest
from ecgreview.release import readme, signing
from ecgreview.release.content import Content, Facts
from ecgreview.release.embargo import Embargo
from ecgreview.release.formats import files
from ecgreview.release.formats.registry import Entry
from ecgreview.release.packing import files_in
from ecgreview.release.signing import SigningKey

LAYOUT = "ecg-review-release-1"

MANIFEST, SUMS, README = "manifest.json", "SHA256SUMS", "README.md"
TEMPLATE = "predictions_template.csv"
SIGNATURE, PUBLIC_KEY = "manifest.sig", "signing_key.pem"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the manifest says beyond ``Facts``.

    Attributes:
        supersedes: version of the previous release, or empty.
        counts, folds: from ``survey.of``.
        inputs: SHA-256 of everything the release was made from, by name.
        withheld: how many values of each field were left out or replaced.
        embargo: of which exams the labels are embargoed, a value of ``embargo.Embargo``.
    """

    supersedes: str
    counts: Mapping[str, Any]
    folds: Mapping[str, Any]
    inputs: Mapping[str, str]
    withheld: Mapping[str, int]
    embargo: Embargo = Embargo.NONE


def write(
    content: Content,
    parts: Parts,
    folder: Path,
    *,
    formats: Sequence[Entry],
    key: SigningKey | None,
    progress: Callable[[int], None],
) -> dict[str, Any]:
    """Write the release to ``folder``, an existing empty folder, and return its manifest.

    The same arguments give the same bytes on every machine.

    Args:
        content: the rows to write.
        parts: for the manifest.
        folder: the destination.
        formats: what to write; each gets a folder with its name.
        key: signs the manifest, which contains the digest of all checksums. None leaves it
            unsigned.
        progress: called with the number of formats written; may raise an exception to stop.
    """
    for n_done, entry in enumerate(formats, 1):
        inside = folder / entry.name
        inside.mkdir()
        entry.load().write(content, inside)
        progress(n_done)
    if content.facts.n_embargoed:
        _write_template(content, folder / TEMPLATE)
    head = _head(content.facts, parts, formats, key)
    files.write_text(folder / README, readme.text(content.facts, head))
    manifest = {**head, "files": _write_sums(folder)}
    content_bytes = as_bytes(manifest)
    (folder / MANIFEST).write_bytes(content_bytes)
    if key:
        (folder / SIGNATURE).write_bytes(key.sign(content_bytes))
        files.write_text(folder / PUBLIC_KEY, key.public_pem)
    return manifest


def _write_sums(folder: Path) -> dict[str, Any]:
    """Write the checksums of all files in ``folder``; return their entry in the manifest.

    The manifest does not list the files: a release with signals has hundreds of thousands.
    """
    paths = list(folder.iterdir())
    n_files = n_bytes = 0
    with files.text_file(folder / SUMS) as sums:
        for top in sorted(paths):
            for path in files_in(top) if top.is_dir() else [top]:
                sums.write(f"{files.sha256(path)}  {path.relative_to(folder).as_posix()}\n")
                n_files += 1
                n_bytes += path.stat().st_size
    return {"n": n_files, "bytes": n_bytes, "sha256_of_sums": files.sha256(folder / SUMS)}


def as_bytes(manifest: Mapping[str, Any]) -> bytes:
    """Return the manifest as it is written and signed."""
    text = json.dumps(manifest, ensure_ascii=False, allow_nan=False, sort_keys=True, indent=1)
    return f"{text}\n".encode()


def _head(
    facts: Facts, parts: Parts, formats: Sequence[Entry], key: SigningKey | None
) -> dict[str, Any]:
    taxonomy = facts.taxonomy
    return {
        "layout": LAYOUT,
        "study": {"name": facts.study, "slug": facts.slug},
        "version": facts.version,
        "supersedes": parts.supersedes,
        "released_on": facts.released_on,
        "program": {"name": "ECG Review", "version": facts.program_version},
        "protocol": {"version": facts.protocol_version, "digest": facts.protocol_digest},
        "rule": {"name": facts.rule, "parameters": dict(facts.rule_parameters)},
        "taxonomy": {
            "name": taxonomy.name,
            "version": taxonomy.version,
            "classes": len(taxonomy.classes),
            "digest": content_digest(
                {"classes": [asdict(item) for item in taxonomy.classes],
                 "relations": [asdict(item) for item in taxonomy.relations]}
            ),
        },
        "licence": facts.licence,
        "authors": list(facts.authors),
        "sources": [asdict(source) for source in facts.sources],
        "signals": {"included": facts.has_signals},
        "folds": dict(parts.folds),
        "counts": dict(parts.counts),
        **_embargo(facts, parts),
        "inputs": dict(parts.inputs),
        "withheld": dict(parts.withheld),
        "formats": [entry.name for entry in formats],
        "signature": {"algorithm": signing.ALGORITHM, "public_key": key.public_pem}
        if key
        else None,
    }  # fmt: skip


def _embargo(facts: Facts, parts: Parts) -> dict[str, Any]:
    """Return the entry of the embargo, which manifests have only if there is one."""
    if parts.embargo == Embargo.NONE:
        return {}
    return {"embargo": {"labels_of": parts.embargo.value, "exams": facts.n_embargoed}}


def _write_template(content: Content, path: Path) -> None:
    """Write a table for predictions: a row per embargoed exam, an empty column per class."""
    codes = [item.code for item in content.facts.taxonomy.classes]
    rows = ([exam.code, *[""] * len(codes)] for exam in content.exams() if exam.is_embargoed)
    files.write_csv(path, ["exam", *codes], rows)

"""Texts that several formats contain: license, README."""

from __future__ import annotations

from ecgreview.release.content import Facts

from . import files
from .about import About


def licence(facts: Facts) -> str:
    """Return the text of LICENSE.txt."""
    url = files.licence_url(facts.licence)
    lines = [
        files.title_of(facts),
        "",
        f"License: {facts.licence}{f' ({url})' if url else ''}",
        "",
        "Sources of the exams:",
        *(f"- {source.name}: {source.licence}. {source.attribution}" for source in facts.sources),
    ]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def readme(facts: Facts, title: str, about: About) -> str:
    """Return a README in Markdown about one format of the release."""
    lines = [
        f"# {facts.study}, version {facts.version}: {title}",
        "",
        files.summary(facts),
        "",
        "## Files",
        "",
        *(f"- {name}: {text}" for name, text in about.files.items()),
        "",
        "## What this format cannot express",
        "",
        *(f"- {limit}" for limit in about.limits),
        "",
        *provenance(facts),
    ]
    return "".join(f"{line}\n" for line in lines)


def provenance(facts: Facts) -> list[str]:
    """Return lines about classes, consensus, sources and license."""
    taxonomy = facts.taxonomy
    return [
        "## Classes and consensus",
        "",
        f"Classes: {taxonomy.name} {taxonomy.version}. {taxonomy.banner}",
        "",
        (
            f"Consensus rule: {files.rule_of(facts)}. Protocol: version {facts.protocol_version}, "
            f"SHA-256 `{facts.protocol_digest}`."
        ),
        "",
        "## Sources and license",
        "",
        *(
            f"- {source.name} ({source.licence}). {source.attribution}".rstrip()
            + (" Synthetic recordings." if source.is_synthetic else "")
            for source in facts.sources
        ),
        "",
        f"This release: {facts.licence}. Written by ECG Review {facts.program_version}.",
    ]

"""How to cite a release: CITATION.cff and metadata for a DOI."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ecgreview.release.content import Content, Facts

from . import files
from .about import About

ABOUT = About(
    title="Citation: CITATION.cff and DataCite",
    files={
        "CITATION.cff": "Citation File Format 1.2.0, type dataset",
        "datacite.json": "attributes of a DOI in the JSON of DataCite 4.5, without the DOI",
    },
    readers=("cffconvert", "datacite"),
    limits=(
        "authors are entered as one text, so they are not split into given and family names",
        "the day of release is not stated, because releases contain no dates",
    ),
)

PUBLISHER = "ECG Review"


class Citation:
    name = "citation"
    needs_signals = False
    extra = ""

    def write(self, content: Content, folder: Path) -> None:
        files.write_text(folder / "CITATION.cff", cff(content.facts))
        files.write_json(folder / "datacite.json", datacite(content.facts))


FORMAT = Citation()


def cff(facts: Facts) -> str:
    """Return CITATION.cff. Texts are JSON strings, which YAML reads without surprises."""
    quoted = files.as_json
    lines = [
        "cff-version: 1.2.0",
        "message: If you use these data, please cite them and their sources.",
        "type: dataset",
        f"title: {quoted(files.title_of(facts))}",
        f"abstract: {quoted(files.summary(facts))}",
        f"version: {quoted(facts.version)}",
        *([f"license: {facts.licence}"] if files.licence_url(facts.licence) else []),
        "authors:",
        *(f"  - name: {quoted(name)}" for name in files.cited_authors(facts)),
        "keywords:",
        "  - electrocardiography",
        "  - 12-lead ECG",
        "  - interrater agreement",
    ]
    if facts.sources:
        lines.append("references:")
    for source in facts.sources:
        lines += [
            "  - type: data",
            f"    title: {quoted(source.name)}",
            f"    notes: {quoted(source.attribution or source.licence)}",
            "    authors:",
            f"      - name: {quoted(f'Authors of {source.name}')}",
        ]
    return "".join(f"{line}\n" for line in lines)


def datacite(facts: Facts) -> dict[str, Any]:
    url = files.licence_url(facts.licence)
    rights: dict[str, str] = {"rights": facts.licence}
    if url:
        rights |= {
            "rightsUri": url,
            "rightsIdentifier": facts.licence,
            "rightsIdentifierScheme": "SPDX",
            "schemeUri": "https://spdx.org/licenses/",
        }
    return {
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": "ECG labels"},
        "titles": [{"title": files.title_of(facts)}],
        "creators": [{"name": name} for name in files.cited_authors(facts)],
        "publisher": {"name": PUBLISHER},
        "publicationYear": facts.released_on[:4],
        "version": facts.version,
        "language": "en",
        "subjects": [{"subject": "Electrocardiography"}, {"subject": "Interrater agreement"}],
        "dates": [{"date": facts.released_on, "dateType": "Issued"}],
        "descriptions": [{"description": files.summary(facts), "descriptionType": "Abstract"}],
        "rightsList": [rights],
        "formats": ["text/csv"],
        "relatedItems": [
            {
                "relatedItemType": "Dataset",
                "relationType": "IsDerivedFrom",
                "titles": [{"title": source.name}],
            }
            for source in facts.sources
        ],
        "schemaVersion": "http://datacite.org/schema/kernel-4",
    }

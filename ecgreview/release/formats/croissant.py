"""Croissant 1.1 metadata with the vocabulary for responsible AI (RAI) 1.0, as JSON-LD.

Source:
    https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html,
    https://docs.mlcommons.org/croissant/docs/croissant-rai-spec.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecgreview.release.content import Facts

from . import files

if TYPE_CHECKING:
    import pyarrow as pa

CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}

PARQUET = "application/x-parquet"
_TYPES = {
    "string": "sc:Text",
    "int32": "sc:Integer",
    "int64": "sc:Integer",
    "double": "sc:Float",
    "bool": "sc:Boolean",
}


def document(
    facts: Facts,
    folder: Path,
    tables: Mapping[str, pa.Schema],
    paths: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """Return the description of Parquet files that are already in ``folder``.

    Args:
        facts: of the release.
        folder: where the files are; their digests become part of the description.
        tables: the columns of each record set.
        paths: the files of each record set.
    """
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [
            "http://mlcommons.org/croissant/1.1",
            "http://mlcommons.org/croissant/RAI/1.0",
        ],
        "name": facts.slug,
        "alternateName": files.title_of(facts),
        "description": files.summary(facts),
        "version": facts.version,
        "datePublished": facts.released_on,
        "license": files.licence_url(facts.licence) or facts.licence,
        "creator": [
            {"@type": "sc:Organization", "name": name} for name in files.cited_authors(facts)
        ],
        "citeAs": citation(facts),
        "url": f"urn:ecg-review:{facts.slug}",
        "isLiveDataset": False,
        **responsible_ai(facts),
        "distribution": [_file_object(folder, path) for names in paths.values() for path in names],
        "recordSet": [
            _record_set(path, table, tables[table])
            for table, names in paths.items()
            for path in names
        ],
    }


def citation(facts: Facts) -> str:
    authors = "; ".join(files.cited_authors(facts))
    year = facts.released_on[:4]
    return f"{authors}. {facts.study} (version {facts.version}) [data set]. {year}."


def responsible_ai(facts: Facts) -> dict[str, Any]:
    """Return the RAI properties that the study itself can answer."""
    taxonomy = facts.taxonomy
    sources = "; ".join(f"{source.name} ({source.licence})" for source in facts.sources)
    per_exam = facts.n_readings / facts.n_exams if facts.n_exams else 0
    return {
        "rai:dataCollection": f"12-lead ECG recordings of existing data sets: {sources}.",
        "rai:dataCollectionType": ["Secondary Data analysis", "Manual Human Curator"],
        "rai:dataAnnotationProtocol": (
            f"Every reader marks the findings of an exam in a list of {len(taxonomy.classes)} "
            f"classes ({taxonomy.name} {taxonomy.version}) without seeing anybody else's reading "
            f"or a computer's suggestion. Protocol version {facts.protocol_version}, SHA-256 "
            f"{facts.protocol_digest}."
        ),
        "rai:dataAnnotationPlatform": [f"ECG Review {facts.program_version}"],
        "rai:annotationsPerItem": f"{per_exam:.2f} readings per exam on average",
        "rai:annotatorDemographics": [
            f"{facts.n_readers} readers under pseudonyms; their demographics are not released."
        ],
        "rai:dataAnnotationAnalysis": [
            (
                f"Labels are the consensus by the rule {files.rule_of(facts)}. All readings are "
                f"included{files.except_embargoed(facts)}, so that disagreement can be analyzed. "
                "Soft labels are posteriors or shares of votes."
            )
        ],
        "rai:machineAnnotationTools": [
            "Readings by models, if any, are marked with the kind `model`. They never vote."
        ],
        "rai:personalSensitiveInformation": [
            (
                "Age, with ages above 89 pooled, and sex. No dates, names, serial numbers or free "
                "text. Names of patients and readers are pseudonyms."
            )
        ],
        "rai:dataLimitations": [taxonomy.banner],
        "rai:dataReleaseMaintenancePlan": (
            "A release never changes. Corrections are made in a new version."
        ),
    }


def _file_object(folder: Path, path: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": path,
        "contentUrl": path,
        "contentSize": f"{(folder / path).stat().st_size} B",
        "encodingFormat": PARQUET,
        "sha256": files.sha256(folder / path),
    }


def _record_set(path: str, table: str, schema: pa.Schema) -> dict[str, Any]:
    name = path.removesuffix(".parquet")
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"Table {table}, from {path}.",
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{name}/{column.name}",
                "name": column.name,
                "dataType": _TYPES[str(column.type)],
                "source": {
                    "fileObject": {"@id": path},
                    "extract": {"column": column.name},
                },
            }
            for column in schema
        ],
    }

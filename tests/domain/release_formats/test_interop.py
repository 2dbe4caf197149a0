"""Third-party programs, installed separately by ``make interop``, accept the formats.

Each test runs a short program in its own environment and compares what it prints.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ecgreview.release.formats import parquet

from .contents import CODES, EMBARGOED_EXAM, FACTS

ENVIRONMENTS = Path(__file__).resolve().parents[3] / ".cache" / "interop"

pytestmark = pytest.mark.interop

CROISSANT = """
import json, sys
import mlcroissant
data = mlcroissant.Dataset(jsonld=sys.argv[1])
splits = ("test", "train", "embargoed")
rows = [dict(row) for split in splits for row in data.records(record_set=f"labels/{split}")]
metadata = data.metadata
print(json.dumps({
    "version": metadata.version,
    "conforms_to": str(metadata.conforms_to),
    "issues": metadata.ctx.issues.report(),
    "protocol": metadata.data_annotation_protocol,
    "limitations": metadata.data_limitations,
    "exams": [next(iter(row.values())).decode() for row in rows],
    "columns": len(rows[0]),
}))
"""
DATASETS = """
import json, sys
import datasets
datasets.disable_progress_bars()
labels = datasets.load_dataset(sys.argv[1], "labels", cache_dir=sys.argv[2])
readings = datasets.load_dataset(sys.argv[1], "readings", split="train", cache_dir=sys.argv[2])
print(json.dumps({
    "splits": {name: rows["exam"][:] for name, rows in labels.items()},
    "columns": len(labels["train"].features),
    "states": sorted(set(readings["state"])),
    "readings": len(readings),
}))
"""
FHIR = """
import json, sys
from collections import Counter
from fhir.resources.R4B.observation import Observation
states, ids = Counter(), set()
for line in open(sys.argv[1], encoding="utf-8"):
    observation = Observation.model_validate_json(line)
    ids.add(observation.id)
    for component in observation.component:
        reason = component.dataAbsentReason
        states[reason.text if reason else str(component.valueBoolean)] += 1
print(json.dumps({"ids": len(ids), "states": states}))
"""
CITATION = """
import json, sys
import cffconvert, datacite.schema45
citation = cffconvert.Citation(open(sys.argv[1], encoding="utf-8").read())
citation.validate()
document = json.load(open(sys.argv[2], encoding="utf-8"))
errors = [error.message for error in datacite.schema45.validator.iter_errors(document)]
print(json.dumps({"bibtex": citation.as_bibtex(), "errors": errors}))
"""
FRICTIONLESS = """
import json, os, sys
from frictionless import validate
os.chdir(sys.argv[1])
report = validate("datapackage.json")
print(json.dumps({"valid": report.valid, "errors": report.flatten(["type", "note"])}))
"""
LABEL_STUDIO = """
import json, sys
from label_studio_sdk.label_interface import LabelInterface
interface = LabelInterface(open(sys.argv[1], encoding="utf-8").read())
interface.validate()
tasks = json.load(open(sys.argv[2], encoding="utf-8"))
wrong = json.loads(json.dumps(tasks[0]["annotations"][0]))
wrong["result"][0]["value"]["choices"] = ["no such class"]
print(json.dumps({
    "choices": len(interface.get_control("present").labels),
    "tasks": [interface.validate_task({"data": task["data"]}) for task in tasks],
    "annotations": [interface.validate_annotation(a) for t in tasks for a in t["annotations"]],
    "predictions": [interface.validate_prediction(p) for t in tasks for p in t["predictions"]],
    "wrong": interface.validate_annotation(wrong),
}))
"""


def python(environment: str) -> Path:
    found = ENVIRONMENTS / environment / "bin" / "python"
    if not found.exists():
        reason = f"no environment {environment}: run `make interop`"
        if os.environ.get("ECGREVIEW_INTEROP") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def run(environment: str, *command: str | Path) -> str:
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore", "PYTHONPATH": ""}
    done = subprocess.run(
        [python(environment), *command], env=offline, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def result(environment: str, program: str, *arguments: str | Path):
    return json.loads(run(environment, "-c", program, *arguments).splitlines()[-1])


@pytest.mark.opens("wfdb", "physionet")
def test_physionet_finds_no_errors_and_no_warnings(release, tmp_path):
    folder = tmp_path / "wfdb"
    subprocess.run(["cp", "-r", release("wfdb"), folder], check=True)  # it adds its report
    report = tmp_path / "report.json"
    run("physionet", "-m", "physionet", "validate", folder, "--no-sampling", "--report", report)
    found = json.loads(report.read_text())
    assert found["summary"]["total_errors"] == found["summary"]["total_warnings"] == 0
    # Its exit code is 0 despite warnings, so check that the report lists a warning if there is one.
    (folder / "exams.csv").write_text("exam,age\nE1,93\n")
    run("physionet", "-m", "physionet", "validate", folder, "--report", report)
    assert json.loads(report.read_text())["summary"]["total_warnings"] > 0


def test_sha256sum_confirms_the_physionet_folder(release):
    command = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS.txt"]
    subprocess.run(command, cwd=release("wfdb"), check=True)
    listed = (release("wfdb") / "SHA256SUMS.txt").read_text().splitlines()
    files = [path for path in release("wfdb").rglob("*") if path.is_file()]
    assert len(listed) == len(files) - 1


@pytest.mark.opens("csv", "frictionless")
def test_frictionless_finds_the_data_package_valid(release):
    found = result("datasets", FRICTIONLESS, release("csv"))
    assert found == {"valid": True, "errors": []}


@pytest.mark.opens("huggingface", "mlcroissant")
def test_croissant_validates_the_metadata_and_reads_the_rows(release):
    found = result("datasets", CROISSANT, release("huggingface") / "croissant.json")
    assert found["issues"] == ""
    assert found["version"] == "1.0"
    assert "1.1" in found["conforms_to"] or "V_1_1" in found["conforms_to"]
    assert FACTS.protocol_digest in found["protocol"][0]
    assert found["limitations"] == [FACTS.taxonomy.banner]
    assert found["exams"] == ["E4", "E1", "E2", "E3", "E5", "E7", EMBARGOED_EXAM]
    assert found["columns"] == 14 + 2 * len(CODES)


@pytest.mark.opens("huggingface", "datasets")
def test_datasets_loads_both_configurations(release, rows, tmp_path):
    found = result("datasets", DATASETS, release("huggingface"), tmp_path)
    assert found["splits"] == {
        "train": ["E1", "E2", "E3", "E5", "E7"], "test": ["E4"], "embargoed": [EMBARGOED_EXAM],
    }  # fmt: skip
    assert found["columns"] == 14 + 2 * len(CODES)
    assert found["states"] == ["absent", "not_assessable", "not_assessed", "present"]
    assert found["readings"] == sum(1 for _ in parquet.reading_rows(rows))


@pytest.mark.opens("fhir", "fhir.resources")
def test_fhir_resources_validates_every_observation(release, rows):
    found = result("datasets", FHIR, release("fhir") / "Observation.ndjson")
    n_readings = sum(1 for _ in rows.readings())
    assert found["ids"] == 7 + n_readings
    states = found["states"]
    assert sum(states.values()) == (7 + n_readings) * len(CODES)
    assert set(states) == {
        "True", "False", "undecided", "incomplete", "not_assessed", "not_assessable", "embargoed",
    }  # fmt: skip


@pytest.mark.opens("citation", "cffconvert")
@pytest.mark.opens("citation", "datacite")
def test_the_citations_are_valid(release):
    folder = release("citation")
    found = result("datasets", CITATION, folder / "CITATION.cff", folder / "datacite.json")
    assert found["errors"] == []
    assert "author = {Ana Souza and Bruno Lima}" in found["bibtex"]


@pytest.mark.opens("label_studio", "label_studio_sdk")
def test_label_studio_accepts_tasks_annotations_and_predictions(release, rows):
    folder = release("label_studio")
    found = result("labelstudio", LABEL_STUDIO, folder / "config.xml", folder / "tasks.json")
    assert found["choices"] == len(CODES)
    assert found["tasks"] == [True] * 7
    by_people = [reading for reading in rows.readings() if reading.kind == "person"]
    assert found["annotations"] == [True] * len(by_people)
    assert found["predictions"] == [True]
    assert found["wrong"] is False


@pytest.mark.opens("example", "pandas")
def test_the_example_runs_where_only_pandas_is_installed(release):
    here = subprocess.run(
        [sys.executable, "-I", release("example") / "example_load.py",
         release("parquet") / "readings_long.parquet"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    elsewhere = run(
        "datasets", "-I", release("example") / "example_load.py",
        release("parquet") / "readings_long.parquet",
    )  # fmt: skip
    assert elsewhere == here.stdout

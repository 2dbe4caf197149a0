"""What the JavaScript tests hold for true: the classes of the taxonomy, and SciPy's filters."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from ecgreview import taxonomy
from ecgreview.taxonomy.synonyms import synonyms

FIXTURE = Path(__file__).parent / "fixtures" / "classes.json"
SYNONYMS = Path(__file__).parent / "fixtures" / "synonyms.json"
FILTERS = Path(__file__).parent / "fixtures" / "filters_golden.json"


def test_the_scripts_are_tested_on_the_classes_of_the_taxonomy():
    known = {one["code"]: one for one in json.loads(FIXTURE.read_text(encoding="utf-8"))}
    classes = taxonomy.load().classes
    assert list(known) == [one.code for one in classes]
    for one in classes:
        fixture = known[one.code]
        assert (one.abbreviation, one.name, one.name_pt) == (
            fixture["abbreviation"],
            fixture["name"],
            fixture["name_pt"],
        )


def test_the_scripts_are_tested_on_the_synonyms_of_the_classes():
    known = json.loads(SYNONYMS.read_text(encoding="utf-8"))
    assert known == {code: list(names) for code, names in synonyms().items()}


def test_the_filters_are_tested_on_what_scipy_gives():
    golden = json.loads(FILTERS.read_text(encoding="utf-8"))
    samples = np.array(golden["input"], dtype=float)
    for one in golden["filters"]:
        expected = through_scipy(samples, one["name"], one["rate"])
        assert np.abs(expected - one["output"]).max() <= 0.51


def through_scipy(samples: NDArray[np.float64], name: str, rate: int) -> NDArray[np.float64]:
    """Return ``samples`` through the filter ``name``; its corner is 3 dB of both ways together."""
    corner_hz, kind, pad_s = {
        "150hz": (150.0, "low", 0.2),
        "40hz": (40.0, "low", 0.2),
        "baseline": (0.67, "high", 3.0),
    }[name]
    one_way = (np.sqrt(2) - 1) ** (0.25 if kind == "high" else -0.25)
    warped = np.tan(np.pi * corner_hz / rate) * one_way
    sections = signal.butter(2, 2 / np.pi * np.arctan(warped), kind, output="ba")
    pad = min(round(pad_s * rate), samples.size - 1)
    through = signal.filtfilt(*sections, samples, padtype="odd", padlen=pad)
    return np.asarray(through, dtype=np.float64)

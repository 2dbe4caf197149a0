"""The fixtures of the JavaScript tests agree with the taxonomy and with SciPy."""

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


def test_class_fixture_matches_the_taxonomy():
    fixtures = {row["code"]: row for row in json.loads(FIXTURE.read_text(encoding="utf-8"))}
    classes = taxonomy.load().classes
    assert list(fixtures) == [class_.code for class_ in classes]
    for class_ in classes:
        fixture = fixtures[class_.code]
        assert (class_.abbreviation, class_.name, class_.name_pt) == (
            fixture["abbreviation"],
            fixture["name"],
            fixture["name_pt"],
        )


def test_synonym_fixture_matches_the_taxonomy():
    fixture = json.loads(SYNONYMS.read_text(encoding="utf-8"))
    assert fixture == {code: list(names) for code, names in synonyms().items()}


def test_filter_fixture_matches_scipy():
    golden = json.loads(FILTERS.read_text(encoding="utf-8"))
    samples = np.array(golden["input"], dtype=float)
    for case in golden["filters"]:
        expected = filtered_by_scipy(samples, case["name"], case["rate"])
        assert np.abs(expected - case["output"]).max() <= 0.51


def filtered_by_scipy(samples: NDArray[np.float64], name: str, rate: int) -> NDArray[np.float64]:
    """Filter forward and backward; the corner frequency is where both passes together lose 3 dB."""
    corner_hz, band, pad_s = {
        "150hz": (150.0, "low", 0.2),
        "40hz": (40.0, "low", 0.2),
        "baseline": (0.67, "high", 3.0),
    }[name]
    per_pass = (np.sqrt(2) - 1) ** (0.25 if band == "high" else -0.25)
    warped = np.tan(np.pi * corner_hz / rate) * per_pass
    sections = signal.butter(2, 2 / np.pi * np.arctan(warped), band, output="ba")
    pad = min(round(pad_s * rate), samples.size - 1)
    filtered = signal.filtfilt(*sections, samples, padtype="odd", padlen=pad)
    return np.asarray(filtered, dtype=np.float64)

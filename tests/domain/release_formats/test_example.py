"""``example_load.py`` prints the kappas of our agreement report."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from ecgreview import agreement

from .contents import CODES

ANSWERS = {"absent": agreement.ABSENT, "present": agreement.PRESENT}


def expected(rows):
    """Return Light's kappa of each class from our own agreement report."""
    readers = ["R1", "R2", "R3"]
    exams = [exam.code for exam in rows.exams()]
    ratings = np.full((len(readers), len(exams), len(CODES)), agreement.MISSING, np.int8)
    for reading in rows.readings():
        if reading.kind == "person" and reading.purpose == "data":
            place = readers.index(reading.reader), exams.index(reading.exam)
            states = reading.states(CODES)
            ratings[place] = [ANSWERS.get(states[code], agreement.MISSING) for code in CODES]
    report = agreement.report(
        agreement.Answers.of(ratings), readers, CODES, how=agreement.Resampling(n_replicates=0)
    )
    return {
        line["class"]: (line["light_kappa"]["n"], line["light_kappa"]["estimate"])
        for line in report["classes"]
    }


def printed(script, *arguments):
    done = subprocess.run(
        [sys.executable, "-I", script, *arguments], check=True, capture_output=True, text=True
    )
    lines = [line.split() for line in done.stdout.splitlines()[2:]]
    return {code: (int(n), None if kappa == "-" else float(kappa)) for code, n, kappa in lines}


@pytest.mark.opens("example", "pandas")
def test_it_prints_the_numbers_of_the_agreement_report(release, rows, tmp_path):
    release("parquet")
    kappas = printed(release("example") / "example_load.py")
    wanted = expected(rows)
    assert set(kappas) == set(wanted)
    for code, (n, kappa) in wanted.items():
        assert kappas[code][0] == n
        assert kappas[code][1] == (None if kappa is None else pytest.approx(kappa, abs=5e-7))
    assert sum(kappa is not None for _, kappa in wanted.values()) > 10
    # The CSV file of a release has the same columns.
    table = pd.read_parquet(release("parquet") / "readings_long.parquet")
    table.to_csv(tmp_path / "readings_long.csv", index=False)
    assert printed(release("example") / "example_load.py", tmp_path / "readings_long.csv") == kappas


def test_without_a_table_it_says_what_is_missing(release, tmp_path):
    script = tmp_path / "example" / "example_load.py"
    script.parent.mkdir()
    script.write_bytes((release("example") / "example_load.py").read_bytes())
    done = subprocess.run(
        [sys.executable, "-I", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "csv/readings_long.csv" in done.stderr

"""CSV tables can be read with pandas, and describe every column."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecgreview.release.formats import registry
from tests.domain.release.examples import CODES, Example


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = tmp_path_factory.mktemp("csv")
    registry.entry("csv").load().write(Example(), written)
    return written


def test_the_wide_table_is_a_matrix_of_labels(folder):
    table = pd.read_csv(folder / "labels_wide.csv", index_col="exam")
    assert list(table.columns) == CODES
    assert table.dtypes.unique() == [np.dtype("float64")]
    assert table["artifact"].isna().tolist() == [False, True, True]
    assert table.loc["EXAM0001"].sum() == 1
    assert table.loc["EXAM0003"].isna().all()


def test_soft_labels_are_posteriors_or_shares_of_votes(folder):
    table = pd.read_csv(folder / "soft_labels_wide.csv", index_col="exam")
    assert table["artifact"].tolist()[:2] == [0.987654, 0.5]
    assert np.isnan(table.loc["EXAM0003", "artifact"])


def test_the_long_table_says_why(folder):
    table = pd.read_csv(folder / "labels_long.csv").set_index(["exam", "class"])
    assert len(table) == 3 * len(CODES)
    assert table.loc[("EXAM0002", "artifact"), ["state", "basis"]].tolist() == ["undecided", "tie"]


def test_a_reading_states_every_class(folder):
    table = pd.read_csv(folder / "readings_long.csv")
    first = table[table.reader == "reader-1"].set_index("class")
    assert first.state["artifact"] == "present"
    assert first.state["normal_ecg"] == "not_assessable"
    assert set(table[table.reader == "reader-2"].state) == {"not_assessed"}


def test_areas_keep_their_leads_and_times(folder):
    table = pd.read_csv(folder / "areas.csv")
    assert table[["leads", "from_s", "to_s"]].values.tolist() == [["V1 V2", 0.5, 1.25]]


def test_every_column_is_described(folder):
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    for resource in package["resources"]:
        columns = pd.read_csv(folder / resource["path"], nrows=0).columns
        assert list(columns) == [field["name"] for field in resource["schema"]["fields"]]
        assert all(field["description"] for field in resource["schema"]["fields"])


def test_text_that_a_spreadsheet_would_execute_is_quoted(folder):
    assert "'=Ward 3" in (folder / "exams.csv").read_text(encoding="utf-8")

"""``manage.py agreement``: tables, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from sklearn.metrics import cohen_kappa_score

from annotations.models import AgreementReport, AuditEvent, Batch, User
from ecgreview.published_readings import CLASSES
from tests.app.kept import factory, kept

READERS = ("cardiologist1", "cardiologist2", "dnn")
Print = Callable[..., str]


@factory
def votes() -> dict[str, np.ndarray]:
    """Votes of three readers on 60 exams; the third reader marks no class."""
    rng = np.random.default_rng(20260301)
    truth = rng.random((60, len(CLASSES))) < 0.3
    slips = rng.random((2, 60, len(CLASSES))) < 0.1
    return {
        READERS[0]: (truth ^ slips[0]).astype(int),
        READERS[1]: (truth ^ slips[1]).astype(int),
        READERS[2]: np.zeros_like(truth, dtype=int),
    }


@kept
def study(db, tmp_path: Path, votes: dict[str, np.ndarray]) -> str:
    for name, cells in votes.items():
        lines = [",".join(["", *CLASSES])]
        lines += [",".join(map(str, [row, *values])) for row, values in enumerate(cells)]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    call_command(
        "import_readings", str(tmp_path), format="codetest", study="CODE test", stdout=io.StringIO()
    )
    return "CODE test"


def printed(*arguments: str, **options: Any) -> str:
    out = io.StringIO()
    call_command("agreement", *arguments, stdout=out, **options)
    return out.getvalue()


def as_json(*arguments: str, **options: Any) -> Any:
    return json.loads(printed(*arguments, format="json", **options))


def test_json_has_a_kappa_for_every_pair_and_class(study, votes):
    lines = as_json(study)
    by_pair_and_class = {(*line["readers"], line["class"]): line["cohen_kappa"] for line in lines}
    first, second = votes["cardiologist1"], votes["cardiologist2"]
    assert len(lines) == len(by_pair_and_class) == 3 * len(CLASSES)
    for column, name in enumerate(CLASSES):
        measures = by_pair_and_class["cardiologist1", "cardiologist2", name]
        kappa = cohen_kappa_score(first[:, column], second[:, column])
        assert measures["estimate"] == pytest.approx(kappa, abs=1e-12)
        assert measures["low"] <= measures["estimate"] <= measures["high"]
        assert (measures["n"], measures["reason"]) == (60, "")


def test_the_four_counts_match_the_files(study, votes):
    first, second = votes["cardiologist1"][:, 4], votes["cardiologist2"][:, 4]
    (line,) = [
        line
        for line in as_json(study, codes=["AF"])
        if line["readers"] == ["cardiologist1", "cardiologist2"]
    ]
    counts = [line[field] for field in ("n11", "n10", "n01", "n00")]
    expected = [((first == a) & (second == b)).sum() for a, b in ((1, 1), (1, 0), (0, 1), (0, 0))]
    assert counts == expected


def test_a_reader_without_positive_votes_has_zero_positive_agreement(study):
    lines = as_json(study)
    of_dnn = [line["positive_agreement"] for line in lines if "dnn" in line["readers"]]
    assert {value["estimate"] for value in of_dnn} == {0.0}
    assert all(value["high"] > 0 for value in of_dnn)


def test_a_study_can_be_named_by_its_slug(study):
    assert as_json("code-test") == as_json(study)


def test_a_second_call_computes_no_new_report(study):
    as_json(study)
    as_json(study)
    assert AgreementReport.objects.filter(batch=None).count() == 1


def test_level_classes_has_one_line_per_class(study):
    lines = as_json(study, level="classes")
    assert [line["class"] for line in lines] == list(CLASSES)
    # dnn is left out: it is a model
    assert sorted(lines[0]["readers"]) == ["cardiologist1", "cardiologist2"]
    assert lines[0]["fleiss_kappa"]["n"] == 60


def test_level_overall_has_the_averages(study):
    lines = as_json(study, level="overall")
    assert [line["average"] for line in lines] == ["exams", "macro", "micro"]
    assert 0 <= lines[0]["exact_set"]["estimate"] <= 1


def test_level_report_prints_the_stored_report(study):
    printed_json = json.loads(printed(study, level="report"))
    assert sorted(printed_json["readers"]) == sorted(READERS)
    assert (
        printed_json["n_exams_given"],
        printed_json["n_unreadable"],
        printed_json["n_abstained"],
    ) == (60, 0, 0)


def test_the_default_format_is_a_table(study):
    head, *lines = printed(study).splitlines()
    assert head.split()[:2] == ["class", "exams"]
    assert [line.split()[0] for line in lines] == list(CLASSES)


@pytest.mark.parametrize("level", ["pairs", "classes", "overall"])
def test_table_columns_are_aligned(study, level):
    lines = printed(study, level=level).splitlines()
    assert len(lines) > 3
    first = lines[0].index("exams")
    assert all(line[first - 1] == " " and line[first].isdigit() for line in lines[1:])


def test_csv_has_one_row_per_measure(study):
    rows = list(csv.DictReader(io.StringIO(printed(study, format="csv", codes=["ST"]))))
    assert {row["class"] for row in rows} == {"ST"}
    assert {row["readers"] for row in rows} == {
        "cardiologist1 / cardiologist2", "cardiologist1 / dnn", "cardiologist2 / dnn",
    }  # fmt: skip
    assert "cohen_kappa" in {row["measure"] for row in rows}


def test_the_batch_option_selects_a_batch(study):
    printed_json = as_json(study, batch="Imported readings")
    assert printed_json == as_json(study)


def test_readers_of_the_same_name_are_distinguished(study):
    User.objects.filter(last_name="dnn").update(last_name="cardiologist1")
    names = {name for line in as_json(study) for name in line["readers"]}
    assert names == {
        "cardiologist1 (import:code-test:cardiologist1)",
        "cardiologist1 (import:code-test:dnn)",
        "cardiologist2",
    }


def test_an_unknown_study_lists_the_available_ones(study):
    with pytest.raises(CommandError, match=r"no study 'other'. Available: code-test"):
        printed("other")


def test_an_unknown_class_lists_the_available_ones(study):
    with pytest.raises(CommandError, match=r"no class 'WPW'. Available: 1dAVb, RBBB"):
        printed(study, codes=["WPW"])


def test_an_unknown_batch_lists_the_available_ones(study):
    with pytest.raises(CommandError, match=r"no batch 'x'. Available: Imported readings"):
        printed(study, batch="x")


def test_printing_is_audited(study):
    as_json(study)
    assert AuditEvent.objects.get(action="agreement.printed", study__slug="code-test")


def test_the_agreement_of_an_open_batch_needs_a_reason(study):
    Batch.objects.update(closed_at=None, closed_by=None)
    with pytest.raises(CommandError, match="still hides this agreement"):
        printed(study)
    assert as_json(study, reason="The ethics board asks for it.")
    event = AuditEvent.objects.get(action="agreement.printed")
    assert event.reason == "The ethics board asks for it."

"""``manage.py list_disputes``: which exams and classes deserve a second look."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from annotations.models import AuditEvent, ClassRelation, Consensus, RelationKind
from tests.app import published

pytestmark = pytest.mark.django_db

AVB, LVH, RBBB = (
    "first_degree_av_block", "left_ventricular_hypertrophy", "right_bundle_branch_block",
)  # fmt: skip

# As in rows that were computed before the queue was stored.
NOT_QUEUED = dict.fromkeys(("expected_errors", "n_disputed", "n_cases", "draw"))


def disputes(study: str, *more: str) -> list[dict[str, object]]:
    out = io.StringIO()
    call_command("list_disputes", study, "--format", "json", *more, stdout=out)
    rows: list[dict[str, object]] = json.loads(out.getvalue())
    return rows


def test_published_readings_are_disputed_exactly_where_two_cardiologists_differ(
    shared_data: Path, tmp_path
):
    folder = published.two_cardiologists(shared_data, tmp_path)
    call_command("import_readings", "--format", "codetest", "--study", "CODE-test", str(folder),
                 stdout=io.StringIO())  # fmt: skip
    first, second = (rows_of(folder / f"code_test_cardiologist{n}_first100.csv") for n in (1, 2))
    expected = {
        place
        for place, (one, other) in enumerate(zip(first, second, strict=True), start=1)
        if one != other
    }
    rows = disputes("code-test")
    assert {int(str(row["source_key"]).rsplit(":", 1)[-1]) for row in rows} == expected
    assert len(expected) == 5
    assert {(row["n_marked"], row["n_votes"], row["basis"]) for row in rows} == {
        (1, 2, "disagreement")
    }


def rows_of(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.reader(lines))[1:]


def test_exams_with_more_expected_errors_come_first(read, make_exam, study, ana, bruno):
    one, two = make_exam(), make_exam()
    read({ana: [AVB], bruno: [AVB, LVH]}, one, name="One")
    read({ana: [AVB, LVH], bruno: [RBBB]}, two, name="Two")
    rows = disputes(study.slug)
    assert [row["exam"] for row in rows] == [two.code] * 3 + [one.code]
    assert [row["expected_errors"] for row in rows] == [1.5, 1.5, 1.5, 0.5]
    assert [row["n_disputed"] for row in rows] == [3, 3, 3, 1]
    assert rows[-1]["class"] == LVH


def test_a_posterior_replaces_the_share_of_votes(read, outcome, study, ana, bruno):
    read({ana: [AVB], bruno: []})
    row = outcome()
    Consensus.objects.filter(pk=row.pk).update(posteriors={AVB: 0.9}, **NOT_QUEUED)
    (dispute,) = disputes(study.slug)
    assert (dispute["posterior"], dispute["expected_errors"]) == (0.9, 0.1)


def test_an_exam_whose_readability_is_disputed_has_one_row(read, submit, study, make_batch, close,
                                                           ana, bruno):  # fmt: skip
    batch = make_batch(None, [ana, bruno])
    submit(batch.assignments.get(reader=ana), quality="unreadable")
    submit(batch.assignments.get(reader=bruno))
    close(batch)
    (dispute,) = disputes(study.slug)
    assert (dispute["class"], dispute["basis"]) == ("", "readability")


def test_csv_has_the_same_rows(read, study, ana, bruno):
    read({ana: [AVB], bruno: []})
    out = io.StringIO()
    call_command("list_disputes", study.slug, stdout=out)
    (line,) = csv.DictReader(io.StringIO(out.getvalue()))
    (row,) = disputes(study.slug, "--order", "classes")
    assert line == {key: "" if value is None else str(value) for key, value in row.items()}


class TestUnanimousReaders:
    """Cells on which readers agree are listed where something else contradicts them."""

    @pytest.fixture
    def imported(self, tmp_path):
        """Two readers, a model and a reference of four exams and six classes."""
        readers = np.zeros((4, 6), dtype=np.int8)
        readers[0, 0] = 1
        model, reference = readers.copy(), readers.copy()
        model[1, 4] = 1
        reference[0, 0] = 0
        tables = {"cardiologist1": readers, "cardiologist2": readers, "dnn": model,
                  "gold_standard": reference}  # fmt: skip
        folder = published.write(tmp_path / "readings", tables)
        call_command("import_readings", "--format", "codetest", "--study", "Four", str(folder),
                     stdout=io.StringIO())  # fmt: skip
        return "four"

    def test_by_a_reference_or_a_model(self, imported):
        rows = disputes(imported)
        assert {(str(row["kind"]), row["n_marked"], row["n_votes"]) for row in rows} == {
            ("reference", 2, 2), ("model", 0, 2),
        }  # fmt: skip
        assert len(rows) == 2

    def test_a_random_sample_is_the_same_each_time(self, imported):
        every, half, again = (
            {
                row["exam"]
                for row in disputes(imported, "--sample", share)
                if row["kind"] == "sample"
            }
            for share in ("1", "0.5", "0.5")
        )
        assert len(every) == 4
        assert half == again < every

    def test_a_share_above_one_is_refused(self, imported):
        with pytest.raises(CommandError, match="--sample is a share"):
            disputes(imported, "--sample", "5")


def test_classes_that_a_reader_submitted_although_they_contradict_each_other(
    read, study, taxonomy, ana, bruno
):
    af, flutter = (
        taxonomy.classes.get(code=f"atrial_{name}") for name in ("fibrillation", "flutter")
    )
    ClassRelation.objects.get_or_create(source=af, target=flutter, kind=RelationKind.EXCLUDES)
    read({ana: [af.code, flutter.code], bruno: [af.code]})
    rows = disputes(study.slug)
    assert [(row["kind"], row["class"]) for row in rows] == [
        ("dispute", flutter.code),
        ("contradiction", af.code),
        ("contradiction", flutter.code),
    ]


def test_a_class_without_the_class_that_it_implies_is_not_a_contradiction(
    read, study, taxonomy, ana, bruno
):
    """Readers need not mark implied classes."""
    avb, lvh = (taxonomy.classes.get(code=code) for code in (AVB, LVH))
    ClassRelation.objects.get_or_create(source=avb, target=lvh, kind=RelationKind.IMPLIES)
    read({ana: [AVB], bruno: [AVB]})
    assert disputes(study.slug) == []


def test_hidden_results_need_a_reason_that_is_recorded(read, study, ana, bruno):
    read({ana: [AVB], bruno: []})
    study.batches.update(results_open="study_locked")
    with pytest.raises(CommandError, match="still hides its results"):
        disputes(study.slug)
    assert not AuditEvent.objects.filter(action="consensus.disputes_listed").exists()
    assert len(disputes(study.slug, "--reason", "Safety board.")) == 1
    assert AuditEvent.objects.get(action="consensus.disputes_listed").reason == "Safety board."


def test_an_unknown_study_is_refused():
    with pytest.raises(CommandError, match="There is no study 'nowhere'"):
        disputes("nowhere")

"""``manage.py agreement --level``: groups, certainty and measurements."""

from __future__ import annotations

import csv
import io
import json
import uuid

import pytest
from django.core.management import CommandError, call_command

from annotations.models import AgreementReport
from annotations.services.reading import content
from tests.app import signing
from tests.app.kept import kept

pytestmark = pytest.mark.django_db

AF = "atrial_fibrillation"
CERTAINTY_AND_VALUE = {"ana": ("definite", 160), "bruno": ("possible", 164)}


@kept
def batch(make_batch, make_exam, close, now):
    """A closed batch of two exams in which Ana and Bruno mark AF and measure an interval."""
    measured = make_batch([make_exam(), make_exam()], name="Measured")
    for assignment in measured.assignments.select_related("reader"):
        certainty, value = CERTAINTY_AND_VALUE[assignment.reader.username]
        mark = {"kind": "interval", "tracing": 1, "lead": "II", "from_s": 0.1, "to_s": 0.2,
                "value": value + assignment.position}  # fmt: skip
        signing.submit_reading(
            assignment_id=assignment.pk, reader=assignment.reader, based_on=0,
            findings=[content.FindingIn(AF, certainty, (), (mark,))], quality="good", comment="",
            idempotency_key=uuid.UUID(int=assignment.pk), now=now,
        )  # fmt: skip
    close(measured)
    return measured


def printed(batch, **options):
    out = io.StringIO()
    call_command("agreement", batch.study.slug, batch=batch.name, stdout=out, **options)
    return out.getvalue()


def rows(batch, level):
    return list(csv.DictReader(io.StringIO(printed(batch, level=level, format="csv"))))


def stored(batch):
    return AgreementReport.objects.get(batch=batch).results


def test_groups_are_printed_like_classes(batch):
    printed_groups = json.loads(printed(batch, level="groups", format="json"))
    for line, expected in zip(printed_groups, stored(batch)["groups"], strict=True):
        assert line.pop("readers") == ["Ana", "Bruno"]
        assert line == expected
    head, *lines = printed(batch, level="groups").splitlines()
    assert head.split()[:2] == ["group", "exams"]
    assert len(lines) == len(printed_groups)
    assert {row["class"] for row in rows(batch, "groups")} == {
        group["class"] for group in printed_groups
    }


def test_groups_are_selected_by_code(batch):
    code = json.loads(printed(batch, level="groups", format="json"))[0]["class"]
    (line,) = json.loads(printed(batch, level="groups", format="json", codes=[code]))
    assert line["class"] == code
    with pytest.raises(CommandError, match="There is no group 'x'"):
        printed(batch, level="groups", codes=["x"])


def test_certainty_is_printed_by_class(batch):
    (line,) = json.loads(printed(batch, level="certainty", format="json", codes=[AF]))
    assert (line["n_both"], line["n_possible"], line["n_definite"]) == (2, 2, 2)
    (row,) = [
        row for row in rows(batch, "certainty")
        if (row["class"], row["measure"]) == (AF, "same_certainty")
    ]  # fmt: skip
    assert (row["estimate"], row["n"]) == ("0.0", "2")
    table = printed(batch, level="certainty", codes=[AF]).splitlines()
    assert "2 / 0 / 2" in table[1]


def test_measurements_are_printed_by_pair(batch):
    together, pair = json.loads(printed(batch, level="measurements", format="json"))
    assert together["readers"] == pair["readers"] == ["Ana", "Bruno"]
    assert pair["unit"] == "ms"
    of_pair = {row["measure"]: row["estimate"] for row in rows(batch, "measurements")}
    assert float(of_pair["interval_bias"]) == stored(batch)["measured"][0]["pairs"][0]["bias"][
        "estimate"
    ]  # fmt: skip
    assert "interval_deviation" in of_pair
    assert "interval, ms" in printed(batch, level="measurements")


def test_the_printed_report_leaves_out_single_exams(batch):
    (line,) = json.loads(printed(batch, level="report"))["measured"]
    assert "points" not in line
    assert "points" in stored(batch)["measured"][0]

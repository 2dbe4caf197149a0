"""Errors of two readers on the same exams, against a reference: command, page, files, API."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from scipy.stats import binomtest

from annotations.models import Consensus, Study, User
from annotations.services.agreement import details, refresh
from annotations.services.consensus import labels
from ecgreview.agreement.accuracy import paired_errors
from ecgreview.published_readings import CLASSES
from tests.app import published
from tests.app.kept import factory, kept

pytestmark = pytest.mark.django_db

N = 24
NAMES = ("cardiologist1", "cardiologist2", "dnn", "gold_standard")


@factory
def votes() -> dict[str, np.ndarray]:
    """Votes of a reference and of three readers with different error rates."""
    rng = np.random.default_rng(12)
    truth = rng.random((N, len(CLASSES))) < 0.3
    slips = {name: rng.random(truth.shape) < share
             for name, share in zip(NAMES, (0.05, 0.3, 0.15, 0.0), strict=True)}  # fmt: skip
    return {name: (truth ^ slip).astype(np.int8) for name, slip in slips.items()}


@kept
def study(votes, tmp_path: Path) -> Study:
    folder = published.write(tmp_path / "annotations", votes)
    call_command("import_readings", "--format", "codetest", "--study", "CODE", str(folder),
                 stdout=io.StringIO())  # fmt: skip
    return Study.objects.get(slug="code")


@kept
def with_consensus(study: Study, now: datetime) -> Study:
    while labels.refresh_next(now=now):
        pass
    refresh.refresh_study(study=study, now=now)
    return study


def printed(*more: str) -> str:
    out = io.StringIO()
    call_command("agreement", "CODE", "--level", "errors", *more, stdout=out)
    return out.getvalue()


def test_counts_and_exact_p_match_the_files(study, votes):
    all_lines = json.loads(printed("--format", "json"))
    lines = {(*line["readers"], line["class"]): line for line in all_lines}
    assert {line["reference"] for line in all_lines} == {"gold_standard"}
    assert len(lines) == len(all_lines) == 3 * len(CLASSES)
    right = {name: votes[name] == votes["gold_standard"] for name in NAMES}
    for column, code in enumerate(CLASSES):
        line = lines["cardiologist1", "dnn", code]
        first, second = right["cardiologist1"][:, column], right["dnn"][:, column]
        only = ((first & ~second).sum(), (~first & second).sum())
        assert (line["first_right"], line["second_right"]) == only
        assert line["both_right"] + line["both_wrong"] + sum(only) == line["n"] == N
        if sum(only):
            p = binomtest(int(only[0]), int(sum(only))).pvalue
            assert line["exact_p"] == pytest.approx(p, rel=1e-12)
            assert line["holm_p"] >= line["exact_p"]


def test_table_and_csv_tell_people_from_models(study):
    assert "cardiologist1 / dnn (model)" in printed("--class", "AF")
    rows = list(csv.DictReader(io.StringIO(printed("--format", "csv"))))
    assert {(row["first_kind"], row["second_kind"]) for row in rows} == {
        ("person", "person"),
        ("person", "model"),
    }


def test_without_a_reference_the_command_explains_itself(tmp_path, votes):
    folder = published.write(tmp_path / "two", {name: votes[name] for name in NAMES[:2]})
    call_command("import_readings", "--format", "codetest", "--study", "CODE", str(folder),
                 stdout=io.StringIO())  # fmt: skip
    with pytest.raises(CommandError, match="There is no reference"):
        printed()


def test_readers_who_voted_in_the_consensus_get_a_caution(with_consensus):
    report = with_consensus.agreement_reports.filter(batch=None).latest("number")
    detail = details.all_errors_of(report)
    assert detail is not None
    ids = dict(User.objects.filter(last_name__in=NAMES).values_list("last_name", "pk"))
    first_reader, second_reader, dnn = (ids[name] for name in NAMES[:3])

    def cautions(first, second):
        (comparison,) = (x for x in paired_errors.of_pair(detail.comparisons, first, second)
                    if x.reference_id is None)  # fmt: skip
        return comparison.cautions

    assert cautions(first_reader, second_reader) == ("own_vote_of_first", "own_vote_of_second")
    assert cautions(first_reader, dnn) == ("own_vote_of_first",)
    assert cautions(dnn, ids["gold_standard"]) == ()


class TestPage:
    def url(self, study: Study, first: int, second: int, more: str = "") -> str:
        return f"/studies/{study.slug}/agreement/pair/?first={first}&second={second}{more}"

    def test_a_pair_is_compared_with_the_reference(self, with_consensus, client, davi):
        client.force_login(davi)
        page = client.get(self.url(with_consensus, 1, 3)).content.decode()
        assert "Only dnn (model) right" in page
        assert "gold_standard (reference)" in page
        assert "voted in this consensus" not in page

    def test_a_reader_who_voted_in_the_consensus_gets_a_warning(self, with_consensus, client, davi):
        client.force_login(davi)
        page = client.get(self.url(with_consensus, 1, 3, "&against=consensus")).content.decode()
        assert "cardiologist1 voted in this consensus" in page

    def test_the_reference_itself_needs_a_consensus_to_compare_with(self, study, now, client, davi):
        refresh.refresh_study(study=study, now=now)
        client.force_login(davi)
        page = client.get(self.url(study, 1, 4)).content.decode()
        assert "One of the two is the reference itself." in page

    def test_csv_and_json_have_all_pairs(self, with_consensus, client, davi):
        client.force_login(davi)
        address = f"/studies/{with_consensus.slug}/agreement/file/?table=errors&format="
        rows = list(csv.DictReader(io.StringIO(client.get(f"{address}csv").content.decode())))
        lines = client.get(f"{address}json").json()["errors"]
        assert len(rows) == len(lines)
        assert {(row["against"], row["reference"]) for row in rows} == {
            ("reference", "gold_standard (reference)"),
            ("consensus", ""),
        }


class TestApi:
    def test_every_pair_and_class_is_listed(self, with_consensus, client, davi):
        client.force_login(davi)
        payload = client.get(f"/api/studies/{with_consensus.slug}/agreement/errors/").json()
        assert payload["why_none"] is None
        assert {line["against"] for line in payload["tests"]} == {"reference", "consensus"}
        assert {kind for line in payload["tests"] for kind in line["kinds"]} == {
            "person",
            "model",
            "reference",
        }
        used = {
            code for line in payload["tests"] for code in (*line["cautions"], line["undefined"])
        }
        assert set(payload["reasons"]) == used - {None}

    def test_no_report_comes_with_a_reason(self, study, client, davi):
        client.force_login(davi)
        payload = client.get(f"/api/studies/{study.slug}/agreement/errors/").json()
        assert (payload["version"], payload["why_none"], payload["tests"]) == (None, "not_open", [])
        assert set(payload["reasons"]) == {"not_open"}

    def test_a_hidden_consensus_is_left_out(self, with_consensus, client, davi, monkeypatch):
        queries = type(Consensus.objects.all())
        monkeypatch.setattr(queries, "visible_to", lambda self, _user: self.none())
        client.force_login(davi)
        payload = client.get(f"/api/studies/{with_consensus.slug}/agreement/errors/").json()
        assert {line["against"] for line in payload["tests"]} == {"reference"}

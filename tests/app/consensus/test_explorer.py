"""The consensus explorer: page, API and CSV have the same numbers, and hide them from readers of
the study."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from django.urls import reverse

from annotations.models import RuleComparison, StudyReader
from annotations.services.consensus import comparisons, labels
from annotations.views.studies.forms import RULES, short_rule
from ecgreview.consensus import DEFAULT_RULE

pytestmark = pytest.mark.django_db

AVB, LVH = "first_degree_av_block", "left_ventricular_hypertrophy"


@pytest.fixture
def explored(read, study, ana, bruno, now):
    """The study, with one exam on which two readers differ in one class."""
    read({ana: [AVB], bruno: [AVB, LVH]})
    labels.compute(study=study, now=now)
    return study


@pytest.fixture
def large(monkeypatch):
    monkeypatch.setattr(comparisons, "MAX_READINGS", 1)


def get(client, name, study, query=""):
    return client.get(reverse(name, args=[study.slug]) + query)


def embedded(response):
    found = re.search(r'id="rules-document"[^>]*>(.*?)</script>', response.content.decode(), re.S)
    assert found
    return json.loads(found.group(1))


def test_page_api_and_file_have_the_same_numbers(signed_in, davi, explored):
    client = signed_in(davi)
    page = embedded(get(client, "study-explorer", explored))
    api = get(client, "api-study-consensus-rules", explored).json()
    assert {**api, "contradictions": []} == page
    file = get(client, "study-explorer-file", explored).content.decode()
    lines = [*csv.DictReader(io.StringIO(file))]
    majority = next(line for line in lines if line["rule"] == "majority_per_class")
    assert (majority["n_present"], majority["n_disputed"], majority[f"disputed:{LVH}"]) == (
        "1", "1", "1",
    )  # fmt: skip
    assert [line["setting"] for line in lines if line["rule"] == "k_of_n"] == ["1", "2"]
    assert {line["reason"] for line in lines if line["rule"].startswith("dawid")} == {"few_readers"}


def test_every_rule_has_a_short_name():
    names = {short_rule(rule) for rule in RULES}
    assert len(names) == len(RULES)
    assert max(map(len, names)) < 45


def test_using_a_rule_fills_in_the_amendment_and_changes_nothing(signed_in, davi, explored):
    client = signed_in(davi)
    page = get(client, "study-explorer", explored).content.decode()
    (link,) = re.findall(r'href="([^"]*consensus_rule=k_of_n[^"]*)"', page)
    form = client.get(link.replace("&amp;", "&")).context["form"]
    assert (form["consensus_rule"].value(), form["consensus_k"].value()) == ("k_of_n", 2)
    explored.refresh_from_db()
    assert explored.consensus_rule == DEFAULT_RULE
    bad = get(client, "study-amend", explored, "?consensus_rule=nothing&consensus_k=0")
    assert bad.context["form"]["consensus_rule"].value() == DEFAULT_RULE


@pytest.mark.parametrize("name", ["study-explorer-file", "study-explorer-progress"])
def test_hidden_results_have_no_file_and_no_progress(name, signed_in, rosa, explored):
    explored.batches.update(results_open="study_locked")
    assert get(signed_in(rosa), name, explored).status_code == 404


def test_hidden_results_are_not_compared(signed_in, rosa, explored):
    explored.batches.update(results_open="study_locked")
    client = signed_in(rosa)
    assert "rules-document" not in get(client, "study-explorer", explored).content.decode()
    assert client.post(reverse("study-explorer", args=[explored.slug])).status_code == 302
    response = get(client, "api-study-consensus-rules", explored)
    assert (response.status_code, response.json()["type"].rsplit("#", 1)[-1]) == (
        409, "nothing-to-compare",
    )  # fmt: skip
    assert not RuleComparison.objects.exists()


def test_a_coordinator_who_reads_sees_nothing(signed_in, davi, explored, now):
    StudyReader.objects.create(study=explored, user=davi, status_since=now, added_at=now)
    client = signed_in(davi)
    page = get(client, "study-explorer", explored).content.decode()
    assert "rules-document" not in page
    assert "Hidden while you read in this study." in page
    assert get(client, "api-study-consensus-rules", explored).status_code == 403
    assert get(client, "study-explorer-file", explored).status_code == 404
    assert not RuleComparison.objects.exists()


@pytest.mark.usefixtures("large")
def test_a_large_study_is_compared_by_a_worker(signed_in, davi, explored, now):
    client = signed_in(davi)
    page = get(client, "study-explorer", explored).content.decode()
    assert "a background job compares the rules" in page
    assert not RuleComparison.objects.exists()
    client.post(reverse("study-explorer", args=[explored.slug]))
    status = get(client, "study-explorer-progress", explored).json()
    assert (status["is_over"], status["n_total"]) == (False, 9)
    waiting = get(client, "api-study-consensus-rules", explored)
    assert (waiting.status_code, waiting.json()["state"]) == (202, "waiting")
    comparisons.compute_next(now=now)
    assert get(client, "study-explorer-progress", explored).json()["is_newer"]
    assert embedded(get(client, "study-explorer", explored))["n_exams"] == 1
    assert get(client, "api-study-consensus-rules", explored).status_code == 200

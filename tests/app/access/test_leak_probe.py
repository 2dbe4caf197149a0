"""Responses to a reader don't depend on other readers' work or on withheld suggestions."""

from __future__ import annotations

import re
from copy import deepcopy
from datetime import UTC, datetime
from random import Random
from unittest import mock

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotations import desk_payloads, leak_probe, row_security
from annotations.leak_probe.endpoints import UnknownParameter, endpoints
from annotations.leak_probe.report import conduct
from annotations.models import User
from annotations.models.assignment import AssignmentQuerySet
from annotations.models.batch import BatchQuerySet
from annotations.models.reading import ReadingQuerySet
from annotations.models.study import StudyQuerySet
from annotations.models.suggestion import SuggestionRunQuerySet
from annotations.services.blinding import rules
from tests.app.access.world import parameters
from tests.sizes import size

pytestmark = pytest.mark.django_db(databases=["default"])


@pytest.fixture(scope="module")
def built(module_db):
    """The rows of the leak probe before any other reader has read; built once per module."""
    with module_db():
        return leak_probe.build(datetime.now(UTC))


@pytest.fixture
def world(db, built):
    """The rows of ``built``; changes are rolled back after each test."""
    return deepcopy(built)


@pytest.fixture
def no_row_security(monkeypatch):
    """Switch off row-level security, so that only the application's rules remain."""
    monkeypatch.setattr(row_security, "act_as", lambda user_id: None)


@pytest.mark.parametrize("person", sorted({*leak_probe.PROBED} - {*leak_probe.INVITED_BY_GIL}))
def test_random_sessions_show_no_difference(world, person):
    @settings(
        max_examples=size(1, 5),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=False), st.integers(5, size(30, 60)))
    def check(rng, length):
        session = leak_probe.random_session(world, person, rng, length)
        outcome = leak_probe.probe(world, person, [session])
        assert [str(leak) for leak in outcome.leaks] == []

    check()


def test_suggestions_of_the_last_exam_leak_nothing_after_it_is_submitted(world):
    own = world.own("ana")
    last = f"/api/assignments/{own[0].pk}/"
    everything = leak_probe.fixed_session(world, "ana")
    actions = list(dict.fromkeys(step for step in everything if isinstance(step, str)))
    work = [
        step for step in everything
        if isinstance(step, leak_probe.Step)
        and step.method != "GET" and step.address.startswith(last)
    ]  # fmt: skip
    desk = [leak_probe.Step("GET", f"/read/{assignment.pk}/") for assignment in own]
    request = leak_probe.Step("GET", f"{last}suggestions/")
    session: leak_probe.Session = [*actions, *work, *actions, request, *desk]
    outcome = leak_probe.probe(world, "ana", [session])
    assert [str(leak) for leak in outcome.leaks] == []
    assert outcome.n_allowed > len(desk)


def test_an_address_with_an_unknown_parameter_is_an_error():
    with pytest.raises(UnknownParameter):
        endpoints({"": {}})


def test_the_probe_covers_every_address(world):
    names = {endpoint.name for endpoint in endpoints(world.values("ana"))}
    assert parameters().keys() - names - {"sign-out", "account_logout"} <= {
        name for name in parameters() if name.startswith("admin:") or not name
    }


def test_the_report_counts_no_differences(world, monkeypatch):
    people = size(("ana",), leak_probe.PROBED)
    monkeypatch.setattr("annotations.leak_probe.report.PROBED", people)
    report = conduct(world, n_requests=size(0, 30), seed=1)
    text = report.as_text()
    assert report.n_leaks == 0, text
    assert [outcome.person for outcome in report.outcomes if outcome.n_actions] == list(people)
    assert f"Requests in each world: {report.n_requests}." in text
    assert "Differences: 0." in text
    assert report.as_dict()["people"][0]["person"] == "ana"


class TestTheProbeFindsALeak:
    """Each test removes one guard and expects the probe to report the leak."""

    @pytest.fixture(autouse=True)
    def without_row_security(self, no_row_security):
        """Disable row-level security, which would hide the effect of the removed guard."""

    LISTS = r"/(api/readings|api/assignments|worklist)/.*"
    PROGRESS = r"/api/batches/\d+/progress/"

    def leaks(self, world, person="ana", addresses=LISTS, actions=("submit",)):
        """Return the leaks at addresses that match ``addresses`` when others perform ``actions``.

        Without ``actions``, they perform all actions of the fixed session.
        """
        session = [
            step
            for step in leak_probe.fixed_session(world, person)
            if (not actions if isinstance(step, str) else re.fullmatch(addresses, step.address))
        ]
        outcome = leak_probe.probe(world, person, [[*actions, *session]])
        return {str(leak) for leak in outcome.leaks}

    def test_no_leak_with_all_guards_in_place(self, world):
        assert self.leaks(world, actions=()) == set()

    def test_readings_visible_to_everyone(self, world, monkeypatch):
        monkeypatch.setattr(ReadingQuerySet, "visible_to", lambda self, user: self)
        assert "GET /api/readings/: body" in self.leaks(world, addresses="/api/readings/")

    def test_assignments_visible_to_everyone(self, world, monkeypatch):
        monkeypatch.setattr(AssignmentQuerySet, "visible_to", lambda self, user: self)
        leaks = self.leaks(world, addresses="/api/assignments/")
        assert "GET /api/assignments/: body" in leaks

    def test_readings_identified_by_sequence_number(self, world, monkeypatch):
        original = desk_payloads.reading_payload
        numbered = lambda reading: {**original(reading), "id": reading.pk}  # noqa: E731
        monkeypatch.setattr(desk_payloads, "reading_payload", numbered)
        assert "GET /api/readings/: body" in self.leaks(world)

    def test_blinding_rules_switched_off(self, world, monkeypatch):
        monkeypatch.setattr(rules, "is_blinded_to", lambda study, user: False)
        monkeypatch.setattr(BatchQuerySet, "not_read_by", lambda self, user: self)
        monkeypatch.setattr(StudyQuerySet, "blinding", lambda self, user: self.none())
        leaks = self.leaks(world, "gil", addresses=self.PROGRESS)
        assert any("/progress/: body" in leak for leak in leaks)

    @pytest.mark.parametrize("person", leak_probe.INVITED_BY_GIL)
    def test_an_invited_account_not_blinded_with_its_inviter(self, world, monkeypatch, person):
        monkeypatch.setattr(User, "blinded_with", property(lambda self: [self.pk]))
        leaks = self.leaks(world, person, addresses=self.PROGRESS)
        assert any("/progress/: body" in leak for leak in leaks)

    def planning_leaks(self, world):
        return self.leaks(world, "gil", "|".join(planning_addresses(world)), actions=())

    def test_no_leak_on_the_planning_pages(self, world):
        assert self.planning_leaks(world) == set()

    def test_the_plan_page_shows_which_exams_lack_a_reader(self, world, monkeypatch):
        monkeypatch.setattr(
            "annotations.views.studies.plans.is_blinded_to", lambda study, user: False
        )
        page, _ = planning_addresses(world)
        assert f"GET {page}: body" in self.planning_leaks(world)

    def test_planning_assigns_exams_that_lack_a_reader(self, world, monkeypatch):
        monkeypatch.setattr("annotations.api.plans.is_blinded_to", lambda study, user: False)
        _, plans = planning_addresses(world)
        assert f"POST {plans}: body" in self.planning_leaks(world)

    def test_gold_exams_marked_on_the_desk(self, world, monkeypatch):
        original = desk_payloads.summary_payload
        marked = lambda row: {**original(row), "occurrence": row.occurrence}  # noqa: E731
        monkeypatch.setattr(desk_payloads, "summary_payload", marked)
        leaks = self.leaks(world, addresses="/api/assignments/", actions=("hide_gold",))
        assert "GET /api/assignments/: body" in leaks

    def test_suggestions_shown_before_the_blind_reading(self, world, monkeypatch):
        finished = lambda self, user: self.filter(finished_at__isnull=False)  # noqa: E731
        monkeypatch.setattr(SuggestionRunQuerySet, "visible_to", finished)
        from annotations.services.suggestions import offers

        monkeypatch.setattr(offers, "is_shown", lambda assignment: True)
        leaks = self.leaks(world, addresses=r"/api/assignments/\d+/.*", actions=("suggest",))
        assert any("/suggestions/: status" in leak for leak in leaks)


def planning_addresses(world):
    """Return the planning page and the API endpoint."""
    slug = world.study.slug
    return (f"/studies/{slug}/plan/", f"/api/studies/{slug}/plans/")


def test_a_coordinator_who_reads_cannot_invite_people(world):
    with mock.patch.object(timezone, "now", return_value=world.now):
        client = Client()
        client.force_login(world.people["gil"], backend="django.contrib.auth.backends.ModelBackend")
        invitations = [
            step for step in leak_probe.fixed_session(world, "gil")
            if isinstance(step, leak_probe.Step) and step.address == "/people/new/" and step.body
        ]  # fmt: skip
        answers = [
            client.post(step.address, step.body, content_type=dict(step.headers)["Content-Type"])
            for step in invitations
        ]
    assert [answer.status_code for answer in answers] == [400, 400, 400]
    assert all(b"/invitation/?key=" not in answer.content for answer in answers)
    assert User.objects.count() == len(world.people)


@pytest.mark.parametrize("person", leak_probe.INVITED_BY_GIL)
def test_an_account_invited_by_a_coordinator_who_reads_sees_no_results(world, person):
    client = Client()
    client.force_login(world.people[person], backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/api/readings/").json()["results"] == []
    assert client.get(f"/api/batches/{world.closed_batch.pk}/agreement/").status_code == 403
    codes = {exam["code"] for exam in client.get("/api/exams/?limit=200").json()["results"]}
    assert not codes & {assignment.exam.code for assignment in world.own("gil")}
    assert client.get("/api/audit/").status_code in {200, 403}
    assert world.study.name not in client.get("/audit/").content.decode()


def test_row_level_security_hides_readings_when_the_queryset_does_not(world, monkeypatch):
    monkeypatch.setattr(ReadingQuerySet, "visible_to", lambda self, user: self)
    readings = [leak_probe.Step("GET", "/api/readings/"), leak_probe.Step("GET", "/worklist/")]
    session = [
        "submit_all",
        *readings,
        *leak_probe.random_session(world, "ana", Random(3), 40),
        *readings,
    ]
    outcome = leak_probe.probe(world, "ana", [session])
    assert [str(leak) for leak in outcome.leaks if leak.part != "sql"] == []

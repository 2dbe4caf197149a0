"""Nothing a reader gets may depend on another reader's work, or on a model's before its time."""

from __future__ import annotations

import re
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


@pytest.fixture
def world(db):
    """The world before the others' work."""
    return leak_probe.build(datetime.now(UTC))


@pytest.fixture
def no_row_security(monkeypatch):
    """Take the second line of defence away, to see whether the first one is missed."""
    monkeypatch.setattr(row_security, "act_as", lambda user_id: None)


@pytest.mark.parametrize("person", sorted({*leak_probe.PROBED} - {*leak_probe.INVITED_BY_GIL}))
def test_whatever_a_session_asks_shows_the_same(world, person):
    @settings(
        max_examples=size(2, 5),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=False), st.integers(5, size(30, 60)))
    def same(chance, length):
        session = leak_probe.random_session(world, person, chance, length)
        outcome = leak_probe.probe(world, person, [session])
        assert [str(leak) for leak in outcome.leaks] == []

    same()


def test_what_a_model_shows_of_the_last_exam_only_ends_its_correction(world):
    own = world.own("ana")
    last = f"/api/assignments/{own[0].pk}/"
    everything = leak_probe.fixed_session(world, "ana")
    actions = [one for one in everything if isinstance(one, str)]
    work = [
        one for one in everything
        if isinstance(one, leak_probe.Step) and one.method != "GET" and one.address.startswith(last)
    ]  # fmt: skip
    desk = [leak_probe.Step("GET", f"/read/{one.pk}/") for one in own]
    asking = leak_probe.Step("GET", f"{last}suggestions/")
    session: leak_probe.Session = [*actions, *work, *actions, asking, *desk]
    outcome = leak_probe.probe(world, "ana", [session])
    assert [str(leak) for leak in outcome.leaks] == []
    assert outcome.n_allowed > len(desk)


def test_a_new_address_must_tell_the_probe_what_it_takes():
    with pytest.raises(UnknownParameter):
        endpoints({"": {}})


def test_the_probe_knows_every_address_of_the_site(world):
    names = {endpoint.name for endpoint in endpoints(world.values("ana"))}
    assert parameters().keys() - names - {"sign-out", "account_logout"} <= {
        name for name in parameters() if name.startswith("admin:") or not name
    }


def test_every_endpoint_shows_the_same_whatever_the_others_do_and_the_report_says_so(
    world, monkeypatch
):
    people = size(("ana",), leak_probe.PROBED)
    monkeypatch.setattr("annotations.leak_probe.report.PROBED", people)
    report = conduct(world, n_requests=size(2, 30), seed=1)
    text = report.as_text()
    assert report.n_leaks == 0, text
    assert [one.person for one in report.outcomes if one.n_actions] == list(people)
    assert f"Requests in each world: {report.n_requests}." in text
    assert "Differences: 0." in text
    assert report.as_dict()["people"][0]["person"] == "ana"


class TestTheProbeFindsALeak:
    """A probe that cannot fail proves nothing: each of these removes one guard."""

    @pytest.fixture(autouse=True)
    def first_line_only(self, no_row_security):
        """Each guard is tried without the other line of defence behind it."""

    LISTS = r"/(api/readings|api/assignments|worklist)/.*"
    PROGRESS = r"/api/batches/\d+/progress/"

    def leaks(self, world, person="ana", looked_at=LISTS):
        session = [
            one
            for one in leak_probe.fixed_session(world, person)
            if isinstance(one, str) or re.fullmatch(looked_at, one.address)
        ]
        outcome = leak_probe.probe(world, person, [session])
        return {str(leak) for leak in outcome.leaks}

    def test_none_while_all_guards_stand(self, world):
        assert self.leaks(world) == set()

    def test_when_every_reading_is_visible(self, world, monkeypatch):
        monkeypatch.setattr(ReadingQuerySet, "visible_to", lambda self, user: self)
        assert "GET /api/readings/: body" in self.leaks(world, looked_at="/api/readings/")

    def test_when_every_assignment_is_visible(self, world, monkeypatch):
        monkeypatch.setattr(AssignmentQuerySet, "visible_to", lambda self, user: self)
        leaks = self.leaks(world, looked_at="/api/assignments/")
        assert "GET /api/assignments/: body" in leaks

    def test_when_readings_are_known_by_their_number(self, world, monkeypatch):
        honest = desk_payloads.reading_payload
        numbered = lambda reading: {**honest(reading), "id": reading.pk}  # noqa: E731
        monkeypatch.setattr(desk_payloads, "reading_payload", numbered)
        assert "GET /api/readings/: body" in self.leaks(world)

    def test_when_the_blinding_rules_are_off(self, world, monkeypatch):
        monkeypatch.setattr(rules, "is_blinded_to", lambda study, user: False)
        monkeypatch.setattr(BatchQuerySet, "not_read_by", lambda self, user: self)
        monkeypatch.setattr(StudyQuerySet, "blinding", lambda self, user: self.none())
        leaks = self.leaks(world, "gil", looked_at=self.PROGRESS)
        assert any("/progress/: body" in leak for leak in leaks)

    @pytest.mark.parametrize("person", leak_probe.INVITED_BY_GIL)
    def test_when_an_invited_account_has_eyes_of_its_own(self, world, monkeypatch, person):
        monkeypatch.setattr(User, "blinded_with", property(lambda self: [self.pk]))
        leaks = self.leaks(world, person, looked_at=self.PROGRESS)
        assert any("/progress/: body" in leak for leak in leaks)

    def test_none_where_batches_are_planned(self, world):
        assert self.leaks(world, "gil", "|".join(planning(world))) == set()

    def test_when_the_plan_shows_which_exams_lack_a_reader(self, world, monkeypatch):
        monkeypatch.setattr(
            "annotations.views.studies.plans.is_blinded_to", lambda study, user: False
        )
        page, _ = planning(world)
        assert f"GET {page}: body" in self.leaks(world, "gil", "|".join(planning(world)))

    def test_when_what_lacks_a_reader_is_dealt_again(self, world, monkeypatch):
        monkeypatch.setattr("annotations.api.plans.is_blinded_to", lambda study, user: False)
        _, plans = planning(world)
        assert f"POST {plans}: body" in self.leaks(world, "gil", "|".join(planning(world)))

    def test_when_a_model_speaks_too_early(self, world, monkeypatch):
        finished = lambda self, user: self.filter(finished_at__isnull=False)  # noqa: E731
        monkeypatch.setattr(SuggestionRunQuerySet, "visible_to", finished)
        from annotations.services.suggestions import offers

        monkeypatch.setattr(offers, "is_shown", lambda assignment: True)
        assert any("/suggestions/: status" in leak for leak in self.leaks(world))


def planning(world):
    """Return the addresses at which batches are planned."""
    slug = world.study.slug
    return (f"/studies/{slug}/plan/", f"/api/studies/{slug}/plans/")


def test_a_coordinator_who_reads_gets_no_second_pair_of_eyes(world):
    with mock.patch.object(timezone, "now", return_value=world.now):
        client = Client()
        client.force_login(world.people["gil"], backend="django.contrib.auth.backends.ModelBackend")
        invited = [
            one for one in leak_probe.fixed_session(world, "gil")
            if isinstance(one, leak_probe.Step) and one.address == "/people/new/" and one.body
        ]  # fmt: skip
        answers = [
            client.post(one.address, one.body, content_type=dict(one.headers)["Content-Type"])
            for one in invited
        ]
    assert [answer.status_code for answer in answers] == [400, 400, 400]
    assert all(b"/invitation/?key=" not in answer.content for answer in answers)
    assert User.objects.count() == len(world.people)


@pytest.mark.parametrize("person", leak_probe.INVITED_BY_GIL)
def test_an_account_that_a_reading_coordinator_invited_obtains_nothing(world, person):
    client = Client()
    client.force_login(world.people[person], backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/api/readings/").json()["results"] == []
    assert client.get(f"/api/batches/{world.closed_batch.pk}/agreement/").status_code == 403
    codes = {exam["code"] for exam in client.get("/api/exams/?limit=200").json()["results"]}
    assert not codes & {assignment.exam.code for assignment in world.own("gil")}
    assert client.get("/api/audit/").status_code in {200, 403}
    assert world.study.name not in client.get("/audit/").content.decode()


def test_the_second_line_holds_where_the_first_is_missing(world, monkeypatch):
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

"""An adjudicator decides disputes by keyboard, in every mode; only disputed classes are asked."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

import pytest
from playwright.sync_api import expect

from annotations.models import AdjudicationMode, Batch, Exam, Role, Study, User
from annotations.services.assignment import batches
from annotations.services.consensus import adjudications, labels
from annotations.services.reading.content import FindingIn
from tests.app.conftest import MakeStudy
from tests.app.signing import submit_reading
from tests.browser.conftest import SignIn

AVB, LVH = "first_degree_av_block", "left_ventricular_hypertrophy"
N_DISPUTES = 12
SUBMIT = "Control+Enter"
AREA = {"tracing": 1, "leads": ["II"], "from_s": 0.2, "to_s": 0.6}

Send = Callable[..., Batch]


@pytest.fixture
def carla(make_user: Callable[..., User]) -> User:
    """A third reader, so that a dispute has a majority."""
    return make_user("Carla", Role.READER)


@pytest.fixture
def send(
    make_study: MakeStudy, make_exam: Callable[..., Exam], ana: User, bruno: User, carla: User,
    clara: User, davi: User, now: datetime,
) -> Send:  # fmt: skip
    """Send ``n`` exams in dispute to Clara: two of three readers marked AV block."""

    def make(n: int, mode: str) -> Batch:
        study: Study = make_study(
            readers_per_exam=3, consensus_rule="union_then_adjudicate", adjudication=mode
        )
        batch = batches.create(
            study=study, name="Batch 1", exams=[make_exam() for _ in range(n)],
            readers=[ana, bruno, carla], created_by=davi, now=now,
        )  # fmt: skip
        for given in batch.assignments.select_related("reader"):
            marked = [AVB, LVH] if given.reader in (ana, carla) else [LVH]
            findings = [FindingIn(code, "definite", [AREA]) for code in marked]
            submit_reading(
                assignment_id=given.pk, reader=given.reader, based_on=0, now=now,
                idempotency_key=uuid.uuid4(), findings=findings, quality="good", comment="",
            )  # fmt: skip
        batches.close(batch_id=batch.pk, closed_by=davi, now=now)
        labels.compute(study=study, now=now)
        return adjudications.send_disputed(
            batch_id=batch.pk, readers=[clara], created_by=davi, now=now
        )

    return make


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_twelve_disputes_are_decided_with_two_keys_each(
    sign_in_as: SignIn, send: Send, clara: User, scheme: str
) -> None:
    batch = send(N_DISPUTES, AdjudicationMode.OPEN)
    page = sign_in_as(
        clara, f"/read/{batch.assignments.order_by('position')[0].pk}/", color_scheme=scheme
    )
    for number in range(1, N_DISPUTES + 1):
        expect(page.locator("[data-part=place]")).to_have_text(f"{number} of {N_DISPUTES}")
        expect(page.locator(".dispute")).to_have_count(1)
        expect(page.locator(".reader-marks rect").first).to_be_attached()
        page.keyboard.press("a")
        page.keyboard.press(SUBMIT)
    page.wait_for_url("**/worklist/")
    answers = batch.assignments.values_list("adjudications__decisions__answer", flat=True)
    assert list(answers) == ["present"] * N_DISPUTES


def test_the_votes_appear_after_the_first_decision(
    sign_in_as: SignIn, send: Send, clara: User
) -> None:
    (given,) = send(1, AdjudicationMode.MASKED_THEN_OPEN).assignments.all()
    page = sign_in_as(clara, f"/read/{given.pk}/")
    expect(page.locator(".dispute-name")).to_have_text("First-degree AV block")
    expect(page.locator(".vote")).to_have_count(0)
    page.keyboard.press("2")
    page.keyboard.press(SUBMIT)
    expect(page.locator(".vote")).to_have_count(3)
    expect(page.locator("[data-answer=absent]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("1")
    page.keyboard.press(SUBMIT)
    page.wait_for_url("**/worklist/")
    stages = given.adjudications.order_by("pk").values_list("stage", "decisions__answer")
    assert list(stages) == [("masked", "absent"), ("open", "present")]


def test_an_entry_survives_a_reload(sign_in_as: SignIn, send: Send, clara: User) -> None:
    (given,) = send(1, AdjudicationMode.MASKED).assignments.all()
    page = sign_in_as(clara, f"/read/{given.pk}/")
    expect(page.locator(".dispute-name")).to_have_text("First-degree AV block")
    page.keyboard.press("3")
    page.keyboard.press("r")
    page.keyboard.type("Baseline wander")
    page.reload()
    expect(page.locator("[data-answer=not_decidable]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-part=reason]")).to_have_value("Baseline wander")


def test_overruling_asks_for_a_reason(sign_in_as: SignIn, send: Send, clara: User) -> None:
    (given,) = send(1, AdjudicationMode.OPEN).assignments.all()
    page = sign_in_as(clara, f"/read/{given.pk}/")
    expect(page.locator(".dispute-name")).to_have_text("First-degree AV block")
    page.keyboard.press("a")
    page.locator(".agreed summary").click()
    page.locator(f"[data-overrule={LVH}]").click()
    page.keyboard.press(SUBMIT)
    expect(page.locator("[data-part=notice]")).to_contain_text("Give a reason")
    page.keyboard.type("Voltage only in V5")
    page.keyboard.press(SUBMIT)
    page.wait_for_url("**/worklist/")
    assert given.adjudications.get().decisions.filter(overrules=True).get().answer == "absent"

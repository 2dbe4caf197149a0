"""What the agreement tells beyond coefficients: a reader, suggestions, precision, page by page."""

from __future__ import annotations

import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.urls import reverse

from annotations.models import (
    AgreementReport,
    Exposure,
    ResultsSeen,
    Role,
    Scope,
    Study,
    Suggestion,
    SuggestionModel,
    SuggestionRun,
)
from annotations.services import (
    agreement,
    agreement_arms,
    agreement_precision,
    agreement_profiles,
    agreement_said,
    batches,
    consensus,
    readings,
    studies,
)
from annotations.services.agreement_arms import Nothing
from annotations.services.agreement_profiles import Against
from annotations.views import agreement_numbers, agreement_reasons
from ecgreview.agreement import ABSENT, MISSING
from ecgreview.agreement.accuracy import arm_times, arms, performance
from ecgreview.agreement.accuracy.arms import Split
from ecgreview.agreement.latent import design as latent_design
from ecgreview.agreement.latent import report as latent_report
from ecgreview.agreement.latent import triples as latent_triples
from ecgreview.agreement.latent import two_states
from ecgreview.agreement.reports import precision
from ecgreview.agreement.values import pairing
from tests.app import signing

pytestmark = pytest.mark.django_db

AF, NOISE = "atrial_fibrillation", "artifact"
PARTS = ("reader", "suggestions", "precision")
ARMS = [{"arm": "none", "weight": 1}, {"arm": "concurrent", "weight": 1}]


@pytest.fixture
def carla(make_user):
    """A third reader."""
    return make_user("Carla", Role.READER)


@pytest.fixture
def sign(now):
    """Submit what a reader says, some minutes after the start and within some time."""

    def make(assignment, *codes, minutes=0, active_ms=0, **more):
        return signing.submit_reading(
            assignment_id=assignment.pk, reader=assignment.reader, based_on=0,
            findings=[readings.FindingIn(code, "definite") for code in codes], quality="good",
            comment="", idempotency_key=uuid.UUID(int=assignment.pk), active_ms=active_ms,
            display={}, now=now + timedelta(minutes=minutes), **more,
        )  # fmt: skip

    return make


SAID = {
    "ana": [AF, AF, AF, "", "", NOISE],
    "bruno": [AF, AF, "", "", AF, NOISE],
    "carla": [AF, AF, AF, "", "", ""],
}
"""What three readers say of six exams."""


@pytest.fixture
def batch(make_batch, make_exam, ana, bruno, carla, sign):
    """Six exams that three readers have read, one each minute."""
    made = make_batch([make_exam() for _ in range(6)], [ana, bruno, carla])
    for assignment in made.assignments.select_related("reader"):
        number = list(made.assignments.filter(reader=assignment.reader).order_by("exam"))
        at = number.index(assignment)
        code = SAID[assignment.reader.username][at]
        sign(assignment, *([code] if code else []), minutes=at, active_ms=1000 * (at + 1))
    return made


@pytest.fixture
def closed(batch, close, now):
    """The same, closed, with all results computed."""
    close(batch)
    while agreement.work_next(now=now) or consensus.refresh_next(now=now):
        pass
    return batch


def profile_of(batch, reader, user, **more):
    study = Study.objects.get(pk=batch.study_id)
    return agreement_profiles.of_reader(Scope(study.pk, batch.pk), study, reader.pk, user, **more)


def address(kind, part, batch):
    place = {"pk": batch.pk} if kind == "batch" else {"slug": batch.study.slug}
    number = {"place": 1} if part == "reader" else {}
    return reverse(f"{kind}-agreement-{part}", kwargs={**place, **number})


# -- A reader ------------------------------------------------------------------------------------


def test_a_reader_is_held_against_the_consensus(closed, ana, davi):
    # Of five exams: of one the rule could not decide.
    found = profile_of(closed, ana, davi)
    af = found.found.classes[found.codes.index(AF)]
    assert (found.against, found.n_read, found.n_compared) == (Against.CONSENSUS, 6, 5)
    assert (af.n_true_positive, af.n_false_positive, af.n_false_negative) == (3, 0, 0)


def test_the_numbers_of_a_reader_are_those_of_the_domain(closed, bruno, davi):
    found = profile_of(closed, bruno, davi)
    said = agreement_said.of_scope(Scope(closed.study_id, closed.pk), closed.study, davi)
    reference = agreement_said.consensus(said, closed.study, davi)
    mine = said.readers == bruno.pk
    expected = performance.performance(
        said.states[mine], reference[mine], np.random.default_rng(agreement_profiles.SEED)
    )
    assert found.found == expected
    assert expected.micro_f1.estimate == pytest.approx(2 * 3 / (2 * 3 + 1))


def test_most_of_the_others_leave_the_reader_out(closed, bruno, davi):
    found = profile_of(closed, bruno, davi, against=Against.OTHERS)
    noise = found.found.classes[found.codes.index(NOISE)]
    assert found.n_own == 0
    # Of the last exam one of the others says so and one does not: there is no majority.
    assert (noise.n_true_positive, noise.n_false_positive, noise.n_true_negative) == (0, 0, 5)


def test_two_readers_offer_no_others(make_batch, make_exam, ana, bruno, davi, sign, close, now):
    made = make_batch([make_exam()], [ana, bruno])
    for assignment in made.assignments.select_related("reader"):
        sign(assignment, AF)
    close(made)
    while consensus.refresh_next(now=now):
        pass
    assert profile_of(made, ana, davi).is_offered == {
        Against.CONSENSUS: True, Against.OTHERS: False,
    }  # fmt: skip


def test_nothing_is_told_of_single_readings_before_they_are_open(batch, ana, davi):
    assert profile_of(batch, ana, davi).n_read == 0


def test_all_readers_stand_beside_each_other(closed, ana, bruno, carla, davi):
    found = profile_of(closed, ana, davi)
    assert {one.reader_id for one in found.others} == {ana.pk, bruno.pk, carla.pk}
    assert found.others[0].micro_f1 == max(one.micro_f1 for one in found.others)


def test_of_a_large_study_the_others_count_on_the_exams_of_the_reader(
    closed, make_batch, make_exam, ana, bruno, carla, davi, sign, close, monkeypatch
):
    elsewhere = make_batch([make_exam()], [bruno, carla])
    for assignment in elsewhere.assignments.select_related("reader"):
        sign(assignment, NOISE)
    close(elsewhere)
    study = Study.objects.get(pk=closed.study_id)
    whole = agreement_profiles.of_reader(Scope(study.pk), study, ana.pk, davi)
    monkeypatch.setattr(agreement_said, "MOST_READINGS", 18)
    found = agreement_profiles.of_reader(Scope(study.pk), study, ana.pk, davi)
    assert (whole.is_whole, found.is_whole) == (True, False)
    assert found.found == whole.found


def test_too_many_readings_are_told_in_words(closed, signed_in, davi, monkeypatch):
    monkeypatch.setattr(agreement_said, "MOST_READINGS", 1)
    text = signed_in(davi).get(address("batch", "reader", closed)).content.decode()
    assert "more readings than a page can compare" in text


def test_drift_is_looked_for_in_time_and_within_a_sitting(closed, ana, davi):
    found = profile_of(closed, ana, davi)
    assert [one.n_readings for one in found.calendar] == [6]
    assert [one.n_readings for one in found.sitting] == [6]
    assert found.sitting[0].quartiles_ms == (2250, 3500, 4750)


# -- Suggestions ---------------------------------------------------------------------------------


@pytest.fixture
def randomised(make_study):
    """A study in which chance decides who sees suggestions."""
    return make_study(
        name="By chance", suggestion_policy="randomised", suggestion_arms=ARMS,
        consensus_rule="agreement_then_majority",
    )  # fmt: skip


@pytest.fixture
def arms_batch(randomised, make_exam, ana, bruno, carla, davi, sign, now, close):
    """Twelve exams with AF suggested in all; who sees it always says AF, the others never."""
    exams = [make_exam() for _ in range(12)]
    model = SuggestionModel.objects.create(
        name="probe", version="1", covered_classes=[AF, NOISE], created_at=now
    )
    kind = randomised.taxonomy.classes.get(code=AF)
    for exam in exams:
        run = SuggestionRun.objects.create(
            exam=exam, model=model, requested_at=now, finished_at=now
        )
        Suggestion.objects.create(run=run, diagnostic_class=kind, strength=0.9, evidence="RR")
    made = batches.create(
        study=randomised, name="Chance", exams=exams, readers=[ana, bruno, carla], created_by=davi,
        now=now,
    )  # fmt: skip
    for assignment in made.assignments.select_related("reader", "batch"):
        is_shown = assignment.arm == "concurrent"
        if is_shown:
            Exposure.objects.create(
                assignment=assignment, run=SuggestionRun.objects.get(exam=assignment.exam),
                arm="concurrent", first_shown_at=now,
            )  # fmt: skip
        sign(assignment, *([AF] if is_shown else []), active_ms=10_000 if is_shown else 20_000)
    close(made)
    return made


def compared(batch, user):
    study = Study.objects.get(pk=batch.study_id)
    return agreement_arms.compare(Scope(study.pk, batch.pk), study, user)


def test_who_sees_a_wrong_suggestion_accepts_it(arms_batch, davi):
    found = compared(arms_batch, davi)
    assert found.nothing is None
    assert found.n_shown + found.n_hidden == 36
    assert found.n_exposed == found.n_shown > 0
    commission = found.effects[Split.COMMISSION]
    assert (commission.shown.estimate, commission.hidden.estimate) == (1.0, 0.0)
    assert commission.difference.estimate == 1.0
    assert found.effects[Split.RIGHT].hidden.estimate == 1.0  # no noise, as the model says


def test_the_reference_of_a_reading_never_rests_on_itself(arms_batch, davi):
    said = agreement_said.of_scope(
        Scope(arms_batch.study_id, arms_batch.pk), arms_batch.study, davi
    )
    reference, is_adjudicated = agreement_arms._reference(said, arms_batch.study, davi)
    assert not is_adjudicated.any()
    for row in range(len(said)):
        others = (said.exams == said.exams[row]) & ~said.is_shown
        others[row] = False
        expected = ABSENT if others.any() else MISSING
        assert reference[row, said.codes.index(AF)] == expected


def test_suggestions_take_half_of_the_time(arms_batch, davi):
    times = compared(arms_batch, davi).times
    assert times.ratio.estimate == pytest.approx(0.5)
    assert times.shown.quartiles_ms == (10_000, 10_000, 10_000)


def test_a_class_that_the_model_does_not_cover_is_no_answer(arms_batch, davi):
    found = compared(arms_batch, davi)
    n_covered = 2
    assert found.effects[Split.ALL].difference.n == 36 * n_covered


def test_a_study_without_chance_says_why(closed, davi):
    assert compared(closed, davi).nothing is Nothing.NOT_RANDOMISED


def test_without_open_readings_it_says_why(randomised, make_exam, ana, davi, now):
    made = batches.create(
        study=randomised, name="Open", exams=[make_exam()], readers=[ana], created_by=davi, now=now
    )
    assert compared(made, davi).nothing is Nothing.NO_READINGS


# -- Precision -----------------------------------------------------------------------------------


def test_forecasts_are_those_of_the_domain(closed):
    report = AgreementReport.objects.of_scope(Scope(closed.study_id, closed.pk)).latest("number")
    target = precision.Target.POSITIVE_AGREEMENT
    found = agreement_precision.outlooks(report.results, [AF], 0.05, target=target)
    assert found is not None
    (one,) = found.classes
    rows = agreement.inputs(report.scope)
    assert rows.n_exams == 6
    assert (one.forecast.n_exams, one.forecast.n_told, one.forecast.n_reads) == (6, 4, 18)
    assert one.half_widths[-1] <= 0.05 < one.half_widths[0]


def test_a_report_of_before_says_so(closed):
    report = AgreementReport.objects.latest("pk")
    old = {key: value for key, value in report.results.items() if key != "cells"}
    target = precision.Target.FLEISS_KAPPA
    assert agreement_precision.outlooks(old, [AF], 0.05, target=target) is None


# -- Pages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["batch", "study"])
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", ["davi", "rosa", "otto"])
def test_who_manages_sees_it(closed, signed_in, request, kind, part, name):
    page = signed_in(request.getfixturevalue(name)).get(address(kind, part, closed))
    assert page.status_code == 200
    assert "measure-chart" in page.content.decode() or part == "suggestions"


@pytest.mark.parametrize("kind", ["batch", "study"])
@pytest.mark.parametrize("part", PARTS)
def test_readers_are_refused(closed, signed_in, ana, eva, kind, part):
    for person in (ana, eva):
        assert signed_in(person).get(address(kind, part, closed)).status_code == 403


@pytest.mark.parametrize("part", PARTS)
def test_who_reads_in_the_study_is_told_nothing(
    make_study, make_user, make_exam, davi, ana, signed_in, part, now
):
    study = make_study(name="Read by its coordinator")
    both = make_user("Both", Role.COORDINATOR, Role.READER)
    made = batches.create(
        study=study, name="Mixed", exams=[make_exam()], readers=[ana, both], created_by=davi,
        now=now,
    )  # fmt: skip
    text = signed_in(both).get(address("batch", part, made)).content.decode()
    assert "measure-chart" not in text
    assert "tabs-row" not in text


def test_there_is_no_reader_that_the_report_does_not_have(closed, signed_in, davi):
    place = reverse("batch-agreement-reader", kwargs={"pk": closed.pk, "place": 99})
    assert signed_in(davi).get(place).status_code == 404


def test_names_are_told_to_coordinators_only(closed, signed_in, davi, rosa):
    where = address("batch", "reader", closed)
    assert "Bruno" in signed_in(davi).get(where).content.decode()
    assert "Bruno" not in signed_in(rosa).get(where).content.decode()


def test_that_the_consensus_was_seen_is_noted(closed, signed_in, rosa):
    signed_in(rosa).get(address("batch", "reader", closed))
    assert ResultsSeen.objects.filter(user=rosa, batch=closed).exists()


@pytest.mark.parametrize(
    "query", ["?of=no&width=9", "?width=abc", "?of=fleiss_kappa&width=0.1", "?against=nobody"]
)
def test_an_absurd_wish_breaks_nothing(closed, signed_in, davi, query):
    for part in PARTS:
        assert signed_in(davi).get(address("batch", part, closed) + query).status_code == 200


def test_a_wish_is_forecast(closed, signed_in, davi):
    where = address("batch", "precision", closed) + f"?of=positive_agreement&width=0.2&classes={AF}"
    text = signed_in(davi).get(where).content.decode()
    assert "width-chart" in text
    assert "0.2" in text


def test_arms_have_a_page(arms_batch, signed_in, davi, now):
    while agreement.work_next(now=now):
        pass
    text = signed_in(davi).get(address("batch", "suggestions", arms_batch)).content.decode()
    assert "effects-chart" in text
    assert "+100" in text


def test_a_report_of_before_has_a_page_that_says_so(closed, signed_in, davi):
    report = AgreementReport.objects.of_scope(Scope(closed.study_id, closed.pk)).latest("number")
    old = {key: value for key, value in report.results.items() if key not in {"cells", "latent"}}
    report.pk, report.number, report.results = None, report.number + 1, old
    report.save(force_insert=True)
    for part in PARTS:
        assert signed_in(davi).get(address("batch", part, closed)).status_code == 200


def test_locked_studies_are_open_to_their_former_readers_roles(closed, davi, signed_in, now):
    studies.lock(study_id=closed.study_id, actor=davi, now=now)
    assert signed_in(davi).get(address("study", "reader", closed)).status_code == 200


@pytest.mark.parametrize(
    "module",
    [
        arm_times, arms, two_states, latent_design, latent_report, latent_triples,
        pairing, performance, precision,
    ],
)  # fmt: skip
def test_every_sentence_of_the_domain_can_be_translated(module):
    known = {*agreement_reasons.REASONS, *agreement_numbers.REASONS}
    assert set(module.REASONS) <= known

"""Plans: who reads what is decided by the design generator and kept by the database."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from annotations.models import (
    Assignment,
    AuditEvent,
    Batch,
    Notice,
    ResultsSeen,
    Role,
    StudyExam,
    Suggestion,
    SuggestionModel,
    SuggestionRun,
)
from annotations.services.assignment import batches, plan_preview, plans
from annotations.services.people import roles
from annotations.services.studies import exam_pool, lifecycle, roster, strata
from ecgreview import design
from ecgreview.protocol import Protocol

pytestmark = pytest.mark.django_db


@pytest.fixture
def readers(make_user):
    return [make_user(name, Role.READER) for name in ("Iris", "Joel", "Kim", "Lia", "Max")]


@pytest.fixture
def make_exams(dataset, now):
    """Make exams without tracings: nobody opens them here."""
    n_made = 0

    def make(number, *, labels=(), patient=None):
        nonlocal n_made
        made = dataset.exams.bulk_create(
            dataset.exams.model(
                dataset=dataset,
                source_key=f"r/{n_made + place}",
                content_hash=f"{n_made + place:064d}",
                source_labels=list(labels),
                patient=patient,
                imported_at=now,
            )
            for place in range(number)
        )
        n_made += number
        return made

    return make


@pytest.fixture
def study_of(taxonomy, davi, now):
    def make(readers, *, is_open=True, **settings):
        wanted = Protocol(name="Planned", taxonomy=str(taxonomy), **settings)
        study = lifecycle.create(protocol=wanted, created_by=davi, now=now)
        roster.join(study=study, readers=readers, actor=davi, now=now)
        if is_open:
            study = lifecycle.open_study(study_id=study.pk, actor=davi, now=now)
        return study

    return make


@pytest.fixture
def add(davi, now):
    def make(study, exams):
        exam_pool.add(study=study, exams=exams, actor=davi, now=now)

    return make


@pytest.fixture
def plan(davi, now):
    def make(study, name="Plan", **others):
        return plans.plan(study=study, name=name, created_by=davi, now=now, **others)

    return make


@pytest.fixture
def release(davi, now):
    def make(batch):
        return batches.release(batch_id=batch.pk, actor=davi, now=now)

    return make


def orders(study):
    """Return each reader's past order: batch, position and exam."""
    rows = Assignment.objects.filter(batch__study=study).order_by("batch_id", "position")
    found: dict[int, list[tuple[int, ...]]] = {}
    for row in rows.values_list("reader_id", "batch_id", "position", "exam_id", "occurrence"):
        found.setdefault(row[0], []).append(row[1:])
    return found


def loads(study):
    rows = Assignment.objects.filter(batch__study=study).exclude(state="withdrawn")
    return Counter(rows.values_list("reader", flat=True))


def test_each_exam_has_as_many_readers_as_the_protocol_says(
    study_of, readers, make_exams, add, plan
):
    study = study_of(readers, readers_per_exam=3)
    add(study, make_exams(20))
    (batch,) = plan(study)
    counts = Counter(batch.assignments.values_list("exam", flat=True))
    assert set(counts.values()) == {3}


def test_readers_have_as_many_exams_within_one(study_of, readers, make_exams, add, plan):
    study = study_of(readers)
    add(study, make_exams(17))
    plan(study)
    found = loads(study).values()
    assert max(found) - min(found) <= 1


def test_no_reader_knows_of_a_plan(study_of, readers, make_exams, add, plan):
    study = study_of(readers)
    add(study, make_exams(5))
    plan(study)
    assert not Assignment.objects.visible_to(readers[0]).exists()
    assert not Notice.objects.exists()


def test_a_draft_is_not_planned(study_of, readers, make_exams, add, plan):
    study = study_of(readers, is_open=False)
    add(study, make_exams(5))
    with pytest.raises(lifecycle.NotOpen):
        plan(study)


def test_a_pool_is_spread_over_several_batches(study_of, readers, make_exams, add, plan):
    study = study_of(readers)
    add(study, make_exams(10))
    made = plan(study, n_batches=3)
    assert [batch.name for batch in made] == ["Plan 1", "Plan 2", "Plan 3"]
    sizes = [batch.assignments.values("exam").distinct().count() for batch in made]
    assert sorted(sizes) == [3, 3, 4]


def test_a_number_in_the_name_counts_on(study_of, readers, make_exams, add, plan):
    study = study_of(readers)
    add(study, make_exams(4))
    made = plan(study, "Batch 9", n_batches=2)
    assert [batch.name for batch in made] == ["Batch 9", "Batch 10"]


def test_batches_of_one_plan_are_evened_out_together(study_of, readers, make_exams, add, plan):
    study = study_of(readers)
    add(study, make_exams(23))
    plan(study, n_batches=6)
    found = loads(study).values()
    assert max(found) - min(found) <= 1


def test_each_batch_counts_positions_from_one(study_of, readers, make_exams, add, plan):
    study = study_of(readers)
    add(study, make_exams(20))
    for batch in plan(study, n_batches=2):
        own = batch.assignments.filter(reader=readers[0]).in_reading_order()
        assert [one.position for one in own] == list(range(1, len(own) + 1))


def test_later_exams_continue_the_balance(study_of, readers, make_exams, add, plan):
    study = study_of(readers)
    add(study, make_exams(7))
    plan(study, "First")
    add(study, make_exams(4))
    plan(study, "Second")
    found = loads(study).values()
    assert max(found) - min(found) <= 1


def test_later_exams_keep_everybodys_past_order(study_of, readers, make_exams, add, plan):
    study = study_of(readers)
    add(study, make_exams(12))
    plan(study, "First")
    before = orders(study)
    add(study, make_exams(9))
    plan(study, "Second")
    after = orders(study)
    assert {pk: rows[: len(before[pk])] for pk, rows in after.items()} == before


def test_later_readers_change_nobodys_past_order(
    study_of, readers, make_exams, add, plan, davi, now
):
    study = study_of(readers[:3])
    add(study, make_exams(12))
    plan(study, "First")
    before = orders(study)
    roster.join(study=study, readers=readers[3:], actor=davi, now=now)
    add(study, make_exams(30))
    plan(study, "Second")
    after = orders(study)
    assert {pk: after[pk][: len(rows)] for pk, rows in before.items()} == before


def test_later_readers_catch_up(study_of, readers, make_exams, add, plan, davi, now):
    study = study_of(readers[:3])
    add(study, make_exams(12))
    plan(study, "First")
    roster.join(study=study, readers=readers[3:], actor=davi, now=now)
    add(study, make_exams(30))
    plan(study, "Second")
    found = loads(study).values()
    assert max(found) - min(found) <= 1


def test_later_readers_are_given_the_anchors(study_of, readers, make_exams, add, plan, davi, now):
    study = study_of(readers[:3])
    add(study, make_exams(12))
    exam_pool.choose_anchors(study=study, n_anchors=2, actor=davi, now=now)
    plan(study, "First")
    roster.join(study=study, readers=[readers[3]], actor=davi, now=now)
    (second,) = plan(study, "Second")
    anchors = set(StudyExam.objects.filter(is_anchor=True).values_list("exam", flat=True))
    assert set(second.assignments.values_list("reader", "exam")) == {
        (readers[3].pk, exam) for exam in anchors
    }


def test_everybody_reads_the_anchors(study_of, readers, make_exams, add, plan, davi, now):
    study = study_of(readers)
    add(study, make_exams(10))
    exam_pool.choose_anchors(study=study, n_anchors=2, actor=davi, now=now)
    (batch,) = plan(study)
    counts = Counter(batch.assignments.values_list("exam", flat=True))
    assert sorted(counts.values()) == [2] * 8 + [5] * 2


def test_caps_are_kept(study_of, readers, make_exams, add, plan, davi, now):
    study = study_of(readers)
    roster.set_cap(study=study, user=readers[0], max_exams=1, actor=davi, now=now)
    add(study, make_exams(12))
    plan(study)
    assert loads(study)[readers[0].pk] == 1


def test_a_paused_reader_is_given_nothing(study_of, readers, make_exams, add, plan, davi, now):
    study = study_of(readers)
    roster.pause(study=study, user=readers[0], reason="leave", actor=davi, now=now)
    add(study, make_exams(12))
    plan(study)
    assert readers[0].pk not in loads(study)


def test_an_exam_left_unread_when_its_batch_closed_is_planned_again(
    study_of, readers, make_exams, add, plan, release, submit, close
):
    study = study_of(readers[:3], readers_per_exam=2)
    add(study, make_exams(1))
    batch = release(plan(study)[0])
    read, unread = batch.assignments.order_by("pk")
    submit(read)
    assert not plans.incomplete(study).exists()
    close(batch)
    (again,) = plan(study, "Again")
    given = again.assignments.get()
    assert given.exam == unread.exam
    assert given.reader != read.reader
    assert not plans.incomplete(study).exists()


def test_an_exam_of_a_closed_pool_that_nobody_took_is_planned(
    study_of, readers, make_exams, add, plan, close, davi, now
):
    study = study_of(readers[:2], readers_per_exam=2)
    add(study, make_exams(1))
    pool = plans.plan_pool(study=study, name="Pool", created_by=davi, now=now)
    close(batches.release(batch_id=pool.pk, actor=davi, now=now))
    (again,) = plan(study, "Again")
    assert again.assignments.count() == 2


def test_an_exam_that_lost_its_reader_is_given_to_another(
    study_of, readers, make_exams, add, plan, release, davi, now
):
    study = study_of(readers)
    add(study, make_exams(10))
    release(plan(study)[0])
    roster.withdraw(study=study, user=readers[0], reason="moved", actor=davi, now=now)
    n_lost = Assignment.objects.filter(reader=readers[0], state="withdrawn").count()
    (second,) = plan(study, "Fill up")
    assert second.assignments.count() == n_lost
    assert not second.assignments.filter(reader=readers[0]).exists()


def test_nobody_is_given_an_exam_twice_but_as_a_repeat(study_of, readers, make_exams, add, plan):
    study = study_of(readers, repeat_fraction=0.2, washout_exams=3)
    add(study, make_exams(30))
    plan(study, n_batches=2)
    firsts = Assignment.objects.filter(occurrence=1).values_list("reader", "exam")
    assert len(set(firsts)) == len(firsts)
    assert Assignment.objects.filter(occurrence=2).exists()


def test_a_repeat_has_the_washout_in_between(study_of, readers, make_exams, add, plan):
    study = study_of(readers, repeat_fraction=0.2, washout_exams=5)
    add(study, make_exams(40))
    (batch,) = plan(study)
    for again in batch.assignments.filter(occurrence=2):
        first = batch.assignments.get(reader=again.reader, exam=again.exam, occurrence=1)
        assert again.position - first.position - 1 >= 5


def test_exams_of_one_patient_are_kept_apart(study_of, readers, make_exams, add, plan, dataset):
    study = study_of(readers[:2], patient_gap=4)
    patient = dataset.patients.create(pseudonym="P1")
    add(study, [*make_exams(2, patient=patient), *make_exams(28)])
    (batch,) = plan(study)
    for reader in readers[:2]:
        places = batch.assignments.filter(reader=reader, exam__patient=patient)
        one, other = sorted(places.values_list("position", flat=True))
        assert other - one - 1 >= 4


def test_whoever_saw_results_of_an_exam_is_not_given_it(
    study_of, readers, make_exam, add, plan, make_batch, close, ana, bruno, now
):
    exams = [make_exam() for _ in range(6)]
    other = close(make_batch(exams[:2], [ana, bruno]))
    ResultsSeen.objects.create(user=readers[0], batch=other, first_seen_at=now)
    study = study_of(readers)
    add(study, exams)
    (batch,) = plan(study)
    own = batch.assignments.filter(reader=readers[0]).values_list("exam", flat=True)
    assert not {exam.pk for exam in exams[:2]} & set(own)


def test_too_few_readers_are_refused(study_of, readers, make_exams, add, plan, davi, now):
    study = study_of(readers[:2])
    add(study, make_exams(3))
    roster.pause(study=study, user=readers[0], reason="leave", actor=davi, now=now)
    with pytest.raises(design.TooFewReaders):
        plan(study)


def test_caps_that_do_not_hold_the_exams_are_refused(
    study_of, readers, make_exams, add, plan, davi, now
):
    study = study_of(readers[:2])
    roster.set_cap(study=study, user=readers[0], max_exams=3, actor=davi, now=now)
    add(study, make_exams(5))
    with pytest.raises(design.DesignRefused):
        plan(study)


def test_a_washout_longer_than_a_list_is_refused(study_of, readers, make_exams, add, plan):
    study = study_of(readers, repeat_fraction=0.5, washout_exams=500)
    add(study, make_exams(10))
    with pytest.raises(design.WashoutTooLong):
        plan(study)


def test_a_refused_plan_writes_nothing(study_of, readers, make_exams, add, plan):
    study = study_of(readers, repeat_fraction=0.5, washout_exams=12)
    add(study, make_exams(40))
    with pytest.raises(design.WashoutTooLong):
        plan(study, n_batches=8)
    assert not Batch.objects.exists()


def test_an_empty_pool_is_refused(study_of, readers, plan):
    with pytest.raises(plans.NothingToPlan):
        plan(study_of(readers))


def test_what_was_planned_is_not_planned_again(study_of, readers, make_exams, add, plan):
    study = study_of(readers)
    add(study, make_exams(5))
    plan(study)
    with pytest.raises(plans.NothingToPlan):
        plan(study, "Again")


def test_there_are_no_batches_without_an_exam(study_of, readers, make_exams, add, plan):
    study = study_of(readers)
    add(study, make_exams(5))
    with pytest.raises(plans.TooManyBatches):
        plan(study, n_batches=6)


class TestDiscarding:
    def test_the_exams_can_be_planned_anew(
        self, study_of, readers, make_exams, add, plan, davi, now
    ):
        study = study_of(readers)
        add(study, make_exams(5))
        (batch,) = plan(study)
        plans.discard(batch_id=batch.pk, actor=davi, now=now)
        assert plans.unassigned(study).count() == 5
        assert plan(study)[0].assignments.count() == 10

    def test_it_leaves_an_event(self, study_of, readers, make_exams, add, plan, davi, now):
        study = study_of(readers)
        add(study, make_exams(5))
        (batch,) = plan(study)
        plans.discard(batch_id=batch.pk, actor=davi, now=now)
        event = AuditEvent.objects.get(action="batch.discarded")
        assert event.actor == davi

    def test_a_released_batch_stays(
        self, study_of, readers, make_exams, add, plan, release, davi, now
    ):
        study = study_of(readers)
        add(study, make_exams(5))
        batch = release(plan(study)[0])
        with pytest.raises(batches.AlreadyReleased):
            plans.discard(batch_id=batch.pk, actor=davi, now=now)

    def test_the_same_plan_is_made_again(self, study_of, readers, make_exams, add, plan, davi, now):
        study = study_of(readers)
        add(study, make_exams(9))
        (batch,) = plan(study)
        before = [row[1:] for rows in orders(study).values() for row in rows]
        plans.discard(batch_id=batch.pk, actor=davi, now=now)
        plan(study)
        assert [row[1:] for rows in orders(study).values() for row in rows] == before


class TestPools:
    @pytest.fixture
    def study(self, study_of, readers):
        return study_of(readers, is_open=False)

    @pytest.fixture
    def draw(self, dataset, davi, now):
        def make(study, actor=davi, **others):
            wish = exam_pool.DrawRequest(dataset=dataset, **others)
            return exam_pool.draw(study=study, request=wish, actor=actor, now=now)

        return make

    def test_all_exams_of_a_data_set(self, study, make_exams, draw):
        make_exams(7)
        assert draw(study).n_exams == study.pool.count() == 7

    def test_so_many_by_chance(self, study, make_exams, draw):
        make_exams(50)
        draw(study, n_exams=10)
        assert study.pool.count() == 10

    def test_a_second_draw_adds_others(self, study, make_exams, draw):
        make_exams(10)
        draw(study, n_exams=5)
        draw(study, n_exams=5)
        assert study.pool.count() == 10

    def test_nothing_left_is_refused(self, study, make_exams, draw):
        make_exams(3)
        draw(study)
        with pytest.raises(exam_pool.NothingToAdd):
            draw(study)

    def test_as_many_of_each_kind(self, study, make_exams, draw):
        make_exams(40, labels=["NORM"])
        make_exams(5, labels=["AFIB", "NORM"])
        draw(study, n_exams=8, stratify_by="source", quota="equal")
        assert dict(strata.in_pool(study)) == {"AFIB": 4, "NORM": 4}

    def test_an_exam_of_several_kinds_is_of_the_rarest(self, study, make_exams, draw):
        make_exams(3, labels=["A", "B"])
        make_exams(3, labels=["A"])
        draw(study, n_exams=6, stratify_by="source")
        assert dict(strata.in_pool(study)) == {"A": 3, "B": 3}

    def test_a_number_for_each_kind(self, study, make_exams, draw):
        make_exams(5, labels=["NORM"])
        make_exams(5, labels=["AFIB"])
        draw(study, stratify_by="source", quota={"AFIB": 3, "NORM": 1})
        assert dict(strata.in_pool(study)) == {"AFIB": 3, "NORM": 1}

    def test_too_few_of_a_kind_are_named(self, study, make_exams, draw):
        make_exams(2, labels=["AFIB"])
        with pytest.raises(design.QuotaUnmet) as refusal:
            draw(study, stratify_by="source", quota={"AFIB": 3})
        assert (refusal.value.stratum, refusal.value.available) == ("AFIB", 2)

    def test_kinds_can_be_what_the_model_suggests(self, study, make_exams, draw, taxonomy, now):
        exams = make_exams(6)
        model = SuggestionModel.objects.create(
            name="probe", version="1", covered_classes=[], created_at=now
        )
        for exam in exams[:2]:
            run = SuggestionRun.objects.create(
                exam=exam, model=model, requested_at=now, finished_at=now
            )
            af = taxonomy.classes.get(code="atrial_fibrillation")
            Suggestion.objects.create(run=run, diagnostic_class=af, strength=1, evidence="RR")
        draw(study, n_exams=6, stratify_by="suggested")
        assert dict(strata.in_pool(study)) == {"": 4, "atrial_fibrillation": 2}

    def test_whoever_reads_in_the_study_does_not_choose_by_kind(
        self, study, make_exams, draw, davi, now
    ):
        roles.give(davi, [Role.COORDINATOR, Role.READER])
        roster.join(study=study, readers=[davi], actor=davi, now=now)
        make_exams(5, labels=["AFIB"])
        with pytest.raises(strata.StrataHidden):
            draw(study, n_exams=2, stratify_by="source")

    def test_clearing_keeps_what_was_given(
        self, study_of, readers, make_exams, add, plan, davi, now
    ):
        study = study_of(readers)
        add(study, make_exams(5))
        plan(study, n_exams=3)
        assert exam_pool.clear(study=study, actor=davi, now=now) == 2
        assert study.pool.count() == 3

    def test_fewer_anchors_than_are_given_out_are_refused(
        self, study_of, readers, make_exams, add, plan, davi, now
    ):
        study = study_of(readers)
        add(study, make_exams(5))
        exam_pool.choose_anchors(study=study, n_anchors=3, actor=davi, now=now)
        plan(study)
        with pytest.raises(exam_pool.AlreadyGiven):
            exam_pool.choose_anchors(study=study, n_anchors=1, actor=davi, now=now)

    def test_anchors_can_be_chosen_anew_before_they_are_given(
        self, study, make_exams, draw, davi, now
    ):
        make_exams(9)
        draw(study)
        exam_pool.choose_anchors(study=study, n_anchors=4, actor=davi, now=now)
        exam_pool.choose_anchors(study=study, n_anchors=2, actor=davi, now=now)
        assert study.pool.filter(is_anchor=True).count() == 2

    def test_a_locked_study_takes_no_exams(self, study_of, readers, make_exams, draw, davi, now):
        study = study_of(readers)
        lifecycle.lock(study_id=study.pk, actor=davi, now=now + timedelta(days=1))
        make_exams(3)
        with pytest.raises(lifecycle.NotThisPhase):
            draw(study)


class TestOutlook:
    def test_it_tells_the_hours_before_anything_is_written(
        self, study_of, readers, make_exams, add
    ):
        study = study_of(readers, is_open=False)
        add(study, make_exams(100))
        found = plan_preview.preview(study, is_blind=False)
        assert found.prediction is not None
        assert found.report is not None
        assert found.prediction.n_readings == found.report.own.n_readings == 200
        assert not Batch.objects.exists()

    def test_it_tells_why_nothing_can_be_planned(self, study_of, readers, make_exams, add):
        study = study_of(readers[:1], is_open=False)
        add(study, make_exams(3))
        found = plan_preview.preview(study, is_blind=False)
        assert isinstance(found.refusal, design.TooFewReaders)

    def test_a_report_joins_the_batches_before(self, study_of, readers, make_exams, add, plan):
        study = study_of(readers)
        add(study, make_exams(11))
        _, last = plan(study, n_batches=2)
        report = plan_preview.balance_report(last)
        assert report.own.n_exams < report.whole.n_exams == 11
        loads = report.whole.exams_by_reader.values()
        assert max(loads) - min(loads) <= 1

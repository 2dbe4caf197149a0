"""Plans: assignments come from the design generator and are stored as planned batches."""

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
from tests.app.kept import kept

pytestmark = pytest.mark.django_db


@kept
def readers(make_user):
    return [make_user(name, Role.READER) for name in ("Iris", "Joel", "Kim", "Lia", "Max")]


@pytest.fixture
def make_exams(dataset, now):
    """Create exams without tracings; no test opens them."""
    n_made = 0

    def make(number, *, labels=(), patient=None):
        nonlocal n_made
        exams = dataset.exams.bulk_create(
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
        return exams

    return make


@pytest.fixture
def study_of(taxonomy, davi, now):
    def make(readers, *, is_open=True, **settings):
        rules = Protocol(name="Planned", taxonomy=str(taxonomy), **settings)
        study = lifecycle.create(protocol=rules, created_by=davi, now=now)
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
    """Return batch, position, exam and occurrence of each reader's assignments, in order."""
    rows = Assignment.objects.filter(batch__study=study).order_by("batch_id", "position")
    by_reader: dict[int, list[tuple[int, ...]]] = {}
    for row in rows.values_list("reader_id", "batch_id", "position", "exam_id", "occurrence"):
        by_reader.setdefault(row[0], []).append(row[1:])
    return by_reader


def loads(study):
    rows = Assignment.objects.filter(batch__study=study).exclude(state="withdrawn")
    return Counter(rows.values_list("reader", flat=True))


def test_each_exam_gets_the_readers_per_exam_of_the_protocol(
    study_of, readers, make_exams, add, plan
):
    study = study_of(readers, readers_per_exam=3)
    add(study, make_exams(20))
    (batch,) = plan(study)
    counts = Counter(batch.assignments.values_list("exam", flat=True))
    assert set(counts.values()) == {3}


def test_loads_of_readers_differ_by_at_most_one(study_of, readers, make_exams, add, plan):
    study = study_of(readers)
    add(study, make_exams(17))
    plan(study)
    n_exams = loads(study).values()
    assert max(n_exams) - min(n_exams) <= 1


def test_a_plan_is_invisible_to_readers(study_of, readers, make_exams, add, plan):
    study = study_of(readers)
    add(study, make_exams(5))
    plan(study)
    assert not Assignment.objects.visible_to(readers[0]).exists()
    assert not Notice.objects.exists()


def test_a_study_in_draft_cannot_be_planned(study_of, readers, make_exams, add, plan):
    study = study_of(readers, is_open=False)
    add(study, make_exams(5))
    with pytest.raises(lifecycle.NotOpen):
        plan(study)


def test_a_plan_can_be_split_into_several_batches(study_of, readers, make_exams, add, plan):
    study = study_of(readers)
    add(study, make_exams(10))
    planned = plan(study, n_batches=3)
    assert [batch.name for batch in planned] == ["Plan 1", "Plan 2", "Plan 3"]
    sizes = [batch.assignments.values("exam").distinct().count() for batch in planned]
    assert sorted(sizes) == [3, 3, 4]


def test_a_number_in_the_name_is_incremented(study_of, readers, make_exams, add, plan):
    study = study_of(readers)
    add(study, make_exams(4))
    planned = plan(study, "Batch 9", n_batches=2)
    assert [batch.name for batch in planned] == ["Batch 9", "Batch 10"]


def test_loads_are_balanced_over_all_batches_of_a_plan(study_of, readers, make_exams, add, plan):
    study = study_of(readers)
    add(study, make_exams(23))
    plan(study, n_batches=6)
    n_exams = loads(study).values()
    assert max(n_exams) - min(n_exams) <= 1


def test_positions_start_at_one_in_each_batch(study_of, readers, make_exams, add, plan):
    study = study_of(readers)
    add(study, make_exams(20))
    for batch in plan(study, n_batches=2):
        own = batch.assignments.filter(reader=readers[0]).in_reading_order()
        assert [assignment.position for assignment in own] == list(range(1, len(own) + 1))


def test_exams_added_later_keep_loads_balanced(study_of, readers, make_exams, add, plan):
    study = study_of(readers)
    add(study, make_exams(7))
    plan(study, "First")
    add(study, make_exams(4))
    plan(study, "Second")
    n_exams = loads(study).values()
    assert max(n_exams) - min(n_exams) <= 1


def test_exams_added_later_change_no_past_assignment(study_of, readers, make_exams, add, plan):
    study = study_of(readers)
    add(study, make_exams(12))
    plan(study, "First")
    before = orders(study)
    add(study, make_exams(9))
    plan(study, "Second")
    after = orders(study)
    assert {pk: rows[: len(before[pk])] for pk, rows in after.items()} == before


def test_readers_added_later_change_no_past_assignment(
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


def test_readers_added_later_catch_up(study_of, readers, make_exams, add, plan, davi, now):
    study = study_of(readers[:3])
    add(study, make_exams(12))
    plan(study, "First")
    roster.join(study=study, readers=readers[3:], actor=davi, now=now)
    add(study, make_exams(30))
    plan(study, "Second")
    n_exams = loads(study).values()
    assert max(n_exams) - min(n_exams) <= 1


def test_readers_added_later_get_the_anchors(study_of, readers, make_exams, add, plan, davi, now):
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


def test_every_reader_gets_the_anchors(study_of, readers, make_exams, add, plan, davi, now):
    study = study_of(readers)
    add(study, make_exams(10))
    exam_pool.choose_anchors(study=study, n_anchors=2, actor=davi, now=now)
    (batch,) = plan(study)
    counts = Counter(batch.assignments.values_list("exam", flat=True))
    assert sorted(counts.values()) == [2] * 8 + [5] * 2


def test_caps_are_respected(study_of, readers, make_exams, add, plan, davi, now):
    study = study_of(readers)
    roster.set_cap(study=study, user=readers[0], max_exams=1, actor=davi, now=now)
    add(study, make_exams(12))
    plan(study)
    assert loads(study)[readers[0].pk] == 1


def test_a_paused_reader_gets_no_exams(study_of, readers, make_exams, add, plan, davi, now):
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
    replanned = again.assignments.get()
    assert replanned.exam == unread.exam
    assert replanned.reader != read.reader
    assert not plans.incomplete(study).exists()


def test_an_untaken_exam_of_a_closed_pool_is_planned_again(
    study_of, readers, make_exams, add, plan, close, davi, now
):
    study = study_of(readers[:2], readers_per_exam=2)
    add(study, make_exams(1))
    pool = plans.plan_pool(study=study, name="Pool", created_by=davi, now=now)
    close(batches.release(batch_id=pool.pk, actor=davi, now=now))
    (again,) = plan(study, "Again")
    assert again.assignments.count() == 2


def test_exams_of_a_withdrawn_reader_go_to_others(
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


def test_a_reader_gets_an_exam_twice_only_as_a_repeat(study_of, readers, make_exams, add, plan):
    study = study_of(readers, repeat_fraction=0.2, washout_exams=3)
    add(study, make_exams(30))
    plan(study, n_batches=2)
    firsts = Assignment.objects.filter(occurrence=1).values_list("reader", "exam")
    assert len(set(firsts)) == len(firsts)
    assert Assignment.objects.filter(occurrence=2).exists()


def test_repeats_keep_the_washout(study_of, readers, make_exams, add, plan):
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
        first, second = sorted(places.values_list("position", flat=True))
        assert second - first - 1 >= 4


def test_readers_who_saw_results_of_an_exam_do_not_get_it(
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


def test_caps_too_small_for_the_exams_are_refused(
    study_of, readers, make_exams, add, plan, davi, now
):
    study = study_of(readers[:2])
    roster.set_cap(study=study, user=readers[0], max_exams=3, actor=davi, now=now)
    add(study, make_exams(5))
    with pytest.raises(design.DesignRefused):
        plan(study)


def test_a_washout_longer_than_the_list_is_refused(study_of, readers, make_exams, add, plan):
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


def test_planned_exams_are_not_planned_again(study_of, readers, make_exams, add, plan):
    study = study_of(readers)
    add(study, make_exams(5))
    plan(study)
    with pytest.raises(plans.NothingToPlan):
        plan(study, "Again")


def test_more_batches_than_exams_are_refused(study_of, readers, make_exams, add, plan):
    study = study_of(readers)
    add(study, make_exams(5))
    with pytest.raises(plans.TooManyBatches):
        plan(study, n_batches=6)


class TestDiscarding:
    def test_discarded_exams_can_be_planned_again(
        self, study_of, readers, make_exams, add, plan, davi, now
    ):
        study = study_of(readers)
        add(study, make_exams(5))
        (batch,) = plan(study)
        plans.discard(batch_id=batch.pk, actor=davi, now=now)
        assert plans.unassigned(study).count() == 5
        assert plan(study)[0].assignments.count() == 10

    def test_discarding_is_audited(self, study_of, readers, make_exams, add, plan, davi, now):
        study = study_of(readers)
        add(study, make_exams(5))
        (batch,) = plan(study)
        plans.discard(batch_id=batch.pk, actor=davi, now=now)
        event = AuditEvent.objects.get(action="batch.discarded")
        assert event.actor == davi

    def test_a_released_batch_cannot_be_discarded(
        self, study_of, readers, make_exams, add, plan, release, davi, now
    ):
        study = study_of(readers)
        add(study, make_exams(5))
        batch = release(plan(study)[0])
        with pytest.raises(batches.AlreadyReleased):
            plans.discard(batch_id=batch.pk, actor=davi, now=now)

    def test_planning_again_gives_the_same_plan(
        self, study_of, readers, make_exams, add, plan, davi, now
    ):
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
            draw_request = exam_pool.DrawRequest(dataset=dataset, **others)
            return exam_pool.draw(study=study, request=draw_request, actor=actor, now=now)

        return make

    def test_all_exams_of_a_data_set(self, study, make_exams, draw):
        make_exams(7)
        assert draw(study).n_exams == study.pool.count() == 7

    def test_a_random_draw_of_a_given_size(self, study, make_exams, draw):
        make_exams(50)
        draw(study, n_exams=10)
        assert study.pool.count() == 10

    def test_a_second_draw_adds_other_exams(self, study, make_exams, draw):
        make_exams(10)
        draw(study, n_exams=5)
        draw(study, n_exams=5)
        assert study.pool.count() == 10

    def test_drawing_from_an_exhausted_data_set_is_refused(self, study, make_exams, draw):
        make_exams(3)
        draw(study)
        with pytest.raises(exam_pool.NothingToAdd):
            draw(study)

    def test_equal_quotas_by_stratum(self, study, make_exams, draw):
        make_exams(40, labels=["NORM"])
        make_exams(5, labels=["AFIB", "NORM"])
        draw(study, n_exams=8, stratify_by="source", quota="equal")
        assert dict(strata.in_pool(study)) == {"AFIB": 4, "NORM": 4}

    def test_an_exam_of_several_strata_belongs_to_the_rarest(self, study, make_exams, draw):
        make_exams(3, labels=["A", "B"])
        make_exams(3, labels=["A"])
        draw(study, n_exams=6, stratify_by="source")
        assert dict(strata.in_pool(study)) == {"A": 3, "B": 3}

    def test_a_quota_per_stratum(self, study, make_exams, draw):
        make_exams(5, labels=["NORM"])
        make_exams(5, labels=["AFIB"])
        draw(study, stratify_by="source", quota={"AFIB": 3, "NORM": 1})
        assert dict(strata.in_pool(study)) == {"AFIB": 3, "NORM": 1}

    def test_an_unmet_quota_names_the_stratum(self, study, make_exams, draw):
        make_exams(2, labels=["AFIB"])
        with pytest.raises(design.QuotaUnmet) as refusal:
            draw(study, stratify_by="source", quota={"AFIB": 3})
        assert (refusal.value.stratum, refusal.value.available) == ("AFIB", 2)

    def test_strata_can_come_from_suggestions(self, study, make_exams, draw, taxonomy, now):
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

    def test_a_coordinator_who_reads_cannot_stratify(self, study, make_exams, draw, davi, now):
        roles.give(davi, [Role.COORDINATOR, Role.READER])
        roster.join(study=study, readers=[davi], actor=davi, now=now)
        make_exams(5, labels=["AFIB"])
        with pytest.raises(strata.StrataHidden):
            draw(study, n_exams=2, stratify_by="source")

    def test_clearing_the_pool_keeps_planned_exams(
        self, study_of, readers, make_exams, add, plan, davi, now
    ):
        study = study_of(readers)
        add(study, make_exams(5))
        plan(study, n_exams=3)
        assert exam_pool.clear(study=study, actor=davi, now=now) == 2
        assert study.pool.count() == 3

    def test_fewer_anchors_than_already_planned_are_refused(
        self, study_of, readers, make_exams, add, plan, davi, now
    ):
        study = study_of(readers)
        add(study, make_exams(5))
        exam_pool.choose_anchors(study=study, n_anchors=3, actor=davi, now=now)
        plan(study)
        with pytest.raises(exam_pool.AlreadyGiven):
            exam_pool.choose_anchors(study=study, n_anchors=1, actor=davi, now=now)

    def test_anchors_can_be_chosen_again_before_planning(self, study, make_exams, draw, davi, now):
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


class TestPreview:
    def test_it_predicts_the_readings_without_writing(self, study_of, readers, make_exams, add):
        study = study_of(readers, is_open=False)
        add(study, make_exams(100))
        preview = plan_preview.preview(study, is_blind=False)
        assert preview.prediction is not None
        assert preview.report is not None
        assert preview.prediction.n_readings == preview.report.own.n_readings == 200
        assert not Batch.objects.exists()

    def test_it_states_why_planning_is_refused(self, study_of, readers, make_exams, add):
        study = study_of(readers[:1], is_open=False)
        add(study, make_exams(3))
        preview = plan_preview.preview(study, is_blind=False)
        assert isinstance(preview.refusal, design.TooFewReaders)

    def test_the_balance_report_includes_earlier_batches(
        self, study_of, readers, make_exams, add, plan
    ):
        study = study_of(readers)
        add(study, make_exams(11))
        _, last = plan(study, n_batches=2)
        report = plan_preview.balance_report(last)
        assert report.own.n_exams < report.whole.n_exams == 11
        loads = report.whole.exams_by_reader.values()
        assert max(loads) - min(loads) <= 1

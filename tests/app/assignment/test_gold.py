"""Hidden gold exams are drawn for each reader, look like any other exam, and are never data."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from annotations import row_security
from annotations.models import (
    AgreementReport,
    Assignment,
    AuditEvent,
    Batch,
    Consensus,
    GoldExam,
    Notice,
    Occurrence,
    Reading,
    Role,
    Scope,
    Seat,
    SuggestionModel,
    SuggestionRun,
)
from annotations.services.agreement import gold_accuracy, refresh
from annotations.services.assignment import (
    batches,
    gold_mixing,
    gold_set,
    plans,
    pool_slots,
    progress,
    reassignment,
    required_readings,
)
from annotations.services.blinding.rules import ReaderStillBlinded
from annotations.services.consensus import labels, rereads
from annotations.services.counts import live, load, recount
from annotations.services.export import archive
from annotations.services.own_results import results as own_results
from annotations.services.studies import exam_pool, lifecycle, protocols, roster
from ecgreview import design
from tests.app.kept import factory, kept

pytestmark = pytest.mark.django_db

AF, RBBB = "atrial_fibrillation", "right_bundle_branch_block"
GOLD, FIRST = Occurrence.GOLD, Occurrence.FIRST


@factory
def open_study(make_study, davi, now):
    """Create an open study with these readers, exams in its pool and gold exams with AF."""

    def make(readers, exams, gold=(), name="Gold study", **settings):
        study = make_study(name=name, readers_per_exam=len(readers), **settings)
        roster.join(study=study, readers=readers, actor=davi, now=now)
        exam_pool.add(study=study, exams=exams, actor=davi, now=now)
        if gold:
            references = {exam.code: [AF] for exam in gold}
            gold_set.name(study=study, references=references, actor=davi, now=now)
        return study

    return make


@kept
def gold_study(open_study, make_exam, ana, bruno):
    """Eight exams in the pool, a fifth of each reader's exams gold, six gold exams with AF."""
    exams, gold = [make_exam() for _ in range(8)], [make_exam() for _ in range(6)]
    return open_study([ana, bruno], exams, gold, gold_fraction=0.2)


@pytest.fixture
def released(gold_study, davi, now):
    (batch,) = plans.plan(study=gold_study, name="One", created_by=davi, now=now)
    return batches.release(batch_id=batch.pk, actor=davi, now=now)


def read_all(batch, submit, *codes, gold_codes=(AF,)):
    rows = batch.assignments.select_related("reader").order_by("reader", "position")
    for row in rows:
        submit(row, *(gold_codes if row.occurrence == GOLD else codes))


def compute(now):
    while live.count_next(now=now) or refresh.refresh_next(now=now) or labels.refresh_next(now=now):
        pass


# -- Drawing -----------------------------------------------------------------------------------


def test_each_reader_gets_the_share_and_positions_have_no_gaps(released, gold_study):
    for reader in (seat.reader for seat in released.seats.all()):
        own = list(released.assignments.filter(reader=reader).order_by("position"))
        assert [row.position for row in own] == list(range(1, 11))
        assert Counter(row.occurrence for row in own) == {FIRST: 8, GOLD: 2}
        assert Seat.objects.get(batch=released, reader=reader).n_assigned == 10
    gold = released.assignments.filter(occurrence=GOLD)
    assert set(gold.values_list("exam", flat=True)) <= set(
        gold_study.gold_exams.values_list("exam", flat=True)
    )
    assert gold.exclude(not_before=None).count() == 0


def test_assignments_of_gold_exams_look_like_the_others(released, ana):
    hidden = {"id", "exam_id", "occurrence", "position", "order_key"}
    rows = released.assignments.filter(reader=ana).values()
    assert len({tuple(v for k, v in row.items() if k not in hidden) for row in rows}) == 1
    assert {len(row["order_key"]) for row in rows} == {64}


def test_no_reader_gets_a_gold_exam_twice(released, gold_study, make_exam, ana, bruno, davi, now):
    for number in range(2):
        exam_pool.add(study=gold_study, exams=[make_exam() for _ in range(8)], actor=davi, now=now)
        plans.plan(study=gold_study, name=f"More {number}", created_by=davi, now=now)
    for reader in (ana, bruno):
        own = Assignment.objects.filter(reader=reader, occurrence=GOLD)
        assert sorted(own.values_list("exam", flat=True)) == sorted(
            gold_study.gold_exams.values_list("exam", flat=True)
        )


def test_a_plan_that_needs_more_gold_exams_is_refused(released, gold_study, make_exam, davi, now):
    exam_pool.add(study=gold_study, exams=[make_exam() for _ in range(20)], actor=davi, now=now)
    with pytest.raises(gold_mixing.TooFewGold) as refusal:
        plans.plan(study=gold_study, name="Two", created_by=davi, now=now)
    assert refusal.value.details == {"reader": "Ana", "needed": 5, "available": 4}
    assert Batch.objects.filter(study=gold_study).count() == 1


def test_the_same_seed_draws_the_same_gold_exams(gold_study, davi, now):
    def drawn():
        (batch,) = plans.plan(study=gold_study, name="Again", created_by=davi, now=now)
        rows = list(batch.assignments.order_by("reader", "position").values_list(
            "reader", "position", "exam", "occurrence"))  # fmt: skip
        plans.discard(batch_id=batch.pk, actor=davi, now=now)
        return rows

    assert drawn() == drawn()


def test_a_batch_for_everybody_has_gold_exams_too(gold_study, make_exam, ana, davi, now):
    batch = batches.create(
        study=gold_study, name="All", exams=[make_exam() for _ in range(4)], readers=[ana],
        created_by=davi, now=now,
    )  # fmt: skip
    assert Counter(batch.assignments.values_list("occurrence", flat=True)) == {FIRST: 4, GOLD: 1}


def test_caps_include_gold_exams(open_study, make_exam, ana, bruno, davi, now):
    study = open_study(
        [ana, bruno], [make_exam() for _ in range(8)], [make_exam() for _ in range(3)],
        gold_fraction=0.2,
    )  # fmt: skip
    roster.set_cap(study=study, user=ana, max_exams=9, actor=davi, now=now)
    with pytest.raises(design.CapsTooSmall):
        plans.plan(study=study, name="One", created_by=davi, now=now)
    roster.set_cap(study=study, user=ana, max_exams=10, actor=davi, now=now)
    (batch,) = plans.plan(study=study, name="One", created_by=davi, now=now)
    assert batch.assignments.filter(reader=ana).count() == 10


def test_pools_refuse_gold_exams(gold_study, davi, now):
    with pytest.raises(pool_slots.GoldWithPool):
        plans.plan_pool(study=gold_study, name="Pool", created_by=davi, now=now)


def test_a_batch_keeps_the_share_it_was_created_with(released, gold_study, davi, now):
    rules = replace(protocols.protocol_of(gold_study), gold_fraction=0.0)
    lifecycle.amend(
        study_id=gold_study.pk, protocol=rules, reason="enough", actor=davi, now=now
    )  # fmt: skip
    released.refresh_from_db()
    assert protocols.of_batch(released).gold_fraction == 0.2
    assert released.assignments.filter(occurrence=GOLD).count() == 4


def test_readers_who_know_the_answers_get_no_gold_exams(gold_study, make_user, now, davi):
    gil = make_user("Gil", Role.READER, Role.COORDINATOR)
    gold_set.record_seen(study=gold_study, user=gil, now=now)
    roster.join(study=gold_study, readers=[gil], actor=davi, now=now)
    (batch,) = plans.plan(study=gold_study, name="One", created_by=davi, now=now)
    given = Counter(batch.assignments.filter(occurrence=GOLD).values_list("reader", flat=True))
    assert len(given) == 2
    assert gil.pk not in given


def test_a_person_who_vouches_for_somebody_who_knows_the_answers_gets_none(
    gold_study, make_user, ana, now, davi
):
    rosa = make_user("Ruth", Role.COORDINATOR)
    type(rosa).objects.filter(pk=rosa.pk).update(vouched_by=ana)
    gold_set.record_seen(study=gold_study, user=rosa, now=now)
    (batch,) = plans.plan(study=gold_study, name="One", created_by=davi, now=now)
    assert not batch.assignments.filter(occurrence=GOLD, reader=ana).exists()


# -- The gold set ------------------------------------------------------------------------------


def test_gold_exams_stay_out_of_the_pool_without_saying_so(gold_study, davi, now):
    gold = gold_study.gold_exams.first().exam
    with pytest.raises(exam_pool.AlreadyInStudy):
        exam_pool.add(study=gold_study, exams=[gold], actor=davi, now=now)
    request = exam_pool.DrawRequest(gold.dataset)
    with pytest.raises(exam_pool.NothingToAdd):
        exam_pool.draw(study=gold_study, request=request, actor=davi, now=now)


def test_gold_exams_cannot_be_data(gold_study, ana, davi, now):
    gold = gold_study.gold_exams.first().exam
    with pytest.raises(batches.IsGold):
        batches.create(
            study=gold_study, name="X", exams=[gold], readers=[ana], created_by=davi, now=now
        )


def test_a_coordinator_who_reads_cannot_try_out_which_exams_are_gold(
    gold_study, make_user, make_exam, ana, davi, now
):
    gil = make_user("Gil", Role.READER, Role.COORDINATOR)
    roster.join(study=gold_study, readers=[gil], actor=davi, now=now)
    for exam in (gold_study.gold_exams.first().exam, make_exam()):
        with pytest.raises(ReaderStillBlinded):
            batches.create(
                study=gold_study, name="X", exams=[exam], readers=[ana], created_by=gil, now=now
            )
    with pytest.raises(ReaderStillBlinded):
        gold_set.name(study=gold_study, references={"A": []}, actor=gil, now=now)
    with row_security.acting_as(gil.pk):
        assert not GoldExam.objects.exists()
    with row_security.acting_as(davi.pk):
        assert GoldExam.objects.count() == 6


def test_exams_of_the_study_cannot_become_gold(gold_study, davi, now):
    code = gold_study.pool.first().exam.code
    with pytest.raises(gold_set.GoldInUse) as refusal:
        gold_set.name(study=gold_study, references={code: [AF]}, actor=davi, now=now)
    assert refusal.value.details == {"exams": code}


def test_naming_again_replaces_the_reference_and_is_audited(gold_study, davi, now):
    code = gold_study.gold_exams.first().exam.code
    gold_set.name(study=gold_study, references={code: [RBBB]}, actor=davi, now=now)
    assert gold_study.gold_exams.get(exam__code=code).codes == [RBBB]
    assert gold_study.gold_exams.count() == 6
    event = AuditEvent.objects.filter(action="study.gold_named").latest("pk")
    assert RBBB not in event.after


def test_only_unused_gold_exams_can_be_removed(released, gold_study, davi, now):
    used = set(released.assignments.filter(occurrence=GOLD).values_list("exam", flat=True))
    gold_set.remove_unused(study=gold_study, actor=davi, now=now)
    assert set(gold_study.gold_exams.values_list("exam", flat=True)) == used
    with pytest.raises(gold_set.NoUnusedGold):
        gold_set.remove_unused(study=gold_study, actor=davi, now=now)


def test_the_command_names_gold_exams(gold_study, make_exam, davi, tmp_path, capsys):
    file = tmp_path / "gold.csv"
    file.write_text(f"exam,codes\n{make_exam().code},{AF};{RBBB}\n")
    call_command("name_gold", gold_study.slug, str(file), "--by", "davi")
    assert "1 exams named, 7 gold exams" in capsys.readouterr().out
    file.write_text(f"exam,codes\n{gold_study.pool.first().exam.code},\n")
    with pytest.raises(CommandError, match="already uses"):
        call_command("name_gold", gold_study.slug, str(file), "--by", "davi")


# -- Never data --------------------------------------------------------------------------------


@pytest.fixture
def twins(open_study, make_exam, make_study, submit, ana, bruno, davi, close, now):
    """Two closed batches of the same readings: one with gold exams, one without."""

    def make(fraction):
        exams = [make_exam(seed=1000 * (1 + bool(fraction)) + n) for n in range(8)]
        gold = [make_exam(seed=5000 + n) for n in range(6)] if fraction else []
        study = open_study(
            [ana, bruno], exams, gold, name=f"Gold {fraction}", gold_fraction=fraction
        )
        (batch,) = plans.plan(study=study, name="One", created_by=davi, now=now)
        batch = batches.release(batch_id=batch.pk, actor=davi, now=now)
        place = {exam.pk: n for n, exam in enumerate(exams)}
        for row in batch.assignments.select_related("reader").order_by("reader", "position"):
            number = place.get(row.exam_id, 0)
            has_af = row.occurrence == GOLD or number % (3 if row.reader_id == ana.pk else 2) == 0
            submit(row, *([AF] if has_af else []))
        close(batch)
        return study, batch

    plain, with_gold = make(0.0), make(0.2)
    compute(now)
    return plain, with_gold


def counts_of(scope):
    rows = load.load(scope)
    return replace(rows, taxonomy_id=0, readers=tuple(range(len(rows.readers))))


def test_agreement_consensus_and_progress_are_those_without_gold_exams(twins, now):
    (plain, plain_batch), (study, batch) = twins
    assert Reading.objects.filter(assignment__batch=batch).count() == 20
    for scopes in (
        (Scope(plain.pk), Scope(study.pk)),
        (Scope(plain.pk, plain_batch.pk), Scope(study.pk, batch.pk)),
    ):
        assert counts_of(scopes[0]) == counts_of(scopes[1])
    assert not set(study.gold_exams.values_list("exam", flat=True)) & set(
        Consensus.objects.filter(study=study).values_list("exam", flat=True)
    )
    outcomes = [
        Counter(Consensus.objects.filter(study=of).values_list("outcome", "n_readings", "n_wanted"))
        for of in (plain, study)
    ]
    assert outcomes[0] == outcomes[1]
    assert sum(outcomes[0].values()) == 8
    required = required_readings.by_exam(study, [batch])
    assert set(required) == set(study.pool.values_list("exam", flat=True))
    assert progress.of_study(study=study, now=now).n_missing == 0
    assert plans.incomplete(study).count() == 0
    assert rereads.queue(study) == {}


def test_the_report_describes_the_sample_without_gold_exams(twins):
    facts = [AgreementReport.objects.newest().get(batch=batch).coded_results for _, batch in twins]
    for key in ("n_exams", "n_exams_compared", "n_readers", "classes", "overall"):
        assert facts[0][key] == facts[1][key], key


def test_a_recount_finds_nothing_to_repair(twins, now):
    _, (study, _) = twins
    reports = [recount.recount(scope, repairs=False, now=now) for scope in recount.scopes(study)]
    assert all(report.is_correct and not report.n_waiting for report in reports)


def test_exports_list_gold_exams_in_a_file_of_their_own(twins, now):
    _, (study, _) = twins
    files = archive.contents(study=study, now=now)
    codes = set(study.gold_exams.values_list("exam__code", flat=True))
    for name, content in files.items():
        if name != "gold.csv":
            assert not any(code in content.decode() for code in codes), name
    rows = list(csv.DictReader(io.StringIO(files["gold.csv"].decode())))
    assert len(rows) == 4
    assert {(row["reference"], row["labels"], row["is_right"]) for row in rows} == {(AF, AF, "1")}


def test_the_completion_matrix_does_not_list_gold_exams(released, gold_study, davi, signed_in):
    page = signed_in(davi).get(reverse("batch", args=[released.pk])).content.decode()
    assert gold_study.pool.first().exam.code in page
    for gold in gold_study.gold_exams.all():
        assert gold.exam.code not in page


def test_suggestions_wait_for_the_blind_reading_of_a_gold_exam(
    released, make_batch, submit, ana, now
):
    gold = released.assignments.filter(reader=ana, occurrence=GOLD).first()
    model = SuggestionModel.objects.create(
        name="m", version="1", covered_classes=[AF], created_at=now
    )
    SuggestionRun.objects.create(exam=gold.exam, model=model, requested_at=now, finished_at=now)
    submit(make_batch([gold.exam], [ana]).assignments.get())
    assert not SuggestionRun.objects.visible_to(ana).exists()
    submit(gold)
    assert SuggestionRun.objects.visible_to(ana).exists()


# -- Reassignment ------------------------------------------------------------------------------


def test_reassigned_exams_take_their_gold_exams_along(
    released, gold_study, make_user, ana, davi, now
):
    carl = make_user("Carl", Role.READER)
    reassignment.reassign(
        study=gold_study, reader=ana, to=[carl], actor=davi, reason="ill", now=now
    )
    left = released.assignments.filter(reader=ana).exclude(state="withdrawn")
    gold_places = [row.position for row in left if row.occurrence == GOLD]
    moved = released.assignments.filter(reader=ana, state="withdrawn", occurrence=FIRST)
    assert moved.count() == 8
    assert all(place < min(row.position for row in moved) for place in gold_places)
    got = released.assignments.filter(reader=carl).order_by("position")
    assert Counter(got.values_list("occurrence", flat=True)) == {FIRST: 8, GOLD: 2}
    assert [row.position for row in got] == list(range(1, 11))
    notice = Notice.objects.get(user=carl, kind="exams_reassigned")
    assert notice.data["n_exams"] == 10


# -- Accuracy ----------------------------------------------------------------------------------


def test_gold_exams_do_not_count_as_exams_read(released, gold_study, submit, ana):
    for occurrence in (GOLD, FIRST):
        submit(released.assignments.filter(reader=ana, occurrence=occurrence)[0])
    assert own_results.figures(gold_study, ana).n_read == 1


def test_accuracy_counts_hits_misses_and_extra_classes(released, gold_study, submit, ana, now):
    gold = list(released.assignments.filter(reader=ana, occurrence=GOLD).order_by("position"))
    submit(gold[0], AF)
    submit(gold[1], RBBB)
    (line,) = [line for line in gold_accuracy.of_study(gold_study) if line.reader == ana]
    assert (line.n_given, line.n_all, line.share) == (2, 10, 0.2)
    right, wrong = line.answers
    assert (right.hits, right.missed, right.extra) == (frozenset({AF}), frozenset(), frozenset())
    assert (wrong.missed, wrong.extra) == (frozenset({AF}), frozenset({RBBB}))
    accuracy = line.accuracy
    assert accuracy is not None
    measures = (accuracy.right, accuracy.sensitivity, accuracy.precision, accuracy.f1)
    assert [measure.estimate for measure in measures] == [0.5] * 4
    assert {(measure.low, measure.reason) for measure in measures} == {(None, "few_gold_exams")}
    assert [answer.exam for answer in line.wrong] == [gold[1].exam]


def test_abstentions_are_not_compared_and_not_assessable_classes_are_left_out(
    released, gold_study, submit, ana
):
    gold = list(released.assignments.filter(reader=ana, occurrence=GOLD).order_by("position"))
    submit(gold[0], outcome="abstained", quality="")
    submit(gold[1], not_assessable=[AF])
    (line,) = [line for line in gold_accuracy.of_study(gold_study) if line.reader == ana]
    assert (line.n_abstained, len(line.answers), line.wrong) == (1, 1, [])


def test_the_page_shows_accuracy_to_coordinators_and_is_recorded(
    released, gold_study, submit, ana, davi, signed_in
):
    gold = released.assignments.filter(reader=ana, occurrence=GOLD).first()
    submit(gold, RBBB)
    client = signed_in(davi)
    page = client.get(reverse("study-gold", args=[gold_study.slug])).content.decode()
    assert "1 of 2 read" in page
    assert gold.exam.code in page
    client.get(reverse("study-gold", args=[gold_study.slug]))
    assert AuditEvent.objects.filter(action="study.gold_seen", actor=davi).count() == 1


def test_a_file_names_gold_exams_on_the_page(gold_study, make_exam, davi, signed_in):
    address = reverse("study-gold", args=[gold_study.slug])
    client = signed_in(davi)
    file = io.BytesIO(f"exam,codes\n{make_exam().code},{AF}\n".encode())
    file.name = "gold.csv"
    assert client.post(address, {"file": file}).status_code == 302
    assert gold_study.gold_exams.count() == 7
    wrong = io.BytesIO(b"exam;codes\n")
    wrong.name = "gold.csv"
    response = client.post(address, {"file": wrong})
    assert response.status_code == 400
    assert "must be exam,codes" in response.content.decode()
    client.post(address, {"do": "remove"})
    assert gold_study.gold_exams.count() == 0


def test_a_coordinator_who_reads_sees_no_accuracy(gold_study, make_user, davi, now, signed_in):
    gil = make_user("Gil", Role.READER, Role.COORDINATOR)
    roster.join(study=gold_study, readers=[gil], actor=davi, now=now)
    address = reverse("study-gold", args=[gold_study.slug])
    client = signed_in(gil)
    page = client.get(address).content.decode()
    assert not any(gold.exam.code in page for gold in gold_study.gold_exams.all())
    assert client.post(address, {"do": "remove"}).status_code == 403
    assert gold_study.gold_exams.count() == 6

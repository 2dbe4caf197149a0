"""The consensus is computed again only where it changes, and equals a full computation."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotations.models import AuditEvent, Consensus, Role, Study, User
from annotations.services import audit
from annotations.services.audit import Action, digests
from annotations.services.consensus import adjudications, inputs, labels
from annotations.services.export import jobs
from annotations.services.studies import lifecycle, protocols, roster
from annotations.services.verification import results
from ecgreview.protocol import InvalidProtocol
from tests.app.counts.test_any_sequence import ANSWERS, REFUSALS, TwoBatches
from tests.app.kept import kept
from tests.sizes import size

AF, AVB, LVH = "atrial_fibrillation", "first_degree_av_block", "left_ventricular_hypertrophy"
CHOICES = (
    ("majority_per_class", 2), ("k_of_n", 1), ("k_of_n", 2), ("union_then_adjudicate", 2),
    ("skill_weighted", 2), ("dawid_skene", 2),
)  # fmt: skip


@kept
def carla(make_user):
    """A third reader."""
    return make_user("Carla", Role.READER)


def rows(study):
    """The whole consensus, without ids and times."""
    names = ["exam", "digest", *digests.consensus_columns()["consensus"]]
    of_labels = ("exam", "labels__diagnostic_class", "labels__n_positive", "labels__n_readings")
    return (
        list(study.consensus.order_by("exam").values_list(*names)),
        list(study.consensus.order_by(*of_labels).values_list(*of_labels, "labels__is_present")),
        digests.of_stored_consensus(study)[1],
    )


def computed_from_scratch(study, now):
    """The rows of a computation that finds none stored."""
    sid = transaction.savepoint()
    study.consensus.all().delete()
    labels.compute(study=study, now=now)
    result = rows(study)
    transaction.savepoint_rollback(sid)
    return result


def verified(study):
    """Whether the rows have the digest that the last event recorded."""
    event = AuditEvent.objects.filter(action=Action.CONSENSUS_COMPUTED).latest("pk")
    assert event.study_id == study.pk
    return results._is_as_computed(study)


class Events(TwoBatches):
    """Everything that can change a consensus."""

    def __init__(self, *, clara, **more):
        super().__init__(**more)
        self._clara = clara

    def compute(self, _place, _answer):
        labels.compute(study=Study.objects.get(pk=self.study.pk), now=self.now)

    def choose(self, place, _answer):
        rule, k = CHOICES[place % len(CHOICES)]
        study = Study.objects.get(pk=self.study.pk)
        amended = replace(protocols.protocol_of(study), consensus_rule=rule, consensus_k=k)
        lifecycle.amend(
            study_id=study.pk, protocol=amended, reason="Test", actor=self._davi, now=self.now
        )

    def adjudicate(self, place, _answer):
        closed = list(self.study.batches.closed().order_by("pk"))
        if closed:
            batch = closed[place % len(closed)]
            adjudications.send_disputed(
                batch_id=batch.pk, readers=[self._clara], created_by=self._davi, now=self.now
            )

    def withdraw(self, place, _answer):
        reader = self.study.readers.order_by("pk")[place % 2]
        roster.withdraw(
            study=self.study, user=reader.user, reason="Test", actor=self._davi, now=self.now
        )

    def change_kind(self, place, _answer):
        reader = self.study.readers.order_by("pk")[place % 2]
        kind = "person" if reader.user.kind == "model" else "model"
        User.objects.filter(pk=reader.user_id).update(kind=kind, is_active=False)

    def do(self, action, place, answer):
        try:
            with transaction.atomic():
                getattr(self, action)(place, answer)
        except (
            *REFUSALS, InvalidProtocol, adjudications.NothingDisputed,
            adjudications.AlreadyRead, adjudications.RuleIgnoresAdjudication,
            roster.StatusUnchanged,
        ):  # fmt: skip
            return


NONE = st.none()
ACTIONS = st.one_of(
    *[st.tuples(st.just("submit"), st.integers(0, 30), ANSWERS)] * 4,
    st.tuples(st.just("correct"), st.integers(0, 30), ANSWERS),
    *[st.tuples(st.just("close"), st.integers(0, 3), NONE)] * 2,
    *[st.tuples(st.just("compute"), st.just(0), NONE)] * 2,
    st.tuples(st.just("choose"), st.integers(0, 5), NONE),
    st.tuples(st.just("adjudicate"), st.integers(0, 3), NONE),
    st.tuples(st.just("withdraw"), st.integers(0, 1), NONE),
    st.tuples(st.just("change_kind"), st.integers(0, 1), NONE),
    st.tuples(st.just("amend"), st.just(0), NONE),
    st.tuples(st.just("reread"), st.just(0), NONE),
)


@pytest.mark.django_db
@settings(
    max_examples=size(8, 60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(actions=st.lists(ACTIONS, min_size=6, max_size=30))
def test_the_stored_consensus_equals_a_full_computation(
    actions, study, make_batch, make_exam, ana, bruno, carla, clara, submit, davi, now
):
    sid = transaction.savepoint()
    try:
        exams = [make_exam() for _ in range(3)]
        for some, readers in ((exams, [ana, bruno, carla]), (exams[:2], [ana, bruno])):
            make_batch(some, readers)
        events = Events(
            study=Study.objects.get(pk=study.pk), submit=submit, davi=davi, clara=clara, now=now
        )
        for action in actions:
            events.do(*action)
        events.compute(0, None)
        changed = Study.objects.get(pk=study.pk)
        assert rows(changed) == computed_from_scratch(changed, now)
        assert verified(changed)
    finally:
        transaction.savepoint_rollback(sid)


@pytest.mark.django_db
def test_only_the_exams_of_a_newly_closed_batch_get_new_rows(study, read, ana, bruno, now):
    read({ana: [AF], bruno: [AF]})
    labels.compute(study=study, now=now)
    (first,) = study.consensus.all()
    read({ana: [AVB], bruno: [LVH]})
    labels.compute(study=study, now=now)
    assert [row.pk for row in study.consensus.order_by("pk")][:1] == [first.pk]
    assert AuditEvent.objects.filter(action=Action.CONSENSUS_COMPUTED).count() == 2
    assert verified(study)


@pytest.fixture
def compared(monkeypatch):
    """The exams that each computation compares; None for all."""
    found = []
    original = inputs.changed

    def changed(study, context, exam_ids=None):
        found.append(exam_ids)
        return original(study, context, exam_ids)

    monkeypatch.setattr(inputs, "changed", changed)
    return found


@pytest.mark.django_db
def test_only_the_exams_of_batches_that_are_due_are_compared(
    study, read, ana, bruno, compared, now
):
    read({ana: [AF], bruno: [AF]})
    labels.compute(study=study, now=now)
    read({ana: [AVB], bruno: [LVH]})
    labels.compute(study=study, now=now)
    labels.compute(study=study, now=now)
    assert compared == [None, {study.consensus.latest("pk").exam_id}, None]


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["rule", "protocol", "kind"])
def test_all_exams_are_compared_after_a_change_that_belongs_to_no_batch(
    study, read, amend, ana, bruno, compared, now, change
):
    read({ana: [AF], bruno: [AF]})
    labels.compute(study=study, now=now)
    read({ana: [AVB], bruno: [LVH]})
    match change:
        case "rule":
            amend(consensus_rule="k_of_n", consensus_k=1)
        case "protocol":
            amend(readers_per_exam=3)
        case "kind":
            User.objects.filter(pk=ana.pk).update(kind="model", is_active=False)
    labels.compute(study=Study.objects.get(pk=study.pk), now=now)
    assert compared == [None, None]


@pytest.mark.django_db
def test_replacing_rows_takes_as_many_statements_for_many_as_for_one(study, read, ana, bruno, now):
    for _ in range(6):
        read({ana: [AF], bruno: [AF]})
    labels.compute(study=study, now=now)
    counts = []
    for n in (1, 6):
        ids = list(study.consensus.order_by("pk").values_list("pk", flat=True)[:n])
        Consensus.objects.filter(pk__in=ids).update(inputs="0" * 64)
        with CaptureQueriesContext(connection) as captured:
            labels.compute(study=study, now=now)
        counts.append(len(captured))
    # Statistics of the tables may be due in one of them.
    assert counts[1] <= counts[0] + 2


@pytest.mark.django_db
def test_a_rule_that_is_fitted_to_all_exams_keeps_the_rows_that_it_decides_alike(
    study, read, amend, ana, bruno, now
):
    amend(consensus_rule="dawid_skene")
    read({ana: [AF], bruno: [AF]})
    labels.compute(study=study, now=now)
    (first,) = study.consensus.all()
    read({ana: [AVB], bruno: [LVH]})
    labels.compute(study=study, now=now)
    assert study.consensus.filter(pk=first.pk).exists()


@pytest.mark.django_db
def test_an_archive_is_current_until_a_row_changes(study, read, amend, ana, bruno, now):
    read({ana: [AF, AVB], bruno: [AF]})
    labels.compute(study=study, now=now)
    state = jobs.state_of(study)
    labels.compute(study=study, now=now)
    assert jobs.state_of(study) == state
    amend(consensus_rule="k_of_n", consensus_k=1)
    labels.compute(study=study, now=now)
    assert jobs.state_of(study) != state


@pytest.mark.django_db
@pytest.mark.parametrize("column", ["n_readings", "digest"])
def test_an_altered_row_is_found(study, read, ana, bruno, now, column):
    read({ana: [AF], bruno: [AF]})
    labels.compute(study=study, now=now)
    assert verified(study)
    altered = {"n_readings": 7, "digest": "f" * 64}[column]
    Consensus.objects.update(**{column: altered})
    assert not verified(study)


@pytest.mark.django_db
def test_a_consensus_without_digests_of_its_rows_is_verified_as_a_whole(
    study, read, ana, bruno, now
):
    read({ana: [AF], bruno: [AF]})
    labels.compute(study=study, now=now)
    Consensus.objects.update(inputs="", digest="")
    columns = {"consensus": ["outcome"], "labels": ["n_positive"]}
    earlier = {"columns": columns, "digest": digests.of_consensus_lines(study, columns)}
    audit.record(
        actor=None, action=Action.CONSENSUS_COMPUTED, study=study, target=study,
        after=earlier, now=now,
    )  # fmt: skip
    assert verified(study)
    labels.compute(study=study, now=now)
    assert study.consensus.get().digest
    assert verified(study)

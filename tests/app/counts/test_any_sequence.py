"""Property test: after any sequence of actions, the live counts equal a full recount."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotations.models import Assignment, ExamPattern, Reading, Scope, Study
from annotations.services.assignment import batches, guards
from annotations.services.consensus import rereads
from annotations.services.counts import recount
from annotations.services.reading import content, corrections
from annotations.services.refusals import NameTaken
from annotations.services.taxonomy import mappings
from tests.app.counts.pattern_counting import amend_to_next_version, differences, drain
from tests.app.taxonomy.test_versions import PARTS, RENAMED, RETIRED, SPLIT
from tests.sizes import size

pytestmark = pytest.mark.django_db

CLASSES = ("atrial_fibrillation", "artifact", SPLIT, RENAMED, RETIRED, *PARTS)
REFUSALS = (
    guards.BatchClosed, guards.AlreadySubmitted, corrections.NotTheLatest,
    corrections.ReadingFinal, rereads.NothingToReread, batches.AlreadyClosed,
    mappings.MappingExists, content.UnknownClass, NameTaken,
)  # fmt: skip
"""Refusals that are allowed in an action."""

ANSWERS = st.one_of(
    st.just({"quality": "unreadable"}),
    st.just({"quality": "", "outcome": "abstained"}),
    st.fixed_dictionaries(
        {
            "codes": st.sets(st.sampled_from(CLASSES), max_size=3),
            "not_assessable": st.sets(st.sampled_from(CLASSES), max_size=2),
        }
    ),
)
ACTIONS = st.one_of(
    st.tuples(st.just("submit"), st.integers(0, 30), ANSWERS),
    st.tuples(st.just("submit"), st.integers(0, 30), ANSWERS),
    st.tuples(st.just("submit"), st.integers(0, 30), ANSWERS),
    st.tuples(st.just("correct"), st.integers(0, 30), ANSWERS),
    st.tuples(st.just("count"), st.integers(0, 0), st.none()),
    st.tuples(st.just("close"), st.integers(0, 3), st.none()),
    st.tuples(st.just("amend"), st.integers(0, 0), st.none()),
    st.tuples(st.just("reread"), st.integers(0, 0), st.none()),
)


class TwoBatches:
    """Two batches of Ana and Bruno that share an exam, and the actions on them."""

    def __init__(self, *, study, submit, davi, now):
        self.study, self._submit, self._davi, self.now = study, submit, davi, now
        self.n_rereads = 0

    def do(self, action, place, answer):
        """Run the action of this name; ignore refusals."""
        try:
            with transaction.atomic():
                getattr(self, action)(place, answer)
        except REFUSALS:
            return

    def submit(self, place, answer):
        waiting = Assignment.objects.waiting().filter(batch__study=self.study).order_by("pk")
        if waiting:
            self._sign(waiting[place % len(waiting)], answer)

    def correct(self, place, answer):
        effective = Reading.objects.effective().order_by("pk")
        if effective:
            old = effective[place % len(effective)]
            self._sign(old.assignment, answer, supersedes=old.idempotency_key)

    def count(self, _place, _answer):
        drain(self.now)

    def close(self, place, _answer):
        open_batches = list(self.study.batches.order_by("pk"))
        if place < len(open_batches):
            batches.close(batch_id=open_batches[place].pk, closed_by=self._davi, now=self.now)

    def amend(self, _place, _answer):
        if self.study.protocol_version == 1:
            amend_to_next_version(self.study, self._davi, self.now)

    def reread(self, _place, _answer):
        self.n_rereads += 1
        reread_batch = rereads.make(
            study=Study.objects.get(pk=self.study.pk), name=f"Again {self.n_rereads}",
            created_by=self._davi, now=self.now,
        )  # fmt: skip
        batches.release(batch_id=reread_batch.pk, actor=self._davi, now=self.now)

    def _sign(self, assignment, answer, **more):
        self.now += timedelta(seconds=1)
        not_assessable = answer.get("not_assessable", set()) - answer.get("codes", set())
        outcome = {key: answer[key] for key in ("quality", "outcome") if key in answer}
        self._submit(
            assignment, *sorted(answer.get("codes", ())), not_assessable=sorted(not_assessable),
            now=self.now, **outcome, **more,
        )  # fmt: skip


@settings(
    max_examples=size(10, 25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(actions=st.lists(ACTIONS, max_size=25))
def test_live_counts_equal_a_full_recount_after_any_actions(
    actions, study, make_batch, two_exams, ana, bruno, submit, davi, now
):
    sid = transaction.savepoint()
    try:
        first, second = two_exams
        make_batch([first, second])
        make_batch([second])
        two_batches = TwoBatches(
            study=Study.objects.get(pk=study.pk), submit=submit, davi=davi, now=now
        )
        for action in actions:
            two_batches.do(*action)
            if action[0] == "count":
                assert differences(study, now) == []
        drain(two_batches.now)
        assert differences(study, now) == []
        assert_each_reading_once(study)
    finally:
        transaction.savepoint_rollback(sid)


def assert_each_reading_once(study):
    for scope in recount.scopes(study):
        if scope.batch_id is not None:
            counted = Reading.objects.counted().filter(assignment__batch=scope.batch_id).count()
            assert counted == n_counted(scope)
    votes = Reading.objects.counted().values_list("assignment__exam", "reader").distinct()
    assert votes.count() == n_counted(Scope(study.pk))


def n_counted(scope):
    rows = ExamPattern.objects.filter(study=scope.study_id, batch=scope.batch_id)
    return sum(len(marker.readers) + marker.n_unreadable for marker in rows)


@pytest.fixture
def two_exams(make_exam):
    return make_exam(), make_exam()

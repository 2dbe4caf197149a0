"""What a recount found is told to who coordinates, and to nobody who reads in the study."""

from __future__ import annotations

import pytest
from django.db.models import F
from django.utils import translation

from annotations.desk_payloads import notice_payload
from annotations.models import (
    AgreementReport,
    AgreementRun,
    ExamPattern,
    Notice,
    NoticeKind,
    PatternCount,
    Role,
    StudyReader,
)
from annotations.services.agreement import refresh
from annotations.services.counts import recount
from annotations.services.notices import wording
from annotations.services.people import roles
from tests.app.counts.pattern_counting import drain, of_batch

AF, NOISE = "atrial_fibrillation", "artifact"


@pytest.fixture
def batch(make_batch, make_exam, submit, now):
    """A batch of three exams that was read, counted and reported."""
    made = make_batch([make_exam() for _ in range(3)])
    for assignment in made.assignments.order_by("pk"):
        submit(assignment, AF)
    drain(now)
    while refresh.work_next(now=now):
        pass
    return made


def recount_all(study, now):
    for scope in recount.scopes(study):
        recount.recount(scope, repairs=True, now=now)


def told(kind=NoticeKind.COUNTS_REPAIRED):
    return list(Notice.objects.filter(kind=kind).order_by("pk"))


def test_a_difference_is_told_to_the_coordinator(batch, study, davi, now):
    PatternCount.objects.filter(batch=batch).update(n_exams=F("n_exams") + 1)
    recount_all(study, now)
    (notice,) = told()
    assert notice.user == davi
    assert notice.data == {
        "study": study.name, "slug": study.slug, "batch": batch.name, "batch_id": batch.pk,
        "run_id": AgreementRun.objects.unfinished().get().pk, "n_repaired": 1,
    }  # fmt: skip
    assert notice_payload(notice)["href"] == f"/batches/{batch.pk}/agreement/"


def test_it_says_what_was_repaired(batch, study, now):
    PatternCount.objects.filter(batch=None).update(n_exams=F("n_exams") + 1)
    recount_all(study, now)
    (notice,) = told()
    with translation.override("en"):
        text = wording.of(notice).text
    assert f"{study.name} · the whole study: a recount corrected 1 wrong entry" in text
    assert "instead of earlier ones" in text
    assert notice_payload(notice)["href"] == f"/studies/{study.slug}/agreement/"


def test_a_run_is_told_once_with_all_that_was_found(batch, study, now, monkeypatch):
    monkeypatch.setattr(recount, "EXAMS_AT_ONCE", 1)
    ExamPattern.objects.filter(batch=batch).update(states={NOISE: "20"})
    recount.recount(of_batch(batch), repairs=True, now=now)
    (notice,) = told()
    run = AgreementRun.objects.unfinished().get()
    assert notice.data["n_repaired"] == run.n_repaired > 3


def test_the_next_run_with_a_difference_is_told_again(batch, study, now):
    for _ in range(2):
        PatternCount.objects.filter(batch=batch).update(n_exams=F("n_exams") + 1)
        recount_all(study, now)
        AgreementRun.objects.unfinished().update(finished_at=now)
    assert len(told()) == 2


def test_without_a_difference_nothing_is_told(batch, study, now):
    recount_all(study, now)
    assert not Notice.objects.filter(kind__in=("counts_repaired", "recount_failed")).exists()


def test_who_reads_in_the_study_is_told_nothing(batch, study, ana, davi, now):
    roles.give(ana, [Role.READER, Role.COORDINATOR])
    PatternCount.objects.update(n_exams=F("n_exams") + 1)
    recount_all(study, now)
    assert {notice.user_id for notice in told()} == {davi.pk}


def test_who_is_on_the_list_of_readers_and_read_nothing_is_told_nothing(batch, study, davi, now):
    StudyReader.objects.create(study=study, user=davi, status_since=now, added_at=now)
    PatternCount.objects.update(n_exams=F("n_exams") + 1)
    recount_all(study, now)
    assert told() == []


def test_who_administers_is_told(batch, study, eva, davi, now):
    eva.is_superuser = True
    eva.save()
    PatternCount.objects.filter(batch=batch).update(n_exams=F("n_exams") + 1)
    recount_all(study, now)
    assert {notice.user_id for notice in told()} == {davi.pk, eva.pk}


def test_who_has_left_is_told_nothing(batch, study, davi, now):
    davi.is_active = False
    davi.save()
    PatternCount.objects.update(n_exams=F("n_exams") + 1)
    recount_all(study, now)
    assert told() == []


class TestThePageOfTheVersion:
    @pytest.fixture
    def repaired(self, batch, close, study, now):
        """A version of the closed batch before a repair, and one behind it."""
        close(batch)
        refresh.refresh(batch=batch, now=now)
        ExamPattern.objects.filter(batch=batch).update(states={NOISE: "20"})
        PatternCount.objects.filter(batch=batch).delete()
        refresh.refresh(batch=batch, now=now)  # of wrong counts
        recount_all(study, now)
        refresh.refresh(batch=batch, now=now)
        return batch

    def shown(self, signed_in, davi, batch, version):
        page = signed_in(davi).get(f"/batches/{batch.pk}/agreement/?version={version}")
        return "a recount corrected" in page.content.decode()

    def test_tells_of_the_repair(self, repaired, signed_in, davi):
        newest = AgreementReport.objects.of_scope(of_batch(repaired)).order_by("-number")[0]
        assert newest.n_repaired
        assert self.shown(signed_in, davi, repaired, newest.number)

    def test_of_a_version_before_tells_nothing(self, repaired, signed_in, davi):
        assert not self.shown(signed_in, davi, repaired, 1)

"""Recount notices go to coordinators who do not read in the study."""

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
from tests.app.kept import kept

AF, NOISE = "atrial_fibrillation", "artifact"


@kept
def batch(make_batch, make_exam, submit, now):
    """A batch of three exams, read, counted and with a report."""
    read_batch = make_batch([make_exam() for _ in range(3)])
    for assignment in read_batch.assignments.order_by("pk"):
        submit(assignment, AF)
    drain(now)
    while refresh.work_next(now=now):
        pass
    return read_batch


def recount_all(study, now):
    for scope in recount.scopes(study):
        recount.recount(scope, repairs=True, now=now)


def notices(kind=NoticeKind.COUNTS_REPAIRED):
    return list(Notice.objects.filter(kind=kind).order_by("pk"))


def test_the_coordinator_is_notified_of_a_difference(batch, study, davi, now):
    PatternCount.objects.filter(batch=batch).update(n_exams=F("n_exams") + 1)
    recount_all(study, now)
    (notice,) = notices()
    assert notice.user == davi
    assert notice.data == {
        "study": study.name, "slug": study.slug, "batch": batch.name, "batch_id": batch.pk,
        "run_id": AgreementRun.objects.unfinished().get().pk, "n_repaired": 1,
    }  # fmt: skip
    assert notice_payload(notice)["href"] == f"/batches/{batch.pk}/agreement/"


def test_the_notice_says_what_was_repaired(batch, study, now):
    PatternCount.objects.filter(batch=None).update(n_exams=F("n_exams") + 1)
    recount_all(study, now)
    (notice,) = notices()
    with translation.override("en"):
        text = wording.of(notice).text
    assert f"{study.name} · the whole study: a recount corrected 1 wrong entry" in text
    assert "instead of earlier ones" in text
    assert notice_payload(notice)["href"] == f"/studies/{study.slug}/agreement/"


def test_one_notice_covers_all_repairs_of_a_run(batch, study, now, monkeypatch):
    monkeypatch.setattr(recount, "EXAMS_AT_ONCE", 1)
    ExamPattern.objects.filter(batch=batch).update(states={NOISE: "20"})
    recount.recount(of_batch(batch), repairs=True, now=now)
    (notice,) = notices()
    run = AgreementRun.objects.unfinished().get()
    assert notice.data["n_repaired"] == run.n_repaired > 3


def test_the_next_run_with_a_difference_makes_another_notice(batch, study, now):
    for _ in range(2):
        PatternCount.objects.filter(batch=batch).update(n_exams=F("n_exams") + 1)
        recount_all(study, now)
        AgreementRun.objects.unfinished().update(finished_at=now)
    assert len(notices()) == 2


def test_no_difference_makes_no_notice(batch, study, now):
    recount_all(study, now)
    assert not Notice.objects.filter(kind__in=("counts_repaired", "recount_failed")).exists()


def test_readers_of_the_study_are_not_notified(batch, study, ana, davi, now):
    roles.give(ana, [Role.READER, Role.COORDINATOR])
    PatternCount.objects.update(n_exams=F("n_exams") + 1)
    recount_all(study, now)
    assert {notice.user_id for notice in notices()} == {davi.pk}


def test_people_on_the_roster_without_readings_are_not_notified(batch, study, davi, now):
    StudyReader.objects.create(study=study, user=davi, status_since=now, added_at=now)
    PatternCount.objects.update(n_exams=F("n_exams") + 1)
    recount_all(study, now)
    assert notices() == []


def test_superusers_are_notified(batch, study, eva, davi, now):
    eva.is_superuser = True
    eva.save()
    PatternCount.objects.filter(batch=batch).update(n_exams=F("n_exams") + 1)
    recount_all(study, now)
    assert {notice.user_id for notice in notices()} == {davi.pk, eva.pk}


def test_deactivated_people_are_not_notified(batch, study, davi, now):
    davi.is_active = False
    davi.save()
    PatternCount.objects.update(n_exams=F("n_exams") + 1)
    recount_all(study, now)
    assert notices() == []


class TestVersionPage:
    @pytest.fixture
    def repaired(self, batch, close, study, now):
        """A closed batch with a report version from wrong counts, and one from repaired counts."""
        close(batch)
        refresh.refresh(batch=batch, now=now)
        ExamPattern.objects.filter(batch=batch).update(states={NOISE: "20"})
        PatternCount.objects.filter(batch=batch).delete()
        refresh.refresh(batch=batch, now=now)  # from wrong counts
        recount_all(study, now)
        refresh.refresh(batch=batch, now=now)
        return batch

    def shows_repair(self, signed_in, davi, batch, version):
        page = signed_in(davi).get(f"/batches/{batch.pk}/agreement/?version={version}")
        return "a recount corrected" in page.content.decode()

    def test_shows_the_repair(self, repaired, signed_in, davi):
        newest = AgreementReport.objects.of_scope(of_batch(repaired)).order_by("-number")[0]
        assert newest.n_repaired
        assert self.shows_repair(signed_in, davi, repaired, newest.number)

    def test_does_not_show_it_on_an_earlier_version(self, repaired, signed_in, davi):
        assert not self.shows_repair(signed_in, davi, repaired, 1)

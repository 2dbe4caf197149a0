"""Notices: what people are told, in the app, by mail, and only once."""

from __future__ import annotations

import logging
from datetime import date, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone, translation

from annotations import tasks
from annotations.models import Batch, Notice, NoticeKind, StudyReader, User
from annotations.services.assignment import batches, leases, pool_slots
from annotations.services.notices import delivery, wording
from annotations.services.studies import lifecycle, roster

pytestmark = pytest.mark.django_db

DATA = {"study": "Atrial fibrillation", "batch": "Monday", "n_exams": 3, "due_on": "2026-03-09"}


@pytest.fixture(autouse=True)
def with_a_mail_server(settings: Any) -> None:
    """Let there be one, which keeps what it gets."""
    settings.HAS_MAIL_SERVER = True


@pytest.fixture
def reachable(ana: User) -> User:
    """Ana, with an address."""
    ana.email = "ana@hospital.example"
    ana.save()
    return ana


@pytest.fixture
def told(reachable, now) -> Notice:
    """A notice for Ana."""
    delivery.tell([reachable], NoticeKind.BATCH_RELEASED, DATA, now=now)
    return Notice.objects.get()


def kinds(user: User) -> list[str]:
    return list(Notice.objects.filter(user=user).order_by("pk").values_list("kind", flat=True))


# -- Words --------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "pt-br"])
@pytest.mark.parametrize("kind", list(NoticeKind))
@pytest.mark.parametrize("data", [DATA, {}], ids=["full", "empty"])
def test_every_kind_has_words(ana, now, kind, language, data):
    notice = Notice(user=ana, kind=kind, data=data, created_at=now)
    with translation.override(language):
        words = wording.of(notice)
    assert words.title
    assert "%" not in words.text


def test_words_are_in_the_language_of_who_looks(told):
    with translation.override("pt-br"):
        assert "exames" in wording.of(told).text


def test_the_day_is_written_as_people_write_it(told):
    assert "March 9, 2026" in wording.of(told).text


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_a_mail_names_nothing(kind):
    words = wording.of_mail(kind, "https://ecg.hospital.example")
    for secret in ("Atrial", "Monday", "Ana"):
        assert secret not in words.title + words.text
    assert "https://ecg.hospital.example" in words.text


# -- When somebody is told ----------------------------------------------------------------------


def test_a_paused_reader_is_told(study, make_batch, ana, davi, now):
    make_batch()
    roster.pause(study=study, user=ana, reason="too many artifacts", actor=davi, now=now)
    roster.resume(study=study, user=ana, actor=davi, now=now)
    roster.withdraw(study=study, user=ana, reason="moved", actor=davi, now=now)
    assert kinds(ana) == ["batch_released", "reader_paused", "reader_resumed", "reader_withdrawn"]


def test_the_reason_of_a_pause_is_not_passed_on(study, make_batch, ana, davi, now):
    make_batch()
    roster.pause(study=study, user=ana, reason="too many artifacts", actor=davi, now=now)
    assert "artifacts" not in str(Notice.objects.get(kind="reader_paused").data)


def test_who_reads_is_told_that_a_study_is_locked(study, make_batch, ana, bruno, davi, now):
    make_batch()
    roster.withdraw(study=study, user=bruno, reason="moved", actor=davi, now=now)
    lifecycle.lock(study_id=study.pk, actor=davi, now=now)
    assert kinds(ana)[-1] == "study_locked"
    assert "study_locked" not in kinds(bruno)


# -- Reminders ----------------------------------------------------------------------------------


@pytest.fixture
def due(make_batch, make_exam, davi, now):
    """Open a batch that is due in so many days, as of ``now``."""

    def make(days: int, **more):
        batch = make_batch([make_exam()], **more)
        day = now.date() + timedelta(days=days)
        type(batch).objects.filter(pk=batch.pk).update(due_on=day)
        batch.refresh_from_db()
        return batch

    return make


def test_who_still_has_to_read_is_reminded(due, ana, bruno, submit, now):
    batch = due(2)
    submit(batch.assignments.get(reader=bruno), "artifact")
    assert delivery.remind(now=now) == 1
    assert kinds(ana)[-1] == "batch_due"


def test_nobody_is_reminded_twice(due, now):
    due(2)
    assert [delivery.remind(now=now) for _ in range(3)] == [2, 0, 0]


def test_a_batch_that_became_overdue_is_said_to_be(due, ana, now):
    due(1)
    delivery.remind(now=now)
    assert delivery.remind(now=now + timedelta(days=2)) == 2
    assert kinds(ana)[-2:] == ["batch_due", "batch_overdue"]


def test_a_day_that_was_moved_is_reminded_of_again(due, davi, now):
    batch = due(1)
    delivery.remind(now=now)
    later = now.date() + timedelta(days=2)
    batches.set_due(batch_id=batch.pk, due_on=later, actor=davi, now=now)
    assert delivery.remind(now=now) == 2


def test_a_batch_that_is_due_later_is_not_mentioned(due, now):
    due(3)
    assert delivery.remind(now=now) == 0


def test_a_closed_batch_is_not_mentioned(due, close, now):
    close(due(1))
    assert delivery.remind(now=now) == 0


def test_a_paused_reader_is_not_reminded(due, study, ana, davi, now):
    due(1, readers=[ana])
    roster.pause(study=study, user=ana, reason="leave", actor=davi, now=now)
    assert delivery.remind(now=now) == 0


def test_who_is_not_qualified_yet_is_not_reminded(due, study, ana, now):
    due(1, readers=[ana])
    type(study).objects.filter(pk=study.pk).update(phase="open")
    line = StudyReader.objects.get(user=ana)
    batch = ana.seats.get().batch
    batch.study.qualification_required = True
    assert line.qualified_at is None
    assert not delivery._late(batch, now).exists()


def test_everybody_of_a_pool_is_reminded_whatever_is_left(
    study, make_exam, ana, bruno, davi, submit, now
):
    batch = pool_slots.create_pool(
        study=study, name="Pool", exams=[make_exam()], readers=[ana, bruno], readers_per_exam=1,
        created_by=davi, now=now, due_on=now.date(),
    )  # fmt: skip
    batches.release(batch_id=batch.pk, actor=davi, now=now)
    submit(leases.take(batch_id=batch.pk, reader=ana, now=now), "artifact")
    assert delivery.remind(now=now) == 2


def test_a_held_repeat_reminds_nobody(due, ana, now):
    batch = due(1, readers=[ana])
    batch.assignments.update(not_before=now + timedelta(days=9))
    assert delivery.remind(now=now) == 0


# -- Mail ---------------------------------------------------------------------------------------


def test_a_notice_is_mailed_once(told, now):
    assert delivery.mail_next(now=now)
    assert not delivery.mail_next(now=now)
    (sent,) = mail.outbox
    assert sent.to == ["ana@hospital.example"]


def test_a_mail_says_it_in_both_languages(told, now):
    delivery.mail_next(now=now)
    assert mail.outbox[0].subject.startswith("ECG Review: New exams to read / ")


@pytest.mark.parametrize(
    "changes", [{"email": ""}, {"is_active": False}], ids=["no address", "gone"]
)
def test_who_cannot_get_mail_gets_none(told, reachable, changes, now):
    User.objects.filter(pk=reachable.pk).update(**changes)
    assert delivery.mail_next(now=now)
    assert (mail.outbox, Notice.objects.all().to_mail().exists()) == ([], False)


def test_without_a_mail_server_nothing_is_mailed(told, settings, now):
    settings.HAS_MAIL_SERVER = False
    assert delivery.mail_next(now=now)
    assert mail.outbox == []


def test_what_was_seen_is_not_mailed(told, reachable, now):
    delivery.mark_seen(user=reachable, now=now)
    delivery.mail_next(now=now)
    assert mail.outbox == []


def test_what_is_old_is_not_mailed(told, now):
    delivery.mail_next(now=now + delivery.GIVE_UP_AFTER)
    assert mail.outbox == []


def test_a_mail_server_that_is_down_is_asked_again_later(told, settings, caplog, now):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    with caplog.at_level(logging.WARNING):
        assert not delivery.mail_next(now=now)
    told.refresh_from_db()
    assert (told.mail_is_due, told.n_attempts) == (True, 1)
    assert "ana@hospital.example" not in caplog.text


def test_an_address_that_is_refused_is_given_up(told, settings, refusing_server, now):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", refusing_server
    assert delivery.mail_next(now=now)
    assert not Notice.objects.all().to_mail().exists()


def test_what_failed_before_comes_last(told, reachable, now):
    Notice.objects.filter(pk=told.pk).update(n_attempts=4)
    delivery.tell([reachable], NoticeKind.STUDY_LOCKED, {}, now=now)
    delivery.mail_next(now=now)
    assert "A study was locked" in mail.outbox[0].subject


def test_the_tasks_do_what_is_due(told, due, now, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: now)  # midnight may come at any moment
    due(1)
    Batch.objects.update(due_on=now.date())
    Notice.objects.update(created_at=now)
    tasks.remind_readers()
    tasks.mail_notices()
    assert Notice.objects.filter(kind=NoticeKind.BATCH_DUE).exists()
    assert len(mail.outbox) == Notice.objects.filter(user=told.user).count()


# -- The page -----------------------------------------------------------------------------------


def test_the_page_lists_ones_own(told, bruno, now, client: Client, signed_in):
    delivery.tell([bruno], NoticeKind.STUDY_LOCKED, {"study": "Bruno's study"}, now=now)
    page = signed_in(told.user).get("/notices/")
    assert "Monday" in page.content.decode()
    assert "Bruno" not in page.content.decode()


def test_the_header_counts_what_is_new(told, signed_in):
    browser = signed_in(told.user)
    assert 'class="bell-count">1<' in browser.get("/worklist/").content.decode()
    browser.post("/notices/")
    assert "bell-count" not in browser.get("/worklist/").content.decode()


def test_reading_the_page_changes_nothing(told, signed_in):
    signed_in(told.user).get("/notices/")
    told.refresh_from_db()
    assert told.seen_at is None


def test_nobody_marks_what_is_anothers(told, bruno, signed_in):
    signed_in(bruno).post("/notices/")
    told.refresh_from_db()
    assert told.seen_at is None


def test_a_page_without_notices_says_so(ana, signed_in):
    assert "No notices" in signed_in(ana).get("/notices/").content.decode()


def test_the_api_tells_the_same(told, signed_in):
    browser = signed_in(told.user)
    answer = browser.get("/api/notices/").json()
    assert (answer["n_unseen"], answer["notices"][0]["kind"]) == (1, "batch_released")
    assert browser.post("/api/notices/seen/").json() == {"n_seen": 1}
    assert browser.get("/api/notices/").json()["n_unseen"] == 0


def test_a_notice_has_no_number_that_counts_those_of_others(told, signed_in):
    (notice,) = signed_in(told.user).get("/api/notices/").json()["notices"]
    assert set(notice) == {"kind", "title", "text", "href", "created_at", "is_seen"}


def test_dates_in_data_are_dates(due, now):
    due(2)
    delivery.remind(now=now)
    found = Notice.objects.filter(kind="batch_due")[0]
    assert date.fromisoformat(found.data["due_on"]) == now.date() + timedelta(days=2)

"""Each notice is displayed in the app and mailed only once."""

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
    """Send e-mails. In tests, Django collects them in ``mail.outbox``."""
    settings.HAS_MAIL_SERVER = True


@pytest.fixture
def ana_with_email(ana: User) -> User:
    """Ana, with an e-mail address."""
    ana.email = "ana@hospital.example"
    ana.save()
    return ana


@pytest.fixture
def notice(ana_with_email, now) -> Notice:
    delivery.notify([ana_with_email], NoticeKind.BATCH_RELEASED, DATA, now=now)
    return Notice.objects.get()


def kinds_of_notices(user: User) -> list[str]:
    return list(Notice.objects.filter(user=user).order_by("pk").values_list("kind", flat=True))


# -- Texts of notices ---------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "pt-br"])
@pytest.mark.parametrize("kind", list(NoticeKind))
@pytest.mark.parametrize("data", [DATA, {}], ids=["full", "empty"])
def test_every_kind_has_a_text(ana, now, kind, language, data):
    notice = Notice(user=ana, kind=kind, data=data, created_at=now)
    with translation.override(language):
        wording_of_notice = wording.of(notice)
    assert wording_of_notice.title
    assert "%" not in wording_of_notice.text


def test_a_notice_is_in_the_language_of_the_viewer(notice):
    with translation.override("pt-br"):
        assert "exames" in wording.of(notice).text


def test_the_due_day_is_written_out(notice):
    assert "March 9, 2026" in wording.of(notice).text


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_a_mail_has_no_study_batch_or_person(kind):
    wording_of_notice = wording.of_mail(kind, "https://ecg.hospital.example")
    for secret in ("Atrial", "Monday", "Ana"):
        assert secret not in wording_of_notice.title + wording_of_notice.text
    assert "https://ecg.hospital.example" in wording_of_notice.text


# -- Events -------------------------------------------------------------------------------------


def test_a_paused_reader_is_notified(study, make_batch, ana, davi, now):
    make_batch()
    roster.pause(study=study, user=ana, reason="too many artifacts", actor=davi, now=now)
    roster.resume(study=study, user=ana, actor=davi, now=now)
    roster.withdraw(study=study, user=ana, reason="moved", actor=davi, now=now)
    assert kinds_of_notices(ana) == [
        "batch_released",
        "reader_paused",
        "reader_resumed",
        "reader_withdrawn",
    ]


def test_the_reason_of_a_pause_is_not_in_the_notice(study, make_batch, ana, davi, now):
    make_batch()
    roster.pause(study=study, user=ana, reason="too many artifacts", actor=davi, now=now)
    assert "artifacts" not in str(Notice.objects.get(kind="reader_paused").data)


def test_readers_are_notified_when_a_study_is_locked(study, make_batch, ana, bruno, davi, now):
    make_batch()
    roster.withdraw(study=study, user=bruno, reason="moved", actor=davi, now=now)
    lifecycle.lock(study_id=study.pk, actor=davi, now=now)
    assert kinds_of_notices(ana)[-1] == "study_locked"
    assert "study_locked" not in kinds_of_notices(bruno)


# -- Reminders ----------------------------------------------------------------------------------


@pytest.fixture
def make_due_batch(make_batch, make_exam, davi, now):
    """Open a batch that is due ``days`` after ``now``."""

    def make(days: int, **more):
        batch = make_batch([make_exam()], **more)
        day = now.date() + timedelta(days=days)
        type(batch).objects.filter(pk=batch.pk).update(due_on=day)
        batch.refresh_from_db()
        return batch

    return make


def test_readers_with_unread_exams_are_reminded(make_due_batch, ana, bruno, submit, now):
    batch = make_due_batch(2)
    submit(batch.assignments.get(reader=bruno), "artifact")
    assert delivery.remind(now=now) == 1
    assert kinds_of_notices(ana)[-1] == "batch_due"


def test_nobody_is_reminded_twice(make_due_batch, now):
    make_due_batch(2)
    assert [delivery.remind(now=now) for _ in range(3)] == [2, 0, 0]


def test_an_overdue_batch_makes_another_notice(make_due_batch, ana, now):
    make_due_batch(1)
    delivery.remind(now=now)
    assert delivery.remind(now=now + timedelta(days=2)) == 2
    assert kinds_of_notices(ana)[-2:] == ["batch_due", "batch_overdue"]


def test_a_moved_due_day_makes_another_reminder(make_due_batch, davi, now):
    batch = make_due_batch(1)
    delivery.remind(now=now)
    later = now.date() + timedelta(days=2)
    batches.set_due(batch_id=batch.pk, due_on=later, actor=davi, now=now)
    assert delivery.remind(now=now) == 2


def test_a_batch_due_in_three_days_makes_no_reminder(make_due_batch, now):
    make_due_batch(3)
    assert delivery.remind(now=now) == 0


def test_a_closed_batch_makes_no_reminder(make_due_batch, close, now):
    close(make_due_batch(1))
    assert delivery.remind(now=now) == 0


def test_a_paused_reader_is_not_reminded(make_due_batch, study, ana, davi, now):
    make_due_batch(1, readers=[ana])
    roster.pause(study=study, user=ana, reason="leave", actor=davi, now=now)
    assert delivery.remind(now=now) == 0


def test_unqualified_readers_are_not_reminded(make_due_batch, study, ana, now):
    make_due_batch(1, readers=[ana])
    type(study).objects.filter(pk=study.pk).update(phase="open")
    line = StudyReader.objects.get(user=ana)
    batch = ana.seats.get().batch
    batch.study.qualification_required = True
    assert line.qualified_at is None
    assert not delivery._seats_to_remind(batch, now).exists()


def test_all_readers_of_a_pool_are_reminded(study, make_exam, ana, bruno, davi, submit, now):
    batch = pool_slots.create_pool(
        study=study, name="Pool", exams=[make_exam()], readers=[ana, bruno], readers_per_exam=1,
        created_by=davi, now=now, due_on=now.date(),
    )  # fmt: skip
    batches.release(batch_id=batch.pk, actor=davi, now=now)
    submit(leases.take(batch_id=batch.pk, reader=ana, now=now), "artifact")
    assert delivery.remind(now=now) == 2


def test_a_repeat_in_its_washout_makes_no_reminder(make_due_batch, ana, now):
    batch = make_due_batch(1, readers=[ana])
    batch.assignments.update(not_before=now + timedelta(days=9))
    assert delivery.remind(now=now) == 0


# -- Mail ---------------------------------------------------------------------------------------


def test_a_notice_is_mailed_once(notice, now):
    assert delivery.mail_next(now=now)
    assert not delivery.mail_next(now=now)
    (sent,) = mail.outbox
    assert sent.to == ["ana@hospital.example"]


def test_a_mail_is_in_both_languages(notice, now):
    delivery.mail_next(now=now)
    assert mail.outbox[0].subject.startswith("ECG Review: New exams to read / ")


@pytest.mark.parametrize(
    "changes", [{"email": ""}, {"is_active": False}], ids=["no address", "gone"]
)
def test_people_without_address_or_access_get_no_mail(notice, ana_with_email, changes, now):
    User.objects.filter(pk=ana_with_email.pk).update(**changes)
    assert delivery.mail_next(now=now)
    assert (mail.outbox, Notice.objects.all().to_mail().exists()) == ([], False)


def test_without_a_mail_server_nothing_is_mailed(notice, settings, now):
    settings.HAS_MAIL_SERVER = False
    assert delivery.mail_next(now=now)
    assert mail.outbox == []


def test_a_seen_notice_is_not_mailed(notice, ana_with_email, now):
    delivery.mark_seen(user=ana_with_email, now=now)
    delivery.mail_next(now=now)
    assert mail.outbox == []


def test_an_old_notice_is_not_mailed(notice, now):
    delivery.mail_next(now=now + delivery.GIVE_UP_AFTER)
    assert mail.outbox == []


def test_a_mail_is_retried_while_the_server_is_down(notice, settings, caplog, now):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    with caplog.at_level(logging.WARNING):
        assert not delivery.mail_next(now=now)
    notice.refresh_from_db()
    assert (notice.mail_is_due, notice.n_attempts) == (True, 1)
    assert "ana@hospital.example" not in caplog.text


def test_a_refused_address_is_not_retried(notice, settings, refusing_server, now):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", refusing_server
    assert delivery.mail_next(now=now)
    assert not Notice.objects.all().to_mail().exists()


def test_failed_mails_are_retried_last(notice, ana_with_email, now):
    Notice.objects.filter(pk=notice.pk).update(n_attempts=4)
    delivery.notify([ana_with_email], NoticeKind.STUDY_LOCKED, {}, now=now)
    delivery.mail_next(now=now)
    assert "A study was locked" in mail.outbox[0].subject


def test_the_tasks_remind_and_mail(notice, make_due_batch, now, monkeypatch):
    monkeypatch.setattr(
        timezone, "now", lambda: now
    )  # the test must not depend on the date changing at midnight
    make_due_batch(1)
    Batch.objects.update(due_on=now.date())
    Notice.objects.update(created_at=now)
    tasks.remind_readers()
    tasks.mail_notices()
    assert Notice.objects.filter(kind=NoticeKind.BATCH_DUE).exists()
    assert len(mail.outbox) == Notice.objects.filter(user=notice.user).count()


# -- The page -----------------------------------------------------------------------------------


def test_the_page_lists_only_own_notices(notice, bruno, now, client: Client, signed_in):
    delivery.notify([bruno], NoticeKind.STUDY_LOCKED, {"study": "Bruno's study"}, now=now)
    page = signed_in(notice.user).get("/notices/")
    assert "Monday" in page.content.decode()
    assert "Bruno" not in page.content.decode()


def test_the_header_counts_unseen_notices(notice, signed_in):
    browser = signed_in(notice.user)
    assert 'class="bell-count">1<' in browser.get("/worklist/").content.decode()
    browser.post("/notices/")
    assert "bell-count" not in browser.get("/worklist/").content.decode()


def test_a_get_request_does_not_mark_notices_as_seen(notice, signed_in):
    signed_in(notice.user).get("/notices/")
    notice.refresh_from_db()
    assert notice.seen_at is None


def test_nobody_marks_notices_of_others(notice, bruno, signed_in):
    signed_in(bruno).post("/notices/")
    notice.refresh_from_db()
    assert notice.seen_at is None


def test_a_page_without_notices_shows_a_message(ana, signed_in):
    assert "No notices" in signed_in(ana).get("/notices/").content.decode()


def test_the_api_lists_and_marks_notices(notice, signed_in):
    browser = signed_in(notice.user)
    answer = browser.get("/api/notices/").json()
    assert (answer["n_unseen"], answer["notices"][0]["kind"]) == (1, "batch_released")
    assert browser.post("/api/notices/seen/").json() == {"n_seen": 1}
    assert browser.get("/api/notices/").json()["n_unseen"] == 0


def test_the_api_sends_no_notice_ids(notice, signed_in):
    (payload,) = signed_in(notice.user).get("/api/notices/").json()["notices"]
    assert set(payload) == {"kind", "title", "text", "href", "created_at", "is_seen"}


def test_dates_are_stored_in_iso_format(make_due_batch, now):
    make_due_batch(2)
    delivery.remind(now=now)
    notice = Notice.objects.filter(kind="batch_due")[0]
    assert date.fromisoformat(notice.data["due_on"]) == now.date() + timedelta(days=2)

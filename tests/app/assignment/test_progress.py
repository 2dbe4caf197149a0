"""Progress of a study: counts, pace, forecast and flags, without readers' answers."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotations.models import Role
from annotations.services.assignment import batches, leases, pool_slots, progress
from annotations.services.people import roles
from annotations.services.reading import content
from annotations.services.studies import roster
from tests.app import signing
from tests.app.kept import kept

pytestmark = pytest.mark.django_db


@pytest.fixture
def read(now):
    """Submit a reading ``days`` after ``now``."""

    def make(assignment, *codes, days=0.0, active_ms=58_000):
        return signing.submit_reading(
            assignment_id=assignment.pk,
            reader=assignment.reader,
            based_on=0,
            findings=[content.FindingIn(code, "definite") for code in codes],
            quality="good",
            comment="",
            idempotency_key=uuid.uuid4(),
            active_ms=active_ms,
            display={},
            now=now + timedelta(days=days),
        ).reading

    return make


@kept
def batch(make_batch, make_exam):
    return make_batch([make_exam() for _ in range(4)], name="First")


def own(batch, reader):
    return list(batch.assignments.filter(reader=reader).in_reading_order())


def reader_progress(study, reader, at):
    line_of = {line.user: line for line in progress.of_study(study=study, now=at).readers}
    return line_of[reader]


class TestNumbers:
    def test_completion_counts_readings(self, study, batch, ana, read, now):
        read(own(batch, ana)[0])
        result = progress.of_study(study=study, now=now)
        assert (result.n_read, result.n_wanted, result.n_left) == (1, 8, 7)

    def test_an_unreleased_batch_does_not_count(self, study, batch, davi, now):
        planned = batches.make(study=study, name="Later", rows=[], created_by=davi, now=now)
        listed = [line.batch for line in progress.of_study(study=study, now=now).batches]
        assert planned not in listed

    def test_unread_exams_of_a_closed_batch_are_not_left(self, study, batch, close, now):
        close(batch)
        assert progress.of_study(study=study, now=now).n_left == 0

    def test_unread_exams_of_a_closed_batch_are_missing(self, study, batch, ana, read, close, now):
        read(own(batch, ana)[0])
        close(batch)
        result = progress.of_study(study=study, now=now)
        assert (result.n_left, result.n_missing, result.finish_on) == (0, 7, None)
        assert [line.n_missing for line in result.batches] == [7]
        assert {line.user.username: line.n_missing for line in result.readers} == {
            "ana": 3,
            "bruno": 4,
        }

    def test_a_withdrawn_reader_leaves_readings_missing(
        self, study, batch, ana, bruno, davi, read, now
    ):
        for assignment in own(batch, ana):
            read(assignment)
        roster.withdraw(study=study, user=bruno, reason="Moved.", actor=davi, now=now)
        result = progress.of_study(study=study, now=now)
        assert (result.n_left, result.n_missing, result.finish_on) == (0, 4, None)

    def test_readings_made_up_for_in_another_batch_are_not_missing(
        self, study, batch, ana, bruno, make_user, davi, make_batch, read, now
    ):
        roster.withdraw(study=study, user=bruno, reason="Moved.", actor=davi, now=now)
        exams = [assignment.exam for assignment in own(batch, ana)]
        other = make_batch(exams, [make_user("Carla", Role.READER)])
        for assignment in [*own(batch, ana), *other.assignments.all()]:
            read(assignment)
        result = progress.of_study(study=study, now=now)
        assert (result.n_missing, result.finish_on) == (0, now.date())

    def test_the_forecast_counts_only_readings_left(
        self, study, batch, make_batch, ana, read, close, now
    ):
        close(batch)
        read(make_batch(readers=[ana]).assignments.get())
        make_batch(readers=[ana])
        result = progress.of_study(study=study, now=now + timedelta(days=1))
        assert (result.n_left, result.finish_on) == (1, (now + timedelta(days=2)).date())

    def test_pace_is_in_readings_per_day(self, study, batch, ana, read, now):
        for place, assignment in enumerate(own(batch, ana)[:2]):
            read(assignment, days=place)
        assert reader_progress(study, ana, now + timedelta(days=4)).pace.per_day == 0.5

    def test_the_finish_is_forecast(self, study, batch, ana, read, now):
        for place, assignment in enumerate(own(batch, ana)[:2]):
            read(assignment, days=place)
        at = now + timedelta(days=4)
        assert reader_progress(study, ana, at).finish_on == (at + timedelta(days=4)).date()

    def test_a_stalled_reader_leaves_no_finish_date(self, study, batch, ana, read, now):
        for assignment in own(batch, ana):
            read(assignment)
        result = progress.of_study(study=study, now=now + timedelta(days=3))
        assert (result.finish_on, result.n_stalled) == (None, 1)

    def test_a_finished_study_has_today_as_finish_date(self, study, batch, read, now):
        for assignment in batch.assignments.all():
            read(assignment)
        assert progress.of_study(study=study, now=now).finish_on == now.date()

    def test_idle_days_count_from_the_last_reading(self, study, batch, ana, read, now):
        read(own(batch, ana)[0], days=1)
        result = reader_progress(study, ana, now + timedelta(days=9))
        assert (result.idle_days, result.is_idle) == (8, True)

    def test_a_reader_with_nothing_left_is_not_idle(self, study, batch, ana, read, now):
        for assignment in own(batch, ana):
            read(assignment)
        assert reader_progress(study, ana, now + timedelta(days=30)).idle_days is None

    def test_a_paused_reader_is_not_idle(self, study, batch, ana, davi, now):
        roster.pause(study=study, user=ana, reason="leave", actor=davi, now=now)
        assert reader_progress(study, ana, now + timedelta(days=30)).idle_days is None

    def test_exams_are_overdue_after_the_due_date(self, study, batch, ana, bruno, read, davi, now):
        batches.set_due(batch_id=batch.pk, due_on=now.date(), actor=davi, now=now)
        read(own(batch, ana)[0])
        later = now + timedelta(days=1)
        assert reader_progress(study, ana, now).n_overdue == 0
        assert reader_progress(study, ana, later).n_overdue == 3
        assert progress.of_study(study=study, now=later).batches[0].is_overdue

    def test_a_repeat_in_its_washout_is_not_overdue(self, study, batch, ana, davi, now):
        repeat = own(batch, ana)[0]
        batches.set_due(batch_id=batch.pk, due_on=now.date(), actor=davi, now=now)
        type(repeat).objects.filter(pk=repeat.pk).update(
            not_before=timezone.now() + timedelta(days=3000)
        )
        assert reader_progress(study, ana, now + timedelta(days=1)).n_overdue == 3

    def test_a_pool_needs_one_reading_per_slot(self, study, make_exam, ana, bruno, davi, read, now):
        exams = [make_exam() for _ in range(3)]
        pool = pool_slots.create_pool(
            study=study, name="Pool", exams=exams, readers=[ana, bruno], created_by=davi, now=now
        )
        batches.release(batch_id=pool.pk, actor=davi, now=now)
        read(leases.take(batch_id=pool.pk, reader=ana, now=now))
        result = progress.of_study(study=study, now=now).batches[0]
        assert (result.n_wanted, result.n_read, result.n_left) == (6, 1, 5)

    def test_a_clock_set_back_gives_no_negative_pace(self, study, batch, ana, read, now):
        read(own(batch, ana)[0], days=3)
        result = reader_progress(study, ana, now - timedelta(days=3))
        assert result.pace.per_day >= 0


class TestFlags:
    @pytest.fixture
    def large_batch(self, make_batch, make_exam):
        return make_batch([make_exam() for _ in range(24)])

    def test_fast_reading_is_flagged(self, study, large_batch, ana, read, now):
        for assignment in own(large_batch, ana):
            read(assignment, active_ms=2_000)
        assert reader_progress(study, ana, now).haste.is_flagged

    def test_identical_answers_are_flagged(self, study, large_batch, ana, read, now):
        for place, assignment in enumerate(own(large_batch, ana)):
            read(assignment, "atrial_fibrillation", days=place / 100)
        assert reader_progress(study, ana, now).run.length == 24

    def test_answers_with_different_classes_are_not_flagged(
        self, study, large_batch, ana, read, now
    ):
        codes = ("atrial_fibrillation", "sinus_bradycardia")
        for place, assignment in enumerate(own(large_batch, ana)):
            read(assignment, codes[place % 2], days=place / 100)
        assert not reader_progress(study, ana, now).run.is_flagged

    def test_the_order_of_classes_does_not_matter_for_identical_answers(
        self, study, large_batch, ana, read, now
    ):
        codes = ["atrial_fibrillation", "left_bundle_branch_block"]
        for place, assignment in enumerate(own(large_batch, ana)):
            read(assignment, *(codes if place % 2 else codes[::-1]), days=place / 100)
        assert reader_progress(study, ana, now).run.length == 24


class TestPage:
    @pytest.fixture
    def running(self, batch, ana, bruno, read):
        read(own(batch, ana)[0], "atrial_fibrillation")
        return batch

    def test_the_page_names_no_class(self, signed_in, davi, study, running, taxonomy):
        page = signed_in(davi).get(f"/studies/{study.slug}/progress/").content.decode()
        names = [diagnostic_class.name for diagnostic_class in taxonomy.classes.all()]
        codes = [diagnostic_class.code for diagnostic_class in taxonomy.classes.all()]
        assert "1 of 8" in page
        assert not [name for name in names + codes if name in page]

    def test_progress_does_not_depend_on_the_answers(
        self, signed_in, davi, study, batch, ana, read, monkeypatch, now
    ):
        monkeypatch.setattr(timezone, "now", lambda: now)
        client, pages = signed_in(davi), []
        for codes in (["atrial_fibrillation"], ["normal_ecg"]):
            before = transaction.savepoint()
            read(own(batch, ana)[0], *codes)
            pages.append(client.get(f"/studies/{study.slug}/progress.csv").content)
            transaction.savepoint_rollback(before)
        assert pages[0] == pages[1]

    def test_a_coordinator_sees_names(self, signed_in, davi, study, running):
        page = signed_in(davi).get(f"/studies/{study.slug}/progress/").content.decode()
        assert "Ana" in page

    @pytest.mark.parametrize("person", ["rosa", "otto"])
    def test_others_see_pseudonyms(self, request, signed_in, study, running, person):
        client = signed_in(request.getfixturevalue(person))
        for address in ("progress/", "progress.csv"):
            text = client.get(f"/studies/{study.slug}/{address}").content.decode()
            assert "Ana" not in text
            assert "reader-" in text

    def test_a_coordinator_who_reads_in_the_study_sees_no_progress(
        self, signed_in, davi, study, running, make_exam, make_batch
    ):
        roles.give(davi, [Role.COORDINATOR, Role.READER])
        make_batch([make_exam()], [davi])
        client = signed_in(davi)
        page = client.get(f"/studies/{study.slug}/progress/").content.decode()
        assert "Hidden while you read in this study." in page
        assert "Ana" not in page
        assert client.get(f"/studies/{study.slug}/progress.csv").status_code == 403
        assert client.get(f"/api/studies/{study.slug}/progress/").status_code == 403

    def test_the_page_says_that_no_batch_was_released(self, signed_in, davi, study):
        page = signed_in(davi).get(f"/studies/{study.slug}/progress/").content.decode()
        assert "No batch has been released yet" in page

    def test_the_file_has_one_row_per_reader(self, signed_in, davi, study, running):
        text = signed_in(davi).get(f"/studies/{study.slug}/progress.csv").content.decode()
        rows = {row["reader"]: row for row in csv.DictReader(io.StringIO(text))}
        assert rows["Ana"]["submitted"] == "1"
        assert rows["Bruno"]["left"] == "4"

    def test_missing_readings_are_never_shown_as_done(
        self, signed_in, davi, study, batch, running, close
    ):
        close(batch)
        client = signed_in(davi)
        page = client.get(f"/studies/{study.slug}/progress/").content.decode()
        assert "7 readings missing" in page
        assert "all readings submitted" not in page
        assert 'is-ok">done' not in page
        text = client.get(f"/studies/{study.slug}/progress.csv").content.decode()
        rows = {row["reader"]: row for row in csv.DictReader(io.StringIO(text))}
        assert [rows["Bruno"][key] for key in ("missing", "expected_finish_on")] == ["4", ""]
        result = client.get(f"/api/studies/{study.slug}/progress/").json()
        assert (result["n_missing"], result["finish_on"]) == (7, None)
        assert [row["n_missing"] for row in result["batches"]] == [7]

    def test_a_name_that_looks_like_a_formula_is_escaped(
        self, signed_in, davi, ana, study, running
    ):
        ana.first_name = "=1+1"
        ana.save()
        text = signed_in(davi).get(f"/studies/{study.slug}/progress.csv").content.decode()
        assert "'=1+1" in text

    def test_the_api_has_the_same_counts(self, signed_in, davi, study, running):
        result = signed_in(davi).get(f"/api/studies/{study.slug}/progress/").json()
        assert (result["n_submitted"], result["n_wanted"]) == (1, 8)
        assert result["readers"][0]["username"] == "ana"

    def test_the_number_of_queries_does_not_grow_with_batches(
        self, study, batch, make_batch, make_exam, read, now
    ):
        def n_queries():
            with CaptureQueriesContext(connection) as queries:
                progress.of_study(study=study, now=now)
            return len(queries)

        few = n_queries()
        for _ in range(3):
            for assignment in make_batch([make_exam() for _ in range(3)]).assignments.all():
                read(assignment, "atrial_fibrillation")
        assert n_queries() == few

"""Progress for whoever leads a study: how many, how fast, how long still, and never a label."""

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

pytestmark = pytest.mark.django_db


@pytest.fixture
def read(now):
    """Submit a reading so many days after the beginning."""

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


@pytest.fixture
def batch(make_batch, make_exam):
    return make_batch([make_exam() for _ in range(4)], name="First")


def own(batch, reader):
    return list(batch.assignments.filter(reader=reader).in_reading_order())


def of(study, reader, moment):
    (found,) = [
        one for one in progress.of_study(study=study, now=moment).readers if one.user == reader
    ]
    return found


class TestNumbers:
    def test_completion_counts_readings(self, study, batch, ana, read, now):
        read(own(batch, ana)[0])
        found = progress.of_study(study=study, now=now)
        assert (found.n_read, found.n_wanted, found.n_left) == (1, 8, 7)

    def test_a_batch_that_is_not_released_counts_for_nothing(self, study, batch, davi, now):
        made = batches.make(study=study, name="Later", rows=[], created_by=davi, now=now)
        told = [one.batch for one in progress.of_study(study=study, now=now).batches]
        assert made not in told

    def test_what_a_closed_batch_lacks_is_not_left(self, study, batch, close, now):
        close(batch)
        assert progress.of_study(study=study, now=now).n_left == 0

    def test_what_a_closed_batch_lacks_is_missing(self, study, batch, ana, read, close, now):
        read(own(batch, ana)[0])
        close(batch)
        found = progress.of_study(study=study, now=now)
        assert (found.n_left, found.n_missing, found.finish_on) == (0, 7, None)
        assert [one.n_missing for one in found.batches] == [7]
        assert {one.user.username: one.n_missing for one in found.readers} == {"ana": 3, "bruno": 4}

    def test_a_withdrawn_reader_leaves_readings_missing(
        self, study, batch, ana, bruno, davi, read, now
    ):
        for assignment in own(batch, ana):
            read(assignment)
        roster.withdraw(study=study, user=bruno, reason="Moved.", actor=davi, now=now)
        found = progress.of_study(study=study, now=now)
        assert (found.n_left, found.n_missing, found.finish_on) == (0, 4, None)

    def test_what_another_batch_makes_up_for_is_not_missing(
        self, study, batch, ana, bruno, make_user, davi, make_batch, read, now
    ):
        roster.withdraw(study=study, user=bruno, reason="Moved.", actor=davi, now=now)
        exams = [assignment.exam for assignment in own(batch, ana)]
        other = make_batch(exams, [make_user("Carla", Role.READER)])
        for assignment in [*own(batch, ana), *other.assignments.all()]:
            read(assignment)
        found = progress.of_study(study=study, now=now)
        assert (found.n_missing, found.finish_on) == (0, now.date())

    def test_the_forecast_is_of_what_is_left(self, study, batch, make_batch, ana, read, close, now):
        close(batch)
        read(make_batch(readers=[ana]).assignments.get())
        make_batch(readers=[ana])
        found = progress.of_study(study=study, now=now + timedelta(days=1))
        assert (found.n_left, found.finish_on) == (1, (now + timedelta(days=2)).date())

    def test_pace_is_told_in_readings_a_day(self, study, batch, ana, read, now):
        for place, assignment in enumerate(own(batch, ana)[:2]):
            read(assignment, days=place)
        assert of(study, ana, now + timedelta(days=4)).pace.per_day == 0.5

    def test_the_finish_is_forecast(self, study, batch, ana, read, now):
        for place, assignment in enumerate(own(batch, ana)[:2]):
            read(assignment, days=place)
        moment = now + timedelta(days=4)
        assert of(study, ana, moment).finish_on == (moment + timedelta(days=4)).date()

    def test_a_study_is_never_done_while_somebody_does_not_read(self, study, batch, ana, read, now):
        for assignment in own(batch, ana):
            read(assignment)
        found = progress.of_study(study=study, now=now + timedelta(days=3))
        assert (found.finish_on, found.n_stalled) == (None, 1)

    def test_a_study_that_is_read_is_done_today(self, study, batch, read, now):
        for assignment in batch.assignments.all():
            read(assignment)
        assert progress.of_study(study=study, now=now).finish_on == now.date()

    def test_an_idle_reader_is_told_by_days(self, study, batch, ana, read, now):
        read(own(batch, ana)[0], days=1)
        found = of(study, ana, now + timedelta(days=9))
        assert (found.idle_days, found.is_idle) == (8, True)

    def test_who_has_nothing_left_is_not_idle(self, study, batch, ana, read, now):
        for assignment in own(batch, ana):
            read(assignment)
        assert of(study, ana, now + timedelta(days=30)).idle_days is None

    def test_a_paused_reader_is_not_idle(self, study, batch, ana, davi, now):
        roster.pause(study=study, user=ana, reason="leave", actor=davi, now=now)
        assert of(study, ana, now + timedelta(days=30)).idle_days is None

    def test_overdue_are_exams_whose_day_is_over(self, study, batch, ana, bruno, read, davi, now):
        batches.set_due(batch_id=batch.pk, due_on=now.date(), actor=davi, now=now)
        read(own(batch, ana)[0])
        later = now + timedelta(days=1)
        assert of(study, ana, now).n_overdue == 0
        assert of(study, ana, later).n_overdue == 3
        assert progress.of_study(study=study, now=later).batches[0].is_overdue

    def test_a_repeat_that_cannot_be_read_yet_is_not_overdue(self, study, batch, ana, davi, now):
        held = own(batch, ana)[0]
        batches.set_due(batch_id=batch.pk, due_on=now.date(), actor=davi, now=now)
        type(held).objects.filter(pk=held.pk).update(
            not_before=timezone.now() + timedelta(days=3000)
        )
        assert of(study, ana, now + timedelta(days=1)).n_overdue == 3

    def test_a_pool_wants_as_many_readings_as_it_has_slots(
        self, study, make_exam, ana, bruno, davi, read, now
    ):
        exams = [make_exam() for _ in range(3)]
        pool = pool_slots.create_pool(
            study=study, name="Pool", exams=exams, readers=[ana, bruno], created_by=davi, now=now
        )
        batches.release(batch_id=pool.pk, actor=davi, now=now)
        read(leases.take(batch_id=pool.pk, reader=ana, now=now))
        found = progress.of_study(study=study, now=now).batches[0]
        assert (found.n_wanted, found.n_read, found.n_left) == (6, 1, 5)

    def test_a_clock_that_was_set_back_breaks_nothing(self, study, batch, ana, read, now):
        read(own(batch, ana)[0], days=3)
        found = of(study, ana, now - timedelta(days=3))
        assert found.pace.per_day >= 0


class TestFlags:
    @pytest.fixture
    def many(self, make_batch, make_exam):
        return make_batch([make_exam() for _ in range(24)])

    def test_too_fast_is_flagged(self, study, many, ana, read, now):
        for assignment in own(many, ana):
            read(assignment, active_ms=2_000)
        assert of(study, ana, now).haste.is_flagged

    def test_identical_answers_are_flagged(self, study, many, ana, read, now):
        for place, assignment in enumerate(own(many, ana)):
            read(assignment, "atrial_fibrillation", days=place / 100)
        assert of(study, ana, now).run.length == 24

    def test_answers_that_differ_in_a_class_are_not_identical(self, study, many, ana, read, now):
        codes = ("atrial_fibrillation", "sinus_bradycardia")
        for place, assignment in enumerate(own(many, ana)):
            read(assignment, codes[place % 2], days=place / 100)
        assert not of(study, ana, now).run.is_flagged

    def test_the_order_in_which_classes_were_ticked_does_not_matter(
        self, study, many, ana, read, now
    ):
        codes = ["atrial_fibrillation", "left_bundle_branch_block"]
        for place, assignment in enumerate(own(many, ana)):
            read(assignment, *(codes if place % 2 else codes[::-1]), days=place / 100)
        assert of(study, ana, now).run.length == 24


class TestPage:
    @pytest.fixture
    def running(self, batch, ana, bruno, read):
        read(own(batch, ana)[0], "atrial_fibrillation")
        return batch

    def test_it_tells_no_class(self, signed_in, davi, study, running, taxonomy):
        page = signed_in(davi).get(f"/studies/{study.slug}/progress/").content.decode()
        names = [one.name for one in taxonomy.classes.all()]
        codes = [one.code for one in taxonomy.classes.all()]
        assert "1 of 8" in page
        assert not [name for name in names + codes if name in page]

    def test_it_is_the_same_whatever_was_answered(
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

    @pytest.mark.parametrize("who", ["rosa", "otto"])
    def test_others_see_pseudonyms(self, request, signed_in, study, running, who):
        client = signed_in(request.getfixturevalue(who))
        for address in ("progress/", "progress.csv"):
            text = client.get(f"/studies/{study.slug}/{address}").content.decode()
            assert "Ana" not in text
            assert "reader-" in text

    def test_whoever_reads_in_the_study_sees_nothing(
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

    def test_before_the_first_release_it_says_so(self, signed_in, davi, study):
        page = signed_in(davi).get(f"/studies/{study.slug}/progress/").content.decode()
        assert "No batch has been released yet" in page

    def test_the_file_has_a_row_for_each_reader(self, signed_in, davi, study, running):
        text = signed_in(davi).get(f"/studies/{study.slug}/progress.csv").content.decode()
        rows = {row["reader"]: row for row in csv.DictReader(io.StringIO(text))}
        assert rows["Ana"]["submitted"] == "1"
        assert rows["Bruno"]["left"] == "4"

    def test_nothing_says_that_all_is_read_while_readings_are_missing(
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
        found = client.get(f"/api/studies/{study.slug}/progress/").json()
        assert (found["n_missing"], found["finish_on"]) == (7, None)
        assert [one["n_missing"] for one in found["batches"]] == [7]

    def test_a_name_that_is_a_formula_stays_text(self, signed_in, davi, ana, study, running):
        ana.first_name = "=1+1"
        ana.save()
        text = signed_in(davi).get(f"/studies/{study.slug}/progress.csv").content.decode()
        assert "'=1+1" in text

    def test_the_api_tells_the_same(self, signed_in, davi, study, running):
        found = signed_in(davi).get(f"/api/studies/{study.slug}/progress/").json()
        assert (found["n_submitted"], found["n_wanted"]) == (1, 8)
        assert found["readers"][0]["username"] == "ana"

    def test_it_asks_the_database_as_often_for_many_as_for_few(
        self, study, batch, make_batch, make_exam, read, now
    ):
        def n_queries():
            with CaptureQueriesContext(connection) as asked:
                progress.of_study(study=study, now=now)
            return len(asked)

        few = n_queries()
        for _ in range(3):
            for assignment in make_batch([make_exam() for _ in range(3)]).assignments.all():
                read(assignment, "atrial_fibrillation")
        assert n_queries() == few

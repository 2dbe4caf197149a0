"""Setting up a study on the pages: steps, check, plans, amendments and readers."""

from __future__ import annotations

import pytest

from annotations import tasks
from annotations.models import (
    Assignment,
    AuditEvent,
    Batch,
    BreakGlass,
    Notice,
    ProtocolVersion,
    Role,
    Study,
    StudyReader,
)
from annotations.services.assignment import batches, plans
from annotations.services.people import roles
from annotations.services.studies import exam_pool, lifecycle, protocols, roster
from annotations.views.studies import protocol_text
from annotations.views.studies.plans import stratum_names
from annotations.views.studies.setup_forms import ReadingForm, initial
from ecgreview import protocol
from ecgreview.protocol import KEYS, Arm, Protocol
from tests.app.kept import kept

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_broker(monkeypatch):
    """Do not start tasks; the tests of the services cover them."""
    monkeypatch.setattr(tasks, "nudge", lambda task: None)


@kept
def draft(taxonomy, davi, now):
    settings = Protocol(name="Spring", taxonomy=str(taxonomy))
    return lifecycle.create(protocol=settings, created_by=davi, now=now)


@kept
def ready(draft, ana, bruno, clara, make_exam, davi, now):
    """A draft with three readers and six exams."""
    roster.join(study=draft, readers=[ana, bruno, clara], actor=davi, now=now)
    exam_pool.add(study=draft, exams=[make_exam() for _ in range(6)], actor=davi, now=now)
    return draft


@kept
def opened(ready, davi, now):
    return lifecycle.open_study(study_id=ready.pk, actor=davi, now=now)


@kept
def gil(make_user):
    """A coordinator who also reads."""
    return make_user("Gil", Role.READER, Role.COORDINATOR)


def reading_form(study, **others):
    """Return the initial values of the form, updated with ``others``."""
    values = initial(protocols.protocol_of(study)) | others
    return {key: value for key, value in values.items() if value is not None and value is not False}


class TestSteps:
    def test_the_first_step_makes_a_draft(self, signed_in, davi, taxonomy):
        form = {"name": "Autumn", "taxonomy": taxonomy.pk}
        response = signed_in(davi).post("/studies/new/steps/", form)
        assert response.url == "/studies/autumn/setup/reading/"
        assert Study.objects.get().is_draft

    def test_a_duplicate_name_is_refused_at_its_field(self, signed_in, davi, draft):
        form = {"name": draft.name, "taxonomy": draft.taxonomy_id}
        response = signed_in(davi).post("/studies/new/steps/", form)
        assert response.status_code == 400
        assert "name" in response.context["form"].errors

    def test_a_new_name_changes_the_slug(self, signed_in, davi, draft):
        form = {"name": "Summer", "taxonomy": draft.taxonomy_id}
        response = signed_in(davi).post(f"/studies/{draft.slug}/setup/name/", form)
        assert response.url == "/studies/summer/setup/reading/"

    def test_the_reading_step_stores_its_rules(self, signed_in, davi, draft):
        form = reading_form(
            draft, readers_per_exam=3, repeat_percent="5", gold_percent="7.5", washout_days=14
        )
        response = signed_in(davi).post(f"/studies/{draft.slug}/setup/reading/", form)
        draft.refresh_from_db()
        assert response.url == f"/studies/{draft.slug}/readers/"
        assert (draft.readers_per_exam, draft.repeat_fraction) == (3, 0.05)
        assert draft.gold_fraction == 0.075

    def test_submitting_an_unchanged_step_changes_nothing(self, signed_in, davi, draft):
        before = protocols.protocol_of(draft)
        signed_in(davi).post(f"/studies/{draft.slug}/setup/reading/", reading_form(draft))
        draft.refresh_from_db()
        assert protocols.protocol_of(draft) == before

    def test_repeats_without_a_washout_are_explained(self, signed_in, davi, draft):
        form = reading_form(draft, repeat_percent="5", washout_days=0, washout_exams=0)
        client = signed_in(davi)
        client.post(f"/studies/{draft.slug}/setup/reading/", form)
        page = client.get(f"/studies/{draft.slug}/setup/check/").content.decode()
        refused_page = client.post(f"/studies/{draft.slug}/setup/reading/", form).content.decode()
        assert "A repeat could come immediately" in refused_page + page

    def test_randomization_needs_two_arms(self, signed_in, davi, draft):
        form = reading_form(
            draft, suggestion_policy="randomised", arm_none=0, arm_after_commit=1, arm_concurrent=0
        )
        response = signed_in(davi).post(f"/studies/{draft.slug}/setup/reading/", form)
        assert response.status_code == 400
        assert "suggestion_policy" in response.context["form"].errors

    def test_arms_are_stored_with_their_weights(self, signed_in, davi, draft):
        form = reading_form(
            draft, suggestion_policy="randomised", arm_none=0, arm_after_commit=2, arm_concurrent=1
        )
        signed_in(davi).post(f"/studies/{draft.slug}/setup/reading/", form)
        draft.refresh_from_db()
        arms = protocols.protocol_of(draft).suggestion_arms
        assert set(arms) == {Arm("after_commit", 2), Arm("concurrent", 1)}

    def test_an_unknown_class_on_a_key_is_refused_at_its_field(self, signed_in, davi, draft):
        form = reading_form(draft, frequent_classes="no_such_class")
        response = signed_in(davi).post(f"/studies/{draft.slug}/setup/reading/", form)
        assert "frequent_classes" in response.context["form"].errors

    def test_the_form_has_every_rule(self):
        entered = {"name", "taxonomy", "order_seed", "adjudication"}
        renamed = {"repeat_fraction", "gold_fraction", "suggestion_arms", "qualification"}
        assert set(KEYS) - entered - renamed <= set(ReadingForm.base_fields)

    @pytest.mark.parametrize("step", ["setup/name", "setup/reading", "readers", "exams"])
    def test_each_step_of_a_draft_can_be_opened(self, signed_in, davi, draft, step):
        page = signed_in(davi).get(f"/studies/{draft.slug}/{step}/")
        assert page.status_code == 200
        assert 'aria-current="step"' in page.content.decode()

    def test_readers_join(self, signed_in, davi, draft, ana, bruno):
        form = {"do": "add", "readers": [ana.pk, bruno.pk]}
        signed_in(davi).post(f"/studies/{draft.slug}/readers/", form)
        assert StudyReader.objects.filter(study=draft).count() == 2

    def test_a_limit_can_be_set_and_removed(self, signed_in, davi, ready, ana):
        client, address = signed_in(davi), f"/studies/{ready.slug}/readers/"
        client.post(address, {"do": "caps", f"cap-{ana.pk}": "40"})
        assert StudyReader.objects.get(user=ana).max_exams == 40
        client.post(address, {"do": "caps", f"cap-{ana.pk}": ""})
        assert StudyReader.objects.get(user=ana).max_exams is None

    @pytest.mark.parametrize("invalid", ["-1", "four", "9" * 30, "٣", "\0"])
    def test_an_invalid_limit_is_refused(self, signed_in, davi, ready, ana, invalid):
        form = {"do": "caps", f"cap-{ana.pk}": invalid}
        page = signed_in(davi).post(f"/studies/{ready.slug}/readers/", form, follow=True)
        assert "enter a whole number" in page.content.decode()
        assert StudyReader.objects.get(user=ana).max_exams is None

    def test_a_reader_can_be_removed_from_a_draft(self, signed_in, davi, ready, ana):
        signed_in(davi).post(f"/studies/{ready.slug}/readers/{ana.pk}/", {"do": "take-off"})
        assert not StudyReader.objects.filter(user=ana).exists()

    def test_exams_are_drawn(self, signed_in, davi, draft, make_exam, dataset):
        for _ in range(4):
            make_exam()
        form = {"do": "draw", "dataset": dataset.pk, "n_exams": 3, "stratify_by": "none",
                "quota": "proportional"}  # fmt: skip
        signed_in(davi).post(f"/studies/{draft.slug}/exams/", form)
        assert draft.pool.count() == 3

    def test_exams_are_added_by_code(self, signed_in, davi, draft, make_exam):
        exam = make_exam()
        form = {"do": "codes", "codes": f"{exam.code} NOSUCHXX"}
        page = signed_in(davi).post(f"/studies/{draft.slug}/exams/", form, follow=True)
        assert "NOSUCHXX" in page.content.decode()
        assert draft.pool.get().exam == exam

    @pytest.mark.parametrize("is_known", [True, False])
    def test_codes_that_add_no_exam_are_refused(
        self, signed_in, davi, draft, make_exam, now, is_known
    ):
        exam = make_exam()
        exam_pool.add(study=draft, exams=[exam], actor=davi, now=now)
        form = {"do": "codes", "codes": exam.code if is_known else "NOSUCHXX"}
        response = signed_in(davi).post(f"/studies/{draft.slug}/exams/", form)
        expected = (
            "The study already has all of these exams."
            if is_known
            else "Some of these exams do not exist."
        )
        assert expected in response.content.decode()

    def test_too_few_exams_of_a_stratum_are_explained(
        self, signed_in, davi, draft, make_exam, dataset
    ):
        make_exam()
        form = {"do": "draw", "dataset": dataset.pk, "stratify_by": "source", "quota": "listed",
                "listed": "AFIB 3"}  # fmt: skip
        response = signed_in(davi).post(f"/studies/{draft.slug}/exams/", form)
        page = response.content.decode()
        assert "A stratum has too few exams left: AFIB (requested: 3; left: 0)" in page

    def test_drawing_when_no_exams_are_left_is_refused(
        self, signed_in, davi, ready, make_exam, dataset
    ):
        form = {"do": "draw", "dataset": dataset.pk, "stratify_by": "none", "quota": "equal"}
        response = signed_in(davi).post(f"/studies/{ready.slug}/exams/", form)
        assert "There are not enough unassigned exams left to add." in response.content.decode()


class TestCheck:
    def test_it_shows_the_plan_preview(self, signed_in, davi, ready):
        page = signed_in(davi).get(f"/studies/{ready.slug}/setup/check/")
        assert page.context["preview"].n_readings == 12
        assert page.context["problems"] == []

    def test_it_lists_every_rule(self, signed_in, davi, ready):
        page = signed_in(davi).get(f"/studies/{ready.slug}/setup/check/")
        assert len(page.context["lines"]) == len(protocol_text.RULE_TEXTS)

    def test_too_few_readers_prevent_opening(self, signed_in, davi, ready):
        form = reading_form(ready, readers_per_exam=5)
        client = signed_in(davi)
        client.post(f"/studies/{ready.slug}/setup/reading/", form)
        page = client.get(f"/studies/{ready.slug}/setup/check/").content.decode()
        assert "Each exam needs 5 readers, but the study has 3. Add 2 more" in page
        assert client.post(f"/studies/{ready.slug}/opening/").status_code == 400

    def test_a_washout_longer_than_the_list_is_explained(self, signed_in, davi, ready):
        form = reading_form(ready, repeat_percent="50", washout_exams=400)
        client = signed_in(davi)
        client.post(f"/studies/{ready.slug}/setup/reading/", form)
        page = client.get(f"/studies/{ready.slug}/setup/check/").content.decode()
        assert "too few exams to place 400 others in between" in page

    def test_an_empty_draft_can_be_checked(self, signed_in, davi, draft):
        page = signed_in(davi).get(f"/studies/{draft.slug}/setup/check/").content.decode()
        assert "The study has no readers yet." in page

    def test_opening_stores_version_1(self, signed_in, davi, ready):
        response = signed_in(davi).post(f"/studies/{ready.slug}/opening/")
        assert response.url == f"/studies/{ready.slug}/plan/"
        assert ProtocolVersion.objects.get().version == 1

    def test_opening_twice_is_explained(self, signed_in, davi, opened):
        page = signed_in(davi).post(f"/studies/{opened.slug}/opening/", follow=True)
        assert "Its phase is: Open." in page.content.decode()

    def test_an_open_study_redirects_from_its_steps(self, signed_in, davi, opened):
        response = signed_in(davi).get(f"/studies/{opened.slug}/setup/check/")
        assert response.url == f"/studies/{opened.slug}/"


class TestPlanning:
    def test_planning_leads_to_the_balance_report(self, signed_in, davi, opened):
        client = signed_in(davi)
        form = {"name": "Batch 1", "n_batches": 1, "handout": "named", "lease_minutes": 120}
        page = client.post(f"/studies/{opened.slug}/plan/", form, follow=True)
        assert page.context["report"].n_readings == 12
        assert "Planned" in page.content.decode()

    def test_a_duplicate_batch_name_is_refused_at_its_field(self, signed_in, davi, opened, now):
        plans.plan(study=opened, name="Batch 1", n_exams=2, created_by=davi, now=now)
        form = {"name": "Batch 1", "n_batches": 1, "handout": "named", "lease_minutes": 120}
        response = signed_in(davi).post(f"/studies/{opened.slug}/plan/", form)
        assert "name" in response.context["form"].errors

    def test_an_impossible_plan_is_explained(self, signed_in, davi, opened, bruno, ana, now):
        for reader in (ana, bruno):
            roster.pause(study=opened, user=reader, reason="leave", actor=davi, now=now)
        form = {"name": "Batch 1", "n_batches": 1, "handout": "named", "lease_minutes": 120}
        response = signed_in(davi).post(f"/studies/{opened.slug}/plan/", form)
        assert response.status_code == 400
        assert "Each exam needs 2 readers, but only 1 can read" in response.content.decode()

    def test_a_pool_can_be_planned(self, signed_in, davi, opened):
        form = {"name": "Pool", "n_batches": 1, "handout": "pooled", "lease_minutes": 60}
        page = signed_in(davi).post(f"/studies/{opened.slug}/plan/", form, follow=True)
        assert Batch.objects.get().slots.count() == 12
        assert "returns to the pool" in page.content.decode()

    def test_releasing_notifies_the_readers(self, signed_in, davi, ana, opened, now):
        (batch,) = plans.plan(study=opened, name="B", created_by=davi, now=now)
        signed_in(davi).post(f"/batches/{batch.pk}/release/", {"due_on": "2099-01-31"})
        batch.refresh_from_db()
        assert batch.is_released
        assert str(batch.due_on) == "2099-01-31"
        assert Notice.objects.filter(user=ana).exists()

    def test_a_due_day_in_the_past_is_refused(self, signed_in, davi, opened, now):
        (batch,) = plans.plan(study=opened, name="B", created_by=davi, now=now)
        form = {"due_on": "2001-01-31"}
        page = signed_in(davi).post(f"/batches/{batch.pk}/release/", form, follow=True)
        assert "Choose today or a later day." in page.content.decode()
        assert not Batch.objects.get().is_released

    def test_a_plan_can_be_discarded(self, signed_in, davi, opened, now):
        (batch,) = plans.plan(study=opened, name="B", created_by=davi, now=now)
        response = signed_in(davi).post(f"/batches/{batch.pk}/discarding/")
        assert response.url == f"/studies/{opened.slug}/"
        assert not Assignment.objects.exists()

    def test_a_released_batch_cannot_be_discarded(self, signed_in, davi, opened, now):
        (batch,) = plans.plan(study=opened, name="B", created_by=davi, now=now)
        batches.release(batch_id=batch.pk, actor=davi, now=now)
        signed_in(davi).post(f"/batches/{batch.pk}/discarding/")
        assert Batch.objects.exists()

    def test_the_due_day_can_be_changed(self, signed_in, davi, opened, now):
        (batch,) = plans.plan(study=opened, name="B", created_by=davi, now=now)
        signed_in(davi).post(f"/batches/{batch.pk}/due/", {"due_on": "2099-03-01"})
        assert str(Batch.objects.get().due_on) == "2099-03-01"


class TestAmending:
    def test_changes_are_shown_before_they_are_stored(self, signed_in, davi, opened):
        form = {**reading_form(opened, readers_per_exam=3), "step": "show"}
        page = signed_in(davi).post(f"/studies/{opened.slug}/amendment/", form)
        assert [change.after for change in page.context["changes"]] == ["3 readers read each exam"]
        assert ProtocolVersion.objects.count() == 1

    def test_an_amendment_needs_a_reason(self, signed_in, davi, opened):
        form = {**reading_form(opened, readers_per_exam=3), "step": "amend", "reason": " "}
        response = signed_in(davi).post(f"/studies/{opened.slug}/amendment/", form)
        assert response.status_code == 400
        assert "reason" in response.context["form"].errors

    def test_an_amendment_makes_a_new_version(self, signed_in, davi, opened):
        form = {**reading_form(opened, readers_per_exam=3), "step": "amend", "reason": "Disputes"}
        page = signed_in(davi).post(f"/studies/{opened.slug}/amendment/", form, follow=True)
        versions_shown = page.context["versions"]
        assert [version["row"].version for version in versions_shown] == [2, 1]
        assert versions_shown[0]["changes"][0].before == "2 readers read each exam"

    def test_an_amendment_without_changes_is_refused(self, signed_in, davi, opened):
        form = {**reading_form(opened), "step": "show"}
        response = signed_in(davi).post(f"/studies/{opened.slug}/amendment/", form)
        assert "Nothing has changed. Change at least one rule." in response.content.decode()

    def test_amending_a_draft_redirects_to_its_steps(self, signed_in, davi, draft):
        response = signed_in(davi).get(f"/studies/{draft.slug}/amendment/")
        assert response.url == f"/studies/{draft.slug}/setup/reading/"


class TestPhases:
    def test_locking_closes_open_batches(self, signed_in, davi, opened, now):
        plans.plan(study=opened, name="B", created_by=davi, now=now)
        signed_in(davi).post(f"/studies/{opened.slug}/locking/")
        opened.refresh_from_db()
        assert opened.phase == "locked"
        assert not Batch.objects.get().is_open

    def test_only_a_locked_study_is_released(self, signed_in, davi, opened):
        client = signed_in(davi)
        client.post(f"/studies/{opened.slug}/release/")
        opened.refresh_from_db()
        assert opened.phase == "open"
        client.post(f"/studies/{opened.slug}/locking/")
        client.post(f"/studies/{opened.slug}/release/")
        opened.refresh_from_db()
        assert opened.phase == "released"

    def test_the_short_form_can_open_the_study_immediately(self, signed_in, davi, taxonomy):
        form = {"name": "Quick", "suggestion_policy": "none", "clinical_information": "none",
                "consensus_rule": "agreement_then_majority", "open_now": "on"}  # fmt: skip
        signed_in(davi).post("/studies/new/", form)
        assert Study.objects.get().is_open

    def test_the_protocol_file_has_the_same_protocol(self, signed_in, davi, opened):
        text = signed_in(davi).get(f"/studies/{opened.slug}/protocol.yaml").content.decode()
        expected = protocols.without_seed(protocols.protocol_of(opened))
        assert protocol.load(text) == expected

    def test_the_protocol_file_does_not_contain_the_seed(self, signed_in, davi, opened):
        text = signed_in(davi).get(f"/studies/{opened.slug}/protocol.yaml").content.decode()
        assert opened.seed not in text

    @pytest.mark.parametrize("page", ["", "protocol/", "readers/", "exams/", "progress/"])
    def test_no_page_contains_the_seed(self, signed_in, davi, opened, page):
        text = signed_in(davi).get(f"/studies/{opened.slug}/{page}").content.decode()
        assert opened.seed not in text

    def test_every_rule_of_a_protocol_has_a_text(self, opened):
        document = protocol.complete(protocol.as_document(protocols.protocol_of(opened)))
        within = {"suggestion_arms", "washout_days", "washout_exams"}
        keys = {line.key for line in protocol_text.lines(document)}
        assert set(document) - within == keys


class TestReaders:
    def test_pausing_needs_a_reason(self, signed_in, davi, opened, ana):
        response = signed_in(davi).post(
            f"/studies/{opened.slug}/readers/{ana.pk}/", {"do": "pause", "reason": ""}
        )
        assert response.status_code == 400

    @pytest.mark.parametrize(("action", "status"), [("pause", "paused"), ("withdraw", "withdrawn")])
    def test_a_reader_can_be_paused_and_withdrawn(
        self, signed_in, davi, opened, ana, action, status
    ):
        form = {"do": action, "reason": "on leave"}
        signed_in(davi).post(f"/studies/{opened.slug}/readers/{ana.pk}/", form)
        assert StudyReader.objects.get(user=ana).status == status

    def test_a_paused_reader_can_be_resumed(self, signed_in, davi, opened, ana, now):
        roster.pause(study=opened, user=ana, reason="leave", actor=davi, now=now)
        signed_in(davi).post(f"/studies/{opened.slug}/readers/{ana.pk}/", {"do": "resume"})
        assert StudyReader.objects.get(user=ana).status == "active"

    def test_unread_exams_can_be_reassigned(self, signed_in, davi, opened, ana, clara, now):
        (batch,) = plans.plan(study=opened, name="B", created_by=davi, now=now)
        batches.release(batch_id=batch.pk, actor=davi, now=now)
        form = {"to": [clara.pk], "reason": "moved away"}
        signed_in(davi).post(f"/studies/{opened.slug}/readers/{ana.pk}/reassigning/", form)
        assert Assignment.objects.filter(reader=ana, state="withdrawn").exists()

    def test_a_researcher_sees_pseudonyms(self, signed_in, rosa, opened, ana):
        page = signed_in(rosa).get(f"/studies/{opened.slug}/readers/").content.decode()
        assert "Ana" not in page
        assert "reader-" in page

    def test_a_researcher_cannot_add_readers(self, signed_in, rosa, opened, eva):
        form = {"do": "add", "readers": [eva.pk]}
        response = signed_in(rosa).post(f"/studies/{opened.slug}/readers/", form)
        assert response.status_code == 403


class TestBlinding:
    @pytest.fixture
    def gil_on_roster(self, gil, ready, davi, now):
        roster.join(study=ready, readers=[gil], actor=davi, now=now)
        return gil

    def test_strata_are_hidden_from_readers(self, signed_in, gil_on_roster, ready):
        ready.pool.update(stratum="AFIB-KIND")
        page = signed_in(gil_on_roster).get(f"/studies/{ready.slug}/exams/").content.decode()
        assert "AFIB-KIND" not in page
        assert 'name="stratify_by"' not in page

    def test_strata_are_shown_to_people_who_do_not_read(self, signed_in, davi, ready):
        ready.pool.filter(pk=ready.pool.first().pk).update(stratum="AFIB-KIND")
        page = signed_in(davi).get(f"/studies/{ready.slug}/exams/").content.decode()
        assert "AFIB-KIND" in page

    def test_requesting_a_stratum_directly_does_not_reveal_it(
        self, signed_in, gil_on_roster, ready, make_exam, dataset
    ):
        make_exam()
        form = {"do": "draw", "dataset": dataset.pk, "n_exams": 1, "stratify_by": "source",
                "quota": "equal"}  # fmt: skip
        signed_in(gil_on_roster).post(f"/studies/{ready.slug}/exams/", form)
        assert set(ready.pool.values_list("stratum", flat=True)) == {""}

    def test_numbers_of_waiting_exams_are_hidden_from_readers(
        self, signed_in, gil_on_roster, ready, ana, bruno, davi, now
    ):
        study = lifecycle.open_study(study_id=ready.pk, actor=davi, now=now)
        (batch,) = plans.plan(study=study, name="B", created_by=davi, now=now)
        batches.release(batch_id=batch.pk, actor=davi, now=now)
        client = signed_in(gil_on_roster)
        page = client.get(f"/studies/{study.slug}/readers/{ana.pk}/")
        assert page.context["n_waiting"] == 0
        form = {"to": [bruno.pk], "reason": "x"}
        address = f"/studies/{study.slug}/readers/{ana.pk}/reassigning/"
        assert client.post(address, form).status_code == 403

    def test_numbers_of_assigned_exams_are_hidden_from_readers(
        self, signed_in, gil_on_roster, ready
    ):
        client = signed_in(gil_on_roster)
        assert ">Given<" not in client.get(f"/studies/{ready.slug}/readers/").content.decode()
        readers = client.get(f"/api/studies/{ready.slug}/readers/").json()["readers"]
        assert {reader["n_assigned"] for reader in readers} == {None}

    def test_numbers_of_assigned_exams_are_shown_to_others(self, signed_in, davi, ready):
        readers = signed_in(davi).get(f"/api/studies/{ready.slug}/readers/").json()["readers"]
        assert {reader["n_assigned"] for reader in readers} == {0}

    def test_breaking_the_glass_needs_a_reason(self, signed_in, gil_on_roster, ready):
        client = signed_in(gil_on_roster)
        assert (
            "cannot be undone" in client.get(f"/studies/{ready.slug}/break-glass/").content.decode()
        )
        response = client.post(f"/studies/{ready.slug}/break-glass/", {"reason": ""})
        assert response.status_code == 400
        assert not BreakGlass.objects.exists()

    def test_breaking_the_glass_withdraws_the_reader(self, signed_in, gil_on_roster, ready):
        signed_in(gil_on_roster).post(
            f"/studies/{ready.slug}/break-glass/", {"reason": "A patient is in danger."}
        )
        assert StudyReader.objects.get(user=gil_on_roster).status == "withdrawn"
        assert AuditEvent.objects.filter(action="study.glass_broken").exists()

    def test_people_who_do_not_read_cannot_break_the_glass(self, signed_in, davi, ready):
        response = signed_in(davi).get(f"/studies/{ready.slug}/break-glass/")
        assert response.url == f"/studies/{ready.slug}/"

    def test_readers_cannot_break_the_glass(self, signed_in, ana, ready):
        assert signed_in(ana).get(f"/studies/{ready.slug}/break-glass/").status_code == 403


class TestSourceLabels:
    def test_readers_get_no_source_labels(self, signed_in, ana, bruno, make_exam, make_batch):
        exam = make_exam()
        exam.source_labels = ["POISON-LABEL"]
        exam.save()
        assignment = make_batch([exam], [ana, bruno]).assignments.get(reader=ana)
        client = signed_in(ana)
        for address in (
            "/worklist/",
            f"/read/{assignment.pk}/",
            "/api/assignments/",
            f"/api/assignments/{assignment.pk}/",
            f"/api/assignments/{assignment.pk}/suggestions/",
            "/api/readings/",
        ):
            assert "POISON-LABEL" not in client.get(address).content.decode(), address

    def test_a_source_code_is_shown_as_the_class_name(self, taxonomy):
        names = stratum_names(taxonomy, ["164889003", "nowhere"])
        assert names == {"164889003": taxonomy.classes.get(code="atrial_fibrillation").local_name}


def test_only_coordinators_can_break_the_glass():
    holders = {role for role, names in roles.PERMISSIONS.items() if "break_glass" in names}
    assert holders == {Role.COORDINATOR}

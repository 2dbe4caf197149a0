"""One more reader reads the classes in dispute, blind, before an adjudicator is asked."""

from __future__ import annotations

import re
import uuid
from collections import Counter

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from annotations.models import Adjudication, Consensus, Purpose, Role
from annotations.services.adjudication import decisions
from annotations.services.assignment import batches, reassignment
from annotations.services.consensus import adjudications, disputes, extra_readers
from annotations.services.refusals import NameTaken
from annotations.services.releases import exam_labels
from annotations.services.studies import roster
from tests.app.adjudicating import decide
from tests.app.adjudication.conftest import AF, AVB, LVH
from tests.app.export.test_tables import csv_rows
from tests.app.kept import kept

pytestmark = pytest.mark.django_db

# What two readers marked. Only AV block is in dispute.
DISPUTES: list[tuple[list[str], list[str]]] = [
    ([AVB, LVH], [LVH]),
    ([], [AVB]),
    ([AF], [AF, AVB]),
]


@kept
def study(make_study):
    """A study whose rule takes one more vote."""
    return make_study(consensus_rule="majority_per_class")


@kept
def eva(make_user):
    """A reader who has read nothing yet."""
    return make_user("Eva", Role.READER)


@kept
def fabio(make_user):
    return make_user("Fabio", Role.READER)


@pytest.fixture
def ask(davi, now):
    def make(batch, readers, **more):
        return extra_readers.ask(
            batch_id=batch.pk, readers=readers, created_by=davi, now=now, **more
        )

    return make


@pytest.fixture
def given(ask, disputed, eva):
    """Eva's assignment of the exam in dispute."""
    rows = ask(disputed, [eva]).assignments
    return rows.select_related("batch__study", "batch__taxonomy", "reader", "exam").get()


@pytest.fixture
def five(make_batch, make_exam, submit, close, ana, bruno):
    """A closed batch of five exams in dispute."""
    batch = make_batch([make_exam() for _ in range(5)], [ana, bruno], name="Five")
    for assignment in batch.assignments.all():
        submit(assignment, *([AVB] if assignment.reader == ana else []))
    return close(batch)


def client_of(user):
    client = APIClient()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def loads(batch):
    return Counter(batch.assignments.values_list("reader__username", flat=True))


class TestVote:
    def test_it_settles_the_tie(self, given, recompute, close, now):
        assert recompute().outcome == "disputed"
        decide(given, AVB, now=now)
        close(given.batch)
        row = recompute()
        assert (row.state(AVB), row.bases[AVB]) == ("present", "majority")
        assert (row.outcome, row.adjudicated, row.n_readings) == ("majority", [], 3)
        assert row.labels.get(diagnostic_class__code=AVB).n_positive == 2

    def test_it_counts_for_nothing_else(self, given, recompute, close, now):
        decide(given, now=now)
        close(given.batch)
        row = recompute()
        assert (row.state(AVB), row.state(LVH)) == ("absent", "present")
        assert row.labels.get(diagnostic_class__code=LVH).n_readings == 2

    def test_it_is_no_vote_on_classes_that_it_was_not_asked_about(
        self, given, recompute, close, now
    ):
        decide(given, now=now)
        close(given.batch)
        labels = exam_labels.of(recompute(), [AF, AVB, LVH])
        assert {code: (label.n_marked, label.n_votes) for code, label in labels.items()} == {
            AF: (0, 2), AVB: (1, 3), LVH: (2, 2),
        }  # fmt: skip

    def test_it_counts_once_its_batch_is_closed(self, given, recompute, now):
        decide(given, AVB, now=now)
        assert recompute().state(AVB) == "undecided"

    def test_what_stays_in_dispute_goes_to_adjudicators(
        self, given, recompute, close, disputed, eva, clara, davi, now
    ):
        decide(given, undecidable=[AVB], now=now)
        close(given.batch)
        assert recompute().state(AVB) == "undecided"
        with pytest.raises(roster.NotAReader):
            adjudications.send_disputed(
                batch_id=disputed.pk, readers=[eva], created_by=davi, now=now
            )
        eva.groups.add(clara.groups.get())
        with pytest.raises(adjudications.AlreadyRead, match="Eva"):
            adjudications.send_disputed(
                batch_id=disputed.pk, readers=[eva], created_by=davi, now=now
            )
        sent = adjudications.send_disputed(
            batch_id=disputed.pk, readers=[clara], created_by=davi, now=now
        )
        case = sent.cases.get()
        assert (case.asked, case.agreed, len(case.readings)) == ([AVB], [LVH], 2)

    def test_it_is_exported_with_its_purpose(self, given, close, study, now):
        decide(given, AVB, now=now)
        close(given.batch)
        (row,) = csv_rows(study, now, "adjudications.csv")
        assert [row[name] for name in ("purpose", "class", "answer")] == ["extra", AVB, "present"]
        assert list(row)[:3] == ["exam", "batch", "purpose"]


class TestDesk:
    def test_it_asks_only_the_classes_in_dispute(self, given, eva):
        shown = client_of(eva).get(reverse("api-adjudication", args=[given.pk])).json()
        assert (shown["asked"], shown["is_extra"], shown["due"]) == ([AVB], True, "masked")
        assert (shown["agreed"], shown["readings"], shown["members"]) == ([], [], [])

    def test_no_byte_depends_on_votes_or_agreement(self, ask, read, eva, ana, bruno, make_exam):
        client, sent = client_of(eva), []
        for number, (of_ana, of_bruno) in enumerate(DISPUTES):
            batch = read({ana: of_ana, bruno: of_bruno}, make_exam(), name=f"Batch {number}")
            given = ask(batch, [eva]).assignments.get()
            addresses = [reverse(name, args=[given.pk]) for name in ("api-adjudication", "desk")]
            bodies = [client.get(address).content.decode() for address in addresses]
            sent.append(_comparable("".join(bodies), given))
        assert sent[0] == sent[1] == sent[2]
        assert "Read only these classes." in sent[0]

    def test_another_class_is_refused_alike_whether_readers_agree_on_it_or_not(self, given, eva):
        answers = []
        for code in (LVH, AF):
            for answer in ("present", "absent"):
                body = {
                    "stage": "masked",
                    "answers": [
                        {"class": AVB, "answer": "present"},
                        {"class": code, "answer": answer, "reason": "Clear."},
                    ],
                }
                response = client_of(eva).post(
                    reverse("api-adjudication", args=[given.pk]), body, format="json",
                    headers={"Idempotency-Key": str(uuid.uuid4())},
                )  # fmt: skip
                answers.append((response.status_code, response.json()["type"]))
        assert len(set(answers)) == 1
        assert answers[0][1].endswith("not-disputed")
        assert not Adjudication.objects.exists()

    def test_there_is_no_audit_form(self, given, now):
        form = decisions.AuditForm("both", would_change_conduct=False)
        with pytest.raises(decisions.AuditFormMissing):
            decide(given, AVB, audit_form=form, now=now)

    def test_what_was_shown_is_stored(self, given, now):
        assert decide(given, AVB, now=now).adjudication.shown == {"agreed": []}


class TestDistribution:
    def test_exams_are_divided_evenly(self, ask, five, eva, fabio):
        sent = ask(five, [eva, fabio])
        assert (sent.purpose, sent.is_released) == (Purpose.EXTRA, True)
        assert sorted(loads(sent).values()) == [2, 3]
        assert sent.assignments.values("exam").distinct().count() == 5

    def test_maximums_are_respected(self, ask, five, study, eva, fabio, davi, now):
        roster.join(study=study, readers=[eva], actor=davi, now=now)
        roster.set_cap(study=study, user=eva, max_exams=1, actor=davi, now=now)
        assert loads(ask(five, [eva, fabio])) == {eva.username: 1, fabio.username: 4}

    def test_exams_that_nobody_can_take_are_counted(
        self, ask, five, study, eva, fabio, ana, davi, now
    ):
        roster.join(study=study, readers=[eva, fabio], actor=davi, now=now)
        for reader, most in ((eva, 1), (fabio, 2)):
            roster.set_cap(study=study, user=reader, max_exams=most, actor=davi, now=now)
        with pytest.raises(extra_readers.ExtraReadersMissing) as refusal:
            ask(five, [eva, fabio, ana])
        assert refusal.value.details == {"n": 2}
        assert not study.batches.filter(purpose=Purpose.EXTRA).exists()

    def test_readers_of_the_exams_get_none(self, ask, five, ana):
        with pytest.raises(extra_readers.ExtraReadersMissing) as refusal:
            ask(five, [ana])
        assert refusal.value.details == {"n": 5}

    def test_a_second_round_goes_to_others(
        self, ask, given, disputed, recompute, close, eva, fabio, now
    ):
        decide(given, undecidable=[AVB], now=now)
        close(given.batch)
        recompute()
        again = ask(given.batch, [eva, fabio])
        assert (again.name, loads(again)) == (
            f"{disputed.name}, extra reading, extra reading", {fabio.username: 1},
        )  # fmt: skip

    def test_an_exam_may_get_several(self, ask, five, eva, fabio):
        assert loads(ask(five, [eva, fabio], readers_per_exam=2)) == {
            eva.username: 5, fabio.username: 5,
        }  # fmt: skip
        assert not set(extra_readers.able(five.study, _people(eva), _exams(five)))

    def test_only_people_who_may_take_an_exam_are_offered(
        self, five, study, eva, fabio, ana, clara, davi, now
    ):
        roster.join(study=study, readers=[fabio], actor=davi, now=now)
        roster.pause(study=study, user=fabio, reason="Away", actor=davi, now=now)
        offered = extra_readers.able(study, _people(eva, fabio, ana, clara), _exams(five))
        assert sorted(offered) == sorted([eva.pk, clara.pk])


class TestRefusals:
    @pytest.mark.parametrize("rule", ["union_then_adjudicate", "two_plus_adjudicator", "unanimous"])
    def test_a_rule_that_one_more_vote_cannot_settle(self, ask, amend, disputed, eva, rule):
        amend(consensus_rule=rule)
        with pytest.raises(extra_readers.RuleTakesNoExtraReaders):
            ask(disputed, [eva])

    def test_a_batch_that_is_open(self, ask, make_batch, eva):
        with pytest.raises(adjudications.BatchStillOpen):
            ask(make_batch(), [eva])

    def test_a_batch_without_disputes(self, ask, read, ana, bruno, eva):
        with pytest.raises(adjudications.NothingDisputed):
            ask(read({ana: [AVB], bruno: [AVB]}), [eva])

    def test_a_paused_reader(self, ask, disputed, study, eva, davi, now):
        roster.join(study=study, readers=[eva], actor=davi, now=now)
        roster.pause(study=study, user=eva, reason="Away", actor=davi, now=now)
        with pytest.raises(reassignment.Paused):
            ask(disputed, [eva])

    def test_nobody(self, ask, disputed):
        with pytest.raises(batches.NoReaders):
            ask(disputed, [])

    def test_asking_twice(self, ask, given, disputed, fabio):
        with pytest.raises(NameTaken):
            ask(disputed, [fabio])

    def test_adjudication_during_the_extra_reading(self, given, disputed, clara, davi, now):
        with pytest.raises(adjudications.ExtraReadingOpen) as refusal:
            adjudications.send_disputed(
                batch_id=disputed.pk, readers=[clara], created_by=davi, now=now
            )
        assert refusal.value.details == {"n": 1}

    def test_the_dispute_queue_sends_no_exam_that_is_being_read(self, given, close, recompute):
        rows = Consensus.objects.filter(pk=recompute().pk)
        assert list(disputes.sendable(rows)) == []
        close(given.batch)
        assert list(disputes.sendable(rows)) == [given.exam]

    def test_an_extra_reading_during_the_adjudication(self, send, ask, disputed, eva):
        send()
        with pytest.raises(extra_readers.AdjudicationOpen) as refusal:
            ask(disputed, [eva])
        assert refusal.value.details == {"n": 1}

    def test_an_extra_reader_reads_the_exam_for_no_other_batch(self, given, study, eva, davi, now):
        with pytest.raises(roster.KnowsResults):
            batches.create(
                study=study, name="Later", exams=[given.exam], readers=[eva], created_by=davi,
                now=now,
            )  # fmt: skip


class TestPage:
    def test_the_batch_page_offers_extra_readers_until_they_are_asked(
        self, disputed, recompute, signed_in, davi, eva, clara, ana
    ):
        recompute()
        client = signed_in(davi)
        page = client.get(reverse("batch", args=[disputed.pk])).content.decode()
        assert "Ask one more reader first" in page
        assert "Send to adjudication" in page
        chosen = {"readers": [eva.pk], "readers_per_exam": 1}
        sent = client.post(reverse("batch-extra", args=[disputed.pk]), chosen, follow=True)
        assert "The exams in dispute were sent to the extra readers." in sent.content.decode()
        page = client.get(reverse("batch", args=[disputed.pk])).content.decode()
        assert "Extra readers are reading the classes in dispute." in page
        assert "Send to adjudication" not in page

    def test_a_refusal_is_shown_at_the_readers(self, disputed, recompute, signed_in, davi, ana):
        recompute()
        chosen = {"readers": [ana.pk], "readers_per_exam": 1}
        page = signed_in(davi).post(reverse("batch-extra", args=[disputed.pk]), chosen)
        assert page.status_code == 400

    def test_a_coordinator_who_reads_cannot_ask(
        self, disputed, make_batch, make_exam, make_user, eva, signed_in
    ):
        gil = make_user("Gil", Role.READER, Role.COORDINATOR)
        make_batch([make_exam()], [gil], "Gil's")
        chosen = {"readers": [eva.pk], "readers_per_exam": 1}
        page = signed_in(gil).post(reverse("batch-extra", args=[disputed.pk]), chosen)
        assert page.status_code == 403
        address = reverse("api-batch-extra-readings", args=[disputed.pk])
        assert client_of(gil).post(address, {"readers": [eva.username]}).status_code == 403
        assert not eva.assignments.exists()


def test_the_api_sends_exams_to_extra_readers(five, davi, eva, fabio):
    response = client_of(davi).post(
        reverse("api-batch-extra-readings", args=[five.pk]),
        {"readers": [eva.username, fabio.username], "readers_per_exam": 2}, format="json",
    )  # fmt: skip
    assert (response.status_code, response.json()["n_assigned"]) == (201, 10)


def _people(*users):
    return type(users[0]).objects.filter(pk__in=[user.pk for user in users])


def _exams(batch):
    return set(batch.assignments.values_list("exam", flat=True))


def _comparable(text, given):
    """Return a response without what names the exam and batch, or differs between requests."""
    text = text.replace(given.code, "CODE")
    text = re.sub(r'"next": ?(null|\d+)', "", text)
    text = re.sub(r'csrfmiddlewaretoken" value="\w+"|nonce="[^"]+"', "", text)
    return re.sub(r"\d+", "0", text)

"""Auditors find events, look into them and take them away; nobody who reads sees any."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotations import tasks
from annotations.audit_filter import AUDIT_GROUPS
from annotations.models import AuditEvent, AuditLink, Notice, NoticeKind, Role
from annotations.services import audit
from annotations.services.audit import browse
from annotations.services.audit.browse import EventFilter
from annotations.services.export import jobs
from ecgreview.hash_chain.__main__ import main as verify_file
from tests.app.constraints.acts import commit_and_go_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def record(davi, study, now):
    """Record a deed of Davi's in the study, and chain it as at a commit."""

    def make(action=audit.Action.STUDY_AMENDED, **changes):
        deed = {
            "actor": davi,
            "study": study,
            "target": study,
            "before": {"due": None, "kept": 1},
            "after": {"due": "2026-04-01", "kept": 1},
            "reason": "Two readers fell ill.",
            "now": now,
        }
        event = audit.record(action=action, **{**deed, **changes})
        commit_and_go_on()
        return event

    commit_and_go_on()
    return make


@pytest.fixture
def otto_looks(signed_in, otto):
    """Return what Otto's browser is answered."""
    return signed_in(otto).get


def seqs(response):
    """Return the numbers of the events in a list."""
    text = response.content.decode()
    return [int(found) for found in re.findall(r'<a href="/audit/(\d+)/">\d+</a>', text)]


def broken(event):
    with connection.cursor() as cursor:
        cursor.execute("alter table annotations_auditevent disable trigger user")
        cursor.execute(
            "update annotations_auditevent set reason = 'Another' where id = %s", [event.pk]
        )


class TestTheList:
    def test_shows_who_did_what_and_why(self, otto_looks, record):
        record()
        text = otto_looks("/audit/").content.decode()
        assert "Protocol amended" in text
        assert "Two readers fell ill." in text
        assert "Davi" in text

    def test_has_the_newest_first(self, otto_looks, record):
        events = [record() for _ in range(3)]
        assert seqs(otto_looks("/audit/"))[:3] == [event.link.seq for event in reversed(events)]

    def test_goes_on_below_the_last(self, otto_looks, record, monkeypatch):
        monkeypatch.setattr("annotations.views.audit.pages.EVENTS_PER_PAGE", 2)
        for _ in range(4):
            record()
        first = otto_looks("/audit/?action=study.amended")
        (older,) = re.findall(r'rel="next" href="(\?[^"]+)"', first.content.decode())
        record()
        second = otto_looks(f"/audit/{unescape(older)}")
        assert seqs(second) == [seq - 2 for seq in seqs(first)]

    @pytest.mark.parametrize(
        "query",
        [
            "action=batch.closed",
            "action=batch",
            "object_type=batch",
            "object_type=batch&object_id=77",
            "text=heart+stopped",
            "since=2026-03-04",
            "person=clara",
            "study=",
        ],
    )
    def test_finds_one_among_others(self, otto_looks, record, clara, now, query):
        record(before=None)
        odd = record(
            audit.Action.BATCH_CLOSED,
            actor=clara,
            target=("batch", 77),
            reason="The heart stopped.",
            now=now + timedelta(days=3),
        )
        assert odd.link.seq in seqs(otto_looks(f"/audit/?{query}"))
        if query != "study=":
            assert len(seqs(otto_looks(f"/audit/?{query}"))) == 1

    def test_finds_the_events_of_a_study(self, otto_looks, record, study):
        event = record()
        assert event.link.seq in seqs(otto_looks(f"/audit/?study={study.slug}"))
        assert seqs(otto_looks("/audit/?study=another")) == []

    def test_takes_the_last_day_whole(self, otto_looks, record):
        event = record()
        assert event.link.seq in seqs(otto_looks("/audit/?until=2026-03-02"))
        assert event.link.seq not in seqs(otto_looks("/audit/?until=2026-03-01"))

    @pytest.mark.parametrize(
        "query", ["since=yesterday", "action=dance", "text=%00", "study=a/b", "since=0000-00-00"]
    )
    def test_tells_what_is_wrong_with_a_question(self, otto_looks, query):
        assert otto_looks(f"/audit/?{query}").status_code == 400

    @pytest.mark.parametrize(
        "query", ["before=x", f"before={10**30}", "before=", "since=0001-01-01&until=9999-12-31"]
    )
    def test_takes_a_cursor_that_is_none_for_the_beginning(self, otto_looks, record, query):
        event = record()
        assert event.link.seq in seqs(otto_looks(f"/audit/?{query}"))

    def test_says_when_nothing_is_found(self, otto_looks, record):
        text = otto_looks("/audit/?text=never").content.decode()
        assert "No matching events" in text

    def test_writes_words_and_no_markup(self, otto_looks, record):
        event = record(reason="<script>alert(1)</script>", after={"<b>": "<i>"})
        for address in ("/audit/", f"/audit/{event.link.seq}/"):
            text = otto_looks(address).content.decode()
            assert "<script>alert" not in text
            assert "<b>" not in text

    @pytest.mark.parametrize("address", ["/audit/", "/api/audit/", "/api/audit/export/"])
    def test_asks_the_database_as_often_for_many_as_for_few(self, otto_looks, record, address):
        def asked():
            with CaptureQueriesContext(connection) as queries:
                otto_looks(address)
            asked = (query["sql"] for query in queries)
            return [sql[:7] for sql in asked if "SAVEPOINT" not in sql]

        record()
        asked()
        few = asked()
        for _ in range(20):
            record()
        assert asked() == few


class TestAnEvent:
    def test_shows_what_changed(self, otto_looks, record):
        text = otto_looks(f"/audit/{record().link.seq}/").content.decode()
        assert "<del>null</del>" in text
        assert "<ins>2026-04-01</ins>" in text

    def test_shows_fields_within_fields(self, otto_looks, record):
        event = record(before={}, after={"rule": {"name": "k of n", "k": 2}})
        text = otto_looks(f"/audit/{event.link.seq}/").content.decode()
        assert "rule.name" in text

    def test_stands_as_it_was_written(self, otto_looks, record):
        text = otto_looks(f"/audit/{record().link.seq}/").content.decode()
        assert "Intact" in text
        assert "Not verified yet" in text

    def test_leads_an_auditor_to_no_page_that_they_may_not_see(self, otto_looks, record, ana):
        seq = record(target=ana).link.seq
        assert f'href="/people/{ana.pk}/"' not in otto_looks(f"/audit/{seq}/").content.decode()

    def test_that_was_altered_says_so(self, otto_looks, record):
        event = record()
        seq = event.link.seq
        broken(event)
        assert "Altered" in otto_looks(f"/audit/{seq}/").content.decode()

    def test_whose_state_is_no_longer_json_is_shown_as_it_is(self, otto_looks, record):
        event = record()
        with connection.cursor() as cursor:
            cursor.execute("alter table annotations_auditevent disable trigger user")
            cursor.execute("update annotations_auditevent set after = 'not { json'")
        assert "not { json" in otto_looks(f"/audit/{event.link.seq}/").content.decode()

    @pytest.mark.parametrize("seq", [0, 10**6, 10**30])
    def test_that_is_not_there_is_not_found(self, otto_looks, record, seq):
        assert otto_looks(f"/audit/{seq}/").status_code == 404


class TestDownloads:
    def test_verify_without_the_database(self, otto_looks, record, tmp_path):
        record(reason="=1+1")
        record(reason="'quoted', and\nwith a line")
        for kind in ("csv", "jsonl"):
            answer = otto_looks(f"/audit/export/?format={kind}")
            (tmp_path / kind).write_bytes(answer.content)
            assert verify_file([str(tmp_path / kind)]) == 0

    def test_of_a_selection_verify_row_by_row(self, otto_looks, record, tmp_path):
        for action in ("study.amended", "batch.closed", "study.amended"):
            record(action)
        answer = otto_looks("/audit/export/?action=study.amended")
        (tmp_path / "csv").write_bytes(answer.content)
        assert verify_file([str(tmp_path / "csv"), "--extract"]) == 0
        assert verify_file([str(tmp_path / "csv")]) == 1

    def test_hold_no_formula(self, otto_looks, record):
        record(reason="=1+1")
        answer = otto_looks("/audit/export/")
        rows = csv.reader(io.StringIO(answer.content.decode()))
        assert [row[-1] for row in rows][-1] == "'=1+1"

    def test_are_events_themselves(self, otto_looks, otto, record):
        record()
        answer = otto_looks("/audit/export/?action=study")
        content = answer.content
        event = AuditEvent.objects.get(action=audit.Action.AUDIT_EXPORTED)
        told = json.loads(event.after)
        assert event.actor == otto
        assert told["digest"] == hashlib.sha256(content).hexdigest()
        assert told["wanted"] == {"action": "study"}

    def test_of_too_many_events_are_refused(self, otto_looks, record, monkeypatch):
        monkeypatch.setattr(browse, "MAX_EVENTS", 1)
        record()
        record()
        answer = otto_looks("/audit/export/")
        assert answer.status_code == 400
        assert "export_audit" in answer.content.decode()
        assert otto_looks("/api/audit/export/").json()["type"].endswith("too-many-events")

    @pytest.mark.parametrize("query", ["format=pdf", "since=x"])
    def test_that_cannot_be_are_refused(self, otto_looks, query):
        assert otto_looks(f"/audit/export/?{query}").status_code == 400


class TestTheApi:
    def test_tells_what_is_digested(self, otto_looks, record):
        event = record()
        found = otto_looks("/api/audit/?action=study.amended").json()["results"]
        assert [one["event"] for one in found] == [str(event.pk)]
        assert found[0]["digest"] == AuditLink.objects.get(event=event).digest
        assert found[0]["at"] == "2026-03-02T09:00:00.000000Z"

    def test_goes_on_after_a_cursor(self, otto_looks, record):
        events = [record() for _ in range(3)]
        first = otto_looks("/api/audit/?action=study.amended&limit=2").json()
        second = otto_looks(f"/api/audit/?action=study.amended&after={first['next']}").json()
        found = [one["event"] for one in first["results"] + second["results"]]
        assert found == [str(event.pk) for event in events]

    def test_refuses_a_question_it_does_not_understand(self, otto_looks):
        answer = otto_looks("/api/audit/?since=yesterday")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["since"])

    def test_refuses_a_format_it_does_not_know(self, otto_looks):
        assert otto_looks("/api/audit/export/?format=pdf").status_code == 400


class TestWhoeverReads:
    @pytest.fixture
    def gil(self, make_user, assign, record):
        """An auditor who reads in an open study."""
        gil = make_user("Gil", Role.READER, Role.AUDITOR)
        assign(gil)
        record()
        return gil

    def test_sees_no_event(self, signed_in, gil):
        answer = signed_in(gil).get("/audit/")
        assert answer.status_code == 200
        assert seqs(answer) == []
        assert "Hidden while you read" in answer.content.decode()

    def test_sees_the_same_whatever_happens(self, signed_in, gil, record):
        browser = signed_in(gil)
        masked = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')
        before = masked.sub("", browser.get("/audit/").content.decode())
        record()
        assert masked.sub("", browser.get("/audit/").content.decode()) == before

    def test_sees_no_single_event(self, signed_in, gil):
        assert signed_in(gil).get("/audit/1/").status_code == 404

    @pytest.mark.parametrize("address", ["/audit/export/", "/api/audit/", "/api/audit/export/"])
    def test_takes_nothing_away(self, signed_in, gil, address):
        assert signed_in(gil).get(address).status_code == 403

    def test_is_not_recorded_as_having_taken_something_away(self, signed_in, gil):
        signed_in(gil).get("/audit/export/")
        assert not AuditEvent.objects.filter(action=audit.Action.AUDIT_EXPORTED).exists()


class TestCommands:
    def test_verify_prints_the_head_to_write_down(self, record, capsys):
        record()
        call_command("verify_audit")
        last = AuditLink.objects.order_by("-seq")[0]
        assert f"Head to record: {last.seq}:{last.digest}" in capsys.readouterr().out

    def test_verify_names_the_first_bad_row(self, record, capsys):
        event = record()
        broken(event)
        with pytest.raises(SystemExit) as end:
            call_command("verify_audit", "--json")
        told = json.loads(capsys.readouterr().out)
        assert end.value.code == 1
        assert (told["holds"], told["fault"]["seq"]) == (False, event.link.seq)

    def test_verify_goes_on_after_a_head(self, record, capsys):
        link = record().link
        record()
        call_command("verify_audit", "--since", f"{link.seq}:{link.digest}")
        assert capsys.readouterr().out.startswith("1 events")

    def test_verify_refuses_a_head_that_is_none(self):
        with pytest.raises(CommandError, match="Write it as SEQ:DIGEST"):
            call_command("verify_audit", "--head", "7")

    @pytest.mark.parametrize("name", ["trail.csv", "trail.jsonl"])
    def test_export_writes_a_file_that_verifies(self, record, tmp_path, name, study):
        record()
        call_command("export_audit", str(tmp_path / name), stdout=io.StringIO())
        assert verify_file([str(tmp_path / name)]) == 0
        assert [path.name for path in tmp_path.iterdir()] == [name]

    def test_export_takes_a_study_and_days(self, record, tmp_path, study):
        record()
        chosen = ("--study", study.slug, "--since", "2026-03-01", "--until", "2026-03-03")
        call_command("export_audit", str(tmp_path / "a.csv"), *chosen, stdout=io.StringIO())
        assert verify_file([str(tmp_path / "a.csv"), "--extract"]) == 0

    @pytest.mark.parametrize(
        "arguments", [["a.pdf"], ["a.csv", "--study", "none"], ["no/such/a.csv"]]
    )
    def test_export_refuses_what_it_cannot_do(self, tmp_path, arguments):
        name, *rest = arguments
        with pytest.raises(CommandError):
            call_command("export_audit", str(tmp_path / name), *rest)

    def test_export_refuses_a_day_that_is_none(self, tmp_path):
        with pytest.raises(CommandError, match="is not a date"):
            call_command("export_audit", str(tmp_path / "a.csv"), "--since", "monday")


class TestTheNight:
    def test_ends_with_an_event(self, record):
        link = record().link
        tasks.verify_audit()
        status = browse.status()
        assert status is not None
        assert (status.head.seq, status.fault) == (link.seq, "")

    def test_marks_events_as_verified(self, otto_looks, record):
        seq = record().link.seq
        tasks.verify_audit()
        assert "Verified 20" in otto_looks(f"/audit/{seq}/").content.decode()

    def test_tells_the_auditors_once_that_something_is_broken(self, record, otto, caplog):
        broken(record())
        tasks.verify_audit()
        tasks.verify_audit()
        notices = Notice.objects.filter(kind=NoticeKind.AUDIT_BROKEN)
        assert [notice.user for notice in notices] == [otto]
        assert "was altered" in caplog.text

    def test_shows_the_auditors_what_is_broken(self, otto_looks, record):
        broken(record())
        tasks.verify_audit()
        assert "verification failed" in otto_looks("/audit/").content.decode()

    def test_continues_in_another_time_slice(
        self, record, monkeypatch, django_capture_on_commit_callbacks
    ):
        record()
        asked = []
        monkeypatch.setattr(tasks, "TIME_SLICE_S", 0.0)
        monkeypatch.setattr(tasks.verify_audit, "apply_async", lambda *of, **_: asked.append(of))
        with django_capture_on_commit_callbacks(execute=True):
            tasks.verify_audit()
        assert browse.status() is None
        while asked:
            ((head,), rest) = asked.pop()
            with django_capture_on_commit_callbacks(execute=True):
                tasks.verify_audit(head, **rest)
        assert browse.status() is not None


class TestWhatIsRecorded:
    def test_an_export_with_its_digest(self, study, rosa, now):
        archive = jobs.request(study=study, actor=rosa, now=now)
        jobs.make_next(now=now)
        archive.refresh_from_db()
        event = AuditEvent.objects.get(action=audit.Action.EXPORT_MADE)
        assert event.actor == rosa
        assert json.loads(event.after)["digest"] == archive.digest

    def test_the_installation_of_a_taxonomy(self, taxonomy):
        event = AuditEvent.objects.get(action=audit.Action.TAXONOMY_INSTALLED)
        assert json.loads(event.after)["n_classes"] == taxonomy.classes.count()

    def test_the_labels_of_no_reading(self, assign, ana, submit):
        submit(assign(ana), "atrial_fibrillation", comment="Irregular")
        event = AuditEvent.objects.get(action=audit.Action.READING_SUBMITTED)
        assert "fibrillation" not in event.after
        assert "Irregular" not in event.after

    def test_every_group_of_actions_has_a_name(self):
        assert {action.partition(".")[0] for action in audit.Action.values} == set(AUDIT_GROUPS)

    def test_everything_is_wanted_unless_something_is_said(self):
        assert EventFilter().is_everything
        assert not EventFilter(text="a").is_everything

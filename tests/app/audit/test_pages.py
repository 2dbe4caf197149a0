"""Audit pages, API, downloads and commands. Auditors who also read see no events."""

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
from tests.app.constraints.acts import check_constraints_then_defer

pytestmark = pytest.mark.django_db


@pytest.fixture
def record(davi, study, now):
    """Record an action of Davi in the study and chain it, as a commit would."""

    def make(action=audit.Action.STUDY_AMENDED, **changes):
        fields = {
            "actor": davi,
            "study": study,
            "target": study,
            "before": {"due": None, "kept": 1},
            "after": {"due": "2026-04-01", "kept": 1},
            "reason": "Two readers fell ill.",
            "now": now,
        }
        event = audit.record(action=action, **{**fields, **changes})
        check_constraints_then_defer()
        return event

    check_constraints_then_defer()
    return make


@pytest.fixture
def get_as_otto(signed_in, otto):
    """Request a page as Otto, an auditor."""
    return signed_in(otto).get


def seqs(response):
    """Return the sequence numbers of the events on a page."""
    text = response.content.decode()
    return [int(seq) for seq in re.findall(r'<a href="/audit/(\d+)/">\d+</a>', text)]


def alter_reason(event):
    with connection.cursor() as cursor:
        cursor.execute("alter table annotations_auditevent disable trigger user")
        cursor.execute(
            "update annotations_auditevent set reason = 'Another' where id = %s", [event.pk]
        )


class TestList:
    def test_shows_who_did_what_and_why(self, get_as_otto, record):
        record()
        text = get_as_otto("/audit/").content.decode()
        assert "Protocol amended" in text
        assert "Two readers fell ill." in text
        assert "Davi" in text

    def test_has_the_newest_first(self, get_as_otto, record):
        events = [record() for _ in range(3)]
        assert seqs(get_as_otto("/audit/"))[:3] == [event.link.seq for event in reversed(events)]

    def test_continues_below_the_last_event(self, get_as_otto, record, monkeypatch):
        monkeypatch.setattr("annotations.views.audit.pages.EVENTS_PER_PAGE", 2)
        for _ in range(4):
            record()
        first = get_as_otto("/audit/?action=study.amended")
        (older,) = re.findall(r'rel="next" href="(\?[^"]+)"', first.content.decode())
        record()
        second = get_as_otto(f"/audit/{unescape(older)}")
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
    def test_filters_find_one_event_among_others(self, get_as_otto, record, clara, now, query):
        record(before=None)
        other = record(
            audit.Action.BATCH_CLOSED,
            actor=clara,
            target=("batch", 77),
            reason="The heart stopped.",
            now=now + timedelta(days=3),
        )
        assert other.link.seq in seqs(get_as_otto(f"/audit/?{query}"))
        if query != "study=":
            assert len(seqs(get_as_otto(f"/audit/?{query}"))) == 1

    def test_finds_the_events_of_a_study(self, get_as_otto, record, study):
        event = record()
        assert event.link.seq in seqs(get_as_otto(f"/audit/?study={study.slug}"))
        assert seqs(get_as_otto("/audit/?study=another")) == []

    def test_includes_the_whole_last_day(self, get_as_otto, record):
        event = record()
        assert event.link.seq in seqs(get_as_otto("/audit/?until=2026-03-02"))
        assert event.link.seq not in seqs(get_as_otto("/audit/?until=2026-03-01"))

    @pytest.mark.parametrize(
        "query", ["since=yesterday", "action=dance", "text=%00", "study=a/b", "since=0000-00-00"]
    )
    def test_refuses_invalid_filters(self, get_as_otto, query):
        assert get_as_otto(f"/audit/?{query}").status_code == 400

    @pytest.mark.parametrize(
        "query", ["before=x", f"before={10**30}", "before=", "since=0001-01-01&until=9999-12-31"]
    )
    def test_treats_an_invalid_cursor_as_the_beginning(self, get_as_otto, record, query):
        event = record()
        assert event.link.seq in seqs(get_as_otto(f"/audit/?{query}"))

    def test_says_that_nothing_matches(self, get_as_otto, record):
        text = get_as_otto("/audit/?text=never").content.decode()
        assert "No matching events" in text

    def test_escapes_markup(self, get_as_otto, record):
        event = record(reason="<script>alert(1)</script>", after={"<b>": "<i>"})
        for address in ("/audit/", f"/audit/{event.link.seq}/"):
            text = get_as_otto(address).content.decode()
            assert "<script>alert" not in text
            assert "<b>" not in text

    @pytest.mark.parametrize("address", ["/audit/", "/api/audit/", "/api/audit/export/"])
    def test_needs_no_more_queries_for_more_events(self, get_as_otto, record, address):
        def statements():
            with CaptureQueriesContext(connection) as queries:
                get_as_otto(address)
            sqls = (query["sql"] for query in queries)
            return [sql[:7] for sql in sqls if "SAVEPOINT" not in sql]

        record()
        statements()
        expected = statements()
        for _ in range(20):
            record()
        assert statements() == expected


class TestEvent:
    def test_shows_what_changed(self, get_as_otto, record):
        text = get_as_otto(f"/audit/{record().link.seq}/").content.decode()
        assert "<del>null</del>" in text
        assert "<ins>2026-04-01</ins>" in text

    def test_shows_nested_fields(self, get_as_otto, record):
        event = record(before={}, after={"rule": {"name": "k of n", "k": 2}})
        text = get_as_otto(f"/audit/{event.link.seq}/").content.decode()
        assert "rule.name" in text

    def test_is_shown_as_intact(self, get_as_otto, record):
        text = get_as_otto(f"/audit/{record().link.seq}/").content.decode()
        assert "Intact" in text
        assert "Not verified yet" in text

    def test_has_no_link_to_a_page_the_auditor_may_not_see(self, get_as_otto, record, ana):
        seq = record(target=ana).link.seq
        assert f'href="/people/{ana.pk}/"' not in get_as_otto(f"/audit/{seq}/").content.decode()

    def test_that_was_altered_is_shown_as_altered(self, get_as_otto, record):
        event = record()
        seq = event.link.seq
        alter_reason(event)
        assert "Altered" in get_as_otto(f"/audit/{seq}/").content.decode()

    def test_with_invalid_json_is_shown_unchanged(self, get_as_otto, record):
        event = record()
        with connection.cursor() as cursor:
            cursor.execute("alter table annotations_auditevent disable trigger user")
            cursor.execute("update annotations_auditevent set after = 'not { json'")
        assert "not { json" in get_as_otto(f"/audit/{event.link.seq}/").content.decode()

    @pytest.mark.parametrize("seq", [0, 10**6, 10**30])
    def test_that_does_not_exist_is_not_found(self, get_as_otto, record, seq):
        assert get_as_otto(f"/audit/{seq}/").status_code == 404


class TestDownloads:
    def test_verify_without_the_database(self, get_as_otto, record, tmp_path):
        record(reason="=1+1")
        record(reason="'quoted', and\nwith a line")
        for file_format in ("csv", "jsonl"):
            response = get_as_otto(f"/audit/export/?format={file_format}")
            (tmp_path / file_format).write_bytes(response.content)
            assert verify_file([str(tmp_path / file_format)]) == 0

    def test_of_a_selection_verify_as_an_extract(self, get_as_otto, record, tmp_path):
        for action in ("study.amended", "batch.closed", "study.amended"):
            record(action)
        response = get_as_otto("/audit/export/?action=study.amended")
        (tmp_path / "csv").write_bytes(response.content)
        assert verify_file([str(tmp_path / "csv"), "--extract"]) == 0
        assert verify_file([str(tmp_path / "csv")]) == 1

    def test_escape_formulas(self, get_as_otto, record):
        record(reason="=1+1")
        response = get_as_otto("/audit/export/")
        rows = csv.reader(io.StringIO(response.content.decode()))
        assert [row[-1] for row in rows][-1] == "'=1+1"

    def test_are_audited(self, get_as_otto, otto, record):
        record()
        response = get_as_otto("/audit/export/?action=study")
        content = response.content
        event = AuditEvent.objects.get(action=audit.Action.AUDIT_EXPORTED)
        recorded = json.loads(event.after)
        assert event.actor == otto
        assert recorded["digest"] == hashlib.sha256(content).hexdigest()
        assert recorded["wanted"] == {"action": "study"}

    def test_of_too_many_events_are_refused(self, get_as_otto, record, monkeypatch):
        monkeypatch.setattr(browse, "MAX_EVENTS", 1)
        record()
        record()
        response = get_as_otto("/audit/export/")
        assert response.status_code == 400
        assert "export_audit" in response.content.decode()
        assert get_as_otto("/api/audit/export/").json()["type"].endswith("too-many-events")

    @pytest.mark.parametrize("query", ["format=pdf", "since=x"])
    def test_with_invalid_parameters_are_refused(self, get_as_otto, query):
        assert get_as_otto(f"/audit/export/?{query}").status_code == 400


class TestApi:
    def test_lists_the_digested_fields(self, get_as_otto, record):
        event = record()
        rows = get_as_otto("/api/audit/?action=study.amended").json()["results"]
        assert [row["event"] for row in rows] == [str(event.pk)]
        assert rows[0]["digest"] == AuditLink.objects.get(event=event).digest
        assert rows[0]["at"] == "2026-03-02T09:00:00.000000Z"

    def test_continues_after_a_cursor(self, get_as_otto, record):
        events = [record() for _ in range(3)]
        first = get_as_otto("/api/audit/?action=study.amended&limit=2").json()
        second = get_as_otto(f"/api/audit/?action=study.amended&after={first['next']}").json()
        listed = [row["event"] for row in first["results"] + second["results"]]
        assert listed == [str(event.pk) for event in events]

    def test_refuses_an_invalid_filter(self, get_as_otto):
        response = get_as_otto("/api/audit/?since=yesterday")
        assert (response.status_code, list(response.json()["errors"])) == (400, ["since"])

    def test_refuses_an_unknown_format(self, get_as_otto):
        assert get_as_otto("/api/audit/export/?format=pdf").status_code == 400


class TestAuditorWhoReads:
    @pytest.fixture
    def gil(self, make_user, assign, record):
        """An auditor who reads in an open study."""
        gil = make_user("Gil", Role.READER, Role.AUDITOR)
        assign(gil)
        record()
        return gil

    def test_sees_no_event(self, signed_in, gil):
        response = signed_in(gil).get("/audit/")
        assert response.status_code == 200
        assert seqs(response) == []
        assert "Hidden while you read" in response.content.decode()

    def test_sees_the_same_page_after_new_events(self, signed_in, gil, record):
        browser = signed_in(gil)
        csrf_token = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')
        before = csrf_token.sub("", browser.get("/audit/").content.decode())
        record()
        assert csrf_token.sub("", browser.get("/audit/").content.decode()) == before

    def test_sees_no_single_event(self, signed_in, gil):
        assert signed_in(gil).get("/audit/1/").status_code == 404

    @pytest.mark.parametrize("address", ["/audit/export/", "/api/audit/", "/api/audit/export/"])
    def test_cannot_download(self, signed_in, gil, address):
        assert signed_in(gil).get(address).status_code == 403

    def test_is_not_audited_as_having_downloaded(self, signed_in, gil):
        signed_in(gil).get("/audit/export/")
        assert not AuditEvent.objects.filter(action=audit.Action.AUDIT_EXPORTED).exists()


class TestCommands:
    def test_verify_prints_the_head_to_record(self, record, capsys):
        record()
        call_command("verify_audit")
        last = AuditLink.objects.order_by("-seq")[0]
        assert f"Head to record: {last.seq}:{last.digest}" in capsys.readouterr().out

    def test_verify_names_the_first_altered_event(self, record, capsys):
        event = record()
        alter_reason(event)
        with pytest.raises(SystemExit) as end:
            call_command("verify_audit", "--json")
        output = json.loads(capsys.readouterr().out)
        assert end.value.code == 1
        assert (output["holds"], output["fault"]["seq"]) == (False, event.link.seq)

    def test_verify_continues_after_a_head(self, record, capsys):
        link = record().link
        record()
        call_command("verify_audit", "--since", f"{link.seq}:{link.digest}")
        assert capsys.readouterr().out.startswith("1 events")

    def test_verify_refuses_an_invalid_head(self):
        with pytest.raises(CommandError, match="Write it as SEQ:DIGEST"):
            call_command("verify_audit", "--head", "7")

    @pytest.mark.parametrize("name", ["trail.csv", "trail.jsonl"])
    def test_export_writes_a_file_that_verifies(self, record, tmp_path, name, study):
        record()
        call_command("export_audit", str(tmp_path / name), stdout=io.StringIO())
        assert verify_file([str(tmp_path / name)]) == 0
        assert [path.name for path in tmp_path.iterdir()] == [name]

    def test_export_can_be_limited_by_study_and_days(self, record, tmp_path, study):
        record()
        filters = ("--study", study.slug, "--since", "2026-03-01", "--until", "2026-03-03")
        call_command("export_audit", str(tmp_path / "a.csv"), *filters, stdout=io.StringIO())
        assert verify_file([str(tmp_path / "a.csv"), "--extract"]) == 0

    @pytest.mark.parametrize(
        "arguments", [["a.pdf"], ["a.csv", "--study", "none"], ["no/such/a.csv"]]
    )
    def test_export_refuses_invalid_arguments(self, tmp_path, arguments):
        name, *options = arguments
        with pytest.raises(CommandError):
            call_command("export_audit", str(tmp_path / name), *options)

    def test_export_refuses_an_invalid_date(self, tmp_path):
        with pytest.raises(CommandError, match="is not a date"):
            call_command("export_audit", str(tmp_path / "a.csv"), "--since", "monday")


class TestNightlyVerification:
    def test_stores_its_result(self, record):
        link = record().link
        tasks.verify_audit()
        status = browse.status()
        assert status is not None
        assert (status.head.seq, status.fault) == (link.seq, "")

    def test_marks_events_as_verified(self, get_as_otto, record):
        seq = record().link.seq
        tasks.verify_audit()
        assert "Verified 20" in get_as_otto(f"/audit/{seq}/").content.decode()

    def test_notifies_auditors_of_a_fault_once(self, record, otto, caplog):
        alter_reason(record())
        tasks.verify_audit()
        tasks.verify_audit()
        notices = Notice.objects.filter(kind=NoticeKind.AUDIT_BROKEN)
        assert [notice.user for notice in notices] == [otto]
        assert "was altered" in caplog.text

    def test_shows_auditors_the_fault(self, get_as_otto, record):
        alter_reason(record())
        tasks.verify_audit()
        assert "verification failed" in get_as_otto("/audit/").content.decode()

    def test_continues_in_another_time_slice(
        self, record, monkeypatch, django_capture_on_commit_callbacks
    ):
        record()
        continuations = []
        monkeypatch.setattr(tasks, "TIME_SLICE_S", 0.0)
        monkeypatch.setattr(
            tasks.verify_audit, "apply_async", lambda *of, **_: continuations.append(of)
        )
        with django_capture_on_commit_callbacks(execute=True):
            tasks.verify_audit()
        assert browse.status() is None
        while continuations:
            ((head,), options) = continuations.pop()
            with django_capture_on_commit_callbacks(execute=True):
                tasks.verify_audit(head, **options)
        assert browse.status() is not None


class TestRecordedContent:
    def test_an_export_is_recorded_with_its_digest(self, study, rosa, now):
        archive = jobs.request(study=study, actor=rosa, now=now)
        jobs.make_next(now=now)
        archive.refresh_from_db()
        event = AuditEvent.objects.get(action=audit.Action.EXPORT_MADE)
        assert event.actor == rosa
        assert json.loads(event.after)["digest"] == archive.digest

    def test_installing_a_taxonomy_is_recorded(self, taxonomy):
        event = AuditEvent.objects.get(action=audit.Action.TAXONOMY_INSTALLED)
        assert json.loads(event.after)["n_classes"] == taxonomy.classes.count()

    def test_a_submission_is_recorded_without_its_labels(self, assign, ana, submit):
        submit(assign(ana), "atrial_fibrillation", comment="Irregular")
        event = AuditEvent.objects.get(action=audit.Action.READING_SUBMITTED)
        assert "fibrillation" not in event.after
        assert "Irregular" not in event.after

    def test_every_group_of_actions_has_a_name(self):
        assert {action.partition(".")[0] for action in audit.Action.values} == set(AUDIT_GROUPS)

    def test_an_empty_filter_selects_everything(self):
        assert EventFilter().is_everything
        assert not EventFilter(text="a").is_everything

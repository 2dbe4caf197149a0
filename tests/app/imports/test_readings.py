"""``manage.py import_readings``: readings made elsewhere become ordinary readings, once."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from annotations.models import (
    Assignment,
    AuditEvent,
    Batch,
    Dataset,
    Exam,
    Finding,
    Reading,
    Seat,
    Study,
    Taxonomy,
    Tracing,
    User,
)
from annotations.services.assignment import batches
from annotations.services.blinding import reader_names
from annotations.services.consensus import labels
from annotations.services.imports import readings as imports_readings
from annotations.services.reading import votes
from annotations.services.studies import lifecycle, roster
from annotations.services.taxonomy import versions
from annotations.services.verification import readings as integrity_readings
from ecgreview import taxonomy as model
from ecgreview.published_readings import CLASSES
from tests.app import published

pytestmark = pytest.mark.django_db

FIRST, SECOND = published.pair()
"""Two readers of 827 exams; a few rows do for what does not look at the numbers."""

N = 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two readers of forty exams, as they might be downloaded."""
    return write(tmp_path / "annotations", cardiologist1=FIRST, cardiologist2=SECOND)


def write(folder: Path, n_exams: int = N, **tables: NDArray[np.int8]) -> Path:
    return published.write(folder, {name: given[:n_exams] for name, given in tables.items()})


def run(folder: Path, *more: str, study: str = "CODE-test") -> str:
    out = io.StringIO()
    call_command("import_readings", "--format", "codetest", "--study", study, *more, str(folder),
                 stdout=out)  # fmt: skip
    return out.getvalue()


def refusal(folder: Path, *more: str, study: str = "CODE-test") -> str:
    """Return why nothing was imported, having seen that nothing was."""
    before = stored()
    with pytest.raises(CommandError) as caught:
        run(folder, *more, study=study)
    assert stored() == before
    return str(caught.value)


def stored() -> list[int]:
    models = (Study, Batch, Assignment, Reading, Finding, Exam, Dataset, User, AuditEvent, Taxonomy)
    return [model.objects.count() for model in models]


@pytest.fixture
def imported(folder: Path) -> Study:
    """The study that comes of it."""
    run(folder)
    return Study.objects.get(slug="code-test")


def given_by(study: Study) -> dict[str, dict[int, frozenset[str]]]:
    """Return what counts of each reader: by exam, the classes they gave."""
    counted = Reading.objects.counted().filter(assignment__batch__study=study)
    told = votes.translated(study, counted.select_related("assignment"))
    names_of = dict(study.readers.values_list("user", "user__last_name"))
    found: dict[str, dict[int, frozenset[str]]] = {name: {} for name in names_of.values()}
    for exam, cast in votes.that_count(told).items():
        for vote in cast:
            assert vote.translation is not None
            found[names_of[vote.reader_id]][exam] = vote.translation.codes
    return found


class TestReadings:
    def test_every_row_of_every_reader_is_a_reading(self, folder):
        out = run(folder)
        assert out.splitlines() == [
            "CODE-test: /studies/code-test/",
            "40 exams read by cardiologist1, cardiologist2: imported.",
        ]
        assert Reading.objects.counted().count() == 2 * N

    def test_a_reading_is_blind_of_good_quality_with_definite_findings(self, imported):
        assert set(Reading.objects.values_list("stage", "quality", "outcome")) == {
            ("blind", "good", "read")
        }
        assert set(Finding.objects.values_list("certainty")) == {("definite",)}

    def test_each_cell_stands_where_it_stood(self, imported):
        for name, given in (("cardiologist1", FIRST), ("cardiologist2", SECOND)):
            found = Finding.objects.filter(reading__reader__last_name=name)
            cells = found.values_list(
                "reading__assignment__exam__source_key", "diagnostic_class__code"
            )
            assert {(int(row) - 1, CLASSES.index(code)) for row, code in cells} == {
                (row, column) for row, column in np.argwhere(given[:N])
            }

    def test_the_readings_say_that_they_were_imported(self, imported):
        assert set(Reading.objects.values_list("display__imported", flat=True)) == {"codetest"}

    def test_the_exams_have_no_tracings(self, imported):
        assert (Exam.objects.count(), Tracing.objects.count()) == (N, 0)

    def test_the_classes_are_the_six_and_none_is_normal(self, imported):
        classes = imported.taxonomy.classes.order_by("position")
        assert tuple(classes.values_list("code", flat=True)) == CLASSES
        assert not classes.filter(is_exclusive=True).exists()

    def test_the_batch_is_closed_data_of_an_open_study(self, imported):
        batch = imported.batches.get()
        assert (imported.phase, batch.purpose, batch.handout) == ("open", "data", "named")
        assert batch.is_released
        assert not batch.is_open

    def test_the_seats_are_full(self, imported):
        assert set(Seat.objects.values_list("n_assigned", "n_read")) == {(N, N)}

    def test_the_trail_holds(self, imported):
        found = integrity_readings.check()
        assert (found.n, found.fault) == (2 * N, None)

    def test_the_trail_tells_of_the_import(self, folder, davi):
        run(folder, "--by", "davi")
        event = AuditEvent.objects.get(action="reading.imported")
        assert event.actor == davi
        assert event.after == '{"n_exams":40,"readers":["cardiologist1","cardiologist2"]}'

    def test_nobody_is_said_to_have_submitted_what_they_did_not(self, folder, davi):
        run(folder, "--by", "davi")
        submitted = AuditEvent.objects.filter(action="reading.submitted")
        assert set(submitted.values_list("actor_name", flat=True)) == {"davi"}

    def test_a_study_may_be_named_without_a_person(self, imported):
        assert imported.created_by.username == imports_readings.IMPORTER
        assert not imported.created_by.is_active

    def test_the_consensus_is_computed_as_of_any_batch(self, imported, now):
        assert labels.refresh_next(now=now)
        assert imported.consensus.count() == N


class TestAgreement:
    def test_the_readers_agree_as_much_as_was_published(self, tmp_path):
        run(write(tmp_path / "whole", 827, one=FIRST, two=SECOND))
        given = given_by(Study.objects.get())
        exams = sorted(given["one"])
        assert exams == sorted(given["two"])
        assert len(exams) == 827
        for code in ("1dAVb", "RBBB", "LBBB", "SB", "AF"):
            one, two = ([code in given[name][exam] for exam in exams] for name in ("one", "two"))
            found = cohen_kappa_score(one, two)
            assert found == pytest.approx(published.kappa(code), abs=1e-12)

    def test_the_order_of_columns_and_an_index_change_nothing(self, folder, tmp_path):
        other = tmp_path / "other"
        other.mkdir()
        text = published.table(FIRST[:N], has_index=True)
        (other / "cardiologist1.csv").write_text(text, encoding="utf-8")
        lines = published.table(SECOND[:N]).splitlines()
        turned = [",".join(line.split(",")[::-1]) for line in lines]
        (other / "cardiologist2.csv").write_text("\ufeff" + "\r\n".join(turned), encoding="utf-8")
        run(folder)
        assert "nothing changed" in run(other)

    def test_one_reader_alone_is_imported(self, tmp_path):
        run(write(tmp_path / "alone", dnn=FIRST))
        assert Reading.objects.count() == N

    def test_the_published_readers_are_imported(self, shared_data, tmp_path):
        run(published.two_cardiologists(shared_data, tmp_path))
        first, second = given_by(Study.objects.get()).values()
        assert sum(first[exam] != second[exam] for exam in first) == 5  # as its README says


class TestReaders:
    def test_a_reader_is_called_as_the_file(self, imported, davi):
        told = reader_names.names_for(davi, imported)
        readers = {told.of(line.user) for line in imported.readers.select_related("user")}
        assert readers == {"cardiologist1", "cardiologist2"}

    def test_a_reader_can_never_sign_in(self, imported):
        for line in imported.readers.select_related("user"):
            assert not line.user.is_active
            assert not line.user.has_usable_password()
            assert not line.user.groups.exists()

    def test_no_form_takes_such_a_user_name(self, imported):
        for line in imported.readers.select_related("user"):
            with pytest.raises(ValidationError):
                UnicodeUsernameValidator()(line.user.username)

    @pytest.mark.parametrize("command", ["create_link", "create_token"])
    def test_no_link_and_no_token_is_made_for_them(self, imported, command):
        username = imported.readers.first().user.username
        more = ["--base-url", "http://x"] if command == "create_link" else []
        with pytest.raises(CommandError):
            call_command(command, username, *more)

    def test_the_same_name_in_two_studies_is_two_people(self, folder):
        run(folder)
        run(folder, study="Other")
        assert User.objects.filter(last_name="cardiologist1").count() == 2


class TestKinds:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """Two people, a model and a reference, named as they were published."""
        return write(
            tmp_path / "annotations",
            cardiologist1=FIRST,
            cardiologist2=SECOND,
            dnn=SECOND,
            gold_standard=FIRST,
        )

    def kinds(self) -> dict[str, str]:
        lines = Study.objects.get().readers
        return dict(lines.values_list("user__last_name", "user__kind"))

    def test_the_names_of_code_test_tell_the_model_from_the_reference(self, folder):
        told = run(folder).splitlines()
        assert told[1:] == [
            (
                "40 exams read by cardiologist1, cardiologist2, dnn (model),"
                " gold_standard (reference): imported."
            ),
            (
                "Recognized by name: dnn (model), gold_standard (reference). Models and references"
                " are compared with people, and do not vote. If one is a person, say so:"
                " --person NAME."
            ),
        ]
        assert self.kinds() == {
            "cardiologist1": "person",
            "cardiologist2": "person",
            "dnn": "model",
            "gold_standard": "reference",
        }
        assert Study.objects.get().readers_per_exam == 2

    def test_whoever_imports_knows_better_than_the_names(self, folder):
        more = ["--person", "dnn", "--model", "cardiologist2", "--reference", "gold_standard"]
        told = run(folder, *more)
        assert "Recognized by name" not in told
        assert self.kinds() == {
            "cardiologist1": "person",
            "cardiologist2": "model",
            "dnn": "person",
            "gold_standard": "reference",
        }

    def test_a_name_that_is_not_there_is_refused_with_those_that_are(self, folder):
        assert refusal(folder, "--reference", "gold", "--model", "net").endswith(
            "Replace gold, net. There are: cardiologist1, cardiologist2, dnn, gold_standard."
        )

    def test_a_reader_is_of_one_kind(self, folder):
        assert refusal(folder, "--reference", "dnn", "--model", "dnn").startswith(
            "A reader is named as two kinds. Name dnn once:"
        )

    def test_only_people_vote(self, folder, now):
        run(folder)
        assert labels.refresh_next(now=now)
        counts = set(Study.objects.get().consensus.values_list("n_readings", flat=True))
        assert counts == {2}

    def test_the_trail_tells_who_is_no_person(self, folder):
        run(folder)
        event = AuditEvent.objects.get(action="reading.imported")
        assert '"models":["dnn"]' in event.after
        assert '"references":["gold_standard"]' in event.after

    @pytest.mark.parametrize("option", ["--activate", "--role=reader"])
    def test_a_model_never_signs_in(self, folder, option):
        run(folder)
        with pytest.raises(CommandError, match="that of a model or a reference"):
            call_command("change_user", "import:code-test:dnn", option)

    def test_a_model_is_given_no_exams(self, folder, make_study, make_exam, davi, now):
        run(folder)
        model_reader = User.objects.get(last_name="dnn")
        with pytest.raises(roster.NotAReader, match="dnn"):
            batches.create(
                study=make_study(), name="One", exams=[make_exam()], readers=[model_reader],
                created_by=davi, now=now,
            )  # fmt: skip


class TestKindsLater:
    """Readers who were imported before they had a kind, or under another."""

    @pytest.fixture
    def settled(self, folder: Path, now: datetime) -> Study:
        """A study of a person and a model that was taken for one, with its consensus."""
        write(folder, dnn=FIRST)
        run(folder, "--person", "dnn")
        while labels.refresh_next(now=now):
            pass
        return Study.objects.get()

    def test_the_same_files_leave_a_reader_what_they_are(self, folder, settled):
        assert "nothing changed" in run(folder)
        assert User.objects.get(last_name="dnn").kind == "person"

    def test_a_reader_becomes_a_model_when_told(self, folder, settled, now):
        told = run(folder, "--model", "dnn").splitlines()
        assert told[1:] == [
            "cardiologist1, cardiologist2: imported before, nothing changed.",
            "dnn is a model from now on.",
        ]
        event = AuditEvent.objects.filter(action="people.changed").latest("pk")
        assert (event.before, event.after) == ('{"kind":"person"}', '{"kind":"model"}')
        assert set(settled.consensus.values_list("n_readings", flat=True)) == {3}
        assert labels.refresh_next(now=now)
        assert set(settled.consensus.values_list("n_readings", flat=True)) == {2}

    def test_a_locked_study_keeps_its_voters(self, folder, settled, davi, now):
        lifecycle.lock(study_id=settled.pk, actor=davi, now=now)
        assert refusal(folder, "--model", "dnn").startswith("The study is not open")


class TestPatients:
    """The patient table that CODE-test was published with, beside the folder of its readers."""

    TABLE = "age,sex,patient_id\n" + "".join(f"{30 + row},{'MF'[row % 2]},p{row // 2}\n"
                                             for row in range(N))  # fmt: skip

    def test_it_is_no_reader(self, folder):
        (folder / "attributes.csv").write_text(self.TABLE)
        assert run(folder).splitlines()[1:] == [
            "40 exams read by cardiologist1, cardiologist2: imported.",
            (
                "There is a patient table beside the readers; it is not a reader."
                " Taken from it: age, sex, patient_id."
            ),
        ]

    @pytest.mark.parametrize("named", [".", "annotations"])
    def test_it_is_found_beside_the_folder_of_the_readers(self, folder, named):
        (folder.parent / "attributes.csv").write_text(self.TABLE)
        assert "There is a patient table" in run(folder.parent / named)
        exam = Exam.objects.order_by("source_key").first()
        assert exam is not None
        assert exam.patient is not None
        assert (exam.age_years, exam.sex, exam.patient.pseudonym) == (30.0, "M", "p0")
        assert Exam.objects.values("patient").distinct().count() == N // 2

    def test_of_other_exams_nothing_is_taken(self, folder):
        (folder / "attributes.csv").write_text("age,sex\n30,M\n")
        assert (
            run(folder).splitlines()[-1].endswith("Rows: 1, exams: 40; nothing was taken from it.")
        )
        assert set(Exam.objects.values_list("age_years", "sex")) == {(None, None)}

    def test_stored_exams_are_left_as_they_are(self, folder, imported):
        (folder / "attributes.csv").write_text(self.TABLE)
        assert (
            run(folder)
            .splitlines()[-1]
            .endswith("The exams are stored already: nothing was taken from it.")
        )


class TestAgain:
    def test_the_same_files_change_nothing(self, folder):
        run(folder)
        before = stored()
        assert run(folder).splitlines()[1:] == [
            "cardiologist1, cardiologist2: imported before, nothing changed."
        ]
        assert stored() == before

    def test_another_reader_joins_the_study(self, folder, imported):
        write(folder, dnn=SECOND)
        assert run(folder).splitlines()[1:] == [
            "40 exams read by dnn (model): imported.",
            "cardiologist1, cardiologist2: imported before, nothing changed.",
            (
                "Recognized by name: dnn (model). Models and references are compared with people,"
                " and do not vote. If one is a person, say so: --person NAME."
            ),
        ]
        assert imported.readers.count() == 3
        assert imported.batches.of_data().closed().count() == 2
        assert Exam.objects.count() == N

    def test_readers_may_come_one_by_one(self, tmp_path, imported):
        run(write(tmp_path / "later", dnn=SECOND))
        assert Reading.objects.filter(reader__last_name="dnn").count() == N

    def test_another_number_of_rows_is_refused(self, imported, tmp_path):
        fewer = write(tmp_path / "fewer", N - 1, dnn=SECOND)
        assert "this one has 40 exams, the files have 39." in refusal(fewer)

    def test_what_is_stored_never_changes(self, folder, imported):
        changed = FIRST.copy()
        changed[38, 3] = 1
        write(folder, cardiologist1=changed)
        told = refusal(folder)
        assert told.startswith("A stored reading differs from the file")
        assert told.endswith("cardiologist1, row 39, SB.")

    def test_a_name_in_capitals_is_refused(self, tmp_path, imported):
        loud = write(tmp_path / "loud", Cardiologist1=FIRST)
        assert refusal(loud).endswith("Rename the file of Cardiologist1.")

    def test_a_locked_study_takes_no_reader_more(self, folder, imported, davi, now):
        lifecycle.lock(study_id=imported.pk, actor=davi, now=now)
        assert "nothing changed" in run(folder)
        write(folder, dnn=SECOND)
        assert refusal(folder).startswith("The study is not open.")


class TestRefusals:
    def test_another_study_is_left_alone(self, folder, make_study):
        make_study(name="CODE-test")
        assert refusal(folder) == (
            "The study of this name was not made by an import of readings."
            " Choose a name other than CODE-test."
        )

    def test_another_study_with_these_classes_is_left_alone(
        self, folder, imported, davi, make_study
    ):
        make_study(name="Ours", taxonomy=str(imported.taxonomy))
        assert "not made by an import of readings" in refusal(folder, study="Ours")

    @pytest.mark.parametrize("name", ["", " ", "a" * 121])
    def test_a_study_has_a_name(self, folder, name):
        assert refusal(folder, study=name).startswith(
            "The study cannot be run under this protocol. Correct these settings: name: "
        )

    def test_somebody_unknown_imports_nothing(self, folder):
        assert refusal(folder, "--by", "nobody") == "There is no user nobody."

    @pytest.mark.parametrize(
        ("spoil", "why"),
        [
            (lambda folder: (folder / "x.csv").write_text(""), "x.csv: the file is empty"),
            (lambda folder: (folder / "x.csv").mkdir(), "x.csv: is a folder, not a file"),
            (
                lambda folder: (folder / "x.csv").write_text(published.table(FIRST[1:N])),
                "x.csv: has 39 rows, but cardiologist1.csv has 40",
            ),
            (
                lambda folder: (folder / "x.csv").write_text(
                    published.table(FIRST[:N]).replace("\n0,0,0,0,0,0\n", "\n0,0,0,0,2,0\n", 1)
                ),
                "x.csv: line 36, column 5: AF: row 35 has '2', neither 0 nor 1. Write 0 or 1.",
            ),
            (
                lambda folder: write(folder, CARDIOLOGIST1=FIRST),
                "names the same reader as",
            ),
        ],
        ids=["empty", "folder", "shorter", "value", "case"],
    )  # fmt: skip
    def test_one_bad_file_keeps_all_from_being_stored(
        self, folder: Path, spoil: Callable[[Path], object], why: str
    ):
        spoil(folder)
        told = refusal(folder)
        assert told.startswith("Nothing was imported.\n")
        assert why in told

    def test_there_must_be_a_folder(self, tmp_path):
        assert "there is no such folder" in refusal(tmp_path / "nowhere")

    def test_there_must_be_a_file(self, tmp_path):
        assert "the folder has no .csv file" in refusal(tmp_path)

    def test_what_fails_in_the_end_stores_nothing(self, folder, monkeypatch):
        def fail(**_: Any) -> None:
            raise batches.AlreadyClosed

        monkeypatch.setattr(batches, "close", fail)
        before = stored()
        with pytest.raises(CommandError):
            run(folder)
        assert stored() == before


def _renamed() -> model.Taxonomy:
    return replace(model.load(), name="ward-list")


class TestClasses:
    """The list that comes with an import is not what a site reads with."""

    def test_the_site_goes_on_with_its_own_list(self, taxonomy, folder):
        run(folder)
        assert Taxonomy.objects.all().newest() == taxonomy

    def test_a_new_study_begins_with_the_sites_own_list(self, taxonomy, folder):
        run(folder)
        assert Taxonomy.objects.all().newest_first().first() == taxonomy

    def test_later_lists_come_before_earlier_ones(self, taxonomy, folder, now):
        run(folder)
        later = versions.install(taxonomy=_renamed(), now=now)
        rows = list(Taxonomy.objects.all().newest_first())
        assert [row.name for row in rows] == [later.name, taxonomy.name, "code-test-6"]

    def test_the_page_of_classes_shows_the_sites_own_list(self, taxonomy, folder, client):
        run(folder)
        assert client.get("/taxonomy/").context["taxonomy"] == taxonomy

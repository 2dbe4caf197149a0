"""``manage.py import_readings`` turns published readings into ordinary readings."""

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
from tests.app.kept import kept

pytestmark = pytest.mark.django_db

FIRST, SECOND = published.pair()
"""Votes of two readers on 827 exams. Most tests use the first ``N`` rows."""

N = 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of two readers of forty exams."""
    return write(tmp_path / "annotations", cardiologist1=FIRST, cardiologist2=SECOND)


def write(folder: Path, n_exams: int = N, **tables: NDArray[np.int8]) -> Path:
    return published.write(
        folder, {name: votes_of_reader[:n_exams] for name, votes_of_reader in tables.items()}
    )


def run(folder: Path, *more: str, study: str = "CODE-test") -> str:
    out = io.StringIO()
    call_command("import_readings", "--format", "codetest", "--study", study, *more, str(folder),
                 stdout=out)  # fmt: skip
    return out.getvalue()


def refusal(folder: Path, *more: str, study: str = "CODE-test") -> str:
    """Return the error of a refused import; assert that it stored nothing."""
    before = stored()
    with pytest.raises(CommandError) as caught:
        run(folder, *more, study=study)
    assert stored() == before
    return str(caught.value)


def stored() -> list[int]:
    models = (Study, Batch, Assignment, Reading, Finding, Exam, Dataset, User, AuditEvent, Taxonomy)
    return [model.objects.count() for model in models]


@kept
def imported(db: None, tmp_path: Path) -> Study:
    """The study of two readers of forty exams."""
    run(write(tmp_path / "annotations", cardiologist1=FIRST, cardiologist2=SECOND))
    return Study.objects.get(slug="code-test")


def effective_codes(study: Study) -> dict[str, dict[int, frozenset[str]]]:
    """Return the classes of each reading that counts, by reader name and exam."""
    counted = Reading.objects.counted().filter(assignment__batch__study=study)
    translated = votes.translated(study, counted.select_related("assignment"))
    names_of = dict(study.readers.values_list("user", "user__last_name"))
    codes_by_reader: dict[str, dict[int, frozenset[str]]] = {name: {} for name in names_of.values()}
    for exam, exam_votes in votes.counted(translated).items():
        for vote in exam_votes:
            assert vote.translation is not None
            codes_by_reader[names_of[vote.reader_id]][exam] = vote.translation.codes
    return codes_by_reader


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

    def test_each_cell_becomes_a_finding_of_its_row_and_class(self, imported):
        for name, expected in (("cardiologist1", FIRST), ("cardiologist2", SECOND)):
            findings = Finding.objects.filter(reading__reader__last_name=name)
            cells = findings.values_list(
                "reading__assignment__exam__source_key", "diagnostic_class__code"
            )
            assert {(int(row) - 1, CLASSES.index(code)) for row, code in cells} == {
                (row, column) for row, column in np.argwhere(expected[:N])
            }

    def test_the_readings_are_marked_as_imported(self, imported):
        assert set(Reading.objects.values_list("display__imported", flat=True)) == {"codetest"}

    def test_the_exams_have_no_tracings(self, imported):
        assert (Exam.objects.count(), Tracing.objects.count()) == (N, 0)

    def test_the_taxonomy_has_six_classes_and_none_is_exclusive(self, imported):
        classes = imported.taxonomy.classes.order_by("position")
        assert tuple(classes.values_list("code", flat=True)) == CLASSES
        assert not classes.filter(is_exclusive=True).exists()

    def test_the_batch_is_closed_and_its_study_open(self, imported):
        batch = imported.batches.get()
        assert (imported.phase, batch.purpose, batch.handout) == ("open", "data", "named")
        assert batch.is_released
        assert not batch.is_open

    def test_the_seats_are_full(self, imported):
        assert set(Seat.objects.values_list("n_assigned", "n_read")) == {(N, N)}

    def test_the_readings_pass_the_integrity_check(self, imported):
        report = integrity_readings.check()
        assert (report.n, report.fault) == (2 * N, None)

    def test_the_import_is_in_the_audit_trail(self, folder, davi):
        run(folder, "--by", "davi")
        event = AuditEvent.objects.get(action="reading.imported")
        assert event.actor == davi
        assert event.after == '{"n_exams":40,"readers":["cardiologist1","cardiologist2"]}'

    def test_the_audit_trail_names_the_importer_as_submitter(self, folder, davi):
        run(folder, "--by", "davi")
        submitted = AuditEvent.objects.filter(action="reading.submitted")
        assert set(submitted.values_list("actor_name", flat=True)) == {"davi"}

    def test_without_an_actor_the_study_belongs_to_the_importer(self, imported):
        assert imported.created_by.username == imports_readings.IMPORTER
        assert not imported.created_by.is_active

    def test_the_consensus_is_computed(self, imported, now):
        assert labels.refresh_next(now=now)
        assert imported.consensus.count() == N


class TestAgreement:
    def test_kappa_equals_the_published_one(self, tmp_path):
        run(write(tmp_path / "whole", 827, one=FIRST, two=SECOND))
        codes = effective_codes(Study.objects.get())
        exams = sorted(codes["one"])
        assert exams == sorted(codes["two"])
        assert len(exams) == 827
        for code in ("1dAVb", "RBBB", "LBBB", "SB", "AF"):
            first, second = (
                [code in codes[name][exam] for exam in exams] for name in ("one", "two")
            )
            kappa = cohen_kappa_score(first, second)
            assert kappa == pytest.approx(published.kappa(code), abs=1e-12)

    def test_column_order_and_an_index_column_do_not_matter(self, folder, tmp_path):
        other = tmp_path / "other"
        other.mkdir()
        text = published.table(FIRST[:N], has_index=True)
        (other / "cardiologist1.csv").write_text(text, encoding="utf-8")
        lines = published.table(SECOND[:N]).splitlines()
        turned = [",".join(line.split(",")[::-1]) for line in lines]
        (other / "cardiologist2.csv").write_text("\ufeff" + "\r\n".join(turned), encoding="utf-8")
        run(folder)
        assert "nothing changed" in run(other)

    def test_a_single_reader_is_imported(self, tmp_path):
        run(write(tmp_path / "alone", dnn=FIRST))
        assert Reading.objects.count() == N

    def test_the_published_readers_are_imported(self, shared_data, tmp_path):
        run(published.two_cardiologists(shared_data, tmp_path))
        first, second = effective_codes(Study.objects.get()).values()
        assert (
            sum(first[exam] != second[exam] for exam in first) == 5
        )  # as stated in the README of the data


class TestReaders:
    def test_a_reader_is_named_after_the_file(self, imported, davi):
        names = reader_names.names_for(davi, imported)
        readers = {names.of(line.user) for line in imported.readers.select_related("user")}
        assert readers == {"cardiologist1", "cardiologist2"}

    def test_a_reader_can_never_sign_in(self, imported):
        for line in imported.readers.select_related("user"):
            assert not line.user.is_active
            assert not line.user.has_usable_password()
            assert not line.user.groups.exists()

    def test_their_user_names_are_invalid_in_forms(self, imported):
        for line in imported.readers.select_related("user"):
            with pytest.raises(ValidationError):
                UnicodeUsernameValidator()(line.user.username)

    @pytest.mark.parametrize("command", ["create_link", "create_token"])
    def test_they_get_neither_link_nor_token(self, imported, command):
        username = imported.readers.first().user.username
        more = ["--base-url", "http://x"] if command == "create_link" else []
        with pytest.raises(CommandError):
            call_command(command, username, *more)

    def test_the_same_name_in_two_studies_makes_two_people(self, folder):
        run(folder)
        run(folder, study="Other")
        assert User.objects.filter(last_name="cardiologist1").count() == 2


class TestReaderKinds:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """Two people, a model and a reference, under their published names."""
        return write(
            tmp_path / "annotations",
            cardiologist1=FIRST,
            cardiologist2=SECOND,
            dnn=SECOND,
            gold_standard=FIRST,
        )

    def kinds_of_readers(self) -> dict[str, str]:
        lines = Study.objects.get().readers
        return dict(lines.values_list("user__last_name", "user__kind"))

    def test_model_and_reference_are_recognized_by_name(self, folder):
        lines = run(folder).splitlines()
        assert lines[1:] == [
            (
                "40 exams read by cardiologist1, cardiologist2, dnn (model),"
                " gold_standard (reference): imported."
            ),
            (
                "Recognized by name: dnn (model), gold_standard (reference). Models and references"
                " are compared with people, and do not vote. If one is a person, use"
                " --person NAME."
            ),
        ]
        assert self.kinds_of_readers() == {
            "cardiologist1": "person",
            "cardiologist2": "person",
            "dnn": "model",
            "gold_standard": "reference",
        }
        assert Study.objects.get().readers_per_exam == 2

    def test_options_override_recognition_by_name(self, folder):
        more = ["--person", "dnn", "--model", "cardiologist2", "--reference", "gold_standard"]
        output = run(folder, *more)
        assert "Recognized by name" not in output
        assert self.kinds_of_readers() == {
            "cardiologist1": "person",
            "cardiologist2": "model",
            "dnn": "person",
            "gold_standard": "reference",
        }

    def test_an_unknown_name_is_refused_with_the_available_ones(self, folder):
        assert refusal(folder, "--reference", "gold", "--model", "net").endswith(
            "Replace gold, net. The folder has: cardiologist1, cardiologist2, dnn, gold_standard."
        )

    def test_a_reader_has_one_kind(self, folder):
        assert refusal(folder, "--reference", "dnn", "--model", "dnn").startswith(
            "A reader is listed as more than one kind. List dnn only once:"
        )

    def test_only_people_vote(self, folder, now):
        run(folder)
        assert labels.refresh_next(now=now)
        counts = set(Study.objects.get().consensus.values_list("n_readings", flat=True))
        assert counts == {2}

    def test_the_audit_trail_lists_models_and_references(self, folder):
        run(folder)
        event = AuditEvent.objects.get(action="reading.imported")
        assert '"models":["dnn"]' in event.after
        assert '"references":["gold_standard"]' in event.after

    @pytest.mark.parametrize("option", ["--activate", "--role=reader"])
    def test_a_model_never_signs_in(self, folder, option):
        run(folder)
        with pytest.raises(CommandError, match="belongs to a model or a reference"):
            call_command("change_user", "import:code-test:dnn", option)

    def test_a_model_cannot_be_assigned_exams(self, folder, make_study, make_exam, davi, now):
        run(folder)
        model_reader = User.objects.get(last_name="dnn")
        with pytest.raises(roster.NotAReader, match="dnn"):
            batches.create(
                study=make_study(), name="One", exams=[make_exam()], readers=[model_reader],
                created_by=davi, now=now,
            )  # fmt: skip


class TestChangedReaderKinds:
    """A reader is imported again as another kind of reader."""

    @pytest.fixture
    def study_with_consensus(self, folder: Path, now: datetime) -> Study:
        """A study in which a model was imported as a person, with its consensus."""
        write(folder, dnn=FIRST)
        run(folder, "--person", "dnn")
        while labels.refresh_next(now=now):
            pass
        return Study.objects.get()

    def test_importing_the_same_files_keeps_the_kind(self, folder, study_with_consensus):
        assert "nothing changed" in run(folder)
        assert User.objects.get(last_name="dnn").kind == "person"

    def test_an_option_changes_a_reader_into_a_model(self, folder, study_with_consensus, now):
        lines = run(folder, "--model", "dnn").splitlines()
        assert lines[1:] == [
            "cardiologist1, cardiologist2: imported before, nothing changed.",
            "dnn is now a model.",
        ]
        event = AuditEvent.objects.filter(action="people.changed").latest("pk")
        assert (event.before, event.after) == ('{"kind":"person"}', '{"kind":"model"}')
        assert set(study_with_consensus.consensus.values_list("n_readings", flat=True)) == {3}
        assert labels.refresh_next(now=now)
        assert set(study_with_consensus.consensus.values_list("n_readings", flat=True)) == {2}

    def test_a_locked_study_refuses_a_changed_kind(self, folder, study_with_consensus, davi, now):
        lifecycle.lock(study_id=study_with_consensus.pk, actor=davi, now=now)
        assert refusal(folder, "--model", "dnn").startswith("The study is not open")


class TestPatients:
    """The patient table of CODE-test, ``attributes.csv``."""

    TABLE = "age,sex,patient_id\n" + "".join(f"{30 + row},{'MF'[row % 2]},p{row // 2}\n"
                                             for row in range(N))  # fmt: skip

    def test_the_patient_table_is_not_a_reader(self, folder):
        (folder / "attributes.csv").write_text(self.TABLE)
        assert run(folder).splitlines()[1:] == [
            "40 exams read by cardiologist1, cardiologist2: imported.",
            "Found a patient table. Columns used: age, sex, patient_id.",
        ]

    @pytest.mark.parametrize("named", [".", "annotations"])
    def test_the_patient_table_may_be_next_to_the_folder(self, folder, named):
        (folder.parent / "attributes.csv").write_text(self.TABLE)
        assert "Found a patient table." in run(folder.parent / named)
        exam = Exam.objects.order_by("source_key").first()
        assert exam is not None
        assert exam.patient is not None
        assert (exam.age_years, exam.sex, exam.patient.pseudonym) == (30.0, "M", "p0")
        assert Exam.objects.values("patient").distinct().count() == N // 2

    def test_a_table_of_other_exams_is_ignored(self, folder):
        (folder / "attributes.csv").write_text("age,sex\n30,M\n")
        assert (
            run(folder)
            .splitlines()[-1]
            .endswith("It was not used: 40 exams need as many rows, not 1.")
        )
        assert set(Exam.objects.values_list("age_years", "sex")) == {(None, None)}

    def test_stored_exams_are_not_changed(self, folder, imported):
        (folder / "attributes.csv").write_text(self.TABLE)
        assert (
            run(folder).splitlines()[-1].endswith("It was not used: the exams are already stored.")
        )


class TestRepeatedImport:
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
                " and do not vote. If one is a person, use --person NAME."
            ),
        ]
        assert imported.readers.count() == 3
        assert imported.batches.of_data().closed().count() == 2
        assert Exam.objects.count() == N

    def test_readers_can_be_imported_one_by_one(self, tmp_path, imported):
        run(write(tmp_path / "later", dnn=SECOND))
        assert Reading.objects.filter(reader__last_name="dnn").count() == N

    def test_another_number_of_rows_is_refused(self, imported, tmp_path):
        fewer = write(tmp_path / "fewer", N - 1, dnn=SECOND)
        assert refusal(fewer).endswith("Exams in this one: 40; in the files: 39.")

    def test_a_changed_reading_is_refused(self, folder, imported):
        changed = FIRST.copy()
        changed[38, 3] = 1
        write(folder, cardiologist1=changed)
        message = refusal(folder)
        assert message.startswith("A stored reading differs from the file")
        assert message.endswith("cardiologist1, row 39, SB.")

    def test_a_name_that_differs_only_in_case_is_refused(self, tmp_path, imported):
        loud = write(tmp_path / "loud", Cardiologist1=FIRST)
        assert refusal(loud).endswith("Rename the file of Cardiologist1.")

    def test_a_locked_study_refuses_another_reader(self, folder, imported, davi, now):
        lifecycle.lock(study_id=imported.pk, actor=davi, now=now)
        assert "nothing changed" in run(folder)
        write(folder, dnn=SECOND)
        assert refusal(folder).startswith("The study is not open.")


class TestRefusals:
    def test_a_study_that_was_not_imported_is_refused(self, folder, make_study):
        make_study(name="CODE-test")
        assert refusal(folder) == (
            "The study with this name was not created by an import of readings."
            " Choose a name other than CODE-test."
        )

    def test_such_a_study_is_refused_even_with_the_same_classes(
        self, folder, imported, davi, make_study
    ):
        make_study(name="Ours", taxonomy=str(imported.taxonomy))
        assert "not created by an import of readings" in refusal(folder, study="Ours")

    @pytest.mark.parametrize("name", ["", " ", "a" * 121])
    def test_an_invalid_study_name_is_refused(self, folder, name):
        assert refusal(folder, study=name).startswith(
            "The study cannot be run under this protocol. Correct these settings: name: "
        )

    def test_an_unknown_actor_is_refused(self, folder):
        assert refusal(folder, "--by", "nobody") == "There is no user nobody."

    @pytest.mark.parametrize(
        ("add_bad_file", "explanation"),
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
                "has the same reader name as",
            ),
        ],
        ids=["empty", "folder", "shorter", "value", "case"],
    )  # fmt: skip
    def test_one_bad_file_prevents_the_whole_import(
        self, folder: Path, add_bad_file: Callable[[Path], object], explanation: str
    ):
        add_bad_file(folder)
        message = refusal(folder)
        assert message.startswith("Nothing was imported.\n")
        assert explanation in message

    def test_a_missing_folder_is_refused(self, tmp_path):
        assert "there is no such folder" in refusal(tmp_path / "nowhere")

    def test_a_folder_without_files_is_refused(self, tmp_path):
        assert "the folder has no .csv file" in refusal(tmp_path)

    def test_a_failure_at_the_end_stores_nothing(self, folder, monkeypatch):
        def fail(**_: Any) -> None:
            raise batches.AlreadyClosed

        monkeypatch.setattr(batches, "close", fail)
        before = stored()
        with pytest.raises(CommandError):
            run(folder)
        assert stored() == before


def _renamed_taxonomy() -> model.Taxonomy:
    return replace(model.load(), name="ward-list")


class TestSiteTaxonomy:
    """The taxonomy that comes with an import does not replace the site's own."""

    def test_the_newest_taxonomy_is_still_the_sites_own(self, taxonomy, folder):
        run(folder)
        assert Taxonomy.objects.all().newest() == taxonomy

    def test_a_new_study_starts_with_the_sites_own_taxonomy(self, taxonomy, folder):
        run(folder)
        assert Taxonomy.objects.all().newest_first().first() == taxonomy

    def test_later_taxonomies_come_before_earlier_ones(self, taxonomy, folder, now):
        run(folder)
        later = versions.install(taxonomy=_renamed_taxonomy(), now=now)
        rows = list(Taxonomy.objects.all().newest_first())
        assert [row.name for row in rows] == [later.name, taxonomy.name, "code-test-6"]

    def test_the_taxonomy_page_shows_the_sites_own(self, taxonomy, folder, client):
        run(folder)
        assert client.get("/taxonomy/").context["taxonomy"] == taxonomy

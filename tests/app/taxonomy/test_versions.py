"""A list of classes changes while a study reads: nothing that was signed changes with it."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command

from annotations.models import (
    AuditEvent,
    Batch,
    Consensus,
    OpenReason,
    Outcome,
    Purpose,
    Reading,
    Suggestion,
    SuggestionModel,
    SuggestionRun,
    Taxonomy,
    TaxonomyChange,
)
from annotations.services.assignment import batches
from annotations.services.consensus import labels, rereads
from annotations.services.reading import votes
from annotations.services.studies import exam_pool, lifecycle, protocols, strata
from annotations.services.studies.strata import StratumSource
from annotations.services.taxonomy import mappings, versions
from ecgreview import protocol
from ecgreview import taxonomy as published
from ecgreview.taxonomy import Step

pytestmark = pytest.mark.django_db

SPLIT, RENAMED, GONE = "atrial_flutter", "sinus_bradycardia", "low_qrs_voltage"
PARTS = ("typical_atrial_flutter", "atypical_atrial_flutter")
STEPS = (
    Step("split", (SPLIT,), PARTS),
    Step("rename", (RENAMED,), ("sinus_bradycardia_renamed",)),
    Step("retire", (GONE,), ()),
)


def next_version() -> published.Taxonomy:
    """Return the product's list with one class split, one renamed and one retired."""
    old = published.load()
    classes = []
    for one in old.classes:
        if one.code == SPLIT:
            for part in PARTS:
                name = part.replace("_", " ")
                classes.append(replace(one, code=part, abbreviation=part[:12], name=name))
        elif one.code == RENAMED:
            classes.append(replace(one, code="sinus_bradycardia_renamed"))
        elif one.code != GONE:
            classes.append(one)
    placed = tuple(replace(one, position=place) for place, one in enumerate(classes, start=1))
    codes = {one.code for one in placed}
    relations = tuple(
        one for one in old.relations if one.from_code in codes and one.to_code in codes
    )
    return replace(old, version="2", classes=placed, relations=relations)


@pytest.fixture
def newer(taxonomy, davi, now):
    """The next version, installed with its mapping."""
    source = next_version()
    row = versions.install(taxonomy=source, now=now)
    found = published.map_steps(STEPS, mappings.as_published(taxonomy), source)
    mappings.install(old=taxonomy, new=row, mapping=found, actor=davi, now=now)
    return row


@pytest.fixture
def amend(study, davi, now):
    """Put a version of the classes in force in the study."""

    def make(row):
        study.refresh_from_db()
        wanted = replace(
            protocols.protocol_of(study),
            taxonomy=str(row),
            frequent_classes=("atrial_fibrillation",),
        )
        lifecycle.amend(study_id=study.pk, wanted=wanted, reason="new list", actor=davi, now=now)
        study.refresh_from_db()

    return make


def test_a_version_is_stored_as_it_was_published(taxonomy):
    assert mappings.as_published(taxonomy) == published.load()


def test_a_mapping_is_stored_once_and_found_again(taxonomy, newer, davi, now):
    found = mappings.between(taxonomy, newer)
    assert found.translate([RENAMED]).codes == {"sinus_bradycardia_renamed"}
    assert found.split_codes == {SPLIT}
    with pytest.raises(mappings.MappingExists):
        mappings.install(old=taxonomy, new=newer, mapping=found, actor=davi, now=now)
    assert AuditEvent.objects.filter(action="taxonomy.mapped").count() == 1


def test_mappings_are_followed_over_the_versions_in_between(taxonomy, newer, davi, now):
    third = replace(next_version(), version="3")
    row = versions.install(taxonomy=third, now=now)
    same = published.map_steps((), mappings.as_published(newer), third)
    mappings.install(old=newer, new=row, mapping=same, actor=davi, now=now)
    assert mappings.between(taxonomy, row).split_codes == {SPLIT}


def test_without_a_mapping_nothing_is_carried_over(taxonomy, now):
    lonely = versions.install(taxonomy=replace(next_version(), version="9"), now=now)
    with pytest.raises(mappings.NoMapping):
        mappings.between(taxonomy, lonely)


@pytest.fixture
def lonely(taxonomy, now):
    """A version to which no mapping leads."""
    return versions.install(taxonomy=replace(next_version(), version="9"), now=now)


def test_classes_to_which_no_mapping_leads_are_refused_once_there_is_data(
    lonely, make_batch, amend
):
    make_batch()
    with pytest.raises(protocol.InvalidProtocol) as refusal:
        amend(lonely)
    (problem,) = refusal.value.problems
    assert (problem.key, problem.code) == ("taxonomy", "no_mapping")


def test_classes_to_which_no_mapping_leads_are_taken_where_nothing_is_carried_over(
    lonely, amend, study
):
    amend(lonely)
    assert study.taxonomy == lonely


def test_a_batch_keeps_the_classes_it_began_with(
    taxonomy, newer, make_batch, amend, submit, ana, study
):
    batch = make_batch()
    amend(newer)
    reading = submit(batch.assignments.get(reader=ana), SPLIT)
    assert reading.taxonomy == taxonomy
    assert make_batch().taxonomy == newer


@pytest.fixture
def read_before(make_batch, make_exam, submit, close, ana, bruno):
    """Three exams that Ana and Bruno read before the list changed: split, renamed, retired."""
    exams = [make_exam() for _ in range(3)]
    batch = make_batch(exams)
    for exam, code in zip(exams, (SPLIT, RENAMED, GONE), strict=True):
        for reader in (ana, bruno):
            submit(batch.assignments.get(reader=reader, exam=exam), code)
    close(batch)
    return exams


def outcomes(study):
    rows = Consensus.objects.filter(study=study).order_by("exam")
    return {
        row.exam_id: (
            row.outcome,
            sorted(x.diagnostic_class.code for x in row.labels.filter(is_present=True)),
        )
        for row in rows
    }


def test_the_consensus_speaks_the_new_classes_and_waits_where_a_split_leaves_it_open(
    read_before, newer, amend, study, now
):
    amend(newer)
    labels.compute(study=study, now=now)
    split, renamed, retired = (exam.pk for exam in read_before)
    found = outcomes(study)
    assert found[split] == (Outcome.INCOMPLETE, [])
    assert study.consensus.get(exam=split).reason == OpenReason.REREAD_PENDING
    assert found[renamed] == (Outcome.AGREEMENT, ["sinus_bradycardia_renamed"])
    assert found[retired] == (Outcome.AGREEMENT, [])


def test_only_what_the_split_touches_is_read_again(
    read_before, newer, amend, study, davi, ana, bruno, now
):
    amend(newer)
    assert rereads.queue(study) == {ana.pk: [read_before[0].pk], bruno.pk: [read_before[0].pk]}
    batch = rereads.make(study=study, name="Again", created_by=davi, now=now)
    assert batch.purpose == Purpose.REREAD
    assert {one.exam_id for one in batch.assignments.all()} == {read_before[0].pk}
    with pytest.raises(rereads.NothingToReread):
        rereads.make(study=study, name="Once more", created_by=davi, now=now)


def test_what_was_read_again_has_the_vote_and_the_old_reading_stays(
    read_before, newer, amend, study, davi, submit, close, now
):
    amend(newer)
    batch = rereads.make(study=study, name="Again", created_by=davi, now=now)
    batches.release(batch_id=batch.pk, actor=davi, now=now)
    for assignment in batch.assignments.all():
        submit(assignment, PARTS[0])
    close(Batch.objects.get(pk=batch.pk))
    labels.compute(study=study, now=now)
    assert outcomes(study)[read_before[0].pk] == (Outcome.AGREEMENT, [PARTS[0]])
    assert rereads.queue(study) == {}
    assert read_before[0].assignments.count() == 4


def test_a_first_reading_keeps_its_vote_over_a_second_under_the_same_classes():
    sure = votes.Vote(1, 7, 5, published.Translation(frozenset({"a"})))
    later = votes.Vote(2, 7, 5, published.Translation(frozenset({"b"})))
    assert votes.that_count([sure, later]) == {5: [sure]}


def test_who_has_left_is_not_asked_again(read_before, newer, amend, study, davi, ana, bruno, now):
    from annotations.services.studies import roster

    amend(newer)
    roster.withdraw(study=study, user=ana, reason="moved", actor=davi, now=now)
    batch = rereads.make(study=study, name="Again", created_by=davi, now=now)
    assert set(batch.assignments.values_list("reader", flat=True)) == {bruno.pk}


class TestTheCommands:
    """What an operator types."""

    @pytest.fixture
    def files(self, tmp_path):
        listed = tmp_path / "list.csv"
        listed.write_text("code,name,is_exclusive\nnormal,Normal,yes\naf,Atrial fibrillation,\n")
        return tmp_path

    def test_a_csv_list_is_installed(self, taxonomy, files, capsys):
        call_command("import_taxonomy", files / "list.csv", name="official", version_name="1")
        assert "official 1: 2 classes, installed" in capsys.readouterr().out
        assert Taxonomy.objects.get(name="official").classes.count() == 2

    def test_a_dry_run_stores_nothing(self, taxonomy, files, capsys):
        call_command(
            "import_taxonomy", files / "list.csv", name="official", version_name="1", dry_run=True
        )
        assert not Taxonomy.objects.filter(name="official").exists()

    def test_a_list_without_a_mapping_is_refused_whole(self, taxonomy, files):
        with pytest.raises(CommandError, match="af"):
            call_command(
                "import_taxonomy",
                files / "list.csv",
                name="official",
                version_name="1",
                old=str(taxonomy),
            )
        assert not Taxonomy.objects.filter(name="official").exists()
        assert not TaxonomyChange.objects.exists()

    def test_a_missing_file_is_named(self, db, tmp_path):
        with pytest.raises(CommandError, match=r"nowhere\.csv"):
            call_command("import_taxonomy", tmp_path / "nowhere.csv", name="x", version_name="1")

    def test_an_unknown_version_is_told_with_those_there_are(self, taxonomy, files):
        with pytest.raises(CommandError, match="Installed: ecg-review-66"):
            call_command(
                "import_taxonomy", files / "list.csv", name="x", version_name="1", old="no 7"
            )

    def test_a_reread_is_planned(self, read_before, newer, amend, study, davi, capsys):
        amend(newer)
        call_command("plan_reread", study.slug, username="davi", dry_run=True)
        assert "2 readings of 1 exams by 2 readers" in capsys.readouterr().out
        call_command("plan_reread", study.slug, username="davi")
        assert study.batches.filter(purpose=Purpose.REREAD, released_at=None).exists()


class TestSuggestionsInAnotherVersion:
    """A model names what it suggests in the newest classes; a batch may have older ones."""

    @pytest.fixture
    def suggested(self, newer, make_exam, now):
        """An exam with two suggestions: in a class of both versions, and in one of the newer."""
        exam = make_exam()
        codes = ["atrial_fibrillation", PARTS[0]]
        model = SuggestionModel.objects.create(
            name="probe", version="1", covered_classes=codes, created_at=now
        )
        run = SuggestionRun.objects.create(
            exam=exam, model=model, requested_at=now, finished_at=now
        )
        for word in newer.classes.filter(code__in=codes):
            Suggestion.objects.create(
                run=run, diagnostic_class=word, strength=0.9, evidence="irregular RR"
            )
        return exam

    @pytest.fixture
    def read(self, suggested, assign, ana, submit):
        """Ana's assignment of it, in the older classes, once it is read."""
        assignment = assign(ana, suggested)
        submit(assignment, "artifact")
        return assignment

    def test_a_reader_is_shown_those_of_the_batch(self, read, ana, signed_in):
        told = signed_in(ana).get(f"/api/assignments/{read.pk}/suggestions/").json()
        assert [one["class"] for one in told["suggestions"]] == ["atrial_fibrillation"]
        assert told["covered_classes"] == ["atrial_fibrillation"]

    def test_a_reader_decides_on_those_of_the_batch(self, read, ana, signed_in):
        client = signed_in(ana)
        client.get(f"/api/assignments/{read.pk}/suggestions/")
        for code, status in ((PARTS[0], 400), ("atrial_fibrillation", 201)):
            body = {
                "findings": [], "quality": "good", "comment": "", "reason": "suggestion",
                "decisions": [{"class": code, "verdict": "rejected"}],
            }  # fmt: skip
            answer = client.post(
                f"/api/assignments/{read.pk}/revision/", body, content_type="application/json",
                headers={"Idempotency-Key": str(uuid.uuid4())},
            )  # fmt: skip
            assert answer.status_code == status

    def test_strata_are_named_by_the_classes_of_the_study(self, suggested, study, davi, now):
        exam_pool.add(study=study, exams=[suggested], actor=davi, now=now)
        assert strata.suggested_shares(study) == {"atrial_fibrillation": 1}
        assert strata.of_exams([(suggested.pk, None, [])], StratumSource.SUGGESTED, study) == [
            "atrial_fibrillation"
        ]


def test_what_could_not_be_assessed_is_carried_over_by_its_new_name(
    newer, amend, make_batch, submit, study, ana
):
    submit(
        make_batch(readers=[ana]).assignments.get(), "atrial_fibrillation", not_assessable=[RENAMED]
    )
    amend(newer)
    (vote,) = votes.translated(study, Reading.objects.all())
    assert vote.missing == {"sinus_bradycardia_renamed"}
    assert vote.translation is not None
    assert vote.translation.codes == {"atrial_fibrillation"}


class TestTheBuiltInList:
    @pytest.fixture
    def before(self, now):
        """The version before, as a home that is upgraded has it."""
        return versions.install(taxonomy=replace(published.load(), version="0.1-draft"), now=now)

    def test_is_joined_to_the_version_that_was_installed_before(self, before, now):
        newest = mappings.install_built_in(now=now)
        assert mappings.install_built_in(now=now) == newest
        mapping = mappings.between(before, newest)
        assert mapping.translate([GONE, SPLIT]).codes == {GONE, SPLIT}

    def test_needs_no_version_before(self, now):
        mappings.install_built_in(now=now)
        assert not TaxonomyChange.objects.exists()

"""Taxonomy versions: a study moves to a new version without changing submitted readings."""

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
from tests.app.kept import kept

pytestmark = pytest.mark.django_db

SPLIT, RENAMED, RETIRED = "atrial_flutter", "sinus_bradycardia", "low_qrs_voltage"
PARTS = ("typical_atrial_flutter", "atypical_atrial_flutter")
STEPS = (
    Step("split", (SPLIT,), PARTS),
    Step("rename", (RENAMED,), ("sinus_bradycardia_renamed",)),
    Step("retire", (RETIRED,), ()),
)


def next_version() -> published.Taxonomy:
    """Return the built-in taxonomy with one class split, another renamed and a third retired."""
    old = published.load()
    classes = []
    for item in old.classes:
        if item.code == SPLIT:
            for part in PARTS:
                name = part.replace("_", " ")
                classes.append(replace(item, code=part, abbreviation=part[:12], name=name))
        elif item.code == RENAMED:
            classes.append(replace(item, code="sinus_bradycardia_renamed"))
        elif item.code != RETIRED:
            classes.append(item)
    placed = tuple(replace(item, position=place) for place, item in enumerate(classes, start=1))
    codes = {item.code for item in placed}
    relations = tuple(
        item for item in old.relations if item.from_code in codes and item.to_code in codes
    )
    return replace(old, version="2", classes=placed, relations=relations)


@kept
def newer(taxonomy, davi, now):
    """The next version, installed with its mapping."""
    source = next_version()
    row = versions.install(taxonomy=source, now=now)
    mapping = published.map_steps(STEPS, mappings.as_published(taxonomy), source)
    mappings.install(old=taxonomy, new=row, mapping=mapping, actor=davi, now=now)
    return row


@pytest.fixture
def amend(study, davi, now):
    def make(row):
        study.refresh_from_db()
        amended = replace(
            protocols.protocol_of(study),
            taxonomy=str(row),
            frequent_classes=("atrial_fibrillation",),
        )
        lifecycle.amend(study_id=study.pk, protocol=amended, reason="new list", actor=davi, now=now)
        study.refresh_from_db()

    return make


def test_a_version_is_stored_as_it_was_published(taxonomy):
    assert mappings.as_published(taxonomy) == published.load()


def test_a_mapping_is_stored_once(taxonomy, newer, davi, now):
    mapping = mappings.between(taxonomy, newer)
    assert mapping.translate([RENAMED]).codes == {"sinus_bradycardia_renamed"}
    assert mapping.split_codes == {SPLIT}
    with pytest.raises(mappings.MappingExists):
        mappings.install(old=taxonomy, new=newer, mapping=mapping, actor=davi, now=now)
    assert AuditEvent.objects.filter(action="taxonomy.mapped").count() == 1


def test_mappings_are_chained_over_versions_in_between(taxonomy, newer, davi, now):
    third = replace(next_version(), version="3")
    row = versions.install(taxonomy=third, now=now)
    same = published.map_steps((), mappings.as_published(newer), third)
    mappings.install(old=newer, new=row, mapping=same, actor=davi, now=now)
    assert mappings.between(taxonomy, row).split_codes == {SPLIT}


def test_a_missing_mapping_raises(taxonomy, now):
    unmapped = versions.install(taxonomy=replace(next_version(), version="9"), now=now)
    with pytest.raises(mappings.NoMapping):
        mappings.between(taxonomy, unmapped)


@kept
def unmapped(taxonomy, now):
    """A version without a mapping from the current one."""
    return versions.install(taxonomy=replace(next_version(), version="9"), now=now)


def test_a_taxonomy_without_mapping_is_refused_if_there_are_batches(unmapped, make_batch, amend):
    make_batch()
    with pytest.raises(protocol.InvalidProtocol) as refusal:
        amend(unmapped)
    (problem,) = refusal.value.problems
    assert (problem.key, problem.code) == ("taxonomy", "no_mapping")


def test_a_taxonomy_without_mapping_is_accepted_without_batches(unmapped, amend, study):
    amend(unmapped)
    assert study.taxonomy == unmapped


def test_a_batch_keeps_its_taxonomy(taxonomy, newer, make_batch, amend, submit, ana, study):
    batch = make_batch()
    amend(newer)
    reading = submit(batch.assignments.get(reader=ana), SPLIT)
    assert reading.taxonomy == taxonomy
    assert make_batch().taxonomy == newer


@kept
def read_before(make_batch, make_exam, submit, close, ana, bruno):
    """Three exams read before the amendment: a split class, a renamed one and a retired one."""
    exams = [make_exam() for _ in range(3)]
    batch = make_batch(exams)
    for exam, code in zip(exams, (SPLIT, RENAMED, RETIRED), strict=True):
        for reader in (ana, bruno):
            submit(batch.assignments.get(reader=reader, exam=exam), code)
    close(batch)
    return exams


def consensus_outcomes(study):
    rows = Consensus.objects.filter(study=study).order_by("exam")
    return {
        row.exam_id: (
            row.outcome,
            sorted(x.diagnostic_class.code for x in row.labels.filter(is_present=True)),
        )
        for row in rows
    }


def test_the_consensus_uses_new_classes_and_waits_for_rereads_of_a_split(
    read_before, newer, amend, study, now
):
    amend(newer)
    labels.compute(study=study, now=now)
    split, renamed, retired = (exam.pk for exam in read_before)
    outcome_by_exam = consensus_outcomes(study)
    assert outcome_by_exam[split] == (Outcome.INCOMPLETE, [])
    assert study.consensus.get(exam=split).reason == OpenReason.REREAD_PENDING
    assert outcome_by_exam[renamed] == (Outcome.AGREEMENT, ["sinus_bradycardia_renamed"])
    assert outcome_by_exam[retired] == (Outcome.AGREEMENT, [])


def test_only_exams_with_a_split_class_are_reread(
    read_before, newer, amend, study, davi, ana, bruno, now
):
    amend(newer)
    assert rereads.queue(study) == {ana.pk: [read_before[0].pk], bruno.pk: [read_before[0].pk]}
    batch = rereads.make(study=study, name="Again", created_by=davi, now=now)
    assert batch.purpose == Purpose.REREAD
    assert {assignment.exam_id for assignment in batch.assignments.all()} == {read_before[0].pk}
    with pytest.raises(rereads.NothingToReread):
        rereads.make(study=study, name="Once more", created_by=davi, now=now)


def test_the_reread_votes_and_the_old_reading_is_kept(
    read_before, newer, amend, study, davi, submit, close, now
):
    amend(newer)
    batch = rereads.make(study=study, name="Again", created_by=davi, now=now)
    batches.release(batch_id=batch.pk, actor=davi, now=now)
    for assignment in batch.assignments.all():
        submit(assignment, PARTS[0])
    close(Batch.objects.get(pk=batch.pk))
    labels.compute(study=study, now=now)
    assert consensus_outcomes(study)[read_before[0].pk] == (Outcome.AGREEMENT, [PARTS[0]])
    assert rereads.queue(study) == {}
    assert read_before[0].assignments.count() == 4


def test_the_first_of_two_readings_in_the_same_taxonomy_votes():
    sure = votes.Vote(1, 7, 5, published.Translation(frozenset({"a"})))
    later = votes.Vote(2, 7, 5, published.Translation(frozenset({"b"})))
    assert votes.counted([sure, later]) == {5: [sure]}


def test_withdrawn_readers_get_no_rereads(read_before, newer, amend, study, davi, ana, bruno, now):
    from annotations.services.studies import roster

    amend(newer)
    roster.withdraw(study=study, user=ana, reason="moved", actor=davi, now=now)
    batch = rereads.make(study=study, name="Again", created_by=davi, now=now)
    assert set(batch.assignments.values_list("reader", flat=True)) == {bruno.pk}


class TestCommands:
    @pytest.fixture
    def files(self, tmp_path):
        listed = tmp_path / "list.csv"
        listed.write_text("code,name,is_exclusive\nnormal,Normal,yes\naf,Atrial fibrillation,\n")
        return tmp_path

    def test_a_taxonomy_is_installed_from_csv(self, taxonomy, files, capsys):
        call_command("import_taxonomy", files / "list.csv", name="official", version_name="1")
        assert "official 1: 2 classes, installed" in capsys.readouterr().out
        assert Taxonomy.objects.get(name="official").classes.count() == 2

    def test_a_dry_run_stores_nothing(self, taxonomy, files, capsys):
        call_command(
            "import_taxonomy", files / "list.csv", name="official", version_name="1", dry_run=True
        )
        assert not Taxonomy.objects.filter(name="official").exists()

    def test_an_incomplete_mapping_installs_nothing(self, taxonomy, files):
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

    def test_an_unknown_version_lists_the_installed_ones(self, taxonomy, files):
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
    """Models suggest classes of the newest taxonomy; a batch may have an older one."""

    @pytest.fixture
    def suggested(self, newer, make_exam, now):
        """An exam with two suggestions: a class of both versions and a class of the newer only."""
        exam = make_exam()
        codes = ["atrial_fibrillation", PARTS[0]]
        model = SuggestionModel.objects.create(
            name="probe", version="1", covered_classes=codes, created_at=now
        )
        run = SuggestionRun.objects.create(
            exam=exam, model=model, requested_at=now, finished_at=now
        )
        for diagnostic_class in newer.classes.filter(code__in=codes):
            Suggestion.objects.create(
                run=run, diagnostic_class=diagnostic_class, strength=0.9, evidence="irregular RR"
            )
        return exam

    @pytest.fixture
    def read(self, suggested, assign, ana, submit):
        """Ana's assignment of the suggested exam. She has read it with the older taxonomy."""
        assignment = assign(ana, suggested)
        submit(assignment, "artifact")
        return assignment

    def test_a_reader_sees_suggestions_in_the_taxonomy_of_the_batch(self, read, ana, signed_in):
        offer = signed_in(ana).get(f"/api/assignments/{read.pk}/suggestions/").json()
        assert [suggestion["class"] for suggestion in offer["suggestions"]] == [
            "atrial_fibrillation"
        ]
        assert offer["covered_classes"] == ["atrial_fibrillation"]

    def test_a_reader_decides_on_classes_of_the_batch(self, read, ana, signed_in):
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

    def test_strata_are_named_in_the_taxonomy_of_the_study(self, suggested, study, davi, now):
        exam_pool.add(study=study, exams=[suggested], actor=davi, now=now)
        assert strata.suggested_shares(study) == {"atrial_fibrillation": 1}
        assert strata.of_exams([(suggested.pk, None, [])], StratumSource.SUGGESTED, study) == [
            "atrial_fibrillation"
        ]


def test_not_assessable_classes_are_carried_over_under_their_new_name(
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


class TestBuiltInTaxonomy:
    @pytest.fixture
    def before(self, now):
        """An earlier version, as on a site that is being upgraded."""
        return versions.install(taxonomy=replace(published.load(), version="0.1-draft"), now=now)

    def test_is_mapped_from_the_version_installed_before(self, before, now):
        newest = mappings.install_built_in(now=now)
        assert mappings.install_built_in(now=now) == newest
        mapping = mappings.between(before, newest)
        assert mapping.translate([RETIRED, SPLIT]).codes == {RETIRED, SPLIT}

    def test_needs_no_earlier_version(self, now):
        mappings.install_built_in(now=now)
        assert not TaxonomyChange.objects.exists()

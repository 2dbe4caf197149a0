"""Embargoed labels: in no file of a release, and only if they were in none before."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest

from annotations.models import Consensus, Exam, Patient, ReleaseChunk
from annotations.services.releases import choices, exam_labels, gathering, jobs
from annotations.services.scoring import embargoes
from ecgreview.release import index
from ecgreview.release.content import Label, LabelState
from ecgreview.release.embargo import Embargo
from ecgreview.release.formats import registry

pytestmark = pytest.mark.django_db


def files(release):
    content = b"".join(jobs.chunks(release))
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return {name.partition("/")[2]: packed.read(name) for name in packed.namelist()}


def table(content):
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_labels_and_readings_of_the_last_fold_are_withheld(release_with, read_batch):
    release = release_with(Embargo.LAST_FOLD)
    written = files(release)
    folds = {row["exam"]: row["fold"] for row in table(written["csv/exams.csv"])}
    withheld = {exam for exam, fold in folds.items() if fold == "2"}
    assert 0 < len(withheld) < len(folds)
    labels = table(written["csv/labels_long.csv"])
    assert {row["state"] for row in labels if row["exam"] in withheld} == {"embargoed"}
    assert {row["n_votes"] for row in labels if row["exam"] in withheld} == {"0"}
    assert {row["state"] for row in labels if row["exam"] not in withheld} >= {"present", "absent"}
    assert {row["exam"] for row in table(written["csv/readings.csv"])} == set(folds) - withheld
    template = table(written["predictions_template.csv"])
    assert {row["exam"] for row in template} == withheld
    assert set(embargoes.labels_of(release).exams) == withheld
    manifest = json.loads(written["manifest.json"])
    assert manifest["embargo"] == {"labels_of": "last_fold", "exams": len(withheld)}
    public = {row["exam"] for row in labels if row["state"] == "present"}
    assert manifest["counts"]["classes"]["atrial_fibrillation"]["present"] == len(public)
    assert manifest["folds"]["present"]["atrial_fibrillation"][1] == 0


def test_the_release_keeps_the_labels_to_score_predictions(embargoed):
    lines = list(index.lines(bytes(embargoed.index)))
    place = index.codes(bytes(embargoed.index)).index("atrial_fibrillation")
    assert sorted(line.states[place] for line in lines) == ["A"] * 6 + ["P"] * 6
    assert all(embargoed.embargoes(line.fold) for line in lines)


def test_no_file_depends_on_embargoed_labels(release_with, monkeypatch):
    formats = [entry.name for entry in registry.possible(has_signals=False)]
    before = files(release_with(Embargo.ALL, formats=formats))

    def marked(row, codes):
        return dict.fromkeys(codes, Label(LabelState.PRESENT, "majority", 3, 3))

    monkeypatch.setattr(exam_labels, "of", marked)
    Consensus.objects.update(n_readings=5, n_unreadable=2)
    after = files(release_with(Embargo.ALL, formats=formats))
    assert before.keys() == after.keys()
    for name in before.keys() - {"manifest.json", "SHA256SUMS"}:
        assert after[name].replace(b"1.1", b"1.0") == before[name].replace(b"1.1", b"1.0"), name
    old, new = json.loads(before["manifest.json"]), json.loads(after["manifest.json"])
    assert (old["counts"], old["folds"]) == (new["counts"], new["folds"])


@pytest.mark.parametrize("embargo", [Embargo.ALL, Embargo.LAST_FOLD])
def test_folds_do_not_depend_on_embargoed_labels(release_with, monkeypatch, embargo):
    monkeypatch.setattr(gathering, "_present", None)
    assert release_with(embargo).is_ready


@pytest.mark.parametrize(
    ("earlier", "folds_before", "embargo"),
    [
        (Embargo.NONE, 2, Embargo.LAST_FOLD),
        (Embargo.NONE, 2, Embargo.ALL),
        (Embargo.LAST_FOLD, 3, Embargo.LAST_FOLD),
        (Embargo.LAST_FOLD, 2, Embargo.ALL),
    ],
)
def test_published_labels_cannot_be_embargoed(release_with, earlier, folds_before, embargo):
    release_with(earlier, n_folds=folds_before)
    with pytest.raises(choices.LabelsPublished):
        release_with(embargo)


def folds_of(release):
    return {line.exam: line.fold for line in index.lines(bytes(release.index))}


def give_patient(*codes):
    """Make the exams those of one new patient."""
    dataset = Exam.objects.get(code=codes[0]).dataset
    patient = Patient.objects.create(dataset=dataset, pseudonym="found later")
    Exam.objects.filter(code__in=codes).update(patient=patient)


def test_an_exam_stays_embargoed_when_its_patient_becomes_known(release_with):
    first = release_with(Embargo.LAST_FOLD)
    give_patient(*[code for code, fold in folds_of(first).items() if fold == 2][:2])
    assert folds_of(release_with(Embargo.LAST_FOLD)) == folds_of(first)


def test_folds_return_after_a_version_with_another_number(release_with):
    first = release_with(Embargo.NONE)
    release_with(Embargo.NONE, n_folds=3)
    assert folds_of(release_with(Embargo.NONE)) == folds_of(first)


def test_an_embargo_that_a_merged_patient_would_break_is_refused(release_with):
    folds = folds_of(release_with(Embargo.LAST_FOLD))
    open_exam, embargoed_exam = (
        next(code for code, fold in folds.items() if fold == number) for number in (1, 2)
    )
    give_patient(open_exam, embargoed_exam)
    refused = release_with(Embargo.LAST_FOLD)
    assert (refused.is_ready, refused.failure in {"labels-published", "embargo-broken"}) == (
        False, True,
    )  # fmt: skip
    assert not ReleaseChunk.objects.filter(release=refused).exists()


def test_an_embargo_without_exams_is_refused(release_with):
    release = release_with(Embargo.LAST_FOLD, n_folds=100)
    assert (release.failure, release.n_attempts, release.finished_at is None) == (
        "embargo-empty", 1, False,
    )  # fmt: skip


def test_digests_that_depend_on_embargoed_labels_are_keyed(release_with):
    keyed = release_with(Embargo.ALL).manifest["inputs"]
    plain = release_with(Embargo.NONE).manifest["inputs"]
    different = {name for name in plain if plain[name] != keyed[name]}
    assert different == {"consensus", "readings"}


@pytest.mark.parametrize("embargo", [Embargo.NONE, Embargo.LAST_FOLD, Embargo.ALL])
def test_an_embargo_can_be_kept_narrowed_or_lifted(release_with, embargo):
    release_with(Embargo.ALL)
    assert release_with(embargo).version == "1.1"


def test_the_last_fold_stays_embargoed_in_the_next_version(release_with):
    first, second = release_with(Embargo.LAST_FOLD), release_with(Embargo.LAST_FOLD)
    withheld = [
        {line.exam for line in index.lines(bytes(row.index)) if row.embargoes(line.fold)}
        for row in (first, second)
    ]
    assert withheld[0] == withheld[1]


def test_without_folds_there_is_no_last_one(release_with):
    with pytest.raises(choices.EmbargoWithoutFolds):
        release_with(Embargo.LAST_FOLD, n_folds=0)


def test_a_release_with_an_embargo_is_rebuilt_byte_for_byte(embargoed, tmp_path, now):
    folder = jobs.rebuild(embargoed, tmp_path, now=now)
    assert (folder / "manifest.json").read_bytes() == files(embargoed)["manifest.json"]


def test_a_release_can_be_rebuilt_after_its_embargo_was_lifted(
    embargoed, release_with, tmp_path, now
):
    release_with(Embargo.NONE)
    folder = jobs.rebuild(embargoed, tmp_path, now=now)
    assert (folder / "manifest.json").read_bytes() == files(embargoed)["manifest.json"]

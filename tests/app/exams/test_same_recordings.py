"""One recording in several files is read once, unless a study repeats it on purpose."""

from __future__ import annotations

import io

import numpy as np
import pytest
from django.core.management import call_command
from django.urls import reverse

from annotations.models import Dataset, Exam, ImportIssue, Role
from annotations.services.assignment import batches
from annotations.services.exams import recordings as exams_recordings
from annotations.services.exams import same_recordings
from annotations.services.exams.same_recordings import SameRecording
from annotations.services.studies import exam_pool
from ecgreview.ecg.formats import Recording
from ecgreview.ecg.signal import Signal

pytestmark = pytest.mark.django_db


@pytest.fixture
def store(dataset, now):
    """Store recordings of ten seconds, given by number and rate, and link them."""

    def make(*wanted: tuple[int, int]) -> list[Exam]:
        signals = [recorded(number, rate) for number, rate in wanted]
        recordings = [
            Recording(signal, f"{number}-{rate}", None, None, None, warnings=())
            for (number, rate), signal in zip(wanted, signals, strict=True)
        ]
        stored = exams_recordings.store(dataset=dataset, recordings=recordings, now=now)
        same_recordings.link(stored, signals)
        return [Exam.objects.get(pk=exam.pk) for exam in stored]

    return make


def recorded(number: int, rate: int) -> Signal:
    """Return a recording as a device with this sampling rate would keep it."""
    rng = np.random.default_rng(number)
    frequencies = rng.uniform(1, 14, (12, 20))
    phases = rng.uniform(0, 6.28, (12, 20))
    t = np.arange(10 * rate) / rate
    waves = np.sin(2 * np.pi * frequencies[:, :, None] * t + phases[:, :, None]).sum(axis=1)
    return Signal(np.round(100 * waves).astype(np.int16), float(rate), 1.0)


def test_the_exam_with_the_highest_rate_is_the_original(store):
    slow, fast, other = store((1, 100), (1, 500), (2, 500))
    assert [one.duplicate_of for one in (slow, fast, other)] == [fast, None, None]


def test_a_third_copy_joins_the_others(store):
    fast, slow = store((1, 500), (1, 100))
    (faster,) = store((1, 1000))
    linked = Exam.objects.filter(pk__in=(fast.pk, slow.pk))
    assert set(linked.values_list("duplicate_of", flat=True)) == {faster.pk}


def test_what_a_study_has_already_stays_the_original(store, study, davi, now):
    (slow,) = store((1, 100))
    exam_pool.add(study=study, exams=[slow], actor=davi, now=now)
    (fast,) = store((1, 500))
    assert fast.duplicate_of == slow


def test_exams_imported_before_recordings_were_recognized_are_linked_later(store, now):
    store((1, 100), (1, 500))
    Exam.objects.update(fingerprint=None, duplicate_of=None)
    while same_recordings.link_next(now=now):
        pass
    assert Exam.objects.originals().get().source_key == "1-500"


def test_a_study_draws_each_recording_once(store, study, dataset, davi, now):
    store((1, 100), (1, 500), (2, 100), (2, 500))
    drawn = exam_pool.draw(study=study, wish=exam_pool.Wish(dataset=dataset), actor=davi, now=now)
    assert drawn.n_exams == 2
    assert set(study.pool.values_list("exam__source_key", flat=True)) == {"1-500", "2-500"}


def test_no_copy_is_drawn_of_what_the_study_has(store, study, dataset, davi, now):
    slow, _ = store((1, 100), (1, 500))
    exam_pool.add(study=study, exams=[slow], actor=davi, now=now)
    with pytest.raises(exam_pool.NothingToAdd):
        exam_pool.draw(study=study, wish=exam_pool.Wish(dataset=dataset), actor=davi, now=now)


def test_copies_are_not_named_into_a_pool_of_exams(store, study, davi, now):
    slow, fast = store((1, 100), (1, 500))
    with pytest.raises(SameRecording, match=f"{fast.code} = {slow.code}"):
        exam_pool.add(study=study, exams=[slow, fast], actor=davi, now=now)


def test_a_batch_takes_no_copy_of_what_another_batch_has(store, make_batch):
    slow, fast = store((1, 100), (1, 500))
    make_batch([slow])
    with pytest.raises(SameRecording):
        make_batch([fast])


def test_another_study_may_read_the_copy(store, make_batch, make_study, ana, davi, now):
    slow, fast = store((1, 100), (1, 500))
    make_batch([slow])
    other = make_study(name="Evening list")
    made = batches.create(
        study=other, name="Batch 1", exams=[fast], readers=[ana], created_by=davi, now=now
    )
    assert made.assignments.get().exam == fast


def test_the_origin_of_a_copy_is_kept_from_who_reads_the_original(store, make_batch, make_user):
    gil = make_user("Gil", Role.READER, Role.COORDINATOR)
    _, fast, other = store((1, 100), (1, 500), (2, 500))
    make_batch([fast], [gil])
    assert list(Exam.objects.all().not_read_by(gil)) == [other]


def test_the_refusal_is_told_on_the_site_and_over_the_api(
    store, study, dataset, davi, ana, signed_in
):
    slow, fast = store((1, 100), (1, 500))
    browser = signed_in(davi)
    form = {"name": "A", "codes": f"{slow.code} {fast.code}", "readers": [ana.pk]}
    address = reverse("batch-new", args=[study.slug])
    page = browser.post(address, {**form, "step": "create"})
    assert "hold the same recording" in page.content.decode()
    answer = browser.post(
        f"/api/studies/{study.slug}/batches/",
        {"name": "A", "exams": [slow.code, fast.code], "readers": ["ana"]},
        content_type="application/json",
    )
    assert (answer.status_code, answer.json()["type"]) == (400, "/api/docs/#same-recording")


def test_ptb_xl_is_thirty_two_recordings(shared_data, study, davi, now):
    said = io.StringIO()
    call_command("import_exams", str(shared_data / "ptbxl"), dataset="PTB-XL", stdout=said)
    assert "64 imported" in said.getvalue()
    assert "32 recordings, each drawn once" in said.getvalue()
    issue = ImportIssue.objects.filter(code="same_recording").earliest("file")
    assert (issue.file, issue.is_refusal) == ("records500/00000/00004_hr.hea", False)
    wish = exam_pool.Wish(dataset=Dataset.objects.get(name="PTB-XL"))
    assert exam_pool.draw(study=study, wish=wish, actor=davi, now=now).n_exams == 32
    assert set(study.pool.values_list("exam__tracings__sampling_rate_hz", flat=True)) == {500.0}

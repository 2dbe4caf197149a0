"""A study includes only one of several copies of a recording, such as two sampling rates."""

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
    """Store and link ten-second recordings, given as (number, sampling rate)."""

    def make(*specs: tuple[int, int]) -> list[Exam]:
        signals = [recording(number, rate) for number, rate in specs]
        recordings = [
            Recording(signal, f"{number}-{rate}", None, None, None, warnings=())
            for (number, rate), signal in zip(specs, signals, strict=True)
        ]
        stored = exams_recordings.store(dataset=dataset, recordings=recordings, now=now)
        same_recordings.link(stored, signals)
        return [Exam.objects.get(pk=exam.pk) for exam in stored]

    return make


def recording(number: int, rate: int) -> Signal:
    """Return recording ``number`` sampled at ``rate`` Hz."""
    rng = np.random.default_rng(number)
    frequencies = rng.uniform(1, 14, (12, 20))
    phases = rng.uniform(0, 6.28, (12, 20))
    t = np.arange(10 * rate) / rate
    waves = np.sin(2 * np.pi * frequencies[:, :, None] * t + phases[:, :, None]).sum(axis=1)
    return Signal(np.round(100 * waves).astype(np.int16), float(rate), 1.0)


def test_the_exam_with_the_highest_rate_is_the_original(store):
    slow, fast, other = store((1, 100), (1, 500), (2, 500))
    assert [exam.duplicate_of for exam in (slow, fast, other)] == [fast, None, None]


def test_a_third_copy_becomes_the_original_if_its_rate_is_highest(store):
    fast, slow = store((1, 500), (1, 100))
    (faster,) = store((1, 1000))
    linked = Exam.objects.filter(pk__in=(fast.pk, slow.pk))
    assert set(linked.values_list("duplicate_of", flat=True)) == {faster.pk}


def test_an_exam_already_in_a_study_stays_the_original(store, study, davi, now):
    (slow,) = store((1, 100))
    exam_pool.add(study=study, exams=[slow], actor=davi, now=now)
    (fast,) = store((1, 500))
    assert fast.duplicate_of == slow


def test_exams_without_fingerprints_are_linked_later(store, now):
    store((1, 100), (1, 500))
    Exam.objects.update(fingerprint=None, duplicate_of=None)
    while same_recordings.link_next(now=now):
        pass
    assert Exam.objects.originals().get().source_key == "1-500"


def test_a_study_draws_each_recording_once(store, study, dataset, davi, now):
    store((1, 100), (1, 500), (2, 100), (2, 500))
    drawing = exam_pool.draw(
        study=study, request=exam_pool.DrawRequest(dataset=dataset), actor=davi, now=now
    )
    assert drawing.n_exams == 2
    assert set(study.pool.values_list("exam__source_key", flat=True)) == {"1-500", "2-500"}


def test_a_study_draws_no_copy_of_an_exam_it_has(store, study, dataset, davi, now):
    slow, _ = store((1, 100), (1, 500))
    exam_pool.add(study=study, exams=[slow], actor=davi, now=now)
    with pytest.raises(exam_pool.NothingToAdd):
        exam_pool.draw(
            study=study, request=exam_pool.DrawRequest(dataset=dataset), actor=davi, now=now
        )


def test_adding_copies_to_an_exam_pool_is_refused(store, study, davi, now):
    slow, fast = store((1, 100), (1, 500))
    with pytest.raises(SameRecording, match=f"{fast.code} = {slow.code}"):
        exam_pool.add(study=study, exams=[slow, fast], actor=davi, now=now)


def test_a_batch_refuses_a_copy_of_an_exam_of_another_batch(store, make_batch):
    slow, fast = store((1, 100), (1, 500))
    make_batch([slow])
    with pytest.raises(SameRecording):
        make_batch([fast])


def test_another_study_may_read_a_copy(store, make_batch, make_study, ana, davi, now):
    slow, fast = store((1, 100), (1, 500))
    make_batch([slow])
    other = make_study(name="Evening list")
    other_batch = batches.create(
        study=other, name="Batch 1", exams=[fast], readers=[ana], created_by=davi, now=now
    )
    assert other_batch.assignments.get().exam == fast


def test_readers_of_the_original_do_not_see_a_copy(store, make_batch, make_user):
    gil = make_user("Gil", Role.READER, Role.COORDINATOR)
    _, fast, other = store((1, 100), (1, 500), (2, 500))
    make_batch([fast], [gil])
    assert list(Exam.objects.all().not_read_by(gil)) == [other]


def test_page_and_api_explain_the_refusal(store, study, dataset, davi, ana, signed_in):
    slow, fast = store((1, 100), (1, 500))
    browser = signed_in(davi)
    form = {"name": "A", "codes": f"{slow.code} {fast.code}", "readers": [ana.pk]}
    address = reverse("batch-new", args=[study.slug])
    page = browser.post(address, {**form, "step": "create"})
    assert "contain the same recording" in page.content.decode()
    answer = browser.post(
        f"/api/studies/{study.slug}/batches/",
        {"name": "A", "exams": [slow.code, fast.code], "readers": ["ana"]},
        content_type="application/json",
    )
    assert (answer.status_code, answer.json()["type"]) == (400, "/api/docs/#same-recording")


def test_the_ptb_xl_sample_has_thirty_two_recordings(shared_data, study, davi, now):
    output = io.StringIO()
    call_command("import_exams", str(shared_data / "ptbxl"), dataset="PTB-XL", stdout=output)
    assert "64 imported" in output.getvalue()
    assert "32 recordings, each drawn once" in output.getvalue()
    issue = ImportIssue.objects.filter(code="same_recording").earliest("file")
    assert (issue.file, issue.is_refusal) == ("records500/00000/00004_hr.hea", False)
    draw_request = exam_pool.DrawRequest(dataset=Dataset.objects.get(name="PTB-XL"))
    assert exam_pool.draw(study=study, request=draw_request, actor=davi, now=now).n_exams == 32
    assert set(study.pool.values_list("exam__tracings__sampling_rate_hz", flat=True)) == {500.0}

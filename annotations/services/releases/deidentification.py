"""What a data release may contain, and a count of what is withheld."""

from __future__ import annotations

import hashlib
import hmac

from django.db.models import Q

from annotations.models import Exam, Reading, Study
from annotations.services.export.sources import opened
from annotations.services.export.tables import OLDEST_STATED_YEARS
from annotations.services.releases.choices import exams_of

HEX_DIGITS = 24


def source_key(study: Study, exam: Exam) -> str:
    """Return the name of ``exam`` in its source if the source allows it, else a keyed hash of it.

    Names of files often contain patient numbers or dates.
    """
    if exam.dataset.allows_source_keys:
        return exam.source_key
    return _keyed(study, "source", exam.dataset.name, exam.source_key)


def patient(study: Study, exam: Exam) -> str:
    """Return the pseudonym of the patient in releases of ``study``; empty if unknown."""
    if exam.patient is None:
        return ""
    return f"patient-{_keyed(study, 'patient', exam.dataset.name, exam.patient.pseudonym)[:16]}"


def age_years(exam: Exam) -> tuple[float | None, bool]:
    """Return the age to release, and whether it is left out because it is too high."""
    age = exam.age_years
    is_over = age is not None and age > OLDEST_STATED_YEARS
    return (None if is_over else age), is_over


def withheld(study: Study) -> dict[str, int]:
    """Return how many values of each field a release of ``study`` leaves out or replaces."""
    exams, batches = exams_of(study), opened(study)
    counted = Reading.objects.counted().filter(assignment__batch__in=batches)
    n_counted = counted.count()
    return {
        "source_keys": exams.filter(dataset__allows_source_keys=False).count(),
        "patients": exams.filter(patient__isnull=False).count(),
        "ages_over_89": exams.filter(age_years__gt=OLDEST_STATED_YEARS).count(),
        "patient_days": exams.filter(patient_day__isnull=False).count(),
        "source_labels": exams.filter(~Q(source_labels=[])).count(),
        "dates": n_counted,
        "comments": counted.exclude(comment="").count(),
        "readings_not_counted": (
            Reading.objects.filter(assignment__batch__in=batches).count() - n_counted
        ),
    }


def keyed_digest(study: Study, digest: str) -> str:
    """Return a digest that only those who know the study's seed can compare with a guess."""
    return _hmac(study, "digest", digest)


def _keyed(study: Study, *parts: str) -> str:
    return _hmac(study, *parts)[:HEX_DIGITS]


def _hmac(study: Study, *parts: str) -> str:
    """Return an HMAC keyed with the study's seed, without which the input cannot be recovered."""
    message = "\0".join(("release", *parts)).encode()
    return hmac.new(study.seed.encode(), message, hashlib.sha256).hexdigest()

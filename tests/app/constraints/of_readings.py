"""Drafts, readings, findings, the triggers among them."""

from __future__ import annotations

import uuid

from annotations.models import Draft, Finding, Reading, Stage
from annotations.services import taxonomies
from ecgreview import taxonomy

from .acts import again, change, commit


def _reading(the, *codes, **changes):
    """Store a reading of a new assignment of Ana's, past the service."""
    assignment = the("assign")(the("ana"))
    said = {
        "assignment": assignment,
        "reader": the("ana"),
        "taxonomy": the("taxonomy"),
        "quality": "good",
        "n_findings": len(codes),
        "submitted_at": the("now"),
        "idempotency_key": uuid.uuid4(),
    }
    reading = Reading.objects.create(**{**said, **changes})
    classes = the("taxonomy").classes
    for code in codes:
        Finding.objects.create(
            reading=reading, diagnostic_class=classes.get(code=code), certainty="definite"
        )
    return reading


def draft_version_counts_from_one(the):
    Draft.objects.create(
        assignment=the("assign")(the("ana")), version=0, content={}, saved_at=the("now")
    )


def reading_once_per_stage(the):
    again(_reading(the), idempotency_key=uuid.uuid4())


def reading_key_once(the):
    again(_reading(the), stage=Stage.REVISED)


def reading_stage_is_known(the):
    _reading(the, stage="asleep")


def reading_quality_is_known(the):
    _reading(the, quality="superb")


def reading_of_the_unreadable_is_empty(the):
    _reading(the, "artifact", quality="unreadable")


def finding_once_per_reading(the):
    _reading(the, "artifact", "artifact")


def finding_certainty_is_known(the):
    reading = _reading(the, n_findings=1)
    artifact = the("taxonomy").classes.get(code="artifact")
    Finding.objects.create(reading=reading, diagnostic_class=artifact, certainty="hardly")


def reading_is_by_its_reader(the):
    _reading(the, reader=the("bruno"))


def reading_is_immutable(the):
    change(_reading(the), comment="On second thoughts")


def reading_has_all_its_findings(the):
    _reading(the, "artifact", n_findings=2)
    commit()


def reading_normal_stands_alone(the):
    _reading(the, "normal_ecg", "artifact")
    commit()


def reading_uses_the_shown_taxonomy(the):
    shown = _renamed(taxonomy.load(), "another list")
    _reading(the, "artifact", taxonomy=taxonomies.install(now=the("now"), taxonomy=shown))
    commit()


def _renamed(original, name):
    fields = {field: getattr(original, field) for field in original.__dataclass_fields__}
    return taxonomy.Taxonomy(**{**fields, "name": name})

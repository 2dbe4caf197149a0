"""Violations of the constraints on drafts, readings, findings, decisions and confirmations."""

from __future__ import annotations

import uuid

from annotations.models import (
    Confirmation,
    Decision,
    Draft,
    Exposure,
    Finding,
    NotAssessable,
    Reading,
    Stage,
    Suggestion,
    SuggestionModel,
    SuggestionRun,
    Viewing,
)
from annotations.services.taxonomy import versions
from ecgreview import taxonomy
from tests.app.constraints.acts import check_constraints, insert_copy, update_row


def _reading(fixture, *codes, **changes):
    """Store a reading for a new assignment of Ana, bypassing the service."""
    assignment = fixture("assign")(fixture("ana"))
    fields = {
        "assignment": assignment,
        "reader": fixture("ana"),
        "taxonomy": fixture("taxonomy"),
        "quality": "good",
        "n_findings": len(codes),
        "submitted_at": fixture("now"),
        "idempotency_key": uuid.uuid4(),
    }
    reading = Reading.objects.create(**{**fields, **changes})
    classes = fixture("taxonomy").classes
    for code in codes:
        Finding.objects.create(
            reading=reading, diagnostic_class=classes.get(code=code), certainty="definite"
        )
    return reading


def _show(fixture, assignment):
    """Record that a suggested artifact was shown to the reader, bypassing the service."""
    model = SuggestionModel.objects.create(
        name="m", version="1", covered_classes=[], created_at=fixture("now")
    )
    run = SuggestionRun.objects.create(
        exam=assignment.exam, model=model, requested_at=fixture("now")
    )
    artifact = fixture("taxonomy").classes.get(code="artifact")
    Suggestion.objects.create(run=run, diagnostic_class=artifact, strength=0.9, evidence="noise")
    return Exposure.objects.create(
        assignment=assignment, run=run, arm="after_commit", first_shown_at=fixture("now")
    )


def _revised(fixture, **changes):
    """Store a reading, suggestions shown after it, and its revision."""
    assignment = _reading(fixture).assignment
    _show(fixture, assignment)
    fields = {"assignment": assignment, "stage": Stage.REVISED, "reason": "slip", **changes}
    return _reading(fixture, **fields)


def _decide(fixture, reading, *, code="artifact", verdict="rejected"):
    return Decision.objects.create(
        reading=reading,
        run=SuggestionRun.objects.get(),
        diagnostic_class=fixture("taxonomy").classes.get(code=code),
        verdict=verdict,
    )


def draft_version_counts_from_one(fixture):
    Draft.objects.create(
        assignment=fixture("assign")(fixture("ana")), version=0, content={}, saved_at=fixture("now")
    )


def reading_once_per_stage(fixture):
    insert_copy(_reading(fixture), idempotency_key=uuid.uuid4())


def reading_key_once_per_reader(fixture):
    _reading(fixture, idempotency_key=_reading(fixture).idempotency_key)


def reading_stage_is_known(fixture):
    _reading(fixture, stage="asleep")


def reading_outcome_is_known(fixture):
    _reading(fixture, outcome="asleep")


def reading_superseded_once(fixture):
    first = _reading(fixture)
    second = _supersede(fixture, first)
    insert_copy(second, idempotency_key=uuid.uuid4())


def reading_supersedes_its_own(fixture):
    _reading(fixture, supersedes=_reading(fixture))


def reading_blind_stage_is_final(fixture):
    first = _reading(fixture)
    _show(fixture, first.assignment)
    _supersede(fixture, first)


def reading_revision_gives_its_reason(fixture):
    _reading(fixture, reason="slip")


def reading_revision_is_no_abstention(fixture):
    _revised(fixture, outcome="abstained")


def reading_revises_what_was_shown(fixture):
    signed = _reading(fixture)
    _reading(fixture, assignment=signed.assignment, stage=Stage.REVISED, reason="slip")


def reading_has_all_its_decisions(fixture):
    _revised(fixture, n_decisions=2)
    check_constraints()


def decision_is_on_what_was_shown(fixture):
    _decide(fixture, _revised(fixture, n_decisions=1), code="atrial_flutter")


def decision_once_per_reading(fixture):
    insert_copy(_decide(fixture, _revised(fixture, n_decisions=1)))


def decision_verdict_is_known(fixture):
    _decide(fixture, _revised(fixture, n_decisions=1), verdict="hardly")


def _confirm(fixture, *codes):
    """Confirm the artifact suggested after a reading, bypassing the service."""
    reading = _reading(fixture, *codes)
    exposure = _show(fixture, reading.assignment)
    return Confirmation.objects.create(
        reading=reading,
        run=exposure.run,
        diagnostic_class=fixture("taxonomy").classes.get(code="artifact"),
        confirmed_at=fixture("now"),
    )


def confirmation_once_per_reading(fixture):
    insert_copy(_confirm(fixture, "artifact"))


def confirmation_is_of_a_shared_finding(fixture):
    _confirm(fixture, "atrial_flutter")


def viewing_key_once_per_exposure(fixture):
    assignment = fixture("assign")(fixture("ana"))
    exposure = _show(fixture, assignment)
    insert_copy(
        Viewing.objects.create(
            exposure=exposure, key=uuid.uuid4(), shown_ms=1000, told_at=fixture("now")
        )
    )


def reading_of_who_abstained_is_empty(fixture):
    _reading(fixture, "artifact", outcome="abstained")


def reading_problems_are_a_short_list(fixture):
    _reading(fixture, problems={})


def finding_localisations_are_a_short_list(fixture):
    _store_finding(fixture, localisations=[{}] * 21)


def finding_measurements_are_a_short_list(fixture):
    _store_finding(fixture, measurements=[{}] * 21)


def finding_measures_something(fixture):
    _store_finding(
        fixture, measurements=[{"kind": "interval", "value": 80}, {"kind": "amplitude", "value": 0}]
    )


def not_assessable_once_per_reading(fixture):
    insert_copy(_mark_not_assessable(fixture, _reading(fixture, n_not_assessable=1)))


def reading_has_all_not_assessable(fixture):
    _reading(fixture, n_not_assessable=1)
    check_constraints()


def reading_class_has_one_state(fixture):
    _mark_not_assessable(fixture, _reading(fixture, "artifact", n_not_assessable=1))
    check_constraints()


def reading_quality_is_known(fixture):
    _reading(fixture, quality="superb")


def reading_of_the_unreadable_is_empty(fixture):
    _reading(fixture, "artifact", quality="unreadable")


def finding_once_per_reading(fixture):
    _reading(fixture, "artifact", "artifact")


def finding_certainty_is_known(fixture):
    reading = _reading(fixture, n_findings=1)
    artifact = fixture("taxonomy").classes.get(code="artifact")
    Finding.objects.create(reading=reading, diagnostic_class=artifact, certainty="hardly")


def reading_is_by_its_reader(fixture):
    _reading(fixture, reader=fixture("bruno"))


def reading_is_immutable(fixture):
    update_row(_reading(fixture), comment="On second thoughts")


def reading_has_all_its_findings(fixture):
    _reading(fixture, "artifact", n_findings=2)
    check_constraints()


def reading_normal_stands_alone(fixture):
    _reading(fixture, "normal_ecg", "artifact")
    check_constraints()


def reading_uses_the_shown_taxonomy(fixture):
    other_taxonomy = _renamed(taxonomy.load(), "another list")
    _reading(
        fixture, "artifact", taxonomy=versions.install(now=fixture("now"), taxonomy=other_taxonomy)
    )
    check_constraints()


def _supersede(fixture, first):
    return _reading(fixture, assignment=first.assignment, supersedes=first)


def _store_finding(fixture, **fields):
    """Store a finding with these field values."""
    artifact = fixture("taxonomy").classes.get(code="artifact")
    Finding.objects.create(
        reading=_reading(fixture, n_findings=1),
        diagnostic_class=artifact,
        certainty="definite",
        **fields,
    )


def _mark_not_assessable(fixture, reading):
    artifact = fixture("taxonomy").classes.get(code="artifact")
    return NotAssessable.objects.create(reading=reading, diagnostic_class=artifact)


def _renamed(original, name):
    fields = {field: getattr(original, field) for field in original.__dataclass_fields__}
    return taxonomy.Taxonomy(**{**fields, "name": name})

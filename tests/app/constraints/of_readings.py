"""Drafts, readings, findings, the triggers among them."""

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
from tests.app.constraints.acts import again, change, commit


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


def _show(the, assignment):
    """Show the assignment's reader that a model suggests an artifact, past the service."""
    model = SuggestionModel.objects.create(
        name="m", version="1", covered_classes=[], created_at=the("now")
    )
    run = SuggestionRun.objects.create(exam=assignment.exam, model=model, requested_at=the("now"))
    artifact = the("taxonomy").classes.get(code="artifact")
    Suggestion.objects.create(run=run, diagnostic_class=artifact, strength=0.9, evidence="noise")
    return Exposure.objects.create(
        assignment=assignment, run=run, arm="after_commit", first_shown_at=the("now")
    )


def _revised(the, **changes):
    """Store a reading, what was shown after it, and its revision."""
    assignment = _reading(the).assignment
    _show(the, assignment)
    said = {"assignment": assignment, "stage": Stage.REVISED, "reason": "slip", **changes}
    return _reading(the, **said)


def _decide(the, reading, *, code="artifact", verdict="rejected"):
    return Decision.objects.create(
        reading=reading,
        run=SuggestionRun.objects.get(),
        diagnostic_class=the("taxonomy").classes.get(code=code),
        verdict=verdict,
    )


def draft_version_counts_from_one(the):
    Draft.objects.create(
        assignment=the("assign")(the("ana")), version=0, content={}, saved_at=the("now")
    )


def reading_once_per_stage(the):
    again(_reading(the), idempotency_key=uuid.uuid4())


def reading_key_once_per_reader(the):
    _reading(the, idempotency_key=_reading(the).idempotency_key)


def reading_stage_is_known(the):
    _reading(the, stage="asleep")


def reading_outcome_is_known(the):
    _reading(the, outcome="asleep")


def reading_superseded_once(the):
    first = _reading(the)
    second = _supersede(the, first)
    again(second, idempotency_key=uuid.uuid4())


def reading_supersedes_its_own(the):
    _reading(the, supersedes=_reading(the))


def reading_blind_stage_is_final(the):
    first = _reading(the)
    _show(the, first.assignment)
    _supersede(the, first)


def reading_revision_gives_its_reason(the):
    _reading(the, reason="slip")


def reading_revision_is_no_abstention(the):
    _revised(the, outcome="abstained")


def reading_revises_what_was_shown(the):
    signed = _reading(the)
    _reading(the, assignment=signed.assignment, stage=Stage.REVISED, reason="slip")


def reading_has_all_its_decisions(the):
    _revised(the, n_decisions=2)
    commit()


def decision_is_on_what_was_shown(the):
    _decide(the, _revised(the, n_decisions=1), code="atrial_flutter")


def decision_once_per_reading(the):
    again(_decide(the, _revised(the, n_decisions=1)))


def decision_verdict_is_known(the):
    _decide(the, _revised(the, n_decisions=1), verdict="hardly")


def _confirm(the, *codes):
    """Confirm, past the service, the artifact that was suggested after a reading."""
    reading = _reading(the, *codes)
    exposure = _show(the, reading.assignment)
    return Confirmation.objects.create(
        reading=reading,
        run=exposure.run,
        diagnostic_class=the("taxonomy").classes.get(code="artifact"),
        confirmed_at=the("now"),
    )


def confirmation_once_per_reading(the):
    again(_confirm(the, "artifact"))


def confirmation_is_of_a_shared_finding(the):
    _confirm(the, "atrial_flutter")


def viewing_key_once_per_exposure(the):
    assignment = the("assign")(the("ana"))
    exposure = _show(the, assignment)
    again(
        Viewing.objects.create(
            exposure=exposure, key=uuid.uuid4(), shown_ms=1000, told_at=the("now")
        )
    )


def reading_of_who_abstained_is_empty(the):
    _reading(the, "artifact", outcome="abstained")


def reading_problems_are_a_short_list(the):
    _reading(the, problems={})


def finding_localisations_are_a_short_list(the):
    _mark(the, localisations=[{}] * 21)


def finding_measurements_are_a_short_list(the):
    _mark(the, measurements=[{}] * 21)


def finding_measures_something(the):
    _mark(the, measurements=[{"kind": "interval", "value": 80}, {"kind": "amplitude", "value": 0}])


def not_assessable_once_per_reading(the):
    again(_untold(the, _reading(the, n_not_assessable=1)))


def reading_has_all_not_assessable(the):
    _reading(the, n_not_assessable=1)
    commit()


def reading_class_has_one_state(the):
    _untold(the, _reading(the, "artifact", n_not_assessable=1))
    commit()


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
    _reading(the, "artifact", taxonomy=versions.install(now=the("now"), taxonomy=shown))
    commit()


def _supersede(the, first):
    return _reading(the, assignment=first.assignment, supersedes=first)


def _mark(the, **marks):
    """Store a finding with ``marks``."""
    artifact = the("taxonomy").classes.get(code="artifact")
    Finding.objects.create(
        reading=_reading(the, n_findings=1),
        diagnostic_class=artifact,
        certainty="definite",
        **marks,
    )


def _untold(the, reading):
    """Call noise not assessable."""
    artifact = the("taxonomy").classes.get(code="artifact")
    return NotAssessable.objects.create(reading=reading, diagnostic_class=artifact)


def _renamed(original, name):
    fields = {field: getattr(original, field) for field in original.__dataclass_fields__}
    return taxonomy.Taxonomy(**{**fields, "name": name})

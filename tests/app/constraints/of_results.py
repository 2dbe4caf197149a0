"""Suggestions, agreement, consensus."""

from __future__ import annotations

from annotations.models import (
    AgreementReport,
    Consensus,
    ConsensusLabel,
    Exposure,
    Suggestion,
    SuggestionModel,
    SuggestionRun,
)

from .acts import again, change


def _model(the):
    return SuggestionModel.objects.create(
        name="criteria", version="1", covered_classes=[], created_at=the("now")
    )


def _run(the):
    return SuggestionRun.objects.create(
        exam=the("make_exam")(), model=_model(the), requested_at=the("now")
    )


def _suggestion(the):
    return Suggestion.objects.create(
        run=_run(the),
        diagnostic_class=the("taxonomy").classes.get(code="artifact"),
        strength=0.5,
        evidence="Noise of 0.2 mV in V1",
    )


def _consensus(the):
    return Consensus.objects.create(
        study=the("study"),
        exam=the("make_exam")(),
        rule="agreement_then_majority 1",
        outcome="agreement",
        n_readings=2,
        computed_at=the("now"),
    )


def _label(the):
    return ConsensusLabel.objects.create(
        consensus=_consensus(the),
        diagnostic_class=the("taxonomy").classes.get(code="artifact"),
        n_positive=2,
        n_readings=2,
        is_present=True,
    )


def agreement_has_results(the):
    AgreementReport.objects.create(
        batch=the("make_batch")(), computed_at=the("now"), n_readings=0, results={}
    )


def consensus_once_per_exam(the):
    again(_consensus(the))


def consensus_outcome_is_known(the):
    change(_consensus(the), outcome="perhaps")


def consensus_label_once(the):
    again(_label(the))


def consensus_votes_are_possible(the):
    change(_label(the), n_positive=3)


def model_version_once(the):
    again(_model(the))


def suggestion_run_once(the):
    again(_run(the))


def suggestion_run_fails_when_finished(the):
    change(_run(the), failure="ValueError: no beat")


def suggestion_once(the):
    again(_suggestion(the))


def suggestion_strength_is_a_fraction(the):
    change(_suggestion(the), strength=1.5)


def suggestion_gives_evidence(the):
    change(_suggestion(the), evidence="")


def exposure_once(the):
    shown = {"arm": "after_commit", "first_shown_at": the("now")}
    again(Exposure.objects.create(assignment=the("assign")(the("ana")), run=_run(the), **shown))

"""Suggestions, agreement, consensus."""

from __future__ import annotations

from annotations.models import (
    AgreementDetail,
    AgreementReport,
    AgreementRun,
    Consensus,
    ConsensusLabel,
    ExamPattern,
    Exposure,
    PatternCount,
    ReaderSetCount,
    Suggestion,
    SuggestionModel,
    SuggestionRun,
)
from tests.app.constraints.acts import again, change


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
        rest_state="absent",
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


def _report(the, **values):
    return AgreementReport.objects.create(
        **{
            "study": the("study"), "number": 1, "taxonomy": the("taxonomy"),
            "protocol_version": 1, "method_version": "2", "inputs_digest": "", "n_readings": 0,
            "computed_at": the("now"), "checked_at": the("now"), "results": {"version": "2"},
            **values,
        }
    )  # fmt: skip


def agreement_has_results(the):
    _report(the, results={})


def agreement_number_once(the):
    again(_report(the))


def agreement_number_counts_from_one(the):
    _report(the, number=0)


def agreement_report_stays(the):
    change(_report(the), results={"version": "3"})


def _detail(the, **values):
    return AgreementDetail.objects.create(
        **{
            "report": _report(the), "kind": "facts", "inputs_digest": "", "results": {"study": ""},
            **values,
        }
    )  # fmt: skip


def agreement_detail_once(the):
    again(_detail(the))


def agreement_detail_kind_is_known(the):
    _detail(the, kind="perhaps")


def agreement_detail_of_reader_names_one(the):
    _detail(the, kind="reader")


def agreement_detail_has_results(the):
    _detail(the, results=None)


def agreement_detail_stays(the):
    change(_detail(the), inputs_digest="another")


def _agreement_run(the):
    return AgreementRun.objects.create(study=the("study"), requested_at=the("now"))


def agreement_run_unfinished_once(the):
    again(_agreement_run(the))


def agreement_run_stage_is_known(the):
    change(_agreement_run(the), stage="perhaps")


def agreement_run_cancelled_by_somebody(the):
    change(_agreement_run(the), cancelled_at=the("now"))


def agreement_run_does_what_there_is(the):
    change(_agreement_run(the), n_done=1)


def _counted(the):
    return {"study": the("study"), "batch": None}


def exam_pattern_once(the):
    marker = ExamPattern.objects.create(
        exam=the("make_exam")(), taxonomy=the("taxonomy"), readers=[1, 2], **_counted(the)
    )
    again(marker)


def _reader_set(the):
    return ReaderSetCount.objects.create(
        taxonomy=the("taxonomy"), readers=[1, 2], n_exams=1, **_counted(the)
    )


def reader_set_once(the):
    again(_reader_set(the))


def reader_set_has_readers(the):
    change(_reader_set(the), readers=[])


def reader_set_has_exams(the):
    change(_reader_set(the), n_exams=0)


def _pattern_count(the):
    artifact = the("taxonomy").classes.get(code="artifact")
    return PatternCount.objects.create(
        diagnostic_class=artifact, readers=[1, 2], pattern="21", n_exams=1, **_counted(the)
    )


def pattern_count_once(the):
    again(_pattern_count(the))


def pattern_count_has_exams(the):
    change(_pattern_count(the), n_exams=0)


def pattern_is_of_known_states(the):
    change(_pattern_count(the), pattern="23")


def pattern_is_not_all_absent(the):
    change(_pattern_count(the), pattern="11")


def pattern_has_a_state_for_each_reader(the):
    change(_pattern_count(the), pattern="211")


def consensus_once_per_exam(the):
    again(_consensus(the))


def consensus_outcome_is_known(the):
    change(_consensus(the), outcome="perhaps")


def consensus_open_gives_its_reason(the):
    change(_consensus(the), outcome="disputed")


def consensus_rest_state_is_known(the):
    change(_consensus(the), rest_state="maybe")


def consensus_class_states_are_known(the):
    change(_consensus(the), class_states={"artifact": "maybe"})


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


def model_qt_correction_is_known(the):
    change(_model(the), qt_correction="by_feeling")


def suggestion_strength_is_a_fraction(the):
    change(_suggestion(the), strength=1.5)


def suggestion_gives_evidence(the):
    change(_suggestion(the), evidence="")


def exposure_once(the):
    shown = {"arm": "after_commit", "first_shown_at": the("now")}
    again(Exposure.objects.create(assignment=the("assign")(the("ana")), run=_run(the), **shown))

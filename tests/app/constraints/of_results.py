"""Violations of the constraints on suggestions, agreement and consensus."""

from __future__ import annotations

from annotations.models import (
    AgreementDetail,
    AgreementReport,
    AgreementRun,
    Consensus,
    ConsensusLabel,
    ConsensusScope,
    ExamPattern,
    Exposure,
    PatternCount,
    QueuedCase,
    ReaderSetCount,
    Suggestion,
    SuggestionModel,
    SuggestionRun,
)
from tests.app.constraints.acts import insert_copy, update_row


def _model(fixture):
    return SuggestionModel.objects.create(
        name="criteria", version="1", covered_classes=[], created_at=fixture("now")
    )


def _run(fixture):
    return SuggestionRun.objects.create(
        exam=fixture("make_exam")(), model=_model(fixture), requested_at=fixture("now")
    )


def _suggestion(fixture):
    return Suggestion.objects.create(
        run=_run(fixture),
        diagnostic_class=fixture("taxonomy").classes.get(code="artifact"),
        strength=0.5,
        evidence="Noise of 0.2 mV in V1",
    )


def _consensus(fixture):
    return Consensus.objects.create(
        study=fixture("study"),
        exam=fixture("make_exam")(),
        rule="agreement_then_majority 1",
        outcome="agreement",
        n_readings=2,
        rest_state="absent",
        computed_at=fixture("now"),
    )


def consensus_bases_are_known(fixture):
    update_row(_consensus(fixture), bases={"artifact": "luck"})


def consensus_posteriors_are_probabilities(fixture):
    update_row(_consensus(fixture), posteriors={"artifact": "0.5"})


def consensus_place_in_queue_is_whole(fixture):
    update_row(_consensus(fixture), n_cases=1, n_disputed=1)


def _case(fixture, kind="dispute", code=None):
    consensus = _consensus(fixture)
    of_class = code and fixture("taxonomy").classes.get(code=code)
    return QueuedCase.objects.create(
        study=consensus.study, consensus=consensus, kind=kind, diagnostic_class=of_class
    )


def queued_case_once(fixture):
    insert_copy(_case(fixture))


def queued_case_kind_is_stored(fixture):
    _case(fixture, "sample", "artifact")


def queued_case_has_a_class(fixture):
    _case(fixture, "model")


def consensus_quality_is_known(fixture):
    update_row(_consensus(fixture), quality="fine")


def consensus_signal_votes_are_counts(fixture):
    update_row(_consensus(fixture), problem_votes={"noise:V1": 0})


def consensus_problem_states_are_known(fixture):
    update_row(_consensus(fixture), problem_states={"noise": "loud"})


def consensus_digests_are_sha256(fixture):
    update_row(_consensus(fixture), inputs="f" * 64)


def _label(fixture):
    return ConsensusLabel.objects.create(
        consensus=_consensus(fixture),
        diagnostic_class=fixture("taxonomy").classes.get(code="artifact"),
        n_positive=2,
        n_readings=2,
        is_present=True,
    )


def _report(fixture, **values):
    return AgreementReport.objects.create(
        **{
            "study": fixture("study"), "number": 1, "taxonomy": fixture("taxonomy"),
            "protocol_version": 1, "method_version": "2", "inputs_digest": "", "n_readings": 0,
            "computed_at": fixture("now"), "checked_at": fixture("now"),
            "results": {"version": "2"},
            **values,
        }
    )  # fmt: skip


def agreement_has_results(fixture):
    _report(fixture, results={})


def agreement_number_once(fixture):
    insert_copy(_report(fixture))


def agreement_number_counts_from_one(fixture):
    _report(fixture, number=0)


def agreement_report_stays(fixture):
    update_row(_report(fixture), results={"version": "3"})


def _detail(fixture, **values):
    return AgreementDetail.objects.create(
        **{
            "report": _report(fixture), "kind": "facts", "inputs_digest": "",
            "results": {"study": ""},
            **values,
        }
    )  # fmt: skip


def agreement_detail_once(fixture):
    insert_copy(_detail(fixture))


def agreement_detail_kind_is_known(fixture):
    _detail(fixture, kind="perhaps")


def agreement_detail_of_reader_names_one(fixture):
    _detail(fixture, kind="reader")


def agreement_detail_has_results(fixture):
    _detail(fixture, results=None)


def agreement_detail_stays(fixture):
    update_row(_detail(fixture), inputs_digest="another")


def _agreement_run(fixture):
    return AgreementRun.objects.create(study=fixture("study"), requested_at=fixture("now"))


def agreement_run_unfinished_once(fixture):
    insert_copy(_agreement_run(fixture))


def agreement_run_stage_is_known(fixture):
    update_row(_agreement_run(fixture), stage="perhaps")


def agreement_run_cancelled_by_somebody(fixture):
    update_row(_agreement_run(fixture), cancelled_at=fixture("now"))


def agreement_run_does_what_there_is(fixture):
    update_row(_agreement_run(fixture), n_done=1)


def _count_scope(fixture):
    return {"study": fixture("study"), "batch": None}


def exam_pattern_once(fixture):
    marker = ExamPattern.objects.create(
        exam=fixture("make_exam")(),
        taxonomy=fixture("taxonomy"),
        readers=[1, 2],
        **_count_scope(fixture),
    )
    insert_copy(marker)


def _reader_set(fixture):
    return ReaderSetCount.objects.create(
        taxonomy=fixture("taxonomy"), readers=[1, 2], n_exams=1, **_count_scope(fixture)
    )


def reader_set_once(fixture):
    insert_copy(_reader_set(fixture))


def reader_set_has_readers(fixture):
    update_row(_reader_set(fixture), readers=[])


def reader_set_has_exams(fixture):
    update_row(_reader_set(fixture), n_exams=0)


def _pattern_count(fixture):
    artifact = fixture("taxonomy").classes.get(code="artifact")
    return PatternCount.objects.create(
        diagnostic_class=artifact, readers=[1, 2], pattern="21", n_exams=1, **_count_scope(fixture)
    )


def pattern_count_once(fixture):
    insert_copy(_pattern_count(fixture))


def pattern_count_has_exams(fixture):
    update_row(_pattern_count(fixture), n_exams=0)


def pattern_is_of_known_states(fixture):
    update_row(_pattern_count(fixture), pattern="23")


def pattern_is_not_all_absent(fixture):
    update_row(_pattern_count(fixture), pattern="11")


def pattern_has_a_state_for_each_reader(fixture):
    update_row(_pattern_count(fixture), pattern="211")


def consensus_once_per_exam(fixture):
    insert_copy(_consensus(fixture))


def consensus_outcome_is_known(fixture):
    update_row(_consensus(fixture), outcome="perhaps")


def consensus_open_gives_its_reason(fixture):
    update_row(_consensus(fixture), outcome="disputed")


def consensus_rest_state_is_known(fixture):
    update_row(_consensus(fixture), rest_state="maybe")


def consensus_class_states_are_known(fixture):
    update_row(_consensus(fixture), class_states={"artifact": "maybe"})


def consensus_label_once(fixture):
    insert_copy(_label(fixture))


def consensus_votes_are_possible(fixture):
    update_row(_label(fixture), n_positive=3)


def model_version_once(fixture):
    insert_copy(_model(fixture))


def suggestion_run_once(fixture):
    insert_copy(_run(fixture))


def suggestion_run_fails_when_finished(fixture):
    update_row(_run(fixture), failure="ValueError: no beat")


def suggestion_once(fixture):
    insert_copy(_suggestion(fixture))


def model_qt_correction_is_known(fixture):
    update_row(_model(fixture), qt_correction="by_feeling")


def suggestion_strength_is_a_fraction(fixture):
    update_row(_suggestion(fixture), strength=1.5)


def suggestion_gives_evidence(fixture):
    update_row(_suggestion(fixture), evidence="")


def exposure_once(fixture):
    fields = {"arm": "after_commit", "first_shown_at": fixture("now")}
    insert_copy(
        Exposure.objects.create(
            assignment=fixture("assign")(fixture("ana")), run=_run(fixture), **fields
        )
    )


def consensus_scope_is_a_digest(fixture):
    ConsensusScope.objects.create(study=fixture("study"), digest="majority")

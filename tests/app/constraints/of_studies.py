"""Violations of the constraints on studies: allowed values, phases and the frozen protocol."""

from __future__ import annotations

from datetime import timedelta

from annotations.models import Study
from annotations.services.studies import lifecycle
from ecgreview.protocol import Protocol
from tests.app.constraints.acts import check_constraints, insert_copy, update_row


def _draft(fixture):
    rules = Protocol(name="Evening list", taxonomy=str(fixture("taxonomy")))
    return lifecycle.create(protocol=rules, created_by=fixture("davi"), now=fixture("now"))


def study_slug_once(fixture):
    insert_copy(_draft(fixture))


def study_has_a_name(fixture):
    update_row(_draft(fixture), name="")


def study_suggestion_policy_is_known(fixture):
    update_row(_draft(fixture), suggestion_policy="always")


def study_arms_when_randomised(fixture):
    update_row(_draft(fixture), suggestion_policy="randomised")


def study_clinical_information_is_known(fixture):
    update_row(_draft(fixture), clinical_information="everything")


def study_qt_correction_is_known(fixture):
    update_row(_draft(fixture), qt_correction="by_feeling")


def study_prior_exam_is_known(fixture):
    update_row(_draft(fixture), prior_exam="perhaps")


def study_results_open_is_known(fixture):
    update_row(_draft(fixture), results_open="on_request")


def study_adjudication_is_known(fixture):
    update_row(_draft(fixture), adjudication="loud")


def study_has_readers_per_exam(fixture):
    update_row(_draft(fixture), readers_per_exam=0)


def study_repeats_at_most_half(fixture):
    update_row(_draft(fixture), repeat_fraction=0.51)


def study_gold_at_most_a_fifth(fixture):
    update_row(_draft(fixture), gold_fraction=0.21)


def study_pass_mark_is_a_fraction(fixture):
    update_row(_draft(fixture), pass_mark=1.01)


def study_consensus_parameters_are_valid(fixture):
    update_row(_draft(fixture), consensus_threshold=1.0)


def study_frequent_classes_fit_the_keys(fixture):
    update_row(_draft(fixture), frequent_classes=[f"class_{number}" for number in range(10)])


def study_phase_is_known(fixture):
    update_row(_draft(fixture), phase="asleep")


def study_phase_matches_its_dates(fixture):
    before = fixture("now") - timedelta(seconds=1)
    update_row(fixture("study"), phase="locked", locked_at=before)


def study_phase_goes_forward(fixture):
    update_row(fixture("study"), phase="draft", opened_at=None)


def study_protocol_is_frozen(fixture):
    update_row(fixture("study"), readers_per_exam=3)


def study_protocol_is_recorded(fixture):
    draft = _draft(fixture)
    Study.objects.filter(pk=draft.pk).update(phase="open", opened_at=fixture("now"))
    check_constraints()

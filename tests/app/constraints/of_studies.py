"""Studies: what their rules may be, and when they may change."""

from __future__ import annotations

from datetime import timedelta

from annotations.models import Study
from annotations.services.studies import lifecycle
from ecgreview.protocol import Protocol
from tests.app.constraints.acts import again, change, commit


def _draft(the):
    wanted = Protocol(name="Evening list", taxonomy=str(the("taxonomy")))
    return lifecycle.create(protocol=wanted, created_by=the("davi"), now=the("now"))


def study_slug_once(the):
    again(_draft(the))


def study_has_a_name(the):
    change(_draft(the), name="")


def study_suggestion_policy_is_known(the):
    change(_draft(the), suggestion_policy="always")


def study_arms_when_randomised(the):
    change(_draft(the), suggestion_policy="randomised")


def study_clinical_information_is_known(the):
    change(_draft(the), clinical_information="everything")


def study_qt_correction_is_known(the):
    change(_draft(the), qt_correction="by_feeling")


def study_prior_exam_is_known(the):
    change(_draft(the), prior_exam="perhaps")


def study_results_open_is_known(the):
    change(_draft(the), results_open="on_request")


def study_adjudication_is_known(the):
    change(_draft(the), adjudication="loud")


def study_has_readers_per_exam(the):
    change(_draft(the), readers_per_exam=0)


def study_repeats_at_most_half(the):
    change(_draft(the), repeat_fraction=0.51)


def study_pass_mark_is_a_fraction(the):
    change(_draft(the), pass_mark=1.01)


def study_frequent_classes_fit_the_keys(the):
    change(_draft(the), frequent_classes=[f"class_{number}" for number in range(10)])


def study_phase_is_known(the):
    change(_draft(the), phase="asleep")


def study_phase_matches_its_dates(the):
    before = the("now") - timedelta(seconds=1)
    change(the("study"), phase="locked", locked_at=before)


def study_phase_goes_forward(the):
    change(the("study"), phase="draft", opened_at=None)


def study_protocol_is_frozen(the):
    change(the("study"), readers_per_exam=3)


def study_protocol_is_recorded(the):
    draft = _draft(the)
    Study.objects.filter(pk=draft.pk).update(phase="open", opened_at=the("now"))
    commit()

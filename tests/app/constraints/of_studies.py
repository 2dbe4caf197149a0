"""Studies, batches, assignments."""

from __future__ import annotations

from datetime import timedelta

from .acts import again, change


def study_slug_once(the):
    again(the("study"))


def study_has_a_name(the):
    change(the("study"), name="")


def study_suggestion_policy_is_known(the):
    change(the("study"), suggestion_policy="always")


def study_clinical_information_is_known(the):
    change(the("study"), clinical_information="everything")


def study_frequent_classes_fit_the_keys(the):
    change(the("study"), frequent_classes=[f"class_{number}" for number in range(10)])


def batch_name_once(the):
    again(the("make_batch")())


def batch_has_a_name(the):
    change(the("make_batch")(), name="")


def batch_closed_by_somebody(the):
    change(the("make_batch")(), closed_at=the("now"))


def batch_closed_after_it_was_made(the):
    before = the("now") - timedelta(seconds=1)
    change(the("make_batch")(), closed_at=before, closed_by=the("davi"))


def assignment_once_per_reader(the):
    again(the("assign")(the("ana")))


def assignment_has_an_order(the):
    change(the("assign")(the("ana")), order_key="")

"""Serializers of requests. They check types and sizes; services and constraints do the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from annotations.models import ClinicalInformation, SuggestionPolicy, TokenScope
from annotations.models.study import MAX_FREQUENT_CLASSES
from annotations.services.consensus.adjudications import Distribution
from annotations.services.consensus.extra_readers import MAX_READERS_PER_EXAM
from ecgreview import consensus

MAX_POSITIVE_INTEGER = 2**31 - 1
MAX_EXAMS = 100_000
MAX_READERS = 1000


class Strict(serializers.Serializer[Any]):
    """Refuses unknown fields, so that typos are not silently ignored."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = sorted(set(map(str, data)) - set(self.fields))
            if unknown:
                raise ValidationError(
                    {_printable(name): [_("Unknown field. Check its name.")] for name in unknown}
                )
        return super().to_internal_value(data)


class StudyInput(Strict):
    """A study to create; without `taxonomy` it uses the newest one."""

    name = serializers.CharField(max_length=120)
    taxonomy = serializers.IntegerField(
        min_value=1,
        max_value=MAX_POSITIVE_INTEGER,
        required=False,
        help_text="See /api/taxonomies/.",
    )
    consensus_rule = serializers.CharField(max_length=60, default=consensus.DEFAULT_RULE)
    consensus_k = serializers.IntegerField(
        min_value=1,
        max_value=1000,
        default=consensus.DEFAULT_K,
        help_text="For the rule `k_of_n`: number of readers who must mark a class.",
    )
    consensus_threshold = serializers.FloatField(
        default=consensus.DEFAULT_THRESHOLD,
        help_text="For rules with a posterior: the least posterior of a present class, from 0.5 "
        "to below 1.",
    )
    suggestion_policy = serializers.ChoiceField(
        choices=SuggestionPolicy.choices, default=SuggestionPolicy.AFTER_COMMIT
    )
    clinical_information = serializers.ChoiceField(
        choices=ClinicalInformation.choices, default=ClinicalInformation.AGE_AND_SEX
    )
    frequent_classes = serializers.ListField(
        child=serializers.CharField(max_length=60), max_length=MAX_FREQUENT_CLASSES, required=False
    )


class BatchInput(Strict):
    """A batch to create: its exams and its readers."""

    name = serializers.CharField(max_length=120)
    exams = serializers.ListField(
        child=serializers.CharField(max_length=8), max_length=MAX_EXAMS, help_text="Exam codes."
    )
    readers = serializers.ListField(
        child=serializers.CharField(max_length=150), max_length=MAX_READERS, help_text="User names."
    )


class AdjudicatorsInput(Strict):
    """The adjudicators of the disputed exams of a closed batch."""

    readers = serializers.ListField(
        child=serializers.CharField(max_length=150), max_length=MAX_READERS, help_text="User names."
    )
    is_committee = serializers.BooleanField(
        default=False, help_text="Whether they vote, discuss, and vote again."
    )
    has_audit_form = serializers.BooleanField(
        default=False, help_text="Whether they also say which of two reports is right."
    )


class DisputesInput(Strict):
    """Exams of the dispute queue to send to adjudicators.

    Without `exams`: all that match the query parameters and that adjudicators can read.
    """

    name = serializers.CharField(max_length=120, help_text="Name of the new batch.")
    readers = serializers.ListField(
        child=serializers.CharField(max_length=150), max_length=MAX_READERS, help_text="User names."
    )
    distribution = serializers.ChoiceField(
        choices=[*Distribution],
        default=Distribution.DIVIDED.value,
        help_text="divided: one adjudicator per exam; all: every adjudicator reads every exam.",
    )
    exams = serializers.ListField(
        child=serializers.CharField(max_length=8),
        max_length=MAX_EXAMS,
        required=False,
        help_text="Exam codes.",
    )


class ExtraReadersInput(Strict):
    """The extra readers of the disputed exams of a closed batch."""

    readers = serializers.ListField(
        child=serializers.CharField(max_length=150), max_length=MAX_READERS, help_text="User names."
    )
    readers_per_exam = serializers.IntegerField(
        min_value=1, max_value=MAX_READERS_PER_EXAM, default=1
    )


class TokenInput(Strict):
    """Name and scope of a new token."""

    name = serializers.CharField(max_length=60, allow_blank=True, default="")
    scope = serializers.ChoiceField(
        choices=TokenScope.choices,
        default=TokenScope.FULL.value,
        help_text="read: GET only; label: also submit readings; full: everything that you can do.",
    )


class Nothing(Strict):
    """An empty object."""


def _printable(name: str) -> str:
    return name[:60].encode("ascii", "backslashreplace").decode()

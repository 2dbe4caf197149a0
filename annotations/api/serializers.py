"""The shape of what is sent to the API; whether it is true, services and constraints decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from annotations.models import ClinicalInformation, SuggestionPolicy, TokenScope
from annotations.models.study import MAX_FREQUENT_CLASSES
from ecgreview import consensus

MAX_POSITIVE_INTEGER = 2**31 - 1
MAX_EXAMS = 100_000
MAX_READERS = 1000


class Strict(serializers.Serializer[Any]):
    """Refuses fields it does not know: a typing error must not be swallowed as a wish."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated fields."""
        if isinstance(data, Mapping):
            unknown = sorted(set(map(str, data)) - set(self.fields))
            if unknown:
                raise ValidationError({_printable(name): ["Unknown field."] for name in unknown})
        return super().to_internal_value(data)


class StudyInput(Strict):
    """A study to be created, with the newest taxonomy unless another is named."""

    name = serializers.CharField(max_length=120)
    taxonomy = serializers.IntegerField(
        min_value=1,
        max_value=MAX_POSITIVE_INTEGER,
        required=False,
        help_text="See /api/taxonomies/.",
    )
    consensus_rule = serializers.CharField(max_length=60, default=consensus.DEFAULT_RULE)
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
    """A batch to be opened: which exams are read by whom."""

    name = serializers.CharField(max_length=120)
    exams = serializers.ListField(
        child=serializers.CharField(max_length=8), max_length=MAX_EXAMS, help_text="Exam codes."
    )
    readers = serializers.ListField(
        child=serializers.CharField(max_length=150), max_length=MAX_READERS, help_text="User names."
    )


class AdjudicationInput(Strict):
    """Who is to read, blind, the exams of a closed batch that its readers disagree about."""

    readers = serializers.ListField(
        child=serializers.CharField(max_length=150), max_length=MAX_READERS, help_text="User names."
    )


class TokenInput(Strict):
    """What a new token is called, and how much it may do."""

    name = serializers.CharField(max_length=60, allow_blank=True, default="")
    scope = serializers.ChoiceField(
        choices=TokenScope.choices,
        default=TokenScope.FULL.value,
        help_text="read: GET only; label: and submit readings; full: all that you may do.",
    )


class Nothing(Strict):
    """An empty object."""


def _printable(name: str) -> str:
    return name[:60].encode("ascii", "backslashreplace").decode()

"""The shape of what is sent to the API; whether it is true, services and constraints decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty

from annotations.models import Certainty, ClinicalInformation, Quality, SuggestionPolicy
from annotations.models.study import MAX_FREQUENT_CLASSES
from annotations.services.readings import FindingIn

MAX_POSITIVE_INTEGER = 2**31 - 1
MAX_FINDINGS = 100
MAX_COMMENT = 2000
MAX_EXAMS = 100_000
MAX_READERS = 1000
MAX_DISPLAY_ENTRIES = 30


class Strict(serializers.Serializer[Any]):
    """Refuses fields it does not know: a typing error must not be swallowed as a wish."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated fields."""
        if isinstance(data, Mapping):
            unknown = sorted(set(map(str, data)) - set(self.fields))
            if unknown:
                raise ValidationError({_printable(name): ["Unknown field."] for name in unknown})
        return super().to_internal_value(data)


class FindingInput(Strict):
    """A class that the reader holds to be present."""

    certainty = serializers.ChoiceField(choices=Certainty.choices)

    def get_fields(self) -> dict[str, Any]:
        """Return the fields; ``class`` is a word that Python keeps for itself."""
        code = serializers.CharField(max_length=60, help_text="A code of /api/classes/.")
        return {"class": code, **super().get_fields()}


class DraftContent(Strict):
    """What a reader has entered so far; nothing of it needs to be complete."""

    findings = serializers.ListField(child=FindingInput(), max_length=MAX_FINDINGS)
    quality = serializers.ChoiceField(choices=Quality.choices, allow_blank=True)
    comment = serializers.CharField(
        max_length=MAX_COMMENT, allow_blank=True, trim_whitespace=False, default=""
    )


class DraftInput(Strict):
    """A draft, and the version that it was made from."""

    based_on = serializers.IntegerField(min_value=0, max_value=MAX_POSITIVE_INTEGER - 1)
    content = DraftContent()

    def validate_content(self, content: dict[str, Any]) -> dict[str, Any]:
        """Return the content as plain JSON, for it is stored and given back as it is."""
        return {**content, "findings": [dict(finding) for finding in content["findings"]]}


@extend_schema_field(OpenApiTypes.OBJECT)
class DisplayField(serializers.DictField):
    """How the sheet was displayed: few short entries of numbers, words and lists of them."""

    child = serializers.JSONField(allow_null=True)

    def run_validation(self, data: Any = empty) -> Any:
        """Return the entries.

        Raises:
            ValidationError: more, longer or deeper than any display is described by.
        """
        entries = super().run_validation(data)
        if len(entries) > MAX_DISPLAY_ENTRIES:
            raise ValidationError(f"At most {MAX_DISPLAY_ENTRIES} entries.")
        for name, value in entries.items():
            values = value if isinstance(value, list) else [value]
            if len(values) > MAX_DISPLAY_ENTRIES or not all(map(_is_scalar, [name, *values])):
                raise ValidationError("Entries must be numbers, short words, or lists of them.")
        return entries


class ReadingInput(Strict):
    """A reading to be signed."""

    based_on = serializers.IntegerField(min_value=0, max_value=MAX_POSITIVE_INTEGER - 1)
    findings = serializers.ListField(child=FindingInput(), max_length=MAX_FINDINGS)
    quality = serializers.ChoiceField(choices=Quality.choices)
    comment = serializers.CharField(max_length=MAX_COMMENT, allow_blank=True, default="")
    active_ms = serializers.IntegerField(min_value=0, max_value=MAX_POSITIVE_INTEGER, default=0)
    display = DisplayField(default=dict)

    def validate_findings(self, findings: list[dict[str, str]]) -> list[FindingIn]:
        """Return the findings as the service takes them."""
        return [FindingIn(finding["class"], finding["certainty"]) for finding in findings]


class StudyInput(Strict):
    """A study to be created, with the newest taxonomy unless another is named."""

    name = serializers.CharField(max_length=120)
    taxonomy = serializers.IntegerField(
        min_value=1,
        max_value=MAX_POSITIVE_INTEGER,
        required=False,
        help_text="See /api/taxonomies/.",
    )
    consensus_rule = serializers.CharField(max_length=60, default="agreement_then_majority")
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
    """Who is to read, blind, the exams that a closed batch left undecided."""

    readers = serializers.ListField(
        child=serializers.CharField(max_length=150), max_length=MAX_READERS, help_text="User names."
    )


class Nothing(Strict):
    """An empty object."""


def _is_scalar(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= 100 and value.isprintable()
    return value is None or isinstance(value, bool | float) or _is_plain_integer(value)


def _is_plain_integer(value: Any) -> bool:
    return isinstance(value, int) and abs(value) <= MAX_POSITIVE_INTEGER


def _printable(name: str) -> str:
    return name[:60].encode("ascii", "backslashreplace").decode()

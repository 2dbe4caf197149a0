"""Request serializers of drafts, readings and revisions."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty

from annotations.api.serializers import MAX_POSITIVE_INTEGER, Strict
from annotations.models import (
    MAX_MARKS,
    MAX_PROBLEMS,
    MIN_MS,
    MIN_MV,
    Certainty,
    Quality,
    ReadingOutcome,
    RevisionReason,
    Verdict,
)
from annotations.sentences.refusals import of_code
from annotations.services.reading.content import Content, FindingIn
from annotations.services.reading.signing import Effort, Signed
from annotations.services.reading.suggestion_decisions import DecisionIn
from ecgreview.ecg.leads import LEADS

MAX_FINDINGS = 100
MAX_COMMENT = 2000
MAX_DISPLAY_ENTRIES = 30
MAX_DISPLAY_TEXT = 100
MAX_TOOLS = 30
MAX_TOOL_USES = 10_000
MAX_SECONDS = 3600
MAX_MS = 1000 * MAX_SECONDS
MAX_MV = 1000
DECIMALS = 4
"""0.1 ms or 0.1 µV, finer than any caliper."""

MEASUREMENTS = (("interval", "Interval, in ms"), ("amplitude", "Amplitude, in mV"))
PROBLEMS = ("noise", "lead_off", "reversal", "calibration", "other")
TOOL = re.compile(r"[a-z0-9_]{1,40}")


class Decimal(serializers.FloatField):
    """A number rounded to four decimals."""

    def to_internal_value(self, data: Any) -> float:
        """Round the number; refuse text, booleans, NaN and infinity."""
        if isinstance(data, bool | str):
            self.fail("invalid")
        number: float = super().to_internal_value(data)
        if not math.isfinite(number):
            self.fail("invalid")
        return round(number, DECIMALS) + 0.0  # turns -0.0 into 0.0


@extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=LEADS)))
class Leads(serializers.MultipleChoiceField):
    """Some of the twelve leads, without repetitions and in standard order."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=LEADS, **options)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, list) or not all(isinstance(lead, str) for lead in data):
            self.fail("not_a_list", input_type=type(data).__name__)
        if not data and not self.allow_empty:
            self.fail("empty")
        for lead in data:
            if lead not in LEADS:
                self.fail("invalid_choice", input=lead)
        return [lead for lead in LEADS if lead in data]


class Stretch(Strict):
    """An interval of a tracing, in seconds from its first sample."""

    tracing = serializers.IntegerField(min_value=1, max_value=MAX_POSITIVE_INTEGER)
    from_s = Decimal(min_value=0, max_value=MAX_SECONDS)
    to_s = Decimal(min_value=0, max_value=MAX_SECONDS)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Swap the ends if necessary: readers may drag from right to left."""
        start, end = sorted((attrs["from_s"], attrs["to_s"]))
        return {**attrs, "from_s": start, "to_s": end}


class LocalizationInput(Stretch):
    """Where a finding is visible: the tracing, leads and interval in seconds."""

    leads = Leads(allow_empty=False)


class MeasurementInput(Stretch):
    """A caliper measurement of a finding."""

    kind = serializers.ChoiceField(choices=MEASUREMENTS)
    lead = serializers.ChoiceField(choices=LEADS, allow_null=True, default=None)
    value = Decimal(
        min_value=-MAX_MS,
        max_value=MAX_MS,
        help_text="In ms for an interval, in mV for an amplitude.",
    )
    n_cycles = serializers.IntegerField(
        min_value=1,
        max_value=1000,
        required=False,
        help_text="Number of cycles that the interval spans.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        is_interval = attrs["kind"] == "interval"
        low, high = (0, MAX_MS) if is_interval else (-MAX_MV, MAX_MV)
        if not low <= attrs["value"] <= high:
            raise ValidationError(
                {
                    "value": [
                        _("Enter a number from %(low)s to %(high)s.") % {"low": low, "high": high}
                    ]
                }
            )
        if abs(attrs["value"]) < (MIN_MS if is_interval else MIN_MV):
            zero = "0 ms" if is_interval else "0.00 mV"
            message = _("This rounds to %(zero)s. Remove the measurement, or measure again.")
            raise ValidationError({"value": [message % {"zero": zero}]})
        return super().validate(attrs)


class FindingInput(Strict):
    """A class that the reader reports as present."""

    certainty = serializers.ChoiceField(choices=Certainty.choices)
    localisations = serializers.ListField(
        child=LocalizationInput(), max_length=MAX_MARKS, default=list
    )
    measurements = serializers.ListField(
        child=MeasurementInput(), max_length=MAX_MARKS, default=list
    )

    def get_fields(self) -> dict[str, Any]:
        """Add ``class``, a Python keyword, which cannot be declared as an attribute."""
        code = serializers.CharField(max_length=60, help_text="A code from /api/classes/.")
        return {"class": code, **super().get_fields()}


class ProblemInput(Strict):
    """A signal quality problem."""

    kind = serializers.ChoiceField(choices=PROBLEMS)
    leads = Leads(default=list, help_text="Empty: all leads, or not stated.")


class ContentInput(Strict):
    """The content that drafts, readings and revisions share."""

    findings = serializers.ListField(child=FindingInput(), max_length=MAX_FINDINGS)
    not_assessable = serializers.ListField(
        child=serializers.CharField(max_length=60),
        max_length=MAX_FINDINGS,
        default=list,
        help_text="Codes of classes that cannot be assessed in this exam.",
    )
    problems = serializers.ListField(child=ProblemInput(), max_length=MAX_PROBLEMS, default=list)


class DraftContent(ContentInput):
    """The content of a draft, which may be incomplete."""

    quality = serializers.ChoiceField(choices=Quality.choices, allow_blank=True)
    comment = serializers.CharField(
        max_length=MAX_COMMENT, allow_blank=True, trim_whitespace=False, default=""
    )


class DraftInput(Strict):
    """A draft and the version it is based on."""

    based_on = serializers.IntegerField(min_value=0, max_value=MAX_POSITIVE_INTEGER - 1)
    content = DraftContent()

    def validate_content(self, content: dict[str, Any]) -> dict[str, Any]:
        """Return the content as plain JSON, as it is stored and returned."""
        return {**content, "findings": [dict(finding) for finding in content["findings"]]}


@extend_schema_field(OpenApiTypes.OBJECT)
class DisplayField(serializers.DictField):
    """Display settings of the sheet: numbers, true, false, null, short texts or lists, by name."""

    child = serializers.JSONField(allow_null=True)

    def run_validation(self, data: Any = empty) -> Any:
        entries = super().run_validation(data)
        if len(entries) > MAX_DISPLAY_ENTRIES:
            raise ValidationError(_("Send at most %(n)s entries.") % {"n": MAX_DISPLAY_ENTRIES})
        for name, value in entries.items():
            values = value if isinstance(value, list) else [value]
            if len(values) > MAX_DISPLAY_ENTRIES or not all(map(_is_scalar, [name, *values])):
                limits = {"text": MAX_DISPLAY_TEXT, "list": MAX_DISPLAY_ENTRIES}
                raise ValidationError(
                    _(
                        "Send numbers, true, false, null, texts of at most %(text)s printable "
                        "characters, or lists of at most %(list)s of these. Names also have at "
                        "most %(text)s characters."
                    )
                    % limits
                )
        return entries


@extend_schema_field(OpenApiTypes.OBJECT)
class ToolsField(serializers.DictField):
    """Number of uses of each tool, by its name."""

    child = serializers.IntegerField(min_value=0, max_value=MAX_TOOL_USES)

    def run_validation(self, data: Any = empty) -> Any:
        counts = super().run_validation(data)
        if len(counts) > MAX_TOOLS:
            raise ValidationError(_("Send at most %(n)s tools.") % {"n": MAX_TOOLS})
        if not all(TOOL.fullmatch(name) for name in counts):
            raise ValidationError(_("Names of tools have 1 to 40 characters: a-z, 0-9 and _."))
        return counts


class DecisionInput(Strict):
    """The reader's decision on a suggestion."""

    verdict = serializers.ChoiceField(choices=Verdict.choices)

    def get_fields(self) -> dict[str, Any]:
        """Add ``class``, a Python keyword, which cannot be declared as an attribute."""
        return {"class": serializers.CharField(max_length=60), **super().get_fields()}


class ConfirmationInput(Strict):
    """The class of the suggestion to confirm."""

    def get_fields(self) -> dict[str, Any]:
        """Add ``class``, a Python keyword, which cannot be declared as an attribute."""
        return {"class": serializers.CharField(max_length=60)}


class SubmissionInput(ContentInput):
    """The content to submit, with effort, display and decisions."""

    quality = serializers.ChoiceField(choices=Quality.choices)
    comment = serializers.CharField(max_length=MAX_COMMENT, allow_blank=True, default="")
    active_ms = serializers.IntegerField(min_value=0, max_value=MAX_POSITIVE_INTEGER, default=0)
    idle_ms = serializers.IntegerField(
        min_value=0,
        max_value=MAX_POSITIVE_INTEGER,
        default=0,
        help_text="Time the exam was open without activity.",
    )
    display = DisplayField(default=dict)
    tools = ToolsField(default=dict)
    decisions = serializers.ListField(
        child=DecisionInput(),
        max_length=MAX_FINDINGS,
        default=list,
        help_text="The reader's decisions on suggestions.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        decisions = attrs.pop("decisions")
        chosen = [DecisionIn(decision["class"], decision["verdict"]) for decision in decisions]
        return {**attrs, "chosen": chosen}

    def validate_findings(self, findings: list[dict[str, Any]]) -> list[FindingIn]:
        return [
            FindingIn(
                finding["class"],
                finding["certainty"],
                finding["localisations"],
                finding["measurements"],
            )
            for finding in findings
        ]


class ReadingInput(SubmissionInput):
    """A reading to submit."""

    based_on = serializers.IntegerField(min_value=0, max_value=MAX_POSITIVE_INTEGER - 1)
    outcome = serializers.ChoiceField(choices=ReadingOutcome.choices, default=ReadingOutcome.READ)
    quality = serializers.ChoiceField(
        choices=Quality.choices,
        allow_blank=True,
        default="",
        help_text="Required unless the reader abstains.",
    )
    supersedes = serializers.UUIDField(
        allow_null=True,
        default=None,
        help_text="Id of your own reading that this one corrects. Allowed until undo_until.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["quality"] and attrs["outcome"] != ReadingOutcome.ABSTAINED:
            raise ValidationError({"quality": [str(of_code("quality-missing"))]})
        return super().validate(attrs)


class RevisionInput(SubmissionInput):
    """A revision to submit after seeing the suggestions."""

    reason = serializers.ChoiceField(choices=RevisionReason.choices)


def signed(data: Mapping[str, Any], key: UUID) -> Signed:
    """Convert the validated fields of a ``SubmissionInput`` for the services."""
    content = {field.name: data[field.name] for field in fields(Content) if field.name in data}
    effort = {field.name: data[field.name] for field in fields(Effort)}
    return Signed(Content(**content), key, data["chosen"], Effort(**effort))


class ViewingInput(Strict):
    """How long suggestions were visible."""

    shown_ms = serializers.IntegerField(min_value=0, max_value=MAX_POSITIVE_INTEGER)


def _is_scalar(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_DISPLAY_TEXT and value.isprintable()
    return value is None or isinstance(value, bool | float) or _is_plain_integer(value)


def _is_plain_integer(value: Any) -> bool:
    return isinstance(value, int) and abs(value) <= MAX_POSITIVE_INTEGER

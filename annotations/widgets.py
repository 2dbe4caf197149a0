"""Widgets of our own."""

from __future__ import annotations

from django import forms


class DateInput(forms.DateInput):
    """The browser's own calendar, which wants ISO 8601."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")

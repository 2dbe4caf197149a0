"""Texts on and around the ECG, in the language of the request."""

from __future__ import annotations

from django.utils.translation import gettext as _


def sheet_texts() -> dict[str, str]:
    return {
        "sheet-label": _("12-lead ECG of exam {code}. {line}"),
        "settings": _("{speed} mm/s · {gain} mm/mV · {filter} · {rate} Hz"),
        "filter-off": _("raw, no filter"),
        "filter-none": _("no filter"),
        "lead-reversal-undone": _("preview, lead reversal undone: {name}"),
        "filter-150hz": _("filtered: 150 Hz"),
        "filter-40hz": _("filtered: 40 Hz, not for diagnosis"),
        "filter-baseline": _("filtered: baseline"),
        "filter-mains": _("filtered: mains"),
        "sheet-scale": _("{scale} px/mm"),
        "actual-size": _("actual size"),
        "actual-size-factor": _("{factor} × actual size"),
        "screen-unmeasured": _("screen not calibrated"),
        "screen-changed": _("different screen: calibrate it"),
        "screen-scale": _("{scale} px per millimeter"),
        "print-actual-size": _("1:1, actual size"),
        "print-share": _("reduced to {percent}%"),
        "print-window": _("{start}–{end} s"),
        "sheet-cut": _("clipped at the edge: taller than the paper"),
        "window": _("{start}–{end} of {total} s"),
        "tracing": _("Tracing {position}"),
        "next-tracing": _("Next tracing"),
        "tracing-unreachable": _(
            "This tracing could not be loaded. Check your connection and try again."
        ),
        "this-exam": _("This exam"),
        "switch-exam": _("Switch between the previous exam and this one"),
        "time-earlier": _("{time} earlier"),
        "previous-exam": _("previous exam, {time}"),
        "no-evidence-on-previous-exam": _(
            "This is the previous exam. Mark evidence on the exam you are reading."
        ),
        "lead-not-recorded": _("not recorded"),
        "lead-flat": _("flat"),
        "lead-derived": _("derived"),
        "sex-F": _("Female"),
        "sex-M": _("Male"),
        "age": _("{years} years"),
    }

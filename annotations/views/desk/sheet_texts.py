"""The words on and around the sheet, in the language of the request."""

from __future__ import annotations

from django.utils.translation import gettext as _


def sheet_texts() -> dict[str, str]:
    """Return what is written on and around the sheet."""
    return {
        "sheet-label": _("12-lead ECG of exam {code}. {line}"),
        "settings": _("{speed} mm/s · {gain} mm/mV · {filter} · {rate} Hz"),
        "filter-off": _("raw, no filter"),
        "filter-none": _("no filter"),
        "electrodes-exchanged": _("preview, electrodes exchanged: {name}"),
        "filter-150hz": _("filtered: 150 Hz"),
        "filter-40hz": _("filtered: 40 Hz, not for diagnosis"),
        "filter-baseline": _("filtered: baseline"),
        "filter-mains": _("filtered: mains"),
        "sheet-scale": _("{scale} px/mm"),
        "life-size": _("life size"),
        "life-size-factor": _("{factor} × life size"),
        "screen-unmeasured": _("screen not measured"),
        "screen-changed": _("another screen: measure it"),
        "screen-scale": _("{scale} px for a millimetre"),
        "print-true": _("1:1, true size"),
        "print-share": _("true size: {percent} %"),
        "print-window": _("{start}–{end} s"),
        "sheet-cut": _("cut at the edge: taller than the paper"),
        "window": _("{start}–{end} of {total} s"),
        "tracing": _("Tracing {position}"),
        "next-tracing": _("Next tracing"),
        "tracing-unreachable": _("This tracing did not come: there is no network. Try again."),
        "this-exam": _("This exam"),
        "other-exam": _("The patient's exam before, and back"),
        "time-before": _("{time} before"),
        "exam-before": _("the patient's exam {time}"),
        "no-evidence-of-prior": _(
            "This is the exam before: evidence is marked on the exam you read."
        ),
        "lead-missing": _("not recorded"),
        "lead-flat": _("flat"),
        "lead-derived": _("derived"),
        "sex-F": _("Woman"),
        "sex-M": _("Man"),
        "age": _("{years} years"),
    }

"""The words of the tools of the sheet, in the language of the request."""

from __future__ import annotations

from django.utils.translation import gettext as _


def tool_texts() -> dict[str, str]:
    """Return every text that static/js/tools uses, by key."""
    return {**_caliper_texts(), **_view_texts(), **_area_texts()}


def _caliper_texts() -> dict[str, str]:
    """Return what the calipers say and are told."""
    return {
        "tools-unreachable": _("The tools did not arrive. With a network, reload the page."),
        "close": _("Close"),
        "tool-leave": _("Leave the tool"),
        "tool-interval": _("Calipers for time"),
        "tool-amplitude": _("Calipers for voltage"),
        "caliper-ms": _("{ms} ms · {bpm} /min"),
        "caliper-mv": _("{mv} mV · {mm} mm"),
        "caliper-mean": _("mean of {count}: {interval}"),
        "caliper-times": _("{count} ×"),
        "caliper-place": _("{lead}, {seconds} s: {said}"),
        "caliper-hint-interval": _("Drag, or click twice"),
        "caliper-hint-amplitude": _("Drag, or click twice"),
        "caliper-first": _("First leg"),
        "caliper-second": _("Second leg"),
        "caliper-keys": _("Arrows: one sample; with Shift: 1 mm; Page Up and Down: other lead"),
        "caliper-cycles": _("Cycles between the legs"),
        "caliper-fewer": _("One cycle less between the legs"),
        "caliper-more": _("One cycle more between the legs"),
        "caliper-attach": _("Keep the measurement with the finding at hand"),
        "caliper-attach-short": _("To finding"),
        "caliper-nothing-interval": _("Cannot save 0 ms. Move one of the legs first."),
        "caliper-nothing-amplitude": _("Cannot save 0.00 mV. Move one of the legs first."),
        "caliper-interval-short": _("ms"),
        "caliper-amplitude-short": _("mV"),
    }


def _view_texts() -> dict[str, str]:
    """Return what is written on other views of the signal."""
    return {
        "tool-zoom": _("One lead, enlarged"),
        "zoom-note": _("Same paper: its squares grow with it."),
        "zoom-label": _("Lead {lead}, {factor} times as large"),
        "zoom-factor": _("{factor} times as large"),
        "zoom-before": _("Lead before"),
        "zoom-after": _("Next lead"),
        "tool-overlay": _("Leads laid over each other"),
        "overlay-label": _("Chosen leads on one baseline"),
        "overlay-note": _("Twice as large; each lead's median lies on the baseline."),
        "overlay-none": _("Choose a lead."),
        "overlay-limb": _("Limb"),
        "overlay-inferior": _("Inferior"),
        "overlay-lateral": _("Lateral"),
        "overlay-chest": _("Chest"),
        "overlay-all": _("All"),
        "tool-median": _("Median beat"),
        "median-note": _(
            "Median of {count} like beats among {found} · {factor} × · {speed} mm/s · {gain} mm/mV"
        ),
        "median-none": _("No two beats are alike enough for a median."),
        "swap-badge": _("Preview, not the recording: {name}"),
        "filter-badge-150hz": _("Filter: 150 Hz"),
        "filter-badge-40hz": _("Filter: 40 Hz – not for diagnosis"),
        "filter-badge-baseline": _("Filter: baseline 0.67 Hz"),
        "filter-badge-idle": _("Filter without effect: recorded at {rate} Hz"),
        "filter-badge-mains": _("Filter: mains {hz} Hz"),
    }


def _area_texts() -> dict[str, str]:
    """Return what is said about marking where a finding shows."""
    return {
        "tool-localise": _("Where the finding shows"),
        "localise-hint": _("Drag over the leads where it shows"),
        "localise-by-key": _("By key …"),
        "localise-leads": _("Leads"),
        "localise-from": _("From, in seconds"),
        "localise-to": _("To, in seconds"),
        "localise-add": _("Mark"),
        "localise-problem": _(
            "Choose a lead, and times from {start} to {end} s in which the second comes later."
        ),
    }

"""Texts of the ECG tools: calipers, other views and marked areas."""

from __future__ import annotations

from django.utils.translation import gettext as _


def tool_texts() -> dict[str, str]:
    """Return all texts that ``static/js/tools`` uses, by key."""
    return {**_caliper_texts(), **_view_texts(), **_area_texts()}


def _caliper_texts() -> dict[str, str]:
    return {
        "tools-unreachable": _(
            "The tools could not be loaded. Check your connection and reload the page."
        ),
        "close": _("Close"),
        "tool-close": _("Close the tool"),
        "tool-interval": _("Time calipers"),
        "tool-amplitude": _("Voltage calipers"),
        "caliper-ms": _("{ms} ms · {bpm} /min"),
        "caliper-mv": _("{mv} mV · {mm} mm"),
        "caliper-mean": _("mean of {count}: {interval}"),
        "caliper-times": _("{count} ×"),
        "caliper-place": _("{lead}, {seconds} s: {measurement}"),
        "caliper-hint-interval": _("Drag, or click twice"),
        "caliper-hint-amplitude": _("Drag, or click twice"),
        "caliper-first": _("First leg"),
        "caliper-second": _("Second leg"),
        "caliper-keys": _("Arrows: one sample; with Shift: 1 mm; Page Up and Down: other lead"),
        "caliper-cycles": _("Cycles between the legs"),
        "caliper-fewer": _("Remove a cycle between the legs"),
        "caliper-more": _("Add a cycle between the legs"),
        "caliper-attach": _("Attach the measurement to the selected finding"),
        "caliper-attach-short": _("Attach"),
        "caliper-nothing-interval": _("Cannot save 0 ms. Move one of the legs first."),
        "caliper-nothing-amplitude": _("Cannot save 0.00 mV. Move one of the legs first."),
        "caliper-interval-short": _("ms"),
        "caliper-amplitude-short": _("mV"),
    }


def _view_texts() -> dict[str, str]:
    return {
        "tool-zoom": _("Zoom one lead"),
        "zoom-note": _("The grid is scaled with the lead."),
        "zoom-label": _("Lead {lead}, enlarged {factor}×"),
        "zoom-factor": _("Enlarged {factor}×"),
        "zoom-before": _("Previous lead"),
        "zoom-after": _("Next lead"),
        "tool-overlay": _("Overlay leads"),
        "overlay-label": _("Selected leads on one baseline"),
        "overlay-note": _("Enlarged 2×. The median of each lead is on the baseline."),
        "overlay-none": _("Choose a lead."),
        "overlay-limb": _("Limb"),
        "overlay-inferior": _("Inferior"),
        "overlay-lateral": _("Lateral"),
        "overlay-chest": _("Chest"),
        "overlay-all": _("All"),
        "tool-median": _("Median beat"),
        "median-note": _(
            "Median of {count} similar beats out of {total} · {factor} × · {speed} "
            "mm/s · {gain} mm/mV"
        ),
        "median-none": _("The beats differ too much for a median beat."),
        "swap-badge": _("Preview, not as recorded: {name}"),
        "filter-badge-150hz": _("Filter: 150 Hz"),
        "filter-badge-40hz": _("Filter: 40 Hz – not for diagnosis"),
        "filter-badge-baseline": _("Filter: baseline 0.67 Hz"),
        "filter-badge-idle": _("The filter has no effect: recorded at {rate} Hz"),
        "filter-badge-mains": _("Filter: mains {hz} Hz"),
    }


def _area_texts() -> dict[str, str]:
    return {
        "tool-localize": _("Location of the finding"),
        "localize-hint": _("Drag over the leads that show it"),
        "localize-by-key": _("Enter by keyboard …"),
        "localize-leads": _("Leads"),
        "localize-from": _("From, in seconds"),
        "localize-to": _("To, in seconds"),
        "localize-add": _("Mark"),
        "localize-problem": _(
            "Choose a lead and two times between {start} and {end} s, the second after the first."
        ),
    }

"""Sentences about imports: why a file was refused, and what was noticed about accepted ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.models import ImportIssue
from ecgreview.ecg.audit import RemarkCode
from ecgreview.ecg.formats.codes import Details, LooksLike, RefusalCode


class Explanation(NamedTuple):
    """A code explained in the active language.

    Attributes:
        reason: what was expected and what was found.
        hint: what the person who has the file can do; empty for a remark.
    """

    reason: str
    hint: str = ""


_FETCH_AGAIN = _("The file is damaged or was not copied completely. Fetch it again.")
_CORRECT_HEADER = _("Correct the header, or fetch the record again from its source.")
_NOT_SAFE = _(
    "The file may be damaged or malicious, so it was not imported. Fetch it again from its source."
)
_CONVERT = _("Convert the record to format 16 with xform.")
_ADD_LEAD_NAMES = _(
    "Add the lead names to the header. The import never guesses the order of the signals."
)
_ARRANGE = _("Arrange the file like CODE-15%%: tracings (N, 4096, 12) in mV and exam_id (N,).")

REFUSALS: Mapping[RefusalCode, tuple[Promise, Promise]] = {
    RefusalCode.UNREADABLE: (
        _("The file cannot be read: %(error)s."),
        _("Check that the file exists and may be read."),
    ),
    RefusalCode.OUTSIDE: (
        _("Expected the signal file next to its header, found %(found)s."),
        _("Put both files into one folder and write only the file name into the header."),
    ),
    RefusalCode.LINK_OUTSIDE: (
        _("Expected a file in the folder of the import, found a link to a file outside it."),
        _("Copy the file itself into the folder."),
    ),
    RefusalCode.NOT_A_FILE: (
        _("Expected a file, found a folder or a device."),
        _("Choose a WFDB header or an HDF5 file."),
    ),
    RefusalCode.UNKNOWN_FORMAT: (
        _("Expected a WFDB header or an HDF5 file, found %(looks_like)s."),
        _("Convert the recording to WFDB (format 16) or to the HDF5 layout of CODE-15%%."),
    ),
    RefusalCode.UNSAFE_SLOW: (
        _("Reading the file takes too long."),
        _NOT_SAFE,
    ),
    RefusalCode.UNSAFE_CRASH: (
        _("The file crashes the program that reads it (%(signal)s)."),
        _NOT_SAFE,
    ),
    RefusalCode.UNSAFE_END: (
        _("The program that reads the file stopped with an error."),
        _NOT_SAFE,
    ),
    RefusalCode.UNSAFE_MEMORY: (
        _("Reading the file takes more than %(most_mb)s MB of memory."),
        _NOT_SAFE,
    ),
    RefusalCode.LFS_POINTER: (
        _("Expected the contents of %(file)s, found a Git LFS pointer."),
        _("Run git lfs pull where the data came from and import again."),
    ),
    RefusalCode.HEADER_TOO_LONG: (
        _("Expected a header of at most %(most)s bytes, found a longer one."),
        _("A header has one line per signal and some comments. Shorten it."),
    ),
    RefusalCode.RECORD_LINE: (
        _("Expected a record line, found %(found)s."),
        _CORRECT_HEADER,
    ),
    RefusalCode.SEGMENTS: (
        _("Expected one segment, found a record of several segments."),
        _("Join the segments into one record first."),
    ),
    RefusalCode.N_SIGNALS: (
        _("Expected 1 to %(most)s signals, found %(found)s."),
        _CORRECT_HEADER,
    ),
    RefusalCode.SAMPLING_RATE: (
        _("Expected a sampling rate of %(least)s to %(most)s Hz, found %(found)s."),
        _("Correct the sampling rate in the header."),
    ),
    RefusalCode.SAMPLING_RATE_TEXT: (
        _("Expected a sampling rate in Hz, found %(found)s."),
        _CORRECT_HEADER,
    ),
    RefusalCode.N_SAMPLES: (
        _("Expected the number of samples per signal, found %(found)s."),
        _CORRECT_HEADER,
    ),
    RefusalCode.SIGNAL_LINES: (
        _("Expected %(expected)s signal lines after the record line, found %(found)s."),
        _CORRECT_HEADER,
    ),
    RefusalCode.SIGNAL_LINE: (
        _("Expected file, format, gain and lead in signal line %(number)s, found %(found)s."),
        _CORRECT_HEADER,
    ),
    RefusalCode.SIGNAL_FORMAT: (
        _("Expected WFDB format %(known)s, found %(found)s."),
        _CONVERT,
    ),
    RefusalCode.FRAMES: (
        _("Expected one sample per frame and no skew, found several samples or a skew."),
        _("Convert the record with xform so that all signals have the same sampling rate."),
    ),
    RefusalCode.NO_GAIN: (
        _("Expected gain and lead name in each signal line, found only file and format."),
        _ADD_LEAD_NAMES,
    ),
    RefusalCode.GAIN: (
        _("Expected a gain above zero, found %(found)s: the record is uncalibrated."),
        _("Write the true gain of the recorder into the header."),
    ),
    RefusalCode.GAIN_TEXT: (
        _("Expected a gain in steps per unit, found %(found)s."),
        _CORRECT_HEADER,
    ),
    RefusalCode.UNIT: (
        _("Expected the unit V, mV or uV, found %(found)s."),
        _("Correct the unit in the header."),
    ),
    RefusalCode.DUPLICATE_LEAD: (
        _("Expected each lead once, found two signals named %(lead)s."),
        _("Correct the lead names in the header."),
    ),
    RefusalCode.NO_LEAD_NAMES: (
        _("Expected signals named I, II, … V6, found %(found)s."),
        _ADD_LEAD_NAMES,
    ),
    RefusalCode.MISSING_FILE: (
        _("Expected the signal file %(file)s, found none."),
        _("Copy it next to its header and import again."),
    ),
    RefusalCode.MIXED_FORMATS: (
        _("Expected one format and offset throughout %(file)s, found several."),
        _CONVERT,
    ),
    RefusalCode.TOO_LONG: (
        _(
            "Expected at most %(most)s bytes, found a header that announces %(found)s"
            " (%(n_samples)s samples)."
        ),
        _("Correct the header, or cut the record to the part to be read."),
    ),
    RefusalCode.TRUNCATED: (
        _(
            "Expected %(expected)s bytes (%(n_samples)s samples per lead) in %(file)s, found"
            " %(found)s bytes."
        ),
        _FETCH_AGAIN,
    ),
    RefusalCode.HTML_PAGE: (
        _("Expected samples in %(file)s, found an HTML page."),
        _FETCH_AGAIN,
    ),
    RefusalCode.UNDECODABLE: (
        _("Expected samples in WFDB format %(format)s, found: %(error)s."),
        _("Fetch the record again, or convert it to format 16 with xform."),
    ),
    RefusalCode.DAMAGED_HDF5: (
        _("Expected a whole HDF5 file, found: %(error)s."),
        _FETCH_AGAIN,
    ),
    RefusalCode.HDF5_DATASET: (
        _("Expected a dataset %(name)s stored in the file itself, found %(found)s."),
        _ARRANGE,
    ),
    RefusalCode.HDF5_LAYOUT: (
        _("Expected floating-point tracings (N, n_samples, 12), found %(found)s."),
        _ARRANGE,
    ),
    RefusalCode.TRANSPOSED: (
        _("Expected tracings (N, n_samples, 12), found %(found)s: leads before samples."),
        _("Swap the last two axes and import again."),
    ),
    RefusalCode.TOO_LARGE: (
        _("Expected at most %(most_exams)s exams of %(most_samples)s samples, found %(found)s."),
        _("Split the file."),
    ),
    RefusalCode.LARGE_CHUNKS: (
        _(
            "Expected %(name)s in chunks of at most %(most)s bytes, found chunks of %(found)s"
            " bytes."
        ),
        _("Store the file with smaller chunks, for example one exam per chunk."),
    ),
    RefusalCode.NO_EXAM_IDS: (
        _("Expected the exam numbers in exam_id, found none."),
        _("Add the dataset exam_id. Without it no exam can be traced back to its source."),
    ),
    RefusalCode.EXAM_ID_LENGTH: (
        _("Expected %(expected)s whole numbers in exam_id, one per tracing, found %(found)s."),
        _(
            "Make exam_id and tracings the same length. The import never guesses which tracing "
            "belongs to which exam."
        ),
    ),
    RefusalCode.DUPLICATE_ID: (
        _("Expected each exam number once, found this one %(found)s times."),
        _("Give every exam its own number and import again."),
    ),
    RefusalCode.PADDING_ROW: (
        _("Expected an exam, found the empty last row of a CODE-15%% file (exam number 0)."),
        _("Nothing to do."),
    ),
    RefusalCode.EXAMS_CSV_SIZE: (
        _(
            "Expected %(file)s to be a file of at most %(most)s bytes, found a link or a larger"
            " file."
        ),
        _("Put the table itself next to the HDF5 file, or remove it."),
    ),
    RefusalCode.EXAMS_CSV_TEXT: (
        _("%(file)s cannot be read as a UTF-8 CSV file: %(error)s."),
        _("Save it as “CSV UTF-8”, and check for unclosed quotes."),
    ),
    RefusalCode.EXAMS_CSV_COLUMN: (
        _("Expected a column exam_id in %(file)s, found %(found)s."),
        _("Name the column of the exam numbers exam_id."),
    ),
    RefusalCode.LEADS_MISSING: (
        _("Expected twelve leads, found %(found)s. Missing: %(absent)s."),
        _(
            "Readers see all twelve leads. Provide a record with at least I, II and V1 to V6; the"
            " other four can be computed."
        ),
    ),
    RefusalCode.TOO_SHORT: (
        _("Expected at least %(least)s s of signal, found %(found)s s."),
        _("Check the length and the sampling rate. Shorter tracings cannot be read."),
    ),
    RefusalCode.BLANK: (
        _("Expected a signal, found only flat or empty leads."),
        _("Nothing was recorded here. Leave the exam out."),
    ),
    RefusalCode.AMPLITUDE: (
        _("Expected amplitudes of a few millivolts, found %(found)s mV."),
        _("The gain or the unit is wrong. Correct it and import again."),
    ),
    RefusalCode.RESOLUTION: (
        _("Expected amplitudes within %(most)s steps, found %(found)s."),
        _("The gain is implausibly high. Correct it and import again."),
    ),
    RefusalCode.CHANGED: (
        _("Expected the signal that was imported from here before, found a different one."),
        _("A stored exam never changes. Import the new recording under another name or data set."),
    ),
    RefusalCode.BAD_NAME: (
        _(
            "Expected Unicode names of at most %(most_key)s (file) and %(most_pseudonym)s"
            " (patient) characters, found a longer or invalid one."
        ),
        _("Rename the file or change the patient's pseudonym."),
    ),
}

REMARKS: Mapping[RemarkCode, Promise] = {
    RemarkCode.MISSING_LEAD: _("No signal in %(leads)s."),
    RemarkCode.DERIVED_LEAD: _("%(leads)s: not recorded, so computed from I and II."),
    RemarkCode.GAP: _("Part of %(leads)s has no values (up to %(seconds)s s)."),
    RemarkCode.FLAT_LEAD: _("%(leads)s: flat line."),
    RemarkCode.AMPLITUDE_SMALL: _(
        "Half of the leads span at most %(median_mv)s mV: the unit of the file is probably wrong."
    ),
    RemarkCode.AMPLITUDE_LARGE: _(
        "%(leads)s: more than %(most_mv)s mV from peak to peak. Artifact or wrong gain."
    ),
    RemarkCode.LIMB_IDENTITY: _(
        "Not consistent with I and II (Einthoven, Goldberger): %(leads)s, off by up to"
        " %(microvolts)s microvolts."
    ),
    RemarkCode.ARM_REVERSAL_SUSPECTED: _(
        "I is opposite to V6 (correlation %(correlation)s): the arm leads may be interchanged."
    ),
    RemarkCode.CLIPPING: _("%(leads)s: peaks are cut off at the limit of the recorder."),
    RemarkCode.OTHER_SIGNALS: _("Signals other than the 12 leads were not imported: %(signals)s."),
    RemarkCode.UNIT_NOT_STATED: _(
        "The header states no unit. Read as millivolts, as WFDB prescribes."
    ),
    RemarkCode.TRAILING_BYTES: _(
        "%(n_bytes)s bytes after the last sample of %(file)s were ignored."
    ),
    RemarkCode.CHECKSUM: _("The checksum in the header does not match the samples of %(signals)s."),
    RemarkCode.AGE: _("An age of %(age_years)s years is not plausible and was ignored."),
    RemarkCode.NO_METADATA: _("Not listed in %(file)s: age and sex unknown."),
    RemarkCode.SAME_RECORDING: _("Same recording as %(file)s. Studies draw one of the two."),
    RemarkCode.SAME_RECORDING_ELSEWHERE: _(
        "Same recording as %(file)s of the data set %(dataset)s. Studies draw one of the two."
    ),
}

LOOKS_LIKE: Mapping[LooksLike, Promise] = {
    LooksLike.ZIP: _("a ZIP archive"),
    LooksLike.GZIP: _("a gzip file"),
    LooksLike.DICOM: _("a DICOM object"),
    LooksLike.XML: _("an XML or HTML document"),
    LooksLike.EDF: _("an EDF file"),
    LooksLike.EMPTY: _("an empty file"),
    LooksLike.OTHER: _("something else"),
}


def of_refusal(code: RefusalCode, details: Details) -> Explanation:
    """Return why something was refused, and what to do about it."""
    reason, hint = REFUSALS[code]
    return Explanation(str(reason) % _written(details), str(hint) % {})


def of_remark(code: RemarkCode, leads: Iterable[str], details: Details) -> Explanation:
    """Return what was noticed about a signal that was accepted."""
    return Explanation(str(REMARKS[code]) % {**_written(details), "leads": ", ".join(leads)})


def of_issue(issue: ImportIssue) -> Explanation:
    """Return the explanation of an import issue. Old rows hold English sentences, not codes."""
    if issue.reason:
        return Explanation(issue.reason, issue.hint)
    return of_stored(issue.code, issue.details)


def of_stored(code: str, details: Mapping[str, Any]) -> Explanation:
    """Return the explanation of a refusal or remark. An unknown code is returned as it is."""
    if code in set(RefusalCode):
        return of_refusal(RefusalCode(code), details)
    if code in set(RemarkCode):
        leads = details.get("leads", [])
        others = {name: one for name, one in details.items() if name != "leads"}
        return of_remark(RemarkCode(code), leads, others)
    return Explanation(code)


def _written(details: Details) -> dict[str, str]:
    return {name: _one(name, value) for name, value in details.items()}


def _one(name: str, value: str | int | float) -> str:
    if name == "looks_like":
        return str(LOOKS_LIKE[LooksLike(str(value))])
    if isinstance(value, str):
        return value or gettext("nothing")
    return number_format(value if isinstance(value, int) else f"{value:g}", force_grouping=True)

"""Why a file, or one exam of it, cannot be imported: codes that imports store."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

# Expected and actual values, by name, for the sentence that explains a code.

# An empty string means that the value was missing. Messages of the operating system and of
# libraries are quoted.
Details: TypeAlias = Mapping[str, str | int | float]


class RefusalCode(StrEnum):
    """Why a file or an exam was not imported. Never change a value: imports store it.

    The comment after a code lists the keys of its details.
    """

    # The file as a whole.
    UNREADABLE = "unreadable"  # error
    OUTSIDE = "outside"  # found
    LINK_OUTSIDE = "link_outside"
    NOT_A_FILE = "not_a_file"
    UNKNOWN_FORMAT = "unknown_format"  # looks_like: a LooksLike
    UNSAFE_SLOW = "unsafe_slow"
    UNSAFE_CRASH = "unsafe_crash"  # signal
    UNSAFE_END = "unsafe_end"
    UNSAFE_MEMORY = "unsafe_memory"  # most_mb
    LFS_POINTER = "lfs_pointer"  # file

    # The header of a WFDB record.
    HEADER_TOO_LONG = "header_too_long"  # most
    RECORD_LINE = "record_line"  # found
    SEGMENTS = "segments"
    N_SIGNALS = "n_signals"  # most, found
    SAMPLING_RATE = "sampling_rate"  # least, most, found
    SAMPLING_RATE_TEXT = "sampling_rate_text"  # found
    N_SAMPLES = "n_samples"  # found
    SIGNAL_LINES = "signal_lines"  # expected, found
    SIGNAL_LINE = "signal_line"  # number, found
    SIGNAL_FORMAT = "signal_format"  # known, found
    FRAMES = "frames"
    NO_GAIN = "no_gain"
    GAIN = "gain"  # found
    GAIN_TEXT = "gain_text"  # found
    UNIT = "unit"  # found
    DUPLICATE_LEAD = "duplicate_lead"  # lead
    NO_LEAD_NAMES = "no_lead_names"  # found

    # The samples of a WFDB record.
    MISSING_FILE = "missing_file"  # file
    MIXED_FORMATS = "mixed_formats"  # file
    TOO_LONG = "too_long"  # most, found, n_samples
    TRUNCATED = "truncated"  # expected, n_samples, file, found
    HTML_PAGE = "html_page"  # file
    UNDECODABLE = "undecodable"  # format, error

    # An HDF5 file and its table of exams.
    DAMAGED_HDF5 = "damaged_hdf5"  # error
    HDF5_DATASET = "hdf5_dataset"  # name, found
    HDF5_LAYOUT = "hdf5_layout"  # found
    TRANSPOSED = "transposed"  # found
    TOO_LARGE = "too_large"  # most_exams, most_samples, found
    LARGE_CHUNKS = "large_chunks"  # name, most, found
    NO_EXAM_IDS = "no_exam_ids"
    EXAM_ID_LENGTH = "exam_id_length"  # expected, found
    DUPLICATE_ID = "duplicate_id"  # found
    PADDING_ROW = "padding_row"
    EXAMS_CSV_SIZE = "exams_csv_size"  # file, most
    EXAMS_CSV_TEXT = "exams_csv_text"  # file, error
    EXAMS_CSV_COLUMN = "exams_csv_column"  # file, found

    # The signal.
    LEADS_MISSING = "leads_missing"  # found, absent
    TOO_SHORT = "too_short"  # least, found
    BLANK = "blank"
    AMPLITUDE = "amplitude"  # found
    RESOLUTION = "resolution"  # most, found

    # Already stored, or impossible to store.
    CHANGED = "changed"
    BAD_NAME = "bad_name"  # most_key, most_pseudonym


class LooksLike(StrEnum):
    """What a file of an unknown format appears to be."""

    ZIP = "zip"
    GZIP = "gzip"
    DICOM = "dicom"
    XML = "xml"
    EDF = "edf"
    EMPTY = "empty"
    OTHER = "other"

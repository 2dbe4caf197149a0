"""DICOM ECG waveforms with the consensus and marked areas as waveform annotations.

Source:
    DICOM PS3.3 A.34.3 (12-lead ECG), A.34.4 (general ECG), C.10.8 to C.10.10.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ecgreview.ecg.leads import LEADS, N_LEADS
from ecgreview.ecg.signal import INVALID, Signal
from ecgreview.release.content import Area, Content, Facts, ReleasedExam, ReleasedReading
from ecgreview.taxonomy import DiagnosticClass

from . import files, streams
from .about import About

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

TWELVE_LEAD = "1.2.840.10008.5.1.4.1.1.9.1.1"
GENERAL = "1.2.840.10008.5.1.4.1.1.9.1.2"
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"

# Limits of the 12-lead object.
RATES_HZ = (200, 1000)
MAX_SAMPLES = 16_384

# CID 3001, ECG leads, in the order of LEADS.
MDC_LEADS = (
    "2:1", "2:2", "2:61", "2:62", "2:63", "2:64", "2:3", "2:4", "2:5", "2:6", "2:7", "2:8",
)  # fmt: skip

# A value is required, and a release has none.
NO_DATE, NO_TIME = "19000101", "000000"

PER_FOLDER = 1000

# Value, coding scheme and meaning.
Code: TypeAlias = tuple[str, str, str]

# UTF-8.
CHARACTERS = "ISO_IR 192"

# Tag of an item of a sequence, as bytes.
ITEM = b"\xfe\xff\x00\xe0"

ABOUT = About(
    title="DICOM 12-lead ECG with annotations",
    files={
        "exams/NN/CODE_T.dcm": (
            "one file per tracing: the original samples, the present classes of the consensus as "
            "coded annotations, the areas of readers as annotated segments"
        ),
    },
    readers=("pydicom",),
    limits=(
        "only present classes: absent, undecided and not assessed are not annotated",
        (
            "classes are coded in SNOMED CT if a code is exact, otherwise in the private scheme "
            "99ECGREVIEW"
        ),
        (
            "tracings longer than 16,384 samples or outside 200 to 1000 Hz are stored as "
            "General ECG Waveform"
        ),
        "dates that DICOM requires are 1900-01-01; patient age 090Y means above 89",
    ),
)


class Dicom:
    name = "dicom"
    needs_signals = True
    extra = "formats"

    def write(self, content: Content, folder: Path) -> None:
        import pydicom
        from pydicom.charset import convert_encodings

        facts = content.facts
        for exam, signals, readings in streams.signals_with_readings(content):
            inside = folder / "exams" / f"{(exam.number - 1) // PER_FOLDER:02d}"
            inside.mkdir(parents=True, exist_ok=True)
            name = streams.file_name(exam)
            for number, signal in enumerate(signals, start=1):
                dataset = _dataset(facts, exam, number, signal)
                marks = _areas(facts, readings, number, signal)
                annotations = [*_consensus(facts, exam), *map(_as_item, marks)]
                if annotations:
                    _put(dataset, "WaveformAnnotationSequence", annotations)
                _keep_encoded(dataset, convert_encodings(CHARACTERS))
                path = inside / f"{name}_{number}.dcm"
                pydicom.dcmwrite(path, dataset, enforce_file_format=True)


FORMAT = Dicom()


def uid(*parts: object) -> str:
    """Return a UID that depends only on ``parts``, under the root for UUIDs."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, files.as_json(parts)).int}"


def _dataset(facts: Facts, exam: ReleasedExam, number: int, signal: Signal) -> Dataset:
    from pydicom.dataset import Dataset

    dataset = Dataset()
    dataset.file_meta = _file_meta(facts, exam, number, signal)
    dataset.SpecificCharacterSet = CHARACTERS
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID
    dataset.StudyDate = dataset.StudyTime = ""
    dataset.ContentDate, dataset.ContentTime = NO_DATE, NO_TIME
    dataset.AcquisitionDateTime = NO_DATE + NO_TIME
    dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
    dataset.Modality, dataset.Manufacturer = "ECG", "ECG Review"
    dataset.ManufacturerModelName, dataset.DeviceSerialNumber = "release", "0"
    dataset.SoftwareVersions = facts.program_version
    dataset.PatientName = dataset.PatientID = exam.patient or f"of-{exam.code}"
    dataset.PatientBirthDate, dataset.PatientSex = "", exam.sex
    age = streams.age_years(exam)
    if age is not None:
        dataset.PatientAge = f"{age:03d}Y"
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = f"Release {facts.version} of ECG Review"
    dataset.LongitudinalTemporalInformationModified = "REMOVED"
    dataset.StudyInstanceUID = uid(facts.slug, exam.code, "study")
    dataset.SeriesInstanceUID = uid(facts.slug, exam.code, "series")
    dataset.StudyID, dataset.SeriesNumber, dataset.InstanceNumber = "", 1, number
    dataset.AcquisitionContextSequence = []
    _put(dataset, "WaveformSequence", [_as_item(_waveform(signal))])
    return dataset


def _file_meta(facts: Facts, exam: ReleasedExam, number: int, signal: Signal) -> Any:
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID

    fits = RATES_HZ[0] <= signal.sampling_rate_hz <= RATES_HZ[1] and signal.n_samples <= MAX_SAMPLES
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(TWELVE_LEAD if fits else GENERAL)
    # Other annotations make another instance, so a later release has other UIDs.
    meta.MediaStorageSOPInstanceUID = UID(uid(facts.slug, facts.version, exam.code, number))
    meta.TransferSyntaxUID = UID(EXPLICIT_LITTLE_ENDIAN)
    # Otherwise pydicom writes its own version here.
    meta.ImplementationClassUID = UID(uid("ECG Review"))
    meta.ImplementationVersionName = "ECGREVIEW"
    return meta


def _waveform(signal: Signal) -> Dataset:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.MultiplexGroupTimeOffset = "0"
    item.WaveformOriginality = "ORIGINAL"
    item.NumberOfWaveformChannels = N_LEADS
    item.NumberOfWaveformSamples = signal.n_samples
    item.SamplingFrequency = _decimal(signal.sampling_rate_hz)
    item.MultiplexGroupLabel = "RHYTHM"
    _put(item, "ChannelDefinitionSequence", _channels(_decimal(signal.microvolts_per_lsb)))
    item.WaveformBitsAllocated = 16
    item.WaveformSampleInterpretation = "SS"
    item.add_new("WaveformPaddingValue", "OW", int(INVALID).to_bytes(2, "little", signed=True))
    item.add_new("WaveformData", "OW", signal.samples.T.astype("<i2").tobytes())
    return item


def _put(dataset: Dataset, name: str, items: Sequence[bytes]) -> None:
    """Add a sequence of encoded items, which saves most of the time that encoding takes."""
    from pydicom.charset import default_encoding
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import Tag

    tag, value = Tag(name), b"".join(items)
    dataset[tag] = RawDataElement(
        tag, "SQ", len(value), value, 0, is_implicit_VR=False, is_little_endian=True
    )
    _keep_encoded(dataset, default_encoding)


def _keep_encoded(dataset: Dataset, characters: str | list[str]) -> None:
    """Have encoded items written as they are: pydicom does so if nothing is encoded otherwise."""
    dataset.set_original_encoding(
        is_implicit_vr=False, is_little_endian=True, character_encoding=characters
    )


def _as_item(dataset: Dataset) -> bytes:
    """Return ``dataset`` encoded as an item of a sequence, in explicit little endian and UTF-8."""
    from pydicom.charset import convert_encodings
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset

    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, dataset, convert_encodings(CHARACTERS))
    content = buffer.getvalue()
    return ITEM + len(content).to_bytes(4, "little") + content


@lru_cache(maxsize=16)
def _channels(sensitivity: str) -> Sequence[bytes]:
    """Return the definitions of the leads. They are most of a file, and few units occur."""
    leads = zip(LEADS, MDC_LEADS, strict=True)
    return [_as_item(_channel(lead, code, sensitivity)) for lead, code in leads]


def _channel(lead: str, code: str, sensitivity: str) -> Dataset:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.ChannelLabel = lead
    item.ChannelSourceSequence = [_code(code, "MDC", f"Lead {lead}")]
    item.ChannelSensitivity = sensitivity
    item.ChannelSensitivityUnitsSequence = [_code("uV", "UCUM", "microvolt")]
    item.ChannelSensitivityCorrectionFactor = "1"
    item.ChannelBaseline = "0"
    item.ChannelSampleSkew = "0"
    item.WaveformBitsStored = 16
    return item


def _decimal(value: float) -> str:
    """Return ``value`` in at most 16 characters, the most that DICOM allows."""
    text = repr(float(value))
    digits = 16
    while len(text) > 16:
        digits -= 1
        text = f"{value:.{digits}g}"
    return text.removesuffix(".0")


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = value, scheme
    item.CodeMeaning = meaning[:64]
    return item


def _class_code(item: DiagnosticClass) -> Code:
    for code in item.codes.get("snomed_ct", ()):
        if code.match == "exact":
            return code.code, "SCT", item.name
    return f"CLASS{item.position}", "99ECGREVIEW", item.name


def _consensus(facts: Facts, exam: ReleasedExam) -> Iterator[bytes]:
    for code in exam.present:
        yield _present(_class_code(facts.taxonomy.by_code(code)))


@lru_cache(maxsize=1000)
def _present(class_code: Code) -> bytes:
    item = _annotation(class_code, 0)
    item.ReferencedWaveformChannels = [1, 0]  # all channels of the first group
    return _as_item(item)


def _areas(
    facts: Facts, readings: Sequence[ReleasedReading], tracing: int, signal: Signal
) -> Iterator[Dataset]:
    for group, reading in enumerate(readings, start=1):
        for finding in reading.findings:
            for area in finding.areas:
                if area.tracing == tracing:
                    item = _annotation(_class_code(facts.taxonomy.by_code(finding.code)), group)
                    _place(item, area, signal)
                    yield item


def _annotation(class_code: Code, group: int) -> Dataset:
    """Return an annotation; group 0 is the consensus, others are readings in their order."""
    from pydicom.dataset import Dataset

    item = Dataset()
    item.AnnotationGroupNumber = group
    item.ConceptNameCodeSequence = [_code("121071", "DCM", "Finding")]
    item.ConceptCodeSequence = [_code(*class_code)]
    return item


def _place(item: Dataset, area: Area, signal: Signal) -> None:
    item.ReferencedWaveformChannels = [
        number for lead in area.leads for number in (1, LEADS.index(lead) + 1)
    ]
    item.TemporalRangeType = "SEGMENT"
    last = signal.n_samples
    item.ReferencedSamplePositions = [
        min(max(round(seconds * signal.sampling_rate_hz) + 1, 1), last)
        for seconds in (area.from_s, area.to_s)
    ]

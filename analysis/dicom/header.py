"""Header facts of an object, classic and enhanced multi-frame, from any vendor."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from typing import Final

from pydicom.dataset import Dataset

from analysis.dicom import values as v
from analysis.dicom.facts import FrameFacts, HeaderFacts
from analysis.dicom.refusals import Refused

GAUSS_ABOVE_T: Final = 30.0
"""No scanner has 30 tesla: a larger MagneticFieldStrength is in gauss (GE)."""

MOST_FRAMES: Final = 20_000
MOST_PIXELS_PER_FRAME: Final = 4096 * 4096

_PHILIPS_SCALE_SLOPE: Final = 0x2005100E
_PHILIPS_SCALE_INTERCEPT: Final = 0x2005100D
_PHILIPS_FRAME_SEQUENCE: Final = 0x2005140F
_ACCELERATION_WORDS = re.compile(
    r"(?:grappa|ipat|sense|asset|arc|tgrappa|_p|_r)[ _=]?([2-8])(?!\d)", re.I
)


def header_facts(ds: Dataset) -> HeaderFacts:
    """Read the facts of one object. Never raises on bad values of single elements.

    Raises:
        Refused: no valid UIDs.
    """
    with warnings.catch_warnings():
        # A sender's invalid values are facts to work around, not faults of this program.
        warnings.simplefilter("ignore")
        return _facts(ds)


def _facts(ds: Dataset) -> HeaderFacts:
    meta = getattr(ds, "file_meta", Dataset())
    uids = {
        "sop_class_uid": v.uid(ds, "SOPClassUID") or v.uid(meta, "MediaStorageSOPClassUID"),
        "sop_instance_uid": v.uid(ds, "SOPInstanceUID"),
        "study_instance_uid": v.uid(ds, "StudyInstanceUID"),
        "series_instance_uid": v.uid(ds, "SeriesInstanceUID"),
    }
    if not all(uids.values()):
        missing = ", ".join(name for name, found in uids.items() if not found)
        raise Refused("no-identity", f"no {missing}")
    count = v.integer(ds, "NumberOfFrames")
    count = 1 if count is None else count
    shared = v.first_item(ds, "SharedFunctionalGroupsSequence")
    # What holds for the whole object may stand in the groups of each frame as well.
    every = _first_groups(ds, shared)
    return HeaderFacts(
        **uids,
        transfer_syntax_uid=v.uid(meta, "TransferSyntaxUID"),
        modality=v.text(ds, "Modality").upper(),
        patient_id=v.text(ds, "PatientID")[:64],
        issuer_of_patient_id=v.text(ds, "IssuerOfPatientID")[:64],
        patient_name=v.text(ds, "PatientName")[:324],
        patient_birth_date=v.day_text(v.text(ds, "PatientBirthDate")),
        patient_sex=v.text(ds, "PatientSex")[:1].upper(),
        accession_number=v.text(ds, "AccessionNumber")[:64],
        study_id=v.text(ds, "StudyID")[:64],
        study_date=v.day_text(v.text(ds, "StudyDate")),
        study_time=v.text(ds, "StudyTime")[:16],
        study_description=v.text(ds, "StudyDescription"),
        series_number=_int32(v.integer(ds, "SeriesNumber")),
        series_description=v.text(ds, "SeriesDescription"),
        series_moment_s=v.moment(
            v.text(ds, "SeriesDate") or v.text(ds, "StudyDate"), v.text(ds, "SeriesTime")
        ),
        protocol_name=v.text(ds, "ProtocolName"),
        sequence_name=v.text(ds, "SequenceName") or v.text(ds, "PulseSequenceName"),
        stage_name=v.text(ds, "StageName"),
        manufacturer=v.text(ds, "Manufacturer"),
        model_name=v.text(ds, "ManufacturerModelName"),
        station_name=v.text(ds, "StationName"),
        software=v.text(ds, "SoftwareVersions"),
        institution=v.text(ds, "InstitutionName"),
        instance_number=_int32(v.integer(ds, "InstanceNumber")),
        acquisition_number=_int32(v.integer(ds, "AcquisitionNumber")),
        frame_of_reference_uid=v.uid(ds, "FrameOfReferenceUID"),
        rows=v.integer(ds, "Rows") or 0,
        columns=v.integer(ds, "Columns") or 0,
        frame_count=count,
        bits_stored=v.integer(ds, "BitsStored") or 16,
        samples_per_pixel=v.integer(ds, "SamplesPerPixel") or 1,
        photometric=v.text(ds, "PhotometricInterpretation").upper() or "MONOCHROME2",
        field_strength_t=_tesla(v.number(ds, "MagneticFieldStrength")),
        scanning_sequence=v.text(ds, "ScanningSequence"),
        sequence_variant=v.text(ds, "SequenceVariant"),
        scan_options=" ".join(
            filter(None, (v.text(ds, "ScanOptions"), v.text(ds, "SteadyStatePulseSequence")))
        ),
        echo_train_length=v.integer(ds, "EchoTrainLength"),
        phase_lines=_phase_lines(ds, every),
        acceleration=_acceleration(ds, every),
        agent=_agent(ds),
        heart_rate_bpm=_heart_rate(ds, every),
        weight_kg=v.positive(v.number(ds, "PatientWeight")),
        phase_encoding=v.text(ds, "InPlanePhaseEncodingDirection")
        or v.text(v.first_item(every, "MRFOVGeometrySequence"), "InPlanePhaseEncodingDirection"),
        problems=_problems(ds),
        frames=_frames(ds, shared, count) if 0 < count <= MOST_FRAMES else (),
        plain=None,  # a header does not say where it ends
    )


def _frames(ds: Dataset, shared: Dataset, count: int) -> tuple[FrameFacts, ...]:
    per_frame = v.items(ds, "PerFrameFunctionalGroupsSequence")
    if not per_frame and count == 1 and not len(shared):
        return (_classic_frame(ds),)
    if not per_frame:
        # Multi-frame without functional groups: every frame shares what the object says.
        base = _classic_frame(ds)
        return tuple(replace(base, index=index) for index in range(count))
    return tuple(
        _enhanced_frame(ds, shared, per_frame[i] if i < len(per_frame) else Dataset(), i)
        for i in range(count)
    )


def _classic_frame(ds: Dataset) -> FrameFacts:
    rate = v.number(ds, "HeartRate")
    interval = v.positive(v.number(ds, "NominalInterval"))
    if interval is None or not 250 <= interval <= 3000:  # some scanners write a count here (GE)
        interval = 60_000 / rate if rate and 20 <= rate <= 250 else None
    return FrameFacts(
        temporal_index=_int32(v.integer(ds, "TemporalPositionIndex"))
        or _int32(v.integer(ds, "TemporalPositionIdentifier")),
        frame_moment_s=None,
        acquisition_moment_s=_acquisition_moment(ds),
        trigger_ms=v.number(ds, "TriggerTime"),
        interval_ms=interval or v.positive(v.number(ds, "TemporalResolution")),
        position_mm=_triple(v.numbers(ds, "ImagePositionPatient", 3)),
        orientation=_six(v.numbers(ds, "ImageOrientationPatient", 6)),
        spacing_mm=_pair(v.numbers(ds, "PixelSpacing", 2)),
        thickness_mm=v.positive(v.number(ds, "SliceThickness")),
        slice_location=v.number(ds, "SliceLocation"),
        echo_ms=v.positive(v.number(ds, "EchoTime")),
        echo_number=v.integer(ds, "EchoNumbers"),
        flip_deg=v.positive(v.number(ds, "FlipAngle")),
        inversion_ms=v.positive(v.number(ds, "InversionTime")),
        repetition_ms=v.positive(v.number(ds, "RepetitionTime")),
        image_type=v.texts(ds, "ImageType"),
        comments=v.text(ds, "ImageComments"),
        scale_slope=v.positive(v.number(ds, _PHILIPS_SCALE_SLOPE)) or 1.0,
        scale_intercept=v.number(ds, _PHILIPS_SCALE_INTERCEPT) or 0.0,
    )


def _enhanced_frame(ds: Dataset, shared: Dataset, own: Dataset, index: int) -> FrameFacts:
    def group(name: str) -> Dataset:
        found = v.first_item(own, name)
        return found if len(found) else v.first_item(shared, name)

    content, sync = group("FrameContentSequence"), group("CardiacSynchronizationSequence")
    plane, orient = group("PlanePositionSequence"), group("PlaneOrientationSequence")
    measures, timing = group("PixelMeasuresSequence"), group("MRTimingAndRelatedParametersSequence")
    echo, modifier = group("MREchoSequence"), group("MRModifierSequence")
    frame_type = group("MRImageFrameTypeSequence")
    # Legacy Converted objects keep the classic elements in sequences of their own.
    legacy = v.first_item(own, "UnassignedPerFrameConvertedAttributesSequence")
    legacy = legacy if len(legacy) else _shared_legacy(shared)

    def first(modern: Dataset, name: str, classic: str) -> float | None:
        return v.positive(v.number(modern, name)) or v.positive(v.number(legacy, classic))

    philips = v.first_item(own, _PHILIPS_FRAME_SEQUENCE)
    interval = v.positive(v.number(sync, "RRIntervalTimeNominal"))
    return FrameFacts(
        index=index,
        temporal_index=_int32(v.integer(content, "TemporalPositionIndex")),
        stack_id=v.text(content, "StackID"),
        in_stack=_int32(v.integer(content, "InStackPositionNumber")),
        frame_moment_s=v.datetime_moment(v.text(content, "FrameAcquisitionDateTime"))
        or v.datetime_moment(v.text(content, "FrameReferenceDateTime")),
        acquisition_moment_s=_acquisition_moment(ds),
        trigger_ms=first(sync, "NominalCardiacTriggerDelayTime", "TriggerTime"),
        interval_ms=interval if interval and 250 <= interval <= 3000 else None,
        position_mm=_triple(v.numbers(plane, "ImagePositionPatient", 3)),
        orientation=_six(v.numbers(orient, "ImageOrientationPatient", 6)),
        spacing_mm=_pair(v.numbers(measures, "PixelSpacing", 2)),
        thickness_mm=v.positive(v.number(measures, "SliceThickness")),
        slice_location=None,
        echo_ms=first(echo, "EffectiveEchoTime", "EchoTime"),
        echo_number=None,
        flip_deg=first(timing, "FlipAngle", "FlipAngle"),
        inversion_ms=first(modifier, "InversionTimes", "InversionTime"),
        repetition_ms=first(timing, "RepetitionTime", "RepetitionTime"),
        image_type=v.texts(frame_type, "FrameType") or v.texts(ds, "ImageType"),
        comments=v.text(content, "FrameComments") or v.text(ds, "ImageComments"),
        scale_slope=v.positive(v.number(philips, _PHILIPS_SCALE_SLOPE)) or 1.0,
        scale_intercept=v.number(philips, _PHILIPS_SCALE_INTERCEPT) or 0.0,
    )


def _shared_legacy(shared: Dataset) -> Dataset:
    return v.first_item(shared, "UnassignedSharedConvertedAttributesSequence")


def _acquisition_moment(ds: Dataset) -> float | None:
    whole = v.datetime_moment(v.text(ds, "AcquisitionDateTime"))
    if whole is not None:
        return whole
    day = next(
        filter(None, (v.text(ds, k) for k in ("AcquisitionDate", "ContentDate", "StudyDate"))), ""
    )
    return v.moment(day, v.text(ds, "AcquisitionTime"))


def _first_groups(ds: Dataset, shared: Dataset) -> Dataset:
    """The functional groups of the first frame, shared ones included."""
    groups = Dataset()
    groups.update(v.first_item(ds, "PerFrameFunctionalGroupsSequence"))
    groups.update(shared)
    return groups


def _phase_lines(ds: Dataset, shared: Dataset) -> float | None:
    geometry = v.first_item(shared, "MRFOVGeometrySequence")
    lines = v.positive(v.number(geometry, "MRAcquisitionPhaseEncodingStepsInPlane"))
    lines = lines or v.positive(v.number(ds, "NumberOfPhaseEncodingSteps"))
    matrix = v.numbers(ds, "AcquisitionMatrix", 4)
    if lines is None and matrix:
        lines = v.positive(matrix[3] or matrix[2])  # phase columns, else phase rows
    return lines


def _acceleration(ds: Dataset, shared: Dataset) -> float | None:
    modifier = v.first_item(shared, "MRModifierSequence")
    factor = v.positive(v.number(modifier, "ParallelReductionFactorInPlane"))
    factor = factor or v.positive(v.number(ds, "ParallelReductionFactorInPlane"))
    if factor is None:
        for key in ("SeriesDescription", "ProtocolName", "ImageComments"):
            match = _ACCELERATION_WORDS.search(v.text(ds, key))
            if match:
                return float(match.group(1))
    return factor if factor and factor <= 16 else None


def _agent(ds: Dataset) -> str:
    named = v.text(ds, "ContrastBolusAgent")
    for item in v.items(ds, "ContrastBolusAgentSequence"):
        named = named or v.text(item, "CodeMeaning")
    return named


def _heart_rate(ds: Dataset, shared: Dataset) -> float | None:
    rate = v.number(ds, "HeartRate")
    if rate is None or not 20 <= rate <= 250:
        sync = v.first_item(shared, "CardiacSynchronizationSequence")
        interval = v.number(sync, "RRIntervalTimeNominal") or v.number(ds, "NominalInterval")
        rate = 60_000 / interval if interval and 250 <= interval <= 3000 else None
    return rate


def _problems(ds: Dataset) -> tuple[str, ...]:
    found = []
    if not v.text(ds, "PatientID"):
        found.append("no-patient-id")
    if "\ufffd" in v.text(ds, "PatientName"):
        found.append("character-set")
    return tuple(found)


def _tesla(value: float | None) -> float | None:
    if value is None or value <= 0:
        return None
    return value / 10_000 if value > GAUSS_ABOVE_T else value


def _int32(value: int | None) -> int | None:
    return value if value is not None and -(2**31) <= value < 2**31 else None


def _triple(value: tuple[float, ...] | None) -> tuple[float, float, float] | None:
    return (value[0], value[1], value[2]) if value else None


def _pair(value: tuple[float, ...] | None) -> tuple[float, float] | None:
    return (value[0], value[1]) if value and min(value) > 0 else None


def _six(value: tuple[float, ...] | None) -> tuple[float, float, float, float, float, float] | None:
    """ImageOrientationPatient where it is two unit vectors at a right angle."""
    if value is None:
        return None
    row, column = value[:3], value[3:]
    lengths = (sum(c * c for c in row), sum(c * c for c in column))
    dot = sum(a * b for a, b in zip(row, column, strict=True))
    if any(abs(length - 1) > 0.05 for length in lengths) or abs(dot) > 0.02:
        return None
    return (value[0], value[1], value[2], value[3], value[4], value[5])

"""What every style writes alike: who, when, where, and the pixels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage

from analysis.domain import SliceGeometry
from analysis.phantom.signal import Sequence
from analysis.phantom.uids import derived_uid
from analysis.phantom.values import SimulatedAcquisition, SimulatedExam

IMPLEMENTATION_UID = derived_uid("implementation")
PHASE_LINES, ACCELERATION = 111, 3
AIF_PHASE_LINES, AIF_ACCELERATION = 36, 2


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One image of a series, ready to be described in any style.

    echo: number from 1; te_ms its time. moment: when it was acquired. number: from 1, in order.
    """

    pixels: NDArray[np.uint16]
    number: int
    time_index: int
    moment: datetime
    trigger_ms: float
    interval_ms: float
    is_pd: bool
    echo: int
    te_ms: float


@dataclass(frozen=True, kw_only=True)
class SeriesContent:
    """One series of an acquisition: a slice, or the arterial input images."""

    name: str
    number: int
    is_aif: bool
    geometry: SliceGeometry
    sequence: Sequence
    frames: tuple[Frame, ...]


def series_of(acquisition: SimulatedAcquisition, first_number: int) -> list[SeriesContent]:
    """The series of one condition: arterial input first, then the slices from base to apex."""
    contents = []
    rr_ms = 1000.0 * acquisition.rr_s
    if acquisition.aif is not None:
        aif = acquisition.aif
        echoes, count = aif.signal.shape[:2]
        frames = tuple(
            Frame(
                pixels=aif.signal[e, t],
                number=t * echoes + e + 1,
                time_index=t + 1,
                moment=acquisition.started_at + timedelta(seconds=float(aif.time_s[t])),
                trigger_ms=float(aif.trigger_ms[t]),
                interval_ms=float(rr_ms[t]),
                is_pd=bool(aif.is_pd[t]),
                echo=e + 1,
                te_ms=aif.echo_times_ms[e],
            )
            for t in range(count)
            for e in range(echoes)
        )
        contents.append(
            SeriesContent(
                name="AIF",
                number=first_number,
                is_aif=True,
                geometry=aif.geometry,
                sequence=aif.sequence,
                frames=frames,
            )
        )
    for k, one in enumerate(acquisition.slices):
        frames = tuple(
            Frame(
                pixels=one.signal[t],
                number=t + 1,
                time_index=t + 1,
                moment=acquisition.started_at + timedelta(seconds=float(one.time_s[t])),
                trigger_ms=float(one.trigger_ms[t]),
                interval_ms=float(rr_ms[t]),
                is_pd=bool(one.is_pd[t]),
                echo=1,
                te_ms=acquisition.sequence.te_ms,
            )
            for t in range(one.signal.shape[0])
        )
        contents.append(
            SeriesContent(
                name=f"SAX_b{k}",
                number=first_number + 1 + k,
                is_aif=False,
                geometry=one.geometry,
                sequence=acquisition.sequence,
                frames=frames,
            )
        )
    return contents


def file_meta(sop_class: str, sop_instance: str) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = UID(sop_class)
    meta.MediaStorageSOPInstanceUID = UID(sop_instance)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION_UID)
    meta.ImplementationVersionName = "QPERF_PHANTOM"
    return meta


def study_dataset(exam: SimulatedExam, acquisition: SimulatedAcquisition) -> Dataset:
    """Patient, study and equipment, the same for every object of an acquisition."""
    first = exam.acquisitions[0].started_at
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = MRImageStorage
    ds.StudyDate = first.strftime("%Y%m%d")
    ds.StudyTime = first.strftime("%H%M%S.%f")
    ds.SeriesDate = acquisition.started_at.strftime("%Y%m%d")
    ds.SeriesTime = acquisition.started_at.strftime("%H%M%S.%f")
    ds.AccessionNumber = exam.accession
    ds.Modality = "MR"
    ds.BodyPartExamined = "HEART"
    ds.InstitutionName = "Simulated Hospital"
    ds.ReferringPhysicianName = ""
    ds.StudyDescription = "Cardiac perfusion, simulated"
    ds.PatientName = exam.patient.name
    ds.PatientID = exam.patient.patient_id
    ds.PatientBirthDate = exam.patient.birth_date
    ds.PatientSex = exam.patient.sex
    ds.PatientAge = f"{first.year - int(exam.patient.birth_date[:4]):03d}Y"
    ds.PatientSize = exam.patient.height_m
    ds.PatientWeight = exam.patient.weight_kg
    ds.StudyInstanceUID = exam.study_instance_uid
    ds.StudyID = str(exam.seed)
    ds.PositionReferenceIndicator = ""
    ds.PatientPosition = "HFS"
    ds.MagneticFieldStrength = exam.field_strength_t
    ds.ImagingFrequency = round(42.577 * exam.field_strength_t, 4)
    ds.ContrastBolusAgent = exam.agent
    return ds


def put_geometry(ds: Dataset, geometry: SliceGeometry) -> None:
    ds.SliceThickness = geometry.thickness_mm
    ds.ImagePositionPatient = [round(v, 6) for v in geometry.position_mm]
    ds.ImageOrientationPatient = [
        round(v, 8) for v in (*geometry.row_direction, *geometry.column_direction)
    ]
    ds.PixelSpacing = list(geometry.pixel_spacing_mm)
    ds.FrameOfReferenceUID = geometry.frame_of_reference_uid


def put_pixels(
    ds: Dataset, pixels: NDArray[np.uint16] | NDArray[np.int16], *, bits_stored: int = 12
) -> None:
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows, ds.Columns = pixels.shape[-2:]
    ds.BitsAllocated = 16
    ds.BitsStored = bits_stored
    ds.HighBit = bits_stored - 1
    signed = pixels.dtype.kind == "i"
    ds.PixelRepresentation = int(signed)
    ds.PixelData = np.ascontiguousarray(pixels).astype("<i2" if signed else "<u2").tobytes()


def time_to_centre_ms(sequence: Sequence) -> float:
    """Saturation delay and (n - 1) echo spacings: what Siemens calls TI, run-up pulses aside."""
    return sequence.delay_ms + (sequence.centre_line - 1) * sequence.tr_ms


def scanning_sequence(frame: Frame) -> list[str]:
    """Gradient echo; the standard allows an InversionTime only where IR is said too."""
    return ["GR"] if frame.is_pd else ["GR", "IR"]


def phase_encoding(content: SeriesContent) -> tuple[int, int]:
    """Phase-encoding lines of the full matrix, and the acceleration."""
    if content.is_aif:
        return AIF_PHASE_LINES, AIF_ACCELERATION
    return PHASE_LINES, ACCELERATION

"""Small synthetic DICOM in several vendors' styles, for tests."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

MR = "1.2.840.10008.5.1.4.1.1.4"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
SHORT_AXIS = [0.6954, 0.7186, 0.0, -0.3657, 0.3539, -0.8609]
BASE_TO_APEX = np.array([0.62, -0.60, -0.51])
STUDY = generate_uid(entropy_srcs=["study"])
FRAME_OF_REFERENCE = generate_uid(entropy_srcs=["reference"])


def uid(*parts: object) -> str:
    return generate_uid(entropy_srcs=[str(p) for p in parts])


def slice_position(index: int, gap_mm: float = 16.0) -> list[float]:
    """A plane ``index`` gaps from the base towards the apex."""
    return [
        round(float(x), 4) for x in np.array([-60.0, -90.0, 60.0]) + BASE_TO_APEX * gap_mm * index
    ]


def image(
    *,
    series: str = "series",
    number: int = 1,
    pixels: np.ndarray | None = None,
    study: str = STUDY,
    sop: str | None = None,
    sop_class: str = MR,
    syntax: str = ExplicitVRLittleEndian,
    **elements: Any,
) -> FileDataset:
    """One classic MR object; ``elements`` are set by keyword, None removes one."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.TransferSyntaxUID = syntax
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID = sop_class
    ds.SOPInstanceUID = sop or uid(study, series, number)
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.StudyInstanceUID = study
    ds.SeriesInstanceUID = uid(study, series)
    ds.Modality = "MR"
    ds.PatientID, ds.PatientName = "P1", "Test^Person"
    ds.PatientBirthDate, ds.PatientSex = "19700102", "F"
    ds.StudyDate, ds.StudyTime = "20260102", "090000"
    ds.SeriesDescription = series
    ds.SeriesNumber, ds.InstanceNumber = 1, number
    ds.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"]
    ds.FrameOfReferenceUID = FRAME_OF_REFERENCE
    ds.ImageOrientationPatient = SHORT_AXIS
    ds.ImagePositionPatient = slice_position(0)
    ds.PixelSpacing, ds.SliceThickness = [2.0, 2.0], 8.0
    data = np.full((16, 12), number, np.uint16) if pixels is None else pixels
    data = data.copy()
    if pixels is None:
        data[0, 0] = 0
    ds.Rows, ds.Columns = data.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = 8 * data.dtype.itemsize
    ds.HighBit = ds.BitsStored - 1
    ds.PixelRepresentation = int(data.dtype.kind == "i")
    ds.PixelData = data.tobytes()
    if data.dtype.itemsize == 1:
        ds["PixelData"].VR = "OB"
    for keyword, value in elements.items():
        if value is None:
            if keyword in ds:
                del ds[keyword]
        elif isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], str):
            ds.add_new(int(keyword.removeprefix("x"), 16), value[1], value[0])
        else:
            setattr(ds, keyword, value)
    return ds


def clock_text(seconds: float) -> str:
    hours, rest = divmod(seconds, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{int(hours):02d}{int(minutes):02d}{secs:09.6f}"


def first_pass(
    series: str,
    *,
    frames: int = 20,
    start_s: float = 36_000.0,
    step_s: float = 0.8,
    position: int = 0,
    first_number: int = 1,
    **elements: Any,
) -> list[FileDataset]:
    """A dynamic series of one slice in Siemens classic style: AcquisitionTime is the clock."""
    return [
        image(
            series=series,
            number=first_number + i,
            AcquisitionDate="20260102",
            AcquisitionTime=clock_text(start_s + i * step_s),
            ImagePositionPatient=slice_position(position),
            **elements,
        )
        for i in range(frames)
    ]


def dual_sequence(condition: str, *, start_s: float, step_s: float = 0.8) -> list[FileDataset]:
    """Slices with 3 PD and 17 SR frames each, and two echoes of small AIF images."""
    objects: list[FileDataset] = []
    for index in range(3):
        for i in range(20):
            pd = i < 3
            objects.append(
                image(
                    series=f"{condition}_perf_slice{index}",
                    number=i + 1,
                    SeriesNumber=10 + index,
                    AcquisitionDate="20260102",
                    AcquisitionTime=clock_text(start_s + i * step_s + 0.15 + 0.12 * index),
                    ImagePositionPatient=slice_position(index),
                    FlipAngle=5.0 if pd else 50.0,
                    RepetitionTime=2.5,
                    InversionTime=None if pd else 84.5,
                    MagneticFieldStrength=1.5,
                    pixels=np.full((24, 24), 100 + i, np.uint16) + np.eye(24, dtype=np.uint16),
                )
            )
    for echo, te in enumerate((0.65, 1.65)):
        for i in range(20):
            objects.append(
                image(
                    series=f"{condition}_perf_AIF",
                    number=100 * echo + i + 1,
                    SeriesNumber=20,
                    AcquisitionDate="20260102",
                    AcquisitionTime=clock_text(start_s + i * step_s),
                    EchoTime=te,
                    FlipAngle=8.0,
                    RepetitionTime=2.12,
                    InversionTime=None if i < 3 else 4.7,
                    pixels=np.full((12, 12), 50 + i + echo, np.uint16)
                    + np.eye(12, dtype=np.uint16),
                )
            )
    return objects


def enhanced(
    series: str,
    *,
    frames: int = 20,
    slices: int = 1,
    start_s: float = 36_000.0,
    step_s: float = 0.8,
    number: int = 1,
    first_index: int = 1,
    scale: tuple[float, float] = (1.0, 0.0),
    **elements: Any,
) -> FileDataset:
    """An enhanced multi-frame object: StackID, InStackPositionNumber, TemporalPositionIndex."""
    total = frames * slices
    pixels = np.arange(total * 16 * 12, dtype=np.uint16).reshape(total, 16, 12)
    ds = image(series=series, number=number, sop_class=ENHANCED_MR, pixels=pixels[0])
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        del ds[keyword]
    ds.NumberOfFrames, ds.PixelData = total, pixels.tobytes()
    ds.AcquisitionDateTime = f"20260102{clock_text(start_s)}"
    shared = Dataset()
    shared.PlaneOrientationSequence = _one(ImageOrientationPatient=SHORT_AXIS)
    shared.PixelMeasuresSequence = _one(PixelSpacing=[2.0, 2.0], SliceThickness=8.0)
    shared.MRTimingAndRelatedParametersSequence = _one(FlipAngle=12.0, RepetitionTime=2.4)
    shared.PixelValueTransformationSequence = _one(
        RescaleSlope=scale[0], RescaleIntercept=scale[1], RescaleType="US"
    )
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    per_frame = []
    for t in range(frames):
        for s in range(slices):
            item = Dataset()
            when = clock_text(start_s + t * step_s + 0.1 * s)
            item.FrameContentSequence = _one(
                StackID="1",
                InStackPositionNumber=s + 1,
                TemporalPositionIndex=first_index + t,
                FrameAcquisitionDateTime=f"20260102{when}",
            )
            item.PlanePositionSequence = _one(ImagePositionPatient=slice_position(s))
            per_frame.append(item)
    ds.PerFrameFunctionalGroupsSequence = Sequence(per_frame)
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


def _one(**elements: Any) -> Sequence:
    item = Dataset()
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return Sequence([item])


def to_bytes(ds: Dataset) -> bytes:
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def write(folder: Path, objects: Iterable[Dataset]) -> Path:
    """Write objects as 0000.dcm, 0001.dcm ...; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, ds in enumerate(objects):
        (folder / f"{i:04d}.dcm").write_bytes(to_bytes(ds))
    return folder

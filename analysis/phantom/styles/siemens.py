"""Classic single-frame objects as a Siemens scanner sends them: one series per slice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage

from analysis.phantom.styles import common
from analysis.phantom.styles.common import Frame, SeriesContent
from analysis.phantom.uids import derived_uid
from analysis.phantom.values import SimulatedAcquisition, SimulatedExam


def objects(exam: SimulatedExam) -> Iterator[tuple[str, Dataset]]:
    number = 10
    for acquisition in exam.acquisitions:
        study = common.study_dataset(exam, acquisition)
        study.Manufacturer = "SIEMENS"
        study.ManufacturerModelName = "Sim Aera" if exam.field_strength_t < 2 else "Sim Skyra"
        study.SoftwareVersions = "phantom"
        study.DeviceSerialNumber = "0"
        for content in common.series_of(acquisition, number):
            yield from series_objects(study, exam, acquisition, content)
        number += 10


def series_objects(
    study: Dataset,
    exam: SimulatedExam,
    acquisition: SimulatedAcquisition,
    content: SeriesContent,
) -> Iterator[tuple[str, Dataset]]:
    """The objects of one series of original images, with their paths."""
    name = f"{acquisition.condition}_{content.name}_dual_PERF"
    if exam.sequence_class == "single":
        name = f"{acquisition.condition}_{content.name}_PERF"
    uid = derived_uid(exam.study_instance_uid, content.number)
    for frame in content.frames:
        ds = object_of(study, content, frame, name, uid, content.number)
        yield f"{content.number:03d}_{name}/IM{frame.number:04d}.dcm", ds


def _series(
    study: Dataset, content: SeriesContent, description: str, uid: str, number: int
) -> Dataset:
    ds = Dataset()
    ds.update(study)
    balanced = content.sequence.readout == "bssfp"
    ds.SeriesInstanceUID = uid
    ds.SeriesNumber = number
    ds.SeriesDescription = description
    ds.ProtocolName = description
    ds.SequenceVariant = ["SK", "SS"] if balanced else ["SK", "SP", "MP"]
    ds.ScanOptions = ["SR", "CG"]
    ds.MRAcquisitionType = "2D"
    ds.SequenceName = "*tfi2d1" if balanced else "*tfl2d1"
    lines, factor = common.phase_encoding(content)
    ds.NumberOfPhaseEncodingSteps = lines
    ds.EchoTrainLength = int(np.ceil(lines / factor))
    ds.InPlanePhaseEncodingDirection = "COL"
    ds.ParallelReductionFactorInPlane = float(factor)
    ds.PercentSampling = 100.0
    ds.PercentPhaseFieldOfView = 75.0
    ds.RepetitionTime = content.sequence.tr_ms
    common.put_geometry(ds, content.geometry)
    normal = np.cross(content.geometry.row_direction, content.geometry.column_direction)
    ds.SliceLocation = round(float(normal @ np.asarray(content.geometry.position_mm)), 4)
    return ds


def object_of(
    study: Dataset,
    content: SeriesContent,
    frame: Frame,
    description: str,
    series_uid: str,
    number: int,
) -> Dataset:
    """One image of a series; ``number`` is that of the series."""
    ds = _series(study, content, description, series_uid, number)
    sequence = content.sequence
    uid = derived_uid(series_uid, frame.number)
    ds.file_meta = common.file_meta(MRImageStorage, uid)
    ds.SOPInstanceUID = uid
    kind = ["AIF"] if content.is_aif else []
    ds.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND", *kind]
    ds.ImageComments = "PD" if frame.is_pd else "SR"
    ds.AcquisitionNumber = frame.time_index
    ds.InstanceNumber = frame.number
    ds.AcquisitionDate = frame.moment.strftime("%Y%m%d")
    ds.AcquisitionTime = frame.moment.strftime("%H%M%S.%f")
    ds.ContentDate, ds.ContentTime = ds.AcquisitionDate, ds.AcquisitionTime
    ds.ScanningSequence = common.scanning_sequence(frame)
    ds.TriggerTime = round(frame.trigger_ms, 2)
    ds.NominalInterval = int(round(frame.interval_ms))
    ds.EchoTime = frame.te_ms
    ds.EchoNumbers = frame.echo
    ds.FlipAngle = sequence.pd_flip_deg if frame.is_pd else sequence.flip_deg
    if not frame.is_pd:
        ds.InversionTime = round(common.time_to_centre_ms(sequence), 2)
    low, high = np.percentile(frame.pixels, (1, 99))
    ds.WindowCenter = int((low + high) / 2)
    ds.WindowWidth = max(int(high - low), 1)
    common.put_pixels(ds, frame.pixels)
    return ds

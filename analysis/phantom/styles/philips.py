"""Classic objects as a Philips scanner sends them: all slices in one series, private scaling.

AcquisitionTime is that of the whole series; frames are told apart by TemporalPositionIdentifier,
and the only running clock is the cumulative trigger time. Stored values are scaled per series.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage

from analysis.phantom.styles import common
from analysis.phantom.styles.common import Frame, SeriesContent
from analysis.phantom.uids import derived_uid
from analysis.phantom.values import SimulatedExam

_SCALE_SLOPE = 0.0125
_RESCALE_SLOPE = 1.75


def objects(exam: SimulatedExam) -> Iterator[tuple[str, Dataset]]:
    number = 301
    for acquisition in exam.acquisitions:
        study = common.study_dataset(exam, acquisition)
        study.Manufacturer = "Philips Medical Systems"
        study.ManufacturerModelName = "Sim Ingenia"
        study.SoftwareVersions = "phantom"
        study.DeviceSerialNumber = "0"
        contents = common.series_of(acquisition, 0)
        groups = {
            "AIF": [c for c in contents if c.is_aif],
            "PERF": [c for c in contents if not c.is_aif],
        }
        for name, group in groups.items():
            if not group:
                continue
            description = f"sPerf_{acquisition.condition}_{name}"
            uid = derived_uid(exam.study_instance_uid, "philips", number)
            instance = 0
            for position, content in enumerate(group, start=1):
                for frame in content.frames:
                    instance += 1
                    ds = _object(study, content, frame, uid, number, instance, position)
                    ds.SeriesDescription = ds.ProtocolName = description
                    yield f"{number:03d}_{description}/IM{instance:04d}.dcm", ds
            number += 100


def _object(
    study: Dataset,
    content: SeriesContent,
    frame: Frame,
    series_uid: str,
    number: int,
    instance: int,
    position: int,
) -> Dataset:
    ds = Dataset()
    ds.update(study)
    uid = derived_uid(series_uid, instance)
    first = content.frames[0].moment
    ds.file_meta = common.file_meta(MRImageStorage, uid)
    ds.SOPInstanceUID = uid
    ds.SeriesInstanceUID = series_uid
    ds.SeriesNumber, ds.InstanceNumber, ds.AcquisitionNumber = number, instance, number
    ds.ImageType = ["ORIGINAL", "PRIMARY", "M_FFE", "M", "FFE"]
    ds.AcquisitionDate, ds.AcquisitionTime = first.strftime("%Y%m%d"), first.strftime("%H%M%S.%f")
    ds.ContentDate, ds.ContentTime = ds.AcquisitionDate, ds.AcquisitionTime
    ds.TemporalPositionIdentifier = frame.time_index
    ds.NumberOfTemporalPositions = len({f.time_index for f in content.frames})
    elapsed = (frame.moment - first).total_seconds() * 1000.0
    ds.TriggerTime = round(elapsed + frame.trigger_ms, 2)
    ds.NominalInterval = int(round(frame.interval_ms))
    ds.EchoTime, ds.EchoNumbers = frame.te_ms, frame.echo
    sequence = content.sequence
    ds.RepetitionTime = sequence.tr_ms
    ds.FlipAngle = sequence.pd_flip_deg if frame.is_pd else sequence.flip_deg
    if not frame.is_pd:
        ds.InversionTime = round(common.time_to_centre_ms(sequence), 2)
    balanced = sequence.readout == "bssfp"
    ds.ScanningSequence, ds.SequenceVariant, ds.ScanOptions = (
        common.scanning_sequence(frame),
        "MP",
        ["SR", "CG"],
    )
    ds.MRAcquisitionType = "2D"
    ds.PulseSequenceName = "B-TFE" if balanced else "T1TFE"
    lines, factor = common.phase_encoding(content)
    ds.NumberOfPhaseEncodingSteps = lines
    ds.ParallelReductionFactorInPlane = float(factor)
    ds.EchoTrainLength = int(np.ceil(lines / factor))
    ds.InPlanePhaseEncodingDirection = "COL"
    common.put_geometry(ds, content.geometry)
    block = ds.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
    block.add_new(0x0A, "IS", position)
    block.add_new(0x0D, "FL", 0.0)
    block.add_new(0x0E, "FL", _SCALE_SLOPE)
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = 0.0, _RESCALE_SLOPE, "normalized"
    common.put_pixels(ds, frame.pixels)
    return ds

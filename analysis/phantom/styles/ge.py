"""Classic objects as a GE scanner sends them, traps included: one series for all slices.

TriggerTime is cumulative and is the clock, AcquisitionTime is that of the series, the field
strength is in gauss and NominalInterval holds a count.
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


def objects(exam: SimulatedExam) -> Iterator[tuple[str, Dataset]]:
    number = 5
    for acquisition in exam.acquisitions:
        study = common.study_dataset(exam, acquisition)
        study.Manufacturer = "GE MEDICAL SYSTEMS"
        study.ManufacturerModelName = "Sim Artist"
        study.SoftwareVersions = "phantom"
        study.DeviceSerialNumber = "0"
        study.MagneticFieldStrength = 10_000.0 * exam.field_strength_t
        contents = common.series_of(acquisition, 0)
        for aif in (True, False):
            group = [c for c in contents if c.is_aif is aif]
            if not group:
                continue
            name = f"{acquisition.condition} FGRE TC {'AIF' if aif else 'SAX'}"
            uid = derived_uid(exam.study_instance_uid, "ge", number)
            instance = 0
            for index in range(len(group[0].frames)):
                for content in group:
                    instance += 1
                    frame = content.frames[index]
                    ds = _object(study, content, frame, uid, number, instance)
                    ds.SeriesDescription = ds.ProtocolName = name
                    yield f"{number:03d}_{name.replace(' ', '_')}/IM{instance:04d}.dcm", ds
            number += 1


def _object(
    study: Dataset,
    content: SeriesContent,
    frame: Frame,
    series_uid: str,
    number: int,
    instance: int,
) -> Dataset:
    ds = Dataset()
    ds.update(study)
    uid = derived_uid(series_uid, instance)
    first = content.frames[0].moment
    sequence = content.sequence
    ds.file_meta = common.file_meta(MRImageStorage, uid)
    ds.SOPInstanceUID = uid
    ds.SeriesInstanceUID = series_uid
    ds.SeriesNumber, ds.InstanceNumber, ds.AcquisitionNumber = number, instance, 1
    ds.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
    ds.AcquisitionDate, ds.AcquisitionTime = study.SeriesDate, study.SeriesTime
    ds.ContentDate, ds.ContentTime = study.SeriesDate, study.SeriesTime
    ds.TriggerTime = round((frame.moment - first).total_seconds() * 1000.0 + frame.trigger_ms, 1)
    ds.NominalInterval = 12
    ds.HeartRate = int(round(60_000.0 / max(frame.interval_ms, 1.0)))
    ds.EchoTime, ds.EchoNumbers = frame.te_ms, frame.echo
    ds.RepetitionTime = sequence.tr_ms
    ds.FlipAngle = sequence.pd_flip_deg if frame.is_pd else sequence.flip_deg
    if not frame.is_pd:
        ds.InversionTime = round(common.time_to_centre_ms(sequence), 2)
    ds.ScanningSequence = common.scanning_sequence(frame)
    ds.SequenceVariant = ["SS", "SP", "MP"]
    ds.ScanOptions = ["FAST_GEMS", "CG"]
    ds.MRAcquisitionType = "2D"
    ds.SequenceName = "fiesta" if sequence.readout == "bssfp" else "fgre"
    lines, factor = common.phase_encoding(content)
    ds.AcquisitionMatrix = [frame.pixels.shape[1], 0, 0, lines]
    ds.ParallelReductionFactorInPlane = float(factor)
    ds.EchoTrainLength = int(np.ceil(lines / factor))
    ds.InPlanePhaseEncodingDirection = "COL"
    common.put_geometry(ds, content.geometry)
    common.put_pixels(ds, frame.pixels, bits_stored=16)
    return ds

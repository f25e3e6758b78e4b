"""Enhanced multi-frame objects as newer Siemens software sends them: one object per slice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from pydicom.dataset import Dataset

from analysis.phantom.styles import common, enhanced, enhanced_required
from analysis.phantom.styles.common import Frame, SeriesContent
from analysis.phantom.uids import derived_uid
from analysis.phantom.values import SimulatedExam


def objects(exam: SimulatedExam) -> Iterator[tuple[str, Dataset]]:
    number = 10
    for acquisition in exam.acquisitions:
        study = common.study_dataset(exam, acquisition)
        study.Manufacturer = "Siemens Healthineers"
        study.ManufacturerModelName = "Sim Vida"
        study.SoftwareVersions = "syngo MR XA phantom"
        study.DeviceSerialNumber = "0"
        for content in common.series_of(acquisition, number):
            name = f"{acquisition.condition}_{content.name}_PERF"
            uid = derived_uid(exam.study_instance_uid, "enhanced", content.number)
            yield f"{content.number:03d}_{name}/IM0001.dcm", _object(study, content, name, uid)
        number += 10


def _object(study: Dataset, content: SeriesContent, name: str, series_uid: str) -> Dataset:
    ds = enhanced.begin(study, content, series_uid, 1, len(content.frames))
    ds.SeriesNumber = content.number
    ds.SeriesDescription = ds.ProtocolName = name
    ds.AcquisitionNumber = 1
    first = content.frames[0].moment
    ds.AcquisitionDateTime = first.strftime("%Y%m%d%H%M%S.%f")
    ds.ContentDate, ds.ContentTime = first.strftime("%Y%m%d"), first.strftime("%H%M%S.%f")
    balanced = content.sequence.readout == "bssfp"
    ds.PulseSequenceName = "*tfi2d1" if balanced else "*tfl2d1"
    shared = enhanced.shared_group(study, content)
    enhanced.plane_groups(shared, content.geometry)
    shared.PixelValueTransformationSequence = enhanced_required.item(
        RescaleIntercept=0.0, RescaleSlope=1.0, RescaleType="US"
    )
    enhanced.modifier_group(shared, content, prepared=True)
    ds.SharedFunctionalGroupsSequence = [shared]
    ds.PerFrameFunctionalGroupsSequence = [_frame(content, f) for f in content.frames]
    common.put_pixels(ds, np.stack([f.pixels for f in content.frames]))
    return ds


def _frame(content: SeriesContent, frame: Frame) -> Dataset:
    return enhanced.frame_groups(content, frame, word="PD" if frame.is_pd else "SR")

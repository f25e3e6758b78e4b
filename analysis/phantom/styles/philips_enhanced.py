"""Enhanced objects as a Philips scanner sends them: one file per time point, slices as frames.

Dimensions are stack, position in the stack and time. Nothing is called proton density: these frames
have no inversion time and are stored with another private scale (inside 2005,140F), so that only
values divided by it can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from pydicom.dataset import Dataset

from analysis.phantom.styles import common, enhanced, enhanced_required
from analysis.phantom.styles.common import Frame, SeriesContent
from analysis.phantom.uids import derived_uid
from analysis.phantom.values import SimulatedExam

_SCALE_SLOPE: Final = 0.0125
_RESCALE_SLOPE: Final = 1.75
_PD_STORED: Final = 4
"""Stored values of proton-density frames are this much larger, and so is their scale."""
_BLOCKS: Final = [f"Philips MR Imaging DD 00{n}" for n in range(1, 6)]


def objects(exam: SimulatedExam) -> Iterator[tuple[str, Dataset]]:
    number = 301
    for acquisition in exam.acquisitions:
        study = common.study_dataset(exam, acquisition)
        study.Manufacturer = "Philips"
        study.ManufacturerModelName = "Sim Ambition"
        study.SoftwareVersions = "phantom"
        study.DeviceSerialNumber = "0"
        contents = common.series_of(acquisition, 0)
        for name, aif in (("AIF", True), ("PERF", False)):
            group = [c for c in contents if c.is_aif is aif]
            if not group:
                continue
            description = f"sPerf_{acquisition.condition}_{name}"
            uid = derived_uid(exam.study_instance_uid, "philips-enhanced", number)
            for time in sorted({f.time_index for f in group[0].frames}):
                ds = _object(study, group, time, uid)
                ds.SeriesNumber = ds.AcquisitionNumber = number
                ds.SeriesDescription = ds.ProtocolName = description
                yield f"{number:03d}_{description}/IM{time:04d}.dcm", ds
            number += 100


def _object(study: Dataset, group: list[SeriesContent], time: int, series_uid: str) -> Dataset:
    places = [
        (position, content, frame)
        for position, content in enumerate(group, start=1)
        for frame in content.frames
        if frame.time_index == time
    ]
    content = group[0]
    ds = enhanced.begin(study, content, series_uid, time, len(places))
    start = content.frames[0].moment
    ds.AcquisitionDateTime = start.strftime("%Y%m%d%H%M%S.%f")
    ds.ContentDate, ds.ContentTime = start.strftime("%Y%m%d"), start.strftime("%H%M%S.%f")
    ds.PulseSequenceName = "B-TFE" if content.sequence.readout == "bssfp" else "T1TFE"
    ds.SharedFunctionalGroupsSequence = [enhanced.shared_group(study, content)]
    ds.PerFrameFunctionalGroupsSequence = [_frame(*place) for place in places]
    stored = [f.pixels * np.uint16(_PD_STORED if f.is_pd else 1) for _, _, f in places]
    common.put_pixels(ds, np.stack(stored), bits_stored=16)
    return ds


def _frame(position: int, content: SeriesContent, frame: Frame) -> Dataset:
    group = enhanced.frame_groups(content, frame, in_stack=position)
    enhanced.plane_groups(group, content.geometry)
    enhanced.modifier_group(group, content, prepared=not frame.is_pd)
    group.PixelValueTransformationSequence = enhanced_required.item(
        RescaleIntercept=0.0, RescaleSlope=_RESCALE_SLOPE, RescaleType="normalized"
    )
    # The block numbers are those of real scanners: readers look for (2005,100E) and (2005,140F).
    private = Dataset()
    scale = private.private_block(0x2005, _BLOCKS[0], create=True)
    scale.add_new(0x0D, "FL", 0.0)
    scale.add_new(0x0E, "FL", _SCALE_SLOPE * (_PD_STORED if frame.is_pd else 1))
    blocks = [group.private_block(0x2005, name, create=True) for name in _BLOCKS]
    blocks[-1].add_new(0x0F, "SQ", [private])
    return group

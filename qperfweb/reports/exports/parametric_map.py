"""Parametric maps: blood flow and its standard error (or relative upslope), as floats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from highdicom import PixelMeasuresSequence, PlaneOrientationSequence
from highdicom.content import PlanePositionSequence, VOILUTTransformation
from highdicom.pm import ParametricMap, RealWorldValueMapping
from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from . import codes
from .common import equipment, finish, place, plane_groups, refer, stand_ins
from .segmentation import person_name
from .subject import ExportSlice, ExportSubject

NO_VALUE = np.float32(-1.0)
"""Stands where nothing was measured: outside the mapped range, and declared as padding."""

HIGHEST = 1000.0


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """array: its name in the bundle. top: upper end of the display window."""

    array: str
    kind: str
    label: str
    words: str
    code: Code
    unit: Code
    top: float


QUANTITIES = {
    "mbf": (
        Quantity(array="mbf", kind="mbf", label="MBF", words="myocardial blood flow",
                 code=codes.BLOOD_FLOW, unit=codes.FLOW_UNIT, top=6.0),
        Quantity(array="mbf_se", kind="mbf_se", label="MBF_SE", words="standard error of flow",
                 code=codes.FLOW_ERROR, unit=codes.FLOW_UNIT, top=2.0),
    ),
    "relative_upslope": (
        Quantity(array="relative_upslope", kind="mbf", label="UPSLOPE", words="relative upslope",
                 code=codes.UPSLOPE, unit=codes.RATIO_UNIT, top=0.6),
    ),
}  # fmt: skip
"""What is written, by the quantity of the acquisition."""


def parametric_maps(subject: ExportSubject) -> list[ParametricMap]:
    """Per acquisition one object for each quantity that it has."""
    objects = []
    for index, acquired in enumerate(subject.acquired):
        for quantity in QUANTITIES[acquired.quantity]:
            slices = [
                s
                for s in subject.slices
                if s.acquisition == acquired.key and subject.array(s, quantity.array) is not None
            ]
            for number, group in enumerate(plane_groups(slices), start=1):
                objects.append(_map(subject, index, number, quantity, group))
    return objects


def _map(
    subject: ExportSubject,
    index: int,
    number: int,
    quantity: Quantity,
    group: Sequence[ExportSlice],
) -> ParametricMap:
    condition, header = group[0].condition, group[0].source.header
    values = np.stack([np.asarray(subject.array(p, quantity.array), np.float32) for p in group])
    pixels = np.where(np.isfinite(values), values, NO_VALUE)
    ds = ParametricMap(
        source_images=stand_ins(group),
        pixel_array=pixels,
        real_world_value_mappings=[
            RealWorldValueMapping(
                lut_label=quantity.label,
                lut_explanation=quantity.words,
                unit=quantity.unit,
                value_range=(0.0, HIGHEST),
                quantity_definition=quantity.code,
                slope=1.0,
                intercept=0.0,
            )
        ],
        voi_lut_transformations=[
            VOILUTTransformation(window_center=quantity.top / 2, window_width=quantity.top)
        ],
        pixel_measures=PixelMeasuresSequence(
            pixel_spacing=[float(v) for v in header.PixelSpacing],
            slice_thickness=float(header.SliceThickness),
        ),
        plane_orientation=PlaneOrientationSequence("PATIENT", header.ImageOrientationPatient),
        plane_positions=[
            PlanePositionSequence("PATIENT", piece.source.header.ImagePositionPatient)
            for piece in group
        ],
        contains_recognizable_visual_features=False,
        content_label=quantity.label,
        content_description=f"{quantity.words}, {condition}, {subject.status_words}"[:64],
        content_creator_name=person_name(subject.observer_name),
        sop_instance_uid=subject.uid(quantity.label, group[0].acquisition, number),
        instance_number=number,
        **place(subject, quantity.kind, index),
        **equipment(subject),
    )
    ds.FloatPixelPaddingValue = ds.FloatPixelPaddingRangeLimit = float(NO_VALUE)
    _complete(ds.SharedFunctionalGroupsSequence[0])
    refer(ds, group)
    finish(ds, subject, f"QPerf {condition} {quantity.label}")
    return ds


def _complete(shared: Dataset) -> None:
    """What highdicom leaves out or writes in a way that strict readers do not take."""
    heart = CodedConcept(codes.HEART.value, codes.HEART.scheme_designator, codes.HEART.meaning)
    anatomy = Dataset()
    anatomy.AnatomicRegionSequence, anatomy.FrameLaterality = [heart], "U"
    shared.FrameAnatomySequence = [anatomy]  # mandatory in editions before 2021
    for identity in shared.PixelValueTransformationSequence:
        identity.RescaleIntercept, identity.RescaleSlope = "0", "1"  # enumerated, as text

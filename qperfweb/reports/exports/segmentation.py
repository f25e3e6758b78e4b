"""Segmentation: LV cavity, myocardium, RV cavity and the 16 AHA segments of one acquisition."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from highdicom.content import AlgorithmIdentificationSequence, PlanePositionSequence
from highdicom.seg import Segmentation, SegmentDescription
from numpy.typing import NDArray
from pydicom.sr.coding import Code

from analysis.constants import LV_CAVITY, MYOCARDIUM, RV_CAVITY, SEGMENT_NAMES
from analysis.sectors import rasterise_labels, rasterise_segments

from . import codes
from .common import equipment, finish, place, plane_groups, refer, stand_ins
from .subject import MANUFACTURER, ExportSlice, ExportSubject

TISSUES: tuple[tuple[int, str, Code], ...] = (
    (LV_CAVITY, "LV cavity", codes.LEFT_VENTRICLE),
    (MYOCARDIUM, "LV myocardium", codes.MYOCARDIUM),
    (RV_CAVITY, "RV cavity", codes.RIGHT_VENTRICLE),
)
"""Segments 1 to 3 by label value."""

FIRST_AHA = len(TISSUES)
"""AHA segment n is DICOM segment FIRST_AHA + n."""


def segmentations(subject: ExportSubject) -> list[Segmentation]:
    """One object per acquisition (more where its slices have different planes)."""
    objects = []
    for index, acquired in enumerate(subject.acquired):
        slices = [s for s in subject.slices if s.acquisition == acquired.key and s.contours]
        for number, group in enumerate(plane_groups(slices), start=1):
            objects.append(_segmentation(subject, index, number, group))
    return objects


def segment_masks(subject: ExportSubject, piece: ExportSlice) -> NDArray[np.uint8]:
    """(H, W, 19) of one slice: exactly the pixels that were measured."""
    masks = np.zeros((*piece.shape, FIRST_AHA + len(SEGMENT_NAMES)), dtype=np.uint8)
    if piece.contours is None:
        return masks
    labels = rasterise_labels(piece.contours, piece.shape)
    automated = subject.array(piece, "labels")
    if automated is not None:
        # Nobody edits the RV; it gives way where an edited epicardium reaches into it.
        labels = np.where((automated == RV_CAVITY) & (labels == 0), RV_CAVITY, labels)
    for label, _, _ in TISSUES:
        masks[..., label - 1] = labels == label
    how = piece.measured_with
    numbers = rasterise_segments(
        piece.contours,
        how["position"],
        piece.shape,
        piece.geometry,
        base_to_apex=tuple(how["base_to_apex"]) if how.get("base_to_apex") else None,
        apical_rule=how["options"]["apical_rule"],
    )
    for number in SEGMENT_NAMES:
        masks[..., FIRST_AHA + number - 1] = numbers == number
    return masks


def _segmentation(
    subject: ExportSubject, index: int, number: int, group: Sequence[ExportSlice]
) -> Segmentation:
    condition = group[0].condition
    edited = any(piece.edited for piece in group)
    ds = Segmentation(
        source_images=stand_ins(group),
        pixel_array=np.stack([segment_masks(subject, piece) for piece in group]),
        segmentation_type="BINARY",
        segment_descriptions=_descriptions(subject, edited=edited),
        plane_positions=[
            PlanePositionSequence("PATIENT", piece.source.header.ImagePositionPatient)
            for piece in group
        ],
        sop_instance_uid=subject.uid("seg", group[0].acquisition, number),
        instance_number=number,
        content_label="HEART",
        content_description=f"Heart and AHA segments, {condition}, {subject.status_words}"[:64],
        content_creator_name=person_name(subject.observer_name),
        **place(subject, "seg", index),
        **equipment(subject),
    )
    refer(ds, group)
    finish(ds, subject, f"QPerf {condition} segments")
    return ds


def person_name(name: str | None) -> str | None:
    """A name as people write it, as DICOM writes it: FAMILY^Given."""
    if not name:
        return None
    given, _, family = name.replace("^", " ").replace("=", " ").rpartition(" ")
    return f"{family}^{given}" if given else family


def _descriptions(subject: ExportSubject, *, edited: bool) -> list[SegmentDescription]:
    version = ", ".join(f"{k} {v}" for k, v in subject.run.model_versions.items()) or "unknown"
    algorithm = AlgorithmIdentificationSequence(
        name=f"{MANUFACTURER} segmentation", family=codes.FAMILY, version=version[:64]
    )
    common = {
        "segmented_property_category": codes.ANATOMY,
        "algorithm_type": "SEMIAUTOMATIC" if edited else "AUTOMATIC",
        "algorithm_identification": algorithm,
    }
    named = [(name, code) for _, name, code in TISSUES]
    named += [(f"AHA {n} {SEGMENT_NAMES[n]}", codes.SEGMENTS[n]) for n in SEGMENT_NAMES]
    return [
        SegmentDescription(
            segment_number=number, segment_label=name, segmented_property_type=code, **common
        )
        for number, (name, code) in enumerate(named, start=1)
    ]

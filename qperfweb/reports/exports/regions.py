"""Where a measured value comes from: the frame of the segmentation that it is the mean over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from highdicom.seg import Segmentation
from highdicom.sr import ReferencedSegmentationFrame, SourceImageForSegmentation
from pydicom.dataset import Dataset

from analysis.constants import SEGMENTS_OF_POSITION
from qperfweb.reviews.table import Acquired

from .segmentation import FIRST_AHA
from .subject import ExportSlice, ExportSubject


def region_of(
    subject: ExportSubject, segmentations: Sequence[Segmentation], acquired: Acquired, number: int
) -> ReferencedSegmentationFrame | None:
    """The frame of the segmentation that the value is the mean over; None where it is empty."""
    for piece in subject.slices:
        if piece.acquisition == acquired.key and number in SEGMENTS_OF_POSITION[piece.position]:
            for ds in segmentations:
                frame = _frame_number(ds, FIRST_AHA + number, piece)
                if frame is not None:
                    return _referenced_frame(ds, FIRST_AHA + number, frame, piece)
    return None


def _referenced_frame(
    ds: Dataset, segment: int, frame: int, piece: ExportSlice
) -> ReferencedSegmentationFrame:
    reference = ReferencedSegmentationFrame(
        sop_class_uid=ds.SOPClassUID,
        sop_instance_uid=ds.SOPInstanceUID,
        frame_number=frame,
        segment_number=segment,
        source_image=_source_image(piece),
    )
    # The frame says which segment it is of; naming both is not allowed (PS3.3 table 10-3).
    del reference[0].ReferencedSOPSequence[0].ReferencedSegmentNumber
    return reference


def _frame_number(ds: Dataset, segment: int, piece: ExportSlice) -> int | None:
    if ds.SOPInstanceUID not in _own(piece, ds):
        return None
    for number, item in enumerate(ds.PerFrameFunctionalGroupsSequence, start=1):
        at = item.PlanePositionSequence[0].ImagePositionPatient
        if item.SegmentIdentificationSequence[0].ReferencedSegmentNumber == segment and np.allclose(
            [float(v) for v in at], piece.geometry.position_mm, atol=1e-3
        ):
            return number
    return None


def _own(piece: ExportSlice, ds: Dataset) -> Iterable[str]:
    """The segmentation's UID when it was made from this slice's source."""
    sources = {
        reference.ReferencedSOPInstanceUID
        for series in ds.ReferencedSeriesSequence
        for reference in series.ReferencedInstanceSequence
    }
    return {ds.SOPInstanceUID} if piece.source.header.SOPInstanceUID in sources else set()


def _source_image(piece: ExportSlice) -> SourceImageForSegmentation:
    frame = piece.source.frame_number
    return SourceImageForSegmentation(
        referenced_sop_class_uid=piece.source.header.SOPClassUID,
        referenced_sop_instance_uid=piece.source.header.SOPInstanceUID,
        referenced_frame_numbers=None if frame is None else [frame],
    )

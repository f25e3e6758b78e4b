"""Where each doubt is said: once, at the smallest place that it concerns.

A reader who meets the same sentence three times learns to skip it. What every slice of an
acquisition says of its images is said of the acquisition; what contours and segments are doubted
for stays with their slice, where a new contour answers it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Final

from analysis.domain import AifResult
from analysis.quality import Flag
from analysis.sectors import SegmentMeasurement
from analysis.work import AcquisitionWork, SliceWork

_OF_EVERY_IMAGE: Final = frozenset({"agent-assumed", "field-strength-assumed"})
"""Assumptions that hold for the input function's images as they do for the slices."""

MOST_SEGMENTS: Final = 0.5
_LOOK_AT: Final = "look at the input function, the motion correction and the times of the images"
_IN_MOST_SEGMENTS: Final = {
    "not-measured": "no flow could be measured",
    "few-valid-pixels": "fewer than half of the pixels have a valid flow value: " + _LOOK_AT,
    "on-bound": "many pixels ended on a bound of the fit: " + _LOOK_AT,
    "flow-methods-differ": "the flow of the segment's curve is far from the mean of its pixels "
    "fitted one by one: " + _LOOK_AT,
}
"""What one segment may say of itself, and what it means when most of them do."""


def acquisition_flags(work: AcquisitionWork) -> list[Flag]:
    """Doubts about an acquisition, those that all of its slices share among them."""
    assumed = work.source.protocol.assumptions if work.source.sequence == "dual" else ()
    shared = [
        replace(flag, message=f"{flag.message.rstrip('.')} (all {len(work.slices)} slices).")
        for flag in _shared(work)
    ]
    return [*work.flags, *assumed, *shared, *_throughout(work)]


def slice_flags(part: SliceWork, work: AcquisitionWork) -> list[Flag]:
    """Doubts about one slice that not every other slice shares."""
    flags = list(part.flags)
    if part.motion is not None:
        flags.extend(part.motion.flags)
    if part.segmentation is not None:
        flags.extend(part.segmentation.flags)
    told_above = _shared(work), {flag.code for flag in _throughout(work)}
    return [flag for flag in flags if flag not in told_above[0] and flag.code not in told_above[1]]


def segment_flags(segment: SegmentMeasurement, work: AcquisitionWork) -> list[Flag]:
    """Doubts about one segment that most of the others do not have."""
    told_above = {flag.code for flag in _throughout(work)}
    return [flag for flag in segment.flags if flag.code not in told_above]


def input_flags(work: AcquisitionWork, aif: AifResult) -> list[Flag]:
    """Doubts about the input function, its images and how they were acquired."""
    images = work.source.aif
    of_images = () if images is None else (*images.flags, *images.protocol.assumptions)
    told = {flag.code for flag in (*work.flags, *work.source.protocol.assumptions)}
    return [
        flag
        for flag in (*aif.flags, *of_images)
        if flag.code not in _OF_EVERY_IMAGE or flag.code not in told
    ]


def _throughout(work: AcquisitionWork) -> list[Flag]:
    """What is wrong with most segments is wrong with what they share, not with each of them."""
    found = [part.measurement for part in work.slices if part.measurement is not None]
    segments = [segment for measurement in found for segment in measurement.segments]
    said = Counter(flag.code for segment in segments for flag in segment.flags)
    said.update(flag.code for part in work.slices for flag in part.flags if flag.segment)
    return [
        Flag(code=code, message=f"In {said[code]} of {len(segments)} segments {words}.")
        for code, words in _IN_MOST_SEGMENTS.items()
        if said[code] > MOST_SEGMENTS * len(segments)
    ]


def _shared(work: AcquisitionWork) -> list[Flag]:
    """What every slice says of its images, in the words of the first one."""
    if len(work.slices) < 2:
        return []
    said = [
        dict.fromkeys((*part.source.flags, *(part.motion.flags if part.motion else ())))
        for part in work.slices
    ]
    return [flag for flag in said[0] if all(flag in others for others in said[1:])]

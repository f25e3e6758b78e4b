"""What the pixels and headers of a stack's frames leave in doubt, once they have been decoded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from analysis.dicom.facts import HeaderFacts
from analysis.domain import Acquisition, Bytes, Floats
from analysis.quality import Flag, FrameStatus

SATURATED_PART: Final = 0.01
"""A frame with more pixels at the largest storable value is clipped."""
NEGATIVE_PART: Final = 0.1
"""A frame with more pixels below zero is no magnitude image any more: its zero is wrong."""
PD_LEVEL_RATIO: Final = 1.8
_MOST_PD_BY_LEVEL: Final = 5


def judged(values: Floats, ceiling: float) -> FrameStatus:
    if not np.isfinite(values).all():
        return FrameStatus.NOT_FINITE
    if values.min() == values.max():
        return FrameStatus.CONSTANT
    if (values >= ceiling).mean() > SATURATED_PART:
        return FrameStatus.SATURATED
    return FrameStatus.USED


def pixel_flags(status: Bytes, unreadable: int) -> list[Flag]:
    said = {
        FrameStatus.NOT_FINITE: "hold values that are no numbers or cannot be decoded",
        FrameStatus.CONSTANT: "are empty (one single value)",
        FrameStatus.SATURATED: "are clipped at the largest storable value",
    }
    flags = []
    for code, words in said.items():
        count = int((status == code).sum())
        if count:
            name = f"frames-{code.name.lower().replace('_', '-')}"
            flags.append(Flag(code=name, message=f"{count} frames {words} and are not used."))
    return flags


def zero_flags(signal: Floats, status: Bytes) -> list[Flag]:
    """A doubt where a signal series (T, H, W) goes below zero, so that its ratios mean nothing."""
    used = signal[status == FrameStatus.USED]
    if not used.size or (used < 0).mean() <= NEGATIVE_PART:
        return []
    text = (
        f"{(used < 0).mean():.0%} of the pixel values are below zero after the rescale of the "
        "header (RescaleSlope, RescaleIntercept); concentrations and flow cannot be trusted."
    )
    return [Flag(code="signal-below-zero", message=text, severity="invalid")]


def leading_pd_frames(signal: Floats) -> int:
    """How many leading frames are so bright that they must be proton-density images, else 0."""
    level = signal.mean(axis=(1, 2))
    for count in range(_MOST_PD_BY_LEVEL, 0, -1):
        after = level[count : count + 6]
        if len(after) == 6 and np.median(after) > 0:
            usual = float(np.median(after))
            steady = float(after.max()) < 1.3 * usual
            if steady and float(level[:count].min()) > PD_LEVEL_RATIO * usual:
                return count
    return 0


def reference_flags(facts: Sequence[HeaderFacts]) -> list[Flag]:
    if len({f.frame_of_reference_uid for f in facts}) < 2:
        return []
    text = "The frames of this slice have several frames of reference: did the patient move?"
    return [Flag(code="mixed-frames-of-reference", message=text)]


def references_differ(acquisitions: Sequence[Acquisition]) -> list[Flag]:
    references = {s.geometry.frame_of_reference_uid for a in acquisitions for s in a.slices}
    if len(references - {""}) < 2:
        return []
    text = "Stress and rest have different frames of reference; their planes cannot be compared."
    return [Flag(code="frames-of-reference-differ", message=text)]


def of_input_images(flags: Iterable[Flag]) -> tuple[Flag, ...]:
    """Flags of a stack, said of the input function's images; once where echoes share them."""
    return tuple(
        dict.fromkeys(
            replace(f, message=f"Input function images: {f.message[:1].lower()}{f.message[1:]}")
            for f in flags
        )
    )

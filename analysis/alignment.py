"""The stage that brings the frames of a series to one place, and to the light of that place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from analysis.constants import LV_CAVITY, MYOCARDIUM
from analysis.domain import AifSeries, Bools
from analysis.motion import (
    as_bright_as_at_rest,
    correct_motion,
    follow_breath,
    is_steadier,
    sensitivity,
)
from analysis.work import AcquisitionWork, SliceWork, Watch

NOTICEABLE_PX: Final = 0.3
"""A second registration that moves the heart by less than this changes no contour."""


def correct_slices(work: AcquisitionWork, watch: Watch) -> None:
    """Karhunen-Loeve series and non-rigid registration; a map has nothing to register.

    Once a first segmentation has found the heart, the series is registered again around it, from
    where the first pass left it. A slice in which that moves nothing keeps what it has.
    """
    if work.source.sequence == "map":
        return
    for part in work.remaining():
        watch.still_wanted("motion")
        earlier, heart = part.motion, heart_of(part)
        if earlier is not None and (heart is None or not earlier.displacement_px.any()):
            part.settled = True
            continue
        with part.part("Motion correction"):
            moved = correct_motion(
                part.source.signal,
                frame_status=part.source.frame_status,
                pixel_spacing_mm=part.source.geometry.pixel_spacing_mm,
                is_pd=part.source.is_pd,
                mask=heart,
                start_px=None if earlier is None else earlier.displacement_px,
            )
            if earlier is not None and heart is not None:
                change = np.abs(moved.displacement_px - earlier.displacement_px)[..., heart].max()
                part.settled = bool(change < NOTICEABLE_PX)
            if not part.settled:
                part.motion = moved


def level_brightness(work: AcquisitionWork) -> Iterator[SliceWork]:
    """Take the coil's sensitivity off hearts that breathed through it, where that steadies them.

    Yields each slice whose signal has changed.
    """
    if work.source.sequence != "dual":
        return
    for part in work.remaining():
        heart, moved = heart_of(part), part.motion
        if heart is None or moved is None or not moved.displacement_px.any():
            continue
        if not part.source.is_pd.any():
            continue
        with part.part("Levelling the brightness"):
            row, column = np.argwhere(heart).mean(axis=0).tolist()
            proton_density = part.source.signal[part.source.is_pd].mean(axis=0)
            coil = sensitivity(proton_density, (row, column), part.source.geometry.pixel_spacing_mm)
            level = as_bright_as_at_rest(moved.corrected, moved.displacement_px, coil)
            if is_steadier(moved.corrected[part.used], level[part.used], heart):
                part.motion = replace(moved, corrected=level, levelled=True)
        if part.motion is not moved:
            yield part


def following_breath(work: AcquisitionWork, aif: AifSeries) -> AifSeries:
    """The input images, moved as the most basal slice in which the heart was found."""
    for part in work.remaining():
        heart = heart_of(part)
        if part.motion is not None and heart is not None:
            return follow_breath(
                aif,
                part.source,
                part.motion.displacement_px,
                heart,
                level=part.motion.levelled,
            )
    return aif


def heart_of(part: SliceWork) -> Bools | None:
    """LV cavity and wall (H, W) as far as a segmentation has found them."""
    if part.segmentation is None:
        return None
    heart = part.segmentation.probabilities[[LV_CAVITY, MYOCARDIUM]].sum(axis=0) > 0.5
    return heart if heart.any() else None

"""Where the left ventricle is, from the passage of the bolus alone.

Blood brightens once, steeply, from dark, and darkens again; the right ventricle does so some beats
before the left. Motion brightens pixels again and again, late enhancement slowly. The time of the
passage is read from the brightest pixels of the middle of the image wherever they are, which
motion cannot change; within it the later of the two steep groups is the left ventricle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from scipy import ndimage

from analysis.domain import Bools, Doubles, Floats, Point
from analysis.motion.grid import pixel_grid

COARSE_MM: Final = 4.0
"""A ventricle is found as well on pixels of this size, in a fraction of the time."""
BLUR_MM: Final = 5.0
MIDDLE_MM: Final = 70.0
"""The passage is timed on the pixels this near the middle of the image."""
PLANNED_MM: Final = 55.0
"""The heart is planned into the middle of the image: width of that expectation."""
NEIGHBOUR_MM: Final = 45.0
"""The ventricles are neighbours: width of the area around the earlier one."""
VENTRICLE_MM: Final = 8.0
LEAD_FRAMES: Final = 3
"""A steep rise is looked for over this many frames."""
PASSAGE_FRAMES: Final = 14
"""The left ventricle brightens within this many frames after the right one."""
WASHOUT_FRAMES: Final = 18
APART_FRAMES: Final = 2.5
"""Groups closer than this are one: only one ventricle was seen to fill."""


@dataclass(frozen=True, kw_only=True)
class VentricleSite:
    """Where the LV cavity was found, in the pixels of the series; found is False for a guess."""

    centre_rc: Point
    found: bool


def locate_left_ventricle(frames: Floats, spacing_mm: float) -> VentricleSite:
    """Find the LV cavity in a series (T, h, w) of square pixels, T >= 6."""
    factor = max(1.0, COARSE_MM / spacing_mm)
    full = np.array(frames.shape[1:])
    height, width = np.maximum(np.rint(full / factor).astype(int), 4).tolist()
    coarse = [cv2.resize(f, (width, height), interpolation=cv2.INTER_AREA) for f in frames]
    site = _locate(np.stack(coarse), spacing_mm * factor)
    centre = (np.array(site.centre_rc) + 0.5) * (full / (height, width)) - 0.5
    return replace(site, centre_rc=(float(centre[0]), float(centre[1])))


def _locate(frames: Floats, spacing_mm: float) -> VentricleSite:
    height, width = frames.shape[1:]
    middle = ((height - 1) / 2, (width - 1) / 2)
    rows, columns = pixel_grid(height, width)
    away = np.hypot(rows - middle[0], columns - middle[1]) * spacing_mm
    expected = np.exp(-0.5 * (away / PLANNED_MM) ** 2)
    smooth = np.stack([cv2.GaussianBlur(f, (0, 0), BLUR_MM / spacing_mm) for f in frames])
    smooth = ndimage.gaussian_filter1d(smooth, 0.8, axis=0, mode="nearest")
    first, last = passage_frames(smooth[:, away <= MIDDLE_MM])
    rise = smooth[LEAD_FRAMES:] - smooth[:-LEAD_FRAMES]
    blood, arrival = _blood_likeness(smooth, rise, first, last)
    blood = blood * expected
    top = float(np.percentile(blood, 99.5))
    if top <= 1e-6:
        return VentricleSite(centre_rc=middle, found=False)
    blood[blood <= 0.2 * top] = 0.0
    later = (blood > 0) & (arrival >= _second_arrival(blood, arrival, first, last))
    density = _blurred(np.where(later, blood, 0), VENTRICLE_MM / spacing_mm)
    earlier = _blurred(np.where(later, 0, blood), NEIGHBOUR_MM / spacing_mm)
    if earlier.any():
        density = density * earlier
    peak = np.unravel_index(int(density.argmax()), density.shape)
    near = np.hypot(rows - peak[0], columns - peak[1]) * spacing_mm < 2.5 * VENTRICLE_MM
    weight = np.where(later & near, blood, 0)
    centre = (rows * weight).sum() / weight.sum(), (columns * weight).sum() / weight.sum()
    return VentricleSite(centre_rc=(float(centre[0]), float(centre[1])), found=True)


def _blurred(image: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(image.astype(np.float32), (0, 0), sigma))


def passage_frames(central: Floats) -> tuple[int, int]:
    """First and last index into the rises where the bolus fills the heart; central: (T, n)."""
    count = len(central)
    brightest = np.sort(central, axis=1)[:, -max(central.shape[1] * 3 // 100, 10) :].mean(axis=1)
    low = float(np.percentile(brightest, 5))
    height = float(brightest.max()) - low
    filled = int((brightest > low + 0.6 * height).argmax())
    below = np.flatnonzero(brightest[:filled] < low + 0.15 * height)
    foot = int(below[-1]) if below.size else 0
    first = max(0, foot - 5)
    return first, max(first + 1, min(count - LEAD_FRAMES, foot + PASSAGE_FRAMES))


def _blood_likeness(smooth: Floats, rise: Floats, first: int, last: int) -> tuple[Floats, Doubles]:
    """How much each pixel behaves like blood, and the frame in which it brightens."""
    during = rise[first:last]
    arrival = during.argmax(axis=0) + first
    steepest = np.maximum(during.max(axis=0), 0)
    frame = np.arange(len(rise))[:, None, None]
    passing = (np.abs(frame - arrival) <= 4) | (
        (frame > arrival) & (frame < arrival + WASHOUT_FRAMES)
    )
    elsewhere = np.where(passing, 0, np.abs(rise)).max(axis=0)
    once = np.clip(1 - elsewhere / np.maximum(steepest, 1e-6), 0, 1)
    dark = np.percentile(smooth, 10, axis=0)
    from_dark = steepest / (steepest + dark + 1e-6)
    return np.asarray(steepest * from_dark * once, dtype=np.float32), arrival.astype(np.float64)


def _second_arrival(blood: Floats, arrival: Doubles, first: int, last: int) -> float:
    """Frame from which blood belongs to the later ventricle (Otsu's split of the arrivals)."""
    seen: Bools = blood > 0
    mass = np.bincount(arrival[seen].astype(int), weights=blood[seen], minlength=last + 1)
    mass = ndimage.gaussian_filter1d(mass, 1.0)[first : last + 1]
    frames = np.arange(first, first + len(mass))
    before, moment = np.cumsum(mass), np.cumsum(mass * frames)
    after, rest = before[-1] - before, moment[-1] - moment
    valid = (before > 1e-9) & (after > 1e-9)
    if not valid.any():
        return float(first)
    early = moment / np.where(valid, before, 1)
    late = rest / np.where(valid, after, 1)
    between = np.where(valid, before * after * (late - early) ** 2, -1)
    split = int(between.argmax())
    if late[split] - early[split] < APART_FRAMES:
        return float(first)
    return float(frames[split] + 1)

"""Blood of the cavity that spills into the curves of the wall.

An image of finite resolution carries the signal of the ventricle over its border: at 2 mm pixels
the wall's second row still holds 5 to 20 % of its own peak of it. That comes with the bolus, before
the wall's own agent; a fit takes it for blood volume, and at high flow pays for it with up to a
third of the flow. How much it is can be seen: tissue beside the cavity against tissue of the same
segment that lies deep enough to have none.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import ndimage

from analysis.domain import Bools, Bytes, Doubles, Floats

ROWS_MM: Final = (2.5, 3.4, 4.4)
"""Edges of the rows of pixels, by their distance from the cavity, whose share of blood is
estimated. Nearer pixels hold too much of it, deeper ones none."""

BESIDE_BLOOD_MM: Final = 3.4
"""Pixels this near the cavity stay out of a segment's curve where enough others remain: what is
left of the blood in them after correction is uncertain."""

FEWEST_PIXELS: Final = 3
"""In a segment's row, and in the segment's deep part, for a comparison."""

FEWEST_SEGMENTS: Final = 3
"""A slice's share is the median of its segments', so that a defect of the inner wall in some of
them is not taken for blood."""


def distance_from_cavity(cavity: Bools, pixel_spacing_mm: tuple[float, float]) -> Doubles:
    """Distance in mm (H, W) of each pixel from the nearest one of the cavity; inf without one."""
    if not cavity.any():
        return np.full(cavity.shape, np.inf)
    distance: Doubles = ndimage.distance_transform_edt(~cavity, sampling=pixel_spacing_mm)
    return distance


def blood_course(series: Floats, cavity: Bools, before: Bools) -> Doubles:
    """How the cavity's signal runs (T,), 0 before the bolus and 1 at its brightest.

    series: (T, H, W) the slice's own images: spilling happens in signal, which saturates in blood.
    before: (T,) frames before the bolus. Zeros where the cavity does not brighten.
    """
    middle = ndimage.binary_erosion(cavity)
    course = series[:, middle if middle.any() else cavity].mean(axis=1, dtype=np.float64)
    course = course - (np.nanmean(course[before]) if before.any() else np.nanmin(course))
    peak = np.nanmax(course, initial=0.0)
    return np.asarray(course / peak if peak > 0 else np.zeros_like(course))


def without_spill_over(
    gd: Floats, course: Doubles, segments: Bytes, distance_mm: Doubles
) -> Floats:
    """Gadolinium (T, H, W) without what the cavity's blood adds to the wall's rows beside it.

    course: (T,) of blood_course. segments: (H, W) number of each pixel's segment, 0 outside the
    wall. distance_mm: (H, W) from the cavity. A wall too thin to have a deep part stays as it is.
    """
    inner = (segments > 0) & ndimage.binary_erosion((segments > 0) | (distance_mm == 0))
    deep = inner & (distance_mm > ROWS_MM[-1])
    frames = np.isfinite(course) & np.isfinite(gd[:, inner]).all(axis=1)
    if frames.sum() <= FEWEST_PIXELS or not deep.any():
        return gd
    # What else a row may differ in is flow: that looks like more or less of the wall's own curve.
    either = np.stack([course[frames], gd[:, deep].mean(axis=1, dtype=np.float64)[frames]], axis=1)
    cleaned = gd.copy()
    for nearest, farthest in zip(ROWS_MM[:-1], ROWS_MM[1:], strict=True):
        row = inner & (distance_mm > nearest) & (distance_mm <= farthest)
        shares = []
        for number in np.unique(segments[row]):
            here, below = (where & (segments == number) for where in (row, deep))
            if min(here.sum(), below.sum()) < FEWEST_PIXELS:
                continue
            more = gd[:, here].mean(axis=1) - gd[:, below].mean(axis=1)
            shares.append(np.linalg.lstsq(either, more[frames], rcond=None)[0][0])
        if len(shares) >= FEWEST_SEGMENTS:
            spilt = max(float(np.median(shares)), 0.0) * np.nan_to_num(course)
            cleaned[:, row] -= spilt[:, None].astype(np.float32)
    return cleaned

"""From class probabilities to the contours that every number is measured in.

Both contours are cut out of the probability maps at one half, below the pixel, and are smooth,
closed, free of holes and islands. Papillary muscles belong to the cavity: the endocardium is the
convex outline of the cavity. Where the wall is missing (outflow tract) both contours run together,
and the outline keeps its corners.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import ndimage
from scipy.spatial import ConvexHull
from skimage.measure import find_contours

from analysis.constants import LV_CAVITY, MYOCARDIUM
from analysis.domain import (
    Bools,
    Doubles,
    Polygon,
    Segmentation,
    SliceContours,
    SliceGeometry,
)
from analysis.errors import StageFailed
from analysis.quality import NO_CAVITY, Flag
from analysis.segmentation.insertions import find_insertions

POINTS: Final = 96
SMOOTH_HARMONICS: Final = 10
LEAST_CAVITY_MM2: Final = 20.0
LEAST_HEART_MM2: Final = 150.0
LARGEST_HOLE_MM2: Final = 100.0
LEAST_WALL_MM: Final = 1.0
"""Less wall than this along a ray is a gap: the contours run together."""

BESIDE_OPENING: Final = 5
"""Rays (of POINTS) beside an opening over which the smoothed outline turns its corner."""

BRIDGE_MM: Final = 8.0
"""Whatever hangs on the left ventricle and is narrower than this is cut off: the RV's free wall,
the cusps at the insertions, a neck to the liver."""


def contours_from(
    segmentation: Segmentation,
    geometry: SliceGeometry,
) -> SliceContours:
    """Contours and RV insertions of a segmented slice.

    ``endo_rc`` is None where no cavity is visible. The anterior insertion is the more
    anterior-superior one in patient coordinates; without geometry, the upper one in the image.

    Raises StageFailed where there is no left ventricle.
    """
    probabilities = segmentation.probabilities.astype(np.float64)
    spacing = np.array(geometry.pixel_spacing_mm, dtype=np.float64)
    pixel_mm2 = float(spacing.prod())
    cavity, wall = probabilities[LV_CAVITY], probabilities[MYOCARDIUM]
    heart = _one_piece(cavity + wall > 0.5, spacing)
    if heart.sum() * pixel_mm2 < LEAST_HEART_MM2 or not (heart & (wall > cavity)).any():
        raise StageFailed("No left ventricle was found in this slice.")

    epi = _smooth_outline(cavity + wall, heart, spacing)
    share = np.minimum(cavity / np.maximum(cavity + wall, 1e-6), cavity + wall)
    inner = _one_piece(heart & (share > 0.5), spacing, bridge_mm=0.0)
    flags: list[Flag] = []
    endo: Doubles | None = None
    if inner.sum() * pixel_mm2 >= LEAST_CAVITY_MM2:
        endo = _smooth_outline(share, inner, spacing)
    else:
        flags.append(NO_CAVITY)
    centre = _centroid(epi)
    epi_mm = _along_rays(epi, centre)
    endo_mm = None
    if endo is not None:
        endo_mm = np.minimum(_along_rays(endo, centre), epi_mm)
        endo_mm = np.minimum(_fill_notches(endo_mm, epi_mm, centre), epi_mm)
        endo_mm = _close_gaps(endo_mm, epi_mm, wall, centre, spacing)

    centre_rc = (float(centre[0] / spacing[0]), float(centre[1] / spacing[1]))
    found = find_insertions(segmentation.probabilities, epi_mm, centre_rc, geometry)
    return SliceContours(
        endo_rc=None if endo_mm is None else _polygon(endo_mm, centre, spacing),
        epi_rc=_polygon(epi_mm, centre, spacing),
        rv_insertion_anterior_rc=found.anterior_rc,
        rv_insertion_inferior_rc=found.inferior_rc,
        lv_centre_rc=centre_rc,
        flags=(*flags, *found.flags),
    )


def _one_piece(mask: Bools, spacing: Doubles, *, bridge_mm: float = BRIDGE_MM) -> Bools:
    """The largest piece, holes filled, what hangs on it by thin bridges cut off."""
    filled = ndimage.binary_fill_holes(mask) if not bridge_mm else _fill_small_holes(mask, spacing)
    radius = round(bridge_mm / 2 / float(spacing.mean()))
    cut = ndimage.binary_opening(filled, _disk(radius)) if radius else filled
    pieces, count = ndimage.label(cut if cut.any() else filled)
    if count == 0:
        return np.zeros(mask.shape, dtype=bool)
    largest = pieces == 1 + int(np.argmax(np.bincount(pieces.ravel())[1:]))
    if radius:
        largest = ndimage.binary_dilation(largest, _disk(1)) & filled
    return np.asarray(ndimage.binary_fill_holes(largest), dtype=bool)


def _fill_small_holes(mask: Bools, spacing: Doubles) -> Bools:
    """Holes filled, but not a whole right ventricle around which the wall was seen to close."""
    pieces, count = ndimage.label(~mask)
    areas = np.bincount(pieces.ravel(), minlength=count + 1) * float(spacing.prod())
    small = areas < LARGEST_HOLE_MM2
    small[0] = False
    return np.asarray(mask | small[pieces])


def _disk(radius: int) -> Bools:
    steps = np.arange(-radius, radius + 1)
    return np.asarray(np.hypot(steps[:, None], steps[None]) <= radius + 0.3)


def _smooth_outline(field: Doubles, inside: Bools, spacing: Doubles) -> Doubles:
    """Outline (N, 2) in mm of a field at 0.5 around one piece, below the pixel, smoothed.

    Beside the piece the field keeps its values: the crossing lies between the two pixels where they
    say. What was cut off the piece is mirrored at 0.5, so that the cut lies half-way.
    """
    outside = np.where(field > 0.5, 1 - field, field)
    filled = np.where(inside, np.maximum(field, 0.5001), np.minimum(outside, 0.4999))
    # scikit-image has no types.
    outlines = find_contours(np.pad(filled, 1), 0.5)  # type: ignore[no-untyped-call]
    outline = (max(outlines, key=len) - 1.0)[:-1] * spacing
    return _low_pass(_evenly(outline))


def _evenly(points: Doubles, count: int = 256) -> Doubles:
    """The closed outline resampled at equal steps of arc length."""
    closed = np.concatenate([points, points[:1]])
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    places = np.linspace(0, length[-1], count, endpoint=False)
    return np.stack([np.interp(places, length, closed[:, axis]) for axis in (0, 1)], axis=1)


def _low_pass(points: Doubles) -> Doubles:
    spectrum = np.fft.fft(points[:, 0] + 1j * points[:, 1])
    order = np.abs(np.fft.fftfreq(len(points), 1 / len(points)))
    spectrum *= np.exp(-0.5 * (order / SMOOTH_HARMONICS) ** 4)
    smooth = np.fft.ifft(spectrum)
    return np.stack([smooth.real, smooth.imag], axis=1)


def _centroid(points: Doubles) -> Doubles:
    following = np.roll(points, -1, axis=0)
    cross = points[:, 0] * following[:, 1] - following[:, 0] * points[:, 1]
    return np.asarray(((points + following) * cross[:, None]).sum(axis=0) / (3 * cross.sum()))


def _angles() -> Doubles:
    return np.linspace(-np.pi, np.pi, POINTS, endpoint=False)


def _along_rays(outline_mm: Doubles, centre_mm: Doubles) -> Doubles:
    """Radius (POINTS,) of an outline around a centre; of several crossings the outermost."""
    offset = outline_mm - centre_mm
    angle = np.arctan2(offset[:, 0], offset[:, 1])
    radius = np.hypot(offset[:, 0], offset[:, 1])
    following, next_radius = np.roll(angle, -1), np.roll(radius, -1)
    turn = (following - angle + np.pi) % (2 * np.pi) - np.pi
    past = (_angles()[:, None] - angle[None] + np.pi) % (2 * np.pi) - np.pi
    with np.errstate(divide="ignore", invalid="ignore"):
        along = past / turn
    met = (along >= -1e-9) & (along <= 1 + 1e-9) & (np.abs(past) < 1.0)
    reached = np.where(met, radius + np.nan_to_num(along) * (next_radius - radius), 0.0)
    return np.asarray(reached.max(axis=1))


def _fill_notches(endo_mm: Doubles, epi_mm: Doubles, centre_mm: Doubles) -> Doubles:
    """Endocardial radii moved outwards around papillary muscles, onto the convex hull.

    Rays on which the cavity reaches the epicardium take no part, nor those beside them: a hull
    across the corner of the outflow tract would take away the wall that ends there.
    """
    open_ = endo_mm > epi_mm - LEAST_WALL_MM
    closed = ~ndimage.maximum_filter1d(open_, 2 * BESIDE_OPENING + 1, mode="wrap")
    if closed.sum() < POINTS // 2:
        return endo_mm
    directions = np.stack([np.sin(_angles()), np.cos(_angles())], axis=1)
    points = centre_mm + endo_mm[closed, None] * directions[closed]
    hull = _low_pass(_evenly(points[ConvexHull(points).vertices]))
    return np.maximum(endo_mm, _along_rays(hull, centre_mm))


def _close_gaps(
    endo_mm: Doubles, epi_mm: Doubles, wall: Doubles, centre_mm: Doubles, spacing: Doubles
) -> Doubles:
    """Endocardial radii moved onto the epicardium where hardly any wall was seen on the way."""
    step = 0.25
    reach = np.arange(0.0, float(epi_mm.max()) + 3.0, step)
    directions = np.stack([np.sin(_angles()), np.cos(_angles())], axis=1)
    places = (centre_mm + reach[None, :, None] * directions[:, None, :]) / spacing
    seen = ndimage.map_coordinates(wall, np.moveaxis(places, -1, 0), order=1, mode="nearest")
    near = reach[None, :] > np.maximum(endo_mm[:, None] - 4.0, 0.0)
    thickness = (seen * near * (reach[None, :] < epi_mm[:, None] + 2.0)).sum(axis=1) * step
    return np.where(thickness < LEAST_WALL_MM, epi_mm, endo_mm)


def _polygon(radii_mm: Doubles, centre_mm: Doubles, spacing: Doubles) -> Polygon:
    """Points (row, column) to a thousandth of a pixel, clockwise on screen."""
    rows = (centre_mm[0] + radii_mm * np.sin(_angles())) / spacing[0]
    columns = (centre_mm[1] + radii_mm * np.cos(_angles())) / spacing[1]
    return tuple(
        (round(float(row), 3), round(float(column), 3))
        for row, column in zip(rows, columns, strict=True)
    )

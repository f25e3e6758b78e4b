"""Agreement of contours on the published grid: 1 mm pixels, both contours, sub-pixel distances.

Xue 2020a resamples images and masks to 1 mm before anything is compared. On the acquired pixels of
1.9 mm, half a pixel of rounding on each side of a wall of four pixels alone costs several points of
overlap, so label images of that size (``segmentation_metrics.agreement``) read lower.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Final

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from analysis.constants import LV_CAVITY, MYOCARDIUM
from analysis.domain import Bools, Bytes, Doubles, Point, Polygon, SliceContours
from analysis.sectors import rasterise_labels

STEP_MM: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class FineAgreement:
    """Agreement of automatic with true contours of one slice.

    dice, false_positive, false_negative: of the wall on 1 mm pixels. signed_*_mm: automatic contour
    outside (+) or inside the true one, mean along it. boundary_mm, hausdorff_mm: between the drawn
    lines, mean and largest, both directions, endo and epi together. pixel_boundary_mm: the mean
    distance between the masks' outermost pixels, where contours that run through the same pixel
    count as 0.
    """

    dice: float
    false_positive: float
    false_negative: float
    signed_endo_mm: float
    signed_epi_mm: float
    wall_mm: float
    boundary_mm: float
    pixel_boundary_mm: float
    hausdorff_mm: float

    def to_json(self) -> dict[str, float]:
        return {key: round(value, 4) for key, value in asdict(self).items()}


def compare_contours_finely(
    truth: SliceContours,
    answer: SliceContours,
    shape: tuple[int, int],
    spacing_mm: tuple[float, float],
) -> FineAgreement:
    """Compare two sets of contours of a slice (H, W) with that pixel spacing."""
    fine = tuple(
        int(np.ceil(size * spacing / STEP_MM))
        for size, spacing in zip(shape, spacing_mm, strict=True)
    )
    labels = [
        rasterise_labels(in_fine_pixels(one, spacing_mm), (fine[0], fine[1]))
        for one in (truth, answer)
    ]
    wall, found = (part == MYOCARDIUM for part in labels)
    lines = [_lines_mm(one, spacing_mm) for one in (truth, answer)]
    # Where one has a cavity and the other none, the endocardium has no counterpart.
    pairs = [(a, b) for a, b in zip(*lines, strict=True) if a is not None and b is not None]
    there = [np.asarray(cKDTree(b).query(a)[0]) for a, b in pairs]
    back = [np.asarray(cKDTree(a).query(b)[0]) for a, b in pairs]
    edges = [
        _edge_distance(a, b) for a, b in zip(_regions(labels[0]), _regions(labels[1]), strict=True)
    ]
    return FineAgreement(
        dice=2 * float((wall & found).sum()) / max(1.0, float(wall.sum() + found.sum())),
        false_positive=float((found & ~wall).sum()) / max(1, int(wall.sum())),
        false_negative=float((wall & ~found).sum()) / max(1, int(wall.sum())),
        signed_endo_mm=_signed(lines[0][0], lines[1][0]),
        signed_epi_mm=_signed(lines[0][1], lines[1][1]),
        wall_mm=_thickness(labels[0]),
        boundary_mm=float(
            np.mean([(a.mean() + b.mean()) / 2 for a, b in zip(there, back, strict=True)])
        ),
        pixel_boundary_mm=float(np.nanmean(edges)),
        hausdorff_mm=float(max(part.max() for part in (*there, *back))),
    )


def in_fine_pixels(contours: SliceContours, spacing_mm: tuple[float, float]) -> SliceContours:
    """The same contours in pixels of STEP_MM that cover the same field."""

    def point(place: Point) -> Point:
        row, column = (
            (value + 0.5) * spacing / STEP_MM - 0.5
            for value, spacing in zip(place, spacing_mm, strict=True)
        )
        return row, column

    def optional(place: Point | None) -> Point | None:
        return None if place is None else point(place)

    def polygon(points: Polygon) -> Polygon:
        return tuple(point(place) for place in points)

    return replace(
        contours,
        endo_rc=None if contours.endo_rc is None else polygon(contours.endo_rc),
        epi_rc=polygon(contours.epi_rc),
        rv_insertion_anterior_rc=optional(contours.rv_insertion_anterior_rc),
        rv_insertion_inferior_rc=optional(contours.rv_insertion_inferior_rc),
        lv_centre_rc=point(contours.lv_centre_rc),
    )


def _lines_mm(
    contours: SliceContours, spacing_mm: tuple[float, float]
) -> tuple[Doubles | None, Doubles]:
    """Endo- and epicardium as points (N, 2) in mm, 0.2 mm apart."""
    endo = contours.endo_rc
    return (
        None if endo is None else _densely(np.array(endo) * spacing_mm),
        _densely(np.array(contours.epi_rc) * spacing_mm),
    )


def _densely(points: Doubles) -> Doubles:
    closed = np.concatenate([points, points[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    places = np.linspace(0, along[-1], max(16, int(along[-1] / 0.2)), endpoint=False)
    return np.stack([np.interp(places, along, closed[:, axis]) for axis in (0, 1)], axis=1)


def _signed(truth: Doubles | None, answer: Doubles | None) -> float:
    """Mean distance (mm) by which the answer lies further from the true centre than the truth."""
    if truth is None or answer is None:
        return float("nan")
    centre = truth.mean(axis=0)
    distance, nearest = cKDTree(truth).query(answer)
    outside = np.hypot(*(answer - centre).T) > np.hypot(*(truth[nearest] - centre).T)
    return float(np.where(outside, distance, -distance).mean())


def _regions(labels: Bytes) -> tuple[Bools, Bools]:
    cavity = labels == LV_CAVITY
    return cavity, np.asarray(cavity | (labels == MYOCARDIUM))


def _edge_distance(first: Bools, second: Bools) -> float:
    """Mean distance (mm) between the outermost pixels of two regions; NaN where one is empty."""
    if not first.any() or not second.any():
        return float("nan")
    edges = [region & ~ndimage.binary_erosion(region) for region in (first, second)]
    distances = [
        ndimage.distance_transform_edt(~other)[edge].mean()
        for edge, other in ((edges[0], edges[1]), (edges[1], edges[0]))
    ]
    return STEP_MM * float(np.mean(distances))


def _thickness(labels: Bytes) -> float:
    """Mean thickness (mm) of the wall: its area over the mean of its two circumferences."""
    cavity, heart = (int(part.sum()) * STEP_MM**2 for part in _regions(labels))
    return float((np.sqrt(heart) - np.sqrt(cavity)) / np.sqrt(np.pi))

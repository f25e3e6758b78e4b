"""Slices with known answers: an annulus whose flow, wall and insertions are set by angle."""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from analysis.domain import Floats, SliceContours, SliceGeometry
from analysis.sectors import standard_view

USUAL = SliceGeometry(
    position_mm=(-30.0, -90.0, 80.0),
    row_direction=(0.7471, 0.4675, 0.4726),
    column_direction=(0.0345, 0.6814, -0.7311),
    pixel_spacing_mm=(1.4, 1.4),
)

EIGHT = tuple(product([False, True], repeat=3))
"""Transposed, rows flipped, columns flipped."""


def orthonormal(geometry: SliceGeometry) -> SliceGeometry:
    row = np.array(geometry.row_direction)
    row /= np.linalg.norm(row)
    column = np.array(geometry.column_direction)
    column -= (column @ row) * row
    column /= np.linalg.norm(column)
    return replace(geometry, row_direction=tuple(row), column_direction=tuple(column))


@dataclass
class Heart:
    """One slice; flow of a pixel depends on its true angle past the anterior insertion."""

    geometry: SliceGeometry
    contours: SliceContours
    mbf: Floats
    past_insertion_deg: Floats
    depth: Floats


def heart(
    *,
    geometry: SliceGeometry = USUAL,
    shape: tuple[int, int] = (96, 112),
    centre: tuple[float, float] = (44.27, 51.81),
    endo_mm: float = 22.0,
    epi_mm: float = 33.0,
    insertion_deg: float = 131.7,
    points: int = 120,
) -> Heart:
    """A circular wall (in mm) with the anterior insertion at an angle of the standard view."""
    geometry = orthonormal(geometry)
    view = standard_view(geometry)
    inverse = np.linalg.inv(view.matrix)

    def at(angle_deg, radius):
        angle = np.radians(angle_deg)
        offset = inverse @ np.array([np.cos(angle), np.sin(angle)]) * radius
        return (float(centre[0] + offset[0]), float(centre[1] + offset[1]))

    def circle(radius):
        return tuple(at(a, radius) for a in np.linspace(0, 360, points, endpoint=False))

    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(float)
    offsets = np.stack([rows - centre[0], columns - centre[1]], axis=-1)
    right_up = offsets @ view.matrix.T
    angles = view.angles_deg(offsets)
    past = (angles - insertion_deg) % 360
    depth = (np.hypot(right_up[..., 0], right_up[..., 1]) - endo_mm) / (epi_mm - endo_mm)
    return Heart(
        geometry=geometry,
        contours=SliceContours(
            endo_rc=circle(endo_mm),
            epi_rc=circle(epi_mm),
            rv_insertion_anterior_rc=at(insertion_deg, epi_mm),
            rv_insertion_inferior_rc=at(insertion_deg + 118, epi_mm),
            lv_centre_rc=centre,
        ),
        mbf=(1.0 + past / 180).astype(np.float32),
        past_insertion_deg=past.astype(np.float32),
        depth=depth.astype(np.float32),
    )


def reoriented(found: Heart, *, transpose: bool, flip_rows: bool, flip_columns: bool) -> Heart:
    """The same anatomy stored with other row and column directions and a true header."""
    geometry, contours = found.geometry, found.contours
    images = [found.mbf, found.past_insertion_deg, found.depth]

    def move(function):
        nonlocal contours
        # Two short functions that close over the same one.
        polygon = lambda p: None if p is None else tuple(map(function, p))  # noqa: E731
        point = lambda p: None if p is None else function(p)  # noqa: E731
        contours = SliceContours(
            endo_rc=polygon(contours.endo_rc),
            epi_rc=polygon(contours.epi_rc),
            rv_insertion_anterior_rc=point(contours.rv_insertion_anterior_rc),
            rv_insertion_inferior_rc=point(contours.rv_insertion_inferior_rc),
            lv_centre_rc=function(contours.lv_centre_rc),
        )

    def shifted(direction, millimetres):
        return tuple(np.array(geometry.position_mm) + np.array(direction) * millimetres)

    def negative(direction):
        return tuple(-np.array(direction))

    if transpose:
        images = [np.ascontiguousarray(image.T) for image in images]
        move(lambda p: (p[1], p[0]))
        geometry = replace(
            geometry,
            row_direction=geometry.column_direction,
            column_direction=geometry.row_direction,
            pixel_spacing_mm=geometry.pixel_spacing_mm[::-1],
        )
    if flip_rows:
        last = images[0].shape[0] - 1
        images = [np.ascontiguousarray(image[::-1]) for image in images]
        move(lambda p: (last - p[0], p[1]))
        geometry = replace(
            geometry,
            position_mm=shifted(geometry.column_direction, last * geometry.pixel_spacing_mm[0]),
            column_direction=negative(geometry.column_direction),
        )
    if flip_columns:
        last = images[0].shape[1] - 1
        images = [np.ascontiguousarray(image[:, ::-1]) for image in images]
        move(lambda p: (p[0], last - p[1]))
        geometry = replace(
            geometry,
            position_mm=shifted(geometry.row_direction, last * geometry.pixel_spacing_mm[1]),
            row_direction=negative(geometry.row_direction),
        )
    return Heart(
        geometry=geometry,
        contours=contours,
        mbf=images[0],
        past_insertion_deg=images[1],
        depth=images[2],
    )

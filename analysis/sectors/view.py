"""The standard short-axis view of a slice, from its plane in patient coordinates.

The standard view is seen from the apex: the RV on the left, anterior up (Cerqueira 2002). Sector
angles are counted in it, counter-clockwise from the right, in mm, so that a flipped or turned
image with a true header gives the same sectors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.domain import Doubles, Point, SliceGeometry
from analysis.quality import Flag

USUAL_BASE_TO_APEX: Final = np.array([0.66, -0.56, -0.50])
"""Long axis of most hearts in DICOM patient axes: towards left, anterior and inferior."""

ANTERIOR_SUPERIOR: Final = np.array([0.0, -1.0, 1.0]) / np.sqrt(2)

LEAST_AXIS_AGREEMENT: Final = 0.3
"""Below this cosine to the usual long axis the plane's normal does not say which way is apex."""


@dataclass(frozen=True, kw_only=True)
class StandardView:
    """How a slice's pixels lie in the standard short-axis view.

    matrix: (2, 2) from (row, column) offsets in pixels to (right, up) offsets in mm.
    display: (2, 2) of 0 and +-1 from (row, column) to (down, right): of the eight flips and
        quarter turns, the one that shows the slice nearest to the standard view.
    edge_letters: patient directions at the display's top, right, bottom and left edge, DICOM
        letters (L, R, A, P, H, F) by size; empty where the geometry is assumed.
    mirrored: the stored image is a mirror image of the standard view.
    assumed: geometry is missing or contradictory; anterior and inferior may be swapped.
    """

    matrix: Doubles
    display: tuple[tuple[int, int], tuple[int, int]]
    edge_letters: Mapping[str, str]
    mirrored: bool
    assumed: bool
    flags: tuple[Flag, ...] = ()

    def angles_deg(self, offsets_rc: Doubles) -> Doubles:
        """Angle of (..., 2) pixel offsets, counter-clockwise from the view's right, 0-360."""
        right_up = offsets_rc @ self.matrix.T
        return np.asarray(np.degrees(np.arctan2(right_up[..., 1], right_up[..., 0])) % 360.0)


def standard_view(
    geometry: SliceGeometry, *, base_to_apex: tuple[float, float, float] | None = None
) -> StandardView:
    """The standard view of a slice.

    ``base_to_apex`` is the axis found from the slices' order (`base_to_apex_axis`); None takes the
    usual axis of the heart. Where both disagree the usual one is kept and the view is assumed.
    """
    row_direction = np.array(geometry.row_direction, dtype=np.float64)
    column_direction = np.array(geometry.column_direction, dtype=np.float64)
    per_row = column_direction * geometry.pixel_spacing_mm[0]
    per_column = row_direction * geometry.pixel_spacing_mm[1]
    normal = np.cross(row_direction, column_direction)
    if geometry.assumed or not np.isfinite(normal).all() or np.linalg.norm(normal) < 0.5:
        return _as_stored(geometry, "The slice's position in the patient is not known")
    normal = normal / np.linalg.norm(normal)
    agreement = float(normal @ USUAL_BASE_TO_APEX)
    if abs(agreement) < LEAST_AXIS_AGREEMENT:
        return _as_stored(geometry, "The plane is far from a usual short axis")
    apex = normal if agreement > 0 else -normal
    contradiction = base_to_apex is not None and float(apex @ np.array(base_to_apex)) < 0

    up = ANTERIOR_SUPERIOR - (ANTERIOR_SUPERIOR @ apex) * apex
    up = up / np.linalg.norm(up)
    right = np.cross(up, apex)
    matrix = np.array([[per_row @ right, per_column @ right], [per_row @ up, per_column @ up]])
    display = _nearest_display(matrix)
    flags = (
        (_assumed_flag("The order of the slices contradicts the patient coordinates"),)
        if contradiction
        else ()
    )
    return StandardView(
        matrix=matrix,
        display=display,
        edge_letters=_edge_letters(display, row_direction, column_direction),
        mirrored=bool(agreement > 0),
        assumed=contradiction,
        flags=flags,
    )


def display_matrix(view: StandardView, shape: tuple[int, int]) -> tuple[float, ...]:
    """The display as (a, b, c, d, e, f) in pixels, for a (H, W) slice, offsets included.

    right = a column + b row + c, down = d column + e row + f; both start at 0.
    """
    (down_row, down_column), (right_row, right_column) = view.display
    height, width = shape

    def start(per_row: int, per_column: int) -> float:
        return float((height - 1) * (per_row < 0) + (width - 1) * (per_column < 0))

    return (
        float(right_column), float(right_row), start(right_row, right_column),
        float(down_column), float(down_row), start(down_row, down_column),
    )  # fmt: skip


def base_to_apex_axis(
    basal: SliceGeometry, apical: SliceGeometry
) -> tuple[float, float, float] | None:
    """Unit normal that points from the more basal to the more apical of two parallel slices.

    None where a plane is assumed or both lie at one place (closer than 1 mm).
    """
    if basal.assumed or apical.assumed:
        return None
    normal = np.cross(np.array(basal.row_direction), np.array(basal.column_direction))
    offset = float((np.array(apical.position_mm) - np.array(basal.position_mm)) @ normal)
    if abs(offset) < 1.0:
        return None
    axis = normal * np.sign(offset)
    return float(axis[0]), float(axis[1]), float(axis[2])


def world_mm(point_rc: Point, geometry: SliceGeometry) -> Doubles:
    """Patient coordinates (3,) in mm of a (row, column) point."""
    row, column = point_rc
    return np.asarray(
        np.array(geometry.position_mm)
        + column * geometry.pixel_spacing_mm[1] * np.array(geometry.row_direction)
        + row * geometry.pixel_spacing_mm[0] * np.array(geometry.column_direction)
    )


def _as_stored(geometry: SliceGeometry, why: str) -> StandardView:
    spacing = geometry.pixel_spacing_mm
    return StandardView(
        matrix=np.array([[0.0, spacing[1]], [-spacing[0], 0.0]]),
        display=((1, 0), (0, 1)),
        edge_letters={},
        mirrored=False,
        assumed=True,
        flags=(_assumed_flag(why),),
    )


def _assumed_flag(why: str) -> Flag:
    return Flag(
        code="orientation-assumed",
        message=f"{why}; anterior and inferior segments may be swapped until a reader confirms.",
    )


def _nearest_display(matrix: Doubles) -> tuple[tuple[int, int], tuple[int, int]]:
    down_right = np.array([-matrix[1], matrix[0]])
    scaled = down_right / np.linalg.norm(down_right, axis=0)
    straight = abs(scaled[0, 0]) + abs(scaled[1, 1])
    crossed = abs(scaled[0, 1]) + abs(scaled[1, 0])
    signs = np.where(scaled < 0, -1, 1)
    if straight >= crossed:
        return (int(signs[0, 0]), 0), (0, int(signs[1, 1]))
    return (0, int(signs[0, 1])), (int(signs[1, 0]), 0)


def _edge_letters(
    display: tuple[tuple[int, int], tuple[int, int]],
    row_direction: Doubles,
    column_direction: Doubles,
) -> dict[str, str]:
    down = display[0][0] * column_direction + display[0][1] * row_direction
    right = display[1][0] * column_direction + display[1][1] * row_direction
    return {
        "top": _letters(-down),
        "right": _letters(right),
        "bottom": _letters(down),
        "left": _letters(-right),
    }


def _letters(direction: Doubles) -> str:
    names = ("L", "P", "H"), ("R", "A", "F")
    order = np.argsort(-np.abs(direction), kind="stable")
    return "".join(
        names[0 if direction[axis] > 0 else 1][axis] for axis in order if abs(direction[axis]) > 0.3
    )

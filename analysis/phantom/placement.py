"""Where the heart lies in the patient and where the slices are put (DICOM LPS, mm)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from analysis.domain import Doubles, Floats, SliceGeometry


@dataclass(frozen=True, kw_only=True)
class HeartFrame:
    """The heart's axes in the patient.

    axes: (3, 3), columns are the heart's x (to the lateral wall), y (to the anterior wall) and z
    (base to apex) in patient coordinates; origin_mm: the centre of the valve plane.
    """

    axes: Doubles
    origin_mm: Doubles

    def to_heart(self, world_mm: Doubles) -> Doubles:
        """(..., 3) patient coordinates to heart coordinates."""
        return np.asarray((world_mm - self.origin_mm) @ self.axes)

    def to_world(self, heart_mm: Doubles) -> Doubles:
        return np.asarray(heart_mm @ self.axes.T + self.origin_mm)


def sample_heart_frame(rng: np.random.Generator, *, spread: float = 1.0) -> HeartFrame:
    """A heart that points left, forward and down, turned by individual anatomy."""
    apex = np.array([0.62, -0.58, -0.48]) + rng.normal(0.0, 0.07 * spread, 3)
    apex /= np.linalg.norm(apex)
    up = np.array([0.0, -0.1, 1.0]) + rng.normal(0.0, 0.06 * spread, 3)
    up -= apex * (up @ apex)
    up /= np.linalg.norm(up)
    across = np.cross(up, apex)
    origin = np.array([20.0, 10.0, 30.0]) + rng.normal(0.0, 15.0, 3)
    return HeartFrame(axes=np.stack([across, up, apex], axis=1), origin_mm=origin)


def short_axis_plane(
    frame: HeartFrame,
    *,
    height_mm: float,
    shape: tuple[int, int],
    spacing_mm: tuple[float, float],
    rotation_deg: float,
    tilt_deg: tuple[float, float],
    offset_mm: tuple[float, float],
    from_base: bool = False,
    thickness_mm: float = 8.0,
    frame_of_reference_uid: str = "",
) -> SliceGeometry:
    """A plane across the long axis at ``height_mm`` from the valve plane.

    rotation_deg turns the image counter-clockwise against the standard view; tilt_deg tips the
    plane about the heart's x and y; offset_mm moves the heart right and up in the image;
    from_base shows it as seen from the base (left and right exchanged).
    """
    turn = np.deg2rad(rotation_deg)
    right = np.array([np.cos(turn), -np.sin(turn), 0.0])
    down = np.array([-np.sin(turn), -np.cos(turn), 0.0])
    tip_x, tip_y = (np.deg2rad(t) for t in tilt_deg)
    for vector in (right, down):
        vector[2] = vector[0] * np.tan(tip_y) + vector[1] * np.tan(tip_x)
    right /= np.linalg.norm(right)
    down -= right * (down @ right)
    down /= np.linalg.norm(down)
    if from_base:
        right = -right
    row, column = frame.axes @ right, frame.axes @ down
    centre = frame.to_world(np.array([0.0, 0.0, height_mm]))
    centre = centre - row * offset_mm[0] + column * offset_mm[1]
    corner = (
        centre
        - row * spacing_mm[1] * (shape[1] - 1) / 2.0
        - column * spacing_mm[0] * (shape[0] - 1) / 2.0
    )
    return SliceGeometry(
        position_mm=(float(corner[0]), float(corner[1]), float(corner[2])),
        row_direction=(float(row[0]), float(row[1]), float(row[2])),
        column_direction=(float(column[0]), float(column[1]), float(column[2])),
        pixel_spacing_mm=spacing_mm,
        thickness_mm=thickness_mm,
        frame_of_reference_uid=frame_of_reference_uid,
    )


def normal(geometry: SliceGeometry) -> Doubles:
    return np.cross(geometry.row_direction, geometry.column_direction)


def along_normal(geometry: SliceGeometry, above_mm: float) -> SliceGeometry:
    """The parallel plane that lies ``above_mm`` along the slice normal."""
    x, y, z = np.asarray(geometry.position_mm) + above_mm * normal(geometry)
    return replace(geometry, position_mm=(float(x), float(y), float(z)))


def pixel_points(
    frame: HeartFrame, geometry: SliceGeometry, shape: tuple[int, int], *, above_mm: float = 0.0
) -> tuple[Floats, Floats, Floats]:
    """Heart coordinates x, y, z (H, W) of pixel centres, ``above_mm`` along the slice normal."""
    rows, columns = np.meshgrid(*(np.arange(n, dtype=np.float64) for n in shape), indexing="ij")
    return heart_coordinates(frame, geometry, rows, columns, above_mm=above_mm)


def heart_coordinates(
    frame: HeartFrame,
    geometry: SliceGeometry,
    rows: Doubles,
    columns: Doubles,
    *,
    above_mm: float = 0.0,
) -> tuple[Floats, Floats, Floats]:
    """Heart coordinates of points of the image given in (fractional) rows and columns."""
    world = (
        np.asarray(geometry.position_mm)
        + above_mm * normal(geometry)
        + columns[..., None] * geometry.pixel_spacing_mm[1] * np.asarray(geometry.row_direction)
        + rows[..., None] * geometry.pixel_spacing_mm[0] * np.asarray(geometry.column_direction)
    )
    heart = frame.to_heart(world).astype(np.float32)
    return heart[..., 0], heart[..., 1], heart[..., 2]


def to_pixels(frame: HeartFrame, geometry: SliceGeometry, heart_mm: Doubles) -> Doubles:
    """(..., 2) row and column of points in heart coordinates, projected on the plane."""
    offset = frame.to_world(heart_mm) - np.asarray(geometry.position_mm)
    row = offset @ np.asarray(geometry.column_direction) / geometry.pixel_spacing_mm[0]
    column = offset @ np.asarray(geometry.row_direction) / geometry.pixel_spacing_mm[1]
    return np.stack([row, column], axis=-1)

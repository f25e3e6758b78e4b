"""Where the plane of a training sample lies, and where its landmarks are in pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.domain import Position
from analysis.phantom.heart import axis_centre, insertions_deg, lv_surfaces
from analysis.phantom.render import Body

Floats = NDArray[np.float32]
View = Literal["short_axis", "long_axis", "above_heart", "abdomen"]
"""All but short_axis are for testing what refuses wrong anatomy; their labels mean nothing."""

_POSITIONS: Final[tuple[Position, ...]] = ("basal", "mid", "apical")
_HEIGHTS = {"basal": (0.06, 0.33), "mid": (0.36, 0.6), "apical": (0.6, 0.86)}


@dataclass(frozen=True, kw_only=True)
class SamplePlane:
    """Points of the sample's pixels in heart coordinates, and the way back to pixels.

    centre_rc: pixel of the long axis; ``to_rc`` takes millimetres from the long axis.
    mirrored: seen from the base, left and right exchanged.
    """

    x: Floats
    y: Floats
    z: Floats
    position: str
    height_mm: float
    rotation: float
    mirrored: bool
    centre_rc: tuple[float, float]
    spacing_mm: float

    def to_rc(self, x: float, y: float) -> tuple[float, float]:
        c, s = np.cos(self.rotation), np.sin(self.rotation)
        across, up = c * x - s * y, s * x + c * y
        if self.mirrored:
            across = -across
        return (
            float(self.centre_rc[0] - up / self.spacing_mm),
            float(self.centre_rc[1] + across / self.spacing_mm),
        )


def sample_plane(
    rng: np.random.Generator,
    body: Body,
    *,
    size: int,
    spacing_mm: float,
    centre_jitter_mm: float,
    spread: float,
    view: View = "short_axis",
    position: Position | None = None,
) -> SamplePlane:
    """A random plane; the heart's centre lies ``centre_jitter_mm`` (SD) off the middle.

    position: which third of the heart it cuts; any by default.
    """
    heart = body.heart
    drawn: Position = _POSITIONS[int(rng.choice(3, p=(0.38, 0.4, 0.22)))]
    position = position or drawn
    height = float(rng.uniform(*_HEIGHTS[position])) * heart.length_mm
    rotation = float(np.deg2rad(rng.normal(0.0, 14.0 * spread)))
    if rng.random() < 0.04 * spread:
        rotation = float(rng.uniform(-np.pi, np.pi))
    mirrored = bool(rng.random() < 0.02 * spread)
    off = rng.normal(0.0, centre_jitter_mm, 2)
    if rng.random() < 0.05:
        off = rng.uniform(-22.0, 22.0, 2)
    if view == "above_heart":
        height = -float(rng.uniform(60.0, 90.0))
    elif view == "abdomen":
        off = off + np.array([0.0, float(rng.uniform(110.0, 150.0))])
    step = (np.arange(size, dtype=np.float32) - (size - 1) / 2.0) * np.float32(spacing_mm)
    across = step[None, :] - np.float32(off[0])
    if mirrored:
        across = -across
    up = -step[:, None] - np.float32(off[1])
    cx, cy = (float(np.asarray(c)) for c in axis_centre(heart, np.array(height, dtype=np.float32)))
    c, s = np.float32(np.cos(rotation)), np.float32(np.sin(rotation))
    if view == "long_axis":
        x = (c * across + 0.0 * up).astype(np.float32)
        y = (-s * across + 0.0 * up).astype(np.float32)
        z = (0.45 * heart.length_mm - up + 0.0 * across).astype(np.float32)
    else:
        x = (c * across + s * up + np.float32(cx)).astype(np.float32)
        y = (c * up - s * across + np.float32(cy)).astype(np.float32)
        tilt = np.tan(np.deg2rad(rng.normal(0.0, 5.0 * spread, 2))).astype(np.float32)
        z = (height + tilt[0] * (x - cx) + tilt[1] * (y - cy)).astype(np.float32)
    middle = (size - 1) / 2.0
    return SamplePlane(
        x=x,
        y=y,
        z=z,
        position=position,
        height_mm=height,
        rotation=rotation,
        mirrored=mirrored,
        centre_rc=(middle - float(off[1]) / spacing_mm, middle + float(off[0]) / spacing_mm),
        spacing_mm=spacing_mm,
    )


def landmarks(body: Body, plane: SamplePlane) -> dict[str, Any]:
    """Pixels (row, column) of the long axis and of the insertions, None below the RV's end."""
    z = plane.height_mm
    has_rv = 0.0 < z < body.heart.rv_length * body.heart.length_mm - 3.0
    points: dict[str, Any] = {"lv_centre_rc": plane.to_rc(0.0, 0.0)}
    for name, degrees in zip(("anterior", "inferior"), insertions_deg(body.heart, z), strict=True):
        angle = np.float32(np.deg2rad(float(degrees)))
        _, epi = lv_surfaces(body.heart, np.array([angle]), np.array([z], dtype=np.float32))
        at = plane.to_rc(float(epi[0] * np.cos(angle)), float(epi[0] * np.sin(angle)))
        points[f"rv_insertion_{name}_rc"] = at if has_rv else None
    return points

"""The shape of a simulated heart, in millimetres, as closed-form surfaces.

Heart coordinates: z runs along the long axis from the valve plane (0) to the apex; x and y span the
short axis as seen from the apex in the standard view, x to the right (lateral wall), y upwards
(anterior wall). Angles are counter-clockwise from x. Right-handed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
ATRIUM_MM = 50.0
Harmonics = tuple[tuple[int, float, float], ...]
"""(order, amplitude relative to the radius, phase in rad)."""


@dataclass(frozen=True, kw_only=True)
class Bump:
    """A local change of wall thickness: amount_mm at its centre, fading with angle and height."""

    amount_mm: float
    angle_deg: float
    sharpness: float
    z_mm: float
    extent_mm: float


@dataclass(frozen=True, kw_only=True)
class Papillary:
    """A papillary muscle: a rod along the long axis with an elliptic section.

    reach: distance of its centre from the axis as a fraction of the endocardial radius.
    from_z, to_z: its ends as fractions of the length of the heart.
    """

    angle_deg: float
    reach: float
    radius_mm: float
    elongation: float
    from_z: float
    to_z: float


@dataclass(frozen=True, kw_only=True)
class Heart:
    """Everything that defines the heart's shape. Lengths in mm, angles in degrees."""

    length_mm: float = 85.0
    epi_radius_mm: float = 34.0
    wall_mm: float = 9.5
    apex_wall_mm: float = 6.0
    equator: float = 0.22
    bend_mm: tuple[float, float] = (0.0, 0.0)
    epi_harmonics: Harmonics = ()
    wall_harmonics: Harmonics = ()
    bumps: tuple[Bump, ...] = ()
    papillaries: tuple[Papillary, ...] = ()
    trabeculae_mm: float = 1.5
    anterior_insertion_deg: float = 120.0
    inferior_insertion_deg: float = 235.0
    insertion_twist_deg: float = 10.0
    rv_bulge_mm: float = 26.0
    rv_fullness: float = 0.5
    rv_skew: float = 0.0
    rv_length: float = 0.9
    rv_wall_mm: float = 3.0
    rv_trabeculae_mm: float = 4.0
    outflow_angle_deg: float = 140.0
    outflow_half_width_deg: float = 50.0
    outflow_depth_mm: float = 12.0
    fat_mm: float = 2.0
    groove_fat_mm: float = 5.0
    effusion_mm: float = 0.0


def axis_centre(heart: Heart, z: Floats) -> tuple[Floats, Floats]:
    """Where the bent long axis crosses height z."""
    s = (z / heart.length_mm - 0.5) ** 2
    return heart.bend_mm[0] * s, heart.bend_mm[1] * s


def to_polar(heart: Heart, x: Floats, y: Floats, z: Floats) -> tuple[Floats, Floats]:
    """Radius and angle (rad) about the long axis."""
    cx, cy = axis_centre(heart, z)
    dx, dy = x - cx, y - cy
    return np.hypot(dx, dy).astype(np.float32), np.arctan2(dy, dx).astype(np.float32)


def _harmonic_sum(harmonics: Harmonics, angle: Floats) -> Floats:
    total = np.ones_like(angle)
    for order, amplitude, phase in harmonics:
        total += np.float32(amplitude) * np.cos(order * angle + np.float32(phase))
    return total


def _profile(z: Floats, *, equator_mm: float, end_mm: float) -> Floats:
    """Radius relative to the equator: half an ellipse to the apex, a gentle waist at the base."""
    towards_apex = (z - equator_mm) / max(end_mm - equator_mm, 1e-3)
    below = np.sqrt(np.clip(1.0 - towards_apex**2, 0.0, 1.0))
    above = 1.0 - 0.1 * ((equator_mm - z) / max(equator_mm, 1.0)) ** 2
    shape = np.where(z > equator_mm, below, np.clip(above, 0.5, 1.0)) * _atrial_dome(z)
    return np.asarray(shape, dtype=np.float32)


def _atrial_dome(z: Floats) -> Floats:
    """Above the valve plane the cavities go on as atria and close in a dome."""
    share = np.clip(-z / ATRIUM_MM, 0.0, 1.0)
    return np.asarray(np.sqrt(1.0 - share * share), dtype=np.float32)


def lv_surfaces(heart: Heart, angle: Floats, z: Floats) -> tuple[Floats, Floats]:
    """Endocardial and epicardial radius (mm) of the left ventricle; endo <= 0: no cavity there."""
    equator = heart.equator * heart.length_mm
    shape = heart.epi_radius_mm * _harmonic_sum(heart.epi_harmonics, angle)
    wall = heart.wall_mm * _harmonic_sum(heart.wall_harmonics, angle)
    for bump in heart.bumps:
        turn = np.cos(angle - np.float32(np.deg2rad(bump.angle_deg))) - 1.0
        height = ((z - bump.z_mm) / bump.extent_mm) ** 2
        wall += np.float32(bump.amount_mm) * np.exp(bump.sharpness * turn - height)
    wall = np.maximum(wall, 2.5)
    epi = shape * _profile(z, equator_mm=equator, end_mm=heart.length_mm)
    endo_end = heart.length_mm - max(heart.apex_wall_mm, 0.3 * heart.wall_mm)
    endo = (shape - wall) * _profile(z, equator_mm=equator, end_mm=endo_end)
    return endo.astype(np.float32), epi.astype(np.float32)


def insertions_deg(heart: Heart, z: float | Floats) -> tuple[Floats, Floats]:
    """Angles (degrees) at which the right ventricular wall meets the left one, at height z."""
    s = np.asarray(z, dtype=np.float32) / heart.length_mm
    at_middle = 0.5 * (heart.anterior_insertion_deg + heart.inferior_insertion_deg)
    widest = 0.5 * (heart.inferior_insertion_deg - heart.anterior_insertion_deg)
    half = widest * np.clip(1.05 - 0.35 * s, 0.2, 1.2)
    middle = at_middle + heart.insertion_twist_deg * (s - 0.5)
    return np.asarray(middle - half), np.asarray(middle + half)


def rv_position(heart: Heart, angle: Floats, z: Floats) -> Floats:
    """Where an angle lies between the anterior (0) and the inferior insertion (1)."""
    anterior, inferior = insertions_deg(heart, z)
    turned = (np.rad2deg(angle) - anterior + 90.0) % 360.0 - 90.0
    return np.asarray(turned / np.maximum(inferior - anterior, 1.0), dtype=np.float32)


def rv_surfaces(heart: Heart, position: Floats, z: Floats, epi: Floats) -> tuple[Floats, Floats]:
    """Cavity and outer radius (mm, about the LV axis) of the right ventricle's free wall."""
    inside = np.clip(position, 0.0, 1.0)
    end = heart.rv_length * heart.length_mm
    height = np.sqrt(np.clip(1.0 - np.maximum(z, 0.0) / end, 0.0, 1.0))
    arch = (4.0 * inside * (1.0 - inside)) ** np.float32(heart.rv_fullness)
    lean = 1.0 + heart.rv_skew * (inside - 0.5) * 2.0
    bulge = heart.rv_bulge_mm * height * arch * lean * _atrial_dome(z)
    rim = np.clip(8.0 * np.minimum(inside, 1.0 - inside), 0.0, 1.0) * (z < end + heart.rv_wall_mm)
    cavity = epi + bulge
    return cavity.astype(np.float32), (cavity + heart.rv_wall_mm * rim).astype(np.float32)


def outflow_gap(heart: Heart, angle: Floats, z: Floats) -> Floats:
    """How far an angle lies inside the outflow tract's gap, degrees; negative outside it."""
    open_ = np.clip(1.0 - z / max(heart.outflow_depth_mm, 1e-3), 0.0, 1.0)
    turned = (np.rad2deg(angle) - heart.outflow_angle_deg + 180.0) % 360.0 - 180.0
    half_width = np.where(open_ > 0, heart.outflow_half_width_deg * np.sqrt(open_), -90.0)
    return (half_width - np.abs(turned)).astype(np.float32)


def aha_angle_deg(heart: Heart, angle: Floats, z: float | Floats) -> Floats:
    """Angle measured so that the anterior insertion lies at 120 degrees, 0-360 (Cerqueira 2002)."""
    anterior, _ = insertions_deg(heart, z)
    return ((np.rad2deg(angle) - anterior + 120.0) % 360.0).astype(np.float32)

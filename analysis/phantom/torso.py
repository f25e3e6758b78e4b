"""What surrounds the heart: chest wall, lung, diaphragm, liver, stomach, spleen, great vessels.

Described in heart coordinates (see ``heart``), so that any plane can be cut through heart and torso
at once. Every organ is painted where its signed distance (mm, negative inside) is below zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.phantom.noise import NoiseField
from analysis.phantom.tissues import Tissue

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Organ:
    """An ellipsoid with a wrinkled surface. Angles in degrees, lengths in mm.

    wrinkle_phase: mixes the two waves of different length that all organs share.
    """

    tissue: Tissue
    centre_mm: tuple[float, float, float]
    axes_mm: tuple[float, float, float]
    tilt_deg: float = 0.0
    wrinkle_mm: float = 2.0
    wrinkle_phase: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Torso:
    """The body around the heart.

    body_centre_mm, body_axes_mm, body_tilt_deg: the elliptic trunk, cut at the level of the heart.
    body_drift: how far the trunk's centre moves per mm of height z.
    subcutaneous_mm, muscle_mm: layers of the chest wall.
    rib_spacing_mm: distance between ribs along the chest wall.
    diaphragm_mm: its height (y) below the heart at x = 0, z = mid; slopes along x, z; dome radius.
    lung_vessels: density 0-1 of vessels in the lung.
    """

    body_centre_mm: tuple[float, float]
    body_axes_mm: tuple[float, float]
    body_tilt_deg: float
    body_drift: tuple[float, float]
    subcutaneous_mm: float
    muscle_mm: float
    rib_spacing_mm: float
    diaphragm_mm: float
    diaphragm_slope: tuple[float, float]
    dome_radius_mm: float
    lung_vessels: float
    mediastinal_fat_mm: float
    abdominal: tuple[Organ, ...]
    thoracic: tuple[Organ, ...]


def _organ_distance(
    organ: Organ, x: Floats, y: Floats, z: Floats, waves: tuple[Floats, Floats]
) -> Floats:
    cx, cy, cz = organ.centre_mm
    turn = np.deg2rad(organ.tilt_deg)
    dx, dy = x - cx, y - cy
    u = (dx * np.cos(turn) + dy * np.sin(turn)) / organ.axes_mm[0]
    v = (dy * np.cos(turn) - dx * np.sin(turn)) / organ.axes_mm[1]
    w = (z - cz) / organ.axes_mm[2]
    distance = (np.sqrt(u * u + v * v + w * w) - 1.0) * min(organ.axes_mm[:2])
    if organ.wrinkle_mm > 0:
        phase = organ.wrinkle_phase
        wave = np.cos(phase) * waves[0] + np.sin(phase) * waves[1]
        distance = distance + np.float32(organ.wrinkle_mm) * wave
    return np.asarray(distance, dtype=np.float32)


def body_depth(torso: Torso, x: Floats, y: Floats, z: Floats) -> Floats:
    """Distance to the skin in mm, positive inside."""
    turn = np.deg2rad(torso.body_tilt_deg)
    dx = x - torso.body_centre_mm[0] - torso.body_drift[0] * z
    dy = y - torso.body_centre_mm[1] - torso.body_drift[1] * z
    a, b = torso.body_axes_mm
    u = (dx * np.cos(turn) + dy * np.sin(turn)) / a
    v = (dy * np.cos(turn) - dx * np.sin(turn)) / b
    length = np.hypot(u, v)
    slope = np.hypot(u / a, v / b) / np.maximum(length, 1e-6)
    return np.asarray((1.0 - length) / np.maximum(slope, 1e-6), dtype=np.float32)


def diaphragm_depth(torso: Torso, x: Floats, y: Floats, z: Floats) -> Floats:
    """Depth below the diaphragm in mm, positive in the abdomen."""
    height = torso.diaphragm_mm + torso.diaphragm_slope[0] * x + torso.diaphragm_slope[1] * z
    dome = height - (x * x) / (2.0 * torso.dome_radius_mm)
    return np.asarray(dome - y, dtype=np.float32)


def paint_torso(
    torso: Torso, x: Floats, y: Floats, z: Floats, noise: NoiseField
) -> Iterator[tuple[Tissue, Floats]]:
    """Tissues with their signed distances, from the top layer to the bottom one."""
    depth = body_depth(torso, x, y, z)
    below = diaphragm_depth(torso, x, y, z)
    yield Tissue.AIR, depth
    grain = noise.at(x, y, z, scale_mm=30.0)
    waves = (noise.at(x + 90.0, y, z, scale_mm=16.0), noise.at(x, y + 90.0, z, scale_mm=28.0))
    fat = torso.subcutaneous_mm * (1.0 + 0.5 * grain)
    yield Tissue.SKIN_FAT, depth - fat
    wall = fat + torso.muscle_mm * (1.0 + 0.6 * grain)
    along = np.sin(2.0 * np.pi * (x + 0.6 * y + 2.0 * z) / torso.rib_spacing_mm)
    ribs = np.maximum(np.abs(depth - wall) - 4.0, 3.0 * (0.3 - along))
    yield Tissue.RIB, ribs.astype(np.float32)
    yield Tissue.CHEST_MUSCLE, depth - wall
    for organ in torso.thoracic:
        yield organ.tissue, _organ_distance(organ, x, y, z, waves)
    for organ in torso.abdominal:
        distance = _organ_distance(organ, x, y, z, waves)
        yield organ.tissue, np.maximum(distance, -below)
    yield Tissue.ABDOMEN_FAT, -below - 2.0
    yield Tissue.DIAPHRAGM, -below - 5.0
    lining = wall + torso.mediastinal_fat_mm * (0.4 + grain)
    in_front = np.where(x < 25.0, depth - lining, 10.0)
    yield Tissue.MEDIASTINAL_FAT, in_front.astype(np.float32)
    speckle = noise.at(x, y, z, scale_mm=7.0)
    patches = noise.at(x, y, z, scale_mm=40.0)
    threshold = 0.95 - 0.65 * torso.lung_vessels + 0.35 * patches
    yield Tissue.LUNG_VESSEL, ((threshold - np.abs(speckle) * 1.1) * 5.0).astype(np.float32)
    yield Tissue.LUNG, np.full_like(x, -1e3)

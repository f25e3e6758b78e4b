"""Cut a plane (any set of points) through heart and torso: which tissue, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.phantom import heart as shape
from analysis.phantom.heart import Heart
from analysis.phantom.noise import NoiseField
from analysis.phantom.tissues import FIXED_TISSUES, Tissue
from analysis.phantom.torso import Torso, paint_torso

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Body:
    """One simulated patient's shape: heart, torso and the random fields that roughen them."""

    heart: Heart
    torso: Torso
    noise: NoiseField


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Tissues at the points of a plane, all of the shape of the points.

    fractions: (FIXED_TISSUES + 1, ...) that add up to 1, the last row being myocardium.
    angle: rad about the long axis; radius, endo, epi: mm from it.
    depth: transmural depth in the wall, 0 at the endocardium, 1 at the epicardium.
    gap_deg: how far inside the outflow gap (negative: wall).
    rv_distance: signed distance (mm) to the right ventricular cavity, negative inside.
    """

    fractions: Floats
    angle: Floats
    radius: Floats
    endo: Floats
    epi: Floats
    depth: Floats
    gap_deg: Floats
    rv_distance: Floats


class _Painter:
    """Puts layers under each other, from the top: what is covered stays covered."""

    def __init__(self, shape_: tuple[int, ...], softness_mm: float) -> None:
        self.fractions = np.zeros((FIXED_TISSUES + 1, *shape_), dtype=np.float32)
        self._free = np.ones(shape_, dtype=np.float32)
        self._softness = np.float32(1.0 / softness_mm)

    def coverage(self, distance: Floats) -> Floats:
        return np.asarray(np.clip(np.float32(0.5) - distance * self._softness, 0.0, 1.0))

    def paint(self, tissue: Tissue, distance: Floats) -> None:
        self.paint_covered(tissue, self.coverage(distance))

    def paint_covered(self, tissue: Tissue, coverage: Floats) -> None:
        part = self._free * coverage
        self.fractions[tissue] += part
        self._free -= part


def cut(body: Body, x: Floats, y: Floats, z: Floats, *, softness_mm: float) -> Cut:
    """Cut through the body at points (heart coordinates, mm), edges ``softness_mm`` wide."""
    heart = body.heart
    radius, angle = shape.to_polar(heart, x, y, z)
    endo, epi = shape.lv_surfaces(heart, angle, z)
    gap = shape.outflow_gap(heart, angle, z)
    position = shape.rv_position(heart, angle, z)
    rv_inner, rv_outer = shape.rv_surfaces(heart, position, z, epi)
    painter = _Painter(x.shape, softness_mm)
    base = z < 0.0

    _paint_left_ventricle(painter, body, x, y, z, radius, angle, endo, epi, gap)
    rv_distance = np.maximum(radius - rv_inner, epi - radius)
    _paint_right_ventricle(painter, body, x, y, z, radius, position, rv_inner, rv_outer)
    outer = np.maximum(epi, rv_outer)
    _paint_surface_layers(painter, body, x, y, z, radius, angle, position, outer)
    for tissue, distance in paint_torso(body.torso, x, y, z, body.noise):
        painter.paint(tissue, distance)
    depth = np.clip((radius - endo) / np.maximum(epi - endo, 1.0), 0.0, 1.0)
    if base.any():
        wall = painter.fractions[Tissue.MYOCARDIUM] * base
        painter.fractions[Tissue.MYOCARDIUM] -= wall
        painter.fractions[Tissue.ATRIUM] += wall
    return Cut(
        fractions=painter.fractions,
        angle=angle,
        radius=radius,
        endo=endo,
        epi=epi,
        depth=depth,
        gap_deg=gap,
        rv_distance=rv_distance,
    )


def _paint_left_ventricle(
    painter: _Painter,
    body: Body,
    x: Floats,
    y: Floats,
    z: Floats,
    radius: Floats,
    angle: Floats,
    endo: Floats,
    epi: Floats,
    gap: Floats,
) -> None:
    heart = body.heart
    for papillary in heart.papillaries:
        towards = np.float32(np.deg2rad(papillary.angle_deg))
        s = z / heart.length_mm
        height = np.minimum(s - papillary.from_z, papillary.to_z - s)
        size = papillary.radius_mm * np.clip(8.0 * height, -1.0, 1.0)
        reach = papillary.reach + 0.35 * np.clip(s - papillary.from_z, 0.0, 0.5)
        along = radius * np.cos(angle - towards) - reach * np.maximum(endo, 1.0)
        across = radius * np.sin(angle - towards)
        distance = np.hypot(along / papillary.elongation, across) - size
        painter.paint(Tissue.PAPILLARY, np.maximum(distance, radius - epi).astype(np.float32))
    rough = np.maximum(body.noise.at(x, y, z, scale_mm=4.0), 0.0)
    towards_apex = np.clip(z / heart.length_mm, 0.0, 1.0)
    compact = endo - heart.trabeculae_mm * (0.4 + 1.2 * towards_apex) * rough
    reach_of_blood = np.where(gap > 0, np.maximum(compact, epi - 1.0), compact)
    painter.paint(Tissue.LV_BLOOD, radius - reach_of_blood)
    painter.paint(Tissue.MYOCARDIUM, radius - epi)


def _paint_right_ventricle(
    painter: _Painter,
    body: Body,
    x: Floats,
    y: Floats,
    z: Floats,
    radius: Floats,
    position: Floats,
    inner: Floats,
    outer: Floats,
) -> None:
    heart = body.heart
    rough = np.maximum(body.noise.at(x + 50.0, y, z, scale_mm=5.0), 0.0)
    wall_side = np.clip((radius - inner) / 12.0 + 1.0, 0.0, 1.0)
    meshwork = heart.rv_trabeculae_mm * rough * (0.3 + wall_side)
    inside = (position > 0.0) & (position < 1.0)
    painter.paint(Tissue.RV_BLOOD, np.where(inside, radius - inner + meshwork, 50.0))
    painter.paint(Tissue.RV_WALL, np.where(inside, radius - outer, 50.0))


def _paint_surface_layers(
    painter: _Painter,
    body: Body,
    x: Floats,
    y: Floats,
    z: Floats,
    radius: Floats,
    angle: Floats,
    position: Floats,
    outer: Floats,
) -> None:
    heart = body.heart
    patchy = body.noise.at(x, y + 80.0, z, scale_mm=22.0)
    groove = np.exp(-((position / 0.12) ** 2)) + np.exp(-(((position - 1.0) / 0.12) ** 2))
    fat = heart.fat_mm * (1.0 + 1.2 * patchy) + heart.groove_fat_mm * groove
    painter.paint(Tissue.EPICARDIAL_FAT, (radius - outer - np.maximum(fat, 0.0)).astype(np.float32))
    if heart.effusion_mm > 0:
        dependent = 1.0 - 0.6 * np.sin(angle)
        layer = np.maximum(fat, 0.0) + heart.effusion_mm * dependent
        painter.paint(Tissue.EFFUSION, (radius - outer - layer).astype(np.float32))

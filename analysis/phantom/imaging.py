"""Takes the images of one plane: thick slices through moving anatomy, one signal per tissue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.domain import Bools, Doubles, Floats, SliceGeometry
from analysis.phantom import camera
from analysis.phantom.heart import aha_angle_deg
from analysis.phantom.motion import PlaneMotion, warp
from analysis.phantom.perfusion import FlowPattern, mbf_map
from analysis.phantom.placement import HeartFrame, pixel_points
from analysis.phantom.render import Body, Cut, cut
from analysis.phantom.tissues import FIXED_TISSUES, Tissue
from analysis.phantom.values import Pixels

LAYER_MM = 8.0 / 3.0
"""Distance of the thin cuts of which a thick slice is made."""
MOST_THROUGH_PLANE_MM = 10.0
_EDGE_PX = 1.2
"""Width of ideal edges: sharper ones would ring when warped with cubic interpolation."""


@dataclass(frozen=True, kw_only=True)
class PointSpread:
    """Resolution: the share of k-space kept (rows, columns) and how softly it ends (``camera``)."""

    keep: tuple[float, float]
    roll_off: float


@dataclass(frozen=True, kw_only=True)
class Slab:
    """Thin cuts through a body around one plane.

    fractions: (L, K, H*W) tissue fractions of each layer, K = FIXED_TISSUES + flow levels.
    above_mm: (L,) where each layer lies along the slice normal.
    middle: the cut in the slice plane itself; mbf: (H, W) true flow of the resting slab.
    """

    fractions: Floats
    above_mm: Doubles
    thickness_mm: float
    middle: Cut
    mbf: Floats

    def weights(self, moved_mm: float) -> Floats:
        """(L,) share of each layer in the slice when the body has moved along the normal."""
        from_centre = np.abs(self.above_mm + moved_mm)
        inside = np.clip((0.5 * self.thickness_mm - from_centre) / LAYER_MM + 0.5, 0.0, 1.0)
        return np.asarray(inside / inside.sum(), dtype=np.float32)


def cut_slab(
    body: Body,
    frame: HeartFrame,
    geometry: SliceGeometry,
    shape: tuple[int, int],
    *,
    flow: FlowPattern,
    levels: Doubles,
    reach_mm: float,
) -> Slab:
    """Cut a body into thin layers ``reach_mm`` beyond the slice on both sides."""
    beyond = min(reach_mm, MOST_THROUGH_PLANE_MM)
    count = int(np.ceil((0.5 * geometry.thickness_mm + beyond) / LAYER_MM))
    above: Doubles = LAYER_MM * np.arange(-count, count + 1, dtype=np.float64)
    softness = _EDGE_PX * float(np.sqrt(np.prod(geometry.pixel_spacing_mm)))
    layers = np.empty((above.size, FIXED_TISSUES + levels.size, shape[0] * shape[1]), np.float32)
    perfused = np.zeros(shape, dtype=np.float32)
    muscle = np.full(shape, 1e-6, dtype=np.float32)
    for index, offset in enumerate(above):
        x, y, z = pixel_points(frame, geometry, shape, above_mm=float(offset))
        section = cut(body, x, y, z, softness_mm=softness)
        height = z / np.float32(body.heart.length_mm)
        mbf = mbf_map(flow, aha_angle_deg(body.heart, section.angle, z), section.depth, height)
        layers[index] = _roughen(body, x, y, z, split_by_flow(section, mbf, levels)).reshape(
            layers.shape[1], -1
        )
        if abs(offset) <= 0.5 * geometry.thickness_mm:
            wall = section.fractions[Tissue.MYOCARDIUM]
            perfused += wall * mbf
            muscle += wall
        if index == count:
            middle, at_middle = section, mbf
    return Slab(
        fractions=layers,
        above_mm=above,
        thickness_mm=geometry.thickness_mm,
        middle=middle,
        mbf=np.where(muscle > 0.05, perfused / muscle, at_middle).astype(np.float32),
    )


def split_by_flow(section: Cut, mbf: Floats, levels: Doubles) -> Floats:
    """One fraction row per flow level instead of the myocardium row; flows between are shared."""
    where = np.interp(mbf, levels, np.arange(levels.size)).astype(np.float32)
    level = np.arange(levels.size, dtype=np.float32).reshape(-1, *([1] * mbf.ndim))
    shares = np.maximum(1.0 - np.abs(where[None] - level), 0.0)
    shares *= section.fractions[Tissue.MYOCARDIUM]
    return np.concatenate([section.fractions[:FIXED_TISSUES], shares]).astype(np.float32)


def _roughen(body: Body, x: Floats, y: Floats, z: Floats, fractions: Floats) -> Floats:
    """The grain of organs; the heart itself is left smooth so that its truth stays exact."""
    grain = body.noise.at(x, y, z, scale_mm=9.0, octaves=2)
    fractions[: Tissue.EPICARDIAL_FAT] *= 1.0 + np.float32(0.35) * grain
    return fractions


def ideal_frames(
    slab: Slab,
    curves: Doubles,
    shape: tuple[int, int],
    *,
    motion: PlaneMotion,
    through_plane_mm: Doubles,
    point_spread: PointSpread,
) -> Floats:
    """Noise-free frames (T, H, W) from signal curves (K, T) and the motion of each frame.

    The scanner's resolution is put on before the warp, which is the same for small movements and
    keeps the interpolation from ringing at sharp edges.
    """
    count = curves.shape[1]
    frames = np.empty((count, *shape), dtype=np.float32)
    signal = curves.astype(np.float32)
    for t in range(count):
        weights = slab.weights(float(through_plane_mm[t]))
        still = np.zeros(slab.fractions.shape[2], dtype=np.float32)
        for layer in np.flatnonzero(weights > 1e-4):
            still += weights[layer] * (signal[:, t] @ slab.fractions[layer])
        frames[t] = still.reshape(shape)
    frames = camera.truncate_kspace(frames, point_spread.keep, roll_off=point_spread.roll_off)
    for t in range(count):
        frames[t] = warp(frames[t], motion.displacement(t))
    return np.maximum(frames, 0.0)


def digitise(
    rng: np.random.Generator,
    frames: Floats,
    *,
    shading: Floats,
    noise: Floats | float,
    ghost_level: float = 0.0,
) -> Floats:
    """Coil, leftovers of undersampling and Rician noise."""
    images = frames * shading
    if ghost_level > 0:
        images = camera.ghosts(rng, images, level=ghost_level, axis=1, factor=3)
    return camera.add_noise(rng, images, noise)


def to_12_bits(images: Floats, top: float, *, brightest: float = 3600.0) -> Pixels:
    """Scale so that ``top`` becomes ``brightest`` of 4095 and clip, as a scanner stores it."""
    return np.asarray(np.clip(np.rint(images * (brightest / top)), 0, 4095), dtype=np.uint16)


def enhanced_level(frames: Floats, wall: Bools) -> float:
    """Brightest mean signal of the wall over time: what SNR refers to."""
    if not wall.any():
        return float(frames.mean(axis=(1, 2)).max())
    return float(frames[:, wall].mean(axis=1).max())

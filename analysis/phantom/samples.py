"""Short series with labels for training networks: the full phantom's physics, many per second.

One plane is cut once; tissues are few and each has one curve, so a series is the product of tissue
fractions and signal curves, warped a little from beat to beat.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.phantom import camera, contrast, population
from analysis.phantom.drawing import READERS, LabelConvention, draw_labels
from analysis.phantom.heart import aha_angle_deg, axis_centre, insertions_deg, lv_surfaces
from analysis.phantom.perfusion import mbf_map, sample_defects, sample_pattern
from analysis.phantom.population import SPREAD, Tier
from analysis.phantom.render import Body, Cut, cut
from analysis.phantom.signal import Sequence, proton_density, saturation_recovery
from analysis.phantom.tissues import FIXED_TISSUES, Tissue

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Output = Literal["raw", "pd", "gd"]

_FLOW_LEVELS = 10
_GRID_S = 0.2


@dataclass(frozen=True, kw_only=True)
class TrainingSample:
    """A simulated slice ready for a network.

    series: (T, H, W) float32 in the units of ``meta["output"]`` (raw and pd: arbitrary gain).
    labels: (H, W) uint8, 0 background, 1 LV cavity (papillary muscles included), 2 myocardium,
    3 RV.
    time_s: (T,) from the beginning of the window.
    meta: lv_centre_rc, rv_insertion_anterior_rc, rv_insertion_inferior_rc (row, column; None where
    the right ventricle is not in the plane), kind of slice, condition and what else was drawn.
    """

    series: Floats
    labels: NDArray[np.uint8]
    time_s: Doubles
    pixel_spacing_mm: float
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _Plane:
    """Points of the sample's pixels in heart coordinates, and the way back to pixels.

    centre_rc: pixel of the long axis; ``to_rc`` takes millimetres from the long axis.
    """

    x: Floats
    y: Floats
    z: Floats
    height_mm: float
    rotation: float
    centre_rc: tuple[float, float]
    spacing_mm: float

    def to_rc(self, x: float, y: float) -> tuple[float, float]:
        c, s = np.cos(self.rotation), np.sin(self.rotation)
        across, up = c * x - s * y, s * x + c * y
        return (
            float(self.centre_rc[0] - up / self.spacing_mm),
            float(self.centre_rc[1] + across / self.spacing_mm),
        )


def training_sample(
    rng: np.random.Generator,
    *,
    size: int = 96,
    frames: int = 36,
    dt_s: float = 1.0,
    lead_s: float = 6.0,
    window_jitter_s: float = 2.5,
    pixel_spacing_mm: float | None = None,
    tier: Tier = "wild",
    output: Output | None = None,
    convention: LabelConvention = READERS,
    centre_jitter_mm: float = 6.0,
    residual_motion: float = 1.0,
    field_strength_t: float | None = None,
) -> TrainingSample:
    """A random slice of a random patient, labelled.

    frames, dt_s: the window that the network sees; it starts ``lead_s`` before the agent reaches
    the right ventricle, give or take a normal jitter of ``window_jitter_s``.
    pixel_spacing_mm: of the grid (random 1.7-2.3 by default; acquired resolution varies below it).
    output: ``raw`` single-sequence signal, ``pd`` divided by the proton-density image, ``gd`` in
    mmol/L through the myocardial look-up table; random by default (half of them raw).
    convention: how far from the anatomical edges the label's edges lie (``drawing``).
    residual_motion: scale of the motion that stays after alignment; 0 is none.
    """
    spread = SPREAD[tier]
    output = output or ("raw", "pd", "gd")[int(rng.choice(3, p=(0.5, 0.2, 0.3)))]
    spacing = pixel_spacing_mm or float(rng.uniform(1.7, 2.3))
    stress = bool(rng.random() < 0.5)
    tesla = field_strength_t or float(rng.choice((1.5, 3.0)))
    body = population.sample_body(rng, tier)
    plane, position = _sample_plane(rng, body, size, spacing, centre_jitter_mm, spread)
    softness = spacing * float(rng.uniform(0.9, 1.7))
    section = cut(body, plane.x, plane.y, plane.z, softness_mm=softness)

    chemistry = contrast.sample_chemistry(rng, field_strength_t=tesla, contrast_spread=spread)
    dose = float(rng.uniform(0.9, 2.4)) if output == "raw" else 1.0
    bolus = population.sample_bolus(rng, stress=stress, tier=tier, dose=dose)
    fractions, levels = _split_by_flow(rng, body, section, plane, stress=stress, tier=tier)
    beats = _beats(rng, bolus.arrival_s + 3.0 + frames * dt_s + 6.0, stress=stress)
    grid = np.arange(0.0, beats[-1] + 1.0, _GRID_S)
    gd = contrast.concentration_curves(
        chemistry, bolus, levels, grid, rv_wall_mbf=0.7 * float(np.median(levels))
    )
    gd_at_beats = np.stack([np.interp(beats, grid, row) for row in gd])
    sequence = _sample_sequence(rng, dual=output != "raw")
    curves = contrast.signal_curves(chemistry, sequence, gd_at_beats)

    images = _images(rng, body, plane, fractions, curves, size)
    if residual_motion > 0:
        images = _move(rng, images, body, plane, scale=residual_motion * spread)
    pd = contrast.proton_density_row(chemistry, sequence, curves.shape[0])
    images = _acquire(rng, images, fractions, pd, plane, section, output=output, spread=spread)
    if output == "gd":
        images = _to_gd(images, chemistry, sequence)
    start = float(np.clip(bolus.arrival_s - lead_s + rng.normal(0.0, window_jitter_s), 0.0, None))
    times: Doubles = start + dt_s * np.arange(frames, dtype=np.float64)
    series = _resample(images, beats, times)
    if output == "raw":
        series *= np.float32(np.exp(rng.uniform(0.0, 8.0)) / max(float(series.mean()), 1e-6))
    labels = draw_labels(section, convention)
    meta = {
        "output": output,
        "condition": "stress" if stress else "rest",
        "position": position,
        "field_strength_t": tesla,
        "readout": sequence.readout,
        "arrival_s": bolus.arrival_s - start,
        "transit_s": bolus.transit_s,
        "epi_inset_mm": convention.epi_inset_mm,
        "endo_outset_mm": convention.endo_outset_mm,
        **_landmarks(body, plane),
    }
    return TrainingSample(
        series=series,
        labels=labels,
        time_s=times - start,
        pixel_spacing_mm=spacing,
        meta=meta,
    )


def _sample_plane(
    rng: np.random.Generator, body: Body, size: int, spacing: float, jitter: float, spread: float
) -> tuple[_Plane, str]:
    heart = body.heart
    position = ("basal", "mid", "apical")[int(rng.choice(3, p=(0.38, 0.4, 0.22)))]
    low, high = {"basal": (0.06, 0.33), "mid": (0.36, 0.6), "apical": (0.6, 0.86)}[position]
    height = float(rng.uniform(low, high)) * heart.length_mm
    rotation = float(np.deg2rad(rng.normal(0.0, 14.0 * spread)))
    if rng.random() < 0.04 * spread:
        rotation = float(rng.uniform(-np.pi, np.pi))
    off = rng.normal(0.0, jitter, 2)
    if rng.random() < 0.05:
        off = rng.uniform(-22.0, 22.0, 2)
    cx, cy = (float(np.asarray(c)) for c in axis_centre(heart, np.array(height, dtype=np.float32)))
    step = np.arange(size, dtype=np.float32) - (size - 1) / 2.0
    across = (step * spacing)[None, :] - np.float32(off[0])
    up = -(step * spacing)[:, None] - np.float32(off[1])
    c, s = np.float32(np.cos(rotation)), np.float32(np.sin(rotation))
    x = (c * across + s * up + np.float32(cx)).astype(np.float32)
    y = (c * up - s * across + np.float32(cy)).astype(np.float32)
    tilt = np.tan(np.deg2rad(rng.normal(0.0, 5.0 * spread, 2))).astype(np.float32)
    z = (height + tilt[0] * (x - cx) + tilt[1] * (y - cy)).astype(np.float32)
    centre_rc = (
        (size - 1) / 2.0 - float(off[1]) / spacing,
        (size - 1) / 2.0 + float(off[0]) / spacing,
    )
    plane = _Plane(
        x=x,
        y=y,
        z=z,
        height_mm=height,
        rotation=rotation,
        centre_rc=centre_rc,
        spacing_mm=spacing,
    )
    return plane, position


def _split_by_flow(
    rng: np.random.Generator, body: Body, section: Cut, plane: _Plane, *, stress: bool, tier: Tier
) -> tuple[Floats, Doubles]:
    """Replace the myocardium row by one row per flow level; flows between levels are shared."""
    count = int(rng.choice((0, 1, 2), p=(0.45, 0.4, 0.15)))
    pattern = sample_pattern(
        rng, stress=stress, defects=sample_defects(rng, count=count), wild=tier == "wild"
    )
    aha = aha_angle_deg(body.heart, section.angle, plane.height_mm)
    height = plane.z / np.float32(body.heart.length_mm)
    mbf = mbf_map(pattern, aha, section.depth, height)
    wall = section.fractions[Tissue.MYOCARDIUM]
    present = mbf[wall > 0.01]
    low, high = (float(present.min()), float(present.max())) if present.size else (1.0, 1.0)
    levels = np.geomspace(low, max(high, 1.02 * low), _FLOW_LEVELS)
    where = np.interp(mbf, levels, np.arange(_FLOW_LEVELS)).astype(np.float32)
    level = np.arange(_FLOW_LEVELS, dtype=np.float32)[:, None, None]
    shares = np.maximum(1.0 - np.abs(where[None] - level), 0.0) * wall[None]
    return np.concatenate([section.fractions[:FIXED_TISSUES], shares]), levels


def _beats(rng: np.random.Generator, until_s: float, *, stress: bool) -> Doubles:
    rate = float(np.clip(rng.normal(88.0 if stress else 68.0, 15.0), 45.0, 140.0))
    count = int(until_s * rate / 60.0) + 2
    interval = 60.0 / rate * (1.0 + rng.normal(0.0, rng.choice((0.02, 0.05, 0.18)), count))
    missed = rng.random(count) < rng.choice((0.0, 0.03, 0.1))
    interval = np.clip(interval, 0.35, 2.0) * np.where(missed, 2.0, 1.0)
    return np.concatenate([[0.0], np.cumsum(interval)])


def _sample_sequence(rng: np.random.Generator, *, dual: bool) -> Sequence:
    balanced = bool(rng.random() < 0.5)
    tr = float(rng.uniform(2.0, 3.0))
    line = int(rng.integers(15, 36))
    return Sequence(
        readout="bssfp" if balanced else "flash",
        flip_deg=float(rng.uniform(35, 60) if balanced else rng.uniform(9, 18)),
        tr_ms=tr,
        te_ms=float(rng.uniform(1.0, 1.4)),
        delay_ms=float(rng.uniform(25, 60) if dual else rng.uniform(50, 140)),
        centre_line=line,
    )


def _images(
    rng: np.random.Generator,
    body: Body,
    plane: _Plane,
    fractions: Floats,
    curves: Doubles,
    size: int,
) -> Floats:
    """Ideal frames (T, H, W): fractions times curves, roughened by the grain of the tissues."""
    grain = body.noise.at(plane.x, plane.y, plane.z, scale_mm=9.0, octaves=2)
    rough = fractions.copy()
    rough[: Tissue.EPICARDIAL_FAT] *= 1.0 + np.float32(rng.uniform(0.1, 0.7)) * grain
    rough[Tissue.EPICARDIAL_FAT :] *= 1.0 + np.float32(rng.uniform(0.0, 0.08)) * grain
    flat = curves.T.astype(np.float32) @ rough.reshape(rough.shape[0], -1)
    return np.asarray(np.maximum(flat, 0.0)).reshape(-1, size, size)


def _move(
    rng: np.random.Generator, images: Floats, body: Body, plane: _Plane, *, scale: float
) -> Floats:
    """Motion that alignment leaves: the heart trembles and beats, the surroundings slide."""
    count, height, width = images.shape
    t = np.arange(count)
    period = rng.uniform(3.0, 8.0)
    breath = np.sin(2 * np.pi * t / period + rng.uniform(0, 2 * np.pi)) + rng.normal(0, 0.3, count)
    heading = rng.uniform(0.0, 2.0 * np.pi)
    direction = np.array([np.sin(heading), np.cos(heading)])
    around = breath[:, None] * direction * (abs(rng.normal(0.0, 4.0)) * scale / plane.spacing_mm)
    unsteady = abs(rng.normal(0.0, 0.35)) * scale + 0.05
    tremble: Doubles = rng.normal(0.0, unsteady, (count, 2))
    drift = np.cumsum(rng.normal(0.0, 0.06 * scale, (count, 2)), axis=0)
    tremble += drift - drift[count // 2]
    gasps = rng.random(count) < rng.choice((0.0, 0.03, 0.08))
    tremble[gasps] += rng.normal(0.0, 2.0 * scale, (int(gasps.sum()), 2))
    squeeze: Doubles = rng.normal(0.0, abs(rng.normal(0.0, 0.015)) * scale, size=(count,))
    rows, columns = np.meshgrid(
        np.arange(height, dtype=np.float32), np.arange(width, dtype=np.float32), indexing="ij"
    )
    row, column = plane.centre_rc
    distance = np.hypot(rows - row, columns - column) * np.float32(plane.spacing_mm)
    reach = body.heart.epi_radius_mm
    beyond = (distance - 1.35 * reach) / np.float32(0.15 * reach)
    heart: Floats = (1.0 / (1.0 + np.exp(beyond))).astype(np.float32)
    rest = 1.0 - heart
    moved = np.empty_like(images)
    for k in range(count):
        dr = heart * (np.float32(tremble[k, 0]) + np.float32(squeeze[k]) * (rows - row))
        dc = heart * (np.float32(tremble[k, 1]) + np.float32(squeeze[k]) * (columns - column))
        dr += rest * np.float32(around[k, 0])
        dc += rest * np.float32(around[k, 1])
        moved[k] = cv2.remap(
            images[k], columns + dc, rows + dr, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    return moved


def _acquire(
    rng: np.random.Generator,
    images: Floats,
    fractions: Floats,
    pd: Doubles,
    plane: _Plane,
    section: Cut,
    *,
    output: Output,
    spread: float,
) -> Floats:
    """Coil, resolution, ghosts, noise; ``pd`` and ``gd`` are divided by the smoothed PD image."""
    acquired_mm = rng.uniform(1.2, 3.0)
    sigma = 0.42 * np.sqrt(max(acquired_mm**2 - plane.spacing_mm**2, 0.0)) / plane.spacing_mm
    if rng.random() < 0.4:
        images = camera.truncate_kspace(
            images,
            (rng.uniform(0.6, 1.0), rng.uniform(0.75, 1.0)),
            roll_off=float(rng.choice((0.0, 0.3, 0.6))),
        )
    else:
        images = camera.blur(images, (sigma * rng.uniform(0.8, 1.4), sigma))
    shading = camera.coil_shading(rng, plane.x, plane.y, strength=float(rng.uniform(0.0, 1.5)))
    images *= shading
    if rng.random() < 0.15 * spread:
        axis = int(rng.integers(1, 3))
        level = float(rng.uniform(0.01, 0.08))
        images = camera.ghosts(rng, images, level=level, axis=axis, factor=int(rng.integers(2, 4)))
    wall = fractions[FIXED_TISSUES:].sum(0) > 0.5
    enhanced = images[:, wall].mean(1).max() if wall.any() else images.mean()
    level = float(enhanced) / float(np.exp(rng.uniform(np.log(6.0), np.log(50.0))))
    amplification = camera.noise_amplification(plane.x, plane.y, rng, peak=float(rng.uniform(1, 2)))
    images = camera.add_noise(rng, images, level * amplification)
    if output == "raw":
        return images
    density = (pd[:, None].astype(np.float32) * fractions.reshape(pd.size, -1)).sum(0)
    density = density.reshape(section.radius.shape) * shading
    noisy = camera.add_noise(rng, np.repeat(density[None], 3, 0), level * amplification).mean(0)
    smooth = cv2.GaussianBlur(noisy, (0, 0), float(rng.uniform(1.0, 4.0)))
    floor = np.float32(0.04 * np.percentile(smooth, 90))
    return np.asarray(images / np.maximum(smooth, floor), dtype=np.float32)


def _to_gd(images: Floats, chemistry: contrast.Chemistry, sequence: Sequence) -> Floats:
    """Through the myocardial look-up table, as the pipeline does for every pixel of a slice."""
    table = 12.0 * np.linspace(0.0, 1.0, 60) ** 1.5
    nominal = chemistry.relaxation[Tissue.MYOCARDIUM]
    ratio = saturation_recovery(table, nominal, sequence, chemistry.agent)
    ratio = ratio / proton_density(nominal, sequence)
    rising = np.maximum.accumulate(ratio)
    keep = np.concatenate([[True], np.diff(rising) > 1e-6])
    slope = (table[1] - table[0]) / (rising[1] - rising[0])
    gd = np.interp(images, rising[keep], table[keep])
    below = images < rising[0]
    gd[below] = (images[below] - rising[0]) * slope
    return np.asarray(gd, dtype=np.float32)


def _resample(images: Floats, beats: Doubles, times: Doubles) -> Floats:
    """Linear interpolation in time, ends held."""
    after = np.clip(np.searchsorted(beats, times), 1, beats.size - 1)
    share = np.clip((times - beats[after - 1]) / (beats[after] - beats[after - 1]), 0.0, 1.0)
    weight = share.astype(np.float32)[:, None, None]
    return np.asarray(images[after - 1] * (1.0 - weight) + images[after] * weight)


def _landmarks(body: Body, plane: _Plane) -> dict[str, Any]:
    z = plane.height_mm
    has_rv = z < body.heart.rv_length * body.heart.length_mm - 3.0
    points: dict[str, Any] = {"lv_centre_rc": plane.to_rc(0.0, 0.0)}
    for name, degrees in zip(("anterior", "inferior"), insertions_deg(body.heart, z), strict=True):
        angle = np.float32(np.deg2rad(float(degrees)))
        _, epi = lv_surfaces(body.heart, np.array([angle]), np.array([z], dtype=np.float32))
        at = plane.to_rc(float(epi[0] * np.cos(angle)), float(epi[0] * np.sin(angle)))
        points[f"rv_insertion_{name}_rc"] = at if has_rv else None
    return points

"""Short series with labels for training networks: the full phantom's physics, many per second.

One plane is cut once; tissues are few and each has one curve, so a series is the product of tissue
fractions and signal curves, warped a little from beat to beat.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.domain import Position
from analysis.phantom import camera, contrast, population
from analysis.phantom.drawing import (
    READERS,
    LabelConvention,
    blood_shares,
    draw_blood,
    draw_labels,
)
from analysis.phantom.heart import Heart, aha_angle_deg
from analysis.phantom.imaging import split_by_flow
from analysis.phantom.perfusion import FlowPattern, mbf_map, sample_defects, sample_pattern
from analysis.phantom.population import SPREAD, Tier
from analysis.phantom.render import Body, Cut, cut
from analysis.phantom.sample_motion import sample_movement
from analysis.phantom.sample_planes import SamplePlane, View, landmarks, sample_plane
from analysis.phantom.signal import Sequence, proton_density, saturation_recovery
from analysis.phantom.tissues import FIXED_TISSUES, Tissue

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Output = Literal["raw", "pd", "gd", "aif"]

_FLOW_LEVELS = 10
_GRID_S = 0.2


@dataclass(frozen=True, kw_only=True)
class TrainingSample:
    """A simulated slice ready for a network.

    series: (T, H, W) float32 in the units of ``meta["output"]`` (raw and pd: arbitrary gain).
    labels: (H, W) uint8, 0 background, 1 LV cavity (papillary muscles included), 2 myocardium,
    3 RV.
    time_s: (T,) from the beginning of the window.
    blood: (2, H, W) share of left and right ventricular blood where it lies while it is bright.
    meta: lv_centre_rc, rv_insertion_anterior_rc, rv_insertion_inferior_rc (row, column; None where
    the right ventricle is not in the plane), kind of slice, condition and what else was drawn.
    """

    series: Floats
    labels: NDArray[np.uint8]
    time_s: Doubles
    pixel_spacing_mm: float
    blood: Floats
    meta: dict[str, Any] = field(default_factory=dict)


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
    breathing_mm: float = 0.0,
    field_strength_t: float | None = None,
    view: View = "short_axis",
    position: Position | None = None,
    bolus_missing: bool = False,
    snr: tuple[float, float] = (6.0, 50.0),
    change_heart: Callable[[Heart], Heart] | None = None,
) -> TrainingSample:
    """A random slice of a random patient, labelled.

    frames, dt_s: the window that the network sees; it starts ``lead_s`` before the agent reaches
    the right ventricle, give or take a normal jitter of ``window_jitter_s``.
    pixel_spacing_mm: of the grid (random 1.7-2.3 by default; acquired resolution varies below it).
    output: ``raw`` single-sequence signal, ``pd`` divided by the proton-density image, ``gd`` in
    mmol/L through the myocardial look-up table, ``aif`` low-resolution arterial input images whose
    labels are the two pools of blood; random among the first three by default (half of them raw).
    convention: how far from the anatomical edges the label's edges lie (``drawing``).
    residual_motion: scale of the motion that stays after alignment; 0 is none, 10 a failure.
    breathing_mm: depth of free breathing that nobody has corrected, for series that go through the
    real alignment before they are trained on.
    position: which third of the heart is cut; any by default.
    view, bolus_missing, snr (range, of the wall at its brightest): for series to be refused.
    change_heart: what to do to the random heart before it is imaged: variety for training alone,
    which the frozen patients do not have.
    """
    spread = SPREAD[tier]
    output = output or ("raw", "pd", "gd")[int(rng.choice(3, p=(0.5, 0.2, 0.3)))]
    usual = (4.8, 6.6) if output == "aif" else (1.7, 2.3)
    spacing = pixel_spacing_mm or float(rng.uniform(*usual))
    stress = bool(rng.random() < 0.5)
    tesla = field_strength_t or float(rng.choice((1.5, 3.0)))
    body = population.sample_body(rng, tier)
    if change_heart is not None:
        body = replace(body, heart=change_heart(body.heart))
    plane = sample_plane(
        rng,
        body,
        size=size,
        spacing_mm=spacing,
        centre_jitter_mm=centre_jitter_mm,
        spread=spread,
        view=view,
        position=position,
    )
    softness = spacing * float(rng.uniform(0.9, 1.7))
    section = cut(body, plane.x, plane.y, plane.z, softness_mm=softness)
    beyond = _neighbour(rng, body, plane, softness) if residual_motion > 0 else None

    chemistry = contrast.sample_chemistry(rng, field_strength_t=tesla, contrast_spread=spread)
    dose = float(rng.uniform(0.9, 2.4)) if output == "raw" else 1.0
    bolus = population.sample_bolus(rng, stress=stress, tier=tier, dose=dose)
    if bolus_missing:
        bolus = replace(bolus, area_mmol_s_per_l=0.0)
    pattern = _sample_flow(rng, stress=stress, tier=tier)
    levels = _flow_levels(pattern, body, section, plane)
    fractions = _split_by_flow(pattern, levels, body, section, plane)
    beats = _beats(rng, bolus.arrival_s + 3.0 + frames * dt_s + 6.0, stress=stress)
    grid = np.arange(0.0, beats[-1] + 1.0, _GRID_S)
    gd = contrast.concentration_curves(
        chemistry, bolus, levels, grid, rv_wall_mbf=0.7 * float(np.median(levels))
    )
    gd_at_beats = np.stack([np.interp(beats, grid, row) for row in gd])
    sequence = _sample_sequence(rng, output)
    curves = contrast.signal_curves(chemistry, sequence, gd_at_beats)

    grain = _sample_grain(rng, body, plane)
    images = _images(fractions, curves, grain)
    movement = sample_movement(
        rng,
        beats,
        plane=plane,
        reach_mm=body.heart.epi_radius_mm,
        scale=residual_motion * spread,
        breathing_mm=breathing_mm,
    )
    if beyond is not None:
        other = _split_by_flow(pattern, levels, body, beyond, plane)
        depth = movement.through_plane[:, None, None]
        images += depth * (_images(other, curves, grain) - images)
    if residual_motion > 0 or breathing_mm > 0:
        images = movement.warp(images)
    pd = contrast.proton_density_row(chemistry, sequence, curves.shape[0])
    images = _acquire(rng, images, fractions, pd, plane, section, output=output, snr=snr)
    if output == "gd":
        images = _to_gd(images, chemistry, sequence)
    start = float(np.clip(bolus.arrival_s - lead_s + rng.normal(0.0, window_jitter_s), 0.0, None))
    times: Doubles = start + dt_s * np.arange(frames, dtype=np.float64)
    series = _resample(images, beats, times)
    if output in ("raw", "aif"):
        series *= np.float32(np.exp(rng.uniform(3.0, 8.0)) / max(float(series.mean()), 1e-6))
        np.rint(series, out=series)
    blood = movement.seen_while_bright(
        blood_shares(section),
        None if beyond is None else blood_shares(beyond),
        gd_at_beats[[Tissue.LV_BLOOD, Tissue.RV_BLOOD]],
    )
    labels = draw_blood(blood) if output == "aif" else draw_labels(section, convention)
    meta = {
        "output": output,
        "condition": "stress" if stress else "rest",
        "position": plane.position,
        "view": view,
        "mirrored": plane.mirrored,
        "field_strength_t": tesla,
        "readout": sequence.readout,
        "arrival_s": bolus.arrival_s - start,
        "transit_s": bolus.transit_s,
        "epi_inset_mm": convention.epi_inset_mm,
        "endo_outset_mm": convention.endo_outset_mm,
        **landmarks(body, plane),
    }
    return TrainingSample(
        series=series,
        labels=labels,
        time_s=times - start,
        pixel_spacing_mm=spacing,
        blood=blood,
        meta=meta,
    )


def _neighbour(
    rng: np.random.Generator, body: Body, plane: SamplePlane, softness_mm: float
) -> Cut | None:
    """The anatomy a few millimetres further, where breathing sometimes takes the slice."""
    if rng.random() < 0.5:
        return None
    further = np.float32(rng.choice((-1.0, 1.0)) * rng.uniform(2.0, 8.0))
    return cut(body, plane.x, plane.y, plane.z + further, softness_mm=softness_mm)


def _sample_flow(rng: np.random.Generator, *, stress: bool, tier: Tier) -> FlowPattern:
    count = int(rng.choice((0, 1, 2), p=(0.45, 0.4, 0.15)))
    defects = sample_defects(rng, count=count)
    return sample_pattern(rng, stress=stress, defects=defects, wild=tier == "wild")


def _flow_at(pattern: FlowPattern, body: Body, section: Cut, plane: SamplePlane) -> Floats:
    aha = aha_angle_deg(body.heart, section.angle, plane.height_mm)
    return mbf_map(pattern, aha, section.depth, plane.z / np.float32(body.heart.length_mm))


def _flow_levels(pattern: FlowPattern, body: Body, section: Cut, plane: SamplePlane) -> Doubles:
    """Flows for which tissue curves are computed."""
    present = _flow_at(pattern, body, section, plane)
    present = present[section.fractions[Tissue.MYOCARDIUM] > 0.01]
    low, high = (float(present.min()), float(present.max())) if present.size else (1.0, 1.0)
    return np.geomspace(low, max(high, 1.02 * low), _FLOW_LEVELS)


def _split_by_flow(
    pattern: FlowPattern, levels: Doubles, body: Body, section: Cut, plane: SamplePlane
) -> Floats:
    """Replace the myocardium row by one row per flow level; flows between levels are shared."""
    return split_by_flow(section, _flow_at(pattern, body, section, plane), levels)


def _sample_grain(
    rng: np.random.Generator, body: Body, plane: SamplePlane
) -> tuple[Floats, Floats]:
    """Grain (H, W) of the surroundings and of the heart, 1 on average."""
    grain = body.noise.at(plane.x, plane.y, plane.z, scale_mm=9.0, octaves=2)
    around = 1.0 + np.float32(rng.uniform(0.1, 0.7)) * grain
    heart = 1.0 + np.float32(rng.uniform(0.0, 0.08)) * grain
    return around, heart


def _beats(rng: np.random.Generator, until_s: float, *, stress: bool) -> Doubles:
    rate = float(np.clip(rng.normal(88.0 if stress else 68.0, 15.0), 45.0, 140.0))
    count = int(until_s * rate / 60.0) + 2
    interval = 60.0 / rate * (1.0 + rng.normal(0.0, rng.choice((0.02, 0.05, 0.18)), count))
    missed = rng.random(count) < rng.choice((0.0, 0.03, 0.1))
    interval = np.clip(interval, 0.35, 2.0) * np.where(missed, 2.0, 1.0)
    return np.concatenate([[0.0], np.cumsum(interval)])


def _sample_sequence(rng: np.random.Generator, output: Output) -> Sequence:
    if output == "aif":
        return Sequence(
            readout="flash",
            flip_deg=float(rng.uniform(5, 12)),
            tr_ms=float(rng.uniform(1.8, 2.4)),
            te_ms=float(rng.uniform(0.5, 0.9)),
            delay_ms=float(rng.uniform(3.0, 12.0)),
            centre_line=int(rng.integers(7, 14)),
        )
    balanced = bool(rng.random() < 0.5)
    return Sequence(
        readout="bssfp" if balanced else "flash",
        flip_deg=float(rng.uniform(35, 60) if balanced else rng.uniform(9, 18)),
        tr_ms=float(rng.uniform(2.0, 3.0)),
        te_ms=float(rng.uniform(1.0, 1.4)),
        delay_ms=float(rng.uniform(50, 140) if output == "raw" else rng.uniform(25, 60)),
        centre_line=int(rng.integers(15, 36)),
    )


def _images(fractions: Floats, curves: Doubles, grain: tuple[Floats, Floats]) -> Floats:
    """Ideal frames (T, H, W): fractions times curves, roughened by the grain of the tissues."""
    rough = fractions.copy()
    rough[: Tissue.EPICARDIAL_FAT] *= grain[0]
    rough[Tissue.EPICARDIAL_FAT :] *= grain[1]
    flat = curves.T.astype(np.float32) @ rough.reshape(rough.shape[0], -1)
    return np.asarray(np.maximum(flat, 0.0)).reshape(-1, *fractions.shape[1:])


def _acquire(
    rng: np.random.Generator,
    images: Floats,
    fractions: Floats,
    pd: Doubles,
    plane: SamplePlane,
    section: Cut,
    *,
    output: Output,
    snr: tuple[float, float],
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
    if rng.random() < 0.2:
        axis = int(rng.integers(1, 3))
        level = float(rng.uniform(0.01, 0.08))
        images = camera.ghosts(rng, images, level=level, axis=axis, factor=int(rng.integers(2, 4)))
    wall = fractions[FIXED_TISSUES:].sum(0) > 0.5
    enhanced = images[:, wall].mean(1).max() if wall.any() else images.mean()
    level = float(enhanced) / float(np.exp(rng.uniform(*np.log(snr))))
    amplification = camera.noise_amplification(plane.x, plane.y, rng, peak=float(rng.uniform(1, 2)))
    images = camera.add_noise(rng, images, level * amplification)
    if output in ("raw", "aif"):
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

"""Takes the images of one condition: slices and arterial input images on one timeline."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from analysis.constants import LV_CAVITY, MYOCARDIUM
from analysis.domain import Bools, Doubles, Floats, SliceGeometry
from analysis.phantom import camera, contrast, imaging, motion, physiology, truth
from analysis.phantom.drawing import draw_blood, draw_labels
from analysis.phantom.heart import axis_centre
from analysis.phantom.motion import PlaneMotion
from analysis.phantom.physiology import ConditionState
from analysis.phantom.placement import normal, pixel_points, to_pixels
from analysis.phantom.render import Body
from analysis.phantom.scan import AIF_ECHOES_MS, SHAPE, Scan
from analysis.phantom.signal import Sequence
from analysis.phantom.tissues import Tissue
from analysis.phantom.torso import body_depth
from analysis.phantom.values import SimulatedAif, SimulatedSlice, SliceTruth

AIF_SHAPE = (48, 64)
AIF_SPACING_MM = (5.625, 5.625)
PD_FRAMES = 3
_AIF_NOISE = 1.0 / 3.0
"""Noise of the coarse images relative to that of the slices, each to its own bright tissue."""
_DOWN = np.array([0.05, -0.18, -0.98])
"""Where the heart follows the diaphragm when the patient breathes in (patient coordinates)."""


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """Times (s) on the internal clock, which starts at the first R wave.

    zero_s: the acquisition's clock zero on the internal clock.
    """

    r_waves_s: Doubles
    rr_s: Doubles
    aif_delay_s: float
    slice_delays_s: tuple[float, ...]
    is_pd: Bools
    zero_s: float


@dataclass(frozen=True, kw_only=True)
class Tracer:
    """What moves and fills during an acquisition, on the internal clock.

    gd: (K, T) concentration of every fraction row on grid_s; levels: flows of the last rows;
    breath_mm: (T,) depth of the diaphragm.
    """

    grid_s: Doubles
    gd: Doubles
    levels: Doubles
    breath_mm: Doubles


def sample_timeline(rng: np.random.Generator, scan: Scan, state: ConditionState) -> Timeline:
    rr = motion.heartbeats(
        rng,
        scan.options.beats,
        rate_bpm=state.heart_rate_bpm,
        irregularity=state.irregularity,
        missed=state.missed,
    )
    r_waves = np.concatenate([[0.0], np.cumsum(rr[:-1])])
    room = max(60.0 / state.heart_rate_bpm - 0.08, 0.3)
    each = min(0.145, room / len(scan.positions))
    delays = tuple(0.06 + each * k for k in range(len(scan.positions)))
    pd = PD_FRAMES if scan.dual else 0
    return Timeline(
        r_waves_s=r_waves,
        rr_s=rr,
        aif_delay_s=0.02,
        slice_delays_s=delays,
        is_pd=np.arange(scan.options.beats) < pd,
        zero_s=float(r_waves[pd]) + (0.02 if scan.dual else delays[0]),
    )


def _curves_at(
    scan: Scan, sequence: Sequence, tracer: Tracer, times: Doubles, is_pd: Bools
) -> Doubles:
    """Signal curves (K, T) of every tissue at the frames' times, proton-density frames included."""
    at_frames = np.stack([np.interp(times, tracer.grid_s, row) for row in tracer.gd])
    curves = contrast.signal_curves(scan.chemistry, sequence, at_frames)
    if is_pd.any():
        density = contrast.proton_density_row(scan.chemistry, sequence, curves.shape[0])
        curves[:, is_pd] = density[:, None]
    return curves


@dataclass(frozen=True, kw_only=True)
class _Plane:
    """One plane with its anatomy, motion and coil, ready to be imaged."""

    slab: imaging.Slab
    motion: PlaneMotion
    through_mm: Doubles
    shading: Floats


def _set_up(
    scan: Scan,
    state: ConditionState,
    tracer: Tracer,
    body: Body,
    geometry: SliceGeometry,
    shape: tuple[int, int],
    times: Doubles,
    squeeze: Doubles,
    height_mm: float,
) -> _Plane:
    moved = np.interp(times, tracer.grid_s, tracer.breath_mm)
    most = imaging.MOST_THROUGH_PLANE_MM
    through = np.clip(moved * float(_DOWN @ normal(geometry)), -most, most)
    slab = imaging.cut_slab(
        body,
        scan.frame,
        geometry,
        shape,
        flow=state.flow,
        levels=tracer.levels,
        reach_mm=float(np.abs(through).max()),
    )
    along = (geometry.column_direction, geometry.row_direction)
    steps = [
        _DOWN @ np.asarray(d) / s for d, s in zip(along, geometry.pixel_spacing_mm, strict=True)
    ]
    x, y, z = pixel_points(scan.frame, geometry, shape)
    cx, cy = axis_centre(body.heart, np.array(height_mm, dtype=np.float32))
    centre = to_pixels(scan.frame, geometry, np.array([float(cx), float(cy), height_mm]))
    moves = motion.plane_motion(
        body_depth_mm=body_depth(body.torso, x, y, z),
        radius_mm=slab.middle.radius,
        epi_mm=slab.middle.epi,
        centre_rc=(float(centre[0]), float(centre[1])),
        shift_px=moved[:, None] * np.array(steps)[None, :],
        squeeze=squeeze,
    )
    shading = camera.coil_shading(np.random.default_rng(scan.shading_seed), x, y, strength=1.0)
    return _Plane(slab=slab, motion=moves, through_mm=through, shading=shading)


def take_slice(
    rng: np.random.Generator,
    scan: Scan,
    state: ConditionState,
    line: Timeline,
    tracer: Tracer,
    k: int,
) -> SimulatedSlice:
    """All frames of slice ``k``, and what is really in it."""
    geometry, height, position = scan.geometries[k], scan.heights_mm[k], scan.positions[k]
    body = replace(scan.body, heart=physiology.contracted(scan.body.heart, scan.systole[k]))
    times = line.r_waves_s + line.slice_delays_s[k]
    jitter = rng.normal(0.0, 0.008 + 0.25 * state.irregularity, times.size)
    squeeze = np.clip(jitter, -0.12, 0.12)
    plane = _set_up(scan, state, tracer, body, geometry, SHAPE, times, squeeze, height)
    frames = imaging.ideal_frames(
        plane.slab,
        _curves_at(scan, scan.sequence, tracer, times, line.is_pd),
        SHAPE,
        motion=plane.motion,
        through_plane_mm=plane.through_mm,
        point_spread=scan.point_spread,
    )
    convention = scan.options.convention
    contours = truth.draw_contours(
        body.heart, scan.frame, geometry, height_mm=height, convention=convention
    )
    seen_contours = truth.draw_seen_contours(
        body.heart,
        scan.frame,
        geometry,
        height_mm=height,
        moved_mm=float(np.median(plane.through_mm[~line.is_pd])),
        convention=convention,
    )
    labels = draw_labels(plane.slab.middle, convention)
    if contours.endo_rc is None:
        labels[labels == LV_CAVITY] = MYOCARDIUM
    wall = labels == MYOCARDIUM
    level = imaging.enhanced_level((frames * plane.shading)[~line.is_pd], wall)
    noisy = imaging.digitise(
        rng,
        frames,
        shading=plane.shading,
        noise=level / scan.snr,
        ghost_level=scan.ghost_level,
    )
    segments = truth.draw_segments(
        labels, body.heart, scan.frame, geometry, contours, position=position, height_mm=height
    )
    mbf = np.where(wall, plane.slab.mbf, np.nan).astype(np.float32)
    return SimulatedSlice(
        position=position,
        geometry=geometry,
        signal=imaging.to_12_bits(noisy, float(np.percentile(noisy, 99.95))),
        time_s=times - line.zero_s,
        trigger_ms=np.full(times.size, 1000.0 * line.slice_delays_s[k]),
        is_pd=line.is_pd,
        truth=SliceTruth(
            labels=labels,
            segments=segments,
            mbf_ml_per_min_per_g=mbf,
            segment_mbf=truth.segment_means(mbf, segments),
            displacement_px=plane.motion.all_displacements().astype(np.float16),
            through_plane_mm=plane.through_mm,
            contours=contours,
            seen_contours=seen_contours,
        ),
    )


def take_aif(
    rng: np.random.Generator, scan: Scan, state: ConditionState, line: Timeline, tracer: Tracer
) -> SimulatedAif:
    """The two-echo low-resolution images of the basal plane."""
    geometry = _coarse(scan.geometries[0])
    times = line.r_waves_s + line.aif_delay_s
    still = np.zeros(times.size)
    plane = _set_up(
        scan, state, tracer, scan.body, geometry, AIF_SHAPE, times, still, scan.heights_mm[0]
    )
    blood = plane.slab.middle.fractions[Tissue.LV_BLOOD] > 0.9
    echoes: list[Floats] = []
    sigma = 0.0
    for echo_ms in AIF_ECHOES_MS:
        sequence = replace(scan.aif_sequence, te_ms=echo_ms)
        frames = imaging.ideal_frames(
            plane.slab,
            _curves_at(scan, sequence, tracer, times, line.is_pd),
            AIF_SHAPE,
            motion=plane.motion,
            through_plane_mm=plane.through_mm,
            point_spread=imaging.PointSpread(keep=(1.0, 1.0), roll_off=1.0),
        )
        if not echoes:
            bright = imaging.enhanced_level((frames * plane.shading)[~line.is_pd], blood)
            sigma = bright / scan.snr * _AIF_NOISE
        echoes.append(imaging.digitise(rng, frames, shading=plane.shading, noise=sigma))
    signal = np.stack(echoes)
    return SimulatedAif(
        geometry=geometry,
        signal=imaging.to_12_bits(signal, float(np.percentile(signal, 99.95))),
        time_s=times - line.zero_s,
        trigger_ms=np.full(times.size, 1000.0 * line.aif_delay_s),
        is_pd=line.is_pd,
        labels=draw_blood(_blood_while_bright(plane, tracer, times, line.is_pd)),
        echo_times_ms=AIF_ECHOES_MS,
        sequence=scan.aif_sequence,
    )


def _blood_while_bright(plane: _Plane, tracer: Tracer, times: Doubles, is_pd: Bools) -> Floats:
    """Share (2, H, W) of both ventricles' blood where each lies while the bolus fills it."""
    places = []
    for tissue in (Tissue.LV_BLOOD, Tissue.RV_BLOOD):
        gd = np.interp(times, tracer.grid_s, tracer.gd[tissue])
        bright = (gd >= 0.5 * gd.max()) & ~is_pd
        weights = plane.slab.weights(float(np.median(plane.through_mm[bright])))
        share = (weights @ plane.slab.fractions[:, tissue]).reshape(AIF_SHAPE)
        places.append(motion.warp(share, plane.motion.usual_displacement(bright)))
    return np.stack(places)


def _coarse(geometry: SliceGeometry) -> SliceGeometry:
    """The same field of view in large pixels: the first pixel's centre moves inwards."""
    (row_mm, column_mm), (old_row, old_column) = AIF_SPACING_MM, geometry.pixel_spacing_mm
    corner = (
        np.asarray(geometry.position_mm)
        + 0.5 * (column_mm - old_column) * np.asarray(geometry.row_direction)
        + 0.5 * (row_mm - old_row) * np.asarray(geometry.column_direction)
    )
    return replace(
        geometry,
        position_mm=(float(corner[0]), float(corner[1]), float(corner[2])),
        pixel_spacing_mm=AIF_SPACING_MM,
        thickness_mm=10.0,
    )

"""A complete simulated exam: stress and rest, slices, arterial input images, and the truth."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, cast

import numpy as np

from analysis.constants import LV_CAVITY, MYOCARDIUM, POSITIONS, RV_CAVITY
from analysis.domain import Condition, Doubles, Floats, Position, SliceGeometry
from analysis.phantom import camera, contrast, imaging, motion, physiology, population, truth
from analysis.phantom.drawing import READERS, LabelConvention, draw_labels
from analysis.phantom.heart import axis_centre
from analysis.phantom.kinetics import blood_curve
from analysis.phantom.perfusion import Defect, FlowPattern
from analysis.phantom.physiology import ConditionState
from analysis.phantom.placement import (
    HeartFrame,
    normal,
    pixel_points,
    sample_heart_frame,
    short_axis_plane,
    to_pixels,
)
from analysis.phantom.population import SPREAD, Tier
from analysis.phantom.render import Body
from analysis.phantom.signal import Sequence
from analysis.phantom.tissues import Tissue
from analysis.phantom.torso import body_depth
from analysis.phantom.uids import derived_uid
from analysis.phantom.values import (
    Breathing,
    SimulatedAcquisition,
    SimulatedAif,
    SimulatedExam,
    SimulatedSlice,
    SliceTruth,
)
from analysis.phantom.version import GENERATOR_VERSION

SHAPE = (144, 192)
SPACING_MM = (1.875, 1.875)
AIF_SHAPE = (48, 64)
AIF_SPACING_MM = (5.625, 5.625)
AIF_ECHOES_MS = (0.65, 1.65)
PD_FRAMES = 3
FLOW_LEVELS = 20
_KINETIC_STEP_S = 0.1
_WAIT_S = (600.0, 1100.0)


@dataclass(frozen=True, kw_only=True)
class _Scan:
    """One patient on one scanner: what stress and rest share."""

    body: Body
    frame: HeartFrame
    chemistry: contrast.Chemistry
    sequence: Sequence
    aif_sequence: Sequence
    geometries: tuple[SliceGeometry, ...]
    heights_mm: tuple[float, ...]
    systole: tuple[float, ...]
    positions: tuple[Position, ...]
    dual: bool
    beats: int
    snr: float
    convention: LabelConvention
    shading_seed: int
    point_spread: imaging.PointSpread
    ghost_level: float


def simulate_exam(
    seed: int,
    *,
    field_strength: float | None = None,
    sequence: Literal["dual", "single"] = "dual",
    conditions: SequenceOf[Condition] = ("stress", "rest"),
    slices: int = 3,
    beats: int = 60,
    readout: Literal["flash", "bssfp"] | None = None,
    defects: tuple[Defect, ...] | None = None,
    breathing: Breathing | None = None,
    snr: float | None = None,
    tier: Tier = "standard",
    convention: LabelConvention = READERS,
    style: str = "siemens",
) -> SimulatedExam:
    """Simulate one patient's exam; the same arguments always give the same exam.

    field_strength: 1.5 or 3.0 T; readout: of the myocardial images; defects: regions of low flow
    (``()`` for none); breathing, snr (of the wall at its brightest): all random when None.
    sequence: ``single`` has no proton-density frames and no arterial input images, and its blood
    signal saturates.
    conditions: in the order in which they are acquired; the second one starts with what agent the
    first one left.
    """
    rng = np.random.default_rng([seed, 20261120])
    asked: dict[str, object] = {
        "field_strength_t": field_strength,
        "sequence": sequence,
        "conditions": list(conditions),
        "slices": slices,
        "beats": beats,
        "readout": readout,
        "defects": None if defects is None else [asdict(d) for d in defects],
        "breathing": breathing,
        "snr": snr,
        "tier": tier,
        "convention": asdict(convention),
    }
    patient = physiology.sample_patient(rng, seed)
    tesla = field_strength or float(rng.choice((1.5, 3.0)))
    scan = _prepare(rng, seed, tesla, sequence, slices, beats, readout, snr, tier, convention)
    chosen = physiology.sample_exam_defects(rng, tier) if defects is None else defects
    resting_rate = float(np.clip(rng.normal(66.0, 9.0 * SPREAD[tier]), 45.0, 115.0))
    dose = 1.0 if sequence == "dual" else float(rng.uniform(1.2, 2.0))
    begin = datetime(2026, 1, 5, 8, 0) + timedelta(
        days=int(rng.integers(0, 280)), minutes=int(rng.integers(0, 540))
    )
    acquisitions: list[SimulatedAcquisition] = []
    residual = 0.0
    for condition in conditions:
        own = np.random.default_rng([seed, 7, len(acquisitions)])
        state = physiology.sample_condition(
            own,
            stress=condition == "stress",
            tier=tier,
            defects=chosen,
            resting_rate_bpm=resting_rate,
            breathing=breathing,
            dose=dose,
        )
        state = replace(state, bolus=replace(state.bolus, residual_mmol_per_l=residual))
        acquisitions.append(_acquire(own, scan, state, condition, begin))
        wait = float(own.uniform(*_WAIT_S))
        residual = physiology.residual_after(state.bolus, wait)
        begin += timedelta(seconds=wait)
    return SimulatedExam(
        seed=seed,
        patient=patient,
        study_instance_uid=derived_uid("study", GENERATOR_VERSION, seed, style, *asked.values()),
        accession=f"SIM{seed:07d}",
        field_strength_t=tesla,
        sequence_class=sequence,
        agent=scan.chemistry.agent.name,
        style=style,
        convention=convention,
        has_defect=bool(chosen),
        acquisitions=tuple(acquisitions),
        options=asked,
    )


def _prepare(
    rng: np.random.Generator,
    seed: int,
    tesla: float,
    sequence: str,
    slices: int,
    beats: int,
    readout: Literal["flash", "bssfp"] | None,
    snr: float | None,
    tier: Tier,
    convention: LabelConvention,
) -> _Scan:
    spread = SPREAD[tier]
    dual = sequence == "dual"
    body = population.sample_body(rng, tier)
    frame = sample_heart_frame(rng, spread=spread)
    chemistry = contrast.sample_chemistry(rng, field_strength_t=tesla)
    balanced = (readout or str(rng.choice(("bssfp", "flash")))) == "bssfp"
    myocardial = Sequence(
        readout="bssfp" if balanced else "flash",
        flip_deg=50.0 if balanced else 14.0,
        tr_ms=2.5,
        te_ms=1.04,
        delay_ms=39.5 if dual else float(rng.uniform(70.0, 110.0)),
        centre_line=19,
    )
    arterial = Sequence(
        readout="flash", flip_deg=8.0, tr_ms=2.12, te_ms=AIF_ECHOES_MS[0], delay_ms=4.7,
        centre_line=9, pd_flip_deg=8.0,
    )  # fmt: skip
    positions = cast(
        tuple[Position, ...], {1: ("mid",), 2: ("basal", "mid")}.get(slices, POSITIONS)
    )
    usual = {"basal": 0.27, "mid": 0.5, "apical": 0.71}
    step = float(rng.normal(0.0, 0.03 * spread))
    heights = tuple(
        float(np.clip(usual[p] + step + rng.normal(0.0, 0.015), 0.06, 0.86)) * body.heart.length_mm
        for p in positions
    )
    rotation = float(rng.normal(0.0, 12.0 * spread))
    tilt = (float(rng.normal(0.0, 3.0 * spread)), float(rng.normal(0.0, 3.0 * spread)))
    offset = (
        float(np.clip(rng.normal(-0.5, 0.1) * body.torso.body_centre_mm[0], -60.0, 60.0)),
        float(np.clip(rng.normal(-0.5, 0.1) * body.torso.body_centre_mm[1], -45.0, 45.0)),
    )
    uid = derived_uid("frame", GENERATOR_VERSION, seed, tier, sequence, slices, readout)
    geometries = tuple(
        short_axis_plane(
            frame,
            height_mm=height,
            shape=SHAPE,
            spacing_mm=SPACING_MM,
            rotation_deg=rotation,
            tilt_deg=tilt,
            offset_mm=offset,
            frame_of_reference_uid=uid,
        )
        for height in heights
    )
    rings = rng.random() < 0.12 * spread
    point_spread = imaging.PointSpread(
        keep=(float(rng.uniform(0.8, 1.0)), 1.0),
        roll_off=float(rng.uniform(0.3, 0.6)) if rings else 1.0,
    )
    ghosts = float(rng.uniform(0.005, 0.03)) if rng.random() < 0.15 * spread else 0.0
    return _Scan(
        body=body,
        frame=frame,
        chemistry=chemistry,
        sequence=myocardial,
        aif_sequence=arterial,
        geometries=geometries,
        heights_mm=heights,
        systole=tuple(float(rng.uniform(0.0, 0.6)) for _ in positions),
        positions=positions,
        dual=dual,
        beats=beats,
        snr=snr or float(np.exp(rng.uniform(np.log(10.0), np.log(30.0)))),
        convention=convention,
        shading_seed=int(rng.integers(2**31)),
        point_spread=point_spread,
        ghost_level=ghosts,
    )


@dataclass(frozen=True, kw_only=True)
class _Timeline:
    """Times (s) on the internal clock, which starts at the first R wave.

    zero_s: the acquisition's clock zero on the internal clock.
    """

    r_waves_s: Doubles
    rr_s: Doubles
    aif_delay_s: float
    slice_delays_s: tuple[float, ...]
    pd_frames: int
    zero_s: float


def _timeline(rng: np.random.Generator, scan: _Scan, state: ConditionState) -> _Timeline:
    rr = motion.heartbeats(
        rng,
        scan.beats,
        rate_bpm=state.heart_rate_bpm,
        irregularity=state.irregularity,
        missed=state.missed,
    )
    r_waves = np.concatenate([[0.0], np.cumsum(rr[:-1])])
    room = max(60.0 / state.heart_rate_bpm - 0.08, 0.3)
    each = min(0.145, room / max(len(scan.positions), 1))
    delays = tuple(0.06 + each * k for k in range(len(scan.positions)))
    pd = PD_FRAMES if scan.dual else 0
    first = 0.02 if scan.dual else delays[0]
    return _Timeline(
        r_waves_s=r_waves,
        rr_s=rr,
        aif_delay_s=0.02,
        slice_delays_s=delays,
        pd_frames=pd,
        zero_s=float(r_waves[pd]) + first,
    )


def _acquire(
    rng: np.random.Generator,
    scan: _Scan,
    state: ConditionState,
    condition: Condition,
    begin: datetime,
) -> SimulatedAcquisition:
    line = _timeline(rng, scan, state)
    bolus = replace(state.bolus, arrival_s=state.bolus.arrival_s + line.zero_s)
    levels = _flow_levels(state.flow)
    grid = np.arange(0.0, float(line.r_waves_s[-1]) + 4.0, _KINETIC_STEP_S)
    gd = contrast.concentration_curves(
        scan.chemistry, bolus, levels, grid, rv_wall_mbf=0.7 * state.flow.base_mbf
    )
    breath = motion.breathing_trace(rng, grid, state.breathing, amplitude_mm=state.breath_mm)
    is_pd = np.arange(scan.beats) < line.pd_frames
    images = [
        _take_slice(rng, scan, state, line, k, levels, grid, gd, breath, is_pd)
        for k in range(len(scan.positions))
    ]
    aif = _take_aif(rng, scan, state, line, levels, grid, gd, breath, is_pd) if scan.dual else None
    baseline = bolus.residual_mmol_per_l
    return SimulatedAcquisition(
        condition=condition,
        started_at=begin + timedelta(seconds=line.zero_s),
        heart_rate_bpm=state.heart_rate_bpm,
        rr_s=line.rr_s,
        slices=tuple(images),
        aif=aif,
        sequence=scan.sequence,
        bolus=replace(bolus, arrival_s=bolus.arrival_s - line.zero_s),
        flow=state.flow,
        residual_mmol_per_l=baseline,
        truth_time_s=grid - line.zero_s,
        truth_aif_mmol_per_l=blood_curve(bolus, grid, past_lungs=1.0) - baseline,
        truth_rv_mmol_per_l=blood_curve(bolus, grid, past_lungs=0.0) - baseline,
        breathing=state.breathing,
        snr=scan.snr,
    )


def _flow_levels(flow: FlowPattern) -> Doubles:
    """Flows for which tissue curves are computed; pixels between two levels share both curves."""
    deepest = 1.0
    for defect in flow.defects:
        deepest *= 1.0 - defect.severity
    low = max(0.05, 0.6 * flow.base_mbf * deepest)
    return np.geomspace(low, min(1.6 * flow.base_mbf, 8.0), FLOW_LEVELS)


def _curves_at(
    scan: _Scan, sequence: Sequence, grid: Doubles, gd: Doubles, times: Doubles, is_pd: np.ndarray
) -> Doubles:
    """Signal curves (K, T) of every tissue at the frames' times, proton-density frames included."""
    at_frames = np.stack([np.interp(times, grid, row) for row in gd])
    curves = contrast.signal_curves(scan.chemistry, sequence, at_frames)
    if is_pd.any():
        density = contrast.proton_density_row(scan.chemistry, sequence, curves.shape[0])
        curves[:, is_pd] = density[:, None]
    return curves


_DOWN = np.array([0.05, -0.18, -0.98])
"""Direction in which the heart follows the diaphragm when breathing in (patient coordinates)."""


def _take_slice(
    rng: np.random.Generator,
    scan: _Scan,
    state: ConditionState,
    line: _Timeline,
    k: int,
    levels: Doubles,
    grid: Doubles,
    gd: Doubles,
    breath: Doubles,
    is_pd: np.ndarray,
) -> SimulatedSlice:
    geometry, height = scan.geometries[k], scan.heights_mm[k]
    heart = physiology.contracted(scan.body.heart, scan.systole[k])
    body = replace(scan.body, heart=heart)
    times = line.r_waves_s + line.slice_delays_s[k]
    moved = np.interp(times, grid, breath)
    through = moved * float(_DOWN @ normal(geometry))
    through = np.clip(through, -imaging.MOST_THROUGH_PLANE_MM, imaging.MOST_THROUGH_PLANE_MM)
    slab = imaging.cut_slab(
        body,
        scan.frame,
        geometry,
        SHAPE,
        flow=state.flow,
        levels=levels,
        reach_mm=float(np.abs(through).max()),
    )
    shift = np.stack(
        [
            moved * float(_DOWN @ np.asarray(geometry.column_direction)) / SPACING_MM[0],
            moved * float(_DOWN @ np.asarray(geometry.row_direction)) / SPACING_MM[1],
        ],
        axis=1,
    )
    x, y, z = pixel_points(scan.frame, geometry, SHAPE)
    cx, cy = axis_centre(heart, np.array(height, dtype=np.float32))
    at = to_pixels(scan.frame, geometry, np.array([float(cx), float(cy), height]))
    jitter = rng.normal(0.0, 0.008 + 0.25 * state.irregularity, scan.beats)
    moves = motion.plane_motion(
        body_depth_mm=body_depth(body.torso, x, y, z),
        radius_mm=slab.middle.radius,
        epi_mm=slab.middle.epi,
        centre_rc=(float(at[0]), float(at[1])),
        shift_px=shift,
        squeeze=np.clip(jitter, -0.12, 0.12),
    )
    curves = _curves_at(scan, scan.sequence, grid, gd, times, is_pd)
    frames = imaging.ideal_frames(
        slab,
        curves,
        SHAPE,
        motion=moves,
        through_plane_mm=through,
        point_spread=scan.point_spread,
    )
    shading = camera.coil_shading(np.random.default_rng(scan.shading_seed), x, y, strength=1.0)
    labels = draw_labels(slab.middle, scan.convention)
    wall = labels == MYOCARDIUM
    level = imaging.enhanced_level((frames * shading)[~is_pd], wall)
    noisy = imaging.digitise(
        rng,
        frames,
        shading=shading,
        noise=level / scan.snr,
        ghost_level=scan.ghost_level,
    )
    contours = truth.draw_contours(
        heart, scan.frame, geometry, height_mm=height, convention=scan.convention
    )
    segments = truth.draw_segments(
        labels,
        heart,
        scan.frame,
        geometry,
        contours,
        position=scan.positions[k],
        height_mm=height,
    )
    mbf = np.where(wall, slab.mbf, np.nan).astype(np.float32)
    return SimulatedSlice(
        position=scan.positions[k],
        geometry=geometry,
        signal=imaging.to_12_bits(noisy, float(np.percentile(noisy, 99.95))),
        time_s=times - line.zero_s,
        trigger_ms=np.full(times.size, 1000.0 * line.slice_delays_s[k]),
        is_pd=is_pd,
        truth=SliceTruth(
            labels=labels,
            segments=segments,
            mbf_ml_per_min_per_g=mbf,
            segment_mbf=truth.segment_means(mbf, segments),
            displacement_px=moves.all_displacements().astype(np.float16),
            through_plane_mm=through,
            contours=contours,
        ),
    )


def _take_aif(
    rng: np.random.Generator,
    scan: _Scan,
    state: ConditionState,
    line: _Timeline,
    levels: Doubles,
    grid: Doubles,
    gd: Doubles,
    breath: Doubles,
    is_pd: np.ndarray,
) -> SimulatedAif:
    slice_plane = scan.geometries[0]
    corner = (
        np.asarray(slice_plane.position_mm)
        + 0.5 * (AIF_SPACING_MM[1] - SPACING_MM[1]) * np.asarray(slice_plane.row_direction)
        + 0.5 * (AIF_SPACING_MM[0] - SPACING_MM[0]) * np.asarray(slice_plane.column_direction)
    )
    geometry = replace(
        slice_plane,
        position_mm=(float(corner[0]), float(corner[1]), float(corner[2])),
        pixel_spacing_mm=AIF_SPACING_MM,
        thickness_mm=10.0,
    )
    times = line.r_waves_s + line.aif_delay_s
    moved = np.interp(times, grid, breath)
    through = moved * float(_DOWN @ normal(geometry))
    through = np.clip(through, -imaging.MOST_THROUGH_PLANE_MM, imaging.MOST_THROUGH_PLANE_MM)
    slab = imaging.cut_slab(
        scan.body,
        scan.frame,
        geometry,
        AIF_SHAPE,
        flow=state.flow,
        levels=levels,
        reach_mm=float(np.abs(through).max()),
    )
    x, y, z = pixel_points(scan.frame, geometry, AIF_SHAPE)
    shift = np.stack(
        [
            moved * float(_DOWN @ np.asarray(geometry.column_direction)) / AIF_SPACING_MM[0],
            moved * float(_DOWN @ np.asarray(geometry.row_direction)) / AIF_SPACING_MM[1],
        ],
        axis=1,
    )
    moves = motion.plane_motion(
        body_depth_mm=body_depth(scan.body.torso, x, y, z),
        radius_mm=slab.middle.radius,
        epi_mm=slab.middle.epi,
        centre_rc=(0.0, 0.0),
        shift_px=shift,
        squeeze=np.zeros(times.size),
    )
    shading = camera.coil_shading(np.random.default_rng(scan.shading_seed), x, y, strength=1.0)
    blood = slab.middle.fractions[Tissue.LV_BLOOD] > 0.9
    echoes: list[Floats] = []
    sigma = 0.0
    for echo_ms in AIF_ECHOES_MS:
        sequence = replace(scan.aif_sequence, te_ms=echo_ms)
        curves = _curves_at(scan, sequence, grid, gd, times, is_pd)
        frames = imaging.ideal_frames(
            slab,
            curves,
            AIF_SHAPE,
            motion=moves,
            through_plane_mm=through,
            point_spread=imaging.PointSpread(keep=(1.0, 1.0), roll_off=1.0),
        )
        if not echoes:
            sigma = imaging.enhanced_level((frames * shading)[~is_pd], blood) / (3.0 * scan.snr)
        echoes.append(imaging.digitise(rng, frames, shading=shading, noise=sigma))
    signal = np.stack(echoes)
    drawn = draw_labels(slab.middle, scan.convention)
    labels = np.where((drawn == LV_CAVITY) | (drawn == RV_CAVITY), drawn, 0).astype(np.uint8)
    return SimulatedAif(
        geometry=geometry,
        signal=imaging.to_12_bits(signal, float(np.percentile(signal, 99.95))),
        time_s=times - line.zero_s,
        trigger_ms=np.full(times.size, 1000.0 * line.aif_delay_s),
        is_pd=is_pd,
        labels=labels,
        echo_times_ms=AIF_ECHOES_MS,
        sequence=scan.aif_sequence,
    )

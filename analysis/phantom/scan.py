"""One simulated patient on one scanner: anatomy, tissue, planes and sequences of an exam."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.domain import Position, SliceGeometry
from analysis.phantom import contrast, imaging, population
from analysis.phantom.options import ExamOptions
from analysis.phantom.placement import HeartFrame, sample_heart_frame, short_axis_plane
from analysis.phantom.population import SPREAD
from analysis.phantom.render import Body
from analysis.phantom.signal import Sequence
from analysis.phantom.uids import derived_uid
from analysis.phantom.version import GENERATOR_VERSION

SHAPE = (144, 192)
SPACING_MM = (1.875, 1.875)
AIF_ECHOES_MS = (0.65, 1.65)
_USUAL_HEIGHT: dict[Position, float] = {"basal": 0.27, "mid": 0.5, "apical": 0.71}


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What stress and rest of a patient share.

    heights_mm: of the slices above the valve plane; systole: contraction in each slice, 0-1;
    shading_seed: the coil's sensitivity is the same function of space in all images.
    """

    options: ExamOptions
    field_strength_t: float
    body: Body
    frame: HeartFrame
    chemistry: contrast.Chemistry
    sequence: Sequence
    aif_sequence: Sequence
    geometries: tuple[SliceGeometry, ...]
    heights_mm: tuple[float, ...]
    systole: tuple[float, ...]
    snr: float
    shading_seed: int
    point_spread: imaging.PointSpread
    ghost_level: float

    @property
    def dual(self) -> bool:
        return self.options.sequence == "dual"

    @property
    def positions(self) -> tuple[Position, ...]:
        return self.options.planes


def prepare_scan(rng: np.random.Generator, seed: int, options: ExamOptions) -> Scan:
    """Sample a patient and put the slices."""
    tesla = options.field_strength or float(rng.choice((1.5, 3.0)))
    spread = SPREAD[options.tier]
    body = population.sample_body(rng, options.tier, kind=options.heart_kind)
    frame = sample_heart_frame(rng, spread=spread)
    chemistry = contrast.sample_chemistry(rng, field_strength_t=tesla, agent=options.agent)
    readout = options.readout or str(rng.choice(("bssfp", "flash")))
    heights = _heights(rng, body, options, spread)
    geometries = _planes(rng, seed, body, frame, heights, options, spread)
    rings = rng.random() < 0.12 * spread
    point_spread = imaging.PointSpread(
        keep=(float(rng.uniform(0.8, 1.0)), 1.0),
        roll_off=float(rng.uniform(0.3, 0.6)) if rings else 1.0,
    )
    ghosts = float(rng.uniform(0.005, 0.03)) if rng.random() < 0.15 * spread else 0.0
    return Scan(
        options=options,
        field_strength_t=tesla,
        body=body,
        frame=frame,
        chemistry=chemistry,
        sequence=_myocardial_sequence(rng, readout == "bssfp", dual=options.sequence == "dual"),
        aif_sequence=_arterial_sequence(),
        geometries=geometries,
        heights_mm=heights,
        systole=tuple(float(rng.uniform(0.0, 0.6)) for _ in heights),
        snr=options.snr or float(np.exp(rng.uniform(np.log(10.0), np.log(30.0)))),
        shading_seed=int(rng.integers(2**31)),
        point_spread=point_spread,
        ghost_level=ghosts,
    )


def _myocardial_sequence(rng: np.random.Generator, balanced: bool, *, dual: bool) -> Sequence:
    """Kellman 2017 for dual-sequence exams; single-sequence ones saturate for longer."""
    return Sequence(
        readout="bssfp" if balanced else "flash",
        flip_deg=50.0 if balanced else 14.0,
        tr_ms=2.5,
        te_ms=1.04,
        delay_ms=39.5 if dual else float(rng.uniform(70.0, 110.0)),
        centre_line=19,
    )


def _arterial_sequence() -> Sequence:
    return Sequence(
        readout="flash",
        flip_deg=8.0,
        tr_ms=2.12,
        te_ms=AIF_ECHOES_MS[0],
        delay_ms=4.7,
        centre_line=9,
        pd_flip_deg=8.0,
    )


def _heights(
    rng: np.random.Generator, body: Body, options: ExamOptions, spread: float
) -> tuple[float, ...]:
    """Heights above the valve plane, with the errors of real planning."""
    step = float(rng.normal(0.0, 0.03 * spread))
    heights = []
    for position in options.planes:
        share = _USUAL_HEIGHT[position] + step + float(rng.normal(0.0, 0.015))
        height = float(np.clip(share, 0.06, 0.86)) * body.heart.length_mm
        if position == "basal" and options.outflow is not None:
            depth = body.heart.outflow_depth_mm
            into, clear = float(rng.uniform(0.15, 0.6)) * depth, depth + 6.0
            height = into if options.outflow else max(height, clear)
        heights.append(height)
    return tuple(heights)


def _planes(
    rng: np.random.Generator,
    seed: int,
    body: Body,
    frame: HeartFrame,
    heights: tuple[float, ...],
    options: ExamOptions,
    spread: float,
) -> tuple[SliceGeometry, ...]:
    """Parallel planes whose field of view lies between the heart and the middle of the body."""
    rotation = float(rng.normal(0.0, 12.0 * spread))
    tilt = (float(rng.normal(0.0, 3.0 * spread)), float(rng.normal(0.0, 3.0 * spread)))
    towards_body = rng.normal(-0.45, 0.1, 2) * np.asarray(body.torso.body_centre_mm)
    offset = (
        float(np.clip(towards_body[0], -55.0, 55.0)),
        float(np.clip(towards_body[1], -40.0, 40.0)),
    )
    uid = derived_uid("frame", GENERATOR_VERSION, seed, *options.to_json().values())
    return tuple(
        short_axis_plane(
            frame,
            height_mm=height,
            shape=SHAPE,
            spacing_mm=SPACING_MM,
            rotation_deg=rotation,
            tilt_deg=tilt,
            offset_mm=offset,
            from_base=options.from_base,
            frame_of_reference_uid=uid,
        )
        for height in heights
    )

"""The blood flow a simulated patient has at every point of the myocardium."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Defect:
    """A region of reduced flow.

    angle_deg: its middle, in AHA angles (anterior insertion at 120); half_width_deg its extent.
    from_z, to_z: heights along the axis as fractions of the heart's length.
    severity: flow lost at the endocardium, 0-1; transmurality: depth (0-1) at which half of it is.
    scar: the same flow at rest as at stress, whatever the reserve.
    """

    angle_deg: float
    half_width_deg: float
    from_z: float
    to_z: float
    severity: float
    transmurality: float
    scar: bool = False


@dataclass(frozen=True, kw_only=True)
class FlowPattern:
    """Flow of one condition: mbf(point) = base * gradient * variation * product of defects."""

    base_mbf: float
    endo_epi_gradient: float = 0.0
    defects: tuple[Defect, ...] = ()
    variation: tuple[tuple[int, float, float], ...] = ()


def _edge(distance: Floats, width: float) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(np.clip(distance / width, -30, 30))), dtype=np.float32)


def mbf_map(pattern: FlowPattern, aha_deg: Floats, depth: Floats, height: Floats) -> Floats:
    """Flow in ml/min/g at AHA angle, transmural depth 0-1 and height z / length."""
    angle = np.deg2rad(aha_deg)
    flow = pattern.base_mbf * (1.0 + pattern.endo_epi_gradient * (0.5 - depth))
    for order, amplitude, phase in pattern.variation:
        flow = flow * (1.0 + amplitude * np.cos(order * angle + phase + 2.0 * height))
    for defect in pattern.defects:
        turned = (aha_deg - defect.angle_deg + 180.0) % 360.0 - 180.0
        beside = _edge(np.abs(turned) - defect.half_width_deg, 5.0)
        below = _edge(np.maximum(defect.from_z - height, height - defect.to_z), 0.02)
        within = _edge(depth - defect.transmurality, 0.08)
        flow = flow * (1.0 - defect.severity * beside * below * within)
    return np.asarray(np.clip(flow, 0.05, 8.0), dtype=np.float32)


def sample_defects(rng: np.random.Generator, *, count: int) -> tuple[Defect, ...]:
    """Random defects: the three coronary territories, single segments, or the whole inner rim."""
    middles = (115.0, 240.0, 0.0)
    defects: list[Defect] = []
    for _ in range(count):
        if rng.random() < 0.12:
            defects.append(_microvascular_rim(rng))
            continue
        scar = rng.random() < 0.35
        start = float(rng.uniform(-0.1, 0.55))
        defects.append(
            Defect(
                angle_deg=float(rng.choice(middles) + rng.normal(0.0, 20.0)) % 360.0,
                half_width_deg=float(rng.uniform(20.0, 65.0)),
                from_z=start,
                to_z=1.2 if rng.random() < 0.7 else start + float(rng.uniform(0.3, 0.6)),
                severity=float(rng.uniform(0.35, 0.9)),
                transmurality=float(rng.uniform(0.3, 1.3)),
                scar=scar,
            )
        )
    return tuple(defects)


def _microvascular_rim(rng: np.random.Generator) -> Defect:
    """Low flow all around the inner layer, as in microvascular disease."""
    return Defect(
        angle_deg=0.0,
        half_width_deg=400.0,
        from_z=-1.0,
        to_z=2.0,
        severity=float(rng.uniform(0.25, 0.6)),
        transmurality=float(rng.uniform(0.2, 0.5)),
    )


def sample_pattern(
    rng: np.random.Generator, *, stress: bool, defects: tuple[Defect, ...], wild: bool = False
) -> FlowPattern:
    """Random flow of one condition (Brown 2018, Xue 2020b, widened)."""
    if stress:
        base = float(np.clip(rng.normal(2.5, 0.8), 0.7, 5.5))
    else:
        base = float(np.clip(rng.normal(0.9, 0.3), 0.4, 2.0))
    if wild and rng.random() < 0.3:
        base = float(rng.uniform(0.2, 6.0))
    kept = defects if stress else tuple(d for d in defects if d.scar)
    return FlowPattern(
        base_mbf=base,
        endo_epi_gradient=float(rng.normal(-0.05 if stress else 0.12, 0.12)),
        defects=kept,
        variation=tuple(
            (order, float(rng.normal(0.0, 0.05)), float(rng.uniform(-np.pi, np.pi)))
            for order in (1, 2, 3)
        ),
    )

"""Whom the phantom simulates: random anatomy, surroundings, physiology, wilder than any hospital.

Three tiers: ``easy`` (textbook), ``standard`` (a busy department), ``wild`` (the rest). The ranges
follow published normal values where there are any and are widened on purpose: what a network has
never seen it will not find.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from analysis.phantom.heart import Bump, Harmonics, Heart, Papillary
from analysis.phantom.kinetics import Bolus
from analysis.phantom.noise import random_field
from analysis.phantom.render import Body
from analysis.phantom.tissues import Tissue
from analysis.phantom.torso import Organ, Torso

Tier = Literal["easy", "standard", "wild"]
HeartKind = Literal["normal", "hypertrophy", "asymmetric", "dilated", "small_cavity", "no_cavity"]
_KINDS: tuple[HeartKind, ...] = get_args(HeartKind)
_KIND_WEIGHTS = np.array([1.0, 0.18, 0.12, 0.16, 0.16, 0.03])
_RARE: dict[Tier, float] = {"easy": 0.15, "standard": 1.0, "wild": 2.2}
SPREAD: dict[Tier, float] = {"easy": 0.5, "standard": 1.0, "wild": 1.5}


def _uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def _normal(rng: np.random.Generator, mean: float, sd: float, low: float, high: float) -> float:
    return float(np.clip(rng.normal(mean, sd), low, high))


def _harmonics(rng: np.random.Generator, orders: tuple[int, ...], amplitude: float) -> Harmonics:
    return tuple(
        (order, float(rng.normal(0.0, amplitude / order)), _uniform(rng, -np.pi, np.pi))
        for order in orders
    )


def _papillaries(
    rng: np.random.Generator, cavity_mm: float, spread: float
) -> tuple[Papillary, ...]:
    large = rng.random() < 0.15 * spread
    muscles = []
    for angle in (45.0, -70.0):
        if rng.random() < 0.06 * spread:
            continue
        share = _uniform(rng, 0.2, 0.42) if large else _uniform(rng, 0.1, 0.27)
        for _ in range(2 if rng.random() < 0.25 else 1):
            muscles.append(
                Papillary(
                    angle_deg=angle + float(rng.normal(0.0, 14.0 * spread)),
                    reach=_uniform(rng, 0.5, 0.9),
                    radius_mm=float(np.clip(share * cavity_mm, 1.0, 9.0)),
                    elongation=_uniform(rng, 0.8, 1.8),
                    from_z=_uniform(rng, 0.12, 0.35),
                    to_z=_uniform(rng, 0.65, 0.95),
                )
            )
    return tuple(muscles)


def sample_heart(
    rng: np.random.Generator, tier: Tier = "standard", *, kind: HeartKind | None = None
) -> Heart:
    """A random heart: normal, hypertrophied, dilated, tiny cavity, scarred."""
    spread = SPREAD[tier]
    weights = _KIND_WEIGHTS * np.array([1.0] + [_RARE[tier]] * (len(_KINDS) - 1))
    drawn = _KINDS[int(rng.choice(len(_KINDS), p=weights / weights.sum()))]
    kind = kind or drawn
    cavity = _normal(rng, 22.0, 4.5, 12.0, 33.0)
    wall = _normal(rng, 10.5, 1.8, 6.5, 15.0)
    bumps: list[Bump] = []
    length = _normal(rng, 85.0, 8.0, 62.0, 110.0)
    if kind == "hypertrophy":
        wall, cavity = _uniform(rng, 13.0, 21.0), _uniform(rng, 9.0, 22.0)
    elif kind == "asymmetric":
        amount = _uniform(rng, 4.0, 14.0)
        bumps.append(_bump(rng, amount, float(rng.normal(160.0, 40.0)), length))
    elif kind == "dilated":
        cavity, wall = _uniform(rng, 28.0, 40.0), _uniform(rng, 6.0, 10.0)
        length = _uniform(rng, 90.0, 120.0)
    elif kind == "small_cavity":
        cavity, wall = _uniform(rng, 3.5, 12.0), _uniform(rng, 11.0, 18.0)
    elif kind == "no_cavity":
        cavity, wall = _uniform(rng, -3.0, 1.0), _uniform(rng, 16.0, 25.0)
    if kind in ("normal", "dilated") and rng.random() < 0.15 * spread:
        thin = -_uniform(rng, 0.3, 0.65) * wall
        bumps.append(_bump(rng, thin, _uniform(rng, 0.0, 360.0), length))
    epi = cavity + wall
    tiny_rv = rng.random() < 0.15 * spread
    bulge = _uniform(rng, 4.0, 13.0) if tiny_rv else _normal(rng, 28.0, 7.0, 12.0, 48.0)
    effusion = _uniform(rng, 2.0, 15.0) if rng.random() < 0.06 * spread else 0.0
    anterior = _normal(rng, 120.0, 7.0 * spread, 95.0, 150.0)
    return Heart(
        length_mm=max(length, 1.7 * epi),
        epi_radius_mm=epi,
        wall_mm=wall,
        apex_wall_mm=_uniform(rng, 0.4, 0.9) * wall,
        equator=_uniform(rng, 0.12, 0.35),
        bend_mm=(float(rng.normal(0.0, 6.0)), float(rng.normal(0.0, 6.0))),
        epi_harmonics=_harmonics(rng, (2, 3, 4), 0.06 * spread),
        wall_harmonics=_harmonics(rng, (1, 2, 3), 0.12 * spread),
        bumps=tuple(bumps),
        papillaries=_papillaries(rng, max(cavity, 4.0), spread),
        trabeculae_mm=abs(float(rng.normal(0.0, 1.6 * spread))) * min(1.0, max(cavity, 0.0) / 15.0),
        anterior_insertion_deg=anterior,
        inferior_insertion_deg=anterior + _normal(rng, 118.0, 10.0 * spread, 85.0, 150.0),
        insertion_twist_deg=float(rng.normal(8.0, 8.0)),
        rv_bulge_mm=bulge,
        rv_fullness=_uniform(rng, 0.3, 0.72),
        rv_skew=float(rng.normal(0.0, 0.25 * spread)),
        rv_length=_uniform(rng, 0.72, 1.0),
        rv_wall_mm=_uniform(rng, 1.8, 4.5) if rng.random() < 0.85 else _uniform(rng, 4.5, 9.0),
        rv_trabeculae_mm=_uniform(rng, 0.0, 9.0),
        outflow_angle_deg=float(rng.normal(140.0, 15.0)),
        outflow_half_width_deg=_uniform(rng, 35.0, 70.0),
        outflow_depth_mm=_uniform(rng, 8.0, 16.0),
        fat_mm=_uniform(rng, 0.0, 1.6) + abs(float(rng.normal(0.0, 1.5 * spread))),
        groove_fat_mm=_uniform(rng, 1.0, 9.0),
        effusion_mm=effusion,
    )


def _bump(rng: np.random.Generator, amount: float, angle_deg: float, length: float) -> Bump:
    return Bump(
        amount_mm=amount,
        angle_deg=angle_deg,
        sharpness=_uniform(rng, 1.0, 4.0),
        z_mm=_uniform(rng, 0.1, 0.9) * length,
        extent_mm=_uniform(rng, 0.25, 0.7) * length,
    )


def sample_torso(rng: np.random.Generator, heart: Heart, tier: Tier = "standard") -> Torso:
    """Random surroundings: how fat, how high the diaphragm, what lies below it."""
    spread = SPREAD[tier]
    epi = heart.epi_radius_mm
    obesity = float(np.clip(rng.gamma(2.0, 0.5), 0.1, 4.0))
    fat = 4.0 + 9.0 * obesity
    muscle = _uniform(rng, 6.0, 16.0)
    left = epi + heart.rv_bulge_mm + fat + muscle + abs(float(rng.normal(6.0, 10.0 * spread)))
    top = epi + fat + muscle + _uniform(rng, 15.0, 70.0)
    axes = (_uniform(rng, 115.0, 170.0), _uniform(rng, 105.0, 150.0))
    tilt = float(rng.normal(0.0, 15.0))
    centre = (axes[0] - left, top - axes[1])
    room = _room_for_heart(heart, centre, axes, tilt, fat + 0.4 * muscle)
    axes = (axes[0] + room, axes[1] + room)
    diaphragm = -epi - _normal(rng, 7.0, 8.0 * spread, -6.0, 40.0)
    return Torso(
        body_centre_mm=centre,
        body_axes_mm=axes,
        body_tilt_deg=tilt,
        body_drift=(float(rng.normal(0.0, 0.1)), float(rng.normal(0.0, 0.1))),
        subcutaneous_mm=fat,
        muscle_mm=muscle,
        rib_spacing_mm=_uniform(rng, 25.0, 45.0),
        diaphragm_mm=diaphragm,
        diaphragm_slope=(float(rng.normal(0.0, 0.25 * spread)), float(rng.normal(0.0, 0.3))),
        dome_radius_mm=float(rng.choice([-1, 1])) * _uniform(rng, 90.0, 600.0),
        lung_vessels=_uniform(rng, 0.0, 0.55),
        mediastinal_fat_mm=abs(float(rng.normal(0.0, 9.0 * spread))),
        abdominal=_abdomen(rng, diaphragm, heart),
        thoracic=_great_vessels(rng, heart),
    )


def _room_for_heart(
    heart: Heart,
    centre: tuple[float, float],
    axes: tuple[float, float],
    tilt_deg: float,
    wall_mm: float,
) -> float:
    """How much the trunk must grow so that the heart lies inside the chest wall, mm."""
    angle = np.deg2rad(np.arange(0.0, 360.0, 15.0))
    reach = heart.epi_radius_mm + np.where(
        np.cos(angle) < 0.3, heart.rv_bulge_mm + heart.rv_wall_mm, 0.0
    )
    turn = np.deg2rad(tilt_deg)
    dx, dy = reach * np.cos(angle) - centre[0], reach * np.sin(angle) - centre[1]
    u = dx * np.cos(turn) + dy * np.sin(turn)
    v = dy * np.cos(turn) - dx * np.sin(turn)
    length = np.hypot(u / axes[0], v / axes[1])
    lacking = length * min(axes) + wall_mm - min(axes)
    return float(max(lacking.max(), 0.0) * max(axes) / min(axes))


def _abdomen(rng: np.random.Generator, top: float, heart: Heart) -> tuple[Organ, ...]:
    middle = 0.5 * heart.length_mm
    radius = _uniform(rng, 9.0, 32.0)
    stomach_at = (_uniform(rng, -5.0, 75.0), top - radius * _uniform(rng, 0.5, 1.4), middle)
    squeeze = _uniform(rng, 0.7, 1.2)
    wall = _uniform(rng, 2.5, 6.0)
    organs = [
        _organ(rng, Tissue.STOMACH_CONTENT, stomach_at, (radius, radius * squeeze), 2.0),
        _organ(rng, Tissue.STOMACH_WALL, stomach_at, (radius + wall, radius * squeeze + wall), 2.0),
    ]
    if rng.random() < 0.5:
        at = (_uniform(rng, 45.0, 110.0), top - _uniform(rng, 15.0, 60.0), middle)
        organs.append(
            _organ(rng, Tissue.SPLEEN, at, (_uniform(rng, 12, 28), _uniform(rng, 20, 45)), 3.0)
        )
    if rng.random() < 0.4:
        at = (_uniform(rng, 25.0, 90.0), top - _uniform(rng, 50.0, 90.0), middle)
        inner = (_uniform(rng, 10, 16), _uniform(rng, 16, 28))
        organs.append(_organ(rng, Tissue.ABDOMEN_FAT, at, (0.45 * inner[0], 0.5 * inner[1]), 2.0))
        organs.append(_organ(rng, Tissue.KIDNEY, at, inner, 1.5))
    for _ in range(int(rng.integers(0, 8))):
        at = (_uniform(rng, -60.0, 120.0), top - _uniform(rng, 20.0, 130.0), middle)
        size = _uniform(rng, 8.0, 20.0)
        organs.append(_organ(rng, Tissue.BOWEL, at, (size, size * _uniform(rng, 0.6, 1.4)), 6.0))
    liver = (_uniform(rng, -95.0, -25.0), top - _uniform(rng, 25.0, 55.0), middle - 10.0)
    axes = (_uniform(rng, 45.0, 110.0), _uniform(rng, 40.0, 85.0))
    organs.append(_organ(rng, Tissue.LIVER, liver, axes, 4.0))
    return tuple(organs)


def _great_vessels(rng: np.random.Generator, heart: Heart) -> tuple[Organ, ...]:
    organs = []
    away = heart.epi_radius_mm
    if rng.random() < 0.55:
        angle, distance = _uniform(rng, -70.0, -5.0), away + _uniform(rng, 14.0, 75.0)
        at = (distance * np.cos(np.deg2rad(angle)), distance * np.sin(np.deg2rad(angle)), 0.0)
        size = _uniform(rng, 8.0, 15.0)
        organs.append(_organ(rng, Tissue.AORTA, at, (size, size), 0.5, depth=400.0))
        spine = (at[0] + _uniform(rng, 20, 40), at[1] + float(rng.normal(0, 15)), 0.0)
        width = _uniform(rng, 15.0, 24.0)
        organs.append(_organ(rng, Tissue.SPINE, spine, (width, width), 2.0, depth=400.0))
    return tuple(organs)


def _organ(
    rng: np.random.Generator,
    tissue: Tissue,
    centre: tuple[float, float, float],
    axes: tuple[float, float],
    wrinkle: float,
    *,
    depth: float = 90.0,
) -> Organ:
    return Organ(
        tissue=tissue,
        centre_mm=(float(centre[0]), float(centre[1]), float(centre[2])),
        axes_mm=(axes[0], axes[1], depth),
        tilt_deg=_uniform(rng, -40.0, 40.0),
        wrinkle_mm=wrinkle,
        wrinkle_phase=_uniform(rng, -np.pi, np.pi),
    )


def sample_body(
    rng: np.random.Generator, tier: Tier = "standard", *, kind: HeartKind | None = None
) -> Body:
    heart = sample_heart(rng, tier, kind=kind)
    return Body(heart=heart, torso=sample_torso(rng, heart, tier), noise=random_field(rng))


def sample_bolus(
    rng: np.random.Generator, *, stress: bool, tier: Tier = "standard", dose: float = 1.0
) -> Bolus:
    """A random injection. Peak levels follow Kellman 2017 and Xue 2020b, widened.

    dose: relative to the 0.05 mmol/kg of a dual-sequence exam.
    """
    spread = SPREAD[tier]
    peak = _normal(rng, 3.9 if stress else 4.7, 1.4 * spread, 1.2, 12.0)
    peak *= dose
    width = _normal(rng, 2.4 if stress else 3.2, 0.7 * spread, 1.3, 7.0)
    stages = _uniform(rng, 5.0, 10.0)
    into_rv = _uniform(rng, 2.0, 3.5)
    stage_s = width / np.sqrt(stages)
    transit = _normal(rng, 4.5 if stress else 6.5, 1.5 * spread, 2.0, 13.0)
    lung = stages - into_rv
    split = rng.random() < 0.04 * spread
    return Bolus(
        arrival_s=_uniform(rng, 4.0, 11.0),
        area_mmol_s_per_l=peak * width * 2.45,
        stage_s=float(stage_s),
        injection_stages=into_rv,
        lung_stages=lung,
        lung_delay_s=float(max(transit - lung * stage_s, 0.0)),
        recirculation_fraction=_uniform(rng, 0.1, 0.35),
        recirculation_delay_s=_uniform(rng, 6.0, 14.0) * (0.8 if stress else 1.1),
        plateau_mmol_per_l=peak * _uniform(rng, 0.06, 0.16),
        residual_mmol_per_l=_uniform(rng, 0.0, 0.35) if rng.random() < 0.3 else 0.0,
        split_fraction=_uniform(rng, 0.2, 0.5) if split else 0.0,
        split_delay_s=_uniform(rng, 3.0, 9.0),
    )

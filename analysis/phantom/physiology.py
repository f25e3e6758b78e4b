"""The patient of an exam: flow at stress and rest, heart rate, injections, and who it is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from analysis.phantom.heart import Heart
from analysis.phantom.kinetics import Bolus, blood_curve
from analysis.phantom.perfusion import Defect, FlowPattern, sample_defects, sample_pattern
from analysis.phantom.population import SPREAD, Tier, sample_bolus
from analysis.phantom.values import Breathing, SimulatedPatient


@dataclass(frozen=True, kw_only=True)
class ConditionState:
    """What differs between stress and rest in one patient."""

    stress: bool
    flow: FlowPattern
    bolus: Bolus
    heart_rate_bpm: float
    irregularity: float
    missed: float
    breathing: Breathing
    breath_mm: float


def sample_patient(rng: np.random.Generator, seed: int) -> SimulatedPatient:
    sex = str(rng.choice(("F", "M")))
    height = float(np.clip(rng.normal(1.64 if sex == "F" else 1.77, 0.07), 1.4, 2.05))
    weight = float(np.clip(rng.normal(26.5, 4.5), 17.0, 45.0)) * height**2
    year, month, day = 2026 - int(rng.integers(28, 84)), rng.integers(1, 13), rng.integers(1, 29)
    return SimulatedPatient(
        name=f"Simulated^Exam {seed}",
        patient_id=f"SIM-{seed:04d}",
        birth_date=f"{year:04d}{int(month):02d}{int(day):02d}",
        sex=sex,
        height_m=round(height, 2),
        weight_kg=round(weight, 1),
    )


def sample_exam_defects(rng: np.random.Generator, tier: Tier) -> tuple[Defect, ...]:
    chances = {"easy": (0.7, 0.3, 0.0), "standard": (0.5, 0.35, 0.15), "wild": (0.4, 0.35, 0.25)}
    return sample_defects(rng, count=int(rng.choice(3, p=chances[tier])))


def sample_condition(
    rng: np.random.Generator,
    *,
    stress: bool,
    tier: Tier,
    defects: tuple[Defect, ...],
    resting_rate_bpm: float,
    breathing: Breathing | None,
    dose: float,
) -> ConditionState:
    spread = SPREAD[tier]
    rate = resting_rate_bpm + (max(float(rng.normal(20.0, 8.0)), 4.0) if stress else 0.0)
    bolus = sample_bolus(rng, stress=stress, tier=tier, dose=dose)
    kinds: tuple[Breathing, ...] = ("free", "drift", "gasp", "held")
    kind = breathing or kinds[int(rng.choice(4, p=(0.6, 0.15, 0.1, 0.15)))]
    irregular = rng.random() < 0.12 * spread
    return ConditionState(
        stress=stress,
        flow=sample_pattern(rng, stress=stress, defects=defects, wild=tier == "wild"),
        bolus=replace(bolus, residual_mmol_per_l=0.0),
        heart_rate_bpm=float(np.clip(rate, 45.0, 140.0)),
        irregularity=float(rng.uniform(0.05, 0.3)) if irregular else 0.0,
        missed=float(rng.uniform(0.02, 0.08)) if rng.random() < 0.2 * spread else 0.0,
        breathing=kind,
        breath_mm=float(np.clip(rng.gamma(4.0, 1.9 * spread), 1.5, 18.0)),
    )


def residual_after(bolus: Bolus, wait_s: float) -> float:
    """Agent that an injection leaves in blood ``wait_s`` later, mmol/L."""
    late = bolus.arrival_s + np.array([wait_s])
    slow = replace(bolus, clearance_s=900.0)
    return float(blood_curve(slow, late)[0])


def contracted(heart: Heart, systole: float) -> Heart:
    """The heart in another phase: 0 end-diastole, 1 end-systole; muscle keeps its volume."""
    cavity = heart.epi_radius_mm - heart.wall_mm
    smaller = cavity * (1.0 - 0.33 * systole) if cavity > 0 else cavity
    shorter = 1.0 - 0.1 * systole
    area = (heart.epi_radius_mm**2 - max(cavity, 0.0) ** 2) / shorter
    epi = float(np.sqrt(max(smaller, 0.0) ** 2 + area))
    return replace(
        heart,
        epi_radius_mm=epi,
        wall_mm=epi - smaller,
        length_mm=heart.length_mm * shorter,
        rv_bulge_mm=heart.rv_bulge_mm * (1.0 - 0.3 * systole),
        bumps=tuple(
            replace(b, amount_mm=b.amount_mm * (1.0 + 0.3 * systole), z_mm=b.z_mm * shorter)
            for b in heart.bumps
        ),
    )

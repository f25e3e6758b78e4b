"""The patient of an exam: flow at stress and rest, heart rate, injections, and who it is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from analysis.phantom.heart import Heart
from analysis.phantom.kinetics import Bolus, blood_curve
from analysis.phantom.options import BolusKind, ExamOptions
from analysis.phantom.perfusion import Defect, FlowPattern, sample_defects, sample_pattern
from analysis.phantom.population import SPREAD, sample_bolus
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


@dataclass(frozen=True, kw_only=True)
class PatientPlan:
    """What a patient brings to both conditions."""

    defects: tuple[Defect, ...]
    resting_mbf: float
    reserve: float
    resting_rate_bpm: float
    dose: float


def sample_plan(rng: np.random.Generator, options: ExamOptions) -> PatientPlan:
    """Defects, resting flow (Brown 2018, Xue 2020b), flow reserve, heart rate and dose."""
    chances = {"easy": (0.7, 0.3, 0.0), "standard": (0.5, 0.35, 0.15), "wild": (0.4, 0.35, 0.25)}
    count = int(rng.choice(3, p=chances[options.tier]))
    spread = SPREAD[options.tier]
    sampled = sample_defects(rng, count=count)
    return PatientPlan(
        defects=sampled if options.defects is None else options.defects,
        resting_mbf=float(np.clip(rng.normal(0.85, 0.22 * spread), 0.35, 2.0)),
        reserve=float(np.clip(rng.normal(3.0, 0.7 * spread), 1.15, 6.0)),
        resting_rate_bpm=float(np.clip(rng.normal(66.0, 9.0 * spread), 45.0, 115.0)),
        dose=1.0 if options.sequence == "dual" else float(rng.uniform(1.2, 2.0)),
    )


def sample_condition(
    rng: np.random.Generator, plan: PatientPlan, options: ExamOptions, *, stress: bool
) -> ConditionState:
    """Flow, injection, heart rate and breathing of stress or rest."""
    tier, spread = options.tier, SPREAD[options.tier]
    rate = plan.resting_rate_bpm + (max(float(rng.normal(20.0, 8.0)), 4.0) if stress else 0.0)
    bolus = sample_bolus(rng, stress=stress, tier=tier, dose=plan.dose)
    kinds: tuple[Breathing, ...] = ("free", "drift", "gasp", "held")
    kind = kinds[int(rng.choice(4, p=(0.6, 0.15, 0.1, 0.15)))]
    irregular = rng.random() < 0.12 * spread
    pattern = sample_pattern(rng, stress=stress, defects=plan.defects)
    base = plan.resting_mbf * (plan.reserve if stress else 1.0)
    return ConditionState(
        stress=stress,
        flow=replace(pattern, base_mbf=float(np.clip(base, 0.1, 6.0))),
        bolus=_as_asked(replace(bolus, residual_mmol_per_l=0.0), options.bolus),
        heart_rate_bpm=float(np.clip(rate, 45.0, 140.0)),
        irregularity=float(rng.uniform(0.05, 0.3)) if irregular else 0.0,
        missed=float(rng.uniform(0.02, 0.08)) if rng.random() < 0.2 * spread else 0.0,
        breathing=options.breathing or kind,
        breath_mm=float(np.clip(rng.gamma(4.0, 1.9 * spread), 1.5, 18.0)),
    )


def _as_asked(bolus: Bolus, kind: BolusKind) -> Bolus:
    if kind == "missing":
        return replace(bolus, area_mmol_s_per_l=0.0)
    if kind == "late":
        return replace(bolus, arrival_s=bolus.arrival_s + 15.0)
    if kind == "split":
        return replace(bolus, split_fraction=0.4, split_delay_s=7.0)
    return bolus


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

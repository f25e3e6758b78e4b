"""A complete simulated exam: stress and rest, slices, arterial input images, and the truth."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from analysis.domain import Condition, Doubles
from analysis.phantom import contrast, motion, physiology, taking
from analysis.phantom.kinetics import blood_curve
from analysis.phantom.options import ExamOptions
from analysis.phantom.perfusion import FlowPattern
from analysis.phantom.physiology import ConditionState
from analysis.phantom.scan import Scan, prepare_scan
from analysis.phantom.uids import derived_uid
from analysis.phantom.values import SimulatedAcquisition, SimulatedExam
from analysis.phantom.version import GENERATOR_VERSION

FLOW_LEVELS = 20
_KINETIC_STEP_S = 0.1
_WAIT_S = (600.0, 1100.0)


def simulate_exam(seed: int, **options: Any) -> SimulatedExam:
    """Simulate one patient's exam; the same seed and options always give the same exam.

    options: the fields of ``ExamOptions`` by name (field_strength, sequence, conditions, slices,
    beats, readout, defects, breathing, snr, tier, heart_kind, outflow, bolus, style, ...).
    """
    asked = ExamOptions(**options)
    rng = np.random.default_rng([seed, 20261120])
    patient = physiology.sample_patient(rng, seed)
    scan = prepare_scan(rng, seed, asked)
    plan = physiology.sample_plan(rng, asked)
    begin = datetime(2026, 1, 5, 8, 0) + timedelta(
        days=int(rng.integers(0, 280)), minutes=int(rng.integers(0, 540))
    )
    acquisitions: list[SimulatedAcquisition] = []
    residual = 0.0
    for condition in asked.conditions:
        own = np.random.default_rng([seed, 7, len(acquisitions)])
        state = physiology.sample_condition(own, plan, asked, stress=condition == "stress")
        state = replace(state, bolus=replace(state.bolus, residual_mmol_per_l=residual))
        acquisitions.append(_acquire(own, scan, state, condition, begin))
        wait = float(own.uniform(*_WAIT_S))
        residual = physiology.residual_after(state.bolus, wait)
        begin += timedelta(seconds=wait)
    names = asked.to_json()
    return SimulatedExam(
        seed=seed,
        patient=patient,
        study_instance_uid=derived_uid("study", GENERATOR_VERSION, seed, *names.values()),
        accession=f"SIM{seed:07d}",
        field_strength_t=scan.field_strength_t,
        sequence_class=asked.sequence,
        agent=scan.chemistry.agent.name,
        style=asked.style,
        convention=asked.convention,
        has_defect=bool(plan.defects),
        acquisitions=tuple(acquisitions),
        options=names,
    )


def _acquire(
    rng: np.random.Generator,
    scan: Scan,
    state: ConditionState,
    condition: Condition,
    begin: datetime,
) -> SimulatedAcquisition:
    line = taking.sample_timeline(rng, scan, state)
    bolus = replace(state.bolus, arrival_s=state.bolus.arrival_s + line.zero_s)
    levels = _flow_levels(state.flow)
    grid = np.arange(0.0, float(line.r_waves_s[-1]) + 4.0, _KINETIC_STEP_S)
    gd = contrast.concentration_curves(
        scan.chemistry, bolus, levels, grid, rv_wall_mbf=0.7 * state.flow.base_mbf
    )
    breath = motion.breathing_trace(rng, grid, state.breathing, amplitude_mm=state.breath_mm)
    tracer = taking.Tracer(grid_s=grid, gd=gd, levels=levels, breath_mm=breath)
    slices = tuple(
        taking.take_slice(rng, scan, state, line, tracer, k) for k in range(len(scan.positions))
    )
    aif = taking.take_aif(rng, scan, state, line, tracer) if scan.dual else None
    baseline = bolus.residual_mmol_per_l
    return SimulatedAcquisition(
        condition=condition,
        started_at=begin + timedelta(seconds=line.zero_s),
        heart_rate_bpm=state.heart_rate_bpm,
        rr_s=line.rr_s,
        slices=slices,
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

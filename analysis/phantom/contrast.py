"""How each tissue looks and fills: random relaxation, density, perfusion, and its signal curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.phantom.kinetics import (
    Bolus,
    TissueKinetics,
    blood_curve,
    btex_curves,
    compartment_curve,
)
from analysis.phantom.signal import (
    AGENTS,
    Agent,
    Relaxation,
    Sequence,
    proton_density,
    saturation_recovery,
)
from analysis.phantom.tissues import FIXED_TISSUES, Tissue

Doubles = NDArray[np.float64]

# T1 at 1.5 and 3 T, T2 (ms), density, its log spread, flow (ml/min/g), volume (ml/g), delay (s)
_SOLID: dict[Tissue, tuple[float, float, float, float, float, float, float, float]] = {
    Tissue.LUNG: (1200, 1300, 40, 0.12, 0.4, 0.6, 0.30, -2.0),
    Tissue.SKIN_FAT: (290, 360, 70, 0.80, 0.4, 0.02, 0.10, 3.0),
    Tissue.CHEST_MUSCLE: (1000, 1400, 40, 0.75, 0.2, 0.07, 0.18, 3.0),
    Tissue.RIB: (600, 700, 50, 0.40, 0.4, 0.06, 0.15, 3.0),
    Tissue.MEDIASTINAL_FAT: (300, 370, 70, 0.70, 0.5, 0.04, 0.10, 3.0),
    Tissue.DIAPHRAGM: (1000, 1400, 40, 0.70, 0.2, 0.10, 0.18, 3.0),
    Tissue.ABDOMEN_FAT: (300, 370, 70, 0.80, 0.4, 0.05, 0.10, 3.0),
    Tissue.LIVER: (580, 800, 45, 0.80, 0.3, 0.90, 0.35, 9.0),
    Tissue.SPLEEN: (1050, 1300, 80, 0.85, 0.2, 1.60, 0.30, 2.0),
    Tissue.STOMACH_WALL: (900, 1100, 60, 0.80, 0.2, 0.45, 0.25, 3.0),
    Tissue.STOMACH_CONTENT: (1200, 1400, 80, 0.40, 1.2, 0.0, 1.0, 0.0),
    Tissue.KIDNEY: (980, 1150, 90, 0.85, 0.2, 3.20, 0.35, 1.5),
    Tissue.BOWEL: (900, 1000, 70, 0.65, 0.6, 0.35, 0.25, 4.0),
    Tissue.SPINE: (600, 650, 60, 0.55, 0.4, 0.15, 0.15, 2.0),
    Tissue.EPICARDIAL_FAT: (310, 380, 70, 0.75, 0.5, 0.05, 0.10, 2.0),
    Tissue.EFFUSION: (2500, 3000, 300, 0.90, 0.2, 0.0, 1.0, 0.0),
}
_BLOOD = {
    Tissue.LUNG_VESSEL: 0.5,
    Tissue.AORTA: 1.12,
    Tissue.ATRIUM: 0.9,
    Tissue.RV_BLOOD: 0.0,
    Tissue.LV_BLOOD: 1.0,
}


@dataclass(frozen=True, kw_only=True)
class Chemistry:
    """Relaxation and perfusion of every tissue of one patient at one field strength."""

    relaxation: dict[Tissue, Relaxation]
    flow: dict[Tissue, tuple[float, float, float]]
    myocardium: TissueKinetics
    agent: Agent


def sample_chemistry(
    rng: np.random.Generator,
    *,
    field_strength_t: float,
    contrast_spread: float = 1.0,
    agent: str | None = None,
) -> Chemistry:
    """Random tissue properties. contrast_spread widens what makes tissues look alike or apart."""
    high = field_strength_t > 2.0
    s = contrast_spread
    relaxation, flow = {}, {}
    for tissue, (t1_low, t1_high, t2, density, sd, rate, volume, delay) in _SOLID.items():
        relaxation[tissue] = Relaxation(
            t1_ms=float((t1_high if high else t1_low) * np.exp(rng.normal(0.0, 0.12 * s))),
            t2_ms=float(t2 * np.exp(rng.normal(0.0, 0.15 * s))),
            density=float(density * np.exp(rng.normal(0.0, sd * s))),
        )
        flow[tissue] = (
            float(rate * np.exp(rng.normal(0.0, 0.4 * s))),
            volume,
            float(delay + abs(rng.normal(0.0, 1.0))),
        )
    blood_t1 = (2000.0 if high else 1700.0) * float(np.exp(rng.normal(0.0, 0.04 * s)))
    blood_t2 = (250.0 if high else 220.0) * float(np.exp(rng.normal(0.0, 0.1)))
    for tissue in _BLOOD:
        inflow = float(np.exp(rng.normal(0.0, 0.08 * contrast_spread)))
        if tissue is Tissue.LUNG_VESSEL:
            inflow *= float(rng.uniform(0.25, 0.9))
        relaxation[tissue] = Relaxation(t1_ms=blood_t1, t2_ms=blood_t2, density=inflow)
    muscle = Relaxation(
        t1_ms=(1300.0 if high else 1100.0) * float(np.exp(rng.normal(0.0, 0.03 * s))),
        t2_ms=45.0 * float(np.exp(rng.normal(0.0, 0.1))),
        density=0.82 * float(np.exp(rng.normal(0.0, 0.05 * contrast_spread))),
    )
    for tissue in (Tissue.MYOCARDIUM, Tissue.PAPILLARY, Tissue.RV_WALL):
        relaxation[tissue] = muscle
    relaxation[Tissue.AIR] = Relaxation(t1_ms=1000.0, t2_ms=50.0, density=0.0)
    drawn = str(rng.choice(list(AGENTS)))
    name = agent or drawn
    r1, r2 = AGENTS[name][3.0 if high else 1.5]
    injected = Agent(r1=r1, r2=r2, r2_star=float(rng.uniform(15.0, 45.0)), name=name)
    kinetics = TissueKinetics(
        ps_ml_per_min_per_g=float(rng.uniform(0.6, 2.0)),
        vb_ml_per_g=float(rng.uniform(0.06, 0.12)),
        visf_ml_per_g=float(rng.uniform(0.15, 0.3)),
        delay_s=float(rng.uniform(0.2, 1.5)),
    )
    return Chemistry(relaxation=relaxation, flow=flow, myocardium=kinetics, agent=injected)


def concentration_curves(
    chemistry: Chemistry, bolus: Bolus, mbf_levels: Doubles, grid_s: Doubles, *, rv_wall_mbf: float
) -> Doubles:
    """Concentration (mmol/L) of every fraction row: (FIXED_TISSUES + levels, T) on ``grid_s``."""
    curves = np.zeros((FIXED_TISSUES + mbf_levels.size, grid_s.size))
    for tissue, past_lungs in _BLOOD.items():
        curves[tissue] = blood_curve(bolus, grid_s, past_lungs=past_lungs)
    aif = curves[Tissue.LV_BLOOD] - bolus.residual_mmol_per_l
    for tissue, (rate, volume, delay) in chemistry.flow.items():
        if rate > 0:
            curves[tissue] = compartment_curve(grid_s, aif, flow=rate, volume=volume, delay_s=delay)
    flows = np.concatenate([mbf_levels, [rv_wall_mbf, float(np.median(mbf_levels))]])
    tissue_curves = btex_curves(grid_s, aif, flows, chemistry.myocardium)
    residual = 0.3 * bolus.residual_mmol_per_l
    curves[FIXED_TISSUES:] = tissue_curves[:-2] + residual
    curves[Tissue.RV_WALL] = tissue_curves[-2] + residual
    curves[Tissue.PAPILLARY] = tissue_curves[-1] + residual
    return curves


def relaxation_of_row(chemistry: Chemistry, row: int) -> tuple[Relaxation, bool]:
    """Relaxation of a fraction row, and whether it is blood."""
    tissue = Tissue(min(row, FIXED_TISSUES))
    return chemistry.relaxation[tissue], tissue in _BLOOD


def signal_curves(
    chemistry: Chemistry, sequence: Sequence, curves: Doubles, *, table_points: int = 28
) -> Doubles:
    """Signal of every row over time, per unit coil gain: same shape as ``curves``.

    A bSSFP train costs a Bloch simulation, so each tissue is simulated on a table of
    concentrations and read by interpolation; ``table_points=0`` simulates every value.
    """
    out = np.empty_like(curves)
    for row, curve in enumerate(curves):
        relaxation, blood = relaxation_of_row(chemistry, row)
        if relaxation.density == 0.0:
            out[row] = 0.0
            continue
        if table_points and sequence.readout == "bssfp":
            top = max(float(curve.max()), 1e-3)
            table = top * np.linspace(0.0, 1.0, table_points) ** 1.5
            known = saturation_recovery(table, relaxation, sequence, chemistry.agent, blood=blood)
            out[row] = np.interp(curve, table, known)
        else:
            out[row] = saturation_recovery(
                curve, relaxation, sequence, chemistry.agent, blood=blood
            )
    return out


def proton_density_row(chemistry: Chemistry, sequence: Sequence, rows: int) -> Doubles:
    """Proton-density signal of every fraction row, shape (rows,)."""
    return np.array(
        [proton_density(relaxation_of_row(chemistry, r)[0], sequence) for r in range(rows)]
    )

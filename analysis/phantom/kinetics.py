"""Where the contrast agent goes: blood curves and tissue curves of a simulated patient.

Written apart from ``analysis.perfusion`` on purpose, so that the two check each other. Everything
is in blood units: concentrations in mmol/L, MBF and PS in ml/min/g, volumes in ml/g, times in s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Doubles = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Bolus:
    """One injection and how the circulation smears it.

    The circulation is a chain of well-mixed chambers, so every blood curve is a gamma density:
    ``injection_stages`` chambers up to the right ventricle, ``lung_stages`` more to the left one.

    arrival_s: the agent reaches the right ventricle.
    area_mmol_s_per_l: area of the first pass; 0 is a missing bolus.
    stage_s: mean time in one chamber.
    lung_delay_s: plug-flow part of the transit through the lungs.
    recirculation_fraction: area of the second pass relative to the first.
    plateau_mmol_per_l: level at which the agent mixes with the whole body.
    residual_mmol_per_l: agent left in blood by an earlier injection.
    split_fraction, split_delay_s: the part of the dose that comes late (a split bolus).
    """

    arrival_s: float = 6.0
    area_mmol_s_per_l: float = 24.0
    stage_s: float = 0.9
    injection_stages: float = 3.0
    lung_stages: float = 5.0
    lung_delay_s: float = 1.5
    recirculation_fraction: float = 0.22
    recirculation_delay_s: float = 10.0
    plateau_mmol_per_l: float = 0.45
    clearance_s: float = 600.0
    residual_mmol_per_l: float = 0.0
    split_fraction: float = 0.0
    split_delay_s: float = 6.0

    @property
    def transit_s(self) -> float:
        """Mean transit time from the right to the left ventricle."""
        return self.lung_stages * self.stage_s + self.lung_delay_s


@dataclass(frozen=True, kw_only=True)
class TissueKinetics:
    """Parameters of the blood-tissue exchange model that a tissue has besides its flow."""

    ps_ml_per_min_per_g: float = 1.2
    vb_ml_per_g: float = 0.09
    visf_ml_per_g: float = 0.22
    delay_s: float = 0.6


def _gamma_density(time_s: Doubles, stages: float, stage_s: float) -> Doubles:
    x = np.maximum(time_s, 1e-9) / stage_s
    log_density = (stages - 1.0) * np.log(x) - x - special.gammaln(stages)
    return np.where(time_s > 0, np.exp(log_density) / stage_s, 0.0)


def blood_curve(bolus: Bolus, time_s: ArrayLike, *, past_lungs: float = 1.0) -> Doubles:
    """Whole-blood concentration in mmol/L at a place in the circulation.

    past_lungs: 0 right ventricle, 1 left ventricle, between them the lung vessels, above 1 arteries
    further down (the descending aorta is about 1.1).
    """
    t = np.asarray(time_s, dtype=np.float64)
    stages = bolus.injection_stages + past_lungs * bolus.lung_stages
    start = bolus.arrival_s + past_lungs * bolus.lung_delay_s
    curve = np.full(t.shape, bolus.residual_mmol_per_l)
    second_start = start + bolus.recirculation_delay_s
    for weight, late in (
        (1.0 - bolus.split_fraction, 0.0),
        (bolus.split_fraction, bolus.split_delay_s),
    ):
        if weight == 0.0:
            continue
        area = weight * bolus.area_mmol_s_per_l
        first = _gamma_density(t - start - late, stages, bolus.stage_s)
        second = _gamma_density(t - second_start - late, stages + 4.0, 1.35 * bolus.stage_s)
        mixed = special.gammainc(3.0, np.maximum(t - second_start - late, 0.0) / 5.0)
        washout = np.exp(-np.maximum(t - second_start, 0.0) / bolus.clearance_s)
        level = weight * bolus.plateau_mmol_per_l * float(area > 0)
        curve += area * (first + bolus.recirculation_fraction * second) + level * mixed * washout
    return curve


def extracted_outflow(
    time_s: Doubles, *, flow: Doubles, ps: ArrayLike, visf: ArrayLike
) -> tuple[Doubles, Doubles]:
    """Impulse response at the venous end, counted from the capillary transit time.

    Returns the fraction that leaves at once (a delta, shape (K,)) and the density of what comes
    back later, shape (K, T), 1/s. flow and ps in ml/s/g, visf in ml/g. Sangren & Sheppard 1953.
    """
    flow = np.asarray(flow, dtype=np.float64)[:, None]
    ps = np.broadcast_to(np.asarray(ps, dtype=np.float64), (flow.shape[0],))[:, None]
    visf = np.broadcast_to(np.asarray(visf, dtype=np.float64), (flow.shape[0],))[:, None]
    extraction, rate = ps / flow, ps / visf
    z = 2.0 * np.sqrt(extraction * rate * time_s[None, :])
    bessel = np.where(z > 1e-8, special.ive(1, z) / np.maximum(0.5 * z, 1e-300), 1.0)
    exponent = -((np.sqrt(extraction) - np.sqrt(rate * time_s[None, :])) ** 2)
    density = extraction * rate * bessel * np.exp(exponent)
    return np.exp(-extraction[:, 0]), density


def convolve(kernel: Doubles, curve: Doubles, dt_s: float) -> Doubles:
    """Trapezoidal convolution of (K, T) kernels with a (T,) curve that starts at 0."""
    n = curve.shape[-1]
    size = 1 << int(np.ceil(np.log2(2 * n)))
    product = np.fft.rfft(kernel, size) * np.fft.rfft(curve, size)
    out = np.fft.irfft(product, size)[..., :n]
    out -= 0.5 * (kernel[..., :1] * curve + kernel * curve[:1])
    return np.asarray(out * dt_s)


def cumulative(curve: Doubles, dt_s: float) -> Doubles:
    """Trapezoidal running integral that starts at 0."""
    steps = 0.5 * (curve[1:] + curve[:-1]) * dt_s
    return np.concatenate(([0.0], np.cumsum(steps)))


def btex_curves(
    grid_s: Doubles, aif: Doubles, mbf_ml_per_min_per_g: ArrayLike, kinetics: TissueKinetics
) -> Doubles:
    """Tissue curves (K, T) in mmol/L for K flows by the closed-form blood-tissue exchange model.

    Integrated by parts: Q = F (A(t) - (h * A)(t)) with A the integral of the arterial curve and h
    the venous impulse response, so that inflow, outflow and content balance by construction.
    """
    dt_s = float(grid_s[1] - grid_s[0])
    flow: Doubles = np.asarray(mbf_ml_per_min_per_g, dtype=np.float64).reshape(-1) / 60.0
    tau = np.arange(grid_s.size) * dt_s
    at_once, density = extracted_outflow(
        tau.astype(np.float64),
        flow=flow,
        ps=kinetics.ps_ml_per_min_per_g / 60.0,
        visf=kinetics.visf_ml_per_g,
    )
    inflow = cumulative(aif, dt_s)
    back = at_once[:, None] * inflow + convolve(density, inflow, dt_s)
    content = np.empty_like(back)
    for k, rate in enumerate(flow):
        transit = kinetics.vb_ml_per_g / rate
        left = np.interp(grid_s - transit, grid_s, back[k], left=0.0)
        content[k] = rate * (inflow - left)
        content[k] = np.interp(grid_s - kinetics.delay_s, grid_s, content[k], left=0.0)
    return content


def compartment_curve(
    grid_s: Doubles, aif: Doubles, *, flow: float, volume: float, delay_s: float
) -> Doubles:
    """Curve (T,) of an organ as one mixed compartment; flow in ml/min/g, volume in ml/g."""
    dt_s = float(grid_s[1] - grid_s[0])
    residue = np.exp(-flow / 60.0 / volume * np.arange(grid_s.size) * dt_s)
    curve = flow / 60.0 * convolve(residue[None, :], aif, dt_s)[0]
    return np.asarray(np.interp(grid_s - delay_s, grid_s, curve, left=0.0), dtype=np.float64)

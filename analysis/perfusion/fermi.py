"""Fermi function residue (Jerosch-Herold 1998), fitted to the first pass only.

R(t) = (1 + e^(-k tau0)) / (1 + e^(k (t - tau0))), so that R(0) = 1 and the MBF is the amplitude.
Empirical: its width tau0 (s) and rate k (1/s) have no physiological meaning.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import special

from analysis.domain import Doubles, Floats
from analysis.perfusion.exponentials import softplus, softplus_integral
from analysis.perfusion.kinetics import MBF, Parameter

NAME: Final = "fermi"
FIRST_PASS_ONLY: Final = True
PARAMETERS: Final = (
    MBF,
    Parameter("tau0", 0.1, 20.0, (0.7, 2.0, 4.0, 8.0)),
    Parameter("k", 0.02, 5.0, (0.08, 0.2, 0.45, 1.2)),
)


def residue(time_s: Doubles, *, mbf: float, tau0: float, k: float) -> Doubles:
    """R(t); zero before t = 0. ``mbf`` does not shape it and is there for a uniform call."""
    del mbf
    value: Doubles = (1 + np.exp(-k * tau0)) * special.expit(k * (tau0 - time_s)) * (time_s >= 0)
    return value


def response(time_s: Floats, values: Floats) -> tuple[Floats, Floats, Floats]:
    """MBF/60 times the second integral of R, and its derivatives; see kinetics.Model."""
    mbf, tau0, k = values.astype(np.float64)[:, :, None]
    x = k * np.maximum(time_s, 0).astype(np.float64)
    edge = k * tau0
    decay = np.exp(-edge)
    scale = mbf / 60 * (1 + decay) / k**2

    at_edge = softplus(edge)
    slope = at_edge - softplus(edge - x)
    shape = x * at_edge - softplus_integral(edge) + softplus_integral(edge - x)
    second = scale * shape
    by_edge = edge * (scale * (x * special.expit(edge) - slope) - second * decay / (1 + decay))
    by_k = scale * x * slope - 2 * second + by_edge
    return (
        second.astype(np.float32),
        (scale * k * slope).astype(np.float32),
        np.stack([second, by_edge, by_k]).astype(np.float32),
    )

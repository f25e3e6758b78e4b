"""Two-compartment exchange (2CXM): plasma and interstitium, each well mixed.

Vp dCp/dt = F (Ca - Cp) - PS (Cp - Ci), Visf dCi/dt = PS (Cp - Ci). The residue of the whole tissue
is biexponential (Brix 2004; Sourbron & Buckley 2012).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from analysis.domain import Doubles, Floats
from analysis.perfusion.exponentials import exponential_integrals
from analysis.perfusion.kinetics import MBF, PS, VB, VISF

NAME: Final = "2cxm"
FIRST_PASS_ONLY: Final = False
PARAMETERS: Final = (MBF, replace(VB, usual=None, ceiling=None), PS, VISF)
"""Nothing is assumed of the plasma volume: well mixed, it also stands for the bolus spreading."""


def residue(time_s: Doubles, *, mbf: float, vb: float, ps: float, visf: float) -> Doubles:
    """R(t) for MBF and PS in ml/min/g and volumes in ml/g; zero before t = 0."""
    rates = np.array([mbf / vb, ps / vb, ps / visf]) / 60
    fast, slow, share = _modes(*rates)
    time = np.maximum(time_s, 0)
    value: Doubles = share * np.exp(-fast * time) + (1 - share) * np.exp(-slow * time)
    return value * (time_s >= 0)


def response(time_s: Floats, values: Floats) -> tuple[Floats, Floats, Floats]:
    """MBF/60 times the second integral of R, and its derivatives; see kinetics.Model."""
    mbf, vb, ps, visf = values.astype(np.float64)[:, :, None]
    flow, washout, exchange, back = mbf / 60, mbf / vb / 60, ps / vb / 60, ps / visf / 60
    fast, slow, share = _modes(washout, exchange, back)
    spread = fast - slow

    t = np.maximum(time_s, 0).astype(np.float64)
    fast_first, fast_phi, fast_by = exponential_integrals(fast * t)
    slow_first, slow_phi, slow_by = exponential_integrals(slow * t)
    square = flow * t * t
    second = square * (share * fast_phi + (1 - share) * slow_phi)
    first = flow * t * (share * fast_first + (1 - share) * slow_first)
    by_share = square * (fast_phi - slow_phi)
    by_fast = square * (share / fast) * fast_by
    by_slow = square * ((1 - share) / slow) * slow_by

    derivatives = np.empty((4, *t.shape), np.float32)
    # Changes of the three rates (washout, exchange, back) per unit of each parameter's logarithm.
    directions = (
        (washout, 0.0, 0.0),
        (-washout, -exchange, 0.0),
        (0.0, exchange, back),
        (0.0, 0.0, -back),
    )
    for row, (d_washout, d_exchange, d_back) in enumerate(directions):
        d_sum = d_washout + d_exchange + d_back
        d_product = d_washout * back + washout * d_back
        d_fast = (fast * d_sum - d_product) / spread
        d_slow = d_sum - d_fast
        d_share = (d_washout - d_slow - share * (d_fast - d_slow)) / spread
        derivatives[row] = by_share * d_share + by_fast * d_fast + by_slow * d_slow
    derivatives[0] += second
    return second.astype(np.float32), first.astype(np.float32), derivatives


def _modes(washout: Doubles, exchange: Doubles, back: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """Rates of the fast and the slow exponential (1/s), and the share of the fast one."""
    total = washout + exchange + back
    root = np.sqrt(total**2 - 4 * washout * back)
    fast = (total + root) / 2
    slow = washout * back / fast
    return fast, slow, (washout - slow) / (fast - slow)

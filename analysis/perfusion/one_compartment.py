"""One compartment (Kety 1951; Tofts 1991): a single well-mixed volume, R = exp(-F t / V).

Its flow is that of what reaches the compartment (Ktrans): flow times extraction where the agent
does not leave the vessels freely.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.domain import Doubles, Floats
from analysis.perfusion.exponentials import exponential_integrals
from analysis.perfusion.kinetics import MBF, Parameter

NAME: Final = "one-compartment"
FIRST_PASS_ONLY: Final = False
PARAMETERS: Final = (MBF, Parameter("visf", 0.02, 1.2, (0.06, 0.12, 0.2, 0.3, 0.5)))


def residue(time_s: Doubles, *, mbf: float, visf: float) -> Doubles:
    """R(t) for MBF in ml/min/g and the volume of distribution in ml/g; zero before t = 0."""
    value: Doubles = np.exp(-mbf / visf / 60 * np.maximum(time_s, 0)) * (time_s >= 0)
    return value


def response(time_s: Floats, values: Floats) -> tuple[Floats, Floats, Floats]:
    """MBF/60 times the second integral of R, and its derivatives; see kinetics.Model."""
    mbf, visf = values.astype(np.float64)[:, :, None]
    t = np.maximum(time_s, 0).astype(np.float64)
    one, phi, by_rate = exponential_integrals(mbf / visf / 60 * t)
    scale = mbf / 60 * t * t
    second = scale * phi
    derivatives = np.stack([second + scale * by_rate, -scale * by_rate])
    return (
        second.astype(np.float32),
        (mbf / 60 * t * one).astype(np.float32),
        derivatives.astype(np.float32),
    )

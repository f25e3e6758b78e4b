"""Patlak (1983): blood volume plus uptake without return, Q = vb Ca + Ki integral of Ca.

Its "MBF" is the uptake rate Ki, flow times extraction: a lower limit of flow. It holds while
nothing has come back from the interstitium, so it is fitted to the first pass only.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.domain import Floats
from analysis.perfusion.kinetics import MBF, Parameter

NAME: Final = "patlak"
FIRST_PASS_ONLY: Final = True
PARAMETERS: Final = (MBF, Parameter("vb", 0.005, 0.4, (0.02, 0.05, 0.1, 0.2)))


def response(time_s: Floats, values: Floats) -> tuple[Floats, Floats, Floats]:
    """Second integral of the impulse response vb delta(t) + Ki/60; see kinetics.Model."""
    uptake, vb = values[:, :, None]
    t = np.maximum(time_s, 0)
    in_blood = vb * t
    taken_up = uptake / np.float32(120) * t * t
    first = (vb + uptake / np.float32(60) * t) * (time_s > 0)
    return in_blood + taken_up, first, np.stack([taken_up, in_blood])

"""What a haematocrit changes about a result, and what it does not.

Everything is fitted in blood units: with the plasma curve Ca / (1 - Hct), flow is MBF = Fp /
(1 - Hct), and the haematocrit cancels. So a new haematocrit needs no new analysis: flow, delay and
reserve stay as they are, and what is quoted of plasma follows from the stored blood values.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

PLASMA_QUANTITIES: Final = ("ps_ml_per_min_per_g", "vb_ml_per_g", "visf_ml_per_g")
"""Stored in blood units; times 1 - Hct they are what papers in plasma units quote."""


def plasma_curve(blood: NDArray[np.floating], haematocrit: float) -> NDArray[np.floating]:
    """Concentration in plasma, which carries all of the agent, from that in whole blood."""
    _check(haematocrit)
    return blood / (1 - haematocrit)


def plasma_units(
    name: str, values: NDArray[np.floating], haematocrit: float
) -> NDArray[np.floating]:
    """A stored map of a result in plasma units; ``name`` as in the slice NPZ.

    Only permeability-surface product and volumes change. MBF, delay and what else a result holds
    come back as they are. Raises ValueError for a haematocrit outside 0-0.8.
    """
    _check(haematocrit)
    return values * (1 - haematocrit) if name in PLASMA_QUANTITIES else values


def _check(haematocrit: float) -> None:
    if not 0 <= haematocrit <= 0.8:
        raise ValueError(f"A haematocrit of {haematocrit:g} is not possible; it is a fraction.")

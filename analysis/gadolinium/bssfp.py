"""Signal of a balanced SSFP readout after a saturation pulse, by Bloch simulation."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from analysis.domain import Doubles
from analysis.gadolinium.flash import proton_density_signal
from analysis.gadolinium.relaxation import Relaxation

RUN_UP_PULSES: Final = 3


def bssfp_ratio(
    gd_mmol_per_l: ArrayLike,
    *,
    relaxation: Relaxation,
    flip_angle_deg: float,
    pd_flip_angle_deg: float,
    echo_spacing_s: float,
    saturation_delay_s: float,
    centre_line: int,
) -> Doubles:
    """Saturation-recovery bSSFP signal over the FLASH proton-density signal, per concentration.

    On resonance; three run-up pulses of (k - 1/2)/3 of the flip angle, then full pulses, all of
    alternating sign; the echo of pulse ``centre_line`` after the run-up, at half the echo spacing
    (Kellman 2017).
    """
    gd = np.asarray(gd_mmol_per_l, np.float64)
    r1 = 1 / relaxation.t1_s + relaxation.r1 * gd
    r2 = 1 / relaxation.t2_s + relaxation.r2 * gd
    decay_1 = np.exp(-echo_spacing_s * r1)
    decay_2 = np.exp(-echo_spacing_s * r2)

    transverse = np.zeros_like(gd)
    longitudinal = -np.expm1(-saturation_delay_s * r1)
    at_echo = transverse
    for pulse in range(RUN_UP_PULSES + centre_line):
        fraction = min((pulse + 0.5) / RUN_UP_PULSES, 1.0)
        flip = np.deg2rad(flip_angle_deg) * fraction * (-1) ** pulse
        transverse, longitudinal = (
            transverse * np.cos(flip) + longitudinal * np.sin(flip),
            longitudinal * np.cos(flip) - transverse * np.sin(flip),
        )
        at_echo = np.abs(transverse) * np.sqrt(decay_2)
        transverse = transverse * decay_2
        longitudinal = 1 + (longitudinal - 1) * decay_1
    return at_echo / proton_density_signal(
        relaxation,
        pd_flip_angle_deg=pd_flip_angle_deg,
        echo_spacing_s=echo_spacing_s,
        centre_line=centre_line,
    )

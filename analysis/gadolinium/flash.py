"""Signal of a spoiled gradient echo (FLASH) readout after a saturation pulse."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from analysis.domain import Doubles
from analysis.gadolinium.relaxation import Relaxation


def flash_signal(
    r1_per_s: ArrayLike,
    *,
    flip_angle_deg: float,
    echo_spacing_s: float,
    centre_line: int,
    magnetisation: ArrayLike,
) -> Doubles:
    """Signal of k-space line ``centre_line`` (1 = first), fully recovered magnetisation being 1.

    r1_per_s and magnetisation (before the first pulse) broadcast. S = sin a [M q +
    (1-e)(1-q)/(1-e cos a)], e = exp(-TR R1), q = (e cos a)^(n-1) (Kellman 2017).
    """
    flip = np.deg2rad(flip_angle_deg)
    decay = np.exp(-echo_spacing_s * np.asarray(r1_per_s, np.float64))
    remaining = (decay * np.cos(flip)) ** (centre_line - 1)
    steady = (1 - decay) / (1 - decay * np.cos(flip))
    signal: Doubles = np.sin(flip) * (
        np.asarray(magnetisation, np.float64) * remaining + steady * (1 - remaining)
    )
    return signal


def flash_ratio(
    gd_mmol_per_l: ArrayLike,
    *,
    relaxation: Relaxation,
    flip_angle_deg: float,
    pd_flip_angle_deg: float,
    echo_spacing_s: float,
    saturation_delay_s: float,
    centre_line: int,
) -> Doubles:
    """Saturation-recovery FLASH signal over the proton-density signal, per concentration."""
    r1 = 1 / relaxation.t1_s + relaxation.r1 * np.asarray(gd_mmol_per_l, np.float64)
    recovered = flash_signal(
        r1,
        flip_angle_deg=flip_angle_deg,
        echo_spacing_s=echo_spacing_s,
        centre_line=centre_line,
        magnetisation=-np.expm1(-saturation_delay_s * r1),
    )
    return recovered / proton_density_signal(
        relaxation,
        pd_flip_angle_deg=pd_flip_angle_deg,
        echo_spacing_s=echo_spacing_s,
        centre_line=centre_line,
    )


def proton_density_signal(
    relaxation: Relaxation, *, pd_flip_angle_deg: float, echo_spacing_s: float, centre_line: int
) -> Doubles:
    """FLASH signal of the PD image: no saturation, its own flip angle, no contrast agent."""
    return flash_signal(
        1 / relaxation.t1_s,
        flip_angle_deg=pd_flip_angle_deg,
        echo_spacing_s=echo_spacing_s,
        centre_line=centre_line,
        magnetisation=1.0,
    )

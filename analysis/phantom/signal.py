"""What the scanner makes of a concentration: saturation-recovery FLASH and bSSFP.

Written apart from ``analysis.gadolinium`` on purpose, so that the two check each other. Times in
ms, relaxation rates in 1/ms, concentrations in mmol/L, relaxivities in L/mmol/s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]
RUN_UP_PULSES = 3


@dataclass(frozen=True, kw_only=True)
class Sequence:
    """One kind of image: how it is prepared and read out.

    centre_line: number of the pulse that reads the centre of k-space.
    run_up: linearly rising pulses before a bSSFP readout.
    """

    readout: Literal["flash", "bssfp"]
    flip_deg: float
    tr_ms: float
    te_ms: float
    delay_ms: float
    centre_line: int
    pd_flip_deg: float = 5.0
    run_up: int = RUN_UP_PULSES


@dataclass(frozen=True, kw_only=True)
class Relaxation:
    """Relaxation of one tissue without agent, and its (relative) proton density."""

    t1_ms: float
    t2_ms: float
    density: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Agent:
    """A contrast agent. Relaxivities in L/mmol/s; r2_star is that of blood in bulk."""

    r1: float = 5.565
    r2: float = 5.78
    r2_star: float = 25.0
    name: str = ""


AGENTS: Final = {
    "Gadovist": {1.5: (5.2, 6.1), 3.0: (5.0, 7.1)},
    "Dotarem": {1.5: (3.6, 4.3), 3.0: (3.5, 4.9)},
}
"""(r1, r2) in plasma at 37 C by field strength: gadobutrol and gadoterate (Rohrer 2005)."""


def flash_signal(
    r1: Doubles, start: Doubles, *, flip_deg: float, tr_ms: float, line: int
) -> Doubles:
    """Transverse magnetisation of pulse ``line`` of a spoiled gradient echo train."""
    angle = np.deg2rad(flip_deg)
    e1 = np.exp(-tr_ms * r1)
    steady = (1.0 - e1) / (1.0 - e1 * np.cos(angle))
    return np.asarray(
        np.sin(angle) * (steady + (start - steady) * (e1 * np.cos(angle)) ** (line - 1))
    )


def bssfp_signal(
    r1: Doubles,
    r2: Doubles,
    start: Doubles,
    *,
    flip_deg: float,
    tr_ms: float,
    line: int,
    run_up: int,
) -> Doubles:
    """On-resonance Bloch simulation of a balanced train, read at TE = TR/2 of pulse ``line``.

    Pulses alternate in sign; the frame of reference alternates with them, so the magnetisation
    stays in the y-z plane. The run-up angles rise linearly, centred in their steps.
    """
    angle = np.deg2rad(flip_deg)
    e1, e2 = np.exp(-tr_ms * r1), np.exp(-tr_ms * r2)
    transverse, longitudinal = np.zeros_like(start), np.array(start, dtype=np.float64)
    for pulse in range(run_up + line):
        a = angle * min(1.0, (pulse + 0.5) / max(run_up, 1))
        turned = -transverse
        transverse = turned * np.cos(a) + longitudinal * np.sin(a)
        longitudinal = longitudinal * np.cos(a) - turned * np.sin(a)
        if pulse < run_up + line - 1:
            transverse = transverse * e2
            longitudinal = 1.0 + (longitudinal - 1.0) * e1
    return np.asarray(transverse * np.exp(-0.5 * tr_ms * r2))


def saturation_recovery(
    gd: ArrayLike, tissue: Relaxation, sequence: Sequence, agent: Agent, *, blood: bool = False
) -> Doubles:
    """Signal of one tissue at concentrations ``gd`` mmol/L (any shape), per unit of coil gain."""
    c = np.asarray(gd, dtype=np.float64)
    r1 = 1.0 / tissue.t1_ms + agent.r1 * c / 1000.0
    start = 1.0 - np.exp(-sequence.delay_ms * r1)
    if sequence.readout == "flash":
        signal = flash_signal(
            r1, start, flip_deg=sequence.flip_deg, tr_ms=sequence.tr_ms, line=sequence.centre_line
        )
    else:
        signal = bssfp_signal(
            r1,
            1.0 / tissue.t2_ms + agent.r2 * c / 1000.0,
            start,
            flip_deg=sequence.flip_deg,
            tr_ms=sequence.tr_ms,
            line=sequence.centre_line,
            run_up=sequence.run_up,
        )
    decay = sequence.te_ms * agent.r2_star * c / 1000.0 if blood else 0.0
    return np.asarray(tissue.density * signal * np.exp(-decay))


def proton_density(tissue: Relaxation, sequence: Sequence) -> float:
    """Signal of the proton-density frame: FLASH from full magnetisation, without agent."""
    signal = flash_signal(
        np.asarray(1.0 / tissue.t1_ms),
        np.asarray(1.0),
        flip_deg=sequence.pd_flip_deg,
        tr_ms=sequence.tr_ms,
        line=sequence.centre_line,
    )
    return float(tissue.density * signal)

"""Relaxation times of native tissue and relaxivities of contrast agents, by field strength."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from analysis.quality import Flag

Tissue = Literal["myocardium", "blood"]

DEFAULT_AGENT: Final = "default"

AGENTS: Final[dict[str, dict[float, tuple[float, float]]]] = {
    DEFAULT_AGENT: {1.5: (5.565, 5.78), 3.0: (4.9188, 5.9133)},
    "gadobutrol": {1.5: (5.2, 6.1), 3.0: (5.0, 7.1)},
    "gadoterate": {1.5: (3.6, 4.3), 3.0: (3.5, 4.9)},
}
"""(r1, r2) in L/mmol/s in plasma at 37 C (Rohrer 2005); the default is that of Xue 2020b."""

_NATIVE_T1_S: Final[dict[Tissue, dict[float, float]]] = {
    "blood": {1.5: 1.7, 3.0: 2.0},
    "myocardium": {1.5: 1.1, 3.0: 1.3},
}
_NATIVE_T2_S: Final[dict[Tissue, dict[float, float]]] = {
    "blood": {1.5: 0.220, 3.0: 0.250},
    "myocardium": {1.5: 0.045, 3.0: 0.045},
}
_TRADE_NAMES: Final = {
    "gadovist": "gadobutrol",
    "gadavist": "gadobutrol",
    "dotarem": "gadoterate",
    "clariscan": "gadoterate",
    "artirem": "gadoterate",
}


@dataclass(frozen=True, kw_only=True)
class Relaxation:
    """How tissue relaxes: 1/T1 = 1/t1_s + r1 c and 1/T2 = 1/t2_s + r2 c, c in mmol/L.

    Times in seconds, relaxivities in L/mmol/s. ``assumptions`` names what was not known.
    """

    t1_s: float
    t2_s: float
    r1: float
    r2: float
    assumptions: tuple[Flag, ...] = ()


def relaxation_of(tissue: Tissue, *, field_strength_t: float, agent: str) -> Relaxation:
    """Relaxation of a native tissue and a contrast agent at the nearest tabulated field strength.

    An unknown agent or a field strength far from 1.5 and 3 T becomes a flag, never a silent choice.
    """
    assumptions: list[Flag] = []
    field_t = 3.0 if field_strength_t > 2.2 else 1.5
    if not abs(field_strength_t - field_t) <= 0.4:
        assumptions.append(
            Flag(
                code="field-strength-assumed",
                message=f"Field strength {field_strength_t:g} T is not 1.5 or 3 T; "
                f"relaxation times of {field_t:g} T were used.",
            )
        )
    name = _agent_name(agent)
    if name is None:
        name = DEFAULT_AGENT
        assumptions.append(
            Flag(
                code="agent-assumed",
                message="The contrast agent is not known; a gadobutrol-like relaxivity was used.",
            )
        )
    r1, r2 = AGENTS[name][field_t]
    return Relaxation(
        t1_s=_NATIVE_T1_S[tissue][field_t],
        t2_s=_NATIVE_T2_S[tissue][field_t],
        r1=r1,
        r2=r2,
        assumptions=tuple(assumptions),
    )


def _agent_name(agent: str) -> str | None:
    words = agent.lower()
    for known in AGENTS:
        if known in words:
            return known
    for trade_name, known in _TRADE_NAMES.items():
        if trade_name in words:
            return known
    if "gadoter" in words:
        return "gadoterate"
    return None

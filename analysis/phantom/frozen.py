"""The frozen test set: which simulated patients networks and pipelines are judged on.

The list was fixed before any tuning and belongs to one generator version; figures from another
version are not comparable. Every case is one slice of one patient at 1.875 mm, 60 beats, free
breathing, SNR 10-30; of the 200 standard cases 40 % have a perfusion defect and 15 % cut the
outflow tract or have no visible cavity. Two smaller tiers, easier and wilder, are reported beside.

Training must not use these seeds: training draws from ``numpy.random.default_rng`` streams, the
frozen patients from ``simulate_exam(seed)`` with seeds of their own range.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from analysis.domain import Condition, Position
from analysis.phantom.exam import simulate_exam
from analysis.phantom.perfusion import sample_defects
from analysis.phantom.population import HeartKind, Tier
from analysis.phantom.values import SimulatedExam
from analysis.phantom.version import GENERATOR_VERSION

FROZEN_VERSION: Final = "2"
"""Generator version that the frozen set belongs to."""

_FIRST_SEED: Final[dict[Tier, int]] = {"standard": 910_000, "easy": 920_000, "wild": 930_000}
_COUNT: Final[dict[Tier, int]] = {"standard": 200, "easy": 50, "wild": 50}
_POSITIONS: Final[tuple[Position, ...]] = ("basal", "mid", "apical")
_CONDITIONS: Final[tuple[Condition, ...]] = ("stress", "rest")


@dataclass(frozen=True, kw_only=True)
class FrozenCase:
    """One case of the set; everything not named here follows from the seed."""

    seed: int
    tier: Tier
    condition: Condition
    position: Position
    field_strength_t: float
    sequence: Literal["dual", "single"]
    defect: bool
    outflow: bool
    heart_kind: HeartKind | None

    def simulate(self) -> SimulatedExam:
        """The case as an exam of one condition and one slice (about 2 s)."""
        own = np.random.default_rng([self.seed, 99])
        return simulate_exam(
            self.seed,
            field_strength=self.field_strength_t,
            sequence=self.sequence,
            conditions=(self.condition,),
            positions=(self.position,),
            defects=sample_defects(own, count=1) if self.defect else (),
            breathing="free",
            tier=self.tier,
            heart_kind=self.heart_kind,
            outflow=self.outflow if self.position == "basal" else None,
        )


def frozen_cases(tier: Tier = "standard") -> tuple[FrozenCase, ...]:
    """All cases of a tier, in order."""
    return tuple(_case(tier, index) for index in range(_COUNT[tier]))


def is_comparable() -> bool:
    """Whether this generator still makes the data that the frozen set was defined on."""
    return GENERATOR_VERSION == FROZEN_VERSION


def _case(tier: Tier, index: int) -> FrozenCase:
    position = _POSITIONS[index % 3]
    return FrozenCase(
        seed=_FIRST_SEED[tier] + index,
        tier=tier,
        condition=_CONDITIONS[(index // 3) % 2],
        position=position,
        field_strength_t=(1.5, 3.0)[(index // 6) % 2],
        sequence="single" if index % 4 == 3 else "dual",
        defect=index % 5 < 2,
        outflow=index % 9 == 0,
        heart_kind="no_cavity" if index % 25 == 7 else None,
    )

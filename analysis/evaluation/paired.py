"""Two ways of measuring the same thing: difference, its limits, and whether they are equivalent."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from scipy import stats

from analysis.domain import Doubles

EQUIVALENT_WITHIN: Final = 0.03
"""Share of the mean within which two means are called equivalent (two one-sided tests)."""


@dataclass(frozen=True, kw_only=True)
class Paired:
    """Second minus first of n pairs: bias, limits of agreement (95 %) and tests.

    p_difference: two-sided paired t-test. p_equivalent: the larger of the two one-sided tests that
    the bias lies within +-EQUIVALENT_WITHIN of the first's mean.
    """

    n: int
    mean_first: float
    mean_second: float
    bias: float
    limits: tuple[float, float]
    p_difference: float
    p_equivalent: float

    def to_json(self) -> dict[str, Any]:
        return {
            key: [round(v, 4) for v in value] if isinstance(value, tuple) else round(value, 4)
            for key, value in asdict(self).items()
        }


def compare_pairs(first: Doubles, second: Doubles, *, margin: float = EQUIVALENT_WITHIN) -> Paired:
    """Compare paired values (n,); pairs with a missing value are left out.

    Raises ValueError for fewer than three complete pairs.
    """
    both = np.isfinite(first) & np.isfinite(second)
    first, second = first[both], second[both]
    count = len(first)
    if count < 3:
        raise ValueError(f"{count} pairs cannot be compared")
    difference = second - first
    bias, spread = float(difference.mean()), float(difference.std(ddof=1))
    error = max(spread / np.sqrt(count), 1e-12)
    allowed = margin * float(first.mean())
    freedom = count - 1
    return Paired(
        n=count,
        mean_first=float(first.mean()),
        mean_second=float(second.mean()),
        bias=bias,
        limits=(bias - 1.96 * spread, bias + 1.96 * spread),
        p_difference=float(2 * stats.t.sf(abs(bias) / error, freedom)),
        p_equivalent=float(
            max(
                stats.t.sf((allowed + bias) / error, freedom),
                stats.t.sf((allowed - bias) / error, freedom),
            )
        ),
    )

"""What a flow model is to the batched fit: parameters with bounds, and an integrated response.

A tissue curve is density * MBF/60 * (Ca * R)(t - delay). Where Ca is piecewise linear, that
convolution is an exact sum over its changes of slope times the second integral of the residue R.
So a model offers that second integral in closed form, and no time stepping is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from analysis.domain import Floats


@dataclass(frozen=True)
class Parameter:
    """One positive parameter of a model, fitted as its logarithm, in blood units.

    name: mbf, ps (ml/min/g), vb, visf (ml/g) or a model's own (unit in its module).
    lower, upper: bounds of the fit. starts: values in the dictionary of first guesses.
    usual: range in people's myocardium (16th to 84th percentile), where that is known; a weak
    normal prior on the logarithm. ceiling: what no myocardium exceeds; see CEILING_SD.
    """

    name: str
    lower: float
    upper: float
    starts: tuple[float, ...]
    usual: tuple[float, float] | None = None
    ceiling: float | None = None


MBF: Final = Parameter("mbf", 0.05, 8.0, (0.3, 0.6, 1.0, 1.6, 2.4))
VB: Final = Parameter("vb", 0.01, 0.3, (0.07, 0.11), usual=(0.060, 0.129), ceiling=0.129)
PS: Final = Parameter("ps", 0.05, 8.0, (1.0, 2.5), usual=(0.69, 4.1))
VISF: Final = Parameter("visf", 0.04, 1.0, (0.2, 0.45), usual=(0.17, 0.86))
"""MBF, blood volume, permeability-surface product and interstitial volume.

Nothing is assumed about the flow; it starts from below, so that among equally good fits the one
with less flow is met first. The usual ranges are the grid of Xue 2020b (plasma units, taken
to blood units at a haematocrit of 0.42): noisy curves do not tell four parameters apart, and flow
is best known where the others stay near what hearts have.
"""

CEILING_SD: Final = 0.05
"""Log SD beyond a ceiling. A larger apparent blood volume is the spreading of the bolus on its way
from the ventricle to the tissue, which no model here has, and it would be paid for with flow."""

DELAY_BOUNDS_S: Final = (-1.0, 3.25)
DELAY_STARTS_S: Final = (-0.5, 0.25, 0.9, 1.5, 2.1, 2.75)
USUAL_DELAYS_S: Final = (0.0, 3.0)
DELAY_SD_S: Final = 0.2
"""Tissue cannot fill before the ventricle, nor more than 3 s after it (Xue 2020b); clocks may
differ by so much."""


class Model(Protocol):
    """The functions and names that every model's module has."""

    @property
    def NAME(self) -> str: ...

    @property
    def PARAMETERS(self) -> tuple[Parameter, ...]:
        """Fitted parameters; the first one is the MBF."""

    @property
    def FIRST_PASS_ONLY(self) -> bool:
        """Whether the model only holds up to the valley of the input function."""

    def response(self, time_s: Floats, values: Floats) -> tuple[Floats, Floats, Floats]:
        """MBF/60 times the second integral of R from 0 to ``time_s``.

        time_s: (N, K), negative before the arrival; values: (P, N) of PARAMETERS. Returns the
        response (N, K), its time derivative (N, K) and its derivatives with respect to the
        logarithm of each parameter (P, N, K).
        """

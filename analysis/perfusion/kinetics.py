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
    """

    name: str
    lower: float
    upper: float
    starts: tuple[float, ...]


MBF: Final = Parameter("mbf", 0.05, 8.0, (0.25, 0.4, 0.6, 0.9, 1.3, 1.8, 2.4, 3.2, 4.2, 5.6))
DELAY_BOUNDS_S: Final = (-1.0, 3.0)
DELAY_STARTS_S: Final = (-0.75, -0.25, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75)


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

"""Integrals of exponentials and Fermi functions that several residues are made of."""

from __future__ import annotations

import numpy as np
from scipy import special

from analysis.domain import Doubles


def exponential_integrals(x: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """(1 - e^-x)/x, phi = (x - 1 + e^-x)/x^2 and x dphi/dx for x >= 0, without cancellation.

    t times the first is the integral of e^-(x s/t) from 0 to t, t^2 phi its second integral.
    """
    x = np.maximum(x, 1e-5)
    first = -np.expm1(-x) / x
    phi = (1 - first) / x
    return first, phi, first - 2 * phi


def softplus(x: Doubles) -> Doubles:
    """ln(1 + e^x), the integral of the logistic function."""
    value: Doubles = np.logaddexp(0, x)
    return value


def softplus_integral(x: Doubles) -> Doubles:
    """Integral of ln(1 + e^s) from minus infinity to x, which is -Li2(-e^x)."""
    small = -special.spence(1 + np.exp(-np.abs(x)))
    value: Doubles = np.where(x > 0, x * x / 2 + np.pi**2 / 6 - small, small)
    return value

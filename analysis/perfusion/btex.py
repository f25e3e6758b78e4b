"""Blood-tissue exchange (BTEX): plasma flows through a capillary and exchanges with interstitium.

dCp/dt = -(F L/Vp) dCp/dx - (PS/Vp)(Cp - Ci), dCi/dt = (PS/Visf)(Cp - Ci), without axial diffusion.
The residue has a closed form (Sangren & Sheppard 1953): R = 1 up to the transit time T = Vp/F, then
P(a, k(t - T)) with a = PS/F, k = PS/Visf and P(a, s) = ncx2.cdf(2a, 2, 2s).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from scipy import interpolate, special

from analysis.domain import Doubles, Floats
from analysis.perfusion.kinetics import MBF, PS, VB, VISF

NAME: Final = "btex"
FIRST_PASS_ONLY: Final = False
PARAMETERS: Final = (MBF, VB, PS, VISF)

_STEP: Final = 0.025
_LARGEST_X: Final = 14.0
_LARGEST_Y: Final = 8.0
"""a = PS/F is cut off at 64: exchange is complete there and the curve no longer changes."""


def residue(time_s: Doubles, *, mbf: float, vb: float, ps: float, visf: float) -> Doubles:
    """R(t) for MBF and PS in ml/min/g and volumes in ml/g; zero before t = 0."""
    transit_s = vb / mbf * 60
    late = np.maximum(time_s - transit_s, 0)
    exchanged = special.chndtr(2 * ps / mbf, 2, 2 * ps / visf / 60 * late)
    value: Doubles = np.where(time_s < transit_s, 1.0, exchanged) * (time_s >= 0)
    return value


def exchange_integrals(tau: Doubles, a: Doubles) -> tuple[Doubles, Doubles]:
    """First and second integral of P(a, s) over s from 0 to tau, in closed form.

    With S = 1 - P - e^-(a+tau) I0(2 sqrt(a tau)) and E1 = e^-(a+tau) sqrt(a tau) I1(2 sqrt(a tau)),
    the first is tau P + a S - E1; the second follows by parts in the same terms.
    """
    root = np.sqrt(a * tau)
    decay = np.exp(-((np.sqrt(a) - np.sqrt(tau)) ** 2))
    p = special.chndtr(2 * a, 2, 2 * tau)
    e0 = decay * special.i0e(2 * root)
    e1 = decay * root * special.i1e(2 * root)
    s = 1 - p - e0
    first = tau * p + a * s - e1
    moment = (1 + a) * s - tau * e0 - e1
    by_parts = (a * s + a * moment - tau * e1 - e1) / 2
    second = tau**2 * p / 2 + by_parts + a * (tau - first - s) + e1 - a * s
    return first, second


def response(time_s: Floats, values: Floats) -> tuple[Floats, Floats, Floats]:
    """MBF/60 times the second integral of R, and its derivatives; see kinetics.Model.

    The second integral is t^2/2 - u^2 psi(a, k u), u = t - T after the transit time, with
    psi = 1/2 - (second integral of P)/tau^2 from a table.
    """
    flow, vb, ps, visf = values[:, :, None]
    flow = flow / np.float32(60)
    transit = vb / flow
    a = np.minimum(ps / (60 * flow), np.float32(_LARGEST_Y**2))
    k = a * flow / visf

    t = np.maximum(time_s, 0)
    u = np.maximum(t - transit, 0)
    psi, by_x, by_y = _psi(np.sqrt(k * u), np.sqrt(a))
    square = u * u
    scaled = square * psi
    second = t * t
    second *= np.float32(0.5)
    second -= scaled
    by_k = square * by_x
    by_k *= np.float32(-0.5)
    first_loss = u * (2 * psi + np.float32(0.5) * by_x)
    by_a = square * by_y
    by_a *= np.float32(-0.5)
    by_a *= (a < _LARGEST_Y**2).astype(np.float32)

    second *= flow
    first = flow * (t - first_loss)
    derivatives = np.empty((4, *t.shape), np.float32)
    derivatives[1] = first_loss * vb
    derivatives[2] = flow * (by_a + by_k)
    derivatives[3] = -flow * by_k
    derivatives[0] = second - derivatives[1] - flow * by_a
    return second, first, derivatives


def _psi(x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """psi, x dpsi/dx and y dpsi/dy at x = sqrt(tau) (N, K) and y = sqrt(a) (N, 1).

    A second-order Taylor step from the nearest node: one table row per value, error below 4e-7.
    """
    tables, columns = _psi_tables()
    scaled = np.minimum(x, np.float32(_LARGEST_X)) * np.float32(1 / _STEP)
    node = np.rint(scaled)
    dx = (scaled - node) * np.float32(_STEP)
    y_scaled = y * np.float32(1 / _STEP)
    y_node = np.rint(y_scaled)
    dy = (y_scaled - y_node) * np.float32(_STEP)
    index = (node + y_node * np.float32(columns)).astype(np.int32)
    value, d_x, d_y, d_xx, d_xy, d_yy = (table.take(index, mode="clip") for table in tables)

    half_xx = np.float32(0.5) * d_xx * dx
    half_yy = np.float32(0.5) * d_yy * dy
    cross = d_xy * dx
    value += dx * (d_x + half_xx)
    value += dy * (d_y + half_yy + cross)
    by_x = x * (d_x + 2 * half_xx + d_xy * dy)
    by_y = y * (d_y + 2 * half_yy + cross)
    beyond = x > _LARGEST_X
    if beyond.any():
        tau, a = x[beyond] ** 2, np.broadcast_to(y, x.shape)[beyond] ** 2
        offset = a * a / 2 + a
        value[beyond] = np.float32(0.5) - a / tau + offset / tau**2
        by_x[beyond] = 2 * a / tau - 4 * offset / tau**2
        by_y[beyond] = -2 * a / tau + (2 * a * a + 2 * a) / tau**2
    return value, by_x, by_y


@lru_cache(maxsize=1)
def _psi_tables() -> tuple[tuple[Floats, ...], int]:
    """psi and its derivatives (d/dx, d/dy, d2/dx2, d2/dxdy, d2/dy2) at the nodes, flattened.

    Rows are y = sqrt(a), columns x = sqrt(tau); returned with the number of columns. In square
    roots every feature of P is about one unit wide, so that an even grid suits all of them.
    """
    x = np.arange(0, _LARGEST_X + _STEP / 2, _STEP)
    y = np.arange(0, _LARGEST_Y + _STEP / 2, _STEP)
    tau, a = x[None, 1:] ** 2, y[:, None] ** 2
    psi = np.empty((y.size, x.size))
    psi[:, 1:] = 0.5 - exchange_integrals(tau, a)[1] / tau**2
    psi[:, 0] = np.exp(-(y**2)) / 2
    spline = interpolate.RectBivariateSpline(y, x, psi, kx=5, ky=5)
    orders = ((0, 0), (0, 1), (1, 0), (0, 2), (1, 1), (2, 0))
    tables = tuple(
        spline(y, x, dx=of_y, dy=of_x).astype(np.float32).ravel() for of_y, of_x in orders
    )
    return tables, x.size

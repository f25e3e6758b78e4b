"""Which frames a fit sees, and the even 0.5 s grid on which curves are compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.constants import INTERNAL_DT_S
from analysis.curves import bolus_features
from analysis.domain import Doubles, Floats
from analysis.errors import BadInput
from analysis.perfusion.kinetics import Model


def resample(
    series: Floats | Doubles,
    time_s: Doubles,
    *,
    dt_s: float = INTERNAL_DT_S,
    grid_s: Doubles | None = None,
) -> tuple[Floats, Doubles]:
    """Resample (T, ...) linearly from its acquisition times to an even grid; returns both.

    Frames that are NaN throughout (not used) and repeated times are left out, which repairs missed
    triggers; beyond the ends the first and last frames are held (Xue 2020b). ``grid_s`` replaces
    the grid of ``dt_s`` from the first used frame. BadInput where no two frames are usable.
    """
    series = np.asarray(series, np.float32)
    time_s = np.asarray(time_s, np.float64)
    used = usable_frames(series, time_s)
    if used.size < 2:
        raise BadInput("Fewer than two frames with a time and a value; nothing to resample.")
    times, frames = time_s[used], series[used]
    if grid_s is None:
        count = int(np.floor((times[-1] - times[0]) / dt_s + 1e-6)) + 1
        grid_s = times[0] + dt_s * np.arange(count)
    position = np.interp(grid_s, times, np.arange(times.size))
    before = np.minimum(position.astype(np.intp), times.size - 2)
    share = (position - before).astype(np.float32)
    share = share.reshape(-1, *(1,) * (series.ndim - 1))
    return frames[before] * (np.float32(1) - share) + frames[before + 1] * share, grid_s


def usable_frames(series: Floats | Doubles, time_s: Doubles) -> NDArray[np.intp]:
    """Indices, in order of time, of frames with a finite new time and any finite value."""
    filled = np.isfinite(series.reshape(len(series), -1)).any(axis=1) & np.isfinite(time_s)
    order = np.flatnonzero(filled)
    order = order[np.argsort(time_s[order], kind="stable")]
    if order.size:
        order = order[np.concatenate([[True], np.diff(time_s[order]) > 1e-6])]
    return order


def fitting_frames(
    model: Model, aif: Doubles, aif_time_s: Doubles, series: Floats, time_s: Doubles
) -> tuple[NDArray[np.intp], float]:
    """Indices of the frames of a series (T, ...) that a model is fitted to, and when they end (s).

    A model of the first pass alone ends at the valley of the input function (T_a,); the others use
    every usable frame.
    """
    frames = usable_frames(series, time_s)
    bolus = bolus_features(aif, aif_time_s)
    if not model.FIRST_PASS_ONLY or bolus is None:
        return frames, np.inf
    last_s = bolus.valley_s + 1e-6
    return frames[time_s[frames] <= last_s], last_s

"""Finding the two blood pools of the heart in a coarse first-pass series, without a network.

The agent fills the right ventricle a few beats before the left one, both fast, bright and in one
piece each. Chest wall and fat do not enhance, myocardium enhances less and does not wash out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import ndimage

from analysis.aif.checks import FEWEST_USABLE_PIXELS
from analysis.domain import Bools, Doubles, Floats
from analysis.quality import Flag

_CANDIDATE_FRACTION: Final = 0.25
_WASH_OUT: Final = 0.75
_SIMILAR: Final = 0.93
_SMALLEST_POOL_PX: Final = 5
_EDGE: Final = 0.6
"""Of the pool's peak enhancement in signal: about half of it in concentration, because saturation
flattens the top. Half height is where the edge of a blurred object lies; pixels below it are mostly
wall, and with them the brightest quartile would be mixed blood. Readers leave them out, too."""
_LEAST_SEEN_PX: Final = 3
_SAME_POOL: Final = 0.5
"""Dice of two masks of the same pool. A mask that merely holds the other is another thing: cavity
and wall together, or the cavity run into the aorta."""

_SHORTEST_TRANSIT: Final = 1.5
"""Frames (heartbeats) that blood needs at least from the right to the left ventricle."""

_DISAGREE: Final = Flag(
    code="aif-left-ventricle-uncertain",
    message="Contrast dynamics and the network disagree about the left ventricle on the input "
    "function images; the network's was taken. Check the region.",
)


@dataclass(frozen=True, kw_only=True)
class _Pool:
    """A connected set of pixels that fill together."""

    mask: Bools
    curve: Doubles
    arrival: float
    brightness: float
    centre_rc: tuple[float, float]


def detect_blood_pools(signal: Floats) -> tuple[Bools, Bools, tuple[Flag, ...]]:
    """LV and RV blood masks (H, W) of a series (T, H, W) without PD frames, and flags.

    Empty masks and a flag where no bolus or no second pool can be found. Signal or concentration;
    a surface-coil correction is not needed, because dynamics decide.
    """
    signal = np.nan_to_num(np.asarray(signal, np.float32))
    empty = np.zeros(signal.shape[1:], bool)
    if signal.shape[0] < 8:
        return empty, empty, (_not_found("the series is too short"),)
    curves = _enhancement(signal)
    pools = _pools(curves)
    pairs = [
        (_score(rv, lv, signal.shape[1:]), rv, lv)
        for rv in pools
        for lv in pools
        if lv.arrival - rv.arrival >= _SHORTEST_TRANSIT
    ]
    pairs = [pair for pair in pairs if pair[0] > 0]
    if pairs:
        _, rv_pool, lv_pool = max(pairs, key=lambda pair: pair[0])
        return _within_edge(lv_pool.mask, signal), _within_edge(rv_pool.mask, signal), ()
    if not pools:
        return empty, empty, (_not_found("nothing in the images fills with contrast agent"),)
    only = max(pools, key=lambda pool: pool.brightness * np.sqrt(pool.mask.sum()))
    flag = Flag(
        code="aif-right-ventricle-not-found",
        message="Only one blood pool was found on the input function images; "
        "check that it is the left ventricle.",
    )
    return _within_edge(only.mask, signal), empty, (flag,)


def agree_on_pools(
    found: tuple[Bools, Bools, tuple[Flag, ...]], seen: tuple[Bools, Bools], signal: Floats
) -> tuple[Bools, Bools, tuple[Flag, ...]]:
    """Join what the dynamics found (LV, RV, flags) with what a network saw (LV, RV).

    The network's pools count, the left one without its dim rim in the signal (T, H, W): the
    network finds the ventricle more often and follows its edge closer
    (docs/validation/segmentation.md). The dynamics are its check: a flag says where they mean
    another pool, and theirs is taken where the network sees none or too little to measure in.
    """
    lv, rv, flags = found
    seen_lv, seen_rv = seen
    if seen_lv.sum() < _LEAST_SEEN_PX:
        # The right ventricle measured for the left one would be wrong without notice.
        exchanged = lv.any() and 2 * int((lv & seen_rv).sum()) > int(lv.sum())
        return (seen_lv, seen_rv & ~seen_lv, (_DISAGREE,)) if exchanged else found
    own = _within_edge(seen_lv, np.nan_to_num(np.asarray(signal, np.float32)))
    shared = int((lv & seen_lv).sum())
    same = 2 * shared >= _SAME_POOL * (int(lv.sum()) + int(seen_lv.sum()))
    if own.sum() < FEWEST_USABLE_PIXELS and 2 * shared >= seen_lv.sum():
        return found
    if not same:
        return own, seen_rv & ~seen_lv, (_DISAGREE,)
    if seen_rv.any():
        return own, seen_rv & ~seen_lv, ()
    return own, rv & ~seen_lv, flags


def _not_found(reason: str) -> Flag:
    return Flag(
        code="aif-left-ventricle-not-found",
        message=f"The left ventricle was not found on the input function images: {reason}.",
        severity="invalid",
    )


def _within_edge(pool: Bools, signal: Floats) -> Bools:
    """The pool's pixels inside its half-height edge, judged without smoothing."""
    early = np.sort(signal[: max(3, len(signal) // 3)], axis=0)[:3].mean(axis=0)
    peak = np.sort(signal - early, axis=0)[-4:].mean(axis=0)
    inside: Bools = pool & (peak >= _EDGE * np.percentile(peak[pool], 90))
    return inside


def _enhancement(signal: Floats) -> Floats:
    """Smoothed series minus its earliest low level, (T, H, W)."""
    smooth = ndimage.gaussian_filter(signal, (0.8, 0.5, 0.5), mode="nearest")
    early = smooth[: max(3, len(smooth) // 3)]
    baseline = np.sort(early, axis=0)[: max(2, len(early) // 4)].mean(axis=0)
    enhancement: Floats = smooth - baseline
    return enhancement


def _pools(curves: Floats) -> list[_Pool]:
    """Sets of neighbouring bright pixels with the same dynamics, grown from the brightest seeds."""
    peak = curves.max(axis=0)
    noise = 1.4826 * np.median(np.abs(np.diff(curves, axis=0)), axis=0)
    candidates = (peak > _CANDIDATE_FRACTION * np.percentile(peak, 99.5)) & (peak > 4 * noise)
    arrival = _half_rise(curves, peak)
    candidates &= _washes_out(curves, peak)
    unit = curves / np.maximum(np.linalg.norm(curves, axis=0), 1e-12)
    left = candidates.copy()
    pools = []
    for _ in range(12):
        if not left.any():
            break
        row, column = divmod(int(np.argmax(np.where(left, peak, -np.inf))), peak.shape[1])
        seed = (row, column)
        mask = _grow(unit, candidates, arrival, seed)
        left &= ~ndimage.binary_dilation(mask)
        left[seed] = False
        if mask.sum() >= _SMALLEST_POOL_PX:
            pools.append(_pool(mask, curves))
    return pools


def _half_rise(curves: Floats, peak: Floats) -> Floats:
    """Frame (fractional) at which each curve first reaches half of its maximum."""
    above = curves >= peak / 2
    first = np.argmax(above, axis=0)
    before = np.maximum(first - 1, 0)
    low = np.take_along_axis(curves, before[None], 0)[0]
    high = np.take_along_axis(curves, first[None], 0)[0]
    share = np.where(first > 0, (peak / 2 - low) / np.maximum(high - low, 1e-12), 0)
    rise: Floats = (before + np.clip(share, 0, 1)).astype(np.float32)
    return rise


def _washes_out(curves: Floats, peak: Floats) -> Bools:
    """Whether a curve falls to less than three quarters of its peak afterwards, as blood does."""
    top = np.argmax(curves, axis=0)
    after = np.where(np.arange(len(curves))[:, None, None] >= top, curves, np.inf).min(axis=0)
    washes: Bools = after < _WASH_OUT * peak
    return washes


def _grow(unit: Floats, candidates: Bools, arrival: Floats, seed: tuple[int, int]) -> Bools:
    """Connected candidates whose normalised curve resembles that around the seed."""
    mask = np.zeros(candidates.shape, bool)
    mask[seed] = True
    mask = ndimage.binary_dilation(mask) & candidates
    mask[seed] = True
    for _ in range(3):
        template = unit[:, mask].mean(axis=1)
        template /= np.linalg.norm(template)
        similar = np.einsum("t,thw->hw", template, unit) > _SIMILAR
        similar &= np.abs(arrival - np.median(arrival[mask])) < 2.5
        labels, _ = ndimage.label(similar & candidates | mask)
        grown = labels == labels[seed]
        if (grown == mask).all():
            break
        mask = grown
    return mask


def _pool(mask: Bools, curves: Floats) -> _Pool:
    curve = curves[:, mask].mean(axis=1).astype(np.float64)
    peak = np.asarray(curve.max(), np.float32)
    arrival = _half_rise(curve[:, None, None].astype(np.float32), peak[None, None])
    rows, columns = np.nonzero(mask)
    return _Pool(
        mask=mask,
        curve=curve,
        arrival=float(arrival[0, 0]),
        brightness=float(peak),
        centre_rc=(float(rows.mean()), float(columns.mean())),
    )


def _score(rv: _Pool, lv: _Pool, shape: tuple[int, ...]) -> float:
    """How much two pools look like the ventricles: large, bright, close, LV after RV and round."""
    distance = np.hypot(rv.centre_rc[0] - lv.centre_rc[0], rv.centre_rc[1] - lv.centre_rc[1])
    nearness = max(0.0, 1 - distance / (0.5 * max(shape)))
    size = np.sqrt(min(rv.mask.sum(), 150) * min(lv.mask.sum(), 150))
    later = lv.arrival - rv.arrival
    plausible = 1.0 if later < 20 else 0.3
    return float(size * np.sqrt(rv.brightness * lv.brightness) * nearness * plausible)

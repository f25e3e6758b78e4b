"""Whether what was segmented behaves like a heart: shape, agreement and time, one number.

The patch-level doubt of Yalcinkaya 2022 asks how sure the network is; a network may be sure of a
kidney. So its doubt is joined with what a reader would check first: a closed ring, a cavity that
fills and empties, a wall that fills after it, a series that stands still. NumPy only.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Literal, get_args

import numpy as np

from analysis.constants import LV_CAVITY, MYOCARDIUM
from analysis.domain import Bools, Doubles, Floats
from analysis.uncertainty.segments import WIDENED_MM, widened

RAYS: Final = 48
LEAST_PIXELS: Final = 5

Reason = Literal["ring", "agreement", "steadiness", "bolus", "wall_later", "compact"]
REASONS: Final[dict[Reason, str]] = {
    "ring": "the wall does not close around a cavity",
    "agreement": "the network contradicts itself when it looks again",
    "steadiness": "the frames jump or are noise",
    "bolus": "no contrast agent is seen to pass through the cavity",
    "wall_later": "the wall does not fill after the cavity",
    "compact": "what was found is not round",
}


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What speaks for a heart, each about 0-1 (higher is more plausible).

    ring: share of directions from the cavity's centre that meet wall.
    agreement: 1 - U over the whole wall, not below 0.
    steadiness: how little of the change over time around the wall is from one frame to the next.
    bolus: how far the cavity's curve rises above its own noise, saturating.
    wall_later: 1 where the wall fills after the cavity, 0 where before, in between one half.
    compact: area of cavity and wall relative to the circle that holds nine tenths of it.
    """

    ring: float
    agreement: float
    steadiness: float
    bolus: float
    wall_later: float
    compact: float

    def values(self) -> Doubles:
        return np.array([getattr(self, item.name) for item in fields(self)])


NAMES: Final[tuple[Reason, ...]] = get_args(Reason)


@dataclass(frozen=True, kw_only=True)
class Model:
    """A logistic model of doubt: 1 / (1 + exp(-(constant + sum of weights x evidence)))."""

    constant: float
    weights: tuple[float, ...]
    usual: tuple[float, ...]
    """Median evidence of slices that are what they should be, to say what is amiss."""


FITTED: Final = Model(
    constant=19.25,
    weights=(-3.653, -4.602, -3.575, -4.028, -1.979, -4.685),
    usual=(1.0, 0.966, 0.857, 1.0, 0.769, 0.995),
)
"""Fitted on simulated slices by ``python -m analysis evaluate ood --fit``."""

DOUBTFUL_ABOVE: Final = 0.355
"""95 % of the normal slices among those fitted on stay below it."""


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """How much a slice is unlike a heart (0-1), and what speaks most against it."""

    value: float
    reason: Reason
    doubtful: bool

    @property
    def in_words(self) -> str:
        return REASONS[self.reason]


def doubt_from(found: Evidence, *, model: Model = FITTED, above: float = DOUBTFUL_ABOVE) -> Doubt:
    """Doubt about a slice from its evidence."""
    values = found.values()
    weights = np.array(model.weights)
    logit = model.constant + float(weights @ values)
    against = weights * (values - np.array(model.usual))
    value = float(1 / (1 + np.exp(-np.clip(logit, -50, 50))))
    return Doubt(value=value, reason=NAMES[int(np.argmax(against))], doubtful=value > above)


def evidence(
    series: Floats,
    time_s: Doubles,
    probabilities: Floats,
    uncertainty: Floats,
    *,
    pixel_spacing_mm: tuple[float, float],
) -> Evidence:
    """Evidence that a segmented slice is a heart.

    series: (T, H, W) motion-corrected frames as they were segmented, any gain; time_s: (T,).
    probabilities: (4, H, W); uncertainty: (H, W).
    """
    labels = probabilities.argmax(axis=0)
    cavity, wall = labels == LV_CAVITY, labels == MYOCARDIUM
    heart = cavity | wall
    if wall.sum() < LEAST_PIXELS:
        return Evidence(**dict.fromkeys(NAMES, 0.0))
    near = widened(wall, WIDENED_MM, pixel_spacing_mm)
    frames = np.nan_to_num(series)
    pool = cavity if cavity.sum() >= LEAST_PIXELS else heart
    doubt = float(np.nan_to_num(uncertainty)[near].sum()) / float(wall.sum())
    return Evidence(
        ring=_ring(cavity, wall),
        agreement=max(0.0, 1.0 - doubt),
        steadiness=_steadiness(frames[:, near]),
        bolus=_bolus(frames, pool),
        wall_later=_later(_curve(frames, pool), _curve(frames, wall), time_s),
        compact=_compact(heart),
    )


def _curve(frames: Floats, mask: Bools) -> Doubles:
    """Mean of a mask over time, smoothed over three frames."""
    curve = frames[:, mask].mean(axis=1).astype(np.float64)
    padded = np.pad(curve, 1, mode="edge")
    return np.asarray((padded[:-2] + padded[1:-1] + padded[2:]) / 3)


def _ring(cavity: Bools, wall: Bools) -> float:
    inner = cavity if cavity.sum() >= LEAST_PIXELS else wall
    centre = np.argwhere(inner).mean(axis=0)
    rows, columns = np.nonzero(wall)
    angle = np.arctan2(rows - centre[0], columns - centre[1])
    return len(np.unique(((angle + np.pi) / (2 * np.pi) * RAYS).astype(int) % RAYS)) / RAYS


def _steadiness(pixels: Floats) -> float:
    """1 - the share of the variance over time that is between neighbouring frames.

    White noise and random displacement give 0, a smooth passage of contrast nearly 1.
    """
    if len(pixels) < 4:
        return 0.0
    jumps = np.diff(pixels.astype(np.float64), n=2, axis=0)
    between = (jumps**2).mean(axis=0) / 6
    whole = pixels.astype(np.float64).var(axis=0)
    return float(np.clip(1 - between.sum() / max(whole.sum(), 1e-12), 0.0, 1.0))


def _bolus(frames: Floats, pool: Bools) -> float:
    """Rise of the pool's mean curve over its own frame-to-frame noise: 1 - exp(-rise / 20)."""
    curve = frames[:, pool].mean(axis=1).astype(np.float64)
    smooth = _curve(frames, pool)
    noise = 1.4826 * float(np.median(np.abs(np.diff(curve, n=2)))) / np.sqrt(6)
    rise = float(smooth.max() - np.sort(smooth)[: max(2, len(smooth) // 8)].mean())
    return 1.0 - float(np.exp(-rise / max(20 * noise, 1e-9)))


def _half_rise(curve: Doubles, time_s: Doubles) -> float:
    peak = int(np.argmax(curve))
    low = float(curve[: peak + 1].min())
    above = np.flatnonzero(curve[: peak + 1] >= low + 0.5 * (curve[peak] - low))
    return float(time_s[above[0]])


def _later(blood: Doubles, muscle: Doubles, time_s: Doubles) -> float:
    delay = _half_rise(muscle, time_s) - _half_rise(blood, time_s)
    return float(1 / (1 + np.exp(-delay / 2.0)))


def _compact(heart: Bools) -> float:
    points = np.argwhere(heart)
    radius = np.hypot(*(points - np.median(points, axis=0)).T)
    reach = np.quantile(radius, 0.9)
    return float(np.clip(0.9 * len(points) / max(np.pi * reach**2, 1e-9), 0.0, 1.0))

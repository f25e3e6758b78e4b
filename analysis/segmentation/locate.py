"""Where the heart is, from the network's own answers; no label, no header.

A first look at the whole image gives candidates; each is looked at again in its own window and
re-centred on what was found there. The answer that looks most like a heart, a closed ring of
confident myocardium around a cavity, is kept.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import ndimage

from analysis.constants import LV_CAVITY, MYOCARDIUM, RV_CAVITY
from analysis.domain import Floats

RAYS: Final = 48
SMALLEST_HEART_MM2: Final = 250.0
RV_SHARE: Final = 0.2
"""A right ventricle this large relative to the left one counts fully."""
BLOOD_SHARE: Final = 0.1
"""A cavity that brightens by this share of what brightens most counts fully as blood: a small one,
blurred by breathing and far from the coil, has been seen to reach 0.12, a stomach 0.02."""
LEAST_BLOOD: Final = 0.1
_FEWEST_CAVITY_PIXELS: Final = 5


def ring_closure(probabilities: Floats) -> float:
    """Share (0-1) of the directions from the LV's centre that meet myocardium.

    Without a cavity it is halved: a solid piece may be a liver as well as a squeezed ventricle.

    probabilities: (4, h, w).
    """
    labels = probabilities.argmax(axis=0)
    inner = labels == LV_CAVITY
    wall = labels == MYOCARDIUM
    if wall.sum() < 10:
        return 0.0
    hollow = inner.sum() >= _FEWEST_CAVITY_PIXELS
    centre = np.argwhere(inner if hollow else wall).mean(axis=0)
    rows, columns = np.nonzero(wall)
    angle = np.arctan2(rows - centre[0], columns - centre[1])
    bins = ((angle + np.pi) / (2 * np.pi) * RAYS).astype(int) % RAYS
    return len(np.unique(bins)) / RAYS * (1.0 if hollow else 0.5)


def confidence(probabilities: Floats) -> float:
    """Mean probability (0-1) of the winning class over the LV cavity and its wall."""
    labels = probabilities.argmax(axis=0)
    heart = (labels == LV_CAVITY) | (labels == MYOCARDIUM)
    if not heart.any():
        return 0.0
    return float(probabilities.max(axis=0)[heart].mean())


def heart_score(probabilities: Floats) -> float:
    """Ring closure times confidence: 1 is a closed ring without doubt, 0 is no heart."""
    return ring_closure(probabilities) * confidence(probabilities)


def likeness(probabilities: Floats) -> float:
    """How much a window looks like the heart rather than like another ring: 0-1, for choosing.

    A kidney or a stomach makes a closed ring with more confidence than an outflow tract slice does,
    but has no right ventricle beside it. An apical slice may have none either: that halves it.
    """
    labels = probabilities.argmax(axis=0)
    heart = int(((labels == LV_CAVITY) | (labels == MYOCARDIUM)).sum())
    right = float((labels == RV_CAVITY).sum()) / max(1.0, RV_SHARE * heart)
    return heart_score(probabilities) * (0.5 + 0.5 * min(1.0, right))


def rise(frames: Floats) -> Floats:
    """How much every pixel (h, w) brightens after the first of the frames (T, h, w)."""
    brightened: Floats = frames.max(axis=0) - frames[:3].mean(axis=0)
    return brightened


def filled_with_blood(probabilities: Floats, window: Floats, brightest: float) -> float:
    """Whether the bolus passes through what is called LV cavity, 0.1-1, for choosing.

    A stomach has a wall and a cavity, but no bolus in it. Without a cavity nothing is said.
    window: (T, h, w) of what the network saw; brightest: the largest rise in the image.
    """
    cavity = probabilities.argmax(axis=0) == LV_CAVITY
    if cavity.sum() < _FEWEST_CAVITY_PIXELS or brightest <= 0:
        return 1.0
    share = float(np.median(rise(window)[cavity])) / (BLOOD_SHARE * brightest)
    return float(np.clip(share, LEAST_BLOOD, 1.0))


def heart_centre(probabilities: Floats) -> tuple[float, float] | None:
    """Centre (row, column) of the largest piece of LV cavity and wall, None where there is none."""
    heart = probabilities[LV_CAVITY] + probabilities[MYOCARDIUM] > 0.5
    pieces, count = ndimage.label(heart)
    if not count:
        return None
    sizes = np.bincount(pieces.ravel())[1:]
    row, column = np.argwhere(pieces == 1 + int(sizes.argmax())).mean(axis=0)
    return float(row), float(column)


def candidate_centres(
    probabilities: Floats, *, grid_spacing_mm: float, limit: int = 3
) -> list[tuple[float, float]]:
    """Centres (row, column) of the pieces that may be the heart, the most likely first.

    A piece counts with its size and with how much it looks like a heart: a liver edge called
    myocardium has no closed ring.
    """
    heart = probabilities[LV_CAVITY] + probabilities[MYOCARDIUM]
    pieces, count = ndimage.label(heart > 0.5)
    found = []
    for piece in range(1, count + 1):
        inside = pieces == piece
        if inside.sum() * grid_spacing_mm**2 < SMALLEST_HEART_MM2:
            continue
        alone = np.where(inside[None], probabilities, 0)
        alone[0] = np.where(inside, probabilities[0], 1)
        mass = float(heart[inside].sum()) ** 0.25
        row, column = np.argwhere(inside).mean(axis=0)
        found.append((mass * (0.1 + heart_score(alone)), (float(row), float(column))))
    found.sort(reverse=True)
    return [centre for _, centre in found[:limit]]


def moving_centre(frames: Floats) -> tuple[float, float]:
    """Centre (row, column) of the strongest enhancement: the fall-back where no heart was seen."""
    enhancement = ndimage.gaussian_filter(rise(frames), 2.0)
    bright = enhancement >= np.percentile(enhancement, 97)
    row, column = np.argwhere(bright).mean(axis=0)
    return float(row), float(column)

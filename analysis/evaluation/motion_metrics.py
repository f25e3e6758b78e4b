"""How well the frames of a series lie on each other, by labels and by known displacements."""

from __future__ import annotations

import numpy as np

from analysis.constants import LV_CAVITY, MYOCARDIUM
from analysis.domain import Bools, Bytes, Floats
from analysis.motion import warp


def warp_labels(labels: Bytes, displacement_px: Floats) -> Bytes:
    """Labels (H, W) through a field (2, H, W): each pixel takes the class with most weight."""
    classes = (0, LV_CAVITY, MYOCARDIUM)
    shares = [warp((labels == k).astype(np.float32), displacement_px) for k in classes]
    return np.asarray(np.array(classes, dtype=np.uint8)[np.argmax(shares, axis=0)])


def between_frames(labels: Bytes, displacement_px: Floats | None = None) -> tuple[float, float]:
    """Dice of the myocardium, and of cavity and myocardium together, between labelled frames.

    labels: (T, H, W), warped by displacement_px (T, 2, H, W) where given. Each is the median over
    all pairs of labelled frames.
    """
    labelled = np.flatnonzero((labels > 0).any(axis=(1, 2)))
    drawn = labels[labelled]
    if displacement_px is not None:
        moved = zip(drawn, displacement_px[labelled], strict=True)
        drawn = np.stack([warp_labels(frame, field) for frame, field in moved])
    return _median_pair(drawn == MYOCARDIUM), _median_pair(drawn > 0)


def _median_pair(masks: Bools) -> float:
    flat = masks.reshape(len(masks), -1).astype(np.float32)
    common = flat @ flat.T
    size = flat.sum(axis=1)
    dice = 2 * common / np.maximum(size[:, None] + size[None], 1)
    return float(np.median(dice[np.triu_indices(len(flat), 1)]))


def displacement_error(estimated: Floats, true: Floats, heart: Bools, frames: Bools) -> Floats:
    """Distance (F, n) between fields in the heart, in pixels, for the given frames.

    estimated, true: (T, 2, H, W). The frame of reference is free, so that each pixel's median over
    the frames is taken off.
    """
    difference = (estimated[frames] - true[frames])[:, :, heart]
    difference -= np.median(difference, axis=0).astype(np.float32)
    return np.asarray(np.hypot(difference[:, 0], difference[:, 1]), dtype=np.float32)

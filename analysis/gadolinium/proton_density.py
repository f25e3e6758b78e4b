"""The proton-density image that removes the surface-coil shading."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import ndimage

from analysis.domain import Bools, Floats

_AIR_FRACTION: Final = 0.15
_FLOOR_FRACTION: Final = 0.05


def smooth_proton_density(pd_frames: Floats, *, sigma_px: float) -> tuple[Floats, Bools]:
    """Smoothed mean of PD frames (N, H, W), and where there is tissue; both (H, W).

    Normalised convolution inside the tissue: air and lung carry no signal and would drag the edge
    of the heart down if they were averaged in. A pixel far from tissue gets a floor, so that a
    ratio there stays small instead of exploding. NaN where no PD frame is usable at all.
    """
    finite = np.isfinite(pd_frames)
    count = finite.sum(axis=0)
    mean = np.where(finite, pd_frames, 0).sum(axis=0) / np.maximum(count, 1)
    tissue = _tissue(mean) & (count > 0)
    if not tissue.any():
        return np.full(mean.shape, np.nan, np.float32), tissue
    weight = ndimage.gaussian_filter(tissue.astype(np.float64), sigma_px, mode="nearest")
    summed = ndimage.gaussian_filter(np.where(tissue, mean, 0.0), sigma_px, mode="nearest")
    typical = float(np.median(mean[tissue]))
    smoothed = np.where(weight > 1e-3, summed / np.maximum(weight, 1e-3), typical)
    return np.maximum(smoothed, _FLOOR_FRACTION * typical).astype(np.float32), tissue


def _tissue(image: np.ndarray) -> Bools:
    """Pixels with signal: brighter than a fraction of a robust maximum, specks removed.

    The maximum is that of a heavily smoothed image, because a surface coil makes the chest wall
    several times brighter than the heart.
    """
    background = ndimage.gaussian_filter(image, max(image.shape) / 8, mode="nearest")
    tissue = (image > _AIR_FRACTION * np.maximum(background, 0)) & (
        image > 0.25 * _AIR_FRACTION * np.percentile(image, 95)
    )
    opened: Bools = ndimage.binary_opening(tissue, iterations=1)
    return opened if opened.any() else tissue

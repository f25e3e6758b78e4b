"""The published list of how well a segmentation agrees with the truth (Xue 2020a).

Masks are (H, W) bool. FN = |M - A| / |M| and FP = |A - M| / |M| with M the truth and A the
automated answer; distances are between contours, in mm.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage import measure

from analysis.constants import LV_CAVITY, MYOCARDIUM, RV_CAVITY
from analysis.domain import Bools, Bytes, Doubles


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Agreement of one slice; NaN where the truth does not hold the structure."""

    dice_myocardium: float
    dice_lv: float
    dice_rv: float
    false_positive: float
    false_negative: float
    precision: float
    recall: float
    boundary_error_mm: float
    hausdorff_mm: float

    def to_json(self) -> dict[str, float]:
        return asdict(self)


def dice(answer: Bools, truth: Bools) -> float:
    """Overlap of two masks, NaN where the truth is empty."""
    if not truth.any():
        return float("nan")
    return 2 * float((answer & truth).sum()) / float(answer.sum() + truth.sum())


def contour_mm(mask: Bools, spacing_mm: tuple[float, float]) -> Doubles:
    """Points (N, 2) in mm, about 0.5 mm apart, on the longest outline of a mask."""
    # scikit-image has no types.
    outlines = measure.find_contours(np.pad(mask, 1).astype(np.float64), 0.5)  # type: ignore[no-untyped-call]
    if not outlines:
        return np.empty((0, 2))
    longest = max(outlines, key=len) * np.asarray(spacing_mm)
    steps = np.hypot(*np.diff(longest, axis=0).T)
    along = np.concatenate(([0.0], np.cumsum(steps)))
    places = np.linspace(0, along[-1], max(8, int(along[-1] / 0.5)))
    return np.stack([np.interp(places, along, longest[:, axis]) for axis in (0, 1)], axis=1)


def contour_distances(
    answer: Bools, truth: Bools, spacing_mm: tuple[float, float]
) -> tuple[float, float]:
    """Mean and largest distance (mm) between two outlines, both directions; NaN if one is empty."""
    first, second = contour_mm(answer, spacing_mm), contour_mm(truth, spacing_mm)
    if not len(first) or not len(second):
        return float("nan"), float("nan")
    there = np.asarray(cKDTree(second).query(first)[0])
    back = np.asarray(cKDTree(first).query(second)[0])
    return float((there.mean() + back.mean()) / 2), float(max(there.max(), back.max()))


def agreement(answer: Bytes, truth: Bytes, spacing_mm: tuple[float, float]) -> Agreement:
    """Agreement of two label images (H, W); distances over endo- and epicardium together."""
    wall, true_wall = answer == MYOCARDIUM, truth == MYOCARDIUM
    size = max(1, int(true_wall.sum()))
    both = float((wall & true_wall).sum())
    distances = []
    for mask, true_mask in (
        (answer == LV_CAVITY, truth == LV_CAVITY),
        (_filled(answer), _filled(truth)),
    ):
        if true_mask.any():
            distances.append(contour_distances(mask, true_mask, spacing_mm))
    means, largest = zip(*distances, strict=True) if distances else ((np.nan,), (np.nan,))
    return Agreement(
        dice_myocardium=dice(wall, true_wall),
        dice_lv=dice(answer == LV_CAVITY, truth == LV_CAVITY),
        dice_rv=dice(answer == RV_CAVITY, truth == RV_CAVITY),
        false_positive=float((wall & ~true_wall).sum()) / size,
        false_negative=float((true_wall & ~wall).sum()) / size,
        precision=both / max(1, int(wall.sum())),
        recall=both / size,
        boundary_error_mm=float(np.mean(means)),
        hausdorff_mm=float(np.max(largest)),
    )


def _filled(labels: Bytes) -> Bools:
    heart = (labels == LV_CAVITY) | (labels == MYOCARDIUM)
    filled: Bools = ndimage.binary_fill_holes(heart)
    return filled

"""Contact sheets: every case drawn with truth and answer, to be looked at by eye."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from analysis.constants import LV_CAVITY, MYOCARDIUM, RV_CAVITY
from analysis.domain import Bytes
from analysis.evaluation.segmentation_cases import Case

COLUMNS = 8
HALF_WIDTH_MM = 70.0


def draw_sheet(cases: list[tuple[Case, Bytes, str]], path: Path) -> None:
    """Write a PNG of (case, answer, caption) tiles: truth dashed, answer drawn through."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = -(-len(cases) // COLUMNS)
    figure = Figure(figsize=(2.6 * COLUMNS, 2.75 * rows), facecolor="black", layout="tight")
    FigureCanvasAgg(figure)
    for index, (case, answer, caption) in enumerate(cases):
        axes = figure.add_subplot(rows, COLUMNS, index + 1)
        _draw_tile(axes, case, answer)
        axes.set_title(caption, color="white", fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=75)


def _draw_tile(axes: Any, case: Case, answer: Bytes) -> None:
    row, column = case.truth_centre if (case.labels > 0).any() else np.array(answer.shape) / 2
    half = [HALF_WIDTH_MM / spacing for spacing in case.pixel_spacing_mm]
    top, left = max(0, int(row - half[0])), max(0, int(column - half[1]))
    part = (slice(top, int(row + half[0])), slice(left, int(column + half[1])))
    blood = answer == LV_CAVITY if (answer == LV_CAVITY).any() else case.labels == MYOCARDIUM
    curve = case.series[:, blood].mean(axis=1)
    image = case.series[min(len(curve) - 1, int(curve.argmax()) + 3)][part]
    axes.imshow(image, cmap="gray", vmax=np.percentile(image, 99.3))
    for labels, style in ((case.labels, "dashed"), (answer, "solid")):
        for label, colour in (
            (LV_CAVITY, "#ff5a5a"),
            (MYOCARDIUM, "#ffe14d"),
            (RV_CAVITY, "#5ac8ff"),
        ):
            mask = labels[part] == label
            if mask.any():
                axes.contour(mask, [0.5], colors=colour, linewidths=0.9, linestyles=style)
    axes.axis("off")

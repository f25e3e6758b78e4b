"""Numbers and pictures of simulated exams: flow found against true flow."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from analysis.domain import Doubles
from analysis.phantom import SimulatedExam
from analysis.result import AnalysisResult

if TYPE_CHECKING:
    from analysis.evaluation.exams import AcquisitionErrors

BANDS: Final = (0.0, 0.8, 1.2, 2.0, 2.7, 8.0)
"""ml/min/g of true flow: rest below, at and above the usual; stress reduced, usual and high."""

_HIGHEST: Final = 5.0


def by_band(segments: Doubles) -> list[dict[str, float]]:
    """Mean relative error of segments (N, 4; see AcquisitionErrors) in bands of true flow."""
    rows = []
    for low, high in zip(BANDS[:-1], BANDS[1:], strict=True):
        inside = segments[(segments[:, 0] >= low) & (segments[:, 0] < high)]
        if len(inside):
            true, found, _, alone = inside.T
            rows.append(
                {
                    "from": low,
                    "to": high,
                    "segments": len(inside),
                    "bias": float(np.mean(found / true - 1)),
                    "bias_pixelwise": float(np.nanmean(alone / true - 1)),
                }
            )
    return rows


def write(found: Sequence[AcquisitionErrors], folder: Path) -> None:
    """``exams.json`` and ``exams_flow.png``: every segment, and global flow, against the truth."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    segments = np.array([row for errors in found for row in errors.segments]).reshape(-1, 4)
    report = {"bands": by_band(segments), "acquisitions": [asdict(errors) for errors in found]}
    text = json.dumps(report, indent=1).replace("NaN", "null")
    (folder / "exams.json").write_text(text)

    figure = Figure(figsize=(9.5, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    left.plot(segments[:, 0], segments[:, 3], ".", color="0.75", label="pixel by pixel")
    left.plot(segments[:, 0], segments[:, 1], ".", color="C0", label="as the product measures")
    left.plot([0, _HIGHEST], [0, _HIGHEST], "k--", linewidth=0.8)
    left.set(
        xlim=(0, _HIGHEST),
        ylim=(0, _HIGHEST),
        xlabel="true MBF of a segment (ml/min/g)",
        ylabel="measured MBF (ml/min/g)",
    )
    left.legend(loc="upper left", frameon=False)
    shown = [e for e in found if e.global_bias is not None]
    true = np.array([e.global_true for e in shown])
    bias = 100 * np.array([e.global_bias for e in shown], dtype=np.float64)
    right.axhspan(-5, 5, color="C2", alpha=0.15, label="aim")
    right.axhline(float(np.median(bias)), color="C0", linewidth=0.8, label="median")
    right.plot(true, bias, "o", color="C0", markersize=4)
    right.set(xlabel="true global MBF (ml/min/g)", ylabel="bias of global MBF (%)")
    right.legend(loc="lower left", frameon=False)
    figure.savefig(folder / "exams_flow.png", dpi=90)


def draw_maps(exam: SimulatedExam, result: AnalysisResult, path: Path) -> None:
    """True flow, measured flow, its standard error and the fit's residual, slice by slice."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    truth = {
        (acquisition.condition, piece.position): piece.truth
        for acquisition in exam.acquisitions
        for piece in acquisition.slices
    }
    pieces = [(a, s) for a in result.document["acquisitions"] for s in a["slices"]]
    figure = Figure(figsize=(6.4, 1.5 * len(pieces) + 0.7), layout="constrained")
    FigureCanvasAgg(figure)
    titles = ("true MBF", "measured MBF", "standard error", "residual (mmol/L)")
    for row, (acquisition, piece) in zip(
        figure.subplots(len(pieces), 4, squeeze=False), pieces, strict=True
    ):
        arrays = result.arrays[piece["key"]]
        true = truth[acquisition["condition"], piece["position"]]
        wall = arrays["labels"] == 2
        rows, columns = (np.flatnonzero(wall.any(axis=k)) for k in (1, 0))
        if rows.size == 0:
            continue
        near = np.s_[
            max(0, rows[0] - 12) : rows[-1] + 13, max(0, columns[0] - 12) : columns[-1] + 13
        ]
        images = (
            true.mbf_ml_per_min_per_g,
            np.where(wall, arrays["mbf"], np.nan),
            np.where(wall, arrays["mbf_se"], np.nan),
            np.where(wall, arrays["residual_rms_mmol_per_l"], np.nan),
        )
        for axis, image, title, highest in zip(row, images, titles, (4, 4, 1.5, 0.1), strict=True):
            drawn = axis.imshow(image[near], vmin=0, vmax=highest, cmap="viridis")
            axis.set_axis_off()
            if piece is pieces[0][1]:
                axis.set_title(title, fontsize=9)
            if piece is pieces[-1][1]:
                figure.colorbar(drawn, ax=axis, location="bottom", shrink=0.8)
        row[0].text(
            -0.04, 0.5, piece["key"].replace("_", " "), transform=row[0].transAxes, rotation=90,
            ha="right", va="center", fontsize=9,
        )  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90)

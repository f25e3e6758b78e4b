"""Pictures and movies of a series before and after motion correction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.figure import Figure

from analysis.constants import MYOCARDIUM
from analysis.domain import Bytes, Floats
from analysis.evaluation.motion_metrics import warp_labels

matplotlib.use("Agg")
HALF_PX = 45


def m_mode(series: Floats, centre_rc: tuple[float, float], *, half: int = HALF_PX) -> Floats:
    """The column of pixels through the heart over time: (2 half, T)."""
    row, column = round(centre_rc[0]), round(centre_rc[1])
    first = max(0, row - half)
    return np.asarray(series[:, first : row + half, column].T)


def draw_case(
    path: Path, title: str, before: Floats, after: Floats, labels: Bytes, moved: Floats
) -> None:
    """Write M-modes and six labelled frames (red; last one cyan), before and after, to a PNG.

    before, after: (T, H, W); labels: (T, H, W) as drawn; moved: (T, 2, H, W) displacement.
    """
    labelled = np.flatnonzero((labels > 0).any(axis=(1, 2)))
    centre = np.argwhere(labels[labelled] > 0).mean(axis=0)[1:]
    shown = labelled[np.linspace(0, len(labelled) - 1, min(6, len(labelled))).astype(int)]
    figure = Figure(figsize=(16, 11), layout="constrained")
    figure.suptitle(title)
    grid = figure.add_gridspec(4, 6)
    bright = float(np.percentile(before, 99.5))
    for band, series in enumerate((before, after)):
        name = "after" if band else "before"
        _strip(figure.add_subplot(grid[band, :]), series, (centre[0], centre[1]), bright, name)
        drawn = {t: warp_labels(labels[t], moved[t]) if band else labels[t] for t in shown}
        for column, t in enumerate(shown):
            axes = figure.add_subplot(grid[2 + band, column])
            _frame(axes, series[t], drawn[t], centre, bright, f"frame {t + 1}")
            axes.contour(drawn[shown[-1]] == MYOCARDIUM, [0.5], colors="cyan", linewidths=0.6)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=70)


def draw_m_modes(
    path: Path, title: str, before: Floats, after: Floats, centre_rc: tuple[float, float]
) -> None:
    """Write the column through the heart over time, before above after, to a PNG."""
    figure = Figure(figsize=(10, 6), layout="constrained")
    figure.suptitle(title)
    bright = float(np.percentile(before, 99.5))
    for index, (series, name) in enumerate(((before, "before"), (after, "after"))):
        axes = figure.add_subplot(2, 1, index + 1)
        _strip(axes, series, centre_rc, bright, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=70)


def _strip(
    axes: Any, series: Floats, centre_rc: tuple[float, float], bright: float, name: str
) -> None:
    strip = np.sqrt(np.clip(m_mode(series, centre_rc) / bright, 0, 1))
    axes.imshow(strip, cmap="gray", aspect="auto", interpolation="nearest")
    axes.set_ylabel(name)


def write_movie(path: Path, before: Floats, after: Floats, *, frames_per_second: int = 8) -> None:
    """Write an animated GIF with the series (T, H, W) before and after side by side."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    bright = float(np.percentile(before, 99.5))
    pictures = []
    for index, (series, name) in enumerate(((before, "before"), (after, "after"))):
        axes = figure.add_subplot(1, 2, index + 1)
        axes.set_title(name)
        axes.axis("off")
        pictures.append((axes.imshow(series[0], cmap="gray", vmin=0, vmax=bright), series))

    def show(t: int) -> list[Any]:
        for picture, series in pictures:
            picture.set_data(series[t])
        return [picture for picture, _ in pictures]

    path.parent.mkdir(parents=True, exist_ok=True)
    FuncAnimation(figure, show, frames=len(before)).save(
        path, writer=PillowWriter(fps=frames_per_second)
    )


def _frame(axes: Any, image: Floats, drawn: Bytes, centre: Any, bright: float, name: str) -> None:
    axes.imshow(image, cmap="gray", vmin=0, vmax=bright)
    axes.contour(drawn == MYOCARDIUM, [0.5], colors="red", linewidths=0.6)
    axes.set_xlim(centre[1] - HALF_PX, centre[1] + HALF_PX)
    axes.set_ylim(centre[0] + HALF_PX, centre[0] - HALF_PX)
    axes.set_title(name, fontsize=8)
    axes.axis("off")

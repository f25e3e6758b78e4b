"""The published patch-level uncertainty against cheaper estimators, on simulated normal slices.

Reference: the shipped network on all 1089 patches of 64x64 at stride 2 around the heart, UM their
standard deviation (Yalcinkaya 2022). Beside it 49 chosen patches and the eight shifted and mirrored
looks that every analysis takes. And the published comparisons of patch size and of the vote.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy import stats

from analysis.constants import LV_CAVITY, MYOCARDIUM
from analysis.domain import Bools, Bytes, Doubles, Floats
from analysis.evaluation.refusals import simulated_candidates
from analysis.evaluation.segmentation_metrics import dice
from analysis.segmentation.inference import LoadedNetwork, load_network, segment, window_around
from analysis.segmentation.patches import (
    PATCH_WINDOW,
    UNCERTAINTY_STRIDE,
    patch_corners,
    patch_uncertainty,
    spread_corners,
)
from analysis.segmentation.window import GRID_SPACING_MM, to_grid
from analysis.uncertainty.segments import WIDENED_MM, slice_uncertainty, widened

COUNT: Final = 20
SIZES: Final = (16, 32, 64)
VOTE_STRIDE: Final = 8
ESTIMATORS: Final = ("reference", "chosen patches", "looks")
_FIELD: Final = (PATCH_WINDOW, PATCH_WINDOW)
_SPACING: Final = (GRID_SPACING_MM, GRID_SPACING_MM)
_BATCH: Final = 33


@dataclass(frozen=True, kw_only=True)
class PatchRow:
    """One slice: U by each estimator, agreement of the maps in the wall's band, overlaps.

    pixelwise: correlation of UM with the reference, chosen patches and looks. votes: Dice by patch
    size and kind of vote.
    """

    name: str
    doubt: dict[str, float]
    pixelwise: dict[str, float]
    dice: float
    votes: dict[str, float]


def patch_rows(count: int = COUNT, *, version: str | None = None) -> Iterator[PatchRow]:
    """Judge normal simulated slices in which a heart was found."""
    loaded = load_network(version)
    for one in simulated_candidates({"normal": count}):
        answer = segment(one.series, one.time_s, one.pixel_spacing_mm, version=version)
        labels = answer.probabilities.argmax(axis=0)
        heart = (labels == LV_CAVITY) | (labels == MYOCARDIUM)
        if not heart.any() or one.labels is None:
            continue
        row, column = np.argwhere(heart).mean(axis=0)
        centre = (float(row), float(column))
        window = window_around(one.series, one.time_s, one.pixel_spacing_mm, centre, _FIELD)
        truth = np.stack([one.labels == label for label in range(4)]).astype(np.float32)
        parts = np.concatenate([answer.probabilities, truth, answer.uncertainty[None]])
        grid = to_grid(parts, centre_rc=centre, pixel_spacing_mm=one.pixel_spacing_mm, size=_FIELD)
        yield _judge(one.name, loaded, window, grid)


def _judge(name: str, loaded: LoadedNetwork, window: Floats, grid: Floats) -> PatchRow:
    found = grid[:4].argmax(axis=0).astype(np.uint8)
    true_wall = grid[4:8].argmax(axis=0) == MYOCARDIUM
    wall = found == MYOCARDIUM
    every = list(patch_corners(_FIELD, UNCERTAINTY_STRIDE))
    maps = {
        "reference": patch_uncertainty(loaded.network, window, every, batch=_BATCH).spread,
        "chosen patches": patch_uncertainty(
            loaded.network, window, spread_corners(), batch=_BATCH
        ).spread,
        "looks": grid[8],
    }
    band = widened(wall, WIDENED_MM, _SPACING)
    sectors = _sectors(found)
    return PatchRow(
        name=name,
        doubt={
            key: slice_uncertainty(um, wall, sectors, pixel_spacing_mm=_SPACING).value
            for key, um in maps.items()
        },
        pixelwise={
            key: float(np.corrcoef(maps["reference"][band], maps[key][band])[0, 1])
            for key in ESTIMATORS[1:]
        },
        dice=dice(wall, true_wall),
        votes=_votes(loaded, window, true_wall),
    )


def _sectors(labels: Bytes) -> Bytes:
    """Six wedges (H, W) around the middle of the heart."""
    middle = np.argwhere((labels == LV_CAVITY) | (labels == MYOCARDIUM)).mean(axis=0)
    rows, columns = np.mgrid[: labels.shape[0], : labels.shape[1]]
    angle = np.arctan2(rows - middle[0], columns - middle[1]) + np.pi
    wedges: Bytes = (1 + np.minimum((angle / (2 * np.pi) * 6).astype(int), 5)).astype(np.uint8)
    return wedges


def _votes(loaded: LoadedNetwork, window: Floats, true_wall: Bools) -> dict[str, float]:
    overlaps = {}
    for size in SIZES:
        corners = list(patch_corners(_FIELD, VOTE_STRIDE, size))
        answer = patch_uncertainty(loaded.network, window, corners, size=size, batch=_BATCH)
        for vote, table in (("mean", answer.mean), ("majority", answer.votes)):
            overlaps[f"{size} {vote}"] = dice(table.argmax(axis=0) == MYOCARDIUM, true_wall)
    return overlaps


def summarise_patches(rows: list[PatchRow]) -> dict[str, Any]:
    """Agreement with the reference, what each U foretells, overlap by size and vote."""
    doubt = {name: np.array([row.doubt[name] for row in rows]) for name in ESTIMATORS}
    overlap = np.array([row.dice for row in rows])
    return {
        "slices": len(rows),
        "r_of_U": {
            name: _round(np.corrcoef(doubt["reference"], doubt[name])[0, 1])
            for name in ESTIMATORS[1:]
        },
        "r_pixelwise_median": {
            name: _round(np.median([row.pixelwise[name] for row in rows]))
            for name in ESTIMATORS[1:]
        },
        "spearman_with_dice": {
            name: _round(stats.spearmanr(doubt[name], overlap)[0]) for name in ESTIMATORS
        },
        "dice_accepted_refused_at_0.2": {name: _split(doubt[name], overlap) for name in ESTIMATORS},
        "dice_by_size_and_vote": {
            key: _round(np.nanmean([row.votes[key] for row in rows])) for key in rows[0].votes
        },
    }


def _split(doubt: Doubles, overlap: Doubles) -> list[Any]:
    """Mean overlap of slices with 1 - U at least 0.80 and below, and how many are below."""
    refused = doubt > 0.2
    means = [_round(overlap[part].mean()) if part.any() else None for part in (~refused, refused)]
    return [*means, int(refused.sum())]


def _round(value: float | np.floating[Any]) -> float:
    return round(float(value), 4)


def evaluate_patches(
    out: Path, *, count: int = COUNT, version: str | None = None
) -> dict[str, Any]:
    """Judge count simulated slices (about 8 s each); writes uncertainty.json and a plot."""
    rows = list(patch_rows(count, version=version))
    report = summarise_patches(rows)
    out.mkdir(parents=True, exist_ok=True)
    (out / "uncertainty.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    draw(rows, out / "uncertainty.png")
    return report


def draw(rows: list[PatchRow], path: Path) -> None:
    """U of the estimators against the reference's, and U against overlap."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = (figure.add_subplot(1, 2, place) for place in (1, 2))
    reference = [row.doubt["reference"] for row in rows]
    for name, colour in zip(ESTIMATORS, ("#444444", "#2a6fbb", "#c0562b"), strict=True):
        doubt = [row.doubt[name] for row in rows]
        right.plot(doubt, [row.dice for row in rows], "o", color=colour, markersize=4, label=name)
        if name != ESTIMATORS[0]:
            left.plot(reference, doubt, "o", color=colour, markersize=4, label=name)
    left.axline((0, 0), slope=1, color="#999", linewidth=1)
    left.set_xlabel("U by all 1089 patches")
    left.set_ylabel("U by the estimator")
    right.set_xlabel("U")
    right.set_ylabel("Dice of the myocardium")
    for axes in (left, right):
        axes.legend(fontsize=8)
    figure.savefig(path, dpi=110)

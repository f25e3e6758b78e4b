"""The report on flow by automatic contours: statistics, Bland-Altman plot, a sheet of exams."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from analysis.domain import Doubles
from analysis.evaluation.paired import compare_pairs
from analysis.evaluation.segmentation_exam import Compared, compare_contours
from analysis.evaluation.segmentation_exam_tables import (
    dataset,
    doubt_foretells,
    draw_doubt,
    fine_segments,
    published_list,
)
from analysis.phantom.population import Tier
from analysis.sectors import SliceMaps

SHEET_COLUMNS: Final = 8
HALF_WIDTH_PX: Final = 32
GROUPS: Final[dict[str, Callable[[Compared], str]]] = {
    "condition": lambda item: item.case.condition,
    "field strength": lambda item: f"{item.case.field_strength_t:g} T",
    "slice": lambda item: item.case.position,
}


def evaluate_contours(tier: Tier, count: int | None, out: Path) -> dict[str, Any]:
    """Compare all cases; writes contours.json and three pictures."""
    compared = list(compare_contours(tier, count))
    report = summarise(compared)
    out.mkdir(parents=True, exist_ok=True)
    (out / "contours.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    draw_bland_altman(compared, out / "bland_altman.png")
    draw_exams(compared, out / "sheet.png")
    draw_doubt(compared, out / "doubt.png")
    return report


def summarise(compared: Sequence[Compared]) -> dict[str, Any]:
    """Agreement over all cases and by group; groups too small to be compared are left out."""
    report: dict[str, Any] = {
        "slices": len(compared),
        "without contours": [item.case.seed for item in compared if item.contours is None],
        "dataset": dataset(compared),
        "all": _agreement(compared),
        "fermi flow of 48 segments": fine_segments(compared),
        "what U foretells": doubt_foretells(compared),
    }
    for name, group_of in GROUPS.items():
        groups = sorted({group_of(item) for item in compared})
        report[name] = {
            group: _agreement([item for item in compared if group_of(item) == group])
            for group in groups
        }
    return report


def _agreement(compared: Sequence[Compared]) -> dict[str, Any]:
    turned = np.array([item.insertion_deg for item in compared]).reshape(-1, 2)
    walls = np.array([item.dice_myocardium for item in compared])
    table: dict[str, Any] = {
        "slices": len(compared),
        "dice_myocardium": _spread(walls),
        "on 1 mm": published_list([item.fine for item in compared]),
        "insertion_anterior_deg": _spread(turned[:, 0]),
        "insertion_inferior_deg": _spread(turned[:, 1]),
    }
    table |= _flow([item.whole for item in compared], [item.segments for item in compared])
    table["against the slice without breathing"] = {
        "on 1 mm": published_list([item.resting_fine for item in compared]),
        **_flow(
            [item.resting_whole for item in compared],
            [item.resting_segments for item in compared],
        ),
    }
    return table


def _flow(
    slices: Sequence[tuple[float, float]], segments: Sequence[dict[int, tuple[float, float]]]
) -> dict[str, Any]:
    """Flow by automatic against true contours; left out where fewer than three have both."""
    each = [pair for one in segments for pair in one.values()]
    table = {}
    for name, values in (("global", list(slices)), ("segments", each)):
        pairs = np.array(values).reshape(-1, 2)
        if np.isfinite(pairs).all(axis=1).sum() >= 3:
            table[f"mbf_{name}"] = compare_pairs(pairs[:, 0], pairs[:, 1]).to_json()
    return table


def _spread(values: Doubles) -> dict[str, Any] | None:
    """Mean, SD and the range that holds 90 % of the values."""
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = np.quantile(values, (0.05, 0.95))
    return {
        "n": len(values),
        "mean": round(float(values.mean()), 4),
        "sd": round(float(values.std()), 4),
        "range_90": [round(float(low), 4), round(float(high), 4)],
    }


def draw_bland_altman(compared: Sequence[Compared], path: Path) -> None:
    """Automatic minus true contours against their mean, slices and segments."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    panels = {
        "slices": np.array([item.whole for item in compared]),
        "segments": np.array([pair for item in compared for pair in item.segments.values()]),
    }
    for index, (name, pairs) in enumerate(panels.items()):
        axes = figure.add_subplot(1, 2, index + 1)
        difference = pairs[:, 1] - pairs[:, 0]
        axes.plot(pairs.mean(axis=1), difference, "o", markersize=4, alpha=0.5, color="#2a6fbb")
        bias, spread = np.nanmean(difference), np.nanstd(difference)
        for level, style in (
            (bias, "-"),
            (bias - 1.96 * spread, "--"),
            (bias + 1.96 * spread, "--"),
        ):
            axes.axhline(level, color="#444", linestyle=style, linewidth=1)
            axes.annotate(f"{level:+.3f}", (1, level), xycoords=("axes fraction", "data"),
                          ha="right", va="bottom", fontsize=9)  # fmt: skip
        axes.set_title(f"{name} (n = {np.isfinite(difference).sum()})")
        axes.set_xlabel("mean of both (ml/min/g)")
        axes.set_ylabel("automatic - true contours")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def draw_exams(compared: Sequence[Compared], path: Path, *, most: int = 24) -> None:
    """Gadolinium or signal above flow, automatic contours solid, true ones dashed; worst first."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = sorted(compared, key=lambda item: item.dice_myocardium)[:most]
    rows = -(-len(shown) // SHEET_COLUMNS)
    figure = Figure(figsize=(2.2 * SHEET_COLUMNS, 4.7 * rows), facecolor="black", layout="tight")
    FigureCanvasAgg(figure)
    for index, item in enumerate(shown):
        row, column = divmod(index, SHEET_COLUMNS)
        for part, picture in enumerate(_pictures(item.maps)):
            place = (2 * row + part) * SHEET_COLUMNS + column + 1
            axes = figure.add_subplot(2 * rows, SHEET_COLUMNS, place)
            axes.axis("off")
            if picture is not None:
                image, limit, colours = picture
                axes.imshow(image, cmap=colours, vmin=0, vmax=limit)
            _draw_contours(axes, item)
            if not part:
                axes.set_title(
                    f"{item.case.seed} {item.case.condition} {item.case.position} "
                    f"{item.dice_myocardium:.2f}",
                    color="white",
                    fontsize=8,
                )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=75)


def _pictures(maps: SliceMaps) -> list[tuple[Any, float, str] | None]:
    frames = maps.signal if maps.gd is None else maps.gd
    late = None
    if frames is not None:
        peak = int(np.nanargmax(np.nanpercentile(frames, 99, axis=(1, 2))))
        late = np.nanmean(frames[peak + 2 : peak + 8], axis=0)
    return [
        None if late is None else (late, float(np.nanpercentile(late, 99)), "gray"),
        None if maps.mbf is None else (maps.mbf, 5.0, "turbo"),
    ]


def _draw_contours(axes: Any, item: Compared) -> None:
    for contours, style in ((item.true_contours, "--"), (item.contours, "-")):
        if contours is None:
            continue
        for polygon in (contours.endo_rc, contours.epi_rc):
            if polygon is not None:
                points = np.array([*polygon, polygon[0]])
                axes.plot(points[:, 1], points[:, 0], style, color="white", linewidth=0.9)
        if contours.rv_insertion_anterior_rc is not None:
            row, column = contours.rv_insertion_anterior_rc
            axes.plot(column, row, "o", color="white", markersize=3,
                      fillstyle="full" if style == "-" else "none")  # fmt: skip
    row, column = item.true_contours.lv_centre_rc
    axes.set_xlim(column - HALF_WIDTH_PX, column + HALF_WIDTH_PX)
    axes.set_ylim(row + HALF_WIDTH_PX, row - HALF_WIDTH_PX)

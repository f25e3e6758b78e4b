"""Finding the blood pools of input-function images: the network beside the dynamics alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from analysis.aif import agree_on_pools, detect_blood_pools
from analysis.constants import LV_CAVITY, RV_CAVITY
from analysis.domain import Bools, Doubles, Floats, Position
from analysis.evaluation.arterial import FOUND_ABOVE, arterial_cases, evaluate_arterial
from analysis.evaluation.segmentation_metrics import dice
from analysis.phantom import training_sample
from analysis.segmentation.blood_pools import find_blood_pools
from analysis.training.aif_samples import narrow_cavity

SIMULATED: Final = 100
REAL_INTERVAL_S: Final = 0.8
REAL_SPACING_MM: Final = 6.0
"""The real examples carry neither clock nor pixel size; both are usual values."""

SETS: Final[dict[str, tuple[int, Position | None, float]]] = {
    "basal": (89, "basal", 0.0),
    "basal, narrow cavities": (90, "basal", 1.0),
    "any height, half narrow": (88, None, 0.5),
}
"""Seed, third of the heart that is cut and share of narrowed cavities. Input-function images are
taken through the base; the other sets say where the detectors end."""

WIDTHS_PX: Final = ((0.1, 2.75), (2.75, 5.0), (5.0, 7.0), (7.0, 99.0))
"""Of the true pool; six pixels, which an input function needs, are 2.76 across."""


Detector = Callable[[Floats, Doubles, tuple[float, float]], tuple[Bools, Bools]]


@dataclass(frozen=True, kw_only=True)
class PoolCase:
    """An input-function series (T, H, W) and where its pools are."""

    name: str
    series: Floats
    time_s: Doubles
    pixel_spacing_mm: tuple[float, float]
    lv: Bools
    rv: Bools

    @property
    def width_px(self) -> float:
        """Diameter of the circle with the left pool's area."""
        return float(np.sqrt(4 * self.lv.sum() / np.pi))


def by_dynamics(
    series: Floats, time_s: Doubles, pixel_spacing_mm: tuple[float, float]
) -> tuple[Bools, Bools]:
    lv, rv, _ = detect_blood_pools(series)
    return lv, rv


def by_network(
    series: Floats,
    time_s: Doubles,
    pixel_spacing_mm: tuple[float, float],
    *,
    version: str | None = None,
) -> tuple[Bools, Bools]:
    seen = find_blood_pools(series, time_s, pixel_spacing_mm, version=version)
    return seen.lv, seen.rv


def by_both(
    series: Floats,
    time_s: Doubles,
    pixel_spacing_mm: tuple[float, float],
    *,
    version: str | None = None,
) -> tuple[Bools, Bools]:
    """What the pipeline uses: the network's pool without its dim rim, checked by the dynamics."""
    seen = by_network(series, time_s, pixel_spacing_mm, version=version)
    lv, rv, _ = agree_on_pools(detect_blood_pools(series), seen, series)
    return lv, rv


def simulated_pools(name: str = "basal", count: int = SIMULATED) -> Iterator[PoolCase]:
    """Series of one of the SETS, with free breathing, half of them of wild patients."""
    seed, position, narrow = SETS[name]
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        sample = training_sample(
            rng,
            size=56,
            frames=60,
            dt_s=0.8,
            lead_s=8.0,
            output="aif",
            tier="wild" if rng.random() < 0.5 else "standard",
            centre_jitter_mm=20.0,
            breathing_mm=6.0,
            position=position,
            change_heart=partial(narrow_cavity, rng) if index % 2 < 2 * narrow else None,
        )
        spacing = sample.pixel_spacing_mm
        yield PoolCase(
            name=f"{name} {index}",
            series=sample.series,
            time_s=sample.time_s,
            pixel_spacing_mm=(spacing, spacing),
            lv=sample.labels == LV_CAVITY,
            rv=sample.labels == RV_CAVITY,
        )


def real_pools(folder: Path) -> Iterator[PoolCase]:
    """The labelled examples (1 left, 2 right ventricle) in a folder."""
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as stored:
            series, labels = stored["signal"].astype(np.float32), stored["labels"]
        yield PoolCase(
            name=path.stem,
            series=series,
            time_s=REAL_INTERVAL_S * np.arange(len(series), dtype=np.float64),
            pixel_spacing_mm=(REAL_SPACING_MM, REAL_SPACING_MM),
            lv=labels == 1,
            rv=labels == 2,
        )


def judge_pools(cases: list[PoolCase], detector: Detector) -> dict[str, Any]:
    """Dice of both pools and how often the left one was found: measurable ones, and by width."""
    rows = []
    for case in cases:
        lv, rv = detector(case.series, case.time_s, case.pixel_spacing_mm)
        swapped = int((lv & case.rv).sum()) > int((lv & case.lv).sum())
        rows.append((case.width_px, dice(lv, case.lv), dice(rv, case.rv), float(swapped)))
    table = np.array(rows).reshape(-1, 4)
    groups = {f"{low:g}-{high:g} px": (table[:, 0] >= low) & (table[:, 0] < high)
              for low, high in WIDTHS_PX}  # fmt: skip
    return {
        "measurable": _pools_summary(table[table[:, 0] >= WIDTHS_PX[1][0]]),
        **{name: _pools_summary(table[inside]) for name, inside in groups.items() if inside.any()},
    }


def _pools_summary(table: Doubles) -> dict[str, Any]:
    left = np.nan_to_num(table[:, 1])
    return {
        "series": len(table),
        "dice_lv": round(float(left.mean()), 4),
        "dice_lv_above_0.75": round(float((left > 0.75).mean()), 4),
        "found": round(float((left > FOUND_ABOVE).mean()), 4),
        "swapped": round(float(table[:, 3].mean()), 4),
        "dice_rv": round(float(np.nanmean(table[:, 2])), 4),
    }


def evaluate_pools(
    data: Path | None, out: Path, *, version: str | None = None, count: int = SIMULATED
) -> dict[str, Any]:
    """Detectors on simulated and real series, input functions of whole exams; writes aif.json."""
    detectors: dict[str, Detector] = {
        "network": partial(by_network, version=version),
        "dynamics": by_dynamics,
        "both": partial(by_both, version=version),
    }
    sets = {name: list(simulated_pools(name, count)) for name in SETS}
    if data is not None and (data / "aif").is_dir():
        sets["real examples"] = list(real_pools(data / "aif"))
    report: dict[str, Any] = {
        name: {which: judge_pools(cases, detector) for which, detector in detectors.items()}
        for name, cases in sets.items()
        if cases
    }
    report["exams"] = evaluate_arterial(arterial_cases(count), version=version)
    out.mkdir(parents=True, exist_ok=True)
    (out / "aif.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    return report

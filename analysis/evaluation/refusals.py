"""Slices that must be refused, and slices that must not: simulated, and made from real series."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np

from analysis.constants import LV_CAVITY, MYOCARDIUM
from analysis.domain import Bytes, Doubles, Floats
from analysis.evaluation.segmentation_cases import Case, ge_case, real_cases
from analysis.phantom import training_sample

Kind = Literal[
    "normal", "long_axis", "above_heart", "abdomen", "no_bolus", "motion", "noise", "elsewhere"
]
"""What a slice is; only "normal" should pass. "elsewhere" is a real field without the heart."""

SIMULATED: Final[dict[Kind, int]] = {
    "normal": 120,
    "long_axis": 40,
    "above_heart": 40,
    "abdomen": 40,
    "no_bolus": 40,
    "motion": 40,
    "noise": 40,
}
SEED: Final = 77
SPACING_MM: Final = 2.0
FIELD_PX: Final = 128
ABDOMEN_FIELD_PX: Final = 72
"""Small enough that the heart above lies outside the field."""

DISPLACED_MM: Final = 6.0
"""SD of the displacement of single frames where motion correction is said to have failed."""

FAILED_SNR: Final = (0.5, 1.5)
CROP_MM: Final = 110.0


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A slice as it reaches the network. labels: the truth where there is one."""

    kind: Kind
    name: str
    series: Floats
    time_s: Doubles
    pixel_spacing_mm: tuple[float, float]
    labels: Bytes | None = None


def simulated_candidates(counts: dict[Kind, int] | None = None) -> Iterator[Candidate]:
    """Candidates of every simulated kind, each from its own seed."""
    kinds = get_args(Kind)
    for kind, count in (counts or SIMULATED).items():
        for index in range(count):
            rng = np.random.default_rng([SEED, kinds.index(kind), index])
            yield _simulate(kind, index, rng)


def _simulate(kind: Kind, index: int, rng: np.random.Generator) -> Candidate:
    options: dict[str, Any] = {}
    if kind in ("long_axis", "above_heart", "abdomen"):
        options["view"] = kind
    elif kind == "no_bolus":
        options["bolus_missing"] = True
    elif kind == "noise":
        options["snr"] = FAILED_SNR
    sample = training_sample(
        rng,
        size=ABDOMEN_FIELD_PX if kind == "abdomen" else FIELD_PX,
        pixel_spacing_mm=SPACING_MM,
        frames=64,
        dt_s=0.8,
        lead_s=9.0,
        tier="wild" if rng.random() < 0.5 else "standard",
        centre_jitter_mm=12.0,
        **options,
    )
    series = displaced(rng, sample.series, SPACING_MM) if kind == "motion" else sample.series
    return Candidate(
        kind=kind,
        name=f"{kind} {index}",
        series=series,
        time_s=sample.time_s,
        pixel_spacing_mm=(SPACING_MM, SPACING_MM),
        labels=sample.labels if kind == "normal" else None,
    )


def displaced(rng: np.random.Generator, series: Floats, spacing_mm: float) -> Floats:
    """Every frame (T, H, W) moved on its own, as if motion correction had failed."""
    steps = np.rint(rng.normal(0.0, DISPLACED_MM / spacing_mm, (len(series), 2))).astype(int)
    moved = [
        np.roll(frame, (row, column), (0, 1))
        for frame, (row, column) in zip(series, steps, strict=True)
    ]
    return np.stack(moved)


def real_candidates(data: Path) -> Iterator[Candidate]:
    """Real series as they are, and each spoiled in four ways."""
    arrays = data / "single_sequence" / "arrays"
    cases = list(real_cases(arrays)) if arrays.is_dir() else []
    if (data / "ge_first_pass.zip").is_file():
        cases.append(ge_case(data / "ge_first_pass.zip", data / "ge_first_pass_labels.npz"))
    for index, case in enumerate(cases):
        rng = np.random.default_rng([SEED, 1000, index])
        yield _from_real("normal", case, case.series, labels=case.labels)
        moved = displaced(rng, case.series, float(np.mean(case.pixel_spacing_mm)))
        yield _from_real("motion", case, moved)
        yield _from_real("no_bolus", case, _before_bolus(rng, case))
        yield _from_real("noise", case, _drowned(rng, case))
        elsewhere = _elsewhere(case)
        if elsewhere is not None:
            yield _from_real("elsewhere", case, elsewhere)


def _from_real(kind: Kind, case: Case, series: Floats, *, labels: Bytes | None = None) -> Candidate:
    return Candidate(
        kind=kind,
        name=case.name,
        series=series,
        time_s=case.time_s,
        pixel_spacing_mm=case.pixel_spacing_mm,
        labels=labels,
    )


def _before_bolus(rng: np.random.Generator, case: Case) -> Floats:
    """As many frames, all drawn from those before the cavity begins to fill."""
    blood = case.series[:, case.labels == LV_CAVITY].mean(axis=1)
    right = case.series.reshape(len(case.series), -1)
    curve = np.percentile(right - right[:3].mean(axis=0), 98.5, axis=1)
    start = int(np.argmax(curve > 0.25 * curve.max()))
    quiet = max(3, min(start, int(blood.argmax())) - 2)
    return case.series[rng.integers(0, quiet, len(case.series))]


def _drowned(rng: np.random.Generator, case: Case) -> Floats:
    """The same series under noise as strong as the wall's own enhancement."""
    wall = case.series[:, case.labels == MYOCARDIUM].mean(axis=1)
    sigma = float(wall.max() - wall.min())
    noisy = case.series + rng.normal(0.0, sigma, case.series.shape)
    return np.abs(noisy).astype(np.float32)


def _elsewhere(case: Case) -> Floats | None:
    """The largest square corner of the field that the ventricle does not reach, None where small.

    The square is CROP_MM wide at most and 60 mm at least.
    """
    heart = (case.labels == LV_CAVITY) | (case.labels == MYOCARDIUM)
    rows, columns = np.nonzero(heart)
    height, width = heart.shape
    margin = round(5.0 / case.pixel_spacing_mm[0])
    everything = slice(None)
    free = [
        (int(rows.min()) - margin, (slice(0, rows.min() - margin), everything)),
        (height - int(rows.max()) - margin, (slice(rows.max() + margin, height), everything)),
        (int(columns.min()) - margin, (everything, slice(0, columns.min() - margin))),
        (width - int(columns.max()) - margin, (everything, slice(columns.max() + margin, width))),
    ]
    size, part = max(free, key=lambda item: item[0])
    if size * case.pixel_spacing_mm[0] < 60.0:
        return None
    most = round(CROP_MM / case.pixel_spacing_mm[0])
    crop = case.series[:, part[0], part[1]]
    tall, wide = (min(n, most) for n in crop.shape[1:])
    top, left = (crop.shape[1] - tall) // 2, (crop.shape[2] - wide) // 2
    return crop[:, top : top + tall, left : left + wide]

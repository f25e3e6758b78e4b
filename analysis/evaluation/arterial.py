"""Input functions of simulated exams: automatic regions against true ones, curves against truth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis.aif import measure_aif
from analysis.aif.assemble import first_pass_area
from analysis.aif.checks import FEWEST_POOL_PIXELS, FEWEST_USABLE_PIXELS
from analysis.constants import LV_CAVITY, RV_CAVITY
from analysis.curves import bolus_features
from analysis.domain import AifResult, AifSeries, Bools, Condition, Doubles, ReadoutProtocol
from analysis.evaluation.paired import compare_pairs
from analysis.evaluation.segmentation_metrics import dice
from analysis.phantom import simulate_exam
from analysis.phantom.options import BolusKind
from analysis.phantom.population import Tier
from analysis.phantom.values import SimulatedAcquisition, SimulatedAif, SimulatedExam
from analysis.quality import FrameStatus
from analysis.segmentation.blood_pools import find_blood_pools

FIRST_SEED: Final = 950_000
COUNT: Final = 100
FOUND_ABOVE: Final = 0.5
"""Dice with the true pool from which the left ventricle counts as found."""

DOUBTS: Final = {"aif-small-cavity", "aif-left-ventricle-uncertain"}
FEATURES: Final = ("foot_s", "peak_s", "duration_s", "peak_mmol_per_l", "area_mmol_s_per_l")


@dataclass(frozen=True, kw_only=True)
class ArterialCase:
    """Two-echo images of one simulated acquisition, their pools and the true blood curve."""

    name: str
    bolus: BolusKind
    series: AifSeries
    lv: Bools
    rv: Bools
    true_curve: Doubles
    """(T,) mmol/L at the times of the frames that are not proton-density weighted."""


def arterial_cases(count: int = COUNT) -> Iterator[ArterialCase]:
    """Basal input-function images as the exam simulator takes them, every third of a wild patient.

    Free breathing; stress and rest, both field strengths; of ten boluses one late, one split, and
    of thirty one missing.
    """
    for index in range(count):
        tier: Tier = "wild" if index % 3 == 2 else "standard"
        condition: Condition = "stress" if index % 2 else "rest"
        exam = simulate_exam(
            FIRST_SEED + index,
            tier=tier,
            conditions=(condition,),
            positions=("basal",),
            sequence="dual",
            breathing="free",
            bolus=_bolus(index),
            field_strength=(1.5, 3.0)[index // 2 % 2],
        )
        taken = exam.acquisitions[0]
        if taken.aif is None:
            raise ValueError(f"exam {exam.seed} has no input-function images")
        yield _case(f"{tier} {condition} {exam.seed}", taken, taken.aif, exam, _bolus(index))


def _bolus(index: int) -> BolusKind:
    if index % 30 == 29:
        return "missing"
    return "late" if index % 10 == 4 else "split" if index % 10 == 7 else "normal"


def _case(
    name: str,
    taken: SimulatedAcquisition,
    aif: SimulatedAif,
    exam: SimulatedExam,
    bolus: BolusKind,
) -> ArterialCase:
    status = np.where(aif.is_pd, FrameStatus.PROTON_DENSITY, FrameStatus.USED).astype(np.uint8)
    sequence = aif.sequence
    protocol = ReadoutProtocol(
        readout="flash",
        field_strength_t=exam.field_strength_t,
        flip_angle_deg=sequence.flip_deg,
        pd_flip_angle_deg=sequence.pd_flip_deg,
        echo_spacing_ms=sequence.tr_ms,
        saturation_delay_ms=sequence.delay_ms,
        centre_line=sequence.centre_line,
        echo_times_ms=aif.echo_times_ms,
        agent=exam.agent,
    )
    series = AifSeries(
        series_instance_uid="1.2",
        signal=aif.signal.astype(np.float32),
        time_s=aif.time_s,
        is_pd=aif.is_pd,
        frame_status=status,
        geometry=aif.geometry,
        protocol=protocol,
    )
    curve = np.interp(aif.time_s[~aif.is_pd], taken.truth_time_s, taken.truth_aif_mmol_per_l)
    return ArterialCase(
        name=name,
        bolus=bolus,
        series=series,
        lv=aif.labels == LV_CAVITY,
        rv=aif.labels == RV_CAVITY,
        true_curve=curve,
    )


def evaluate_arterial(
    cases: Iterable[ArterialCase], *, version: str | None = None
) -> dict[str, Any]:
    """Overlap of the regions, and features of the curve: by automatic and true regions, and true.

    A series counts for "found" where the true pool has as many pixels as an input function needs
    (``checks.FEWEST_USABLE_PIXELS``) and a bolus was given; the others must not yield a curve
    without a doubt. In pools below ``checks.FEWEST_POOL_PIXELS`` no pixel is free of wall, whoever
    draws them, and the curve is flagged: larger ones are compared with the true curve again alone.
    """
    rows: list[dict[str, Any]] = []
    empty: list[dict[str, Any]] = []
    for case in cases:
        automatic = _automatic(case, version)
        if case.lv.sum() < FEWEST_USABLE_PIXELS or case.bolus == "missing":
            empty.append(
                {
                    "name": case.name,
                    "refused": automatic.source == "none",
                    "flagged": bool({flag.code for flag in automatic.flags} & DOUBTS),
                }
            )
            continue
        drawn = measure_aif(case.series, lv_mask=case.lv, rv_mask=case.rv)
        rows.append(
            {
                "name": case.name,
                "pixels": int(case.lv.sum()),
                "dice_lv": dice(automatic.lv_mask, case.lv),
                "dice_rv": dice(automatic.rv_mask, case.rv),
                "flags": [flag.code for flag in automatic.flags],
                "automatic": _features(automatic),
                "drawn": _features(drawn),
                "true": _true_features(case, drawn.time_s),
            }
        )
    overlap = np.array([row["dice_lv"] for row in rows])
    return {
        "series": len(rows),
        "found": round(float((overlap > FOUND_ABOVE).mean()), 4),
        "dice_lv": round(float(overlap.mean()), 4),
        "dice_lv_above_0.75": round(float((overlap > 0.75).mean()), 4),
        "dice_rv": round(float(np.nanmean([row["dice_rv"] for row in rows])), 4),
        "nothing_to_find": {
            "series": len(empty),
            "refused": sum(e["refused"] for e in empty),
            "refused_or_flagged": sum(e["refused"] or e["flagged"] for e in empty),
        },
        "automatic_against_drawn": _compare(rows, "drawn", "automatic"),
        "automatic_against_true": _compare(rows, "true", "automatic"),
        "automatic_against_true_in_larger_pools": _compare(
            [row for row in rows if row["pixels"] >= FEWEST_POOL_PIXELS], "true", "automatic"
        ),
        "rows": rows,
    }


def _automatic(case: ArterialCase, version: str | None) -> AifResult:
    used = ~case.series.is_pd
    seen = find_blood_pools(
        case.series.signal[0][used],
        case.series.time_s[used],
        case.series.geometry.pixel_spacing_mm,
        version=version,
    )
    return measure_aif(case.series, seen=(seen.lv, seen.rv))


def _features(found: AifResult) -> list[float]:
    values = (
        found.foot_s,
        found.peak_s,
        found.first_pass_duration_s,
        found.peak_mmol_per_l,
        found.area_mmol_s_per_l,
    )
    return [np.nan if value is None else float(value) for value in values]


def _true_features(case: ArterialCase, time_s: Doubles) -> list[float]:
    """The same features of the true curve at the times of the images."""
    curve = case.true_curve
    bolus = bolus_features(curve, time_s)
    if bolus is None:
        return [np.nan] * len(FEATURES)
    duration = bolus.valley_s - bolus.foot_s if bolus.valley_found else np.nan
    area = first_pass_area(curve, time_s, bolus)
    return [bolus.foot_s, bolus.peak_s, duration, bolus.peak_height, area]


def _compare(rows: list[dict[str, Any]], first: str, second: str) -> dict[str, Any]:
    """Features of both, pair by pair; None where fewer than three series have both."""
    report: dict[str, Any] = {}
    for column, name in enumerate(FEATURES):
        pairs = np.array([[row[first][column], row[second][column]] for row in rows])
        pairs = pairs[np.isfinite(pairs).all(axis=1)] if len(pairs) else np.empty((0, 2))
        enough = len(pairs) >= 3
        report[name] = compare_pairs(pairs[:, 0], pairs[:, 1]).to_json() if enough else None
    return report

"""What the flags of segments foretell: how far flagged and other segments are from the truth.

A flag that foretells nothing teaches its reader to skip flags. The error of a segment is taken
against its exam's level (the median of all its segments), because what a whole exam reads too high
or too low has flags of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from analysis.arrays import Arrays
from analysis.evaluation.exams import analyse_as_dicom
from analysis.phantom import simulate_exam
from analysis.quality import PixelQuality

BANDS: Final[dict[str, tuple[float, ...]]] = {
    "on a bound": (0.0, 0.1, 0.2, 0.3, 1.01),
    "with a value": (0.0, 0.3, 0.5, 0.7, 1.01),
    "two methods apart (log)": (0.0, 0.1, 0.2, 0.3, 10.0),
}


@dataclass(frozen=True, kw_only=True)
class JudgedSegment:
    """One measured segment: its error against the exam's level (log), and what flags look at.

    bound, valid: share of its pixels on a bound of the fit, and with a flow value. apart: log ratio
    of the flow of its curve and the mean of its pixels; NaN where there is no second estimate.
    """

    condition: str
    error: float
    bound: float
    valid: float
    apart: float


def evaluate_flags(seeds: Iterable[int]) -> Iterator[str]:
    """Lines of a table: segments by what a flag looks at, with their typical error."""
    judged: list[JudgedSegment] = []
    flags = []
    for seed in seeds:
        exam = simulate_exam(seed)
        result = analyse_as_dicom(exam)
        truth = {
            acquisition.condition: {
                number: mbf
                for piece in acquisition.slices
                for number, mbf in piece.truth.segment_mbf.items()
            }
            for acquisition in exam.acquisitions
        }
        for acquisition in result.document["acquisitions"]:
            judged += judge(acquisition, truth[acquisition["condition"]], result.arrays)
        flags.append(doubts_of(result.document))
    yield f"Flags to answer per exam: median {np.median(flags):g}, most {max(flags)}."
    yield ""
    yield "| condition | share of pixels, or distance | from | to | segments | error |"
    yield "|---|---|---|---|---|---|"
    value_of: dict[str, Callable[[JudgedSegment], float]] = {
        "on a bound": lambda one: one.bound,
        "with a value": lambda one: one.valid,
        "two methods apart (log)": lambda one: one.apart,
    }
    for condition in ("stress", "rest"):
        mine = [one for one in judged if one.condition == condition]
        for name, edges in BANDS.items():
            yield from _bands(condition, name, edges, mine, value_of[name])


def judge(
    acquisition: dict[str, Any], truth: dict[int, float], arrays: dict[str, Arrays]
) -> list[JudgedSegment]:
    """The measured segments of one acquisition of a result; truth: ml/min/g by segment."""
    found = []
    for piece in acquisition["slices"]:
        maps = arrays[piece["key"]]
        apart = {row["segment"]: _apart(row) for row in piece["flow_methods"]}
        for segment in piece["segments"]:
            number, mbf = segment["segment"], segment["mbf_ml_per_min_per_g"]
            if mbf is None or number not in truth:
                continue
            inside = maps["segments"] == number
            found.append(
                JudgedSegment(
                    condition=acquisition["condition"],
                    error=float(np.log(mbf / truth[number])),
                    bound=float((maps["quality"][inside] == PixelQuality.ON_BOUND).mean()),
                    valid=segment["valid_pixels"] / segment["pixels"],
                    apart=apart.get(number, float("nan")),
                )
            )
    level = float(np.median([one.error for one in found])) if found else 0.0
    return [replace(one, error=one.error - level) for one in found]


def doubts_of(document: dict[str, Any]) -> int:
    """How many flags of a result wait for a reader's answer."""
    places = [document]
    for acquisition in document["acquisitions"]:
        places += [acquisition, acquisition["aif"] or {"flags": []}]
        for piece in acquisition["slices"]:
            places += [piece, *piece["segments"]]
    return sum(flag["severity"] != "information" for place in places for flag in place["flags"])


def _apart(row: dict[str, Any]) -> float:
    alone = row["pixelwise_mbf_ml_per_min_per_g"]
    return abs(float(np.log(row["regional_mbf_ml_per_min_per_g"] / alone))) if alone else np.nan


def _bands(
    condition: str,
    name: str,
    edges: Sequence[float],
    segments: Sequence[JudgedSegment],
    value_of: Callable[[JudgedSegment], float],
) -> Iterator[str]:
    for low, high in zip(edges, edges[1:], strict=False):
        errors = np.array([one.error for one in segments if low <= value_of(one) < high])
        rms = f"{np.sqrt(np.mean(errors**2)):.0%}" if errors.size else ""
        yield f"| {condition} | {name} | {low:g} | {high:g} | {errors.size} | {rms} |"

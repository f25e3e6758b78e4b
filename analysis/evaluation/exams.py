"""Whole simulated exams: what the pipeline measured against what is true.

The same comparison serves the evaluation over many seeds and the self-test of an installation.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analysis.config import PipelineConfig
from analysis.dicom import classify, load_exam, read_objects
from analysis.domain import Doubles
from analysis.phantom import SimulatedExam, simulate_exam, write_dicom
from analysis.phantom.values import SimulatedAcquisition
from analysis.result import AnalysisResult


@dataclass(frozen=True, kw_only=True)
class AcquisitionErrors:
    """Measured minus true, for one condition of one exam.

    global_true, global_found: ml/min/g over the segments that both have. segments: (N, 4) true,
    found, its standard error and the mean of pixels fitted one by one (NaN where there is none) per
    segment. missing: segments that have truth but no value. aif_peak_ratio: found over true.
    foot_error_s: None where no foot was found.
    """

    condition: str
    field_strength_t: float
    global_true: float
    global_found: float | None
    segments: tuple[tuple[float, float, float, float], ...]
    missing: tuple[int, ...]
    aif_peak_ratio: float | None
    foot_error_s: float | None

    @property
    def global_bias(self) -> float | None:
        """Relative bias of the global flow."""
        if self.global_found is None:
            return None
        return self.global_found / self.global_true - 1.0


def analyse_as_dicom(
    exam: SimulatedExam,
    *,
    config: PipelineConfig | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> AnalysisResult:
    """Write an exam as DICOM, read it back like a stranger's and analyse it."""
    from analysis.pipeline import analyse

    with tempfile.TemporaryDirectory(prefix="qperf-exam-") as folder:
        write_dicom(exam, Path(folder))
        objects, refusals = read_objects([Path(folder)])
        assert not refusals, refusals
        loaded = load_exam(objects, classify([found.facts for found in objects]))
    return analyse(loaded, config=config, progress=progress)


def compare(exam: SimulatedExam, document: dict[str, Any]) -> list[AcquisitionErrors]:
    """Errors of every condition that the exam has."""
    found = {a["condition"]: a for a in document["acquisitions"]}
    return [_compare(exam, truth, found.get(truth.condition)) for truth in exam.acquisitions]


def _compare(
    exam: SimulatedExam, truth: SimulatedAcquisition, found: dict[str, Any] | None
) -> AcquisitionErrors:
    true_mbf: dict[int, float] = {}
    pixels: dict[int, int] = {}
    for one in truth.slices:
        for number, value in one.truth.segment_mbf.items():
            true_mbf[number] = value
            pixels[number] = int((one.truth.segments == number).sum())
    pieces = found["slices"] if found else []
    measured = {
        s["segment"]: (s["mbf_ml_per_min_per_g"], s["standard_error"])
        for piece in pieces
        for s in piece["segments"]
        if s["mbf_ml_per_min_per_g"] is not None
    }
    alone = {
        row["segment"]: row["pixelwise_mbf_ml_per_min_per_g"] or np.nan
        for piece in pieces
        for row in piece["flow_methods"]
    }
    both = sorted(set(true_mbf) & set(measured))
    weights = np.array([pixels[n] for n in both], dtype=np.float64)
    true_values = np.array([true_mbf[n] for n in both])
    mean = float(np.average(true_values, weights=weights)) if both else float("nan")
    aif = (found or {}).get("aif") or {}
    peak, foot = aif.get("peak_mmol_per_l"), aif.get("foot_s")
    return AcquisitionErrors(
        condition=truth.condition,
        field_strength_t=exam.field_strength_t,
        global_true=mean,
        global_found=found["global_mbf_ml_per_min_per_g"] if found else None,
        segments=tuple((true_mbf[n], *measured[n], alone.get(n, np.nan)) for n in both),
        missing=tuple(sorted(set(true_mbf) - set(measured))),
        aif_peak_ratio=peak / float(truth.truth_aif_mmol_per_l.max()) if peak else None,
        foot_error_s=None if foot is None else foot - true_foot_s(truth),
    )


def true_foot_s(truth: SimulatedAcquisition) -> float:
    """When the true input function leaves its baseline: 5 % of its peak, before the peak."""
    curve = truth.truth_aif_mmol_per_l
    peak = int(curve.argmax())
    below = np.nonzero(curve[:peak] < 0.05 * curve[peak])[0]
    return float(truth.truth_time_s[below[-1] if below.size else 0])


def evaluate_exams(seeds: Iterable[int], out: Path | None = None) -> Iterator[str]:
    """Lines of a table, one per acquisition as it is done, then what they say together.

    With ``out`` also the numbers and pictures of exams_report in that folder.
    """
    from analysis.evaluation import exams_report

    yield "| exam | T | true | found | bias | segment RMSE | AIF peak | foot (s) |"
    yield "|---|---|---|---|---|---|---|---|"
    found: list[AcquisitionErrors] = []
    for seed in seeds:
        exam = simulate_exam(seed)
        result = analyse_as_dicom(exam)
        if out is not None and not found:
            exams_report.draw_maps(exam, result, out / "exams_maps.png")
        for errors in compare(exam, result.document):
            found.append(errors)
            yield _line(seed, errors)
    if out is not None:
        exams_report.write(found, out)
    yield ""
    yield summary(found)


def summary(found: Sequence[AcquisitionErrors]) -> str:
    """What many acquisitions say together."""
    bias = np.array([e.global_bias for e in found if e.global_bias is not None])
    segments = np.array([row for e in found for row in e.segments]).reshape(-1, 4)
    true, measured, error, alone = segments.T
    peaks = np.array([e.aif_peak_ratio for e in found if e.aif_peak_ratio is not None]) - 1
    feet = np.array([e.foot_error_s for e in found if e.foot_error_s is not None])
    return (
        f"{len(found)} acquisitions: global bias median {np.median(bias):+.1%}, root mean square "
        f"{np.sqrt(np.mean(bias**2)):.1%}; segment RMSE {_rms(measured - true):.2f} ml/min/g "
        f"(pixel by pixel {_rms(alone - true):.2f}), within +-1 standard error "
        f"{np.mean(np.abs(measured - true) <= error):.0%}; AIF peak within "
        f"8 % in {np.mean(np.abs(peaks) <= 0.08):.0%}; foot within 0.5 s in "
        f"{np.mean(np.abs(feet) <= 0.5):.0%}."
    )


def _rms(errors: Doubles) -> float:
    return float(np.sqrt(np.nanmean(np.square(errors))))


def _line(seed: int, errors: AcquisitionErrors) -> str:
    true, measured = np.array(errors.segments).reshape(-1, 4)[:, :2].T

    def text(value: float | None, form: str) -> str:
        return "-" if value is None else format(value, form)

    return (
        f"| {seed} {errors.condition} | {errors.field_strength_t:g} | {errors.global_true:.2f} | "
        f"{text(errors.global_found, '.2f')} | {text(errors.global_bias, '+.1%')} | "
        f"{_rms(measured - true):.2f} | "
        f"{text(errors.aif_peak_ratio, '.2f')} | {text(errors.foot_error_s, '+.2f')} |"
    )

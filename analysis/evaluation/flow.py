"""How well flow is recovered: simulated curves with known flow, and one real patient."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from analysis.domain import Bools, Doubles, Floats
from analysis.evaluation.flow_cases import FlowCases, draw_cases
from analysis.evaluation.flow_patient import compare_with_patient
from analysis.evaluation.flow_reference import fit_pixels_with_scipy
from analysis.perfusion import map_flow
from analysis.perfusion.input_function import input_function
from analysis.quality import PixelQuality

NOISE_MMOL_PER_L: Final = 0.025
BANDS: Final = (0.3, 1.0, 2.0, 3.0, 4.0, 5.0)


def evaluate_flow(shared: Path | None, out: Path, *, pixels: int = 2000) -> dict[str, Any]:
    """Measure recovery, coverage and agreement; writes flow.json and flow_recovery.png to ``out``.

    shared: folder with data/dual_sequence/stress_gd.npz, or None to leave the patient out.
    """
    report: dict[str, Any] = {"recovery": [], "noisy": []}
    plotted: dict[str, tuple[Doubles, Floats]] = {}
    for condition in ("stress", "rest"):
        for frames in (60, 121):
            for continuous in (False, True):
                cases = draw_cases(condition, count=pixels, frames=frames, continuous=continuous)
                mbf, _, valid = _mapped(cases)
                error = 100 * np.abs(mbf / cases.truth[:, 0] - 1)
                report["recovery"].append(
                    {
                        "condition": condition,
                        "frames": frames,
                        "input_function": "continuous" if continuous else "linear",
                        "median_percent": float(np.median(error[valid])),
                        "p95_percent": float(np.percentile(error[valid], 95)),
                        "valid": float(valid.mean()),
                    }
                )
        cases = draw_cases(
            condition,
            count=pixels,
            frames=60,
            continuous=False,
            noise_mmol_per_l=NOISE_MMOL_PER_L,
        )
        report["noisy"].append({"condition": condition} | _noisy(cases, plotted, condition))
    if shared is not None:
        report["patient"] = compare_with_patient(shared / "data/dual_sequence/stress_gd.npz")
    out.mkdir(parents=True, exist_ok=True)
    (out / "flow.json").write_text(json.dumps(report, indent=1) + "\n")
    _plot(plotted, out / "flow_recovery.png")
    return report


def _mapped(cases: FlowCases) -> tuple[Floats, Floats, Bools]:
    series = np.ascontiguousarray(cases.curves.T[:, :, None], dtype=np.float32)
    flow = map_flow(series, cases.aif, dt_s=0.5)
    valid = flow.quality[:, 0] == PixelQuality.OK
    return flow.mbf_ml_per_min_per_g[:, 0], flow.mbf_se[:, 0], valid


def _noisy(
    cases: FlowCases, plotted: dict[str, tuple[Doubles, Floats]], condition: str
) -> dict[str, float]:
    """Error and coverage with noise, beside scipy on the first 200 of the same pixels."""
    mbf, standard_error, valid = _mapped(cases)
    truth = cases.truth[:, 0]
    error = (mbf - truth)[valid]
    plotted[condition] = (truth[valid], mbf[valid])
    some = slice(0, 200)
    blood = input_function(cases.aif, cases.time_s, cases.time_s, interpolation="linear")
    theirs = fit_pixels_with_scipy(blood, cases.curves[some])[:, 0] - truth[some]
    both = valid[some]
    return {
        "rmse": float(np.sqrt(np.mean(error**2))),
        "bias": float(error.mean()),
        "covered_by_one_se": float(np.mean(np.abs(error) < standard_error[valid])),
        "valid": float(valid.mean()),
        "rmse_same_200_pixels": float(np.sqrt(np.mean((mbf - truth)[some][both] ** 2))),
        "scipy_rmse_same_200_pixels": float(np.sqrt(np.mean(theirs[both] ** 2))),
        "scipy_on_upper_bound": float(np.mean(theirs + truth[some] > 7.9)),
    }


def _plot(plotted: dict[str, tuple[Doubles, Floats]], path: Path) -> None:
    """Recovered against true flow, per band of true flow: median and 16th to 84th percentile."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(plotted), figsize=(8, 3.6), sharey=True)
    for axis, (condition, (truth, mbf)) in zip(axes, plotted.items(), strict=True):
        axis.plot(truth, mbf, ",", color="0.6")
        for low, high in zip(BANDS[:-1], BANDS[1:], strict=True):
            inside = mbf[(truth >= low) & (truth < high)]
            below, middle, above = np.percentile(inside, [16, 50, 84])
            axis.errorbar(
                (low + high) / 2,
                middle,
                yerr=[[middle - below], [above - middle]],
                fmt="o",
                color="C0",
                capsize=4,
            )
        axis.plot([0, 5], [0, 5], "k--", linewidth=0.8)
        axis.set(title=f"{condition}, {NOISE_MMOL_PER_L} mmol/L noise", ylim=(0, 8))
        axis.set_xlabel("true MBF (ml/min/g)")
    axes[0].set_ylabel("recovered MBF (ml/min/g)")
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    pyplot.close(figure)

"""How fast a flow map is, beside the careful fit of one pixel after another."""

from __future__ import annotations

import time

import numpy as np

from analysis.evaluation.flow_cases import draw_cases
from analysis.evaluation.flow_reference import fit_pixels_with_scipy
from analysis.perfusion import map_flow
from analysis.perfusion.input_function import input_function

_SIDE = 176
_FRAMES = 60
_NOISE_MMOL_PER_L = 0.025


def run(*, reference_pixels: int = 100, repeats: int = 3) -> dict[str, object]:
    """The benchmark row: processor seconds of a BTEX map of 176x176 pixels and 60 frames.

    The reference is scipy's least squares with the same model, bounds and first guess, measured on
    some of the same pixels and extrapolated. Start-up (tables, dictionary) is included.
    """
    cases = draw_cases(
        "stress",
        count=2000,
        frames=_FRAMES,
        continuous=False,
        noise_mmol_per_l=_NOISE_MMOL_PER_L,
    )
    pixels = _SIDE**2
    curves = np.resize(cases.curves, (pixels, _FRAMES)).T.reshape(_FRAMES, _SIDE, _SIDE)
    series = np.ascontiguousarray(curves, dtype=np.float32)
    taken = []
    for _ in range(repeats):
        began = time.process_time()
        map_flow(series, cases.aif, dt_s=0.5)
        taken.append(time.process_time() - began)
    ours = sorted(taken)[repeats // 2]

    blood = input_function(cases.aif, cases.time_s, cases.time_s, interpolation="linear")
    began = time.process_time()
    fit_pixels_with_scipy(blood, cases.curves[:reference_pixels])
    theirs = (time.process_time() - began) * pixels / reference_pixels
    return {
        "name": "flow_map",
        "value": round(ours, 3),
        "unit": "s per 30,976 pixels x 60 frames (BTEX)",
        "reference": f"scipy least squares per pixel, extrapolated from {reference_pixels} pixels",
        "reference_value": round(theirs, 1),
        "ratio": round(theirs / ours, 1),
    }

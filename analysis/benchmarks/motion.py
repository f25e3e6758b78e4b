"""How fast motion correction is, beside per-frame B-spline registration of the same frames."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import SimpleITK

from analysis.domain import Floats
from analysis.motion import correct_motion
from analysis.phantom.exam import simulate_exam

REFERENCE_FRAMES = 5
GRID_MM = 30.0
SAMPLED = 0.2
sitk: Any = SimpleITK  # its annotations are incomplete


def run() -> dict[str, object]:
    """The benchmark row: CPU seconds for three slices of 60 frames of 192x144, one thread.

    The reference registers every frame to the series' mean with SimpleITK's B-splines (30 mm
    grid, mutual information of a fifth of the pixels, three levels, L-BFGS-B), one thread, on a
    few frames of the same series in the same run, extrapolated to all.
    """
    slices = simulate_exam(1, conditions=("stress",), breathing="free").acquisitions[0].slices
    frames = sum(len(part.signal) for part in slices)
    began = time.process_time()
    for part in slices:
        correct_motion(
            part.signal.astype(np.float32),
            frame_status=part.is_pd.astype(np.uint8),
            pixel_spacing_mm=part.geometry.pixel_spacing_mm,
            is_pd=part.is_pd,
        )
    ours = time.process_time() - began
    middle = slices[len(slices) // 2]
    theirs = frames * seconds_per_frame(
        middle.signal.astype(np.float32), middle.geometry.pixel_spacing_mm
    )
    return {
        "name": "motion",
        "value": round(ours, 3),
        "unit": f"s for {len(slices)} slices, {frames} frames, one thread",
        "reference": "SimpleITK B-spline registration of each frame to the mean "
        f"(extrapolated from {REFERENCE_FRAMES} frames)",
        "reference_value": round(theirs, 2),
        "ratio": round(theirs / ours, 1),
    }


def seconds_per_frame(series: Floats, pixel_spacing_mm: tuple[float, float]) -> float:
    """Mean CPU seconds to register one frame of (T, H, W) to the mean with B-splines."""
    threads = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        fixed = _image(series.mean(axis=0), pixel_spacing_mm)
        chosen = np.linspace(5, len(series) - 1, REFERENCE_FRAMES).astype(int)
        began = time.process_time()
        for index in chosen:
            _register(fixed, _image(series[index], pixel_spacing_mm))
        return (time.process_time() - began) / len(chosen)
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(threads)


def _image(frame: Floats, pixel_spacing_mm: tuple[float, float]) -> Any:
    image = sitk.GetImageFromArray(frame.astype(np.float32))
    image.SetSpacing((pixel_spacing_mm[1], pixel_spacing_mm[0]))
    return image


def _register(fixed: Any, moving: Any) -> Any:
    size = [s * d for s, d in zip(fixed.GetSize(), fixed.GetSpacing(), strict=True)]
    mesh = [max(1, round(s / GRID_MM)) for s in size]
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(32)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(SAMPLED, 1)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsLBFGSB(numberOfIterations=50)
    method.SetShrinkFactorsPerLevel([4, 2, 1])
    method.SetSmoothingSigmasPerLevel([2, 1, 0])
    method.SetInitialTransform(sitk.BSplineTransformInitializer(fixed, mesh), True)
    return method.Execute(fixed, moving)

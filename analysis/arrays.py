"""The arrays of a result: one set per slice and one per arterial input function."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.constants import BACKGROUND, MYOCARDIUM, RV_CAVITY
from analysis.domain import AifResult, Bools, Bytes, Floats, FlowMap
from analysis.quality import PixelQuality
from analysis.work import AcquisitionWork, SliceWork

Arrays = dict[str, NDArray[Any]]


def measured_arrays(part: SliceWork) -> Arrays:
    """What segments are measured on, in the very types that are stored.

    Models beside the main one add ``mbf_<model>``, ``mbf_se_<model>`` and ``quality_<model>``.
    """
    signal = part.source.signal
    shape = signal.shape[1:]

    def image(found: NDArray[Any] | None) -> Floats:
        if found is None:
            return np.full(shape, np.nan, dtype=np.float32)
        return np.asarray(found, dtype=np.float32)

    flow = part.flow
    fitted = None if flow is None else flow.fitted_mmol_per_l
    nothing = np.full(signal.shape, np.nan, dtype=np.float16)
    if flow is not None:
        quality = flow.quality
    else:
        measured = np.isfinite(image(part.mbf))
        quality = np.where(measured, PixelQuality.OK, PixelQuality.OUTSIDE_MASK).astype(np.uint8)
    arrays: Arrays = {
        "corrected": np.asarray(part.corrected, dtype=np.float32),
        "gd_mmol_per_l": nothing.astype(np.float32) if part.gd is None else part.gd,
        "gd_fit": nothing if fitted is None else fitted,
        "mbf": image(part.mbf),
        "mbf_se": image(None if flow is None else flow.mbf_se),
        "quality": quality,
        "relative_upslope": image(None if part.upslope is None else part.upslope.relative_upslope),
    }
    for model, other in part.other_flows.items():
        arrays[f"mbf_{model}"] = image(other.mbf_ml_per_min_per_g)
        arrays[f"mbf_se_{model}"] = image(other.mbf_se)
        arrays[f"quality_{model}"] = other.quality
    return arrays


def without_pixels(flow: FlowMap, pixels: Bools, reason: PixelQuality) -> FlowMap:
    """The same maps without some pixels, which get a reason instead of values."""
    values = {field.name: getattr(flow, field.name) for field in fields(flow)}
    maps: dict[str, Any] = {
        name: np.where(pixels, np.float32(np.nan), value)
        for name, value in values.items()
        if name != "quality" and isinstance(value, np.ndarray) and value.shape == pixels.shape
    }
    quality = np.where(pixels, np.uint8(reason), flow.quality)
    return replace(flow, quality=quality, **maps)


def slice_arrays(part: SliceWork) -> Arrays:
    """All arrays of a slice's NPZ, on the source pixel grid; absent maps are NaN throughout."""
    source, flow = part.source, part.flow
    frames, height, width = source.signal.shape
    empty = np.full((height, width), np.nan, dtype=np.float32)
    displacement = (
        np.zeros((frames, 2, height, width), dtype=np.float32)
        if part.motion is None
        else part.motion.displacement_px
    )
    probabilities = (
        np.full((4, height, width), np.nan, dtype=np.float16)
        if part.segmentation is None
        else part.segmentation.probabilities.astype(np.float16)
    )
    insertion = part.contours.rv_insertion_anterior_rc if part.contours else None
    labels, segments = _rasters(part)
    return {
        "time_s": source.time_s,
        "is_pd": source.is_pd,
        "frame_status": part.frame_status,
        "signal": source.signal,
        "displacement_px": displacement,
        **measured_arrays(part),
        "delay_s": empty if flow is None else flow.delay_s,
        "ps_ml_per_min_per_g": empty if flow is None else flow.ps_ml_per_min_per_g,
        "vb_ml_per_g": empty if flow is None else flow.vb_ml_per_g,
        "visf_ml_per_g": empty if flow is None else flow.visf_ml_per_g,
        "residual_rms_mmol_per_l": empty if flow is None else flow.residual_rms_mmol_per_l,
        "labels": labels,
        "segments": segments,
        "probabilities": probabilities,
        "myocardium_probability": probabilities[MYOCARDIUM].astype(np.float32),
        "uncertainty": empty if part.segmentation is None else part.segmentation.uncertainty,
        "rv_insertion_rc": np.array(insertion or (np.nan, np.nan), dtype=np.float64),
        "pixel_spacing_mm": np.array(source.geometry.pixel_spacing_mm, dtype=np.float64),
    }


def aif_arrays(work: AcquisitionWork, aif: AifResult) -> Arrays:
    arrays: Arrays = {
        "curve_time_s": aif.time_s,
        "gd_mmol_per_l": aif.gd_mmol_per_l,
        "gd_uncorrected_mmol_per_l": aif.gd_uncorrected_mmol_per_l,
        "rv_gd_mmol_per_l": aif.rv_gd_mmol_per_l,
        "lv_mask": aif.lv_mask,
        "rv_mask": aif.rv_mask,
    }
    series = work.source.aif
    if series is not None:
        arrays |= {
            "time_s": series.time_s,
            "is_pd": series.is_pd,
            "frame_status": series.frame_status,
            "signal": series.signal,
            "pixel_spacing_mm": np.array(series.geometry.pixel_spacing_mm, dtype=np.float64),
        }
    return arrays


def _rasters(part: SliceWork) -> tuple[Bytes, Bytes]:
    """Labels and segments from the contours; the RV, which has no contour, from the network."""
    shape = part.source.signal.shape[1:]
    if part.measurement is None:
        return np.zeros(shape, dtype=np.uint8), np.zeros(shape, dtype=np.uint8)
    labels = part.measurement.labels.copy()
    if part.segmentation is not None:
        right = part.segmentation.probabilities.argmax(axis=0) == RV_CAVITY
        labels[right & (labels == BACKGROUND)] = RV_CAVITY
    return labels, part.measurement.segment_map

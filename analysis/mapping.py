"""The stage between gadolinium and segments: flow maps of every slice, and what spoils them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from analysis.arrays import without_pixels
from analysis.config import PipelineConfig
from analysis.constants import BACKGROUND, LV_CAVITY, RV_CAVITY
from analysis.domain import AifResult, Bools, Bytes, Floats, FlowMap
from analysis.perfusion import (
    BESIDE_BLOOD_MM,
    RegionCurves,
    RegionFlow,
    blood_course,
    distance_from_cavity,
    fit_regions,
    follow_regions,
    map_flow,
    map_upslope,
    pool_neighbours,
    region_curves,
    without_spill_over,
)
from analysis.quality import Flag, PixelQuality
from analysis.sectors import (
    pixels_of_blood,
    rasterise_labels,
    rasterise_segments,
    standard_view,
)
from analysis.uncertainty import widened
from analysis.work import AcquisitionWork, SliceWork, Watch

MAP_MARGIN_MM: Final = 30.0
"""Flow is mapped this far around the heart, so that a contour can be moved anywhere near it."""

REGIONAL_MODELS: Final = frozenset({"btex"})
"""Models whose parameters are known well enough to be told apart in one curve. Fermi's width and
rate are not: fitted to a segment's curve it reads a quarter high."""

LARGEST_DISAGREEMENT: Final = 0.3
"""Log ratio of the two estimates of a segment beyond which a reader should look: on simulated exams
6 % of segments, whose error is twice that of the others."""

UNBELIEVABLE_DISAGREEMENT: Final = 0.6
"""Beyond this log ratio something else than noise is wrong (blood in the curve); the segment's
level then follows its neighbours'."""


def map_slices(work: AcquisitionWork, config: PipelineConfig, watch: Watch) -> None:
    """Flow per pixel from gadolinium; relative upslopes where the signal is all there is."""
    if work.aif is None or work.aif.source == "none":
        return
    aif = work.aif
    for part in work.remaining():
        watch.still_wanted("flow")
        if part.gd is not None:
            with part.part("The flow map"):
                part.flow = _map(part, aif, config.model, config)
                part.mbf = part.flow.mbf_ml_per_min_per_g
                part.other_flows = {
                    model: _map(part, aif, model, config) for model in config.other_models
                }
        with part.part("The upslope map"):
            series = part.corrected if part.gd is None else part.gd
            part.upslope = map_upslope(
                series[part.used],
                aif.gd_mmol_per_l,
                time_s=part.source.time_s[part.used],
                blood_time_s=aif.time_s,
            )


def refine_maps(work: AcquisitionWork, config: PipelineConfig) -> None:
    """What can be said of a pixel's flow once the wall is known.

    Border pixels that show the flow of the blood beside them get no value, and a reason. Then the
    segments' median curves are fitted together, and the map takes its level from them and its
    detail from its pixels. Maps of models other than REGIONAL_MODELS stay pixel by pixel.
    """
    parts = [p for p in work.remaining() if p.contours is not None and p.flow is not None]
    segments: dict[str, Bytes] = {}
    for part in parts:
        with part.part("Refining the flow map"):
            segments[part.key] = _without_blood(part, work, config)
    parts = [part for part in parts if part.wanted]
    if config.flow_estimate == "pixelwise" or work.aif is None or not parts:
        return
    curves = []
    for part in parts:
        assert part.flow is not None and part.gd is not None
        curves.append(_segment_curves(part, part.gd, segments[part.key], work.aif))
    for model in {config.model, *config.other_models} & REGIONAL_MODELS:
        found = fit_regions(
            curves,
            work.aif.gd_mmol_per_l,
            work.aif.time_s,
            model=model,
            density=config.tissue_density_g_per_ml,
        )
        for part, regions in zip(parts, found, strict=True):
            with part.part("Refining the flow map"):
                _take_level(part, model, segments[part.key], regions)


def _without_blood(part: SliceWork, work: AcquisitionWork, config: PipelineConfig) -> Bytes:
    """Take the value from pixels of blood; returns the segment (H, W) of each pixel of the wall."""
    assert part.flow is not None and part.contours is not None and part.segmentation is not None
    height, width = part.flow.quality.shape
    labels = rasterise_labels(part.contours, (height, width))
    right = part.segmentation.probabilities.argmax(axis=0) == RV_CAVITY
    labels[right & (labels == BACKGROUND)] = RV_CAVITY
    view = standard_view(part.source.geometry, base_to_apex=work.base_to_apex)

    def cleaned(flow: FlowMap) -> FlowMap:
        assert part.contours is not None
        blood = pixels_of_blood(
            flow.mbf_ml_per_min_per_g, flow.quality, labels, part.contours.lv_centre_rc, view
        )
        return without_pixels(flow, blood, PixelQuality.BLOOD)

    part.flow = cleaned(part.flow)
    part.mbf = part.flow.mbf_ml_per_min_per_g
    part.other_flows = {model: cleaned(flow) for model, flow in part.other_flows.items()}
    return rasterise_segments(
        part.contours,
        part.source.position,
        (height, width),
        part.source.geometry,
        base_to_apex=work.base_to_apex,
        apical_rule=config.apical_rule,
    )


def _segment_curves(part: SliceWork, gd: Floats, segments: Bytes, aif: AifResult) -> RegionCurves:
    """Median curves of a slice's segments, freed of what the cavity's blood spills into them."""
    assert part.flow is not None and part.contours is not None
    time_s, used = part.source.time_s, part.used
    cavity = rasterise_labels(part.contours, segments.shape) == LV_CAVITY
    distance = distance_from_cavity(cavity, part.source.geometry.pixel_spacing_mm)
    if cavity.any():
        before = used & (time_s < aif.foot_s) if aif.foot_s is not None else np.zeros_like(used)
        images = np.where(used[:, None, None], part.corrected, np.nan)
        gd = without_spill_over(gd, blood_course(images, cavity, before), segments, distance)
    mixed = part.flow.quality == PixelQuality.BLOOD
    return region_curves(gd, time_s, segments, mixed, near_blood=distance <= BESIDE_BLOOD_MM)


def _take_level(
    part: SliceWork, model: str, segments: Bytes, found: Mapping[int, RegionFlow]
) -> None:
    """Pool the pixels of one model's map and scale them to the regions; both are kept."""
    main = part.flow is not None and model == part.flow.model
    flow = part.flow if main else part.other_flows[model]
    assert flow is not None
    spacing = part.source.geometry.pixel_spacing_mm
    pixels = {
        number: float(np.nanmean(values))
        for number in found
        if np.isfinite(values := flow.mbf_ml_per_min_per_g[segments == number]).any()
    }
    levels = {number: region.mbf for number, region in found.items()}
    trusted = {
        number: levels[number]
        for number, by_pixels in pixels.items()
        if abs(np.log(levels[number] / by_pixels)) < UNBELIEVABLE_DISAGREEMENT
    }
    flow = pool_neighbours(flow, segments > 0, pixel_spacing_mm=spacing)
    flow = follow_regions(flow, segments, trusted, pixel_spacing_mm=spacing)
    if main:
        part.flow, part.mbf = flow, flow.mbf_ml_per_min_per_g
        part.region_flows, part.pixelwise_mbf = dict(found), pixels
        part.flags.extend(_disagreements(levels, pixels))
    else:
        part.other_flows[model] = flow


def _disagreements(levels: Mapping[int, float], pixels: Mapping[int, float]) -> Iterator[Flag]:
    for number, by_pixels in pixels.items():
        difference = levels[number] / by_pixels - 1
        if abs(np.log1p(difference)) > LARGEST_DISAGREEMENT:
            yield Flag(
                code="flow-methods-differ",
                message=f"The flow of the segment's curve ({levels[number]:.2f} ml/min/g) is "
                f"{abs(difference):.0%} {'above' if difference > 0 else 'below'} the mean of its "
                f"pixels fitted one by one ({by_pixels:.2f}).",
                segment=number,
            )


def _map(part: SliceWork, aif: AifResult, model: str, config: PipelineConfig) -> FlowMap:
    assert part.gd is not None
    return map_flow(
        part.gd,
        aif.gd_mmol_per_l,
        model=model,
        time_s=part.source.time_s,
        aif_time_s=aif.time_s,
        mask=_around_the_heart(part),
        haematocrit=config.haematocrit,
        density=config.tissue_density_g_per_ml,
    )


def _around_the_heart(part: SliceWork) -> Bools | None:
    """Pixels (H, W) whose flow is worth a fit; None, all of them, where the heart is in doubt."""
    if part.segmentation is None or part.segmentation.flags:
        return None
    background = part.segmentation.probabilities[BACKGROUND]
    return widened(background < 0.5, MAP_MARGIN_MM, part.source.geometry.pixel_spacing_mm)

"""The stage between gadolinium and segments: flow maps of every slice, and what spoils them."""

from __future__ import annotations

from typing import Final

from analysis.arrays import without_pixels
from analysis.config import PipelineConfig
from analysis.constants import BACKGROUND, MYOCARDIUM, RV_CAVITY
from analysis.domain import AifResult, Bools, FlowMap, Segmentation, SliceContours
from analysis.perfusion import map_flow, map_upslope, pool_neighbours
from analysis.quality import PixelQuality
from analysis.sectors import pixels_of_blood, rasterise_labels, standard_view
from analysis.uncertainty import widened
from analysis.work import AcquisitionWork, SliceWork, Watch

MAP_MARGIN_MM: Final = 30.0
"""Flow is mapped this far around the heart, so that a contour can be moved anywhere near it."""


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


def refine_maps(
    part: SliceWork,
    contours: SliceContours,
    segmentation: Segmentation,
    base_to_apex: tuple[float, float, float] | None,
    *,
    pool: bool,
) -> None:
    """What can be said of a pixel's flow once the wall is known.

    Border pixels that show the flow of the blood beside them get no value, and a reason. The others
    are weighed against their neighbours in the wall where ``pool`` asks for it.
    """
    if part.flow is None:
        return
    shape = part.flow.quality.shape
    labels = rasterise_labels(contours, (shape[0], shape[1]))
    right = segmentation.probabilities.argmax(axis=0) == RV_CAVITY
    labels[right & (labels == BACKGROUND)] = RV_CAVITY
    view = standard_view(part.source.geometry, base_to_apex=base_to_apex)

    def cleaned(flow: FlowMap) -> FlowMap:
        blood = pixels_of_blood(
            flow.mbf_ml_per_min_per_g, flow.quality, labels, contours.lv_centre_rc, view
        )
        flow = without_pixels(flow, blood, PixelQuality.BLOOD)
        if not pool:
            return flow
        return pool_neighbours(
            flow, labels == MYOCARDIUM, pixel_spacing_mm=part.source.geometry.pixel_spacing_mm
        )

    part.flow = cleaned(part.flow)
    part.mbf = part.flow.mbf_ml_per_min_per_g
    part.other_flows = {model: cleaned(flow) for model, flow in part.other_flows.items()}


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

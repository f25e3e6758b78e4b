"""From the images of one exam to blood flow per segment: the whole method, top to bottom.

Each acquisition (stress, rest) goes through motion correction, conversion to gadolinium, the
arterial input function, the flow map and the segmentation; contours, sectors and uncertainty
follow, and the reserve from both. Doubts become flags beside the numbers; a slice that fails in a
stage says why and leaves the others alone.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np
import torch

from analysis import result
from analysis.aif import aif_from_slice, measure_aif
from analysis.alignment import correct_slices, following_breath, heart_of, level_brightness
from analysis.arrays import measured_arrays
from analysis.config import PipelineConfig
from analysis.constants import LV_CAVITY, RV_CAVITY
from analysis.cross_checks import acquisition_doubts, exam_doubts
from analysis.dark_rim import flag_dark_rims
from analysis.domain import AifResult, AifSeries, Bools, Exam, Floats, Point
from analysis.errors import NothingToAnalyse
from analysis.gadolinium import noise_sd, signal_to_gd, without_noise_floor
from analysis.layout import LEAST_FRAMES, lay_out
from analysis.mapping import map_slices, refine_maps
from analysis.quality import Flag, FrameStatus
from analysis.reserve import reserve_rows
from analysis.result import AnalysisResult
from analysis.sectors import (
    maps_from_arrays,
    measure_slice,
    polygon_mask,
)
from analysis.segmentation import contours_from, find_blood_pools, segment
from analysis.slice_doubts import judge_uncertainty
from analysis.work import AcquisitionWork, Progress, SliceWork, Watch

_LEFT_STILL: Final = Flag(
    code="aif-left-still",
    message="The input function images were left where they are: moved as the heart was, they "
    "showed no plausible bolus. Look at the motion correction of the basal slice.",
)


def analyse(
    exam: Exam, *, config: PipelineConfig | None = None, progress: Progress | None = None
) -> AnalysisResult:
    """Analyse one exam.

    ``progress`` is called with the stage and the share of the run that is done; it may raise
    Cancelled. Raises NothingToAnalyse for an exam without acquisitions, ModelUnavailable where
    network weights are missing; whatever concerns one slice or acquisition becomes a flag instead.
    """
    if not exam.acquisitions:
        raise NothingToAnalyse("There is no first-pass perfusion acquisition in this exam.")
    config = config or PipelineConfig()
    torch.set_num_threads(1)  # under load one thread beats two, and memory stays predictable
    watch = Watch(progress or (lambda stage, share: None), parts=len(exam.acquisitions))
    works = lay_out(exam, config)
    for work in works:
        _analyse_acquisition(work, config, watch)
    return result.assemble(
        exam,
        works,
        config=config,
        ratios=reserve_rows(works, config),
        flags=(*exam.flags, *exam_doubts(works)),
        timings_s=watch.timings_s,
    )


def _analyse_acquisition(work: AcquisitionWork, config: PipelineConfig, watch: Watch) -> None:
    passes = 2 if config.second_motion_pass else 1
    for _ in range(passes):
        with watch.stage("motion", passes=passes):
            correct_slices(work, watch)
        with watch.stage("gadolinium", passes=passes + 1):
            _convert_to_gadolinium(work)
        with watch.stage("segmentation", passes=passes):
            _segment(work, config, watch)
    with watch.stage("gadolinium", passes=passes + 1):
        for part in level_brightness(work):
            _convert(part, work)
    with watch.stage("aif"):
        _find_input_function(work, config)
        _subtract_baseline(work)
    with watch.stage("flow"):
        map_slices(work, config, watch)
    with watch.stage("sectors"):
        _measure_sectors(work, config)
    with watch.stage("uncertainty"):
        judge_uncertainty(work, config)
        flag_dark_rims(work)
    work.flags.extend(acquisition_doubts(work))


def _convert_to_gadolinium(work: AcquisitionWork) -> None:
    """Look-up tables turn the ratio to the proton-density image into mmol/L."""
    for part in work.remaining():
        if part.settled:
            continue
        if work.source.sequence == "dual":
            _convert(part, work)
        elif work.source.sequence == "gd":
            part.gd = np.where(part.used[:, None, None], part.corrected, np.nan).astype(np.float32)
        elif work.source.sequence == "map":
            part.mbf = part.source.signal[0].astype(np.float32)


def _convert(part: SliceWork, work: AcquisitionWork) -> None:
    with part.part("Conversion to gadolinium"):
        part.gd, flags = signal_to_gd(
            part.corrected,
            is_pd=part.source.is_pd,
            protocol=work.source.protocol,
            tissue="myocardium",
            frame_status=part.frame_status,
            noise_sd=part.noise_sd,
        )
        known = {flag.code for flag in (*work.flags, *work.source.protocol.assumptions)}
        work.flags.extend(flag for flag in flags if flag.code not in known)


def _segment(work: AcquisitionWork, config: PipelineConfig, watch: Watch) -> None:
    """Probabilities of background, LV cavity, myocardium and RV from the corrected series."""
    for part in work.remaining():
        if part.settled:
            continue
        if work.source.sequence == "map":
            part.flags.append(
                Flag(
                    code="map-not-segmented",
                    message="A flow map alone cannot be segmented; contours have to be drawn.",
                )
            )
            continue
        watch.still_wanted("segmentation")
        with part.part("Segmentation"):
            series = part.corrected if part.gd is None else part.gd
            part.segmentation = segment(
                series[part.used],
                part.source.time_s[part.used],
                part.source.geometry.pixel_spacing_mm,
                centre_rc=_heart_centre(part),
                version=config.segmentation_version,
            )


def _find_input_function(work: AcquisitionWork, config: PipelineConfig) -> None:
    """From the AIF images (dual), else from the LV cavity of the most basal slice that has one.

    The AIF images first follow the breath of the most basal slice in which the heart was found,
    unless that leaves no plausible bolus where there was one: then the slice was moved wrongly.
    """
    if work.source.sequence == "map":
        return
    if work.source.aif is not None:
        still = _above_noise(work.source.aif)
        images = following_breath(work, still)
        work.aif = _measure_aif(work, images, config)
        if images is not still and _lost_its_bolus(work.aif):
            unmoved = _measure_aif(work, still, config)
            if unmoved.source != "none" and not _lost_its_bolus(unmoved):
                images, work.aif = still, replace(unmoved, flags=(*unmoved.flags, _LEFT_STILL))
        work.source = replace(work.source, aif=images)
        return
    excluded = tuple(config.aif_excluded_frames.get(work.key, ()))
    for part in work.remaining():
        if part.segmentation is None:
            continue
        labels = part.segmentation.probabilities.argmax(axis=0)
        work.aif = aif_from_slice(
            part.corrected if part.gd is None else part.gd,
            time_s=part.source.time_s,
            frame_status=part.frame_status,
            is_pd=part.source.is_pd,
            lv_mask=labels == LV_CAVITY,
            rv_mask=labels == RV_CAVITY,
            excluded_frames=excluded,
            haematocrit=config.haematocrit,
            absolute=part.gd is not None,
        )
        if work.aif.source != "none":
            return


def _measure_aif(work: AcquisitionWork, images: AifSeries, config: PipelineConfig) -> AifResult:
    polygon = config.aif_lv_polygons_rc.get(work.key)
    grid = images.signal.shape[-2:]
    drawn = None if polygon is None else polygon_mask(_points(polygon), (grid[0], grid[1]))
    return measure_aif(
        images,
        lv_mask=drawn,
        seen=None if drawn is not None else _seen_pools(work, images),
        excluded_frames=tuple(config.aif_excluded_frames.get(work.key, ())),
        haematocrit=config.haematocrit,
    )


def _lost_its_bolus(aif: AifResult) -> bool:
    return any(flag.code in ("aif-no-bolus", "aif-peak-implausible") for flag in aif.flags)


def _above_noise(series: AifSeries) -> AifSeries:
    """Input images without their noise floor, which lifts dark blood before the bolus most."""
    if series.in_mmol_per_l:
        return series
    used = ~series.is_pd & (series.frame_status == FrameStatus.USED)
    echoes = [without_noise_floor(echo, noise_sd(echo, used)) for echo in series.signal]
    return replace(series, signal=np.stack(echoes))


def _subtract_baseline(work: AcquisitionWork) -> None:
    """Tissue starts at zero before the bolus arrives, in mmol/L, never in signal."""
    foot_s, late = None if work.aif is None else work.aif.foot_s, False
    for part in work.remaining():
        if part.gd is None:
            continue
        time_s, used = part.source.time_s, part.used
        before = used & (time_s < foot_s) if foot_s is not None else np.zeros_like(used)
        if not before.any():
            before = used & (time_s <= time_s[used][:1].max(initial=-np.inf))
            late = late or foot_s is not None
        if before.any():
            part.gd -= _mean_of_finite(part.gd[before])
    if late:
        work.flags.append(
            Flag(
                code="no-baseline",
                message="No frame was acquired before the bolus; the first one served as baseline.",
            )
        )


def _mean_of_finite(frames: Floats) -> Floats:
    """(H, W) mean of frames (T, H, W), NaN where a pixel has no value in any of them."""
    known = np.isfinite(frames)
    total = np.where(known, frames, 0).sum(axis=0, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        mean: Floats = (total / known.sum(axis=0)).astype(np.float32)
    return mean


def _measure_sectors(work: AcquisitionWork, config: PipelineConfig) -> None:
    """Contours first; every number of a segment then follows from them and the maps."""
    for part in work.remaining():
        if part.segmentation is None:
            continue
        with part.part("Drawing contours"):
            part.contours = contours_from(part.segmentation, part.source.geometry)
        if part.contours is not None:
            part.flags.extend(part.contours.flags)
    refine_maps(work, config)
    for part in work.remaining():
        if part.contours is None:
            continue
        with part.part("Measuring segments"):
            arrays, how = (
                measured_arrays(part),
                partial(
                    measure_slice,
                    part.contours,
                    position=part.source.position,
                    geometry=part.source.geometry,
                    base_to_apex=work.base_to_apex,
                    options=result.measure_options(config, part, work.aif),
                ),
            )
            part.measurement = how(maps_from_arrays(arrays))
            part.flags.extend(part.measurement.flags)
            part.other_measurements = {
                model: how(maps_from_arrays(arrays, model=model)) for model in part.other_flows
            }


def _seen_pools(work: AcquisitionWork, aif: AifSeries) -> tuple[Bools, Bools] | None:
    """Where the network sees the ventricles on input function images; None in too few frames."""
    used = ~aif.is_pd & (aif.frame_status == FrameStatus.USED)
    if used.sum() < LEAST_FRAMES:
        return None
    seen = find_blood_pools(aif.signal[0][used], aif.time_s[used], aif.geometry.pixel_spacing_mm)
    work.models[seen.model] = seen.model_version
    return seen.lv, seen.rv


def _heart_centre(part: SliceWork) -> Point | None:
    """Where an earlier look found the left ventricle without doubt; None asks to search again."""
    heart = heart_of(part)
    if heart is None or part.segmentation is None or part.segmentation.flags:
        return None
    row, column = np.argwhere(heart).mean(axis=0)
    return float(row), float(column)


def _points(polygon: object) -> tuple[tuple[float, float], ...]:
    return tuple((float(row), float(column)) for row, column in np.asarray(polygon, dtype=float))

"""The one function that turns contours and maps into segment numbers.

Automated and edited contours, worker and web process, all go through `measure_slice`: the same
contours on the same maps give bit-identical numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.domain import Bools, Bytes, Doubles, Position, SliceContours, SliceGeometry
from analysis.quality import Flag, PixelQuality
from analysis.sectors.error import common_error, contour_errors, fit_error
from analysis.sectors.neighbourhood import Neighbourhood, covered_arc
from analysis.sectors.radial import radial_profile
from analysis.sectors.raster import rasterise_labels
from analysis.sectors.values import (
    MeasureOptions,
    SegmentMeasurement,
    SliceMaps,
    SliceMeasurement,
)
from analysis.sectors.wedges import Wedges, segment_outlines, slice_wedges

LEAST_ARC_FRACTION: Final = 0.5
"""A sector with wall over less of its arc is not measured (outflow tract)."""

LEAST_SPLIT_WALL_PX: Final = 3.0
"""Endocardial and epicardial halves are not told apart in a thinner wall."""

LEAST_VALID: Final = 0.5


def measure_slice(
    contours: SliceContours,
    maps: SliceMaps,
    *,
    position: Position,
    geometry: SliceGeometry,
    base_to_apex: tuple[float, float, float] | None = None,
    options: MeasureOptions | None = None,
) -> SliceMeasurement:
    """Measure the AHA segments of one slice; segment value = mean of its valid pixels."""
    options = options or MeasureOptions()
    shape = maps.shape
    wedges = slice_wedges(
        contours, position, geometry, base_to_apex=base_to_apex, apical_rule=options.apical_rule
    )
    profile = radial_profile(contours, wedges.view)
    labels = rasterise_labels(contours, shape)
    near = Neighbourhood.around(contours, labels, wedges, profile)
    numbers = wedges.segment_at(near.angles_deg)
    segment_map = np.zeros(shape, dtype=np.uint8)
    segment_map[near.rows, near.columns] = np.where(near.myocardium, numbers, 0)

    covered = covered_arc(wedges, profile)
    moved = contour_errors(near, maps, wedges, options) if maps.mbf is not None else {}
    segments = tuple(
        _measure_segment(
            segment,
            near=near,
            inside=near.myocardium & (numbers == segment),
            maps=maps,
            has_cavity=contours.endo_rc is not None,
            covered=covered[segment],
            contour_error=moved.get(segment),
            options=options,
        )
        for segment in sorted(wedges.segments)
    )
    series = maps.gd if maps.gd is not None else maps.signal
    return SliceMeasurement(
        segments=segments,
        labels=labels,
        segment_map=segment_map,
        wedges=wedges,
        outlines=segment_outlines(contours, wedges, profile=profile),
        curve_unit="mmol/L" if maps.gd is not None else "signal",
        curves=_segment_curves(series, segment_map, wedges),
        fitted=_segment_curves(maps.gd_fit, segment_map, wedges),
        flags=wedges.flags,
    )


def _measure_segment(
    segment: int,
    *,
    near: Neighbourhood,
    inside: Bools,
    maps: SliceMaps,
    has_cavity: bool,
    covered: float,
    contour_error: float | None,
    options: MeasureOptions,
) -> SegmentMeasurement:
    pixels = int(inside.sum())
    if covered < LEAST_ARC_FRACTION or pixels == 0:
        return _not_measured(
            segment,
            pixels,
            f"The wall covers {covered:.0%} of this sector (outflow tract or gap).",
        )
    upslope = _median(maps.relative_upslope, near, inside)
    if maps.mbf is None:
        valid = 0
        if maps.relative_upslope is not None:
            valid = int(np.isfinite(near.values(maps.relative_upslope)[inside]).sum())
        reason = None if valid else "No pixel in this sector has an upslope."
        return SegmentMeasurement(
            **_EMPTY, segment=segment, upslope=upslope, pixels=pixels, valid_pixels=valid,
            not_measured_reason=reason, flags=(),
        )  # fmt: skip

    mbf = near.values(maps.mbf)
    valid_pixels = inside & np.isfinite(mbf)
    count = int(valid_pixels.sum())
    if count == 0:
        return _not_measured(segment, pixels, "No pixel in this sector has a valid flow value.")
    mean = float(mbf[valid_pixels].mean())
    endo, epi = _halves(near, valid_pixels, mbf) if has_cavity else (None, None)
    return SegmentMeasurement(
        segment=segment,
        mbf=mean,
        fit_error=fit_error(maps, near, valid_pixels, options),
        contour_error=contour_error,
        common_error=common_error(
            mean,
            at_rest=options.common_error_at_rest,
            high=options.common_error_fraction,
            of_input=options.input_error_fraction,
        ),
        spread=float(mbf[valid_pixels].std()),
        endo=endo,
        epi=epi,
        upslope=upslope,
        pixels=pixels,
        valid_pixels=count,
        not_measured_reason=None,
        flags=_segment_flags(segment, maps, near, inside, count, options),
    )


_EMPTY: Final[Mapping[str, None]] = dict.fromkeys(
    ("mbf", "fit_error", "contour_error", "common_error", "spread", "endo", "epi")
)


def _not_measured(segment: int, pixels: int, reason: str) -> SegmentMeasurement:
    flag = Flag(code="not-measured", message=reason, severity="check", segment=segment)
    return SegmentMeasurement(
        **_EMPTY, segment=segment, upslope=None, pixels=pixels, valid_pixels=0,
        not_measured_reason=reason, flags=(flag,),
    )  # fmt: skip


def _halves(near: Neighbourhood, valid: Bools, mbf: Doubles) -> tuple[float | None, float | None]:
    """Mean of the inner and the outer half by radial depth; None in a wall under 3 pixels."""
    wall = near.epi_mm - near.endo_mm
    splittable = valid & (wall >= LEAST_SPLIT_WALL_PX * near.pixel_mm)
    if splittable.sum() < 0.5 * valid.sum():
        return None, None
    inner = near.radius_mm - near.endo_mm < 0.5 * wall
    endo, epi = mbf[splittable & inner], mbf[splittable & ~inner]
    if endo.size == 0 or epi.size == 0:
        return None, None
    return float(endo.mean()), float(epi.mean())


def _median(array: NDArray[np.floating] | None, near: Neighbourhood, inside: Bools) -> float | None:
    if array is None:
        return None
    values = near.values(array)[inside]
    values = values[np.isfinite(values)]
    return float(np.median(values)) if values.size else None


def _segment_flags(
    segment: int,
    maps: SliceMaps,
    near: Neighbourhood,
    inside: Bools,
    valid: int,
    options: MeasureOptions,
) -> tuple[Flag, ...]:
    """Pixels without a value; those on a bound have none either, so one flag says both."""
    pixels, on_bound = int(inside.sum()), 0
    if maps.quality is not None:
        bounded = maps.quality[near.rows, near.columns] == PixelQuality.ON_BOUND
        on_bound = int((bounded & inside).sum())
    words = f"{on_bound / pixels:.0%} of the pixels ended on a bound of the fit"
    too_many = on_bound > options.most_on_bound * pixels
    if valid < LEAST_VALID * pixels:
        why = f": {words}" if too_many else ""
        message = f"Only {valid} of {pixels} pixels have a valid flow value{why}."
        return (Flag(code="few-valid-pixels", message=message, segment=segment),)
    if too_many:
        return (Flag(code="on-bound", message=f"{words}.", segment=segment),)
    return ()


def _segment_curves(
    series: NDArray[np.floating] | None, segment_map: Bytes, wedges: Wedges
) -> dict[int, Doubles]:
    """Mean curve (T,) of each segment over its finite pixels, NaN for frames that have none."""
    if series is None:
        return {}
    rows, columns = np.nonzero(segment_map)
    numbers = segment_map[rows, columns]
    pixels = np.asarray(series[:, rows, columns], dtype=np.float64)
    finite = np.isfinite(pixels)
    pixels = np.where(finite, pixels, 0.0)
    curves = {}
    for segment in wedges.segments:
        mine = numbers == segment
        count = finite[:, mine].sum(axis=1)
        total = pixels[:, mine].sum(axis=1)
        curves[segment] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return curves

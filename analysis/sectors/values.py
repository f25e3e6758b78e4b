"""What is measured and what a measurement is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.constants import SEGMENT_NAMES, TERRITORY_OF_SEGMENT
from analysis.domain import Bytes, Doubles
from analysis.quality import Flag
from analysis.sectors.wedges import ApicalRule, Outline, Wedges


@dataclass(frozen=True, kw_only=True)
class SliceMaps:
    """What is measured, on one pixel grid; absent maps are None.

    mbf, mbf_se: (H, W) ml/min/g. quality: (H, W) PixelQuality.
    relative_upslope: (H, W). gd, gd_fit: (T, H, W) mmol/L. signal: (T, H, W), corrected.
    """

    mbf: NDArray[np.floating] | None = None
    mbf_se: NDArray[np.floating] | None = None
    quality: Bytes | None = None
    relative_upslope: NDArray[np.floating] | None = None
    gd: NDArray[np.floating] | None = None
    gd_fit: NDArray[np.floating] | None = None
    signal: NDArray[np.floating] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        for array in (self.mbf, self.relative_upslope, self.gd, self.signal):
            if array is not None:
                return int(array.shape[-2]), int(array.shape[-1])
        raise ValueError("SliceMaps without any map has no shape")


@dataclass(frozen=True, kw_only=True)
class MeasureOptions:
    """How segments are cut and how their error is put together.

    boundary_sd_mm: usual error of a contour (paper's boundary error 0.33 mm, ours assumed larger).
    insertion_sd_deg: usual error of the insertion angle (2.65 degrees, Xue 2020a).
    common_error_at_rest, common_error_fraction, input_error_fraction: see error.common_error.
    noise_correlation_px: pixels that share their error.
    most_on_bound: share of a segment's pixels on a bound of the fit that is not worth a flag.
    """

    apical_rule: ApicalRule = "aha"
    common_error_at_rest: float = 0.1
    common_error_fraction: float = 0.25
    input_error_fraction: float = 0.0
    boundary_sd_mm: float = 0.5
    insertion_sd_deg: float = 2.65
    noise_correlation_px: float = 4.0
    most_on_bound: float = 0.1


@dataclass(frozen=True, kw_only=True)
class SegmentMeasurement:
    """One AHA segment. Flow in ml/min/g; ``None`` means not measured, never zero.

    pixels: myocardial pixels in the wedge; valid_pixels: those with a flow value (single
    sequence: with an upslope). spread: standard deviation of valid pixels, not an error.
    """

    segment: int
    mbf: float | None
    fit_error: float | None
    contour_error: float | None
    common_error: float | None
    spread: float | None
    endo: float | None
    epi: float | None
    upslope: float | None
    pixels: int
    valid_pixels: int
    not_measured_reason: str | None
    flags: tuple[Flag, ...]

    @property
    def standard_error(self) -> float | None:
        """Root of the summed squares of fit, contour and common error."""
        if self.fit_error is None or self.contour_error is None or self.common_error is None:
            return None
        return float(np.sqrt(self.fit_error**2 + self.contour_error**2 + self.common_error**2))

    def to_json(self) -> dict[str, object]:
        ratio = self.endo / self.epi if self.endo is not None and self.epi else None
        return {
            "segment": self.segment,
            "name": SEGMENT_NAMES[self.segment],
            "territory": TERRITORY_OF_SEGMENT[self.segment],
            "mbf_ml_per_min_per_g": self.mbf,
            "standard_error": self.standard_error,
            "fit_error": self.fit_error,
            "contour_error": self.contour_error,
            "common_error": self.common_error,
            "spread": self.spread,
            "endo": self.endo,
            "epi": self.epi,
            "endo_epi_ratio": ratio,
            "upslope": self.upslope,
            "uncertainty": None,
            "pixels": self.pixels,
            "valid_pixels": self.valid_pixels,
            "not_measured_reason": self.not_measured_reason,
            "flags": [flag.to_json() for flag in self.flags],
        }


@dataclass(frozen=True, kw_only=True)
class SliceMeasurement:
    """All that contours and maps of one slice give.

    labels: (H, W) background, cavity, myocardium. segment_map: (H, W) AHA numbers, not-measured
    sectors included. outlines: what to draw per segment. curve_unit: ``mmol/L`` or
    ``signal``. curves, fitted: per segment (T,), NaN where a frame is unused.
    """

    segments: tuple[SegmentMeasurement, ...]
    labels: Bytes
    segment_map: Bytes
    wedges: Wedges
    outlines: Mapping[int, Outline]
    curve_unit: str
    curves: Mapping[int, Doubles]
    fitted: Mapping[int, Doubles]
    flags: tuple[Flag, ...]

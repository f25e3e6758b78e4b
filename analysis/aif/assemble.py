"""An AifResult from curves, and the one that says that there is none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import numpy as np

from analysis.curves import BolusFeatures, bolus_features
from analysis.domain import AifResult, Bools, Doubles
from analysis.quality import Flag

_SMALLEST_BOLUS_MMOL_PER_L: Final = 0.4


def clear_bolus(curve: Doubles, time_s: Doubles, *, absolute: bool) -> BolusFeatures | None:
    """Features of the bolus, or None where none is worth the name (mmol/L where ``absolute``)."""
    bolus = bolus_features(curve, time_s)
    if bolus is None or (absolute and bolus.peak_height < _SMALLEST_BOLUS_MMOL_PER_L):
        return None
    return bolus


def first_pass_area(curve: Doubles, time_s: Doubles, bolus: BolusFeatures) -> float:
    """Area of the baseline-subtracted curve from foot to valley."""
    window = slice(bolus.foot_index, bolus.valley_index + 1)
    return float(np.trapezoid(curve[window], time_s[window]))


def assemble(
    source: Literal["dual", "image"],
    *,
    time_s: Doubles,
    curve: Doubles,
    brightest: Doubles,
    uncorrected: Doubles,
    rv: Doubles,
    lv_mask: Bools,
    rv_mask: Bools,
    bolus: BolusFeatures,
    absolute: bool,
    haematocrit: float,
    flags: Iterable[Flag],
    height_error: float = 0.0,
) -> AifResult:
    """The result; peak and area only where curves are ``absolute`` (mmol/L)."""
    return AifResult(
        source=source,
        time_s=time_s,
        gd_mmol_per_l=curve,
        gd_brightest_mmol_per_l=brightest,
        gd_uncorrected_mmol_per_l=uncorrected,
        rv_gd_mmol_per_l=rv,
        lv_mask=lv_mask,
        rv_mask=rv_mask,
        foot_s=bolus.foot_s,
        peak_s=bolus.peak_s,
        valley_s=bolus.valley_s if bolus.valley_found else None,
        peak_mmol_per_l=bolus.peak_height if absolute else None,
        first_pass_duration_s=bolus.valley_s - bolus.foot_s if bolus.valley_found else None,
        area_mmol_s_per_l=first_pass_area(curve, time_s, bolus) if absolute else None,
        flags=tuple(flags),
        haematocrit=haematocrit,
        height_error=height_error,
    )


def nothing_found(
    *,
    time_s: Doubles,
    curve: Doubles,
    lv_mask: Bools,
    rv_mask: Bools,
    haematocrit: float,
    flags: Iterable[Flag],
) -> AifResult:
    """The result where no input function can be used; its curve is only there to be looked at."""
    return AifResult(
        source="none",
        time_s=time_s,
        gd_mmol_per_l=curve,
        gd_brightest_mmol_per_l=curve,
        gd_uncorrected_mmol_per_l=curve,
        rv_gd_mmol_per_l=np.zeros_like(curve),
        lv_mask=lv_mask,
        rv_mask=rv_mask,
        foot_s=None,
        peak_s=None,
        valley_s=None,
        peak_mmol_per_l=None,
        first_pass_duration_s=None,
        area_mmol_s_per_l=None,
        flags=tuple(flags),
        haematocrit=haematocrit,
    )

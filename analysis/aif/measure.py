"""The arterial input function of a dual-sequence acquisition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.aif import checks
from analysis.aif.assemble import assemble, clear_bolus, nothing_found
from analysis.aif.blood_curve import (
    PUREST_FRACTION,
    brightest_pixels,
    fixed_pixels,
    mean_of,
)
from analysis.aif.blood_pools import agree_on_pools, detect_blood_pools
from analysis.constants import DEFAULT_HAEMATOCRIT
from analysis.domain import AifResult, AifSeries, Bools, Doubles, Floats
from analysis.gadolinium import correct_t2star, signal_to_gd
from analysis.quality import Flag, FrameStatus


def measure_aif(
    series: AifSeries,
    *,
    lv_mask: Bools | None = None,
    rv_mask: Bools | None = None,
    seen: tuple[Bools, Bools] | None = None,
    excluded_frames: Sequence[int] = (),
    haematocrit: float = DEFAULT_HAEMATOCRIT,
) -> AifResult:
    """Blood curve of the left ventricle in mmol/L, its features and every doubt about it.

    Its course is that of the brightest quartile of the pool, the same pixels in all frames; its
    height that of the purest pixels among them. Signal is averaged before it is converted, over
    the same pixels' own proton density: pixel by pixel, noise alone would look like T2*, and a
    smoothed proton density mixes in the wall. The quartile chosen anew in each frame (Xue 2020b),
    which picks noise with its pixels, is kept beside it.

    lv_mask, rv_mask: (H, W), drawn by a reader; found from the dynamics otherwise.
    seen: (LV, RV) as a network saw them; the dynamics check it and help where it sees nothing.
    excluded_frames: indices that a reader left out. source is "none" where nothing can be used.
    """
    status = np.array(series.frame_status, np.uint8)
    status[[t for t in excluded_frames if 0 <= t < status.size]] = FrameStatus.LEFT_OUT_BY_READER
    used = np.flatnonzero((status == FrameStatus.USED) & ~series.is_pd)
    echo = np.asarray(series.signal[0], np.float32)
    lv, rv, flags = _blood_pools(echo[used], lv_mask, rv_mask, seen)

    def concentration(signal: Floats) -> tuple[Floats, tuple[Flag, ...]]:
        if series.in_mmol_per_l:
            return signal[used], ()
        gd, gd_flags = signal_to_gd(
            signal,
            is_pd=series.is_pd,
            protocol=series.protocol,
            tissue="blood",
            frame_status=status,
        )
        return gd[used], gd_flags

    time_s = np.asarray(series.time_s, np.float64)[used]
    plain, gd_flags = concentration(echo)
    nothing = partial(nothing_found, time_s=time_s, lv_mask=lv, rv_mask=rv, haematocrit=haematocrit)
    if used.size == 0 or not lv.any() or not np.isfinite(plain[:, lv]).all():
        flags += [flag for flag in gd_flags if flag.severity == "invalid"]
        told = any(flag.severity == "invalid" for flag in flags)
        return nothing(
            curve=np.full(used.size, np.nan), flags=flags if told else [*flags, _UNUSABLE]
        )
    unresolved = checks.unresolved_pool(lv) if lv_mask is None else ()
    if unresolved:
        return nothing(curve=np.full(used.size, np.nan), flags=[*flags, *unresolved])
    flags += gd_flags
    pool = plain[:, lv]

    def blood(pixels: NDArray[np.intp]) -> tuple[Doubles, Doubles, Floats, tuple[Flag, ...]]:
        """Of pixels of the pool together: curve (T,), the same uncorrected, growth, flags."""
        growth, echo_flags = _echo_growth(series, lv, pixels)
        mean = echo[:, lv][:, pixels].mean(axis=1, dtype=np.float64)
        curve, plain_curve = (
            concentration(signal[:, None, None].astype(np.float32))[0][:, 0, 0].astype(np.float64)
            for signal in (mean * growth, mean)
        )
        return curve, plain_curve, growth, echo_flags

    raw, raw_uncorrected, growth, echo_flags = blood(fixed_pixels(pool)[0])
    raw_purest, *_ = blood(fixed_pixels(pool, PUREST_FRACTION, fewest=1)[0])
    flags += echo_flags
    gd, _ = concentration(echo * growth[:, None, None])
    raw_quartile, raw_fixed = (
        mean_of(gd[:, lv], chosen(pool)) for chosen in (brightest_pixels, fixed_pixels)
    )
    bolus = clear_bolus(raw, time_s, absolute=True)
    if bolus is None:
        return nothing(curve=raw - np.median(raw), flags=[*flags, checks.NO_BOLUS])
    before = slice(0, bolus.foot_index + 1)
    curve, purest, quartile, fixed, uncorrected = (
        values - values[before].mean()
        for values in (raw, raw_purest, raw_quartile, raw_fixed, raw_uncorrected)
    )
    passing = slice(bolus.foot_index, bolus.valley_index + 1)
    height = float(purest[passing] @ curve[passing] / np.square(curve[passing]).sum())
    curve, uncorrected = height * curve, height * uncorrected
    bolus = replace(bolus, peak_height=height * bolus.peak_height)
    rv_curve = np.zeros_like(curve)
    if rv.any():
        rv_raw = mean_of(gd[:, rv], brightest_pixels(gd[:, rv]))
        rv_curve = rv_raw - rv_raw[before].mean()
        flags += checks.order_check(bolus, rv_raw, time_s)
    brightest = echo[used][:, lv].max(axis=1).astype(np.float64)
    flags += checks.saturation_check(brightest)
    flags += checks.pool_size_check(lv)
    flags += checks.curve_checks(curve, time_s, bolus)
    flags += checks.concentration_checks(fixed, quartile, height * float(raw[before].mean()), bolus)
    return assemble(
        "dual",
        time_s=time_s,
        curve=curve,
        brightest=quartile,
        uncorrected=uncorrected,
        rv=rv_curve,
        lv_mask=lv,
        rv_mask=rv,
        bolus=bolus,
        absolute=True,
        haematocrit=haematocrit,
        flags=flags,
        height_error=checks.height_error(lv),
    )


_UNUSABLE: Final = Flag(
    code="aif-unusable",
    message="No arterial input function can be measured on these images.",
    severity="invalid",
)
_ONE_ECHO: Final = Flag(
    code="aif-one-echo",
    message="The input function has one echo, so its T2* loss at the peak is not corrected; "
    "flow may read about 10 % high.",
)


def _blood_pools(
    signal: Floats,
    lv_mask: Bools | None,
    rv_mask: Bools | None,
    seen: tuple[Bools, Bools] | None,
) -> tuple[Bools, Bools, list[Flag]]:
    """LV and RV masks: those drawn by a reader, else those found."""
    if lv_mask is not None:
        lv = np.asarray(lv_mask, bool)
        return lv, np.zeros_like(lv) if rv_mask is None else np.asarray(rv_mask, bool), []
    lv, found_rv, flags = detect_blood_pools(signal)
    if seen is not None:
        lv, found_rv, flags = agree_on_pools((lv, found_rv, flags), seen, signal)
    return lv, found_rv if rv_mask is None else np.asarray(rv_mask, bool), list(flags)


def _echo_growth(
    series: AifSeries, lv: Bools, pixels: NDArray[np.intp]
) -> tuple[Floats, tuple[Flag, ...]]:
    """Factor (T,) that takes the first echo of pixels of the pool back to echo time zero.

    Concentrations were corrected by who made them.
    """
    growth = np.ones(series.signal.shape[1], np.float32)
    if series.in_mmol_per_l:
        return growth, ()
    times = series.protocol.echo_times_ms
    if series.signal.shape[0] < 2 or len(times) < 2 or not 0 < times[0] < times[1]:
        return growth, (_ONE_ECHO,)
    first, second = (echo[:, lv][:, pixels].mean(axis=1) for echo in series.signal[:2])
    usable = np.isfinite(first) & np.isfinite(second) & (first > 0)
    near = [np.where(usable, mean, 1).astype(np.float32) for mean in (first, second)]
    growth = correct_t2star(near[0], near[1], times[0], times[1]) / near[0]
    used = usable & (series.frame_status == FrameStatus.USED) & ~series.is_pd
    return growth, tuple(checks.echo_check(near[0][used], near[1][used]))

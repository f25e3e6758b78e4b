"""An input function read from the slice itself, where no AIF images were acquired."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from analysis.aif import checks
from analysis.aif.assemble import assemble, clear_bolus, nothing_found
from analysis.aif.blood_curve import brightest_pixels, mean_of
from analysis.aif.blood_pools import detect_blood_pools
from analysis.constants import DEFAULT_HAEMATOCRIT
from analysis.domain import AifResult, Bools, Bytes, Doubles, Floats
from analysis.quality import Flag, FrameStatus

_FROM_IMAGE: Final = Flag(
    code="aif-from-image",
    message="The input function was read from the perfusion images, where blood saturates: "
    "indices are relative and not quantitative.",
)
_UNUSABLE: Final = Flag(
    code="aif-unusable",
    message="No input function can be read from these images.",
    severity="invalid",
)


def aif_from_slice(
    series: Floats,
    *,
    time_s: Doubles,
    frame_status: Bytes,
    is_pd: Bools,
    lv_mask: Bools | None = None,
    rv_mask: Bools | None = None,
    excluded_frames: Sequence[int] = (),
    haematocrit: float = DEFAULT_HAEMATOCRIT,
    absolute: bool = False,
) -> AifResult:
    """LV blood curve of a slice's own series (T, H, W), baseline subtracted, in its own unit.

    Masks (H, W) come from the segmentation; without them the pools are found from the dynamics.
    ``absolute``: the series is in mmol/L; otherwise it is signal and no peak height or area is
    given, because the LV signal saturates. source is "image", or "none" where nothing can be used.
    """
    status = np.array(frame_status, np.uint8)
    status[[t for t in excluded_frames if 0 <= t < status.size]] = FrameStatus.LEFT_OUT_BY_READER
    used = np.flatnonzero((status == FrameStatus.USED) & ~np.asarray(is_pd, bool))
    frames = np.asarray(series, np.float32)[used]
    times = np.asarray(time_s, np.float64)[used]
    flags: list[Flag] = [_FROM_IMAGE]
    if lv_mask is None or not np.any(lv_mask):
        lv, rv, found_flags = detect_blood_pools(frames)
        flags += found_flags
    else:
        lv = np.asarray(lv_mask, bool)
        rv = np.zeros_like(lv) if rv_mask is None else np.asarray(rv_mask, bool)

    if used.size < 5 or not lv.any() or not np.isfinite(frames[:, lv]).all():
        return nothing_found(
            time_s=times,
            curve=np.full(used.size, np.nan),
            lv_mask=lv,
            rv_mask=rv,
            haematocrit=haematocrit,
            flags=[*flags, _UNUSABLE],
        )
    pool = frames[:, lv]
    raw = mean_of(pool, brightest_pixels(pool))
    bolus = clear_bolus(raw, times, absolute=absolute)
    if bolus is None:
        return nothing_found(
            time_s=times,
            curve=raw - np.median(raw),
            lv_mask=lv,
            rv_mask=rv,
            haematocrit=haematocrit,
            flags=[*flags, checks.NO_BOLUS],
        )
    before = slice(0, bolus.foot_index + 1)
    curve = raw - raw[before].mean()
    rv_curve = np.zeros_like(curve)
    if rv.any() and np.isfinite(frames[:, rv]).all():
        rv_raw = mean_of(frames[:, rv], brightest_pixels(frames[:, rv]))
        rv_curve = rv_raw - rv_raw[before].mean()
        flags += checks.order_check(bolus, rv_raw, times)
    flags += checks.saturation_check(pool.max(axis=1).astype(np.float64))
    flags += checks.curve_checks(curve, times, bolus)
    return assemble(
        "image",
        time_s=times,
        curve=curve,
        brightest=curve,
        uncorrected=curve,
        rv=rv_curve,
        lv_mask=lv,
        rv_mask=rv,
        bolus=bolus,
        absolute=absolute,
        haematocrit=haematocrit,
        flags=flags,
    )

"""A signal series to gadolinium concentration."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.domain import Bools, Bytes, Floats, ReadoutProtocol
from analysis.gadolinium.lookup import LookupTable, build_lookup
from analysis.gadolinium.noise_floor import without_noise_floor
from analysis.gadolinium.proton_density import smooth_proton_density
from analysis.gadolinium.relaxation import Tissue
from analysis.quality import Flag, FrameStatus

_PD_SMOOTHING_PX: Final[dict[Tissue, float]] = {"myocardium": 1.0, "blood": 1.5}
"""About 2 mm in the tissue images and 8 mm in the coarse AIF images. Three PD frames have little
noise; smoothing them over 6 mm mixed blood, fat and lung into a wall of 8 mm: the gadolinium of
simulated segments was off by 5 % (one SD between segments of an exam), with 2 mm by 2 %."""
_BASELINE_FRAMES: Final = 4
_SATURATED_FRACTION: Final = 0.001


_PD_MISSING: Final[dict[Tissue, Flag]] = {
    "myocardium": Flag(
        code="pd-missing",
        message="There is no proton-density image; the first frames before the contrast agent "
        "were used to remove the coil shading.",
    ),
    # So soon after saturation blood without contrast agent gives hardly more signal than noise:
    # without these images flow of simulated exams came out two to three times too high.
    "blood": Flag(
        code="aif-pd-missing",
        message="The input function images have no usable proton-density image; noise stood in for "
        "it, so the input is far too low and all flow far too high.",
        severity="invalid",
    ),
}


def signal_to_gd(
    signal: Floats,
    *,
    is_pd: Bools,
    protocol: ReadoutProtocol,
    tissue: Tissue = "myocardium",
    frame_status: Bytes,
    noise_sd: float = 0.0,
) -> tuple[Floats, tuple[Flag, ...]]:
    """Gadolinium concentration (T, H, W) in mmol/L of a motion-corrected series, and flags.

    NaN in PD frames, in frames whose status is not USED, and in pixels that are not finite. The
    baseline is not subtracted here. Without a usable PD image the first SR frames stand in for it:
    native tissue has a known ratio, so the coil shading is removed all the same, with a flag.
    noise_sd: of one pixel as it was acquired; its floor is taken off first (``noise_floor``).
    """
    signal = without_noise_floor(np.asarray(signal, np.float32), noise_sd)
    table = build_lookup(protocol, tissue)
    flags = list(table.assumptions)
    used = np.flatnonzero((np.asarray(frame_status) == FrameStatus.USED) & ~is_pd)
    gd = np.full(signal.shape, np.nan, np.float32)
    if used.size == 0:
        flags.append(
            Flag(
                code="no-usable-frames",
                message="No saturation-recovery frame is usable.",
                severity="invalid",
            )
        )
        return gd, tuple(flags)

    reference, in_tissue, missing = _reference_image(
        signal, is_pd, np.asarray(frame_status), used, table, tissue
    )
    flags.extend(missing)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = signal[used] / reference
    gd[used], saturated = table.invert(ratio)
    if in_tissue.any() and saturated[:, in_tissue].mean() > _SATURATED_FRACTION:
        flags.append(
            Flag(
                code="gd-above-table",
                message="Some pixels are brighter than the highest concentration that the signal "
                f"can tell apart ({table.gd_mmol_per_l[-1]:.1f} mmol/L); they are cut off there.",
                severity="information" if tissue == "myocardium" else "check",
            )
        )
    return gd, tuple(flags)


def _reference_image(
    signal: Floats,
    is_pd: Bools,
    frame_status: Bytes,
    used: np.ndarray,
    table: LookupTable,
    tissue: Tissue,
) -> tuple[Floats, Bools, tuple[Flag, ...]]:
    """Smoothed PD image (H, W), tissue mask and flags; from the baseline where there is no PD."""
    sigma_px = _PD_SMOOTHING_PX[tissue]
    allowed = (FrameStatus.USED, FrameStatus.PROTON_DENSITY)
    pd_frames = signal[is_pd & np.isin(frame_status, allowed)]
    if pd_frames.size:
        reference, in_tissue = smooth_proton_density(pd_frames, sigma_px=sigma_px)
        if in_tissue.any():
            return reference, in_tissue, ()
    baseline = signal[used[:_BASELINE_FRAMES]] / np.float32(table.ratio[0])
    reference, in_tissue = smooth_proton_density(baseline, sigma_px=sigma_px)
    return reference, in_tissue, (_PD_MISSING[tissue],)

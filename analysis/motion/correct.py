"""Motion correction of one perfusion series, top to bottom.

Published recipe (Xue 2020b): register every frame, non-rigidly and coarse to fine, to a synthetic
twin made by the Karhunen-Loeve transform. Here: find the left ventricle, find shifts anywhere in
reach, refine them with a smooth field, keep what the series makes credible, apply it once.
"""

from __future__ import annotations

import cv2
import numpy as np

from analysis.domain import Bools, Bytes, Doubles, Floats, MotionResult, Point
from analysis.motion.belief import believed
from analysis.motion.config import SLICE, MotionConfig
from analysis.motion.fields import smallest_jacobian, warp_frames
from analysis.motion.frames import UNREADABLE, checked_status, mark_bad_frames
from analysis.motion.grid import WorkingSeries, working_series
from analysis.motion.patch import HeartPatch, heart_patch, mask_patch
from analysis.motion.proton_density import LEAST_FIT, align_proton_density
from analysis.motion.rigid import estimate_shifts
from analysis.motion.smooth import RIM, SmoothRegistration, modes_at
from analysis.motion.window import locate_left_ventricle
from analysis.quality import Flag, FrameStatus

UNTOUCHED_PX = 0.15
"""A frame that would move less than this everywhere is left as it is: interpolation costs more."""


def correct_motion(
    signal: Floats,
    *,
    frame_status: Bytes,
    pixel_spacing_mm: tuple[float, float],
    is_pd: Bools | None = None,
    centre_rc: Point | None = None,
    mask: Bools | None = None,
    start_px: Floats | None = None,
    config: MotionConfig = SLICE,
) -> MotionResult:
    """Correct the motion of a series (T, H, W) in time order.

    frame_status: (T,) as known so far; frames that are not finite, constant or stay bad get their
    reason, other codes stay. is_pd: (T,) proton-density frames, aligned by their edges only.
    centre_rc: the LV's centre where it is known; mask: (H, W) LV and myocardium, from an earlier
    pass; start_px: (T, 2, H, W) that pass's displacement, whose frame of reference is kept.
    Raises BadInput where shapes do not fit each other.
    """
    signal = np.asarray(signal, dtype=np.float32)
    status = checked_status(signal, frame_status, is_pd)
    pd = status == FrameStatus.PROTON_DENSITY
    if is_pd is not None:
        pd = pd | np.asarray(is_pd, dtype=bool)
    readable = ~np.isin(status, UNREADABLE)
    usable = np.flatnonzero(readable & ~pd)
    if len(usable) < config.fewest_frames:
        flag = Flag(
            code="motion-too-few-frames",
            message=f"Motion was not corrected: only {len(usable)} frames can be used.",
        )
        return _uncorrected(signal, status, flag)
    work = working_series(signal[usable], pixel_spacing_mm)
    heart, flags = _heart(work, centre_rc, mask, config)
    if start_px is None:
        shifts = estimate_shifts(work.frames, heart, config)
        if centre_rc is None and mask is None:
            heart = _second_look(work, shifts, heart, config)
    else:
        shifts = _start(start_px[usable], work, heart)
    registration = SmoothRegistration(work.frames, heart, config)
    estimates = registration.run(shifts)
    noise = tuple(mm / work.spacing_mm for mm in config.noise_mm)
    doubt = registration.judge(estimates).own
    kept = believed(estimates, noise, doubt, anchored=start_px is not None)

    shape = signal.shape[1:]
    displacement = np.zeros((len(signal), 2, *shape), dtype=np.float32)
    displacement[usable], inside = _dense(kept, work, heart, shape, config)
    fit = registration.judge(kept)
    pd_frames = np.flatnonzero(pd & readable)
    if pd_frames.size:
        displacement[pd_frames], doubts = _align_pd(
            signal[pd_frames], pixel_spacing_mm, fit.moved, kept[:, :, 0], heart, config
        )
        flags += doubts
    displacement[np.abs(displacement).max(axis=(1, 2, 3)) < UNTOUCHED_PX] = 0
    flags += mark_bad_frames(status, usable, fit.near, config)
    residual = np.full(len(signal), np.nan, dtype=np.float32)
    residual[usable] = fit.near
    return MotionResult(
        corrected=warp_frames(signal, displacement),
        displacement_px=displacement,
        frame_status=status,
        residual=residual,
        smallest_jacobian=smallest_jacobian(displacement, inside),
        flags=tuple(flags),
    )


def _uncorrected(signal: Floats, status: Bytes, flag: Flag) -> MotionResult:
    count, height, width = signal.shape
    return MotionResult(
        corrected=signal.copy(),
        displacement_px=np.zeros((count, 2, height, width), dtype=np.float32),
        frame_status=status,
        residual=np.full(count, np.nan, dtype=np.float32),
        smallest_jacobian=np.ones(count, dtype=np.float32),
        flags=(flag,),
    )


def _heart(
    work: WorkingSeries, centre_rc: Point | None, mask: Bools | None, config: MotionConfig
) -> tuple[HeartPatch, list[Flag]]:
    """The window on the LV: from the mask, the centre, or the passage of the bolus."""
    if mask is not None and mask.any():
        height, width = work.frames.shape[1:]
        small = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
        if (small >= 0.5).any():
            return mask_patch(small >= 0.5, work.spacing_mm, config), []
    if centre_rc is not None:
        return heart_patch(work.from_image(centre_rc), work.spacing_mm, config), []
    site = locate_left_ventricle(work.frames, work.spacing_mm)
    flags = []
    if not site.found:
        flags.append(
            Flag(
                code="motion-heart-not-found",
                message="No passage of contrast agent was seen; motion was judged in the middle "
                "of the image.",
            )
        )
    return heart_patch(site.centre_rc, work.spacing_mm, config), flags


def _second_look(
    work: WorkingSeries, shifts: Doubles, heart: HeartPatch, config: MotionConfig
) -> HeartPatch:
    """The window again, found on the frames as they lie after the rigid step."""
    moved = np.stack([_translated(f, s) for f, s in zip(work.frames, shifts, strict=True)])
    site = locate_left_ventricle(moved, work.spacing_mm)
    return heart_patch(site.centre_rc, work.spacing_mm, config) if site.found else heart


def _translated(frame: Floats, shift: Doubles) -> Floats:
    matrix = np.array([[1, 0, shift[1]], [0, 1, shift[0]]], dtype=np.float64)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (frame.shape[1], frame.shape[0])
    moved = cv2.warpAffine(frame, matrix, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.float32)


def _start(start_px: Floats, work: WorkingSeries, heart: HeartPatch) -> Doubles:
    """Shifts (T, 2) in working pixels at the heart's centre, of an earlier displacement."""
    at = (np.array(heart.corner) + heart.centre + 0.5) * work.scale - 0.5
    row, column = np.clip(np.rint(at).astype(int), 0, np.array(start_px.shape[2:]) - 1)
    return np.asarray(start_px[:, :, row, column] / work.scale, dtype=np.float64)


def _dense(
    kept: Doubles,
    work: WorkingSeries,
    heart: HeartPatch,
    shape: tuple[int, int],
    config: MotionConfig,
) -> tuple[Floats, Bools]:
    """Fields (T, 2, H, W) in image pixels that do not fold, and the pixels of the heart."""
    rows, columns = work.coordinates(shape)
    rows = (rows - heart.corner[0] - heart.centre[0]) / heart.radius
    columns = (columns - heart.corner[1] - heart.centre[1]) / heart.radius
    rows, columns = np.broadcast_arrays(rows, columns)
    modes = modes_at(rows, columns, config.degree)
    inside = np.hypot(rows, columns) <= RIM
    scale = work.scale.astype(np.float32)[None, :, None, None]
    coefficients = kept.copy()
    while True:
        field = np.tensordot(coefficients.astype(np.float32), modes, axes=1) * scale
        folded = smallest_jacobian(field, inside) < config.smallest_jacobian
        if not folded.any():
            return np.asarray(field, dtype=np.float32), inside
        coefficients[folded, :, 1:] *= 0.5


def _align_pd(
    pd: Floats,
    pixel_spacing_mm: tuple[float, float],
    corrected: Floats,
    breath: Doubles,
    heart: HeartPatch,
    config: MotionConfig,
) -> tuple[Floats, list[Flag]]:
    """Fields (P, 2, 1, 1), in image pixels, of the PD frames (P, H, W), and what is doubtful."""
    work = working_series(pd, pixel_spacing_mm)
    shifts, fit = align_proton_density(work.frames, corrected, breath, heart, config)
    flags = []
    if fit < LEAST_FIT:
        flags.append(
            Flag(
                code="motion-proton-density",
                message="The proton-density frames could not be matched to the series; they were "
                "left where they are.",
            )
        )
    return (shifts * work.scale).astype(np.float32)[:, :, None, None], flags

"""Motion correction of the arterial input images: both echoes of a beat move together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analysis.domain import Bools, Bytes, Floats, MotionResult, Point
from analysis.errors import BadInput
from analysis.motion.config import AIF, MotionConfig
from analysis.motion.correct import correct_motion
from analysis.motion.fields import warp_frames


def correct_aif_motion(
    signal: Floats,
    *,
    frame_status: Bytes,
    pixel_spacing_mm: tuple[float, float],
    is_pd: Bools | None = None,
    centre_rc: Point | None = None,
    config: MotionConfig = AIF,
) -> MotionResult:
    """Align the echoes (E, T, H, W) of the input images; ``corrected`` has the same shape.

    The first echo, which loses least signal to T2*, decides; every echo of a beat is moved by the
    same displacement (T, 2, H, W), or its T2* correction would compare different tissue. A frame
    in which any echo is unreadable is left where it is. Raises BadInput for other shapes.
    """
    signal = np.asarray(signal, dtype=np.float32)
    if signal.ndim != 4 or not len(signal):
        raise BadInput("Input-function images must be echoes of frames (E, T, H, W).")
    first = signal[0].copy()
    first[~np.isfinite(signal).all(axis=(0, 2, 3))] = np.nan
    result = correct_motion(
        first,
        frame_status=frame_status,
        pixel_spacing_mm=pixel_spacing_mm,
        is_pd=is_pd,
        centre_rc=centre_rc,
        config=config,
    )
    corrected = np.stack([warp_frames(echo, result.displacement_px) for echo in signal])
    return replace(result, corrected=corrected)

"""Which frames can be registered, and which stay bad in spite of it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.domain import Bools, Bytes, Floats
from analysis.errors import BadInput
from analysis.motion.config import MotionConfig
from analysis.quality import Flag, FrameStatus

UNREADABLE: Final = (FrameStatus.NOT_FINITE, FrameStatus.CONSTANT, FrameStatus.OTHER_SIZE)
SMALLEST_FRAME: Final = 8


def checked_status(signal: Floats, frame_status: Bytes, is_pd: Bools | None) -> Bytes:
    """A copy of the status (T,) in which unreadable frames (T, H, W) have their reason.

    Raises BadInput where the arrays do not describe the same frames.
    """
    if signal.ndim != 3 or min(signal.shape[1:]) < SMALLEST_FRAME:
        raise BadInput("A perfusion series must consist of frames of at least 8x8 pixels.")
    if len(frame_status) != len(signal) or (is_pd is not None and len(is_pd) != len(signal)):
        raise BadInput("Frame status and proton-density marks must have one entry per frame.")
    status = np.array(frame_status, dtype=np.uint8)
    flat = signal.reshape(len(signal), -1)
    finite = np.isfinite(flat).all(axis=1)
    # A frame may be unreadable whatever else is known about it, and must then not be registered.
    status[~finite] = FrameStatus.NOT_FINITE
    status[finite & (flat == flat[:, :1]).all(axis=1)] = FrameStatus.CONSTANT
    return status


def stays_bad(residual: Floats, config: MotionConfig) -> Bools:
    """Frames (T,) whose mismatch to their twin is large and unlike that of the other frames."""
    usual = float(np.median(residual))
    spread = 1.4826 * float(np.median(np.abs(residual - usual)))
    limit = max(config.worst_residual, usual + config.residual_outlier * spread)
    return np.asarray(residual > limit)


def mark_bad_frames(
    status: Bytes, usable: NDArray[np.intp], residual: Floats, config: MotionConfig
) -> list[Flag]:
    """Give frames that stay bad their reason, in place; residual is that of the usable frames."""
    bad = usable[stays_bad(residual, config)]
    bad = bad[status[bad] == FrameStatus.USED]
    status[bad] = FrameStatus.MOTION_NOT_CORRECTED
    if not bad.size:
        return []
    named = ", ".join(str(t + 1) for t in bad[:8]) + (", ..." if bad.size > 8 else "")
    return [
        Flag(
            code="motion-frames-left-out",
            message=f"{bad.size} of {usable.size} frames do not fit the series after motion "
            f"correction and were left out (frame {named}).",
            severity="check" if bad.size > max(2, usable.size // 10) else "information",
        )
    ]

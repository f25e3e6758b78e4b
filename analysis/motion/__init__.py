"""Motion correction: every frame of a series is brought to one position of the heart.

Entry points: ``correct_motion`` for a slice, ``follow_breath`` for the input images,
``sensitivity`` and ``as_bright_as_at_rest`` for the coil through which the heart moved,
``warp_frames`` to apply displacements to anything else on the same grid. The story is told in
``correct.py``; needs NumPy, SciPy and OpenCV.
"""

from analysis.motion.config import SLICE, MotionConfig
from analysis.motion.correct import correct_motion
from analysis.motion.fields import warp, warp_frames
from analysis.motion.follow import follow_breath
from analysis.motion.shading import as_bright_as_at_rest, is_steadier, sensitivity

__all__ = [
    "SLICE",
    "MotionConfig",
    "as_bright_as_at_rest",
    "correct_motion",
    "follow_breath",
    "is_steadier",
    "sensitivity",
    "warp",
    "warp_frames",
]

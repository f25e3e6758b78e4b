"""Motion correction: every frame of a series is brought to one position of the heart.

Entry points: ``correct_motion`` for a slice, ``follow_breath`` for the input images,
``warp_frames`` to apply displacements to anything else on the same grid. The story is told in
``correct.py``; needs NumPy, SciPy and OpenCV.
"""

from analysis.motion.config import SLICE, MotionConfig
from analysis.motion.correct import correct_motion
from analysis.motion.fields import warp, warp_frames
from analysis.motion.follow import follow_breath

__all__ = [
    "SLICE",
    "MotionConfig",
    "correct_motion",
    "follow_breath",
    "warp",
    "warp_frames",
]

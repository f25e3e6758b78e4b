"""Motion correction: every frame of a series is brought to one position of the heart.

Entry points: ``correct_motion`` for a slice, ``correct_aif_motion`` for the input images,
``warp_frames`` to apply displacements to anything else on the same grid. The story is told in
``correct.py``; needs NumPy, SciPy and OpenCV.
"""

from analysis.motion.aif import correct_aif_motion
from analysis.motion.config import AIF, SLICE, MotionConfig
from analysis.motion.correct import correct_motion
from analysis.motion.fields import warp, warp_frames

__all__ = [
    "AIF",
    "SLICE",
    "MotionConfig",
    "correct_aif_motion",
    "correct_motion",
    "warp",
    "warp_frames",
]

"""How sure a segmentation is, per segment and per slice, and where to look first. NumPy only."""

from analysis.uncertainty.plausibility import Doubt, Evidence, doubt_from, evidence
from analysis.uncertainty.segments import (
    DEFAULT_LEAST_CERTAINTY,
    SliceUncertainty,
    slice_uncertainty,
    widened,
)

__all__ = [
    "DEFAULT_LEAST_CERTAINTY",
    "Doubt",
    "Evidence",
    "SliceUncertainty",
    "doubt_from",
    "evidence",
    "slice_uncertainty",
    "widened",
]

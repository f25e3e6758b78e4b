"""How sure a segmentation is, per segment and per slice, and where to look first. NumPy only."""

from analysis.uncertainty.segments import (
    DEFAULT_LEAST_CERTAINTY,
    SliceUncertainty,
    slice_uncertainty,
    widened,
)

__all__ = ["DEFAULT_LEAST_CERTAINTY", "SliceUncertainty", "slice_uncertainty", "widened"]

"""Where the heart is in a slice: window, network, probabilities and their uncertainty."""

from analysis.segmentation.contours import contours_from
from analysis.segmentation.inference import segment

__all__ = ["contours_from", "segment"]

"""Where the heart is in a slice: window, network, probabilities and their uncertainty."""

from analysis.segmentation.inference import segment

__all__ = ["segment"]

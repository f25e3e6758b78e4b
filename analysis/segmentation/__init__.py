"""Where the heart is in a slice: window, network, probabilities, contours, uncertainty."""

from analysis.segmentation.contours import contours_from
from analysis.segmentation.inference import load_network, segment


def preload() -> None:
    """Load the newest network now, so that the first slice does not wait for it.

    Raises ModelUnavailable where the weights are missing or damaged.
    """
    load_network()


__all__ = ["contours_from", "preload", "segment"]

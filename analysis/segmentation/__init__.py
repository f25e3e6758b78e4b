"""Where the heart is in a slice: window, network, probabilities, contours, uncertainty."""

from analysis.segmentation.blood_pools import find_blood_pools, load_aif_network
from analysis.segmentation.contours import contours_from
from analysis.segmentation.inference import load_network, segment


def preload() -> None:
    """Load the newest networks now, so that the first slice does not wait for them.

    Raises ModelUnavailable where the weights are missing or damaged.
    """
    load_network()
    load_aif_network()


__all__ = ["contours_from", "find_blood_pools", "preload", "segment"]

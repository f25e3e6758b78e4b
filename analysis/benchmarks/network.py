"""How fast one slice goes through the everyday network, beside the published one."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from analysis.errors import ModelUnavailable
from analysis.segmentation.inference import load_network, predict
from analysis.segmentation.network import LightUNet, NetworkConfig
from analysis.segmentation.reference import REFERENCE_FRAMES, REFERENCE_SIZE, seeded_reference
from analysis.segmentation.window import BINS, GRID_SIZE


def median_ms(work: Callable[[], object], repeats: int) -> float:
    """Median processor time of repeats calls, in ms, after one call to warm up.

    On one thread that is the wall time of an idle machine, and a busy one does not disturb it.
    """
    work()
    taken = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return 1000 * statistics.median(taken)


def everyday_network() -> LightUNet:
    """The shipped network, or one of the same size with random weights where none is shipped."""
    try:
        return load_network().network
    except ModelUnavailable:
        return LightUNet(NetworkConfig()).eval()


def run(*, repeats: int = 9) -> dict[str, object]:
    """The benchmark row: ms a slice and forward pass, one thread, normalisation included.

    The reference is the published network in eager fp32 on its own 48 frames of 176x176.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rng = np.random.default_rng(1)
        window = rng.random((1, BINS, GRID_SIZE, GRID_SIZE), dtype=np.float32)
        network = everyday_network()
        ours = median_ms(lambda: predict(network, window), 3 * repeats)
        reference = seeded_reference()
        frames = torch.rand(1, REFERENCE_FRAMES, REFERENCE_SIZE, REFERENCE_SIZE)
        with torch.inference_mode():
            theirs = median_ms(lambda: reference(frames).softmax(dim=1), max(3, repeats // 3))
    finally:
        torch.set_num_threads(threads)
    return {
        "name": "network",
        "value": round(ours, 2),
        "unit": "ms per slice",
        "reference": "23-convolution ResUNet 64/128/256, 176x176x48, eager fp32 (Xue 2020a)",
        "reference_value": round(theirs, 1),
        "ratio": round(theirs / ours, 1),
    }

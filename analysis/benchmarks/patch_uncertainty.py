"""How fast an uncertainty map of one slice is, beside the published patch-by-patch one."""

from __future__ import annotations

import time

import numpy as np
import torch

from analysis.benchmarks.network import everyday_network, median_ms
from analysis.segmentation.inference import VIEWS, predict
from analysis.segmentation.patches import (
    PATCH_FRAMES,
    PATCH_SIZE,
    PATCH_WINDOW,
    UNCERTAINTY_STRIDE,
    PatchUNet,
    patch_corners,
    patch_uncertainty,
)
from analysis.segmentation.window import BINS, GRID_SIZE


def run(*, repeats: int = 5, share: float = 0.1) -> dict[str, object]:
    """The benchmark row: seconds a slice for all views, one thread.

    share: part of the reference's patches that is timed; the rest costs the same.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rng = np.random.default_rng(1)
        windows = rng.random((len(VIEWS), BINS, GRID_SIZE, GRID_SIZE), dtype=np.float32)
        network = everyday_network()
        ours = median_ms(lambda: predict(network, windows)[:, 2].std(axis=0), repeats) / 1000
        torch.manual_seed(1)
        reference = PatchUNet().eval()
        patches = ((PATCH_WINDOW - PATCH_SIZE) // UNCERTAINTY_STRIDE + 1) ** 2
        rows = PATCH_SIZE + UNCERTAINTY_STRIDE * max(1, round(share * patches / 33) - 1)
        strip = rng.random((PATCH_FRAMES, rows, PATCH_WINDOW), dtype=np.float32)
        corners = list(patch_corners((rows, PATCH_WINDOW), UNCERTAINTY_STRIDE))
        began = time.process_time()
        patch_uncertainty(reference, strip, corners)
        theirs = (time.process_time() - began) * patches / len(corners)
    finally:
        torch.set_num_threads(threads)
    return {
        "name": "patch_uncertainty",
        "value": round(ours, 4),
        "unit": "s per slice",
        "reference": "stride-2 patches of 64x64x30, one by one, eager fp32 (Yalcinkaya 2022)",
        "reference_value": round(theirs, 2),
        "ratio": round(theirs / ours, 1),
    }

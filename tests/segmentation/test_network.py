"""Shapes, sizes and determinism of the networks and of the patch-level reference."""

import numpy as np
import pytest
import torch

from analysis.segmentation.network import LightUNet, NetworkConfig, fold_normalisation
from analysis.segmentation.patches import PatchUNet, patch_corners, patch_uncertainty
from analysis.segmentation.reference import seeded_reference

SMALL = NetworkConfig(temporal_features=4, widths=(8, 8, 8), blocks=(1, 1, 1))


@pytest.mark.parametrize("shape", [(96, 96), (64, 120)])
def test_logits_lie_on_the_input_grid(shape: tuple[int, int]) -> None:
    with torch.inference_mode():
        logits = LightUNet(SMALL).eval()(torch.zeros(2, 32, *shape))
    assert logits.shape == (2, 4, *shape)


def test_the_everyday_network_fits_five_megabytes_in_half_precision() -> None:
    network = LightUNet(NetworkConfig(widths=(48, 96, 128)))
    assert 2 * sum(value.numel() for value in network.state_dict().values()) < 5e6


def test_folded_normalisation_gives_the_same_answer() -> None:
    torch.manual_seed(3)
    network = LightUNet(SMALL)
    window = torch.rand(2, 32, 32, 32)
    for _ in range(3):
        network(window)
    with torch.inference_mode():
        plain = network.eval()(window)
        folded = fold_normalisation(network)(window)
    assert torch.allclose(plain, folded, atol=1e-4)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules())


def test_a_configuration_survives_json() -> None:
    assert NetworkConfig.from_json(SMALL.to_json()) == SMALL


def test_the_reference_has_23_convolutions_and_the_same_weights_for_a_seed() -> None:
    first, second = seeded_reference(4), seeded_reference(4)
    kernels = [m for m in first.modules() if isinstance(m, torch.nn.Conv2d)]
    assert sum(kernel.kernel_size == (3, 3) for kernel in kernels) == 23
    assert {kernel.out_channels for kernel in kernels} >= {64, 128, 256}
    assert torch.equal(first.first.weight, second.first.weight)


def test_a_window_of_128_holds_1089_patches_at_stride_2() -> None:
    assert len(list(patch_corners((128, 128), 2))) == 1089


def test_a_single_patch_is_certain_and_overlapping_ones_disagree() -> None:
    torch.manual_seed(1)
    network = PatchUNet(base=4).eval()
    window = 30 * np.random.default_rng(1).random((30, 64, 70), dtype=np.float32)
    mean, alone = patch_uncertainty(network, window, stride=32)
    assert alone.max() == 0 and mean[:, 0, 0].sum() == pytest.approx(1, abs=1e-5)
    assert patch_uncertainty(network, window, stride=2)[1].max() > 0

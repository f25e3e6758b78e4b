"""Shapes, sizes and determinism of the networks and of the patch-level reference."""

import numpy as np
import pytest
import torch

from analysis.segmentation.network import LightUNet, NetworkConfig, fold_normalisation
from analysis.segmentation.patches import (
    PatchUNet,
    patch_corners,
    patch_uncertainty,
    spread_corners,
)
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
    alone = patch_uncertainty(network, window, [(0, 0)])
    assert alone.spread.max() == 0 and alone.mean[:, 0, 0].sum() == pytest.approx(1, abs=1e-5)
    assert not alone.mean[:, :, 64:].any()
    many = patch_uncertainty(network, window, list(patch_corners((64, 70), 2)), batch=3)
    assert many.spread.max() > 0


def test_patches_vote_for_whole_classes_and_average_probabilities() -> None:
    torch.manual_seed(2)
    network = PatchUNet(base=4).eval()
    window = 30 * np.random.default_rng(2).random((30, 64, 66), dtype=np.float32)
    answer = patch_uncertainty(network, window, [(0, 0), (0, 2)])
    assert set(np.unique(answer.votes)) <= {0.0, 0.5, 1.0}
    assert answer.votes.sum(axis=0) == pytest.approx(np.ones((64, 66)))
    assert answer.mean.sum(axis=0) == pytest.approx(np.ones((64, 66)), abs=1e-5)


def test_a_window_smaller_than_a_patch_is_refused() -> None:
    with pytest.raises(ValueError, match="no 64-pixel patch"):
        patch_uncertainty(PatchUNet(base=4), np.zeros((30, 60, 60), np.float32), [])


def test_the_chosen_patches_lie_all_over_the_window_in_every_phase_of_the_network() -> None:
    corners = spread_corners()
    assert corners == spread_corners() and len(set(corners)) == 49
    assert set(corners) <= set(patch_corners((128, 128), 2))
    assert min(min(c) for c in corners) <= 4 and max(max(c) for c in corners) >= 60
    assert len({(row % 8, column % 8) for row, column in corners}) >= 12

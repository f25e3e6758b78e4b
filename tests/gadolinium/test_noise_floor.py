"""The noise floor of magnitude images is measured and taken off."""

import numpy as np
import pytest

from analysis.domain import Floats
from analysis.gadolinium import build_lookup, noise_sd, signal_to_gd, without_noise_floor
from analysis.quality import FrameStatus
from tests.gadolinium.test_gd_conversion import PROTOCOL

SD = 20.0


def rician(mean: Floats, sd: float, seed: int = 1) -> Floats:
    rng = np.random.default_rng(seed)
    real, imaginary = rng.normal(0.0, sd, (2, *mean.shape))
    return np.hypot(mean + real, imaginary).astype(np.float32)


def breathing_scene(frames: int = 30) -> Floats:
    """Organs of three brightnesses that move 4 pixels up and down, beside air."""
    rows, columns = np.mgrid[:96, :96].astype(np.float32)
    scene = []
    for t in range(frames):
        down = 4.0 * np.sin(t) ** 4
        inside = (rows - 48 - down) ** 2 + (columns - 48) ** 2
        organ = 150 + 200 * (inside < 14**2) - 60 * (inside > 30**2) + rows
        scene.append(np.where(columns > 10, organ, 0.0))
    return np.array(scene, np.float32)


def test_noise_is_told_from_anatomy_that_breathes() -> None:
    scene = breathing_scene()
    found = noise_sd(rician(scene, SD), np.ones(len(scene), bool))
    assert found == pytest.approx(SD, rel=0.06)
    assert noise_sd(scene, np.ones(len(scene), bool)) < 0.05 * SD


def test_frames_of_another_contrast_do_not_count() -> None:
    scene = rician(breathing_scene(), SD)
    used = np.ones(len(scene), bool)
    used[:3] = False
    scene[:3] *= 9
    assert noise_sd(scene, used) == pytest.approx(SD, rel=0.06)


@pytest.mark.parametrize(
    "frames",
    [
        np.full((12, 40, 40), 300, np.uint16),
        np.zeros((12, 40, 40)),
        rician(np.full((3, 40, 40), 300.0), SD),
        rician(np.full((12, 40, 40), 300.0), SD) - 400,
        np.full((12, 40, 40), np.nan),
        rician(np.full((12, 4, 4), 300.0), SD),
    ],
    ids=["constant", "empty", "three frames", "signed", "not finite", "hardly any pixel"],
)
def test_where_noise_cannot_be_told_nothing_is_taken_off(frames: Floats) -> None:
    sd = noise_sd(frames, np.ones(len(frames), bool))
    assert sd == 0.0
    assert without_noise_floor(frames, sd) is frames


@pytest.mark.parametrize("signal_to_noise", [2.0, 3.0, 5.0, 10.0])
def test_the_mean_of_noisy_signal_comes_back(signal_to_noise: float) -> None:
    true = np.full(200_000, signal_to_noise * SD, np.float32)
    lifted = rician(true, SD)
    assert lifted.mean() > true[0] * (1 + 0.45 / signal_to_noise**2)
    lowered = without_noise_floor(lifted, SD)
    assert lowered.mean() == pytest.approx(true[0], rel=0.25 / signal_to_noise**2)


def test_gadolinium_above_a_dark_baseline_no_longer_reads_low() -> None:
    truth = np.concatenate([np.zeros(10), np.full(10, 0.6)])
    table = build_lookup(PROTOCOL, "myocardium")
    ratio = np.interp(truth, table.gd_mmol_per_l, table.ratio)
    pd = 900.0
    clean = np.concatenate([np.full(3, pd), pd * ratio])[:, None, None] * np.ones((96, 96))
    signal = rician(clean, pd * ratio[0] / 3)
    is_pd = np.arange(len(signal)) < 3
    status = np.where(is_pd, FrameStatus.PROTON_DENSITY, FrameStatus.USED).astype(np.uint8)

    def rise(sd: float) -> float:
        gd, _ = signal_to_gd(
            signal, is_pd=is_pd, protocol=PROTOCOL, frame_status=status, noise_sd=sd
        )
        return float(np.median(gd[13:]) - np.median(gd[3:13]))  # as segments are measured

    lifted, freed = rise(0.0), rise(noise_sd(signal, ~is_pd))
    assert lifted < 0.6 * 0.985
    assert freed == pytest.approx(0.6, rel=0.006)

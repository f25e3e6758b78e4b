from dataclasses import replace

import numpy as np
import pytest

from analysis.domain import ReadoutProtocol
from analysis.gadolinium import build_lookup, signal_to_gd, smooth_proton_density
from analysis.quality import FrameStatus

PROTOCOL = ReadoutProtocol(
    readout="bssfp",
    field_strength_t=1.5,
    flip_angle_deg=50.0,
    pd_flip_angle_deg=5.0,
    echo_spacing_ms=2.5,
    saturation_delay_ms=39.5,
    centre_line=19,
    agent="gadobutrol",
)


def series(gd: np.ndarray, *, noise: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Signal, is_pd and status of a disc of tissue in air under a shading coil."""
    rng = np.random.default_rng(1)
    rows, columns = np.mgrid[:64, :64]
    tissue = (rows - 32) ** 2 + (columns - 32) ** 2 < 24**2
    coil = 400 * np.exp(-rows / 60) * tissue
    table = build_lookup(PROTOCOL, "myocardium")
    ratio = np.interp(gd, table.gd_mmol_per_l, table.ratio)
    frames = np.concatenate([np.ones(3), ratio])[:, None, None] * coil
    noisy = np.abs(frames + noise * rng.standard_normal(frames.shape)).astype(np.float32)
    is_pd = np.arange(len(frames)) < 3
    return noisy, is_pd, np.where(is_pd, FrameStatus.PROTON_DENSITY, 0).astype(np.uint8)


def test_a_known_concentration_comes_back_under_coil_shading() -> None:
    truth = np.linspace(0, 3, 12)
    signal, is_pd, status = series(truth)
    gd, flags = signal_to_gd(signal, is_pd=is_pd, protocol=PROTOCOL, frame_status=status)
    assert not flags
    assert np.isnan(gd[:3]).all()
    heart = gd[3:, 25:40, 25:40]
    assert np.abs(heart.mean(axis=(1, 2)) - truth).max() < 0.02
    assert np.isfinite(gd[3:]).all()


def test_noise_and_air_do_not_blow_the_concentration_up() -> None:
    signal, is_pd, status = series(np.full(10, 0.5), noise=8.0)
    gd, _ = signal_to_gd(signal, is_pd=is_pd, protocol=PROTOCOL, frame_status=status)
    assert abs(gd[3:, 25:40, 25:40].mean() - 0.5) < 0.02
    assert np.abs(gd[3:]).max() < 20.01


def test_frames_that_are_not_used_stay_empty() -> None:
    signal, is_pd, status = series(np.zeros(8))
    status[5] = FrameStatus.MOTION_NOT_CORRECTED
    gd, _ = signal_to_gd(signal, is_pd=is_pd, protocol=PROTOCOL, frame_status=status)
    assert np.isnan(gd[5]).all()
    assert np.isfinite(gd[6]).all()


def test_without_a_proton_density_image_the_baseline_stands_in_with_a_flag() -> None:
    truth = np.concatenate([np.zeros(5), np.linspace(0, 2, 8)])
    signal, is_pd, status = series(truth)
    signal, is_pd, status = signal[3:], is_pd[3:], status[3:]
    gd, flags = signal_to_gd(signal, is_pd=is_pd, protocol=PROTOCOL, frame_status=status)
    assert [flag.code for flag in flags] == ["pd-missing"]
    assert np.abs(gd[:, 25:40, 25:40].mean(axis=(1, 2)) - truth).max() < 0.02


def test_saturated_pixels_are_cut_off_and_flagged() -> None:
    signal, is_pd, status = series(np.zeros(8))
    signal[6, 30:34, 30:34] = 60000
    protocol = replace(PROTOCOL, readout="flash", flip_angle_deg=14.0)
    gd, flags = signal_to_gd(
        signal, is_pd=is_pd, protocol=protocol, tissue="blood", frame_status=status
    )
    assert "gd-above-table" in [flag.code for flag in flags]
    assert np.nanmax(gd) <= 20.01


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_an_empty_series_gives_no_numbers_but_a_reason(value: float) -> None:
    signal = np.full((10, 16, 16), value, np.float32)
    is_pd = np.arange(10) < 2
    gd, flags = signal_to_gd(
        signal, is_pd=is_pd, protocol=PROTOCOL, frame_status=np.zeros(10, np.uint8)
    )
    assert flags
    assert np.isnan(gd).all()


def test_smoothing_the_pd_image_does_not_darken_the_edge_of_tissue() -> None:
    pd = np.zeros((2, 40, 40), np.float32)
    pd[:, 10:30, 10:30] = 100.0
    smoothed, tissue = smooth_proton_density(pd, sigma_px=3.0)
    assert np.allclose(smoothed[tissue], 100.0, rtol=1e-4)
    assert smoothed.min() >= 5.0

"""The network's window: anchored on the bolus, blind to gain, true to place."""

import numpy as np
import pytest
import torch

from analysis.segmentation.window import (
    BINS,
    GRID_SPACING_MM,
    bolus_foot_s,
    from_grid,
    normalise,
    resample_bins,
    to_grid,
)


def bolus_series(
    foot_s: float, *, frames: int = 60, beat_s: float = 0.8, gain: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Bright static fat beside a pool that the bolus reaches at foot_s and peaks in 4 s later."""
    time_s = np.arange(frames) * beat_s
    since = np.clip(time_s - foot_s, 0, None) / 4
    curve = since * np.exp(1 - since)
    series = np.full((frames, 64, 64), 10.0, dtype=np.float32)
    series[:, :8] = 400
    series[:, 25:40, 25:40] += 100 * curve[:, None, None].astype(np.float32)
    noise = np.random.default_rng(3).normal(0, 2, series.shape)
    return gain * (series + noise).astype(np.float32), time_s


@pytest.mark.parametrize("foot_s", [4.0, 9.0, 25.0])
def test_the_bolus_is_found_to_within_two_beats_beside_bright_fat(foot_s: float) -> None:
    series, time_s = bolus_series(foot_s)
    assert abs(bolus_foot_s(series, time_s) - foot_s) <= 1.6


def test_a_series_without_contrast_starts_at_its_first_frame() -> None:
    series = np.full((20, 8, 8), 5, dtype=np.float32)
    assert bolus_foot_s(series, np.arange(20.0) + 3) == 3


def test_bins_average_a_straight_line_exactly_and_hold_the_ends() -> None:
    time_s = np.array([0.0, 0.7, 1.9, 2.4, 4.0])
    series = (10 * time_s)[:, None, None].astype(np.float32)
    bins = resample_bins(series, time_s, start_s=-1.0, bins=7)[:, 0, 0]
    assert bins == pytest.approx([0, 2.5, 12.5, 22.5, 32.5, 40, 40], abs=1e-4)


def test_a_missed_trigger_leaves_no_gap() -> None:
    time_s = np.delete(np.arange(20.0), 7)
    bins = resample_bins(time_s[:, None, None].astype(np.float32), time_s, start_s=0, bins=15)
    assert np.diff(bins[:, 0, 0]) == pytest.approx(np.ones(14), abs=1e-4)


def test_a_map_goes_to_the_grid_and_back_to_the_same_pixels() -> None:
    rows, columns = np.mgrid[:90, :110].astype(np.float32)
    blob = np.exp(-((rows - 40) ** 2 + (columns - 60) ** 2) / 200)[None]
    place = {"centre_rc": (42.3, 57.1), "pixel_spacing_mm": (2.1, 1.7)}
    back = from_grid(to_grid(blob, **place), shape=(90, 110), **place)
    assert np.abs(back - blob)[0, 20:60, 30:90].max() < 0.02


def test_a_point_lands_where_the_affine_says() -> None:
    image = np.zeros((1, 60, 60), dtype=np.float32)
    image[0, 30, 40] = 1
    grid = to_grid(image, centre_rc=(30.0, 30.0), pixel_spacing_mm=(1.6, 1.6), size=(41, 41))
    assert np.argwhere(grid[0] > 0.5).tolist() == [[20, 30]]
    assert GRID_SPACING_MM == 1.6


def test_outside_the_image_the_window_is_empty() -> None:
    grid = to_grid(
        np.ones((1, 20, 20), np.float32), centre_rc=(0.0, 0.0), pixel_spacing_mm=(1.6, 1.6)
    )
    assert grid[0, :47].max() == 0 and grid[0, 50, 50] == 1


@pytest.mark.parametrize("gain", [1e-3, 1.0, 4096.0])
def test_the_normalised_window_does_not_know_the_gain(gain: float) -> None:
    window = torch.rand(2, BINS, 24, 24, generator=torch.Generator().manual_seed(1)) + 0.1
    assert torch.allclose(normalise(gain * window), normalise(window), atol=1e-4)


def test_an_empty_window_stays_finite() -> None:
    assert torch.isfinite(normalise(torch.zeros(1, BINS, 16, 16))).all()

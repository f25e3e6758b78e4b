"""The input images follow the breath that a slice has seen."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from analysis.domain import PerfusionSlice
from analysis.motion import follow_breath
from tests.aif.test_input_function import LV, images

MM_PER_PIXEL = 2.0


def leader_of(series, *, time_s=None) -> PerfusionSlice:
    """A slice on the same plane with finer pixels, taken 0.2 s after the input images."""
    count = series.time_s.size
    return PerfusionSlice(
        position="basal",
        series_instance_uid="1.3",
        signal=np.zeros((count, 60, 60), np.float32),
        time_s=series.time_s + 0.2 if time_s is None else time_s,
        is_pd=series.is_pd,
        frame_status=series.frame_status,
        geometry=replace(series.geometry, pixel_spacing_mm=(MM_PER_PIXEL, MM_PER_PIXEL)),
        instance_uids=(),
    )


def breathing(series, amplitude_mm=12.0):
    """The images with a heart that the breath moves down the rows, and the slice's correction."""
    down_mm = amplitude_mm * np.sin(2 * np.pi * series.time_s / 4.3)
    spacing = series.geometry.pixel_spacing_mm[0]
    moved = series.signal.copy()
    for echo in moved:
        for frame, down in zip(echo, down_mm / spacing, strict=True):
            frame[:] = ndimage.shift(frame, (down, 0), order=1, mode="nearest")
    displacement = np.zeros((series.time_s.size, 2, 1, 1), np.float32)
    displacement[:, 0, 0, 0] = down_mm / MM_PER_PIXEL
    return replace(series, signal=moved), displacement


HEART = np.zeros((60, 60), bool)
HEART[20:40, 20:40] = True


def cavity_of(series):
    return series.signal[0][:, LV].mean(axis=1)


def test_input_images_come_back_to_one_place() -> None:
    still = images(noise=0.0)
    moving, displacement = breathing(still)
    found = follow_breath(moving, leader_of(still), displacement, HEART, level=False)
    bolus = cavity_of(still) > 0.5 * cavity_of(still)[~still.is_pd].max()
    bolus &= ~still.is_pd
    lost = np.abs(cavity_of(moving) / cavity_of(still) - 1)[bolus].max()
    left = np.abs(cavity_of(found) / cavity_of(still) - 1)[bolus].max()
    assert lost > 0.2
    assert left < 0.25 * lost
    assert found.signal.shape == still.signal.shape


def test_a_turned_grid_is_followed_along_its_own_axes() -> None:
    still = images(noise=0.0)
    moving, displacement = breathing(still)
    turned = replace(
        moving,
        signal=moving.signal.transpose(0, 1, 3, 2),
        geometry=replace(
            moving.geometry,
            row_direction=moving.geometry.column_direction,
            column_direction=moving.geometry.row_direction,
        ),
    )
    found = follow_breath(turned, leader_of(still), displacement, HEART, level=False)
    expected = follow_breath(moving, leader_of(still), displacement, HEART, level=False)
    np.testing.assert_allclose(found.signal.transpose(0, 1, 3, 2), expected.signal, atol=1e-2)


def test_still_images_and_beats_without_a_slice_stay_as_they_are() -> None:
    still = images()
    moving, displacement = breathing(still, amplitude_mm=1.0)
    assert follow_breath(moving, leader_of(still), displacement, HEART, level=False) is moving
    _, large = breathing(still)
    late = leader_of(still, time_s=still.time_s + 500.0)
    assert follow_breath(still, late, large, HEART, level=False) is still
    untimed = leader_of(still, time_s=np.full(still.time_s.size, np.nan))
    assert follow_breath(still, untimed, large, HEART, level=False) is still


def test_a_breath_no_longer_spoils_the_input_function() -> None:
    from analysis.aif import measure_aif

    still = images()
    moving, displacement = breathing(still, amplitude_mm=25.0)
    followed = follow_breath(moving, leader_of(still), displacement, HEART, level=False)
    true, spoiled, mended = (
        measure_aif(series, lv_mask=LV).gd_mmol_per_l for series in (still, moving, followed)
    )
    assert np.abs(mended - true).max() < 0.4 * np.abs(spoiled - true).max()
    assert mended.max() == pytest.approx(true.max(), rel=0.05)

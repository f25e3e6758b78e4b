from __future__ import annotations

import numpy as np
import pytest

from analysis.errors import BadInput
from analysis.motion import correct_aif_motion, warp_frames
from analysis.quality import FrameStatus
from tests.motion.scene import breathing, draw

COUNT = 50


def echoes() -> tuple[np.ndarray, np.ndarray]:
    """Two echoes of a coarse series (2, T, 32, 32) with 6 mm pixels, and the shifts in pixels."""
    scene = draw(breathing(COUNT), noise=2.0)
    coarse = scene.signal.reshape(COUNT, 32, 3, 32, 3).mean(axis=(2, 4))
    return np.stack([coarse, 0.8 * coarse]).astype(np.float32), scene.shift / 3


def test_both_echoes_are_moved_by_the_same_displacement() -> None:
    signal, shift = echoes()
    status = np.zeros(COUNT, dtype=np.uint8)
    result = correct_aif_motion(signal, frame_status=status, pixel_spacing_mm=(6.0, 6.0))
    assert result.corrected.shape == signal.shape
    assert np.array_equal(result.corrected[1], warp_frames(signal[1], result.displacement_px))
    np.testing.assert_allclose(result.corrected[1], 0.8 * result.corrected[0], rtol=1e-4)
    found = result.displacement_px[:, 0, 16, 17]
    error = found - np.median(found) - (shift[:, 0] - np.median(shift[:, 0]))
    assert np.median(np.abs(error)) < 0.3
    assert np.ptp(result.displacement_px, axis=(2, 3)).max() == 0


def test_a_beat_with_one_unreadable_echo_is_left_where_it_is() -> None:
    signal, _ = echoes()
    signal[1, 7, 3, 3] = np.nan
    status = np.zeros(COUNT, dtype=np.uint8)
    result = correct_aif_motion(signal, frame_status=status, pixel_spacing_mm=(6.0, 6.0))
    assert result.frame_status[7] == FrameStatus.NOT_FINITE
    assert not result.displacement_px[7].any()
    assert np.array_equal(result.corrected[0, 7], signal[0, 7])


def test_images_without_an_echo_axis_are_refused() -> None:
    with pytest.raises(BadInput, match="echoes"):
        correct_aif_motion(
            np.zeros((9, 32, 32), dtype=np.float32),
            frame_status=np.zeros(9, dtype=np.uint8),
            pixel_spacing_mm=(6.0, 6.0),
        )

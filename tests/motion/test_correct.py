from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from analysis.domain import Bytes, Floats, MotionResult
from analysis.errors import BadInput
from analysis.motion import correct_motion
from analysis.quality import FrameStatus
from tests.motion.scene import SIZE, SPACING_MM, Scene, breathing, draw

COUNT = 60


def correct(signal: Floats, **options: object) -> MotionResult:
    status: Bytes = np.zeros(len(signal), dtype=np.uint8)
    given = {"frame_status": status, "pixel_spacing_mm": SPACING_MM, **options}
    return correct_motion(signal, **given)


def errors(scene: Scene, result: MotionResult | None) -> Floats:
    """Distance (T, n) from the true displacement in the heart; the reference frame is free."""
    found = 0 if result is None else result.displacement_px
    difference = (found - scene.true_displacement())[:, :, scene.heart]
    difference = difference - np.median(difference, axis=0)
    return np.asarray(np.hypot(difference[:, 0], difference[:, 1]))


def test_breathing_is_followed_to_half_a_pixel() -> None:
    scene = draw(breathing(COUNT))
    after = errors(scene, correct(scene.signal))
    assert np.median(errors(scene, None)) > 2
    assert np.median(after) < 0.3
    assert np.percentile(after, 95) < 0.6


def test_a_heart_that_also_turns_is_followed() -> None:
    turn = np.deg2rad(4) * np.sin(np.arange(COUNT) / 1.3)
    scene = draw(breathing(COUNT), turn=turn)
    result = correct(scene.signal)
    assert np.median(errors(scene, result)) < 0.5
    assert result.smallest_jacobian.min() > 0.2


def test_a_deep_breath_of_20_mm_is_caught() -> None:
    shift = np.zeros((COUNT, 2))
    shift[22:26] = (-10.0, 1.0)
    scene = draw(shift)
    result = correct(scene.signal)
    assert errors(scene, result)[22:26].max() < 0.8
    assert not result.frame_status.any()


def test_a_held_breath_is_left_as_it_is() -> None:
    scene = draw(np.zeros((COUNT, 2)), noise=8.0)
    result = correct(scene.signal)
    untouched = (result.displacement_px == 0).all(axis=(1, 2, 3))
    assert untouched.mean() > 0.9
    assert np.abs(result.displacement_px).max() < 0.5
    assert np.array_equal(result.corrected[untouched], scene.signal[untouched])


def test_in_a_hold_that_ends_only_the_breathing_frames_move() -> None:
    shift = np.zeros((COUNT, 2))
    shift[40:] = breathing(COUNT)[40:]
    scene = draw(shift)
    result = correct(scene.signal)
    assert (result.displacement_px[:40] == 0).all(axis=(1, 2, 3)).mean() > 0.85
    assert np.median(errors(scene, result)[40:]) < 0.5


def test_identical_frames_are_not_moved() -> None:
    frame = draw(np.zeros((COUNT, 2))).signal[20]
    result = correct(np.repeat(frame[None], 20, axis=0))
    assert not result.displacement_px.any()
    assert np.array_equal(result.corrected, np.repeat(frame[None], 20, axis=0))
    assert not result.frame_status.any()
    assert [flag.code for flag in result.flags] == ["motion-heart-not-found"]


def test_corrected_frames_follow_from_the_displacement_by_one_bilinear_interpolation() -> None:
    scene = draw(breathing(COUNT))
    result = correct(scene.signal)
    rows, columns = np.indices((SIZE, SIZE))
    for t in (0, 7, 23):
        d = result.displacement_px[t]
        expected = ndimage.map_coordinates(
            scene.signal[t], (rows + d[0], columns + d[1]), order=1, mode="nearest"
        )
        np.testing.assert_allclose(result.corrected[t], expected, atol=0.05)


def test_the_same_series_gives_the_same_result() -> None:
    scene = draw(breathing(COUNT))
    first, second = correct(scene.signal), correct(scene.signal.copy())
    assert np.array_equal(first.displacement_px, second.displacement_px)
    assert np.array_equal(first.residual, second.residual, equal_nan=True)


def test_unreadable_frames_have_their_reason_and_spoil_nothing() -> None:
    scene = draw(breathing(COUNT))
    signal = scene.signal.copy()
    signal[3, 10, 10] = np.nan
    signal[9] = 77.0
    signal[12] = np.inf
    result = correct(signal)
    assert result.frame_status[[3, 9, 12]].tolist() == [
        FrameStatus.NOT_FINITE,
        FrameStatus.CONSTANT,
        FrameStatus.NOT_FINITE,
    ]
    assert np.isnan(result.residual[[3, 9, 12]]).all()
    others = np.delete(np.arange(COUNT), [3, 9, 12])
    assert np.isfinite(result.corrected[others]).all()
    assert np.median(errors(scene, result)[others]) < 0.3


def test_a_frame_that_shows_something_else_is_left_out_with_its_reason() -> None:
    scene = draw(breathing(COUNT))
    signal = scene.signal.copy()
    signal[20] = np.roll(signal[20], (35, -30), axis=(0, 1))
    result = correct(signal)
    assert np.flatnonzero(result.frame_status).tolist() == [20]
    assert result.frame_status[20] == FrameStatus.MOTION_NOT_CORRECTED
    assert result.residual.argmax() == 20
    assert "frame 21" in next(f.message for f in result.flags if "left-out" in f.code)


def test_known_reasons_are_kept() -> None:
    scene = draw(breathing(COUNT))
    status = np.zeros(COUNT, dtype=np.uint8)
    status[5] = FrameStatus.LEFT_OUT_BY_READER
    result = correct(scene.signal, frame_status=status)
    assert result.frame_status[5] == FrameStatus.LEFT_OUT_BY_READER
    assert status[5] == FrameStatus.LEFT_OUT_BY_READER and not status[:5].any()


def test_proton_density_frames_are_aligned_by_their_edges() -> None:
    shift = breathing(COUNT)
    shift[:3] = ((5.0, 1.0), (4.0, 1.5), (6.0, 0.5))
    scene = draw(shift, proton_density=3)
    is_pd = np.arange(COUNT) < 3
    result = correct(scene.signal, is_pd=is_pd)
    assert errors(scene, result)[:3].max() < 1.0
    assert np.median(errors(scene, result)[3:]) < 0.3
    assert np.isnan(result.residual[:3]).all()


def test_proton_density_frames_are_not_sent_where_no_breath_reaches() -> None:
    shift = breathing(COUNT)
    shift[:3] = (14.0, -9.0)
    scene = draw(shift, proton_density=3)
    result = correct(scene.signal, is_pd=np.arange(COUNT) < 3)
    reach = np.abs(result.displacement_px[3:]).max(axis=(0, 2, 3)) + 8.0 / SPACING_MM[0]
    assert (np.abs(result.displacement_px[:3]).max(axis=(2, 3)) <= reach + 0.5).all()
    assert np.median(errors(scene, result)[3:]) < 0.3


def test_twelve_frames_are_enough() -> None:
    scene = draw(breathing(12))
    assert np.median(errors(scene, correct(scene.signal))) < 0.6


def test_too_few_frames_are_returned_as_they_are() -> None:
    signal = draw(breathing(4)).signal
    result = correct(signal)
    assert np.array_equal(result.corrected, signal)
    assert [flag.code for flag in result.flags] == ["motion-too-few-frames"]


def test_a_second_pass_around_a_mask_keeps_the_frame_of_reference() -> None:
    scene = draw(breathing(COUNT))
    first = correct(scene.signal)
    second = correct(scene.signal, mask=scene.heart, start_px=first.displacement_px)
    change = np.median((second.displacement_px - first.displacement_px)[:, :, scene.heart], axis=0)
    assert np.abs(change).max() < 0.3
    assert np.median(errors(scene, second)) < 0.3


def test_pixels_that_are_not_square_are_handled() -> None:
    scene = draw(breathing(COUNT))
    every_second = scene.signal[:, :, ::2]
    result = correct(every_second, pixel_spacing_mm=(2.0, 4.0))
    found = result.displacement_px[:, 0, 50, 26]
    np.testing.assert_allclose(
        found - np.median(found), scene.shift[:, 0] - np.median(scene.shift[:, 0]), atol=0.8
    )


@pytest.mark.parametrize("factor", [1, 3])
def test_the_pixel_size_does_not_decide(factor: int) -> None:
    scene = draw(breathing(COUNT))
    fine = ndimage.zoom(scene.signal, (1, factor, factor), order=1, grid_mode=True, mode="nearest")
    result = correct(fine, pixel_spacing_mm=(2.0 / factor, 2.0 / factor))
    found = result.displacement_px[:, 0, 50 * factor, 52 * factor] / factor
    expected = scene.shift[:, 0] - np.median(scene.shift[:, 0])
    assert np.abs(found - np.median(found) - expected).mean() < 0.3


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    signal = draw(breathing(8)).signal
    with pytest.raises(BadInput, match="one entry per frame"):
        correct(signal, frame_status=np.zeros(7, dtype=np.uint8))
    with pytest.raises(BadInput, match="one entry per frame"):
        correct(signal, is_pd=np.zeros(9, dtype=bool))
    with pytest.raises(BadInput, match="8x8"):
        correct(signal[:, :4])

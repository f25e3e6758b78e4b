from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.constants import LV_CAVITY, MYOCARDIUM
from analysis.evaluation.motion import judge, summary
from analysis.evaluation.motion_cases import MotionCase, cropped, real_series, with_breathing
from analysis.evaluation.motion_metrics import between_frames, displacement_error, warp_labels
from analysis.evaluation.motion_pictures import draw_case, m_mode, write_movie
from tests.motion.scene import CENTRE, SIZE, breathing, draw

ARRAYS = Path(__file__).parents[2] / ".." / "shared" / "data" / "single_sequence" / "arrays"


def labelled_scene(shift: np.ndarray) -> MotionCase:
    """The drawn series with labels that move with it in twelve frames."""
    scene = draw(shift)
    rows, columns = np.indices((SIZE, SIZE)).astype(float)
    labels = np.zeros((len(shift), SIZE, SIZE), dtype=np.uint8)
    for t in range(14, 26):
        away = np.hypot(rows - CENTRE[0] - shift[t, 0], columns - CENTRE[1] - shift[t, 1])
        labels[t] = np.where(away < 9.5, LV_CAVITY, np.where(away < 15.5, MYOCARDIUM, 0))
    return MotionCase(
        name="drawn",
        kind="moving",
        signal=scene.signal,
        labels=labels,
        pixel_spacing_mm=(2.0, 2.0),
    )


def test_labels_that_do_not_move_overlap_completely() -> None:
    assert between_frames(labelled_scene(np.zeros((60, 2))).labels) == (1.0, 1.0)


def test_the_true_displacement_restores_the_overlap() -> None:
    case = labelled_scene(np.round(breathing(60)))
    truth = np.zeros((60, 2, SIZE, SIZE), dtype=np.float32)
    truth += np.round(breathing(60)).astype(np.float32)[:, :, None, None]
    before, _ = between_frames(case.labels)
    assert before < 0.8
    assert between_frames(case.labels, truth) == (1.0, 1.0)


def test_a_label_takes_the_class_with_most_weight() -> None:
    labels = np.zeros((9, 9), dtype=np.uint8)
    labels[:, 5:] = MYOCARDIUM
    moved = warp_labels(labels, np.full((2, 9, 9), 0.4, dtype=np.float32))
    assert np.array_equal(moved, labels)
    moved = warp_labels(labels, np.full((2, 9, 9), 0.6, dtype=np.float32))
    assert moved[4].tolist() == [0, 0, 0, 0] + [MYOCARDIUM] * 5


def test_the_frame_of_reference_is_no_error() -> None:
    rng = np.random.default_rng(0)
    true = rng.normal(size=(8, 2, 6, 6)).astype(np.float32)
    heart, frames = np.ones((6, 6), dtype=bool), np.ones(8, dtype=bool)
    assert displacement_error(true + 3, true, heart, frames).max() < 1e-5


def test_added_breathing_moves_image_and_labels_together() -> None:
    case = labelled_scene(np.zeros((60, 2)))
    moved = with_breathing(case, 1)
    assert moved.kind == "added" and not np.array_equal(moved.signal, case.signal)
    assert between_frames(moved.labels)[0] < 0.7
    inside = [moved.signal[t][moved.labels[t] == LV_CAVITY].mean() for t in range(16, 26)]
    still = [case.signal[t][case.labels[t] == LV_CAVITY].mean() for t in range(16, 26)]
    np.testing.assert_allclose(inside, still, rtol=0.05)
    assert np.array_equal(with_breathing(case, 1).signal, moved.signal)


def test_a_breathing_series_is_judged_better_after_correction(tmp_path: Path) -> None:
    case = labelled_scene(breathing(60))
    judged, result = judge(case)
    assert judged.before < 0.8 < 0.9 < judged.after
    assert summary([judged])["moving"]["series"] == 1
    draw_case(
        tmp_path / "case.png", "drawn", case.signal, result.corrected, case.labels,
        result.displacement_px,
    )  # fmt: skip
    write_movie(tmp_path / "case.gif", case.signal[:4], result.corrected[:4])
    assert (tmp_path / "case.png").stat().st_size > 10_000
    assert (tmp_path / "case.gif").read_bytes()[:3] == b"GIF"


def test_an_m_mode_shows_one_column_over_time() -> None:
    series = np.arange(5 * 20 * 20, dtype=np.float32).reshape(5, 20, 20)
    strip = m_mode(series, (10, 7), half=4)
    assert strip.shape == (8, 5)
    assert strip[0, 3] == series[3, 6, 7]


@pytest.mark.realdata
@pytest.mark.skipif(not ARRAYS.is_dir(), reason="needs the real series")
def test_real_patients_who_breathe_are_corrected_and_still_ones_left_alone() -> None:
    chosen = {"P04_stress_base", "P05_stress_base", "P02_stress_mid", "P06_rest_mid"}
    judged = {c.name: judge(c)[0] for c in real_series(ARRAYS) if c.name in chosen}
    assert judged["P04_stress_base"].before < 0.8 < 0.87 < judged["P04_stress_base"].after
    assert judged["P05_stress_base"].before < 0.82 < 0.9 < judged["P05_stress_base"].after
    for name in ("P02_stress_mid", "P06_rest_mid"):
        assert judged[name].after > judged[name].before - 0.01
    assert min(one.smallest_jacobian for one in judged.values()) > 0.2


@pytest.mark.realdata
@pytest.mark.skipif(not ARRAYS.is_dir(), reason="needs the real series")
def test_added_breathing_is_taken_out_of_real_series_even_when_cropped() -> None:
    case = next(c for c in real_series(ARRAYS) if c.name == "P01_stress_base")
    breathing_case = with_breathing(case, 1)
    judged, _ = judge(breathing_case)
    assert judged.before < 0.6 and judged.after > 0.85
    off_middle, _ = judge(cropped(breathing_case, 24))
    assert off_middle.after > 0.85

"""The published measures of agreement, and the evaluation that reports them."""

import json
from pathlib import Path

import numpy as np
import pytest

from analysis.evaluation.segmentation import FAILED_BELOW, evaluate_data, judge
from analysis.evaluation.segmentation_cases import (
    _carried,
    majority,
    real_cases,
)
from analysis.evaluation.segmentation_metrics import agreement, contour_distances, dice

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def rings(inner: float, outer: float, shift: float = 0.0, size: int = 80) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size]
    radius = np.hypot(rows - size / 2, columns - size / 2 - shift)
    return np.where(radius < inner, 1, np.where(radius < outer, 2, 0)).astype(np.uint8)


def test_a_perfect_answer_agrees_perfectly() -> None:
    truth = rings(12, 20)
    found = agreement(truth, truth, (1.5, 1.5))
    assert found.dice_myocardium == found.precision == found.recall == 1
    assert found.false_positive == found.false_negative == found.boundary_error_mm == 0


def test_an_epicardium_one_millimetre_outside_is_measured_as_such() -> None:
    found = agreement(rings(12, 21), rings(12, 20), (1.0, 1.0))
    assert found.boundary_error_mm == pytest.approx(0.5, abs=0.1)
    assert found.hausdorff_mm == pytest.approx(1.0, abs=0.5)
    assert found.false_negative == 0 and found.false_positive == pytest.approx(0.16, abs=0.02)
    assert found.recall == 1 and found.precision == pytest.approx(1 / 1.16, abs=0.02)


def test_a_shifted_contour_is_as_far_as_its_shift() -> None:
    mean, largest = contour_distances(rings(0, 20, 3) > 0, rings(0, 20) > 0, (2.0, 2.0))
    assert largest == pytest.approx(6, abs=0.5) and 3 < mean < 4.5


def test_dice_of_an_absent_structure_is_not_a_number() -> None:
    nothing = np.zeros((4, 4), dtype=bool)
    assert np.isnan(dice(nothing, nothing))


def test_a_missed_heart_counts_fully_against_the_answer() -> None:
    found = agreement(np.zeros((80, 80), np.uint8), rings(12, 20), (1.0, 1.0))
    assert found.dice_myocardium == 0 and found.false_negative == 1
    assert np.isnan(found.boundary_error_mm)


def test_a_pixel_takes_the_label_of_most_labelled_frames() -> None:
    drawn = np.zeros((6, 2, 2), dtype=np.uint8)
    drawn[1:4, 0, 0] = [2, 2, 1]
    drawn[1:4, 1, 1] = [1, 0, 0]
    drawn[1:4, 0, 1] = 3
    assert majority(drawn).tolist() == [[2, 3], [0, 0]]


def test_the_truth_follows_the_motion_that_was_found_and_that_was_there() -> None:
    labels = rings(12, 20)
    true_shift = np.zeros((2, 80, 80), dtype=np.float16)
    true_shift[0] = 5
    found = np.zeros((2, 80, 80), dtype=np.float32)
    found[0] = 2
    assert np.array_equal(_carried(labels, true_shift, found)[3:], labels[:-3])


def test_the_evaluation_writes_its_numbers_and_draws_every_case(tmp_path: Path) -> None:
    report = evaluate_data(None, tmp_path, simulated=1, tiers=("easy",))
    assert set(report) == {"frozen easy"}
    written = json.loads((tmp_path / "segmentation.json").read_text(encoding="utf-8"))
    assert written["frozen easy"]["summary"]["series"] == 1
    assert (tmp_path / "frozen_easy.png").stat().st_size > 10_000


@pytest.mark.realdata
@pytest.mark.skipif(not SHARED.is_dir(), reason="real series are not beside this checkout")
def test_the_hardest_real_slices_are_found_and_drawn_without_help() -> None:
    folder = SHARED / "single_sequence" / "arrays"
    cases = real_cases(folder, pattern="P0[1-8]_stress_mid.npz")
    walls = [judge(case).agreement.dice_myocardium for case in cases]
    assert len(walls) == 8 and np.mean(walls) > 0.8
    assert min(walls) > FAILED_BELOW

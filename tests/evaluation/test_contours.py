"""Flow and insertions by automatic against true contours: carrying, statistics, report."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.domain import SliceContours
from analysis.evaluation.fine_grid import compare_contours_finely
from analysis.evaluation.many_segments import AROUND, LAYERS
from analysis.evaluation.paired import compare_pairs
from analysis.evaluation.segmentation_exam import Compared, carry_contours, compare_case
from analysis.evaluation.segmentation_exam_report import (
    draw_bland_altman,
    draw_exams,
    summarise,
)
from analysis.phantom.frozen import frozen_cases
from analysis.sectors import SliceMaps


def circle(radius, centre=(40.0, 40.0)):
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    return tuple(
        (centre[0] + radius * np.sin(a), centre[1] + radius * np.cos(a)) for a in map(float, angle)
    )


CONTOURS = SliceContours(
    endo_rc=circle(10),
    epi_rc=circle(16),
    rv_insertion_anterior_rc=(30.0, 28.0),
    rv_insertion_inferior_rc=(52.0, 30.0),
    lv_centre_rc=(40.0, 40.0),
)


def compared(seed_index, factor):
    case = frozen_cases("standard")[seed_index]
    return Compared(
        case=case,
        segments={n: (1.0 + 0.1 * n, factor * (1.0 + 0.1 * n)) for n in range(7, 13)},
        insertion_deg=(2.0, float("nan")),
        dice_myocardium=0.9,
        dice_lv=0.95,
        fine=compare_contours_finely(CONTOURS, CONTOURS, (80, 80), (1.9, 1.9)),
        resting_segments={7: (1.0, 1.5)},
        resting_fine=None,
        fermi=np.ones((3, AROUND * LAYERS)) * np.arange(1, 1 + AROUND * LAYERS),
        uncertainty=0.05 + 0.01 * seed_index,
        flagged=False,
        true_contours=CONTOURS,
        contours=CONTOURS,
        maps=SliceMaps(mbf=np.ones((80, 80)), gd=np.ones((30, 80, 80))),
    )


def test_equal_measurements_are_equivalent_and_a_tenth_more_is_not() -> None:
    rng = np.random.default_rng(1)
    true = rng.uniform(0.8, 3, 60)
    same = compare_pairs(true, true + rng.normal(0, 0.02, 60))
    more = compare_pairs(true, 1.1 * true)
    assert same.p_equivalent < 0.001 and same.p_difference > 0.01
    assert more.p_equivalent > 0.9 and more.p_difference < 0.001
    assert more.bias == pytest.approx(0.1 * true.mean())


def test_a_pair_with_a_missing_value_does_not_count() -> None:
    first = np.array([1.0, 2.0, 3.0, np.nan])
    assert compare_pairs(first, np.array([1.0, 2.0, 3.1, 9.0])).n == 3
    with pytest.raises(ValueError, match="2 pairs"):
        compare_pairs(first, np.array([np.nan, 2.0, 3.0, 4.0]))


def test_contours_follow_what_motion_correction_left() -> None:
    true = np.zeros((8, 2, 80, 80))
    true[:, 0], true[:, 1] = 5.0, -2.0
    found = np.zeros((8, 2, 80, 80))
    found[:, 0] = 3.0
    moved = carry_contours(CONTOURS, true, found)
    assert moved.lv_centre_rc == pytest.approx((42.0, 38.0))
    assert np.array(moved.epi_rc) == pytest.approx(np.array(CONTOURS.epi_rc) + (2.0, -2.0))
    without = carry_contours(replace(CONTOURS, endo_rc=None), true, found)
    assert without.endo_rc is None


def test_the_report_says_bias_range_and_groups(tmp_path) -> None:
    cases = [compared(index, 1.05) for index in range(6)]
    report = summarise(cases)
    assert report["all"]["mbf_segments"]["n"] == 36
    assert report["all"]["mbf_global"]["bias"] == pytest.approx(0.05 * 1.95, abs=1e-3)
    assert report["all"]["insertion_anterior_deg"]["mean"] == 2
    assert report["all"]["insertion_inferior_deg"] is None
    assert set(report["slice"]) == {"basal", "mid", "apical"}
    draw_bland_altman(cases, tmp_path / "pairs.png")
    draw_exams(cases[:2], tmp_path / "sheet.png")
    assert all((tmp_path / f"{n}.png").stat().st_size > 5000 for n in ("pairs", "sheet"))


def test_a_simulated_exam_is_measured_by_both_contours() -> None:
    case = next(c for c in frozen_cases("easy") if c.position == "mid" and c.sequence == "dual")
    found = compare_case(case)
    assert found.dice_myocardium > 0.8 and found.dice_lv > 0.85
    true, automatic = found.whole
    assert automatic == pytest.approx(true, rel=0.15)
    assert max(found.insertion_deg) < 25

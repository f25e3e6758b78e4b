"""Input functions of simulated exams: which series count, and what is compared."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.aif.checks import FEWEST_POOL_PIXELS
from analysis.evaluation.arterial import FEATURES, arterial_cases, evaluate_arterial


@pytest.fixture(scope="module")
def cases():
    return list(arterial_cases(3))


def test_the_pools_are_blood_alone(cases) -> None:
    """Brighter than anything else of the heart while the bolus passes."""
    case = max(cases, key=lambda one: one.lv.sum())
    frames = case.series.signal[0][~case.series.is_pd]
    rise = frames.max(axis=0) - frames[:5].mean(axis=0)
    assert not (case.lv & case.rv).any()
    assert np.median(rise[case.lv]) > 3 * np.median(rise[~case.lv & ~case.rv])


def test_automatic_regions_find_the_ventricle_and_its_curve(cases) -> None:
    report = evaluate_arterial(cases)
    assert report["found"] == 1 and report["dice_lv"] > 0.7
    assert set(report["automatic_against_drawn"]) == set(FEATURES)
    assert abs(report["automatic_against_true"]["peak_s"]["bias"]) < 1
    large = [row for row in report["rows"] if row["pixels"] >= FEWEST_POOL_PIXELS]
    compared = report["automatic_against_true_in_larger_pools"]["peak_s"]
    assert (compared is None) == (len(large) < 3)


def test_a_cavity_of_few_pixels_counts_as_nothing_to_find(cases) -> None:
    tiny = replace(cases[0], lv=np.zeros_like(cases[0].lv))
    report = evaluate_arterial([*cases, tiny])
    assert report["series"] == len(cases)
    assert report["nothing_to_find"]["series"] == 1
